package control

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/apikey"
	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/store"
)

// operatorName is what the audit log calls whoever works on the server's own machine, beside a server or without one.
const operatorName = "operator"

// OperatorConfig is what an operator's command works on: the database itself, and the digests' key beside it. The
// key-encryption key is not needed, so that a way back in stays when its service cannot be reached.
type OperatorConfig struct {
	Store     *store.Store     // required
	Digester  *apikey.Digester // required
	PublicURL string           // where browsers reach the server
}

// OperatorReset makes a link with which somebody sets a new password, for the day on which nobody else can make one. Who
// can read the key and write the database could set one anyway; this tells of it in the log of each account that the person
// belongs to, before the link counts. A running server may go on beside it. Second factors stay.
func OperatorReset(ctx context.Context, o OperatorConfig, email string) (link string, expires time.Time, err error) {
	defer fault.Wrap(&err, "control: make a reset for the operator")
	c := &Control{store: o.Store, digester: o.Digester, publicURL: o.PublicURL}
	var found []store.Member
	err = c.store.ReadAll(ctx, func(tx *store.Tx) error {
		if err := c.knowsPepper(ctx, tx); err != nil {
			return err
		}
		p, err := tx.PersonByEmail(ctx, normalEmail(email))
		if fault.Is(err, fault.NotFound) {
			return errNoPerson()
		}
		if err != nil {
			return err
		}
		if found, err = tx.Memberships(ctx, p.ID); err == nil && len(found) == 0 {
			err = errNoPerson()
		}
		return err
	})
	if err != nil {
		return "", expires, err
	}
	for i, m := range found {
		entry := audit.Entry{
			Actor: audit.Actor{Kind: string(access.SystemActor), Name: operatorName}, Action: string(access.PasswordResetMake), Outcome: audit.Allowed,
			Target: audit.Target{Kind: "member", ID: m.ID, Name: m.Email},
		}
		if i < len(found)-1 {
			if err := c.record(ctx, m.Account, entry); err != nil {
				return "", expires, err
			}
			continue
		}
		err := c.store.Write(ctx, m.Account, func(tx *store.Tx) error {
			var reset store.Reset
			link, reset = c.newReset(m.PersonID, "", tx.Now())
			expires = reset.ExpiresAt
			return errors.Join(tx.InsertReset(ctx, reset), tx.AppendAudit(ctx, entry))
		})
		if err != nil {
			return "", expires, err
		}
	}
	return link, expires, nil
}

func errNoPerson() error {
	return fault.New(fault.NotFound, "nobody who belongs to an account has this address")
}

// knowsPepper says whether the digests' key is the one that the database was made with: with another, nothing that is made
// here would be found there.
func (c *Control) knowsPepper(ctx context.Context, tx *store.Tx) error {
	proof := c.digester.Sum(pepperProof)
	stored, err := tx.Setting(ctx, settingPepper)
	if err == nil && !bytes.Equal(stored, proof[:]) {
		err = fmt.Errorf("%w (the pepper differs)", ErrOtherKeys)
	}
	return err
}
