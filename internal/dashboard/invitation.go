package dashboard

import (
	"context"

	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/web"
)

// invitationPage asks who accepts an invitation.
type invitationPage struct {
	Email    string // of who is logged in, and accepts as such; "": nobody is
	Token    string
	Name     string
	Wrong    string
	Fields   wrongs
	Insecure bool // a browser would not keep the cookie of the login that follows
}

func (d *Dashboard) invitation(_ context.Context, v *visit) (answer, error) {
	p := invitationPage{Insecure: !d.keeps(v.r)}
	who, err := d.principal(v.r)
	if err != nil && !fault.Is(err, fault.Unauthenticated) {
		return answer{}, err
	}
	p.Email = who.Name
	return d.invitationAnswer(p), nil
}

func (d *Dashboard) invitationAnswer(p invitationPage) answer {
	return answer{title: "Invitation", script: d.fragment, body: invitationBody(p)}
}

// acceptInvitation makes somebody a member: as who they are logged in as, or by a password, with which they are then
// logged in.
func (d *Dashboard) acceptInvitation(ctx context.Context, v *visit) (answer, error) {
	sent, err := v.form("token", "name", "password")
	if err != nil {
		return answer{}, err
	}
	if !d.keeps(v.r) {
		return d.invitationAnswer(invitationPage{Insecure: true}), nil
	}
	who, err := d.principal(v.r)
	if err != nil && !fault.Is(err, fault.Unauthenticated) {
		return answer{}, err
	}
	j := control.Joining{Token: sent["token"], Name: sent["name"], Password: sent["password"], Session: who}
	joined, err := d.control.AcceptInvitation(ctx, j, web.Request(ctx))
	if err != nil {
		return refill(err, func(e *fault.Error) answer {
			p := invitationPage{Email: who.Name, Token: j.Token, Name: j.Name}
			p.Fields, p.Wrong = wrongsOf(e, "token", "name", "password")
			return d.invitationAnswer(p)
		})
	}
	return d.joined(ctx, v, j, joined, accepted), nil
}
