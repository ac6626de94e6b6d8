package control

import (
	"context"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/mail"
	"github.com/lockage/lockage/internal/store"
)

// resetLife is how long a link for a new password may be used.
const resetLife = time.Hour

// resetsAtOnce is how many links are mailed to a person that they have not used: nobody fills another's mailbox.
const resetsAtOnce = 3

// newReset makes what a link carries behind its #, where it is sent to no server and kept in no log. Only its digest is
// stored.
func (c *Control) newReset(person, madeIn string, now time.Time) (link string, r store.Reset) {
	token := "rst_" + newSecret()
	return strings.TrimSuffix(c.publicURL, "/") + "/reset#" + token,
		store.Reset{Digest: c.digester.Sum(token), PersonID: person, MadeIn: madeIn, CreatedAt: now, ExpiresAt: now.Add(resetLife)}
}

// RequestReset mails a link for a new password to an address, if somebody has it. Answer and work are the same when
// nobody does, and when they were mailed enough of them.
func (c *Control) RequestReset(ctx context.Context, email string, from access.Request) (err error) {
	defer fault.Wrap(&err, "control: request a reset")
	if c.mail == nil {
		return fault.New(fault.Conflict, "this server sends no mail: ask an owner or admin of your account for a link")
	}
	if len(email) > emailMost {
		email = ""
	}
	if _, err := c.attempt(email, from); err != nil {
		return err
	}
	var person store.Person
	var member store.Member
	where := ""
	err = c.store.ReadAll(ctx, func(tx *store.Tx) error {
		person, err = tx.PersonByEmail(ctx, normalEmail(email))
		if err != nil && !fault.Is(err, fault.NotFound) {
			return err
		}
		found, err := tx.Memberships(ctx, person.ID)
		if err != nil {
			return err
		}
		if len(found) > 0 {
			member, where = found[0], found[0].Account
		}
		if where == "" { // somebody unknown asked: the oldest account's log keeps it, without what they typed
			where, err = tx.OldestAccount(ctx)
		}
		return err
	})
	if err != nil || where == "" {
		return err
	}
	if member.ID == "" { // as if there were somebody of the address, down to what is stored; nobody has the id
		sum := c.digester.Sum("nobody of the address " + normalEmail(email))
		person = store.Person{ID: hex.EncodeToString(sum[:])}
	}
	link, reset := c.newReset(person.ID, "", c.now())
	enough := false
	err = c.store.Write(ctx, where, func(tx *store.Tx) error {
		n, err := tx.ResetsOf(ctx, person.ID)
		if err != nil {
			return err
		}
		if enough = n >= resetsAtOnce; !enough {
			if err := tx.InsertReset(ctx, reset); err != nil {
				return err
			}
		}
		entry := memberEntry(access.PasswordResetRequest, member, from)
		switch {
		case member.ID == "":
			entry.Outcome, entry.Detail = audit.Refused, audit.Detail("error", string(fault.NotFound))
		case enough:
			entry.Outcome, entry.Detail = audit.Refused, audit.Detail("error", string(fault.Limited))
		}
		return tx.AppendAudit(ctx, entry)
	})
	if err == nil && member.ID != "" && !enough {
		c.post(mail.Message{To: person.Email, Subject: "A new password for Lockage", Text: fmt.Sprintf(resetText, link)})
	}
	return err
}

const resetText = `Hello,

somebody asked for a new password for this address. If it was you, open this link within an hour. It works once:

%s

If it was not you, leave it be: your password stays as it is.
`

func memberEntry(action access.Action, m store.Member, from access.Request) audit.Entry {
	return audit.Entry{
		Actor: audit.Actor{Kind: string(access.MemberActor), ID: m.ID, Name: m.Email}, Action: string(action), Outcome: audit.Allowed,
		Target: audit.Target{Kind: "member", ID: m.ID, Name: m.Email}, RequestID: from.ID, Address: from.Address,
	}
}

// MakeReset makes a link with which a member chooses a new password. The link is as good as the member: whoever makes it
// must be able to give all that the member holds, and the member may not belong to another account, which would be taken
// over with it.
func (c *Control) MakeReset(ctx context.Context, who access.Principal, id string) (link string, expires time.Time, err error) {
	var elsewhere bool
	if err := c.store.ReadAll(ctx, func(tx *store.Tx) error {
		elsewhere, err = tx.BelongsElsewhere(ctx, who.Account, id)
		return err
	}); err != nil {
		return "", expires, err
	}
	err = c.write(ctx, who, access.PasswordResetMake, account, func(v *visit) error {
		m, err := v.Member(ctx, id)
		if err != nil {
			return err
		}
		v.target = audit.Target{Kind: "member", ID: m.ID, Name: m.Email}
		grants, err := v.Grants(ctx, v.Account(), m.ID)
		if err != nil {
			return err
		}
		if m.PersonID == v.who.Person {
			return fault.New(fault.Forbidden, "this is you: change your password with the one you have")
		}
		if err := access.CheckGiving(v.who, nil, grants); err != nil {
			return err
		}
		if elsewhere {
			return errElsewhere()
		}
		var reset store.Reset
		link, reset = c.newReset(m.PersonID, v.Account(), v.Now())
		expires = reset.ExpiresAt
		return v.InsertReset(ctx, reset)
	})
	return link, expires, err
}

func errElsewhere() error {
	return fault.New(fault.Conflict, "this person belongs to another account too, which the link would open: they ask for one by e-mail themselves")
}

// UseReset sets a new password with a link, once and in time. All sessions of the person end with it, in all accounts;
// second factors stay. It opens no session.
func (c *Control) UseReset(ctx context.Context, token, password string, from access.Request) (err error) {
	defer fault.Wrap(&err, "control: use a reset")
	if len(token) > 128 {
		token = ""
	}
	digest := c.digester.Sum(token)
	if _, err := c.attempt(hex.EncodeToString(digest[:]), from); err != nil { // so that nobody else's attempts are in the way
		return err
	}
	hash, err := c.newPassword(ctx, "password", password)
	if err != nil {
		return err
	}
	var person store.Person
	var found []store.Member
	err = c.store.ReadAll(ctx, func(tx *store.Tx) error {
		reset, err := tx.Reset(ctx, digest)
		if err != nil {
			return err
		}
		if person, err = tx.Person(ctx, reset.PersonID); err != nil {
			return err
		}
		found, err = tx.Memberships(ctx, person.ID)
		if err == nil && reset.MadeIn != "" && (len(found) != 1 || found[0].Account != reset.MadeIn) {
			err = errReset() // they joined another account since
		}
		return err
	})
	if fault.Is(err, fault.NotFound) || err == nil && len(found) == 0 {
		return errReset()
	}
	if err != nil {
		return err
	}
	for i, m := range found {
		entry := memberEntry(access.PasswordReset, m, from)
		if i > 0 { // one transaction sets it; the logs of the other accounts are told
			if err := c.record(context.WithoutCancel(ctx), m.Account, entry); err != nil {
				c.logger.ErrorContext(ctx, "a new password could not be recorded", "account", m.Account, "member", m.ID, "error", err)
			}
			continue
		}
		err := c.store.Write(ctx, m.Account, func(tx *store.Tx) error {
			there, err := tx.TakeReset(ctx, digest)
			if err != nil {
				return err
			}
			if !there {
				return errReset()
			}
			if err := tx.SetPassword(ctx, person.ID, hash); err != nil {
				return err
			}
			if err := tx.EndEpoch(ctx, person.ID); err != nil {
				return err
			}
			return tx.AppendAudit(ctx, entry)
		})
		if err != nil {
			return err
		}
	}
	c.tellPasswordChanged(person)
	return nil
}

func errReset() error {
	return fault.New(fault.NotFound, "the link is unknown, used or over; ask for a new one")
}

// tellPasswordChanged mails to a person that their password is another one now, so that whom it was taken from learns.
func (c *Control) tellPasswordChanged(p store.Person) {
	c.post(mail.Message{
		To: p.Email, Subject: "Your password for Lockage was changed",
		Text: "Hello,\n\nyour password for Lockage was changed just now, and all your other sessions were ended.\n\nIf it was not you, ask for a new password at once, and tell an owner of your account.\n",
	})
}
