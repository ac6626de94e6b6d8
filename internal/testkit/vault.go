package testkit

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
)

// Vault stands for Vault or OpenBao, as far as a key of the transit engine is used. Its fields are changed with Set.
type Vault struct {
	Mount      string // of the engine
	Token      string // the one that is taken
	Namespace  string
	MinVersion int  // min_decryption_version
	Denied     bool // the token has no right any more
	Naive      bool // takes no associated data, as of old
	Sealed     bool

	mu   sync.Mutex
	keys map[string][]cipher.AEAD // by name, the versions from 1
}

func newAEAD() cipher.AEAD {
	key := make([]byte, 32)
	_, _ = rand.Read(key)
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	return aead
}

// NewVault makes a Vault with the transit engine at transit/, keys of these names, and the token hvs.canary.
func NewVault(names ...string) *Vault {
	v := &Vault{Mount: "transit", Token: "hvs.canary", keys: map[string][]cipher.AEAD{}}
	for _, name := range names {
		v.keys[name] = []cipher.AEAD{newAEAD()}
	}
	return v
}

// Rotate makes a new version of a key.
func (v *Vault) Rotate(name string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.keys[name] = append(v.keys[name], newAEAD())
}

// Remake replaces a key by another one of its name.
func (v *Vault) Remake(name string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.keys[name] = []cipher.AEAD{newAEAD()}
}

// Remove removes a key.
func (v *Vault) Remove(name string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.keys, name)
}

// Set changes fields while it serves.
func (v *Vault) Set(change func(*Vault)) {
	v.mu.Lock()
	defer v.mu.Unlock()
	change(v)
}

func (v *Vault) answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

func (v *Vault) refuse(w http.ResponseWriter, status int, text string) {
	v.answer(w, status, map[string]any{"errors": []string{text}})
}

// ServeHTTP answers as Vault does.
func (v *Vault) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	v.mu.Lock()
	defer v.mu.Unlock()
	var in struct {
		Plaintext      *string `json:"plaintext"`
		Ciphertext     string  `json:"ciphertext"`
		AssociatedData string  `json:"associated_data"`
	}
	rest, ok := strings.CutPrefix(r.URL.Path, "/v1/"+v.Mount+"/")
	what, name, _ := strings.Cut(rest, "/")
	switch {
	case v.Sealed:
		v.refuse(w, http.StatusServiceUnavailable, "Vault is sealed")
		return
	case r.Header.Get("X-Vault-Token") != v.Token || r.Header.Get("X-Vault-Namespace") != v.Namespace || v.Denied:
		v.refuse(w, http.StatusForbidden, "permission denied")
		return
	case !ok:
		v.refuse(w, http.StatusNotFound, "no handler for route")
		return
	case r.Method != http.MethodPost && r.Method != http.MethodPut, json.NewDecoder(r.Body).Decode(&in) != nil:
		v.refuse(w, http.StatusBadRequest, "failed to parse JSON input")
		return
	case v.keys[name] == nil:
		v.refuse(w, http.StatusBadRequest, "encryption key not found")
		return
	}
	additional, err := base64.StdEncoding.DecodeString(in.AssociatedData)
	if err != nil {
		v.refuse(w, http.StatusBadRequest, "failed to base64-decode associated_data")
		return
	}
	if v.Naive {
		additional = nil
	}
	switch what {
	case "encrypt":
		v.encrypt(w, name, in.Plaintext, additional)
	case "decrypt":
		v.decrypt(w, name, in.Ciphertext, additional)
	default:
		v.refuse(w, http.StatusNotFound, "unsupported path")
	}
}

func (v *Vault) encrypt(w http.ResponseWriter, name string, plaintext *string, additional []byte) {
	if plaintext == nil {
		v.refuse(w, http.StatusBadRequest, "missing plaintext to encrypt")
		return
	}
	plain, err := base64.StdEncoding.DecodeString(*plaintext)
	if err != nil {
		v.refuse(w, http.StatusBadRequest, "failed to base64-decode plaintext")
		return
	}
	latest := len(v.keys[name])
	nonce := make([]byte, 12)
	_, _ = rand.Read(nonce)
	sealed := v.keys[name][latest-1].Seal(nonce, nonce, plain, additional)
	v.answer(w, http.StatusOK, map[string]any{"request_id": "1", "lease_id": "", "data": map[string]any{
		"ciphertext": fmt.Sprintf("vault:v%d:%s", latest, base64.StdEncoding.EncodeToString(sealed)), "key_version": latest,
	}})
}

func (v *Vault) decrypt(w http.ResponseWriter, name, text string, additional []byte) {
	var version int
	var encoded string
	if _, err := fmt.Sscanf(text, "vault:v%d:%s", &version, &encoded); err != nil || version < 1 {
		v.refuse(w, http.StatusBadRequest, "invalid ciphertext: no prefix")
		return
	}
	sealed, err := base64.StdEncoding.DecodeString(encoded)
	switch {
	case err != nil || len(sealed) < 12:
		v.refuse(w, http.StatusBadRequest, "invalid ciphertext: could not decode base64")
		return
	case version > len(v.keys[name]):
		v.refuse(w, http.StatusBadRequest, "invalid ciphertext: version is too new")
		return
	case version < v.MinVersion:
		v.refuse(w, http.StatusBadRequest, "ciphertext or signature version is disallowed by policy (too old)")
		return
	}
	plain, err := v.keys[name][version-1].Open(nil, sealed[:12], sealed[12:], additional)
	if err != nil {
		v.refuse(w, http.StatusBadRequest, "cipher: message authentication failed")
		return
	}
	v.answer(w, http.StatusOK, map[string]any{"data": map[string]any{"plaintext": base64.StdEncoding.EncodeToString(plain)}})
}
