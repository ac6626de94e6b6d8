package api

import (
	"context"

	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/wire"
)

type sessionID struct {
	ID string `path:"id" doc:"Id of the session."`
}

type memberSessions struct {
	ID string `path:"id" doc:"Id of the member."`
}

func (a *API) listSessions(ctx context.Context, c *call, _ *none) ([]wire.Session, error) {
	list, err := a.control.ListSessions(ctx, c.who)
	return sessionsOf(list, c.who.Session), err
}

func (a *API) endSession(ctx context.Context, c *call, in *sessionID) (wire.Ended, error) {
	return wire.Ended{Ended: true}, a.control.EndSession(ctx, c.who, in.ID)
}

func (a *API) endOtherSessions(ctx context.Context, c *call, _ *none) (wire.Ended, error) {
	return wire.Ended{Ended: true}, a.control.EndOtherSessions(ctx, c.who)
}

func (a *API) listMemberSessions(ctx context.Context, c *call, in *memberSessions) ([]wire.Session, error) {
	list, err := a.control.ListMemberSessions(ctx, c.who, in.ID)
	return sessionsOf(list, c.who.Session), err
}

func (a *API) endMemberSessions(ctx context.Context, c *call, in *memberSessions) (wire.Ended, error) {
	_, err := a.control.EndMemberSessions(ctx, c.who, in.ID)
	return wire.Ended{Ended: true}, err
}

func sessionsOf(list []control.Session, current string) []wire.Session {
	out := make([]wire.Session, len(list))
	for i, s := range list {
		out[i] = wire.Session{
			ID: s.ID, AccountID: s.Account, Current: s.ID == current, Methods: s.Methods, Address: s.Address, UserAgent: s.Agent,
			CreatedAt: wire.Time(s.CreatedAt), SeenAt: wire.Time(s.SeenAt), ProvedAt: wire.Time(s.ProvedAt), ExpiresAt: wire.Time(s.ExpiresAt),
		}
	}
	return out
}
