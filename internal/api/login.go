package api

import (
	"context"

	"github.com/lockage/lockage/internal/web"
	"github.com/lockage/lockage/wire"
)

func (a *API) login(ctx context.Context, c *call, _ *none) (wire.LoginAnswer, error) {
	b, err := decode[wire.Login](c)
	clear(c.body)
	if err != nil {
		return wire.LoginAnswer{}, err
	}
	token, expires, err := a.control.Login(ctx, b.Email, b.Password, web.Request(ctx))
	return wire.LoginAnswer{Token: token, ExpiresAt: wire.Time(expires)}, err
}
