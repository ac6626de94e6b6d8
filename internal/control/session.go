package control

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/store"
)

// How long a session lasts: at most sessionLife, and no longer than sessionIdle without a request.
const (
	sessionLife = 12 * time.Hour
	sessionIdle = time.Hour
)

// presence remembers when sessions were last used, so that a request need not write it: it is stored in batches.
type presence struct {
	mu   sync.Mutex
	seen map[string]sighting // by session id
}

type sighting struct {
	account string
	at      time.Time
}

// live says whether a session is not over, and notes that it is used.
func (p *presence) live(s Session, now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	last := s.SeenAt
	if seen, ok := p.seen[s.ID]; ok && seen.at.After(last) {
		last = seen.at
	}
	if !now.Before(s.ExpiresAt) || !now.Before(last.Add(sessionIdle)) {
		return false
	}
	if p.seen == nil {
		p.seen = map[string]sighting{}
	}
	p.seen[s.ID] = sighting{s.Account, now}
	return true
}

// last is when a session was last used, as far as this process knows.
func (p *presence) last(s Session) time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	if seen, ok := p.seen[s.ID]; ok && seen.at.After(s.SeenAt) {
		return seen.at
	}
	return s.SeenAt
}

// take hands out what was noted since the last time. What cannot be stored is given back.
func (p *presence) take() map[string]sighting {
	p.mu.Lock()
	defer p.mu.Unlock()
	taken := p.seen
	p.seen = nil
	return taken
}

func (p *presence) giveBack(taken map[string]sighting) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.seen == nil {
		p.seen = map[string]sighting{}
	}
	for id, s := range taken {
		if !p.seen[id].at.After(s.at) {
			p.seen[id] = s
		}
	}
}

// AuthenticateCookie takes the secret of a session, as a browser keeps it.
func (c *Control) AuthenticateCookie(ctx context.Context, cookie string, from access.Request) (who access.Principal, err error) {
	defer fault.Wrap(&err, "control: authenticate a browser")
	digest := c.digester.Sum(cookie)
	err = c.store.ReadAll(ctx, func(tx *store.Tx) error {
		s, err := tx.SessionByDigest(ctx, digest)
		if err == nil {
			who, err = c.actAs(ctx, tx, s, from)
		}
		return err
	})
	if fault.Is(err, fault.NotFound) {
		err = errCredential()
	}
	return who, err
}

// actAs is the principal of a session that is not over. Grants are read anew, so that taking one away holds from the
// next request on.
func (c *Control) actAs(ctx context.Context, tx *store.Tx, s Session, from access.Request) (who access.Principal, err error) {
	if !c.presence.live(s, c.now()) {
		return who, errCredential()
	}
	who = access.Principal{
		Account: s.Account, Kind: access.MemberActor, ID: s.Member.ID, Name: s.Member.Email, Request: from,
		Person: s.PersonID, Session: s.ID, Provider: slices.Contains(s.Methods, methodOIDC), Proved: s.ProvedAt,
	}
	who.Grants, err = heldBy(ctx, tx, who)
	who.Lacks = lackOf(s, who.Grants)
	return who, err
}

// heldBy reads what a member holds. What groups give counts in the sessions of the login provider, where groups are kept.
func heldBy(ctx context.Context, tx *store.Tx, who access.Principal) ([]access.Grant, error) {
	if who.Provider {
		return tx.Grants(ctx, who.Account, who.ID)
	}
	return tx.GrantsByHand(ctx, who.Account, who.ID)
}

// ListSessions lists the principal's own sessions, in whatever account they act, the newest first.
func (c *Control) ListSessions(ctx context.Context, who access.Principal) (list []Session, err error) {
	err = c.read(ctx, who, access.SessionList, account, func(*visit) error { return nil })
	if err != nil {
		return nil, err
	}
	return c.sessionsOf(ctx, who.Person)
}

func (c *Control) sessionsOf(ctx context.Context, person string) (list []Session, err error) {
	err = c.store.ReadAll(ctx, func(tx *store.Tx) error {
		list, err = tx.AllSessionsOf(ctx, person)
		return err
	})
	return c.living(list), err
}

// living leaves out what is over, and tells when each was last used.
func (c *Control) living(list []Session) []Session {
	now := c.now()
	list = slices.DeleteFunc(list, func(s Session) bool {
		return !now.Before(s.ExpiresAt) || !now.Before(c.presence.last(s).Add(sessionIdle))
	})
	for i := range list {
		list[i].SeenAt = c.presence.last(list[i])
	}
	return list
}

// Logout ends the session that the principal came with: neither its cookie nor its JWTs are accepted any more.
func (c *Control) Logout(ctx context.Context, who access.Principal) error {
	return c.write(ctx, who, access.SessionLogout, account, func(v *visit) error {
		v.target = sessionTarget(who.Session)
		_, err := v.DeleteSession(ctx, who.Session)
		return err
	})
}

// EndSession ends one of the principal's own sessions, in whatever account it acts.
func (c *Control) EndSession(ctx context.Context, who access.Principal, id string) error {
	// decided as what it is, and not as a list of sessions
	if err := c.read(ctx, who, access.SessionEnd, account, func(*visit) error { return nil }); err != nil {
		return err
	}
	own, err := c.sessionsOf(ctx, who.Person)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(own, func(s Session) bool { return s.ID == id })
	if i < 0 {
		return c.write(ctx, who, access.SessionEnd, account, func(*visit) error { return errNoSession() })
	}
	return c.write(ctx, elsewhere(who, own[i]), access.SessionEnd, account, func(v *visit) error {
		v.target = sessionTarget(id)
		there, err := v.DeleteSession(ctx, id)
		if err == nil && !there {
			err = errNoSession()
		}
		return err
	})
}

// EndOtherSessions ends all of the principal's sessions but the one they came with, at once and in all accounts.
func (c *Control) EndOtherSessions(ctx context.Context, who access.Principal) error {
	return c.endOthers(ctx, who, access.SessionEnd, func(*visit) error { return nil })
}

// endOthers makes a change that ends all of the principal's sessions but this one, in the same transaction. The other
// accounts in which some ended are told in their own logs.
func (c *Control) endOthers(ctx context.Context, who access.Principal, action access.Action, change func(*visit) error) error {
	others, err := c.sessionsOf(ctx, who.Person)
	if err != nil {
		return err
	}
	others = slices.DeleteFunc(others, func(s Session) bool { return s.ID == who.Session })
	err = c.write(ctx, who, action, account, func(v *visit) error {
		v.target = audit.Target{Kind: "member", ID: who.ID, Name: who.Name}
		v.detail = audit.Detail("count", formatInt(int64(len(others))))
		if err := change(v); err != nil {
			return err
		}
		if err := v.EndEpoch(ctx, who.Person); err != nil {
			return err
		}
		return v.KeepSession(ctx, who.Session)
	})
	if err == nil {
		c.tellElsewhere(ctx, who, others)
	}
	return err
}

// tellElsewhere records the end of sessions in the accounts they acted in, besides the one where it was decided.
func (c *Control) tellElsewhere(ctx context.Context, who access.Principal, ended []Session) {
	ctx = context.WithoutCancel(ctx)
	for _, s := range ended {
		if s.Account == who.Account {
			continue
		}
		v := &visit{who: elsewhere(who, s), action: access.SessionEnd, target: sessionTarget(s.ID)}
		if err := c.record(ctx, s.Account, v.entry(audit.Allowed)); err != nil {
			c.logger.ErrorContext(ctx, "the end of a session could not be recorded", "account", s.Account, "session", s.ID, "error", err)
		}
	}
}

// elsewhere is the same person as the member that another session of theirs acts as; nothing is granted by it.
func elsewhere(who access.Principal, s Session) access.Principal {
	if s.Account != who.Account {
		who.Account, who.ID, who.Grants = s.Account, s.Member.ID, nil
	}
	return who
}

// RefreshSession makes a new JWT of the session the principal came with.
func (c *Control) RefreshSession(ctx context.Context, who access.Principal) (token string, expires time.Time, err error) {
	var s Session
	err = c.read(ctx, who, access.SessionRefresh, account, func(v *visit) error {
		s, err = v.Session(ctx, who.Session)
		return err
	})
	if err != nil {
		return "", time.Time{}, err
	}
	return c.issue(s)
}

// ListMemberSessions lists the sessions of a member that act in this account, the newest first.
func (c *Control) ListMemberSessions(ctx context.Context, who access.Principal, member string) (list []Session, err error) {
	err = c.read(ctx, who, access.MemberSessionList, account, func(v *visit) error {
		m, err := v.Member(ctx, member)
		if err == nil {
			list, err = v.SessionsOf(ctx, m.PersonID)
		}
		return err
	})
	return c.living(list), err
}

// EndMemberSessions ends all sessions of a member that act in this account, and answers how many rows that were. What
// the person does in other accounts is none of this one's business.
func (c *Control) EndMemberSessions(ctx context.Context, who access.Principal, member string) (n int64, err error) {
	err = c.write(ctx, who, access.MemberSessionEnd, account, func(v *visit) error {
		m, err := v.Member(ctx, member)
		if err != nil {
			return err
		}
		v.target = audit.Target{Kind: "member", ID: m.ID, Name: m.Email}
		n, err = v.DeleteSessionsOf(ctx, m.PersonID)
		v.detail = audit.Detail("count", formatInt(n))
		return err
	})
	return n, err
}

func errNoSession() error { return fault.New(fault.NotFound, "no such session") }

func sessionTarget(id string) audit.Target { return audit.Target{Kind: "session", ID: id} }

// SwitchAccount lets the session go on in another account that the person belongs to: with another secret and other
// JWTs, and no longer than it would have lasted. Where there is no such account for them, it is as if there were none.
func (c *Control) SwitchAccount(ctx context.Context, who access.Principal, to string) (out LoggedIn, err error) {
	var s Session
	var there store.Member
	err = c.read(ctx, who, access.SessionSwitch, account, func(v *visit) error {
		s, err = v.Session(ctx, who.Session)
		return err
	})
	if err != nil {
		return out, err
	}
	err = c.store.ReadAll(ctx, func(tx *store.Tx) error {
		found, err := tx.Memberships(ctx, who.Person)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(found, func(m store.Member) bool { return m.Account == to })
		if i < 0 {
			return fault.New(fault.NotFound, "no such account")
		}
		there = found[i]
		out.Accounts, err = tx.AccountsOf(ctx, who.Person)
		return err
	})
	if err != nil {
		return out, err
	}
	now := c.now().UTC().Truncate(time.Millisecond)
	out.Secret = newSecret()
	out.Session = s
	out.Session.ID, out.Session.Account, out.Session.Member = newID(), there.Account, there
	out.Session.Digest, out.Session.CreatedAt, out.Session.SeenAt = c.digester.Sum(out.Secret), now, now
	err = c.write(ctx, elsewhere(who, out.Session), access.SessionSwitch, account, func(v *visit) error {
		v.target = sessionTarget(out.Session.ID)
		return v.InsertSession(ctx, out.Session)
	})
	if err != nil {
		return LoggedIn{}, err
	}
	err = c.write(ctx, who, access.SessionSwitch, account, func(v *visit) error {
		v.target = sessionTarget(who.Session)
		_, err := v.DeleteSession(ctx, who.Session)
		return err
	})
	if err != nil {
		return LoggedIn{}, err
	}
	out.Token, out.ExpiresAt, err = c.issue(out.Session)
	return out, err
}

// ListAccounts lists the accounts that the principal's person belongs to, the oldest first: where SwitchAccount can lead.
func (c *Control) ListAccounts(ctx context.Context, who access.Principal) (list []Account, err error) {
	err = c.read(ctx, who, access.SessionSwitch, account, func(*visit) error { return nil })
	if err != nil {
		return nil, err
	}
	err = c.store.ReadAll(ctx, func(tx *store.Tx) error {
		list, err = tx.AccountsOf(ctx, who.Person)
		return err
	})
	return list, err
}

// WatchSessions does, until ctx ends, what sessions ask of every process. It is for the server to run.
func (c *Control) WatchSessions(ctx context.Context, interval time.Duration) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			// what was seen last is stored with the end of the process
			end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer cancel()
			if err := c.KeepSessions(end); err != nil {
				c.logger.WarnContext(end, "when sessions were last used could not be stored", "error", err)
			}
			return
		case <-ticker.C:
		}
		if err := c.KeepSessions(ctx); err != nil && ctx.Err() == nil {
			c.logger.WarnContext(ctx, "sessions could not be looked after; it is tried again", "error", err)
		}
	}
}

// KeepSessions stores when sessions were last used, and forgets those that are over.
func (c *Control) KeepSessions(ctx context.Context) (err error) {
	defer fault.Wrap(&err, "control: keep sessions")
	seen := c.presence.take()
	err = c.store.Batch(ctx, func(tx *store.Tx) error {
		for id, s := range seen {
			if err := tx.SeeSession(ctx, s.account, id, s.at); err != nil {
				return err
			}
		}
		_, err := tx.ExpireSessions(ctx, c.now().Add(-sessionIdle))
		return err
	})
	if err != nil {
		c.presence.giveBack(seen)
	}
	return err
}
