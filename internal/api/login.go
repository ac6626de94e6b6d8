package api

import (
	"context"

	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/web"
	"github.com/lockage/lockage/wire"
)

func (a *API) login(ctx context.Context, c *call, _ *none) (wire.LoginAnswer, error) {
	b, err := decode[wire.Login](c)
	clear(c.body)
	if err != nil {
		return wire.LoginAnswer{}, err
	}
	in, err := a.control.Login(ctx, control.LoginRequest{
		Email: b.Email, Password: b.Password, Proof: control.Proof{Code: b.Code, Passkey: string(b.Passkey)}, Account: b.Account, Agent: c.agent,
	}, web.Request(ctx))
	return loginOf(in), err
}

func (a *API) takeLentSession(ctx context.Context, c *call, _ *none) (wire.LoginAnswer, error) {
	b, err := decode[wire.LentSession](c)
	clear(c.body)
	if err != nil {
		return wire.LoginAnswer{}, err
	}
	in, err := a.control.TakeLentSession(ctx, b.Code, b.Verifier, c.agent, web.Request(ctx))
	return loginOf(in), err
}

func loginOf(in control.LoggedIn) wire.LoginAnswer {
	out := wire.LoginAnswer{
		Token: in.Token, ExpiresAt: wire.Time(in.ExpiresAt), SessionID: in.Session.ID, SessionExpiresAt: wire.Time(in.Session.ExpiresAt),
		AccountID: in.Session.Account, Accounts: []wire.AccountRef{},
	}
	for _, a := range in.Accounts {
		out.Accounts = append(out.Accounts, wire.AccountRef{ID: a.ID, Name: a.Name})
	}
	return out
}

func (a *API) logout(ctx context.Context, c *call, _ *none) (wire.AdminDone, error) {
	return wire.AdminDone{OK: true}, a.control.Logout(ctx, c.who)
}

func (a *API) refresh(ctx context.Context, c *call, _ *none) (wire.Refreshed, error) {
	token, expires, err := a.control.RefreshSession(ctx, c.who)
	return wire.Refreshed{Token: token, ExpiresAt: wire.Time(expires)}, err
}

func (a *API) switchAccount(ctx context.Context, c *call, _ *none) (wire.LoginAnswer, error) {
	b, err := decode[wire.Switch](c)
	if err != nil {
		return wire.LoginAnswer{}, err
	}
	in, err := a.control.SwitchAccount(ctx, c.who, b.Account)
	return loginOf(in), err
}
