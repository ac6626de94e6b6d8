package server_test

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"testing"

	"github.com/lockage/lockage/client"
	"github.com/lockage/lockage/internal/oidctest"
	"github.com/lockage/lockage/internal/server"
	"github.com/lockage/lockage/wire"
)

// posted sends JSON without a credential, and decodes the answer.
func posted(t *testing.T, url string, body, answer any) (status int) {
	t.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	if raw, err = io.ReadAll(a.Body); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, answer); err != nil {
		t.Fatalf("%s: %d %s: %v", url, a.StatusCode, raw, err)
	}
	return a.StatusCode
}

// A server whose login provider is down starts all the same; when that is back, people log in there, and their groups say
// what they may.
func TestPeopleLogInAtTheirProvider(t *testing.T) {
	const public = "https://lockage.example.com"
	p := oidctest.New(t, public+"/oidc/callback")
	p.Put(oidctest.Person{Subject: "ada", Email: "ada@example.com", Verified: true, Groups: []string{"engineers"}})
	p.Before(func(w http.ResponseWriter, _ *http.Request) bool {
		w.WriteHeader(http.StatusServiceUnavailable)
		return true
	})
	c := local(t.TempDir())
	c.PublicURL = public
	c.OIDCIssuer, c.OIDCClientID, c.OIDCClientSecret = p.Issuer, oidctest.ClientID, oidctest.ClientSecret
	r, err := server.StartTrusting(t.Context(), c, slog.New(slog.NewTextHandler(t.Output(), nil)), p.Roots)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, r) })
	at := "http://" + r.ControlAddress()
	asToken := func(token string) *client.Client {
		cl, err := client.New(client.Config{Address: at, Token: token})
		if err != nil {
			t.Fatal(err)
		}
		return cl
	}
	groups := []wire.GroupGrants{{Group: "engineers", Grants: []wire.Grant{{Environment: "development", Role: "developer"}}}}
	account, err := asToken(r.Bootstrapped.Token).UpdateAccount(t.Context(), wire.AccountUpdate{OIDC: &wire.GroupLoginUpdate{Groups: &groups}})
	if err != nil || len(account.OIDC.Groups) != 1 {
		t.Fatalf("got %+v and %v, want the group", account.OIDC, err)
	}

	var refused wire.AdminFailure
	if status := posted(t, at+"/admin/auth/provider/begin", struct{}{}, &refused); status != http.StatusServiceUnavailable {
		t.Errorf("while it is down: got %d %+v, want 503", status, refused)
	}
	p.Before(nil)
	var begun wire.ProviderLogin
	eventually(t, "the provider is asked again", func() bool { return posted(t, at+"/admin/auth/provider/begin", struct{}{}, &begun) == http.StatusOK })
	back := p.Login(t, begun.URL, "ada").Query()
	proof := wire.ProviderProof{Code: back.Get("code"), State: back.Get("state"), Secret: begun.Secret}
	var in wire.LoginAnswer
	if status := posted(t, at+"/admin/auth/provider", proof, &in); status != http.StatusOK || in.Token == "" {
		t.Fatalf("got %d %+v, want a token", status, in)
	}
	list, err := asToken(in.Token).ListEnvironments(t.Context())
	if err != nil || len(list) != 1 || list[0].Name != "development" {
		t.Errorf("ada sees %+v and %v, want development alone", list, err)
	}
	link, err := asToken(in.Token).GetProviderLink(t.Context())
	if err != nil || !link.Linked || link.Email != "ada@example.com" || link.Issuer != p.Issuer {
		t.Errorf("got %+v and %v, want ada's link", link, err)
	}
	if status := posted(t, at+"/admin/auth/provider", proof, &refused); status != http.StatusUnauthorized {
		t.Errorf("the same answer again: got %d %+v, want 401", status, refused)
	}
}
