package control

import (
	"context"
	"crypto/subtle"
	"errors"
	"slices"
	"strings"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/store"
)

// Opening is what whoever opens an account says of it.
type Opening struct {
	Name  string // of the account
	Email string // of its owner to be; "" for somebody who is logged in, who owns it
}

// Opened is what came of it. Link is a credential: it is answered once, to the operator, and not at all where it was mailed.
type Opened struct {
	Account Account // the zero one where a link was mailed first, which opens it
	Link    string
	Sent    bool
}

// AuthenticateOpener is Authenticate that knows the operator's token too. It is for the operations that are the operator's,
// and no other.
func (c *Control) AuthenticateOpener(ctx context.Context, bearer string, from access.Request) (access.Principal, error) {
	if given := c.digester.Sum(bearer); c.operator != nil && subtle.ConstantTimeCompare(given[:], c.operator[:]) == 1 {
		return access.Operator(from), nil
	}
	return c.Authenticate(ctx, bearer, from)
}

// SignsUp says whether somebody unknown may open an account.
func (c *Control) SignsUp() bool { return c.openSignup && c.mail != nil }

// OpenAccount opens an account with development and production. The operator opens one for somebody, who is invited to own
// it; somebody who is logged in, where that is open to all, opens one of their own. For somebody unknown, who has no more
// than a Request, it mails a link that opens it: whether anybody has the address is not told, nor looked at.
func (c *Control) OpenAccount(ctx context.Context, who access.Principal, o Opening) (out Opened, err error) {
	defer fault.Wrap(&err, "control: %s", access.AccountCreate)
	switch {
	case who.Kind == "":
		return Opened{Sent: true}, c.requestAccount(ctx, o, who.Request)
	case who.Kind == access.OperatorActor:
		out, err = c.openFor(ctx, who, o)
	default:
		out, err = c.openOwn(ctx, who, o)
	}
	if err != nil {
		target := audit.Target{Kind: "account"}
		if who.Kind == access.OperatorActor {
			c.refusedByNobody(ctx, who, access.AccountCreate, target, err)
		} else if !fault.Is(err, fault.Limited) {
			c.recordRefusal(ctx, &visit{who: who, action: access.AccountCreate, target: target}, err)
		}
		return Opened{}, err
	}
	return out, nil
}

// openFor opens an account by the operator's token, and invites its owner. Who has the address elsewhere is invited like
// everybody, so that the operator learns nothing of other accounts.
func (c *Control) openFor(ctx context.Context, who access.Principal, o Opening) (out Opened, err error) {
	if err := access.Allow(who, access.AccountCreate, access.Environment{}); err != nil {
		return out, err
	}
	if o, err = o.check(); err != nil {
		return out, err
	}
	var posted invitationMail
	out.Account, err = c.createAccount(ctx, newID(), o.Name, who, func(v *visit) error {
		link, digest := c.freshLink()
		i := store.Invitation{
			ID: newID(), Email: o.Email, Name: localPart(o.Email), Digest: digest, SenderKind: access.OperatorActor, Sender: "the operator of this server",
			CreatedAt: v.Now(), ExpiresAt: v.Now().Add(invitationLife),
		}
		if err := errors.Join(v.InsertInvitation(ctx, i), v.InsertGrant(ctx, i.ID, ownerOfAll)); err != nil {
			return err
		}
		out.Link = link
		posted, err = v.invitationMail(ctx, i, link)
		return err
	})
	if err != nil {
		return Opened{}, err
	}
	if c.post(posted.message) {
		out.Link, out.Sent = "", true
	}
	return out, nil
}

// openOwn opens an account of somebody who is logged in, as its owner.
func (c *Control) openOwn(ctx context.Context, who access.Principal, o Opening) (out Opened, err error) {
	switch {
	case !c.openSignup:
		return out, fault.New(fault.Forbidden, "accounts are opened by the operator of this server; ask them")
	case who.Kind != access.MemberActor || who.Person == "":
		return out, fault.New(fault.Forbidden, "an account is opened by a person, who owns it; log in as a member")
	case o.Email != "":
		return out, fault.Refused("email", "must be left out while you are logged in: the account is yours")
	}
	if o.Name, err = access.CheckName("name", o.Name); err != nil {
		return out, err
	}
	if _, err := c.attempt(who.Name, who.Request); err != nil {
		return out, err
	}
	out.Account, err = c.createAccount(ctx, newID(), o.Name, who, func(v *visit) error {
		p, err := v.Person(ctx, who.Person)
		if err != nil {
			return gone(err)
		}
		_, err = v.firstOwner(ctx, p, p.Name)
		return err
	})
	return out, err
}

// ownerOfAll is what the first owner of an account is given.
var ownerOfAll = access.Grant{Environment: access.AnyEnvironment, Role: access.Owner}

// createAccount makes an account with what every one begins with, and with what fn adds: its people. All of it is one
// transaction, whose audit entry is the first of the account's own log.
func (c *Control) createAccount(ctx context.Context, id, name string, who access.Principal, fn func(*visit) error) (a Account, err error) {
	var v *visit
	err = c.store.CreateAccount(ctx, id, name, func(tx *store.Tx) error {
		who.Account, who.Grants = id, nil
		v = &visit{Tx: tx, who: who, action: access.AccountCreate, target: audit.Target{Kind: "account", ID: id, Name: name}}
		if err := insertBuiltIn(ctx, tx); err != nil {
			return err
		}
		if err := fn(v); err != nil {
			return err
		}
		tx.Serve()
		if a, err = tx.AccountSettings(ctx); err != nil {
			return err
		}
		return tx.AppendAudit(ctx, v.entry(audit.Allowed))
	})
	if err != nil {
		return Account{}, err
	}
	if err := c.serve(ctx, v.Tx); err != nil { // said in the log; it has nothing to serve yet, and its link is made
		return a, nil //nolint:nilerr // as documented
	}
	return a, nil
}

// firstOwner makes a person the owner of the account that is being made; from then on they are who makes it.
func (v *visit) firstOwner(ctx context.Context, p store.Person, name string) (store.Member, error) {
	m := store.Member{ID: newID(), PersonID: p.ID, Email: p.Email, Name: name, CreatedAt: v.Now()}
	v.who.Kind, v.who.ID, v.who.Name = access.MemberActor, m.ID, p.Email
	return m, errors.Join(v.InsertMember(ctx, m), v.InsertGrant(ctx, m.ID, ownerOfAll))
}

// check is the opening in its normal form.
func (o Opening) check() (_ Opening, err error) {
	if o.Name, err = access.CheckName("name", o.Name); err != nil {
		return o, err
	}
	o.Email, err = access.ParseEmail("email", o.Email)
	return o, err
}

func localPart(email string) string {
	name, _, _ := strings.Cut(email, "@")
	return name
}

// refusedByNobody records a refusal of somebody who acts in no account, where the oldest account's log keeps it.
func (c *Control) refusedByNobody(ctx context.Context, who access.Principal, action access.Action, target audit.Target, refusal error) {
	err := c.store.ReadAll(ctx, func(tx *store.Tx) (err error) {
		who.Account, err = tx.OldestAccount(ctx)
		return err
	})
	if err != nil {
		c.logger.ErrorContext(ctx, "a refusal could not be recorded", "action", action, "error", err)
		return
	}
	if who.Account != "" {
		c.recordRefusal(ctx, &visit{who: who, action: action, target: target}, refusal)
	}
}

// PageAccounts lists accounts in order of creation: to the operator all there are, to a person those they belong to, to a
// token its own.
func (c *Control) PageAccounts(ctx context.Context, who access.Principal, p Page) (list []Account, next string, err error) {
	limit, after, err := p.open()
	if err != nil {
		return nil, "", err
	}
	if who.Kind == access.OperatorActor {
		err = access.Allow(who, access.AccountList, access.Environment{})
	} else {
		err = c.read(ctx, who, access.AccountList, account, func(v *visit) error {
			a, err := v.AccountSettings(ctx)
			list = []Account{a}
			return err
		})
	}
	if err != nil {
		return nil, "", err
	}
	err = c.store.ReadAll(ctx, func(tx *store.Tx) error {
		switch {
		case who.Kind == access.OperatorActor:
			list, err = tx.AccountPage(ctx, after, limit+1)
		case who.Person != "":
			list, err = tx.AccountsOf(ctx, who.Person)
		}
		return err
	})
	if err != nil {
		return nil, "", err
	}
	list = slices.DeleteFunc(list, func(a Account) bool { return a.ID <= after })
	slices.SortFunc(list, func(a, b Account) int { return strings.Compare(a.ID, b.ID) })
	list, next = cut(list, limit, func(a Account) string { return a.ID })
	return list, next, nil
}
