package gateway_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/apikey"
	"github.com/lockage/lockage/internal/definition"
	"github.com/lockage/lockage/internal/gateway"
	"github.com/lockage/lockage/internal/route"
	"github.com/lockage/lockage/internal/secret"
	"github.com/lockage/lockage/internal/snapshot"
)

// The family every test here knows: three environments, a secret with a value in two of them, a key of each kind, and
// tokens.
const (
	account     = "acme"
	development = "env-development"
	staging     = "env-staging"
	production  = "env-production"

	devValue  = "sk_test_development"
	prodValue = "sk_live_production"
)

// world is a gateway with everything around it.
type world struct {
	t        testing.TB
	in       snapshot.Input
	sealer   *secret.Sealer
	digester *apikey.Digester
	holder   *snapshot.Holder
	gateway  *gateway.Gateway
	config   gateway.Config
	sink     *sink
	logs     *lockedBuffer
	address  string // of the listener, once there is one
	server   *http.Server

	dev, stage, prod, public string // keys
	token, devToken, viewer  string // owner everywhere, developer in development, viewer everywhere
}

// newWorld makes a world whose routes are live in all environments. A content is JSON, with a name added.
func newWorld(t testing.TB, routes map[string]string, edits ...func(*world)) *world {
	t.Helper()
	w := &world{t: t, sink: &sink{}, logs: &lockedBuffer{}}
	key := bytes.Repeat([]byte{7}, 32)
	kek, err := secret.NewLocalKEK(key)
	if err != nil {
		t.Fatal(err)
	}
	w.sealer = secret.NewSealer(kek)
	if w.digester, err = apikey.NewDigester(key); err != nil {
		t.Fatal(err)
	}
	w.in = snapshot.Input{Account: account, Version: 1, Environments: []snapshot.Environment{
		{ID: development, Name: "development"},
		{ID: staging, Name: "staging", Level: 1},
		{ID: production, Name: "production", Level: 2, Protected: true},
	}}
	w.dev, w.stage, w.prod = w.addKey(development, apikey.Secret), w.addKey(staging, apikey.Secret), w.addKey(production, apikey.Secret)
	w.public = w.addKey(production, apikey.Public)
	w.token = w.addToken("token-owner", access.Grant{Environment: access.AnyEnvironment, Role: access.Owner})
	w.devToken = w.addToken("token-developer", access.Grant{Environment: development, Role: access.Developer})
	w.viewer = w.addToken("token-viewer", access.Grant{Environment: access.AnyEnvironment, Role: access.Viewer})
	w.addSecret("stripe_api_key", map[string]string{development: devValue, production: prodValue})
	for name, content := range routes {
		for _, e := range []string{development, staging, production} {
			w.addRoute(e, name, content)
		}
	}
	w.config = gateway.Config{
		Flush:    time.Millisecond,
		Digester: w.digester, Sink: w.sink, Logger: slog.New(slog.NewTextHandler(w.logs, nil)),
		Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")},
	}
	for _, edit := range edits {
		edit(w)
	}
	if w.holder, err = snapshot.NewHolder(snapshot.Config{Feed: w, Sealer: w.sealer, Logger: w.config.Logger}); err != nil {
		t.Fatal(err)
	}
	w.refresh()
	w.config.Holder = w.holder
	if w.gateway, err = gateway.New(w.config); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) Versions(context.Context) (map[string]int64, error) {
	return map[string]int64{account: w.in.Version}, nil
}

func (w *world) Load(context.Context, string) (snapshot.Input, error) { return w.in, nil }

// refresh makes the gateway know what was changed in w.in.
func (w *world) refresh() {
	w.t.Helper()
	w.in.Version++
	if err := w.holder.Refresh(context.Background(), account); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) addKey(environment string, kind apikey.Kind) string {
	text := apikey.Generate(kind).Reveal()
	w.in.Keys = append(w.in.Keys, snapshot.Key{
		ID: fmt.Sprintf("key-%d", len(w.in.Keys)), EnvironmentID: environment, Kind: kind, Digest: w.digester.Sum(text),
	})
	return text
}

func (w *world) addToken(id string, grants ...access.Grant) string {
	text := apikey.Generate(apikey.Token).Reveal()
	w.in.Tokens = append(w.in.Tokens, snapshot.Token{ID: id, Name: id, Digest: w.digester.Sum(text), Grants: grants})
	return text
}

func (w *world) addSecret(name string, values map[string]string) {
	w.t.Helper()
	id := "id-" + name
	w.in.Secrets = append(w.in.Secrets, snapshot.Secret{ID: id, Name: name, Type: secret.String})
	for environment, value := range values {
		w.in.Values = append(w.in.Values, w.seal(secret.Value{SecretID: id, EnvironmentID: environment, Version: 1, Type: secret.String}, value))
	}
}

// seal seals a value for the row it stands in.
func (w *world) seal(v secret.Value, value string) secret.Value {
	w.t.Helper()
	v.Format = secret.FormatFacts
	var err error
	if v.Sealed, err = w.sealer.Seal(context.Background(), v.Binding(account), secret.NewPlaintext([]byte(value))); err != nil {
		w.t.Fatal(err)
	}
	return v
}

func (w *world) addRoute(environment, key, content string) {
	content = strings.Replace(content, "{", `{"name":"`+key+`",`, 1)
	w.in.Routes = append(w.in.Routes, snapshot.Route{
		EnvironmentID: environment, ID: "id-" + key, Key: key, Active: true,
		Content: []byte(content), Hash: definition.HashOf(definition.KindRoute, []byte(content)),
	})
}

// serve starts the gateway behind a listener that speaks HTTP/1.1 and HTTP/2 without TLS.
func (w *world) serve() *world {
	w.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		w.t.Fatal(err)
	}
	w.address = l.Addr().String()
	s := &http.Server{Handler: w.gateway, ReadHeaderTimeout: 10 * time.Second, Protocols: new(http.Protocols), ErrorLog: slog.NewLogLogger(w.config.Logger.Handler(), slog.LevelError)}
	w.server = s
	s.Protocols.SetHTTP1(true)
	s.Protocols.SetUnencryptedHTTP2(true)
	w.gateway.Start()
	go s.Serve(l) //nolint:errcheck // it ends with Close
	w.t.Cleanup(func() {
		_ = s.Close()
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if err := w.gateway.Stop(ctx); err != nil {
			w.t.Errorf("Stop: got %v, want nil", err)
		}
	})
	return w
}

// sink keeps records.
type sink struct {
	mu    sync.Mutex
	calls []route.Call
	err   error
	tries int
}

func (s *sink) RecordCalls(_ context.Context, calls []route.Call) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tries++
	if s.err == nil {
		s.calls = append(s.calls, calls...)
	}
	return s.err
}

// wait returns the records once there are n.
func (s *sink) wait(t testing.TB, n int) []route.Call {
	t.Helper()
	var calls []route.Call
	eventually(t, fmt.Sprintf("%d records", n), func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		calls = s.calls
		return len(calls) >= n
	})
	return calls
}

// eventually waits for a fact.
func eventually(t testing.TB, what string, fact func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		if fact() {
			return
		}
	}
	t.Fatalf("waited in vain for %s", what)
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// problem is the body of the gateway's own errors.
type problem struct {
	Error     string `json:"error"`
	Type      string `json:"type"`
	RequestID string `json:"request_id"`
}

func decodeProblem(t testing.TB, body io.Reader) problem {
	t.Helper()
	d := json.NewDecoder(body)
	d.DisallowUnknownFields()
	var p problem
	if err := d.Decode(&p); err != nil {
		t.Fatalf("body of an error: %v", err)
	}
	return p
}

func (w *world) endTunnels() { w.gateway.EndTunnels() }
