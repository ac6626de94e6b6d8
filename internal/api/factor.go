package api

import (
	"context"

	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/web"
	"github.com/lockage/lockage/wire"
)

type factorID struct {
	ID string `path:"id" doc:"Id of the second factor."`
}

func (a *API) listFactors(ctx context.Context, c *call, _ *none) (wire.SecondFactors, error) {
	found, err := a.control.ListFactors(ctx, c.who)
	out := wire.SecondFactors{Factors: []wire.SecondFactor{}, RecoveryCodes: found.RecoveryCodes, Required: found.Required}
	for _, f := range found.List {
		out.Factors = append(out.Factors, factorOf(f))
	}
	return out, err
}

func factorOf(f control.Factor) wire.SecondFactor {
	return wire.SecondFactor{
		ID: f.ID, Kind: string(f.Kind), Name: f.Name, BackedUp: f.BackedUp, CreatedAt: wire.Time(f.CreatedAt), LastUsedAt: wire.Time(f.UsedAt),
	}
}

func (a *API) createTOTP(ctx context.Context, c *call, _ *none) (wire.TOTP, error) {
	b, err := decode[wire.TOTPCreate](c)
	if err != nil {
		return wire.TOTP{}, err
	}
	made, err := a.control.AddTOTP(ctx, c.who, b.Name)
	return wire.TOTP{ID: made.ID, Secret: made.Key, URL: made.URL}, err
}

func (a *API) confirmTOTP(ctx context.Context, c *call, in *factorID) (wire.RecoveryCodes, error) {
	b, err := decode[wire.TOTPConfirm](c)
	if err != nil {
		return wire.RecoveryCodes{}, err
	}
	codes, err := a.control.ConfirmTOTP(ctx, c.who, in.ID, b.Code)
	return codesOf(codes), err
}

func codesOf(codes []string) wire.RecoveryCodes {
	if codes == nil {
		codes = []string{}
	}
	return wire.RecoveryCodes{RecoveryCodes: codes}
}

func (a *API) beginPasskey(ctx context.Context, c *call, _ *none) (wire.PasskeyQuestion, error) {
	q, err := a.control.BeginPasskey(ctx, c.who, "")
	return questionOf(q), err
}

func questionOf(q control.PasskeyQuestion) wire.PasskeyQuestion {
	return wire.PasskeyQuestion{PublicKey: q.Options, ExpiresAt: wire.Time(q.ExpiresAt)}
}

func (a *API) createPasskey(ctx context.Context, c *call, _ *none) (wire.PasskeyCreated, error) {
	b, err := decode[wire.PasskeyCreate](c)
	if err != nil {
		return wire.PasskeyCreated{}, err
	}
	made, codes, err := a.control.AddPasskey(ctx, c.who, b.Name, b.Credential)
	return wire.PasskeyCreated{Factor: factorOf(made), RecoveryCodes: codesOf(codes).RecoveryCodes}, err
}

func (a *API) deleteFactor(ctx context.Context, c *call, in *factorID) (wire.Removed, error) {
	return wire.Removed{Removed: true}, a.control.RemoveFactor(ctx, c.who, in.ID)
}

func (a *API) renewRecoveryCodes(ctx context.Context, c *call, _ *none) (wire.RecoveryCodes, error) {
	codes, err := a.control.RenewRecoveryCodes(ctx, c.who)
	return codesOf(codes), err
}

func (a *API) askPasskey(context.Context, *call, *none) (wire.PasskeyQuestion, error) {
	q, err := a.control.AskPasskey()
	return questionOf(q), err
}

func (a *API) loginWithPasskey(ctx context.Context, c *call, _ *none) (wire.LoginAnswer, error) {
	b, err := decode[wire.PasskeyLogin](c)
	if err != nil {
		return wire.LoginAnswer{}, err
	}
	in, err := a.control.LoginWithPasskey(ctx, b.Credential, control.LoginRequest{Account: b.Account, Agent: c.agent}, web.Request(ctx))
	return loginOf(in), err
}
