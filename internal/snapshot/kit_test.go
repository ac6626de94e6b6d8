package snapshot_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"testing"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/apikey"
	"github.com/lockage/lockage/internal/definition"
	"github.com/lockage/lockage/internal/secret"
	"github.com/lockage/lockage/internal/snapshot"
)

// The family every test here knows.
const (
	account     = "acme"
	development = "env-development"
	production  = "env-production"
	stripe      = "secret-stripe"
)

func newSealer(t testing.TB, fill byte) *secret.Sealer {
	t.Helper()
	key := make([]byte, 32)
	for i := range key {
		key[i] = fill
	}
	kek, err := secret.NewLocalKEK(key)
	if err != nil {
		t.Fatal(err)
	}
	return secret.NewSealer(kek)
}

func seal(t testing.TB, s *secret.Sealer, environment string, version int64, value string) secret.Value {
	t.Helper()
	sealed, err := s.Seal(t.Context(), secret.Binding{
		Account: account, Environment: environment, Secret: stripe, Version: version, Type: secret.String,
	}, secret.NewPlaintext([]byte(value)))
	if err != nil {
		t.Fatal(err)
	}
	return secret.Value{SecretID: stripe, EnvironmentID: environment, Version: version, Type: secret.String, Sealed: sealed}
}

func digest(n int) apikey.Digest {
	var d apikey.Digest
	copy(d[:], fmt.Sprintf("digest %d", n))
	return d
}

func newRoute(environment, key, content string) snapshot.Route {
	return snapshot.Route{
		EnvironmentID: environment, ID: "id-" + key, Key: key, Active: true, Content: []byte(content),
		Hash: definition.HashOf(definition.KindRoute, []byte(content)),
	}
}

const charges = `{"name":"charges","target_url":"https://api.example.com/v1","inject_headers":{"Authorization":"Bearer {{secret:stripe_api_key}}"}}`

// newInput is an account with both environments, one key each, a token, one route everywhere, and a value in
// production only.
func newInput(t testing.TB, s *secret.Sealer, version int64) snapshot.Input {
	t.Helper()
	return snapshot.Input{
		Account: account, Version: version,
		Environments: []snapshot.Environment{
			{ID: development, Name: "development"}, {ID: production, Name: "production", Level: 1, Protected: true},
		},
		Keys: []snapshot.Key{
			{ID: "key-development", EnvironmentID: development, Kind: apikey.Secret, Digest: digest(1)},
			{ID: "key-production", EnvironmentID: production, Kind: apikey.Secret, Digest: digest(2)},
		},
		Tokens: []snapshot.Token{{ID: "token", Name: "machine", Digest: digest(3), Grants: []access.Grant{{Environment: "*", Role: access.Owner}}}},
		Routes: []snapshot.Route{newRoute(development, "charges", charges), newRoute(production, "charges", charges)},
		Secrets: []snapshot.Secret{
			{ID: stripe, Name: "stripe_api_key", Type: secret.String},
		},
		Values: []secret.Value{seal(t, s, production, 1, "sk_live")},
	}
}

// feed is a Feed in memory.
type feed struct {
	mu     sync.Mutex
	inputs map[string]snapshot.Input
	err    error
	loads  int
	hold   chan struct{} // closed: loads go on; nil: they never wait
}

var errFeed = errors.New("the database is away")

func newFeed(inputs ...snapshot.Input) *feed {
	f := &feed{inputs: map[string]snapshot.Input{}}
	for _, in := range inputs {
		f.inputs[in.Account] = in
	}
	return f
}

func (f *feed) set(in snapshot.Input) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.inputs[in.Account] = in
}

func (f *feed) fail(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.err = err
}

func (f *feed) Versions(context.Context) (map[string]int64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	versions := map[string]int64{}
	for id, in := range f.inputs {
		versions[id] = in.Version
	}
	return versions, f.err
}

func (f *feed) Load(_ context.Context, account string) (snapshot.Input, error) {
	f.mu.Lock()
	in, err, hold := f.inputs[account], f.err, f.hold
	f.loads++
	f.mu.Unlock()
	if hold != nil {
		<-hold
	}
	return in, err
}

func newHolder(t testing.TB, f snapshot.Feed, s *secret.Sealer) *snapshot.Holder {
	t.Helper()
	h, err := snapshot.NewHolder(snapshot.Config{Feed: f, Sealer: s, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err != nil {
		t.Fatal(err)
	}
	return h
}
