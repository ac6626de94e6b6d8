package api

import (
	"context"

	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/web"
	"github.com/lockage/lockage/wire"
)

func (a *API) prove(ctx context.Context, c *call, _ *none) (wire.Proven, error) {
	b, err := decode[wire.Prove](c)
	clear(c.body)
	if err != nil {
		return wire.Proven{}, err
	}
	at, err := a.control.Prove(ctx, c.who, b.Password, control.Proof{Code: b.Code, Passkey: string(b.Passkey)})
	return wire.Proven{ProvedAt: wire.Time(at)}, err
}

func (a *API) changePassword(ctx context.Context, c *call, _ *none) (wire.AdminDone, error) {
	b, err := decode[wire.PasswordChange](c)
	clear(c.body)
	if err != nil {
		return wire.AdminDone{}, err
	}
	return wire.AdminDone{OK: true}, a.control.ChangePassword(ctx, c.who, b.Current, b.Password)
}

func (a *API) requestReset(ctx context.Context, c *call, _ *none) (wire.AdminDone, error) {
	b, err := decode[wire.ResetRequest](c)
	if err != nil {
		return wire.AdminDone{}, err
	}
	return wire.AdminDone{OK: true}, a.control.RequestReset(ctx, b.Email, web.Request(ctx))
}

func (a *API) confirmReset(ctx context.Context, c *call, _ *none) (wire.AdminDone, error) {
	b, err := decode[wire.ResetConfirm](c)
	clear(c.body)
	if err != nil {
		return wire.AdminDone{}, err
	}
	return wire.AdminDone{OK: true}, a.control.UseReset(ctx, b.Token, b.Password, web.Request(ctx))
}

func (a *API) createReset(ctx context.Context, c *call, in *memberSessions) (wire.ResetLink, error) {
	link, expires, err := a.control.MakeReset(ctx, c.who, in.ID)
	return wire.ResetLink{Link: link, ExpiresAt: wire.Time(expires)}, err
}
