// Package oidctest is a real OpenID provider for tests, over TLS: a maintained library's server, with people, groups and
// keys of the test's choice, and answers that a test may spoil. It is apart from the other tools of tests so that only who
// needs it builds it.
package oidctest

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/zitadel/oidc/v3/example/server/storage"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// The client that an OIDC provider of the tests knows.
const (
	ClientID     = "lockage-of-the-tests"
	ClientSecret = "the-secret-of-lockage-at-the-provider"
)

// Provider is a real OpenID provider over TLS, with people, groups and keys of the test's choice.
type Provider struct {
	Issuer string
	Roots  *x509.CertPool

	server *httptest.Server
	store  *keeper

	mu     sync.Mutex
	tamper func(*Token)
	before func(http.ResponseWriter, *http.Request) bool
	asked  map[string]int
}

// Person is somebody who can log in at an OIDC provider of the tests.
type Person struct {
	Subject, Email string
	Verified       bool
	Groups         []string
}

// Token is an ID token on its way to Lockage, for a test to spoil.
type Token struct {
	Claims    map[string]any
	KeyID     string
	Algorithm jose.SignatureAlgorithm // "none" is taken too
	Key       any
}

// New starts a provider whose client comes back to a redirect URL. It ends with the test.
func New(t testing.TB, redirect string) *Provider {
	t.Helper()
	p := &Provider{asked: map[string]int{}}
	var handler http.Handler
	p.server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { p.serve(handler, w, r) }))
	p.server.EnableHTTP2 = true
	p.server.StartTLS()
	t.Cleanup(p.server.Close)
	p.Issuer = p.server.URL
	p.Roots = x509.NewCertPool()
	p.Roots.AddCert(p.server.Certificate())
	people := &directory{people: map[string]Person{}}
	clients := map[string]*storage.Client{ClientID: storage.WebClient(ClientID, ClientSecret, redirect)}
	p.store = &keeper{Storage: storage.NewStorageWithClients(people, clients), people: people}
	p.RotateKeys(t, true)
	provider, err := op.NewProvider(&op.Config{CryptoKey: [32]byte{1}, CodeMethodS256: true, AuthMethodPost: true}, p.store, op.StaticIssuer(p.Issuer))
	if err != nil {
		t.Fatal(err)
	}
	handler = provider
	return p
}

// TLS trusts the provider's certificate.
func (p *Provider) TLS() *tls.Config {
	return &tls.Config{RootCAs: p.Roots, MinVersion: tls.VersionTLS12}
}

// Certificate is the provider's, in PEM, for a program of its own to trust.
func (p *Provider) Certificate() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.server.Certificate().Raw})
}

// Put makes somebody known, or changes what is known of them.
func (p *Provider) Put(who Person) {
	p.store.people.mu.Lock()
	defer p.store.people.mu.Unlock()
	p.store.people.people[who.Subject] = who
}

// RotateKeys signs with a new key from now on; the one before is published for as long as it is kept.
func (p *Provider) RotateKeys(t testing.TB, drop bool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p.store.mu.Lock()
	defer p.store.mu.Unlock()
	if drop {
		p.store.keys = nil
	}
	p.store.made++
	p.store.keys = append(p.store.keys, signingKey{id: "key-" + strconv.Itoa(p.store.made), key: key})
}

// Tamper lets a test spoil each ID token from now on; nil spoils none.
func (p *Provider) Tamper(f func(*Token)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tamper = f
}

// Before is asked before each request is answered; it answers the request itself by returning true. nil asks nobody.
func (p *Provider) Before(f func(http.ResponseWriter, *http.Request) bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.before = f
}

// Asked is how often a path was asked for.
func (p *Provider) Asked(path string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.asked[path]
}

func (p *Provider) serve(provider http.Handler, w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	before, tamper := p.before, p.tamper
	p.asked[r.URL.Path]++
	p.mu.Unlock()
	if before != nil && before(w, r) {
		return
	}
	if tamper == nil || !strings.HasSuffix(r.URL.Path, "/token") {
		provider.ServeHTTP(w, r)
		return
	}
	recorded := httptest.NewRecorder()
	provider.ServeHTTP(recorded, r)
	body := recorded.Body.Bytes()
	if spoilt, err := p.spoil(body, tamper); err == nil {
		body = spoilt
	}
	for name, values := range recorded.Header() {
		w.Header()[name] = values
	}
	w.Header().Del("Content-Length")
	w.WriteHeader(recorded.Code)
	_, _ = w.Write(body) // who asked may be gone
}

func (p *Provider) spoil(body []byte, tamper func(*Token)) ([]byte, error) {
	var answer map[string]any
	if err := json.NewDecoder(bytes.NewReader(body)).Decode(&answer); err != nil {
		return nil, err
	}
	raw, _ := answer["id_token"].(string)
	parsed, err := jwt.ParseSigned(raw, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		return nil, err
	}
	token := &Token{Claims: map[string]any{}, Algorithm: jose.ES256}
	if err := parsed.UnsafeClaimsWithoutVerification(&token.Claims); err != nil {
		return nil, err
	}
	current := p.store.current()
	token.KeyID, token.Key = current.id, current.key
	tamper(token)
	if answer["id_token"], err = token.sign(); err != nil {
		return nil, err
	}
	if token.Claims == nil {
		delete(answer, "id_token")
	}
	return json.Marshal(answer)
}

func (k *Token) sign() (string, error) {
	if k.Algorithm == "none" {
		return unsigned(k.Claims)
	}
	key := jose.SigningKey{Algorithm: k.Algorithm, Key: jose.JSONWebKey{Key: k.Key, KeyID: k.KeyID}}
	signer, err := jose.NewSigner(key, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		return "", err
	}
	return jwt.Signed(signer).Claims(k.Claims).Serialize()
}

// Login goes through the provider's pages as a browser would, as one of its people, and answers the URL it is sent back to.
func (p *Provider) Login(t testing.TB, authorize, subject string) *url.URL {
	t.Helper()
	client := p.server.Client()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	step := func(at string) *url.URL {
		t.Helper()
		r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, at, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		to, err := answer.Location()
		if err != nil {
			body, _ := io.ReadAll(io.LimitReader(answer.Body, 1000))
			t.Fatalf("%s: got %s and no redirect: %s", at, answer.Status, body)
		}
		return to
	}
	login := step(authorize)
	id := login.Query().Get("authRequestID")
	if id == "" {
		return login // refused: the browser is back already
	}
	if err := p.store.CheckUsernamePassword(subject, password, id); err != nil {
		t.Fatal(err)
	}
	return step(p.Issuer + "/authorize/callback?id=" + id)
}

const password = "a password of the provider"

// keeper is the provider's store of people, with claims and keys that change.
type keeper struct {
	*storage.Storage
	people *directory
	mu     sync.Mutex
	keys   []signingKey
	made   int
}

func (s *keeper) current() signingKey {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.keys[len(s.keys)-1]
}

func (s *keeper) SigningKey(context.Context) (op.SigningKey, error) { return s.current(), nil }

func (s *keeper) SignatureAlgorithms(context.Context) ([]jose.SignatureAlgorithm, error) {
	return []jose.SignatureAlgorithm{jose.ES256}, nil
}

func (s *keeper) KeySet(context.Context) ([]op.Key, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var public []op.Key
	for _, k := range s.keys {
		public = append(public, publicKey{k})
	}
	return public, nil
}

// SetUserinfoFromRequest is what goes into ID tokens.
func (s *keeper) SetUserinfoFromRequest(ctx context.Context, info *oidc.UserInfo, r op.IDTokenRequest, scopes []string) error {
	if err := s.Storage.SetUserinfoFromRequest(ctx, info, r, scopes); err != nil {
		return err
	}
	s.people.groups(info, r.GetSubject())
	return nil
}

// SetUserinfoFromToken is what the userinfo endpoint answers.
func (s *keeper) SetUserinfoFromToken(ctx context.Context, info *oidc.UserInfo, token, subject, origin string) error {
	if err := s.Storage.SetUserinfoFromToken(ctx, info, token, subject, origin); err != nil {
		return err
	}
	s.people.groups(info, info.Subject)
	return nil
}

type signingKey struct {
	id  string
	key *ecdsa.PrivateKey
}

func (k signingKey) SignatureAlgorithm() jose.SignatureAlgorithm { return jose.ES256 }
func (k signingKey) Key() any                                    { return k.key }
func (k signingKey) ID() string                                  { return k.id }

type publicKey struct{ signingKey }

func (k publicKey) Algorithm() jose.SignatureAlgorithm { return jose.ES256 }
func (k publicKey) Use() string                        { return "sig" }
func (k publicKey) Key() any                           { return &k.key.PublicKey }

// directory are the provider's users.
type directory struct {
	mu     sync.Mutex
	people map[string]Person
}

func (u *directory) groups(info *oidc.UserInfo, subject string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if groups := u.people[subject].Groups; groups != nil {
		info.AppendClaims("groups", groups)
	}
}

func (u *directory) GetUserByID(id string) *storage.User {
	u.mu.Lock()
	defer u.mu.Unlock()
	who, ok := u.people[id]
	if !ok {
		return nil
	}
	return &storage.User{ID: id, Username: id, Password: password, FirstName: "Somebody", LastName: id, Email: who.Email, EmailVerified: who.Verified}
}

func (u *directory) GetUserByUsername(name string) *storage.User { return u.GetUserByID(name) }
func (u *directory) ExampleClientID() string                     { return "none" }

// unsigned is a token that claims to need no signature.
func unsigned(claims map[string]any) (string, error) {
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	b64 := base64.RawURLEncoding
	return b64.EncodeToString([]byte(`{"alg":"none","typ":"JWT"}`)) + "." + b64.EncodeToString(payload) + ".", nil
}
