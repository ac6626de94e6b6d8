package control

import (
	"context"
	"strings"
	"time"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/mail"
	"github.com/lockage/lockage/internal/store"
)

// signupLife is how long the link of a sign-up may be used.
const signupLife = 24 * time.Hour

// signupsAtOnce is how many links are mailed to an address that were not used: nobody fills another's mailbox.
const signupsAtOnce = 3

// requestAccount mails a link that opens an account to an address. Until it comes back there is no account, so that nobody
// fills the installation with accounts that are nobody's. Nothing looks whether somebody has the address.
func (c *Control) requestAccount(ctx context.Context, o Opening, from access.Request) error {
	if !c.SignsUp() {
		return errCredential()
	}
	o, err := o.check()
	if err != nil {
		return err
	}
	if _, err := c.attempt(o.Email, from); err != nil {
		return err
	}
	where := ""
	err = c.store.ReadAll(ctx, func(tx *store.Tx) error {
		where, err = tx.OldestAccount(ctx)
		return err
	})
	if err != nil {
		return err
	}
	token := "acc_" + newSecret()
	link := strings.TrimSuffix(c.publicURL, "/") + "/signup/confirm#" + token
	s := store.Signup{Digest: c.digester.Sum(token), Email: o.Email, Name: o.Name, CreatedAt: c.now(), ExpiresAt: c.now().Add(signupLife)}
	enough := false
	err = c.store.Write(ctx, where, func(tx *store.Tx) error {
		n, err := tx.SignupsOf(ctx, s.Email)
		if err != nil {
			return err
		}
		entry := memberEntry(access.AccountRequest, store.Member{}, from) // without what they typed
		if enough = n >= signupsAtOnce; enough {
			entry.Outcome, entry.Detail = audit.Refused, audit.Detail("error", string(fault.Limited))
		} else if err := tx.InsertSignup(ctx, s); err != nil {
			return err
		}
		return tx.AppendAudit(ctx, entry)
	})
	if err == nil && !enough {
		c.post(mail.Message{To: s.Email, Subject: "Your account on Lockage", Text: signupText(link)})
	}
	return err
}

// signupText repeats nothing that was typed: else anybody could have this server write to anybody.
func signupText(link string) string {
	return `Hello,

somebody asked for an account on Lockage with this address. If it was you, open this link within 24 hours. It works once,
and makes you the owner of the account:

` + link + `

If it was not you, leave it be: there is no account, and there will be none.
`
}

func errSignup() error {
	return fault.New(fault.NotFound, "the link is unknown, used or over; ask for a new one")
}

// ConfirmAccount opens the account that a link was mailed for, once and in time, for whoever proves to be the person with
// the address, as with an invitation.
func (c *Control) ConfirmAccount(ctx context.Context, j Joining, from access.Request) (out Joined, err error) {
	defer fault.Wrap(&err, "control: confirm an account")
	if !c.SignsUp() || len(j.Token) > 128 {
		return out, errSignup()
	}
	comer, err := c.comer(ctx, j)
	if err != nil {
		return out, err
	}
	digest := c.digester.Sum(j.Token)
	var s store.Signup
	err = c.store.ReadAll(ctx, func(tx *store.Tx) error {
		s, err = tx.Signup(ctx, digest)
		return err
	})
	if fault.Is(err, fault.NotFound) {
		return out, errSignup()
	}
	if err != nil {
		return out, err
	}
	person, err := c.personFor(ctx, s.Email, s.ExpiresAt, j, comer, from)
	if fault.Is(err, fault.NotFound) {
		err = errSignup()
	}
	if err != nil {
		return out, err
	}
	name := j.Name
	if name == "" {
		name = person.Name
	}
	if name == "" {
		name = localPart(s.Email)
	}
	if name, err = access.CheckName("name", name); err != nil {
		return out, err
	}
	who := access.Principal{Request: from}
	out.Account, err = c.createAccount(ctx, newID(), s.Name, who, func(v *visit) error {
		there, err := v.TakeSignup(ctx, digest)
		if err != nil {
			return err
		}
		if !there {
			return errSignup() // another request was first
		}
		if person.ID == "" {
			person.ID, person.Email, person.Name, person.CreatedAt = newID(), s.Email, name, v.Now()
			if err := v.addPerson(ctx, person); err != nil {
				return err
			}
		}
		m, err := v.firstOwner(ctx, person, name)
		h := memberHolder(m)
		h.grants = []access.Grant{ownerOfAll}
		out.Member = v.show(h)
		return err
	})
	if err != nil {
		return Joined{}, err
	}
	return out, nil
}
