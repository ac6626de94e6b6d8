package server_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lockage/lockage/internal/server"
)

func local(data string) server.Config {
	c := server.Defaults()
	c.Data, c.Listen, c.GatewayListen = data, "127.0.0.1:0", "127.0.0.1:0"
	return c
}

func stop(t *testing.T, r *server.Running) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := r.Stop(ctx); err != nil {
		t.Errorf("stop: %v", err)
	}
}

// A first start that fails must leave nothing behind that a second one would not show.
func TestFirstStartOnATakenPortMakesNothing(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	c := local(t.TempDir())
	c.GatewayListen = taken.Addr().String()
	if _, err := server.Start(t.Context(), c, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), "--gateway-listen") {
		t.Fatalf("got %v, want an error that names --gateway-listen", err)
	}
	r, err := server.Start(t.Context(), local(c.Data), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer stop(t, r)
	if r.Bootstrapped == nil || r.Bootstrapped.Token == "" {
		t.Error("the second start shows no credentials")
	}
}

// screen keeps what is printed and ends the server when something is.
type screen struct {
	bytes.Buffer
	end context.CancelFunc
}

func (s *screen) Write(b []byte) (int, error) {
	defer s.end()
	return s.Buffer.Write(b)
}

// run runs a server until it has printed how to reach it, and answers what it printed.
func run(t *testing.T, c server.Config) string {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out, logs := &screen{end: cancel}, new(bytes.Buffer)
	if err := server.Run(ctx, c, out, logs); err != nil {
		t.Fatalf("%v\n%s", err, logs.String())
	}
	return out.String()
}

// Credentials that nobody was shown, because the process was killed before, are shown at the next start; afterwards they
// are kept nowhere.
func TestCredentialsAreShownUntilTheyWere(t *testing.T) {
	c := local(t.TempDir())
	first, err := server.Start(t.Context(), c, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	token := first.Bootstrapped.Token
	path := filepath.Join(c.Data, "first-start.json")
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file: %v, %v; want mode 0600", info, err)
	}
	stop(t, first)

	if out := run(t, c); !strings.Contains(out, token) {
		t.Errorf("the next start does not show the token:\n%s", out)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the file after it was shown: %v, want none", err)
	}
	if out := run(t, c); strings.Contains(out, token) || strings.Contains(out, "first start") {
		t.Errorf("shown twice:\n%s", out)
	}
}

// The key files of another installation are refused, and not replaced.
func TestKeysOfAnotherDatabase(t *testing.T) {
	c := local(t.TempDir())
	r, err := server.Start(t.Context(), c, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	stop(t, r)
	for _, name := range []string{"kek.key", "pepper.key"} {
		path := filepath.Join(c.Data, name)
		kept, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		if _, err := server.Start(t.Context(), c, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), "not those this database was made with") {
			t.Errorf("without %s: got %v, want a refusal", name, err)
		}
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("a new %s was left in its place: %v", name, err)
		}
		if err := os.WriteFile(path, kept, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
