package control

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/mail"
	"github.com/lockage/lockage/internal/store"
)

// invitationLife is how long an invitation may be accepted.
const invitationLife = 7 * 24 * time.Hour

// Invited is an invitation that was made or made anew. Link is a credential: it is answered once, and not at all where it
// was mailed.
type Invited struct {
	Member Member
	Link   string
	Sent   bool
}

// InviteMember invites an address to the account. Whether anybody has the address elsewhere is not told, nor looked at.
func (c *Control) InviteMember(ctx context.Context, who access.Principal, email, name string, written []Grant) (out Invited, err error) {
	var posted invitationMail
	err = c.write(ctx, who, access.MemberInvite, account, func(v *visit) error {
		if err := c.holdsStill(ctx, v); err != nil {
			return err
		}
		if email, err = access.ParseEmail("email", email); err != nil {
			return err
		}
		if name == "" {
			name, _, _ = strings.Cut(email, "@")
		}
		if name, err = access.CheckName("name", name); err != nil {
			return err
		}
		v.target = audit.Target{Kind: "member", Name: email}
		if len(written) == 0 {
			return fault.Refused("grants", `must hold at least one, for example {"environment": "development", "role": "developer"}`)
		}
		grants, err := v.parseGrants(written)
		if err != nil {
			return err
		}
		if err := access.CheckGiving(v.who, nil, grants); err != nil {
			return err
		}
		if err := v.isFree(ctx, email); err != nil {
			return err
		}
		link, digest := c.freshLink()
		i := store.Invitation{
			ID: newID(), Email: email, Name: name, Digest: digest, SenderKind: v.who.Kind, SenderID: v.who.ID, Sender: v.who.Name,
			CreatedAt: v.Now(), ExpiresAt: v.Now().Add(invitationLife),
		}
		if err := v.InsertInvitation(ctx, i); err != nil {
			return err
		}
		if err := v.PutGrants(ctx, i.ID, grants); err != nil {
			return err
		}
		h := invitationHolder(i)
		h.grants = grants
		v.target, v.detail = h.target(), v.grantsDetail(grants)
		out = Invited{Member: v.show(h), Link: link}
		posted, err = v.invitationMail(ctx, i, link)
		return err
	})
	if err != nil {
		return Invited{}, err
	}
	return c.handOver(out, posted), nil
}

// isFree refuses an address that is somebody's in this account already.
func (v *visit) isFree(ctx context.Context, email string) error {
	if _, err := v.MemberByEmail(ctx, email); !fault.Is(err, fault.NotFound) {
		return orConflict(err, "there is a member with this e-mail address already")
	}
	if _, err := v.InvitationByEmail(ctx, email); !fault.Is(err, fault.NotFound) {
		return orConflict(err, "somebody with this e-mail address is invited already; send the invitation again, or take it back")
	}
	return nil
}

func orConflict(err error, message string) error {
	if err != nil {
		return err
	}
	return fault.New(fault.Conflict, "%s", message)
}

// ResendInvitation makes a new link for who is invited; the one before is dead. Who sends it again answers for its grants.
func (c *Control) ResendInvitation(ctx context.Context, who access.Principal, id string) (out Invited, err error) {
	var h grantee
	var posted invitationMail
	err = c.write(ctx, who, access.MemberInvite, ofMember(id, &h), func(v *visit) error {
		if err := c.holdsStill(ctx, v); err != nil {
			return err
		}
		if h.invitation == nil {
			return fault.New(fault.Conflict, "the member has come already; there is no invitation to send again")
		}
		if err := access.CheckGiving(v.who, nil, h.grants); err != nil {
			return err
		}
		i, link := *h.invitation, ""
		link, i.Digest = c.freshLink()
		i.SenderKind, i.SenderID, i.Sender = v.who.Kind, v.who.ID, v.who.Name
		i.ExpiresAt = v.Now().Add(invitationLife)
		h.invitation, v.detail = &i, v.grantsDetail(h.grants)
		out = Invited{Member: v.show(h), Link: link}
		if err := v.UpdateInvitation(ctx, i); err != nil {
			return err
		}
		posted, err = v.invitationMail(ctx, i, link)
		return err
	})
	if err != nil {
		return Invited{}, err
	}
	return c.handOver(out, posted), nil
}

// freshLink makes what a link carries, of 256 random bits behind its #: what stands there is sent to no server and kept
// in no log. Only its digest is stored.
func (c *Control) freshLink() (link string, digest [32]byte) {
	raw := make([]byte, 32)
	_, _ = rand.Read(raw) // never fails: crypto/rand ends the program instead
	token := "inv_" + base64.RawURLEncoding.EncodeToString(raw)
	return strings.TrimSuffix(c.publicURL, "/") + "/invitations#" + token, c.digester.Sum(token)
}

// invitationMail is what an invitation says in a mail.
type invitationMail struct{ message mail.Message }

func (v *visit) invitationMail(ctx context.Context, i store.Invitation, link string) (m invitationMail, err error) {
	a, err := v.AccountSettings(ctx)
	if err != nil {
		return m, err
	}
	m.message = mail.Message{
		To: i.Email, Subject: "Invitation to " + a.Name + " on Lockage",
		Text: fmt.Sprintf(`Hello,

%s invites you to the account "%s" on Lockage.

To accept, open this link within 7 days. It works once, and only for you: whoever has it can come in your place.

%s

If you do not expect this, leave it be: nothing happens.
`, i.Sender, a.Name, link),
	}
	return m, nil
}

// handOver mails the link where mail is sent, and otherwise leaves it in the answer.
func (c *Control) handOver(out Invited, m invitationMail) Invited {
	if c.post(m.message) {
		out.Link, out.Sent = "", true
	}
	return out
}

func errInvitation() error {
	return fault.New(fault.NotFound, "the invitation is unknown, used, taken back or over; ask whoever invited you for a new one")
}

// Joining is somebody who accepts an invitation: with the session of who they are already, or with a password, which
// becomes theirs where they are new here and proves who they are where they are not.
type Joining struct {
	Token    string
	Name     string // what the account is to call them; "": what the invitation says
	Password string
	Session  access.Principal // of a session; zero: none
}

// Joined says where somebody is a member now.
type Joined struct {
	Account Account
	Member  Member
}

// AcceptInvitation makes somebody a member of the account that invited them, once and in time. The invitation is for one
// address: whoever comes with a session, or with a password that is known here, must have it.
func (c *Control) AcceptInvitation(ctx context.Context, j Joining, from access.Request) (out Joined, err error) {
	defer fault.Wrap(&err, "control: accept an invitation")
	comer, err := c.comer(ctx, j)
	if err != nil {
		return out, err
	}
	var invitation store.Invitation
	err = c.store.ReadAll(ctx, func(tx *store.Tx) error {
		invitation, err = tx.InvitationByDigest(ctx, c.digester.Sum(j.Token))
		return err
	})
	if fault.Is(err, fault.NotFound) {
		return out, errInvitation()
	}
	if err != nil {
		return out, err
	}
	person, err := c.personFor(ctx, invitation.Email, invitation.ExpiresAt, j, comer, from)
	if err != nil {
		return out, err
	}
	who := access.System(invitation.Account)
	who.Request = from
	err = c.write(ctx, who, access.MemberJoin, account, func(v *visit) error {
		i, err := v.Invitation(ctx, invitation.ID)
		if fault.Is(err, fault.NotFound) || err == nil && (i.Digest != invitation.Digest || !v.Now().Before(i.ExpiresAt)) {
			return errInvitation()
		}
		if err != nil {
			return err
		}
		out, err = c.join(ctx, v, i, j, person)
		return err
	})
	return out, err
}

// join turns an invitation into a member.
func (c *Control) join(ctx context.Context, v *visit, i store.Invitation, j Joining, person store.Person) (out Joined, err error) {
	grants, err := v.Grants(ctx, v.Account(), i.ID)
	if err != nil {
		return out, err
	}
	if err := c.senderMay(ctx, v, i, grants); err != nil {
		return out, err
	}
	m := store.Member{ID: i.ID, Email: i.Email, Name: i.Name, CreatedAt: v.Now()}
	if j.Name != "" {
		if m.Name, err = access.CheckName("name", j.Name); err != nil {
			return out, err
		}
	}
	if person.ID == "" {
		person.ID, person.Email, person.Name, person.CreatedAt = newID(), i.Email, m.Name, v.Now()
		if err := v.addPerson(ctx, person); err != nil {
			return out, err
		}
	}
	m.PersonID = person.ID
	v.who = access.Principal{Account: v.Account(), Kind: access.MemberActor, ID: m.ID, Name: m.Email, Grants: grants, Request: v.who.Request}
	h := memberHolder(m)
	h.grants = grants
	v.target, v.detail = h.target(), v.grantsDetail(grants)
	if err := v.DeleteInvitation(ctx, i.ID); err != nil {
		return out, err
	}
	if err := v.InsertMember(ctx, m); err != nil {
		return out, err
	}
	out.Member = v.show(h)
	out.Account, err = v.AccountSettings(ctx)
	v.Serve() // tokens may be theirs later
	return out, err
}

// addPerson adds a person, unless another request was first.
func (v *visit) addPerson(ctx context.Context, p store.Person) error {
	added, err := v.InsertPersonOnce(ctx, p)
	if err == nil && !added {
		return fault.New(fault.Conflict, "somebody with this e-mail address came at the same moment; try again")
	}
	return err
}

// senderMay refuses an invitation whose sender could not give any more what it gives: whoever was removed leaves no door
// open.
func (c *Control) senderMay(ctx context.Context, v *visit, i store.Invitation, grants []access.Grant) error {
	if i.SenderKind == access.OperatorActor { // of the first owner, with the account: nobody in it could take that away
		return nil
	}
	sender := access.Principal{Account: v.Account(), Kind: i.SenderKind, ID: i.SenderID, Name: i.Sender}
	probe := &visit{Tx: v.Tx, who: sender, action: access.MemberInvite, pipeline: v.pipeline}
	err := c.holdsStill(ctx, probe)
	if err == nil {
		err = access.CheckGiving(probe.who, nil, grants)
	}
	if fault.Is(err, fault.Unauthenticated) || fault.Is(err, fault.Forbidden) {
		return errInvitation()
	}
	return err
}

// comer is the person whose session it is; the zero one without a session.
func (c *Control) comer(ctx context.Context, j Joining) (p store.Person, err error) {
	switch {
	case j.Session.Kind == "":
		return p, nil
	case j.Session.Kind != access.MemberActor || j.Session.Person == "":
		return p, errCredential()
	}
	err = c.store.ReadAll(ctx, func(tx *store.Tx) error {
		p, err = tx.Person(ctx, j.Session.Person)
		return err
	})
	return p, gone(err)
}

// personFor proves that who comes is the one with the address. Of who is new here it answers a person without an id, with
// the hash of their password.
func (c *Control) personFor(ctx context.Context, email string, expires time.Time, j Joining, comer store.Person, from access.Request) (p store.Person, err error) {
	if comer.ID != "" {
		if comer.Email != email {
			return p, errInvitation()
		}
		return comer, nil
	}
	if !c.now().Before(expires) {
		return p, errInvitation()
	}
	if err := checkPasswordForm("password", j.Password); err != nil {
		return p, err
	}
	err = c.store.ReadAll(ctx, func(tx *store.Tx) error {
		p, err = tx.PersonByEmail(ctx, email)
		return err
	})
	if err != nil && !fault.Is(err, fault.NotFound) {
		return p, err
	}
	if p.ID == "" {
		p.PasswordHash, err = c.hash(ctx, j.Password)
		return p, err
	}
	return p, c.provesPassword(ctx, p, j.Password, from)
}

// provesPassword fails unless the password is the person's. It counts, and is recorded, as an attempt to log in; whoever
// has set up a second factor shows that by logging in.
func (c *Control) provesPassword(ctx context.Context, p store.Person, password string, from access.Request) error {
	refused, err := c.attempt(p.Email, from)
	if err != nil {
		return err
	}
	right, err := c.checkPassword(ctx, p.PasswordHash, password)
	if err != nil {
		return err
	}
	first := proven{person: p, methods: []string{methodPassword}, refused: refused}
	if !right {
		return c.refuseLogin(ctx, first, from, fault.New(fault.Unauthenticated, "you have a login here already: accept with its password, or while you are logged in"))
	}
	if _, err = c.second(ctx, first, Proof{}); fault.Is(err, fault.Unauthenticated) {
		return fault.New(fault.Unauthenticated, "you have a second factor: log in, and accept while you are logged in")
	}
	return err
}

// checkPasswordForm refuses what cannot be a password, before anything is hashed. It counts bytes, and tells of characters,
// as people count: one has at most four bytes, and at least one.
func checkPasswordForm(field, password string) error {
	switch n := len(password); {
	case n < passwordLeast:
		return fault.Refused(field, "must have at least %d characters", passwordLeast)
	case n > passwordMost:
		return fault.Refused(field, "is too long; one of %d characters always fits", passwordMost/utf8.UTFMax)
	}
	return nil
}

// hash hashes a password, a bounded number at once.
func (c *Control) hash(ctx context.Context, password string) (string, error) {
	if err := c.hashing.Acquire(ctx, 1); err != nil {
		return "", fault.New(fault.Unavailable, "too many passwords are checked at this moment; try again")
	}
	defer c.hashing.Release(1)
	return hashPassword(password), nil
}
