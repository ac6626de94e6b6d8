package control

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"maps"
	"strings"
	"time"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/secret"
	"github.com/lockage/lockage/internal/store"
)

const (
	lentLife    = time.Minute // how long a code may be exchanged
	purposeLend = "lend a session"
)

// LendSession makes a code with which a program opens a session of its own of whoever is logged in here. It is good once,
// for a minute, and only for who knows what the challenge is the SHA-256 of (base64url, RFC 7636), which is the program that
// made it and nobody who saw the code on its way.
func (c *Control) LendSession(ctx context.Context, who access.Principal, challenge string) (code string, err error) {
	err = c.write(ctx, who, access.SessionLend, account, func(v *visit) error {
		v.target = sessionTarget(who.Session)
		if raw, err := base64.RawURLEncoding.DecodeString(challenge); err != nil || len(raw) != sha256.Size {
			return fault.Refused("challenge", "is none that a program makes; begin there again")
		}
		text, _ := c.once(purposeLend, lentTo(who.Session, challenge), lentLife)
		code = strings.Join([]string{who.Account, who.Session, base64.RawURLEncoding.EncodeToString(text)}, ".")
		return nil
	})
	return code, err
}

// lentTo is whom a code is made for: a session, and a program by its challenge.
func lentTo(session, challenge string) string { return secret.Facts("lent", session, challenge) }

// TakeLentSession opens a session by a code of LendSession, which it uses up, and by what its challenge was made of. The
// session proves no more than the one that lent it, ends when that would have, and goes on when that is ended.
func (c *Control) TakeLentSession(ctx context.Context, code, verifier, agent string, from access.Request) (out LoggedIn, err error) {
	defer fault.Wrap(&err, "control: take a lent session")
	if len(code) > 512 || len(verifier) > 128 {
		code, verifier = "", ""
	}
	digest := c.digester.Sum(code)
	refused, err := c.attempt("lent "+hex.EncodeToString(digest[:]), from) // each code counts for itself: it is the address that is limited
	if err != nil {
		return out, err
	}
	first := proven{refused: refused, agent: agent}
	lender, err := c.lender(ctx, code, verifier)
	if err != nil {
		return out, err
	}
	if lender.ID == "" {
		return out, c.refuseLogin(ctx, first, from, errLent())
	}
	first.person.ID = lender.PersonID
	err = c.store.ReadAll(ctx, func(tx *store.Tx) error {
		out.Accounts, err = tx.AccountsOf(ctx, lender.PersonID)
		return err
	})
	if err != nil {
		return LoggedIn{}, err
	}
	out.Secret = newSecret() // no browser keeps it; each session has one
	now := c.now().UTC().Truncate(time.Millisecond)
	out.Session = lender
	out.Session.ID, out.Session.Digest, out.Session.Address, out.Session.Agent = newID(), c.digester.Sum(out.Secret), from.Address, printable(agent, agentMost)
	out.Session.CreatedAt, out.Session.SeenAt = now, now
	entry := loginEntry(lender.Member, first, from)
	maps.Copy(entry.Detail, audit.Detail("source", "session "+lender.ID))
	err = c.store.Write(ctx, lender.Account, func(tx *store.Tx) error {
		if _, err := tx.Session(ctx, lender.ID); err != nil { // ended a moment ago
			return err
		}
		if err := tx.InsertSession(ctx, out.Session); err != nil {
			return err
		}
		return tx.AppendAudit(ctx, entry)
	})
	if fault.Is(err, fault.NotFound) {
		err = c.refuseLogin(ctx, first, from, errLent())
	}
	if err != nil {
		return LoggedIn{}, err
	}
	out.Token, out.ExpiresAt, err = c.issue(out.Session)
	return out, err
}

// lender is the session that a code was made of, while it lives, and uses the code up; none where the code is not good.
func (c *Control) lender(ctx context.Context, code, verifier string) (s Session, err error) {
	parts := strings.Split(code, ".")
	if len(parts) != 3 {
		return Session{}, nil
	}
	text, bad := base64.RawURLEncoding.DecodeString(parts[2])
	if bad != nil {
		return Session{}, nil
	}
	challenge := sha256.Sum256([]byte(verifier))
	good, err := c.spend(ctx, purposeLend, lentTo(parts[1], base64.RawURLEncoding.EncodeToString(challenge[:])), text)
	if err != nil || !good {
		return Session{}, err
	}
	err = c.store.Read(ctx, parts[0], func(tx *store.Tx) error {
		s, err = tx.Session(ctx, parts[1])
		return err
	})
	if fault.Is(err, fault.NotFound) || err == nil && len(c.living([]Session{s})) == 0 {
		return Session{}, nil
	}
	return s, err
}

func errLent() error {
	return fault.New(fault.Unauthenticated, "the browser's answer is used, too old, or not for this program; begin again")
}
