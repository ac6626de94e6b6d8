package kek_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/lockage/lockage/internal/kek"
	"github.com/lockage/lockage/internal/secret"
)

const (
	azureVault  = "https://unit.vault.azure.net"
	azureTenant = "11111111-2222-3333-4444-555555555555"
)

// azure is Azure Key Vault and the part of Microsoft Entra that gives a client its token.
type azure struct {
	t         *testing.T
	mu        sync.Mutex
	versions  map[string]*rsa.PrivateKey // by NAME/VERSION
	latest    map[string]string
	status    int    // what the vault answers; 0: it is done
	code      string // with it
	noLogin   int    // what Entra answers; 0: a token
	challenge string // instead of the right one
	logins    int
}

func newAzure(t *testing.T) (*standin, *azure) {
	t.Helper()
	a := &azure{t: t, versions: map[string]*rsa.PrivateKey{}, latest: map[string]string{}}
	a.rotate("lockage")
	a.rotate("other")
	for name, value := range map[string]string{
		"AZURE_TENANT_ID": azureTenant, "AZURE_CLIENT_ID": "client", "AZURE_CLIENT_SECRET": "canary-of-azure",
		"AZURE_AUTHORITY_HOST": "https://login.example.com/", "AZURE_CLIENT_CERTIFICATE_PATH": "", "AZURE_FEDERATED_TOKEN_FILE": "",
	} {
		t.Setenv(name, value)
	}
	return newStandin(t, a, "unit.vault.azure.net", "login.example.com"), a
}

func azureProvider(t *testing.T) provider {
	s, a := newAzure(t)
	return provider{
		urls: [2]string{"azure-keyvault:" + azureVault + "/keys/lockage", "azure-keyvault:" + azureVault + "/keys/other"}, options: s.options(),
		prefix: "azure-keyvault:" + azureVault + "/keys/", standin: s,
		deny: func() { a.answers(http.StatusForbidden, "Forbidden") }, secrets: []string{"canary-of-azure", "eyJ.token"},
	}
}

// rotate makes a new version of a key, and answers its name.
func (a *azure) rotate(name string) string {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		a.t.Fatal(err)
	}
	var id [16]byte
	_, _ = rand.Read(id[:])
	a.mu.Lock()
	defer a.mu.Unlock()
	version := fmt.Sprintf("%x", id)
	a.versions[name+"/"+version], a.latest[name] = key, version
	return version
}

func (a *azure) answers(status int, code string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.status, a.code = status, code
}

func (a *azure) set(change func(*azure)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	change(a)
}

func (a *azure) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	if r.Host == "login.example.com" {
		a.login(w, r)
		return
	}
	refuse := func(status int, code string) {
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(map[string]any{"error": map[string]any{"code": code, "message": "canary"}})
	}
	if r.Header.Get("Authorization") != "Bearer eyJ.token" {
		challenge := `Bearer authorization="https://login.example.com/` + azureTenant + `", resource="https://vault.azure.net"`
		if a.challenge != "" {
			challenge = a.challenge
		}
		w.Header().Set("WWW-Authenticate", challenge)
		refuse(http.StatusUnauthorized, "Unauthorized")
		return
	}
	if a.status != 0 {
		refuse(a.status, a.code)
		return
	}
	var in struct{ Alg, Value string }
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/") // keys NAME [VERSION] OPERATION
	if len(parts) == 3 {
		parts = []string{parts[0], parts[1], a.latest[parts[1]], parts[2]}
	}
	if r.Method != http.MethodPost || len(parts) != 4 || parts[0] != "keys" || r.URL.Query().Get("api-version") == "" ||
		json.NewDecoder(r.Body).Decode(&in) != nil || in.Alg != "RSA-OAEP-256" {
		refuse(http.StatusBadRequest, "BadParameter")
		return
	}
	key := a.versions[parts[1]+"/"+parts[2]]
	if key == nil {
		refuse(http.StatusNotFound, "KeyNotFound")
		return
	}
	value, err := base64.RawURLEncoding.DecodeString(in.Value)
	if err != nil {
		refuse(http.StatusBadRequest, "BadParameter")
		return
	}
	var out []byte
	switch parts[3] {
	case "wrapkey":
		out, err = rsa.EncryptOAEP(sha256.New(), rand.Reader, &key.PublicKey, value, nil)
	case "unwrapkey":
		out, err = rsa.DecryptOAEP(sha256.New(), rand.Reader, key, value, nil)
	default:
		refuse(http.StatusNotFound, "NotFound")
		return
	}
	if err != nil {
		refuse(http.StatusBadRequest, "BadParameter")
		return
	}
	_ = json.NewEncoder(w).Encode(map[string]string{
		"kid": azureVault + "/keys/" + parts[1] + "/" + parts[2], "value": base64.RawURLEncoding.EncodeToString(out),
	})
}

func (a *azure) login(w http.ResponseWriter, r *http.Request) {
	switch {
	case strings.HasSuffix(r.URL.Path, "/.well-known/openid-configuration"):
		_ = json.NewEncoder(w).Encode(map[string]string{
			"token_endpoint":         "https://login.example.com/" + azureTenant + "/oauth2/v2.0/token",
			"authorization_endpoint": "https://login.example.com/" + azureTenant + "/oauth2/v2.0/authorize",
			"issuer":                 "https://login.example.com/" + azureTenant + "/v2.0",
		})
	case a.noLogin != 0:
		w.WriteHeader(a.noLogin)
		_, _ = w.Write([]byte(`{"error":"invalid_client","error_description":"canary"}`))
	case r.URL.Path == "/"+azureTenant+"/oauth2/v2.0/token" && r.FormValue("client_secret") == "canary-of-azure" &&
		strings.Contains(r.FormValue("scope"), "https://vault.azure.net/.default"):
		a.logins++
		_, _ = w.Write([]byte(`{"access_token":"eyJ.token","token_type":"Bearer","expires_in":3600}`))
	default:
		a.t.Errorf("a login with %s %s, scope %q", r.Method, r.URL, r.FormValue("scope"))
		w.WriteHeader(http.StatusBadRequest)
	}
}

// A new version of a key has an id of its own, and unwraps nevertheless what the one of before wrapped.
func TestAzureVersions(t *testing.T) {
	s, a := newAzure(t)
	unversioned := "azure-keyvault:" + azureVault + "/keys/lockage"
	open := func(url string) secret.KEK {
		t.Helper()
		k, err := kek.Open(t.Context(), url, s.options())
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	old := open(unversioned)
	key := dataKey()
	before := wrap(t, old, key, "place")
	version := a.rotate("lockage")
	if again := wrap(t, old, key, "place"); !bytes.Equal(again[:33], before[:33]) {
		t.Error("a key that is held wraps with another version than its id names")
	}
	latest := open(unversioned)
	if latest.ID() != unversioned+"/"+version || old.ID() == latest.ID() {
		t.Errorf("got the ids %q and %q, want the second to name version %s", old.ID(), latest.ID(), version)
	}
	after := wrap(t, latest, key, "place")
	for name, k := range map[string]secret.KEK{"old": old, "latest": latest, "named": open(unversioned + "/" + version)} {
		for _, wrapped := range [][]byte{before, after} {
			if got, err := k.Unwrap(t.Context(), wrapped, []byte("place")); err != nil || !bytes.Equal(got, key) {
				t.Errorf("%s: got an equal key %v, %v", name, bytes.Equal(got, key), err)
			}
		}
		holds := k.(interface{ Holds(id string) bool }).Holds
		if !holds(old.ID()) || !holds(latest.ID()) || holds(open("azure-keyvault:"+azureVault+"/keys/other").ID()) || holds("local:1234") || holds(unversioned+"/") {
			t.Errorf("%s: it does not hold its versions, or more than them", name)
		}
	}
	// a value that was sealed under the version of before opens after a restart
	binding := secret.Binding{Account: "a", Environment: "e", Secret: "s", Version: 1, Type: secret.String}
	sealed, err := secret.NewSealer(old).Seal(t.Context(), binding, secret.NewPlaintext([]byte("canary")))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := secret.NewSealer(latest).Open(t.Context(), binding, sealed); err != nil {
		t.Errorf("a value of the version of before: %v", err)
	}
	if a.logins < 1 {
		t.Error("nobody logged in")
	}
}

func TestAzureRefusals(t *testing.T) {
	s, a := newAzure(t)
	k, err := kek.Open(t.Context(), "azure-keyvault:"+azureVault+"/keys/lockage", s.options())
	if err != nil {
		t.Fatal(err)
	}
	wrapped := wrap(t, k, dataKey(), "place")
	for _, tt := range []struct {
		status int
		code   string
		want   error
		says   string
	}{
		{400, "BadParameter", secret.ErrSeal, ""},
		{401, "Unauthorized", kek.ErrRefused, "keys/unwrapKey"},
		{403, "Forbidden", kek.ErrRefused, "must be enabled"},
		{404, "KeyNotFound", kek.ErrRefused, "no such key or version"},
		{409, "Conflict", kek.ErrRefused, "status 409"},
		{429, "Throttled", kek.ErrUnreachable, "too many requests"},
		{503, "Unavailable", kek.ErrUnreachable, "status 503"},
	} {
		a.answers(tt.status, tt.code)
		_, err := k.Unwrap(t.Context(), wrapped, []byte("place"))
		if !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.says) || strings.Contains(err.Error(), "canary") {
			t.Errorf("%d %s: got %v, want %v that says %q", tt.status, tt.code, err, tt.want, tt.says)
		}
	}
	a.answers(400, "BadParameter")
	if _, err := k.Wrap(t.Context(), dataKey(), nil); !errors.Is(err, kek.ErrRefused) || !strings.Contains(err.Error(), "RSA") {
		t.Errorf("wrapping: got %v, want ErrRefused that names the kind of key", err)
	}
	if _, err := kek.Open(t.Context(), "azure-keyvault:"+azureVault+"/keys/lockage", s.options()); !errors.Is(err, kek.ErrRefused) {
		t.Errorf("opening: got %v, want ErrRefused", err)
	}
}

func TestAzureLogin(t *testing.T) {
	s, a := newAzure(t)
	open := func() error {
		_, err := kek.Open(t.Context(), "azure-keyvault:"+azureVault+"/keys/lockage", s.options())
		if err == nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("got %v, want an error that repeats nothing", err)
		}
		return err
	}
	a.set(func(a *azure) { a.noLogin = 401 })
	if err := open(); !errors.Is(err, kek.ErrRefused) || !strings.Contains(err.Error(), "Entra") {
		t.Errorf("a wrong secret: got %v, want ErrRefused", err)
	}
	a.set(func(a *azure) { a.noLogin = 503 })
	if err := open(); !errors.Is(err, kek.ErrUnreachable) {
		t.Errorf("Entra fails: got %v, want ErrUnreachable", err)
	}
	for _, challenge := range []string{
		"Bearer", `Bearer authorization="canary", resource="https://vault.azure.net"`, // on this the SDK panics
		`Bearer authorization="https://login.example.com/x", resource="https://canary.example.com"`, // a token for someone else
	} {
		a.set(func(a *azure) { a.noLogin, a.challenge = 0, challenge })
		if err := open(); !errors.Is(err, kek.ErrUnreachable) {
			t.Errorf("the challenge %s: got %v, want ErrUnreachable", challenge, err)
		}
	}
	t.Setenv("AZURE_TENANT_ID", "")
	if err := open(); err == nil || !strings.Contains(err.Error(), "AZURE_TENANT_ID") {
		t.Errorf("half of the variables: got %v, want an error that names them", err)
	}
}

// The RSA key wraps for everybody who has its public half, so that a data key is nothing without its place behind it.
func TestAzureForeignWraps(t *testing.T) {
	s, a := newAzure(t)
	k, err := kek.Open(t.Context(), "azure-keyvault:"+azureVault+"/keys/lockage", s.options())
	if err != nil {
		t.Fatal(err)
	}
	version := a.latest["lockage"]
	public := &a.versions["lockage/"+version].PublicKey
	for name, value := range map[string][]byte{"a key alone": dataKey(), "nothing": {}, "short": []byte("x")} {
		made, err := rsa.EncryptOAEP(sha256.New(), rand.Reader, public, value, nil)
		if err != nil {
			t.Fatal(err)
		}
		wrapped := append(append([]byte{byte(len(version))}, version...), made...)
		if got, err := k.Unwrap(t.Context(), wrapped, []byte("place")); err == nil || got != nil {
			t.Errorf("%s: got %d bytes and no error", name, len(got))
		}
	}
	for name, wrapped := range map[string][]byte{"no version": {0, 1, 2}, "a path": append([]byte{4}, "../x and more"...), "length only": {200}} {
		if _, err := k.Unwrap(t.Context(), wrapped, []byte("place")); !errors.Is(err, secret.ErrSeal) {
			t.Errorf("%s: got %v, want ErrSeal", name, err)
		}
	}
}

func TestAzureURLs(t *testing.T) {
	for _, url := range []string{
		azureVault + "/keys/lockage", azureVault + "/keys/lock-age/0123456789abcdef0123456789abcdef", "https://unit.managedhsm.azure.net/keys/lockage", "https://UNIT.vault.azure.cn:443/keys/lockage",
	} {
		if err := kek.Check("azure-keyvault:" + url); err != nil {
			t.Errorf("%s: %v", url, err)
		}
	}
	for _, url := range []string{
		"canary", "http://127.0.0.1/keys/canary", azureVault + "/secrets/canary", azureVault + "/keys/", azureVault + "/keys/a/b/canary", azureVault + "/keys/../canary",
		azureVault + "/keys/lockage?canary", "https://u:canary@unit.vault.azure.net/keys/lockage", azureVault + "/keys/lockage/",
	} {
		if err := kek.Check("azure-keyvault:" + url); err == nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: got %v, want a refusal that repeats nothing", url, err)
		}
	}
}
