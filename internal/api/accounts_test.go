package api_test

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/mail"
	"github.com/lockage/lockage/wire"
)

const operatorToken = "the-operators-token-of-these-tests-0123456789"

// mailbox keeps what would be mailed.
type mailbox struct{ got chan mail.Message }

func (m mailbox) Send(_ context.Context, message mail.Message) error {
	m.got <- message
	return nil
}

// newHotel is a rig where the operator opens accounts, and where it is open to all with a mailbox.
func newHotel(t *testing.T, public bool) (*rig, mailbox) {
	t.Helper()
	box := mailbox{make(chan mail.Message, 100)}
	r := newRig(t, rigConfig{set: func(c *control.Config) {
		c.OperatorToken, c.PublicURL = operatorToken, "https://lockage.example.com"
		if public {
			c.OpenSignup, c.Mail = true, box
		}
	}})
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	var sending sync.WaitGroup
	sending.Go(func() { r.control.SendMail(ctx) })
	t.Cleanup(func() { cancel(); sending.Wait() })
	return r, box
}

// holding is the rig with another credential; "" is none.
func (r *rig) holding(credential string) *rig {
	other := *r
	other.token = credential
	return &other
}

func (r *rig) open(name, email string) answer {
	r.t.Helper()
	header := ""
	if r.token != "" {
		header = "Bearer " + r.token
	}
	return r.do("POST", "/v1/accounts", wire.AccountCreate{Name: name, Email: email}, "Authorization", header)
}

func (r *rig) accountNames() (names []string) {
	r.t.Helper()
	var list []wire.AccountSummary
	r.do("GET", "/v1/accounts", nil).data(200, &list)
	for _, a := range list {
		names = append(names, a.Name)
	}
	return names
}

func same(t *testing.T, what string, want, got any) {
	t.Helper()
	if fmt.Sprint(want) != fmt.Sprint(got) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func TestTheOperatorsAccounts(t *testing.T) {
	t.Parallel()
	r, _ := newHotel(t, false)
	operator := r.holding(operatorToken)
	var made wire.AccountCreated
	operator.open("Acme", "ada@example.com").data(201, &made)
	operator.open("Acme too", "ada@example.com").data(201, &made)
	if made.Account == nil || made.Account.Name != "Acme too" || made.Sent || time.Time(made.Account.CreatedAt).IsZero() {
		t.Errorf("got %+v", made)
	}
	link, token, _ := strings.Cut(made.Link, "#")
	if link != "https://lockage.example.com/invitations" {
		t.Errorf("got a link to %q", link)
	}
	if a := r.comes(token, comersPassword, ""); a.status != 200 {
		t.Fatalf("come: got %d %s", a.status, a.body)
	}
	ada, _ := r.login("ada@example.com", comersPassword)
	same(t, "ada's accounts", []string{"Acme too"}, ada.accountNames())
	same(t, "a token's accounts", []string{"default"}, r.accountNames())
	same(t, "all accounts", []string{"default", "Acme", "Acme too"}, operator.accountNames())
	var first []wire.AccountSummary
	meta := operator.do("GET", "/v1/accounts?limit=2", nil).data(200, &first)
	var rest []wire.AccountSummary
	operator.do("GET", "/v1/accounts?limit=2&cursor="+meta.NextCursor, nil).data(200, &rest)
	if len(first) != 2 || len(rest) != 1 || rest[0].ID != made.Account.ID {
		t.Errorf("got the pages %v and %v", first, rest)
	}
	operator.do("GET", "/v1/accounts?limit=0", nil).problem(400, "validation_error", "limit")
	operator.do("GET", "/v1/accounts?zebra=1", nil).problem(400, "validation_error", "zebra")

	// switched to it by the login and by the session
	login := func(account string) answer {
		return r.do("POST", "/admin/auth/login", wire.Login{Email: "ada@example.com", Password: comersPassword, Account: account}, "Authorization", "")
	}
	if a := login(made.Account.ID); a.status != 200 || !strings.Contains(a.body, `"account_id":"`+made.Account.ID+`"`) {
		t.Errorf("log in to it: got %d %s", a.status, a.body)
	}
	if a := login(r.account); a.status != 400 {
		t.Errorf("log in to the first: got %d %s", a.status, a.body)
	}
	ada.do("POST", "/admin/auth/switch", wire.Switch{Account: r.account}).exactly(404, `{"error":"no such account"}`)
	if log := r.logged(); strings.Contains(log, operatorToken) || strings.Contains(log, token) {
		t.Error("the log repeats a credential")
	}
}

func TestAccountsAreRefused(t *testing.T) {
	t.Parallel()
	r, _ := newHotel(t, false)
	operator := r.holding(operatorToken)
	for _, body := range []string{`{}`, `{"email":"zebra@example.com"}`, `{"name":"","email":"zebra@example.com"}`, `{"name":"a","email":"zebra"}`, `{"name":1}`, `{"name":"a","stray":1}`, `[]`, `{"name":"a","name":"b"}`, `{"name":"zebra\u0000","email":"a@example.com"}`} {
		if p := operator.do("POST", "/v1/accounts", body); p.status != 400 || strings.Contains(p.body, "zebra") {
			t.Errorf("%s: got %d %s, want it refused without a word of it", body, p.status, p.body)
		}
	}
	var log []wire.AuditEntry
	r.do("GET", "/v1/audit-logs?limit=1", nil).data(200, &log)
	if log[0].Actor.Kind != "operator" || log[0].Outcome != "refused" {
		t.Errorf("got %+v, want the operator's refusal", log[0])
	}
	r.open("acme", "ada@example.com").problem(403, "forbidden")
	r.holding(r.jwt()).open("acme", "").problem(403, "forbidden")
	unknown := r.holding("never-was-a-token-of-anybody-0123456789").open("acme", "ada@example.com")
	unknown.problem(401, "unauthenticated")
	nobody := r.holding("").open("acme", "ada@example.com")
	nobody.problem(401, "unauthenticated")
	if len(operator.accountNames()) != 1 {
		t.Errorf("got the accounts %v, want the first alone", operator.accountNames())
	}
	for what, token := range map[string]string{"unknown": "acc_never", "empty": "", "of an invitation": "inv_never"} {
		r.do("POST", "/v1/accounts/confirm", wire.AccountConfirm{Token: token, Password: comersPassword}, "Authorization", "").problem(404, "not_found")
		_ = what
	}
}

// Somebody known and somebody unknown get the same answer, to the byte.
func TestSignUp(t *testing.T) {
	t.Parallel()
	r, box := newHotel(t, true)
	nobody := r.holding("")
	ids := regexp.MustCompile(`"request_id":"[^"]*"`)
	var bodies []string
	for _, email := range []string{"ada@example.com", ownerEmail} {
		a := nobody.open("acme", email)
		a.shaped(202, `{"data":{"sent":true},"meta":{"request_id":"I"}}`)
		bodies = append(bodies, ids.ReplaceAllString(a.body, ""))
		if to := (<-box.got).To; to != email {
			t.Errorf("got mail to %s, want to %s", to, email)
		}
	}
	if bodies[0] != bodies[1] {
		t.Errorf("got %q and %q", bodies[0], bodies[1])
	}
	r.clock.forward(time.Minute)
	nobody.open("acme", "grace@example.com")
	_, token, _ := strings.Cut((<-box.got).Text, "#")
	token, _, _ = strings.Cut(token, "\n")
	confirm := func(credential, password string) answer {
		header := ""
		if credential != "" {
			header = "Bearer " + credential
		}
		return r.do("POST", "/v1/accounts/confirm", wire.AccountConfirm{Token: token, Name: "Grace", Password: password}, "Authorization", header)
	}
	confirm("", "short").problem(400, "validation_error", "password")
	confirm(machineToken, comersPassword).problem(401, "unauthenticated")
	confirm(r.jwt(), "").problem(404, "not_found")
	confirm("", comersPassword).shaped(201, `{"data":{"account":{"id":"I","name":"acme"},"member":{"id":"I","email":"grace@example.com","name":"Grace","status":"active",`+
		`"grants":[{"environment":"*","role":"owner"}],"created_at":"T","expires_at":null}},"meta":{"request_id":"I"}}`)
	confirm("", comersPassword).problem(404, "not_found")
	grace, _ := r.login("grace@example.com", comersPassword)
	var made wire.AccountCreated
	grace.open("another", "").data(201, &made)
	same(t, "grace's accounts", []string{"acme", "another"}, grace.accountNames())
	grace.open("another", "ada@example.com").problem(400, "validation_error", "email")
	r.holding(operatorToken).open("of the operator", "x@example.com").shaped(201, `{"data":{"account":{"id":"I","name":"of the operator","created_at":"T"},"sent":true},"meta":{"request_id":"I"}}`)
	if m := <-box.got; m.To != "x@example.com" || !strings.Contains(m.Text, `"of the operator"`) {
		t.Errorf("got %+v, want the owner's invitation", m)
	}
	limited := false
	for range 12 {
		a := nobody.open("acme", "limit@example.com")
		if limited = a.status == 429; limited {
			a.problem(429, "rate_limited")
			if a.header.Get("Retry-After") == "" {
				t.Error("it does not say when to try again")
			}
		}
	}
	if !limited {
		t.Error("twelve at once are not too many")
	}
	if strings.Contains(r.logged(), token) {
		t.Error("the log repeats the code of a link")
	}
}
