package gateway_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/route"
)

// A replay is made like every other call: with the values of its environment, and recorded as what it is.
func TestReplay(t *testing.T) {
	heads := make(chan http.Header, 10)
	w := echoWorld(t, func(rw http.ResponseWriter, r *http.Request) {
		heads <- r.Header
		body, _ := io.ReadAll(r.Body)
		rw.WriteHeader(http.StatusTeapot)
		fmt.Fprintf(rw, "%s %s %s", r.Method, r.URL.RequestURI(), body)
	}, func(w *world) {
		for i := range w.in.Environments {
			w.in.Environments[i].Record = true
		}
	})
	owner := access.Principal{
		Account: account, Kind: access.MemberActor, ID: "member-owner", Name: "owner", Request: access.Request{Address: "192.0.2.9"},
		Grants: []access.Grant{{Environment: access.AnyEnvironment, Role: access.Owner}},
	}
	p := route.Replay{
		Of: "the-call", Who: owner, Environment: "development", Method: "POST", Path: "/api/v1/a%2Fb", Query: "page=2",
		Headers: []route.HeaderField{{Name: "X-Trace", Value: "a"}, {Name: "X-Trace", Value: "b"}, {Name: "Authorization", Value: "Bearer of-the-caller"}},
		Body:    []byte(`{"amount":5}`),
	}
	done, err := w.gateway.Replay(t.Context(), p)
	if err != nil || done.Status != http.StatusTeapot || done.ErrorType != "" || done.ID == "" {
		t.Fatalf("got %+v and %v", done, err)
	}
	head := <-heads
	if got := strings.Join(head["X-Trace"], ","); got != "a,b" {
		t.Errorf("got X-Trace %q, want both lines", got)
	}
	for name, values := range head {
		if strings.HasPrefix(name, "Lockage") || strings.Contains(strings.Join(values, ""), prodValue) {
			t.Errorf("%s: %q went upstream", name, values)
		}
	}
	c := w.sink.wait(t, 1)[0]
	if c.ID != done.ID || c.ReplayOf != "the-call" || c.EnvironmentID != development || c.KeyID != "member-owner" || c.Address != "192.0.2.9" || c.Status != http.StatusTeapot || len(c.Secrets) == 0 {
		t.Errorf("recorded %+v", c)
	}
	if c.Content == nil || !strings.Contains(string(c.Content.ResponseBody.Bytes), `POST /v1/a%2Fb?page=2 {"amount":5}`) {
		t.Errorf("recorded the content %+v", c.Content)
	}
	for what, change := range map[string]func(*route.Replay){
		"not_found":       func(p *route.Replay) { p.Path = "/never/x" },
		"not_found ":      func(p *route.Replay) { p.Environment = "nowhere" },
		"not_found  ":     func(p *route.Replay) { p.Who.Grants = nil },
		"forbidden":       func(p *route.Replay) { p.Who.Grants = []access.Grant{{Environment: development, Role: access.Viewer}} },
		"unauthenticated": func(p *route.Replay) { p.Who.Account = "another" },
	} {
		other := p
		change(&other)
		if done, err := w.gateway.Replay(t.Context(), other); err != nil || done.ErrorType != strings.TrimSpace(what) {
			t.Errorf("%s: got %+v and %v", what, done, err)
		}
	}
	if len(heads) != 0 {
		t.Errorf("%d refused replays went upstream", len(heads))
	}
}
