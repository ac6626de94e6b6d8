package kek_test

import (
	"bytes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"hash/crc32"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/lockage/lockage/internal/kek"
	"github.com/lockage/lockage/internal/secret"
)

const (
	gcpRing = "projects/acme/locations/europe-west3/keyRings/ring/cryptoKeys/"
	gcpMine = "gcp-kms:" + gcpRing + "lockage"
)

// gcpKMS is Google Cloud KMS and the endpoint of its tokens.
type gcpKMS struct {
	t        *testing.T
	mu       sync.Mutex
	keys     map[string][]cipher.AEAD // by name, the versions from 1
	disabled int                      // this version and those before
	damage   string                   // a member of the answer that is made wrong
	status   int                      // what calls of keys answer; 0: they are done
	reason   string                   // with it
	revoked  bool                     // the service account is gone
	tokens   int                      // how many were given
}

func newGCP(t *testing.T) (*standin, *gcpKMS) {
	t.Helper()
	g := &gcpKMS{t: t, keys: map[string][]cipher.AEAD{gcpRing + "lockage": {newAEAD()}, gcpRing + "other": {newAEAD()}}}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	account, err := json.Marshal(map[string]string{
		"type": "service_account", "project_id": "acme", "client_email": "lockage@acme.iam.gserviceaccount.com", "private_key_id": "1",
		"private_key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), "token_uri": "https://oauth2.googleapis.com/token",
	})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "account.json")
	if err := os.WriteFile(path, account, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", path)
	return newStandin(t, g, "cloudkms.googleapis.com", "oauth2.googleapis.com"), g
}

func gcpProvider(t *testing.T) provider {
	s, g := newGCP(t)
	return provider{
		urls: [2]string{gcpMine, "gcp-kms:" + gcpRing + "other"}, options: s.options(), prefix: "gcp-kms:projects/", standin: s,
		deny: func() { g.answers(http.StatusForbidden, "PERMISSION_DENIED") }, secrets: []string{"ya29.token"},
	}
}

func (g *gcpKMS) answers(status int, reason string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.status, g.reason = status, reason
}

func (g *gcpKMS) set(change func(*gcpKMS)) {
	g.mu.Lock()
	defer g.mu.Unlock()
	change(g)
}

func crc(b []byte) string {
	return strconv.FormatUint(uint64(crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli))), 10)
}

func (g *gcpKMS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	defer g.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	refuse := func(status int, reason string) {
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(map[string]any{"error": map[string]any{"code": status, "status": reason, "message": "canary"}})
	}
	if r.Host == "oauth2.googleapis.com" {
		if g.revoked || r.FormValue("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer" || strings.Count(r.FormValue("assertion"), ".") != 2 {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"error":"invalid_grant","error_description":"canary"}`)
			return
		}
		g.tokens++
		fmt.Fprint(w, `{"access_token":"ya29.token","token_type":"Bearer","expires_in":3600}`)
		return
	}
	var in struct {
		Plaintext, Ciphertext, AdditionalAuthenticatedData                   []byte
		PlaintextCrc32c, CiphertextCrc32c, AdditionalAuthenticatedDataCrc32c string
	}
	name, what, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/v1/"), ":")
	versions := g.keys[name]
	switch {
	case r.Host != "cloudkms.googleapis.com" || r.Method != http.MethodPost || json.NewDecoder(r.Body).Decode(&in) != nil:
		refuse(http.StatusBadRequest, "INVALID_ARGUMENT")
		return
	case r.Header.Get("Authorization") != "Bearer ya29.token":
		refuse(http.StatusUnauthorized, "UNAUTHENTICATED")
		return
	case g.status != 0:
		refuse(g.status, g.reason)
		return
	case len(versions) == 0:
		refuse(http.StatusNotFound, "NOT_FOUND")
		return
	case in.AdditionalAuthenticatedDataCrc32c != crc(in.AdditionalAuthenticatedData):
		g.t.Error("the checksum of the additional data is missing or wrong")
		refuse(http.StatusBadRequest, "INVALID_ARGUMENT")
		return
	}
	out := map[string]any{"protectionLevel": "SOFTWARE"}
	switch what {
	case "encrypt":
		if in.PlaintextCrc32c != crc(in.Plaintext) {
			g.t.Error("the checksum of the plaintext is missing or wrong")
		}
		version := len(versions)
		if version <= g.disabled {
			refuse(http.StatusBadRequest, "FAILED_PRECONDITION")
			return
		}
		nonce := make([]byte, 12)
		_, _ = rand.Read(nonce)
		sealed := append([]byte{byte(version)}, versions[version-1].Seal(nonce, nonce, in.Plaintext, in.AdditionalAuthenticatedData)...)
		out["name"] = fmt.Sprintf("%s/cryptoKeyVersions/%d", name, version)
		out["ciphertext"], out["ciphertextCrc32c"] = sealed, crc(sealed)
		out["verifiedPlaintextCrc32c"], out["verifiedAdditionalAuthenticatedDataCrc32c"] = true, true
	case "decrypt":
		if in.CiphertextCrc32c != crc(in.Ciphertext) {
			g.t.Error("the checksum of the ciphertext is missing or wrong")
		}
		version := 0
		if len(in.Ciphertext) > 13 {
			version = int(in.Ciphertext[0])
		}
		if version < 1 || version > len(versions) {
			refuse(http.StatusBadRequest, "INVALID_ARGUMENT")
			return
		}
		if version <= g.disabled {
			refuse(http.StatusBadRequest, "FAILED_PRECONDITION")
			return
		}
		plain, err := versions[version-1].Open(nil, in.Ciphertext[1:13], in.Ciphertext[13:], in.AdditionalAuthenticatedData)
		if err != nil {
			refuse(http.StatusBadRequest, "INVALID_ARGUMENT")
			return
		}
		out["plaintext"], out["plaintextCrc32c"], out["usedPrimary"] = plain, crc(plain), version == len(versions)
	default:
		refuse(http.StatusNotFound, "NOT_FOUND")
		return
	}
	switch out[g.damage].(type) {
	case string:
		out[g.damage] = "17"
	case bool:
		out[g.damage] = false
	}
	_ = json.NewEncoder(w).Encode(out)
}

func TestGCPKeyIsRotated(t *testing.T) {
	s, g := newGCP(t)
	k, err := kek.Open(t.Context(), gcpMine, s.options())
	if err != nil {
		t.Fatal(err)
	}
	key := dataKey()
	before := wrap(t, k, key, "place")
	g.set(func(g *gcpKMS) { g.keys[gcpRing+"lockage"] = append(g.keys[gcpRing+"lockage"], newAEAD()) })
	after := wrap(t, k, key, "place")
	for _, wrapped := range [][]byte{before, after} {
		if got, err := k.Unwrap(t.Context(), wrapped, []byte("place")); err != nil || !bytes.Equal(got, key) {
			t.Errorf("got an equal key %v, %v", bytes.Equal(got, key), err)
		}
	}
	g.set(func(g *gcpKMS) { g.disabled = 1 })
	if _, err := k.Unwrap(t.Context(), before, []byte("place")); !errors.Is(err, kek.ErrRefused) || !strings.Contains(err.Error(), "disabled or destroyed") {
		t.Errorf("a version that is disabled: got %v, want ErrRefused", err)
	}
	if g.tokens != 1 {
		t.Errorf("got %d tokens for all of it, want 1", g.tokens)
	}
}

// What was damaged on the way is not taken, in either direction.
func TestGCPChecksums(t *testing.T) {
	s, g := newGCP(t)
	k, err := kek.Open(t.Context(), gcpMine, s.options())
	if err != nil {
		t.Fatal(err)
	}
	wrapped := wrap(t, k, dataKey(), "place")
	for _, member := range []string{"ciphertextCrc32c", "verifiedPlaintextCrc32c", "verifiedAdditionalAuthenticatedDataCrc32c"} {
		g.set(func(g *gcpKMS) { g.damage = member })
		if got, err := k.Wrap(t.Context(), dataKey(), nil); got != nil || !errors.Is(err, kek.ErrUnreachable) || !strings.Contains(err.Error(), "checksum") {
			t.Errorf("%s: got %d bytes, %v; want an error that says so", member, len(got), err)
		}
	}
	g.set(func(g *gcpKMS) { g.damage = "plaintextCrc32c" })
	if got, err := k.Unwrap(t.Context(), wrapped, []byte("place")); got != nil || !errors.Is(err, kek.ErrUnreachable) || !strings.Contains(err.Error(), "checksum") {
		t.Errorf("got %d bytes, %v; want an error that says so", len(got), err)
	}
	g.set(func(g *gcpKMS) { g.damage = "name" })
	if _, err := k.Wrap(t.Context(), dataKey(), nil); !errors.Is(err, kek.ErrUnreachable) {
		t.Errorf("another key's name: got %v, want ErrUnreachable", err)
	}
}

func TestGCPRefusals(t *testing.T) {
	s, g := newGCP(t)
	k, err := kek.Open(t.Context(), gcpMine, s.options())
	if err != nil {
		t.Fatal(err)
	}
	wrapped := wrap(t, k, dataKey(), "place")
	for _, tt := range []struct {
		status int
		reason string
		want   error
		says   string
	}{
		{400, "INVALID_ARGUMENT", secret.ErrSeal, ""},
		{400, "FAILED_PRECONDITION", kek.ErrRefused, "enable it"},
		{400, "CANARY", kek.ErrRefused, "status 400"},
		{401, "UNAUTHENTICATED", kek.ErrRefused, "status 401"},
		{403, "PERMISSION_DENIED", kek.ErrRefused, "roles/cloudkms.cryptoKeyEncrypterDecrypter"},
		{404, "NOT_FOUND", kek.ErrRefused, "no such key"},
		{429, "RESOURCE_EXHAUSTED", kek.ErrUnreachable, "too many requests"},
		{503, "UNAVAILABLE", kek.ErrUnreachable, "status 503"},
	} {
		g.answers(tt.status, tt.reason)
		_, err := k.Unwrap(t.Context(), wrapped, []byte("place"))
		if !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.says) || strings.Contains(strings.ToLower(err.Error()), "canary") {
			t.Errorf("%d %s: got %v, want %v that says %q", tt.status, tt.reason, err, tt.want, tt.says)
		}
	}
	g.answers(400, "INVALID_ARGUMENT")
	if _, err := k.Wrap(t.Context(), dataKey(), nil); !errors.Is(err, kek.ErrRefused) {
		t.Errorf("wrapping: got %v, want ErrRefused", err)
	}
}

func TestGCPCredentials(t *testing.T) {
	s, g := newGCP(t)
	g.revoked = true
	k, err := kek.Open(t.Context(), gcpMine, s.options())
	if err != nil {
		t.Fatal(err)
	}
	if err := kek.Prove(t.Context(), k); !errors.Is(err, kek.ErrRefused) || strings.Contains(err.Error(), "canary") {
		t.Errorf("an account that is gone: got %v, want ErrRefused", err)
	}
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", keyFile(t, []byte(`{"type":"canary"}`), 0o600))
	if _, err := kek.Open(t.Context(), gcpMine, s.options()); err == nil || !strings.Contains(err.Error(), "GOOGLE_APPLICATION_CREDENTIALS") || strings.Contains(err.Error(), "canary") {
		t.Errorf("a file of something else: got %v, want an error that names the variable", err)
	}
}

func TestGCPURLs(t *testing.T) {
	for _, name := range []string{gcpRing + "lockage", "projects/example.com:acme/locations/global/keyRings/R_1/cryptoKeys/k-2"} {
		if err := kek.Check("gcp-kms:" + name); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, name := range []string{
		"canary", gcpRing, gcpRing + "lockage/cryptoKeyVersions/1canary", gcpRing + "../canary", gcpRing + "lockage?canary", "https://cloudkms.googleapis.com/v1/" + gcpRing + "canary",
	} {
		if err := kek.Check("gcp-kms:" + name); err == nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: got %v, want a refusal that repeats nothing", name, err)
		}
	}
}
