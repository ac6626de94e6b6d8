package kek_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/kek"
	"github.com/lockage/lockage/internal/secret"
	"github.com/lockage/lockage/internal/testkit"
)

// provider is one kind of key, with two keys of it.
type provider struct {
	urls    [2]string
	options kek.Options
	prefix  string   // of the ids
	standin *standin // nil: nothing is asked
	deny    func()   // from now on the rights are missing; nil: there are none
	secrets []string // what no text may hold
}

// providers are all kinds of keys, each ready to be opened.
var providers = map[string]func(t *testing.T) provider{
	"file":  fileProvider,
	"env":   variableProvider,
	"vault": vaultProvider,
	"aws":   awsProvider,
	"azure": azureProvider,
	"gcp":   gcpProvider,
}

func fileProvider(t *testing.T) provider {
	return provider{urls: [2]string{
		"file:" + keyFile(t, bytes.Repeat([]byte{1}, kek.Bytes), 0o600), "file:" + keyFile(t, bytes.Repeat([]byte{2}, kek.Bytes), 0o600),
	}, prefix: "local:"}
}

func variableProvider(*testing.T) provider {
	key := func(b byte) string { return base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{b}, kek.Bytes)) }
	of := map[string]string{"ONE": key(1), "TWO": key(2)}
	return provider{urls: [2]string{"env:ONE", "env:TWO"}, prefix: "local:", secrets: []string{of["ONE"]}, options: kek.Options{
		Lookup: variables(of),
		Unset:  func(string) error { return nil },
	}}
}

func variables(of map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		v, ok := of[name]
		return v, ok
	}
}

func vaultProvider(t *testing.T) provider {
	s, v := newVault(t, "lockage", "other")
	o := s.options()
	o.Lookup = variables(map[string]string{"VAULT_TOKEN": v.Token})
	return provider{
		urls: [2]string{"vault:https://vault.example.com:8200/transit/lockage", "vault:https://vault.example.com:8200/transit/other"}, options: o,
		prefix: "vault:https://vault.example.com:8200/transit/", standin: s, deny: func() { v.Set(func(v *testkit.Vault) { v.Denied = true }) }, secrets: []string{v.Token},
	}
}

func (p provider) open(t *testing.T, i int) secret.KEK {
	t.Helper()
	k, err := kek.Open(t.Context(), p.urls[i], p.options)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// hurried opens the first key with short time limits.
func (p provider) hurried(t *testing.T) secret.KEK {
	t.Helper()
	p.options = kek.Hurried(p.options)
	return p.open(t, 0)
}

func dataKey() []byte {
	key := make([]byte, 32)
	_, _ = rand.Read(key)
	return key
}

func wrap(t *testing.T, k secret.KEK, key []byte, additional string) []byte {
	t.Helper()
	wrapped, err := k.Wrap(t.Context(), key, []byte(additional))
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(wrapped, key) || bytes.Contains(wrapped, []byte(base64.StdEncoding.EncodeToString(key))) {
		t.Fatal("the data key is not wrapped")
	}
	return wrapped
}

// What every key promises.
func TestContract(t *testing.T) {
	for name, ready := range providers {
		t.Run(name, func(t *testing.T) {
			p := ready(t)
			k, other := p.open(t, 0), p.open(t, 1)
			if err := kek.Prove(t.Context(), k); err != nil {
				t.Errorf("proof: %v", err)
			}
			if again := p.open(t, 0); k.ID() != again.ID() || k.ID() == other.ID() || !strings.HasPrefix(k.ID(), p.prefix) {
				t.Errorf("got the ids %q, %q of the same key and %q of another, want %s…, the same and another", k.ID(), again.ID(), other.ID(), p.prefix)
			}
			for _, text := range p.secrets {
				if printed := fmt.Sprintf("%v %+v %#v %s", k, k, k, k.ID()); strings.Contains(printed, text) {
					t.Errorf("the key prints a credential: %s", printed)
				}
			}
			key := dataKey()
			kept := bytes.Clone(key)
			wrapped := wrap(t, k, key, "place")
			if !bytes.Equal(key, kept) {
				t.Error("wrapping changed the data key")
			}
			if got, err := k.Unwrap(t.Context(), wrapped, []byte("place")); err != nil || !bytes.Equal(got, key) {
				t.Errorf("round trip: got an equal key %v, %v", bytes.Equal(got, key), err)
			}
			if got, err := p.open(t, 0).Unwrap(t.Context(), wrapped, []byte("place")); err != nil || !bytes.Equal(got, key) {
				t.Errorf("after a restart: got an equal key %v, %v", bytes.Equal(got, key), err)
			}
			for what, tt := range map[string]struct {
				k          secret.KEK
				wrapped    []byte
				additional string
			}{
				"another place": {k, wrapped, "places"}, "no place": {k, wrapped, ""}, "another key": {other, wrapped, "place"},
				"cut": {k, wrapped[:len(wrapped)-1], "place"}, "nothing": {k, nil, "place"}, "noise": {k, []byte("noise"), "place"},
				"changed": {k, changed(wrapped), "place"},
			} {
				if got, err := tt.k.Unwrap(t.Context(), tt.wrapped, []byte(tt.additional)); !errors.Is(err, secret.ErrSeal) || got != nil {
					t.Errorf("%s: got %d bytes, %v; want ErrSeal", what, len(got), err)
				}
			}
			if again := wrap(t, k, key, "place"); bytes.Equal(again, wrapped) {
				t.Error("wrapped twice, a key looks the same")
			}
		})
	}
}

// changed changes a bit of what was wrapped, in its last part.
func changed(wrapped []byte) []byte {
	out := bytes.Clone(wrapped)
	if at := len(out) - 8; out[at] == 'A' { // stays a text where it is one
		out[at] = 'B'
	} else {
		out[at] = 'A'
	}
	return out
}

func TestConcurrentUse(t *testing.T) {
	for name, ready := range providers {
		t.Run(name, func(t *testing.T) {
			k := ready(t).open(t, 0)
			var all sync.WaitGroup
			for i := range 16 {
				all.Go(func() {
					key, place := dataKey(), fmt.Appendf(nil, "place %d", i)
					wrapped, err := k.Wrap(t.Context(), key, place)
					if err != nil {
						t.Error(err)
						return
					}
					if got, err := k.Unwrap(t.Context(), wrapped, place); err != nil || !bytes.Equal(got, key) {
						t.Errorf("caller %d: got an equal key %v, %v", i, bytes.Equal(got, key), err)
					}
				})
			}
			all.Wait()
		})
	}
}

// remote runs a test for each kind of key that a service holds.
func remote(t *testing.T, test func(t *testing.T, p provider, k secret.KEK)) {
	for name, ready := range providers {
		t.Run(name, func(t *testing.T) {
			if p := ready(t); p.standin != nil {
				test(t, p, p.open(t, 0))
			}
		})
	}
}

func TestFailuresThatPass(t *testing.T) {
	remote(t, func(t *testing.T, p provider, eager secret.KEK) {
		for _, faults := range [][]string{{"429", "500", ""}, {"503", ""}, {"slow", ""}, {"broken", ""}} {
			k := eager
			if faults[0] == "slow" {
				k = p.hurried(t)
			}
			p.standin.then(faults...)
			key := dataKey()
			wrapped := wrap(t, k, key, "place")
			p.standin.then(faults...)
			if got, err := k.Unwrap(t.Context(), wrapped, []byte("place")); err != nil || !bytes.Equal(got, key) {
				t.Errorf("%v: got an equal key %v, %v", faults, bytes.Equal(got, key), err)
			}
		}
	})
}

func TestFailuresThatStay(t *testing.T) {
	remote(t, func(t *testing.T, p provider, eager secret.KEK) {
		hurried, wrapped := p.hurried(t), wrap(t, eager, dataKey(), "place")
		for f, want := range map[string]error{
			"429": kek.ErrUnreachable, "500": kek.ErrUnreachable, "503": kek.ErrUnreachable, "slow": kek.ErrUnreachable,
			"garbage": kek.ErrUnreachable, "empty": kek.ErrUnreachable, "large": kek.ErrUnreachable, "broken": kek.ErrUnreachable, "elsewhere": kek.ErrRefused,
		} {
			p.standin.then(f)
			k := eager
			if f == "slow" {
				k = hurried
			}
			check := func(what string, call func() ([]byte, error)) {
				t.Helper()
				start := time.Now()
				got, err := call()
				if !errors.Is(err, want) || !fault.Is(err, fault.Unavailable) || got != nil {
					t.Errorf("%s, %s: got %d bytes, %v; want %v", f, what, len(got), err, want)
				}
				p.tellsNothing(t, err)
				if took := time.Since(start); f == "slow" && took > 10*time.Second {
					t.Errorf("%s, %s: took %v", f, what, took)
				}
			}
			check("wrap", func() ([]byte, error) { return k.Wrap(t.Context(), dataKey(), []byte("place")) })
			check("unwrap", func() ([]byte, error) { return k.Unwrap(t.Context(), wrapped, []byte("place")) })
			if f == "500" && p.standin.count() < 2 {
				t.Errorf("%s: %d calls, want it tried again", f, p.standin.count())
			}
		}
	})
}

// tellsNothing checks that an error repeats nothing of what the service answered, and no credential.
func (p provider) tellsNothing(t *testing.T, err error) {
	t.Helper()
	for _, text := range append(p.secrets, "canary") {
		if err == nil || strings.Contains(fmt.Sprintf("%v %+v", err, errors.Unwrap(err)), text) {
			t.Errorf("the error %q holds %q", err, text)
		}
	}
}

func TestServiceIsGone(t *testing.T) {
	remote(t, func(t *testing.T, p provider, k secret.KEK) {
		p.standin.CloseClientConnections()
		p.standin.Listener.Close()
		_, err := k.Wrap(t.Context(), dataKey(), []byte("place"))
		if !errors.Is(err, kek.ErrUnreachable) || !strings.Contains(err.Error(), "connection refused") {
			t.Errorf("got %v, want ErrUnreachable and the system's reason", err)
		}
		p.tellsNothing(t, err)
	})
}

func TestDenied(t *testing.T) {
	remote(t, func(t *testing.T, p provider, k secret.KEK) {
		wrapped := wrap(t, k, dataKey(), "place")
		p.deny()
		p.standin.then("")
		_, wrapErr := k.Wrap(t.Context(), dataKey(), []byte("place"))
		_, unwrapErr := k.Unwrap(t.Context(), wrapped, []byte("place"))
		for _, err := range []error{wrapErr, unwrapErr, kek.Prove(t.Context(), k)} {
			if !errors.Is(err, kek.ErrRefused) || !fault.Is(err, fault.Unavailable) || errors.Is(err, secret.ErrSeal) {
				t.Errorf("got %v, want ErrRefused", err)
			}
			p.tellsNothing(t, err)
		}
		if p.standin.count() != 3 {
			t.Errorf("got %d calls, want 3: a refusal is final", p.standin.count())
		}
	})
}

func TestCancelled(t *testing.T) {
	remote(t, func(t *testing.T, p provider, k secret.KEK) {
		wrapped := wrap(t, k, dataKey(), "place")
		p.standin.then("slow")
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(50*time.Millisecond, cancel)
		if _, err := k.Unwrap(ctx, wrapped, []byte("place")); !errors.Is(err, context.Canceled) || errors.Is(err, kek.ErrUnreachable) {
			t.Errorf("in the middle: got %v, want that it was cancelled", err)
		}
		p.standin.then("")
		if _, err := k.Wrap(ctx, dataKey(), []byte("place")); !errors.Is(err, context.Canceled) {
			t.Errorf("before: got %v, want that it was cancelled", err)
		}
		if p.standin.count() != 0 {
			t.Errorf("got %d calls, want none", p.standin.count())
		}
	})
}

func TestCertificateThatIsNotTrusted(t *testing.T) {
	remote(t, func(t *testing.T, p provider, _ secret.KEK) {
		trusting := p.standin.transport()
		trusting.TLSClientConfig.RootCAs = nil
		p.options.Transport = trusting
		k, err := kek.Open(t.Context(), p.urls[0], p.options)
		if err == nil {
			_, err = k.Wrap(t.Context(), dataKey(), []byte("place"))
		}
		if !errors.Is(err, kek.ErrUnreachable) || !strings.Contains(err.Error(), "certificate that is not trusted") {
			t.Errorf("got %v, want an error that says so", err)
		}
		p.tellsNothing(t, err)
	})
}
