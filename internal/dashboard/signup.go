package dashboard

import (
	"context"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/web"
)

// signupPage asks what an account is to be called, and who is to own it.
type signupPage struct {
	Person string // who is logged in, and will own it; "": nobody is
	Name   string
	Email  string
	Wrong  string
	Fields wrongs
}

// openingPage asks who opens the account that a mailed link is for.
type openingPage struct {
	Person   string // who is logged in, and opens it as such; "": nobody is
	Token    string
	Name     string
	Wrong    string
	Fields   wrongs
	Insecure bool // a browser would not keep the cookie of the login that follows
}

// comer is who is logged in; nobody where nobody is. Where accounts are not open to all there is no such page.
func (d *Dashboard) comer(v *visit) (who access.Principal, err error) {
	if !d.control.SignsUp() {
		return who, fault.New(fault.NotFound, "there is no such page")
	}
	who, err = d.principal(v.r)
	if fault.Is(err, fault.Unauthenticated) {
		err = nil
	}
	return who, err
}

func (d *Dashboard) signup(_ context.Context, v *visit) (answer, error) {
	who, err := d.comer(v)
	return signupAnswer(signupPage{Person: who.Name}), err
}

func signupAnswer(p signupPage) answer { return answer{title: "Open an account", body: signupBody(p)} }

// askAccount has a link mailed that opens an account; who is logged in has it at once. To who is not, the answer is the same
// whoever has the address.
func (d *Dashboard) askAccount(ctx context.Context, v *visit) (answer, error) {
	who, err := d.comer(v)
	if err != nil {
		return answer{}, err
	}
	sent, err := v.form("name", "email")
	if err != nil {
		return answer{}, err
	}
	known := who.ID != ""
	if !known {
		who.Request = web.Request(ctx)
	}
	if _, err := d.control.OpenAccount(ctx, who, control.Opening{Name: sent["name"], Email: sent["email"]}); err != nil {
		return refill(err, func(e *fault.Error) answer {
			p := signupPage{Person: who.Name, Name: sent["name"], Email: sent["email"]}
			p.Fields, p.Wrong = wrongsOf(e, "name", "email")
			return signupAnswer(p)
		})
	}
	if known {
		return goOn("/accounts", opened), nil
	}
	return goOn("/login", signupAsked), nil
}

func (d *Dashboard) opening(_ context.Context, v *visit) (answer, error) {
	who, err := d.comer(v)
	return d.openingAnswer(openingPage{Person: who.Name, Insecure: !d.keeps(v.r)}), err
}

func (d *Dashboard) openingAnswer(p openingPage) answer {
	return answer{title: "Your account", script: d.fragment, body: openingBody(p)}
}

// confirmAccount opens the account that the link is for: for who somebody is logged in as, or by a password, with which they
// are then logged in.
func (d *Dashboard) confirmAccount(ctx context.Context, v *visit) (answer, error) {
	who, err := d.comer(v)
	if err != nil {
		return answer{}, err
	}
	sent, err := v.form("token", "name", "password")
	if err != nil {
		return answer{}, err
	}
	if !d.keeps(v.r) {
		return d.openingAnswer(openingPage{Insecure: true}), nil
	}
	j := control.Joining{Token: sent["token"], Name: sent["name"], Password: sent["password"], Session: who}
	joined, err := d.control.ConfirmAccount(ctx, j, web.Request(ctx))
	if err != nil {
		return refill(err, func(e *fault.Error) answer {
			p := openingPage{Person: who.Name, Token: j.Token, Name: j.Name}
			p.Fields, p.Wrong = wrongsOf(e, "token", "name", "password")
			return d.openingAnswer(p)
		})
	}
	return d.joined(ctx, v, j, joined, opened), nil
}

// joined leads who became a member into the account: who was logged in chooses it, who came with a password is logged in.
func (d *Dashboard) joined(ctx context.Context, v *visit, j control.Joining, joined control.Joined, word flash) answer {
	if j.Session.ID != "" {
		return goOn("/accounts", word)
	}
	in, err := d.control.Login(ctx, control.LoginRequest{
		Email: joined.Member.Email, Password: j.Password, Account: joined.Account.ID, Agent: v.r.UserAgent(),
	}, web.Request(ctx))
	if err != nil { // they are a member all the same
		web.Note(ctx, err)
		return goOn("/login", word)
	}
	in.Accounts = nil // it is known in which one they mean to act
	a := d.began(ctx, v, in, "/")
	a.cookies = append(a.cookies, word.cookie())
	return a
}
