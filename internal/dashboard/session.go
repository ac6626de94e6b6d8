package dashboard

import (
	"context"
	"strings"

	"github.com/lockage/lockage/internal/factor"
)

// sessionsPage lists where somebody is logged in.
type sessionsPage struct {
	Current sessionRow
	Others  []sessionRow
}

type sessionRow struct {
	ID      string
	Agent   string
	Account string // "": the person has only one
	Address string
	Methods string
	Began   moment
	Seen    moment
}

func (d *Dashboard) sessions(ctx context.Context, v *visit) (answer, error) {
	list, err := d.control.ListSessions(ctx, v.who)
	if err != nil {
		return answer{}, err
	}
	var p sessionsPage
	for _, s := range list {
		row := sessionRow{
			ID: s.ID, Agent: program(s.Agent), Address: s.Address, Methods: methods(s.Methods),
			Began: moment(s.CreatedAt), Seen: moment(s.SeenAt),
		}
		if len(v.accounts) > 1 {
			row.Account = v.accountName(s.Account)
		}
		if s.ID == v.who.Session {
			p.Current = row
		} else {
			p.Others = append(p.Others, row)
		}
	}
	return answer{title: "Sessions", body: sessionsBody(p)}, nil
}

func (d *Dashboard) endSession(ctx context.Context, v *visit) (answer, error) {
	if _, err := v.form(); err != nil {
		return answer{}, err
	}
	id := v.r.PathValue("id")
	if err := d.control.EndSession(ctx, v.who, id); err != nil {
		return answer{}, err
	}
	if id == v.who.Session {
		a := goOn("/login", loggedOut)
		a.cookies = append(a.cookies, forget())
		return a, nil
	}
	return goOn("/sessions", sessionEnded), nil
}

func (d *Dashboard) endOtherSessions(ctx context.Context, v *visit) (answer, error) {
	if _, err := v.form(); err != nil {
		return answer{}, err
	}
	if err := d.control.EndOtherSessions(ctx, v.who); err != nil {
		return answer{}, err
	}
	return goOn("/sessions", othersEnded), nil
}

// accountRow is an account that somebody belongs to.
type accountRow struct {
	ID, Name string
	Current  bool
}

type accountsPage struct {
	Next     string
	Accounts []accountRow
}

func (d *Dashboard) accounts(_ context.Context, v *visit) (answer, error) {
	p := accountsPage{Next: localPath(v.r.URL.Query().Get("next"))}
	for _, a := range v.accounts {
		p.Accounts = append(p.Accounts, accountRow{ID: a.ID, Name: a.Name, Current: a.ID == v.who.Account})
	}
	return answer{title: "Accounts", body: accountsBody(p)}, nil
}

// switchAccount goes on in another account, with another secret.
func (d *Dashboard) switchAccount(ctx context.Context, v *visit) (answer, error) {
	sent, err := v.form("account", "next")
	if err != nil {
		return answer{}, err
	}
	next := localPath(sent["next"])
	if sent["account"] == v.who.Account {
		return goOn(next, ""), nil
	}
	in, err := d.control.SwitchAccount(ctx, v.who, sent["account"])
	if err != nil {
		return answer{}, err
	}
	a := goOn(next, switched)
	a.cookies = append(a.cookies, keep(in.Secret, in.Session.ExpiresAt.Sub(d.now())))
	return a, nil
}

// methodWords are the proofs of who somebody is, as people call them.
var methodWords = map[string]string{
	"password": "password", string(factor.TOTP): "authenticator", string(factor.Recovery): "recovery code", string(factor.Passkey): "passkey",
	"oidc": "your organisation's login",
}

func methods(list []string) string {
	words := make([]string, len(list))
	for i, m := range list {
		if words[i] = methodWords[m]; words[i] == "" {
			words[i] = m
		}
	}
	return strings.Join(words, ", ")
}

// program is what a person knows a program by: the browser and the system, where it is one of the usual, else the name
// that it gives itself.
func program(agent string) string {
	named := func(names [][2]string) string {
		for _, n := range names {
			if strings.Contains(agent, n[0]) {
				return n[1]
			}
		}
		return ""
	}
	// the order matters: a browser also gives the names of those it wants to be taken for
	browser := named([][2]string{{"Edg/", "Edge"}, {"OPR/", "Opera"}, {"Firefox/", "Firefox"}, {"FxiOS/", "Firefox"}, {"CriOS/", "Chrome"}, {"Chrome/", "Chrome"}, {"Safari/", "Safari"}})
	system := named([][2]string{{"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Android", "Android"}, {"Windows", "Windows"}, {"Mac OS X", "macOS"}, {"CrOS", "ChromeOS"}, {"Linux", "Linux"}})
	switch {
	case browser != "" && system != "":
		return browser + " on " + system
	case agent == "":
		return "An unnamed program"
	default:
		return agent
	}
}
