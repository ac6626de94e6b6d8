package server_test

import (
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lockage/lockage/internal/server"
	"github.com/lockage/lockage/internal/testkit"
	"github.com/lockage/lockage/wire"
)

// An operator makes a link on the data folder, beside the running server; the server takes it.
func TestOperatorResetsAPassword(t *testing.T) {
	for name, database := range map[string]string{"sqlite": "", "postgres": "postgres"} {
		t.Run(name, func(t *testing.T) {
			c := local(t.TempDir())
			if database != "" {
				c.Database = testkit.Postgres(t)
			}
			c.PublicURL = "https://lockage.example.com"
			r, err := server.Start(t.Context(), c, slog.New(slog.NewTextHandler(t.Output(), nil)))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { stop(t, r) })
			link, _, err := server.ResetPassword(t.Context(), c, r.Bootstrapped.Email)
			if err != nil {
				t.Fatal(err)
			}
			page, token, _ := strings.Cut(link, "#")
			if page != "https://lockage.example.com/reset" {
				t.Errorf("got a link to %s", page)
			}
			at := "http://" + r.ControlAddress()
			var done wire.AdminDone
			if status := posted(t, at+"/admin/auth/reset/confirm", wire.ResetConfirm{Token: token, Password: "a horse that is correct"}, &done); status != http.StatusOK {
				t.Errorf("set it: got %d", status)
			}
			var in wire.LoginAnswer
			if status := posted(t, at+"/admin/auth/login", wire.Login{Email: r.Bootstrapped.Email, Password: "a horse that is correct"}, &in); status != http.StatusOK {
				t.Errorf("log in with it: got %d", status)
			}
		})
	}
}

// Where no server ever was nothing is made.
func TestOperatorResetsNothingElsewhere(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "data")
	c := local(folder)
	if link, _, err := server.ResetPassword(t.Context(), c, "owner@example.com"); err == nil || link != "" || !strings.Contains(err.Error(), "--data") {
		t.Errorf("got %q and %v, want which folder", link, err)
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "pepper.key"), make([]byte, 32), 0o600); err != nil {
		t.Fatal(err)
	}
	if link, _, err := server.ResetPassword(t.Context(), c, "owner@example.com"); err == nil || link != "" || !strings.Contains(err.Error(), "no database") {
		t.Errorf("got %q and %v, want that there is no database", link, err)
	}
	if list, err := os.ReadDir(folder); err != nil || len(list) != 1 {
		t.Errorf("got %v and %v, want the key alone", list, err)
	}
}
