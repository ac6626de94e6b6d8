package kek

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strings"

	"github.com/lockage/lockage/internal/secret"
)

const vaultService = "Vault"

// vault is a key of the transit engine of Vault or OpenBao. Its versions are Vault's affair: what it wraps names the
// version, and every version that the key's minimum allows unwraps.
type vault struct {
	id      string
	base    string // https://HOST/v1/MOUNT
	key     string
	headers http.Header
	token   func() (string, error)
	client  *http.Client
	pace    pace
}

var pathSegment = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]*$`)

// readVaultURL reads https://HOST/MOUNT/KEY.
func readVaultURL(rest string) (opener, error) {
	u, err := readAddress(rest)
	if err != nil {
		return nil, fmt.Errorf("vault: %w", err)
	}
	segments := strings.Split(strings.TrimPrefix(u.Path, "/"), "/")
	for _, s := range segments {
		if !pathSegment.MatchString(s) || len(segments) < 2 {
			return nil, errors.New("vault: must be followed by https://HOST/MOUNT/KEY, for example https://vault.example.com:8200/transit/lockage")
		}
	}
	root, last := u.Scheme+"://"+u.Host, len(segments)-1
	mount := strings.Join(segments[:last], "/")
	return func(_ context.Context, o Options) (secret.KEK, error) {
		v := &vault{
			id: "vault:" + root + "/" + mount + "/" + segments[last], base: root + "/v1/" + mount, key: segments[last],
			headers: http.Header{"X-Vault-Request": {"true"}}, pace: o.pace(),
		}
		// the same names in another namespace are another key
		if namespace, _ := o.lookup("VAULT_NAMESPACE"); namespace != "" {
			v.headers.Set("X-Vault-Namespace", namespace)
			v.id += "?namespace=" + strings.Trim(namespace, "/")
		}
		if v.client, err = vaultClient(o); err != nil {
			return nil, err
		}
		v.token, err = vaultToken(o)
		return v, err
	}, nil
}

// vaultClient trusts the authorities of VAULT_CACERT, where it is set, instead of the system's.
func vaultClient(o Options) (*http.Client, error) {
	path, _ := o.lookup("VAULT_CACERT")
	if path == "" {
		return o.client(), nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, errors.New("VAULT_CACERT: the file cannot be read")
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(text) {
		return nil, errors.New("VAULT_CACERT: the file holds no certificate in PEM")
	}
	t, ok := o.transport().(*http.Transport)
	if !ok {
		return nil, errors.New("VAULT_CACERT: cannot be used here")
	}
	t = t.Clone()
	if t.TLSClientConfig == nil {
		t.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	t.TLSClientConfig.RootCAs = roots
	o.Transport = t
	return o.client(), nil
}

// vaultToken answers what reads the token. A file is read for every call, as an agent writes a new token into it before
// the old one ends.
func vaultToken(o Options) (func() (string, error), error) {
	if path, _ := o.lookup("VAULT_TOKEN_FILE"); path != "" {
		return func() (string, error) {
			text, err := os.ReadFile(path)
			if err != nil {
				return "", refused(vaultService, "has a token file that cannot be read; VAULT_TOKEN_FILE must name a file that this server may read")
			}
			return headerText(string(text))
		}, nil
	}
	token, _ := o.lookup("VAULT_TOKEN")
	if token == "" {
		return nil, errors.New("vault: needs a token; set VAULT_TOKEN, or VAULT_TOKEN_FILE to a file that an agent keeps up to date")
	}
	return func() (string, error) { return headerText(token) }, nil
}

func headerText(token string) (string, error) {
	token = strings.TrimSpace(token)
	if token == "" || strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", refused(vaultService, "has no token that could be one; look at VAULT_TOKEN or VAULT_TOKEN_FILE")
	}
	return token, nil
}

// ID is "vault:" and the address, mount and name of the key.
func (v *vault) ID() string { return v.id }

// Wrap encrypts a data key; it is Vault's text, like vault:v1:….
func (v *vault) Wrap(ctx context.Context, key, additional []byte) ([]byte, error) {
	body, err := json.Marshal(struct {
		Plaintext      []byte `json:"plaintext"`
		AssociatedData []byte `json:"associated_data"`
	}{key, place(additional)})
	if err != nil {
		return nil, err
	}
	a, err := v.call(ctx, "encrypt", body)
	if err != nil {
		return nil, err
	}
	var out struct {
		Data struct {
			Ciphertext string `json:"ciphertext"`
		} `json:"data"`
	}
	switch {
	case a.status != http.StatusOK:
		return nil, v.denied(a)
	case !a.decode(&out), !strings.HasPrefix(out.Data.Ciphertext, "vault:v"):
		return nil, errGarbage(vaultService)
	}
	return []byte(out.Data.Ciphertext), nil
}

// Unwrap decrypts a data key.
func (v *vault) Unwrap(ctx context.Context, wrapped, additional []byte) ([]byte, error) {
	if !strings.HasPrefix(string(wrapped), "vault:v") {
		return nil, notSealed(vaultService)
	}
	body, err := json.Marshal(struct {
		Ciphertext     string `json:"ciphertext"`
		AssociatedData []byte `json:"associated_data"`
	}{string(wrapped), place(additional)})
	if err != nil {
		return nil, err
	}
	a, err := v.call(ctx, "decrypt", body)
	if err != nil {
		return nil, err
	}
	defer clear(a.body)
	var out struct {
		Data struct {
			Plaintext []byte `json:"plaintext"`
		} `json:"data"`
	}
	switch {
	case a.status == http.StatusBadRequest && !v.gone(a):
		return nil, notSealed(vaultService)
	case a.status != http.StatusOK:
		return nil, v.denied(a)
	case !a.decode(&out), len(out.Data.Plaintext) == 0:
		return nil, errGarbage(vaultService)
	}
	return out.Data.Plaintext, nil
}

func (v *vault) call(ctx context.Context, what string, body []byte) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, v.pace.whole)
	defer cancel()
	token, err := v.token()
	if err != nil {
		clear(body)
		return answer{}, err
	}
	headers := v.headers.Clone()
	headers.Set("X-Vault-Token", token)
	a, err := post(ctx, v.client, v.pace, v.base+"/"+what+"/"+v.key, headers, body)
	if err != nil {
		return a, ofTransport(ctx, vaultService, err)
	}
	return a, ofStatus(vaultService, a.status)
}

// gone says whether a refusal with status 400 means the key itself. Vault tells that in words only.
func (v *vault) gone(a answer) bool {
	text := string(a.body)
	return strings.Contains(text, "encryption key not found") || strings.Contains(text, "disallowed by policy")
}

func (v *vault) denied(a answer) error {
	switch {
	case a.status == http.StatusForbidden:
		return refused(vaultService, "denies it (status 403); give the token a policy with update on encrypt and decrypt of the key, and look whether it has expired")
	case a.status == http.StatusPreconditionFailed:
		return unreachable(vaultService, "is not up to date yet (status 412)")
	case a.status == http.StatusNotFound || v.gone(a):
		return refused(vaultService, "has no such key, or allows its version no more (status %d); look at the mount, the name and min_decryption_version", a.status)
	}
	return refused(vaultService, "does not take it (status %d); the key must be one of the transit engine, of type aes256-gcm96, not derived", a.status)
}
