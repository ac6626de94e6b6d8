package api

import (
	"context"
	"net/http"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/web"
	"github.com/lockage/lockage/wire"
)

func (a *API) listAccounts(ctx context.Context, c *call, in *page) ([]wire.AccountSummary, error) {
	list, next, err := a.control.PageAccounts(ctx, c.who, pageOf(in.Limit, in.Cursor))
	c.next = next
	return convert(list, summaryOf), err
}

// createAccount answers 202 where a link was mailed that opens the account, whether or not anybody has the address.
func (a *API) createAccount(ctx context.Context, c *call, _ *none) (wire.AccountCreated, error) {
	c.who = access.Principal{Request: web.Request(ctx)}
	switch {
	case c.bearer != "":
		who, err := a.control.AuthenticateOpener(ctx, c.bearer, web.Request(ctx))
		if err != nil {
			return wire.AccountCreated{}, err
		}
		c.who = who
	case !a.control.SignsUp(): // what nobody may ask for is not read
		_, err := a.control.OpenAccount(ctx, c.who, control.Opening{})
		return wire.AccountCreated{}, err
	}
	b, err := decode[wire.AccountCreate](c)
	if err != nil {
		return wire.AccountCreated{}, err
	}
	out, err := a.control.OpenAccount(ctx, c.who, control.Opening{Name: b.Name, Email: b.Email})
	answer := wire.AccountCreated{Sent: out.Sent, Link: out.Link}
	if out.Account.ID == "" {
		c.status = http.StatusAccepted
		return answer, err
	}
	answer.Account = new(summaryOf(out.Account))
	return answer, err
}

func (a *API) confirmAccount(ctx context.Context, c *call, _ *none) (wire.AccountConfirmed, error) {
	b, err := decode[wire.AccountConfirm](c)
	clear(c.body)
	if err != nil {
		return wire.AccountConfirmed{}, err
	}
	j := control.Joining{Token: b.Token, Name: b.Name, Password: b.Password}
	if c.bearer != "" {
		if j.Session, err = a.control.AuthenticateMember(ctx, c.bearer, web.Request(ctx)); err != nil {
			return wire.AccountConfirmed{}, err
		}
	}
	out, err := a.control.ConfirmAccount(ctx, j, web.Request(ctx))
	return wire.AccountConfirmed{Account: wire.AccountRef{ID: out.Account.ID, Name: out.Account.Name}, Member: memberOf(out.Member)}, err
}

func summaryOf(s control.Account) wire.AccountSummary {
	return wire.AccountSummary{ID: s.ID, Name: s.Name, CreatedAt: wire.Time(s.CreatedAt)}
}
