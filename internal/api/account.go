package api

import (
	"context"

	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/wire"
)

func (a *API) getAccount(ctx context.Context, c *call, _ *none) (wire.Account, error) {
	found, err := a.control.GetAccount(ctx, c.who)
	return accountOf(found), err
}

func (a *API) updateAccount(ctx context.Context, c *call, _ *none) (wire.Account, error) {
	b, err := decode[wire.AccountUpdate](c)
	if err != nil {
		return wire.Account{}, err
	}
	changed, err := a.control.UpdateAccount(ctx, c.who, b.CommitMessageRequired)
	return accountOf(changed), err
}

func accountOf(s control.Account) wire.Account {
	return wire.Account{
		ID: s.ID, Name: s.Name, CommitMessageRequired: s.CommitMessageRequired, CreatedAt: wire.Time(s.CreatedAt),
	}
}
