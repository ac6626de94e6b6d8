package main_test

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/lockage/lockage/internal/testkit"
	"github.com/lockage/lockage/wire"
)

const operatorToken = "the-operators-token-of-these-tests-0123456789"

// house is an account with somebody in it.
type house struct {
	w        *world
	id       string
	jwt      string // of its owner
	key, own string // an API key of development, and the value that its calls carry
	secret   string // id
}

// TestTwoAccounts opens a second account as the operator, takes the same person into both, and looks from each for what
// is the other's. Then it kills the server while accounts are opened.
func TestTwoAccounts(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, w *world) {
		w.stop(t)
		w.env = append(w.env, "LOCKAGE_OPERATOR_TOKEN="+operatorToken)
		w.serve(t)
		upstream := testkit.NewUpstream(t)
		one := &house{w: w, id: want[wire.Identity](t, w.api(t, http.MethodGet, "/v1/whoami", ""), 200).Account.ID, jwt: ownerToken, own: "value of the first house"}
		two := w.opened(t, "dana@example.com")
		two.own = "value of the second house"
		for _, h := range []*house{one, two} {
			h.furnish(t, upstream)
		}
		sam := map[*house]string{}
		for _, h := range []*house{one, two} { // with the password of the first, which is theirs in both
			h.invites(t, "sam@example.com")
			sam[h] = h.login(t, "sam@example.com")
		}
		for _, h := range []*house{one, two} {
			me := want[wire.Identity](t, h.asks(t, sam[h], http.MethodGet, "/v1/whoami", ""), 200)
			if me.Account.ID != h.id || len(me.Grants) != 1 || me.Grants[0].Role != "developer" {
				t.Errorf("sam in %s: got %+v", h.id, me)
			}
			list := want[[]wire.AccountSummary](t, h.asks(t, sam[h], http.MethodGet, "/v1/accounts", ""), 200)
			same(t, "sam's accounts", []string{one.id, two.id}, ids(list))
		}
		one.seesNothingOf(t, two, ownerToken, sam[one])
		two.seesNothingOf(t, one, two.jwt, sam[two])
		same(t, "the owner's accounts", []string{one.id}, ids(want[[]wire.AccountSummary](t, one.asks(t, ownerToken, http.MethodGet, "/v1/accounts", ""), 200)))

		// the key decides the account, as for everybody
		for _, h := range []*house{one, two} {
			if a := w.call(t, h.key, "/shop"); a.StatusCode != 200 {
				t.Fatalf("call: status %d: %s", a.StatusCode, a.body)
			}
			sent := upstream.Requests()
			if got := sent[len(sent)-1].Header.Get("X-Own"); got != h.own {
				t.Errorf("the call of %s carried %q, want %q", h.id, got, h.own)
			}
		}
		// to all but two operations the operator's token never was one
		for _, path := range []string{"/v1/environments", "/v1/members", "/v1/audit-logs", "/v1/whoami", "/v1/account"} {
			if a := one.asks(t, operatorToken, http.MethodGet, path, ""); a.StatusCode != 401 {
				t.Errorf("%s as the operator: got %d %s", path, a.StatusCode, a.body)
			}
		}
		w.killedWhileOpening(t)
	}, "--allow-upstreams", "127.0.0.0/8")
}

func (h *house) asks(t *testing.T, credential, method, path, body string) reply {
	t.Helper()
	return h.w.send(t, method, h.w.control+path, credential, body)
}

// opened has the operator open an account for somebody new, who comes.
func (w *world) opened(t *testing.T, email string) *house {
	t.Helper()
	var made wire.AccountCreated
	read(t, w.runs(t, "", "accounts", "create", "the house of "+email, "--owner", email, "--json"), &made)
	h := &house{w: w, id: made.Account.ID}
	h.comes(t, made.Link)
	h.jwt = h.login(t, email)
	return h
}

func (h *house) comes(t *testing.T, link string) {
	t.Helper()
	_, token, _ := strings.Cut(link, "#")
	a := h.asks(t, "", http.MethodPost, "/admin/invitations/accept", `{"token":"`+token+`","password":"a battery and a staple of hers"}`)
	if a.StatusCode != http.StatusOK {
		t.Fatalf("accept: status %d: %s", a.StatusCode, a.body)
	}
}

// login is somebody's session in the account.
func (h *house) login(t *testing.T, email string) string {
	t.Helper()
	a := h.asks(t, "", http.MethodPost, "/admin/auth/login", `{"email":"`+email+`","password":"a battery and a staple of hers","account":"`+h.id+`"}`)
	var in wire.LoginAnswer
	read(t, a.body, &in)
	if in.AccountID != h.id {
		t.Fatalf("log in %s: got %d %s", email, a.StatusCode, a.body)
	}
	return in.Token
}

// invites takes somebody in, who sees development.
func (h *house) invites(t *testing.T, email string) {
	t.Helper()
	a := h.asks(t, h.jwt, http.MethodPost, "/v1/members", `{"email":"`+email+`","grants":[{"environment":"development","role":"developer"}]}`)
	h.comes(t, want[wire.MemberInvited](t, a, 201).Link)
}

// furnish makes in each account what has the same name in the other.
func (h *house) furnish(t *testing.T, upstream *testkit.Upstream) {
	t.Helper()
	h.secret = want[wire.Secret](t, h.asks(t, h.jwt, http.MethodPost, "/v1/secrets", `{"name":"own"}`), 201).ID
	want[any](t, h.asks(t, h.jwt, http.MethodPut, "/v1/secrets/own/environments/development", `{"value":"`+h.own+`"}`), 200)
	want[any](t, h.asks(t, h.jwt, http.MethodPost, "/v1/routes?commit=shop", `{"key":"shop","target_url":"`+upstream.URL+`","inject_headers":{"X-Own":"{{secret:own}}"}}`), 201)
	h.key = want[apiKey](t, h.asks(t, h.jwt, http.MethodPost, "/v1/api-keys", `{"environment":"development","type":"secret"}`), 201).Key
}

// seesNothingOf looks for the other account, with credentials of this one.
func (h *house) seesNothingOf(t *testing.T, other *house, credentials ...string) {
	t.Helper()
	never := "018f0000-0000-7000-8000-0000000000ff"
	for _, credential := range credentials {
		for _, path := range []string{"/v1/environments", "/v1/secrets", "/v1/routes", "/v1/api-keys", "/v1/members", "/v1/audit-logs", "/v1/logs"} {
			a := h.asks(t, credential, http.MethodGet, path, "")
			if strings.Contains(a.body, other.id) || strings.Contains(a.body, other.secret) || strings.Contains(a.body, other.own) {
				t.Errorf("%s tells of the other account: %s", path, a.body)
			}
		}
		foreign, unknown := h.asks(t, credential, http.MethodGet, "/v1/secrets/"+other.secret, ""), h.asks(t, credential, http.MethodGet, "/v1/secrets/"+never, "")
		if foreign.StatusCode != http.StatusNotFound || foreign.StatusCode != unknown.StatusCode {
			t.Errorf("a foreign secret: got %d %s, want as for one that never was: %d", foreign.StatusCode, foreign.body, unknown.StatusCode)
		}
	}
	if a := h.w.call(t, h.key, "/"+other.secret); a.StatusCode != 404 {
		t.Errorf("a call of what is the other's: got %d %s", a.StatusCode, a.body)
	}
}

func ids(list []wire.AccountSummary) (ids []string) {
	for _, a := range list {
		ids = append(ids, a.ID)
	}
	return ids
}

// killedWhileOpening kills the server while accounts are opened: each that was acknowledged is there afterwards, whole,
// and its owner comes.
func (w *world) killedWhileOpening(t *testing.T) {
	t.Helper()
	before := len(w.accounts(t))
	var mu sync.Mutex
	var made []wire.AccountCreated
	enough, counted := make(chan struct{}), new(atomic.Int64)
	var opening sync.WaitGroup
	for range 3 {
		opening.Go(func() {
			for {
				a, err := w.attempt(http.MethodPost, w.control+"/v1/accounts", operatorToken, `{"name":"fresh","email":"grace@example.com"}`)
				if err != nil || a.StatusCode != 201 {
					return // the server is gone
				}
				mu.Lock()
				made = append(made, want[wire.AccountCreated](t, a, 201))
				mu.Unlock()
				if counted.Add(1) == 12 {
					close(enough)
				}
			}
		})
	}
	ended := make(chan struct{})
	go func() { opening.Wait(); close(ended) }()
	select {
	case <-enough:
	case <-ended:
		t.Fatal("the server stopped opening accounts before it was killed")
	}
	w.kill(t)
	<-ended
	w.serve(t)
	there := ids(w.accounts(t))
	if n := len(there) - before; n < len(made) || n > len(made)+3 {
		t.Errorf("there are %d more accounts, want the %d that were acknowledged, and at most one that each was about to open", n, len(made))
	}
	for i, a := range made {
		if !slices.Contains(there, a.Account.ID) {
			t.Fatalf("the account %s was acknowledged and is gone", a.Account.ID)
		}
		if i > 0 && i < len(made)-1 {
			continue // an attempt to log in is counted each time
		}
		h := &house{w: w, id: a.Account.ID}
		h.comes(t, a.Link)
		jwt := h.login(t, "grace@example.com")
		if list := want[[]wire.Environment](t, h.asks(t, jwt, http.MethodGet, "/v1/environments", ""), 200); len(list) != 2 {
			t.Errorf("%s has %d environments, want development and production", h.id, len(list))
		}
		if log := want[[]wire.AuditEntry](t, h.asks(t, jwt, http.MethodGet, "/v1/audit-logs?action=account.create", ""), 200); len(log) != 1 || log[0].Actor.Kind != "operator" {
			t.Errorf("%s: got the log %+v, want it to begin with the operator's entry", h.id, log)
		}
	}
}

// accounts are all there are, as the operator sees them.
func (w *world) accounts(t *testing.T) (list []wire.AccountSummary) {
	t.Helper()
	read(t, w.runs(t, "", "accounts", "list", "--json"), &list)
	return list
}
