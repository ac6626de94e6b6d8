package control_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/fault"
)

// atOnce does things at one moment, as far as they can, and answers what came of each.
func atOnce(things ...func() error) []error {
	errs := make([]error, len(things))
	start := make(chan struct{})
	var group sync.WaitGroup
	for i, thing := range things {
		group.Go(func() { <-start; errs[i] = thing() })
	}
	close(start)
	group.Wait()
	return errs
}

// oneOf fails unless one of them succeeded, which it names, and the others were refused as they may be.
func oneOf(t *testing.T, what string, errs []error, kinds ...fault.Kind) (winner int) {
	t.Helper()
	winner = -1
	for i, err := range errs {
		refused := false
		for _, kind := range kinds {
			refused = refused || fault.Is(err, kind)
		}
		switch {
		case err == nil && winner < 0:
			winner = i
		case err == nil, !refused:
			t.Fatalf("%s: got %v, want one of them to succeed and the others to be refused", what, errs)
		}
	}
	if winner < 0 {
		t.Fatalf("%s: got %v, want one of them to succeed", what, errs)
	}
	return winner
}

// Several who have the link come at one moment: one of them is the member, with their password and no other.
func TestAnInvitationIsAcceptedOnceByManyAtOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		for round := range 3 {
			email := fmt.Sprintf("dana%d@example.com", round)
			m, token := x.invite(t, email, granting("development", "developer"))
			password := func(i int) string { return fmt.Sprintf("the password of number %d", i) }
			var comers []func() error
			for i := range 4 {
				comers = append(comers, func() error {
					_, err := x.AcceptInvitation(t.Context(), control.Joining{Token: token, Password: password(i)}, atHome)
					return err
				})
			}
			// who comes after somebody else's person is there, and before the invitation is gone, is asked for that one's password
			winner := oneOf(t, "accept", atOnce(comers...), fault.NotFound, fault.Conflict, fault.Unauthenticated)
			for i := range comers {
				_, _, err := logIn(t.Context(), x.Control, email, password(i), access.Request{Address: fmt.Sprintf("192.0.2.%d", i)})
				if (err == nil) != (i == winner) {
					t.Errorf("log in as number %d, where %d was first: got %v", i, winner, err)
				}
			}
			n := 0
			for _, row := range x.dump(t, "members") {
				if strings.Contains(row, "|id="+m.ID+"|") {
					n++
				}
			}
			if n != 1 {
				t.Errorf("got %d members, want one", n)
			}
		}
	})
}

// Two accounts invite one address, and somebody new accepts both at one moment, with two passwords: they are one person,
// with the first.
func TestSomebodyNewComesToTwoAccountsAtOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		there := x.elsewhere(t)
		for round := range 3 {
			email := fmt.Sprintf("dana%d@example.com", round)
			_, here := x.invite(t, email, granting("development", "developer"))
			_, far := there.invite(t, email, granting("*", "viewer"))
			accept := func(token, password string) func() error {
				return func() error {
					_, err := x.AcceptInvitation(t.Context(), control.Joining{Token: token, Password: password}, atHome)
					return err
				}
			}
			winner := oneOf(t, "accept", atOnce(accept(here, "the first password"), accept(far, "the other password")), fault.Conflict, fault.Unauthenticated)
			right, wrong, left := "the first password", "the other password", far
			if winner == 1 {
				right, wrong, left = wrong, right, here
			}
			wantFault(t, "with the password that lost", accept(left, wrong)(), fault.Unauthenticated, "")
			if err := accept(left, right)(); err != nil {
				t.Errorf("with the password that won: %v", err)
			}
			n := 0
			for _, row := range x.dump(t, "people") {
				if strings.Contains(row, "|email="+email+"|") {
					n++
				}
			}
			if n != 1 {
				t.Errorf("got %d people with the address, want one", n)
			}
		}
	})
}

// An owner takes an invitation back, or sends it again, while it is accepted: either they were too late, or whoever came
// was.
func TestAnInvitationIsTakenBackWhileItIsAccepted(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		for round := range 3 {
			m, token := x.invite(t, fmt.Sprintf("dana%d@example.com", round), granting("*", "viewer"))
			errs := atOnce(func() error {
				_, err := x.AcceptInvitation(t.Context(), control.Joining{Token: token, Password: comersPassword}, atHome)
				return err
			}, func() error {
				_, err := x.RemoveMember(t.Context(), x.owner, m.ID)
				return err
			})
			if errs[0] != nil {
				wantFault(t, "too late", errs[0], fault.NotFound, "")
			}
			if errs[1] != nil {
				t.Errorf("take it back, or remove who came: %v", errs[1])
			}
			_, err := x.GetMember(t.Context(), x.owner, m.ID)
			wantFault(t, "afterwards", err, fault.NotFound, "")
		}
	})
}

// What somebody may do is read anew with each request, and nothing of somebody removed is taken any more.
func TestRemovalAndGrantsHoldForSessions(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		ctx := t.Context()
		there := x.elsewhere(t)
		dana := x.joined(t, "dana@example.com", granting("*", "admin"))
		_, token := there.invite(t, "dana@example.com", granting("*", "viewer"))
		session := x.session(t, "dana@example.com", comersPassword)
		if _, err := x.AcceptInvitation(ctx, control.Joining{Token: token, Session: x.asToken(t, session)}, atHome); err != nil {
			t.Fatal(err)
		}
		elsewhere, err := x.Login(ctx, control.LoginRequest{Email: "dana@example.com", Password: comersPassword, Account: there.account}, atHome)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := x.UpdateMember(ctx, x.owner, dana.ID, nil, new(granting("development", "viewer"))); err != nil {
			t.Fatal(err)
		}
		who, err := x.Authenticate(ctx, session, atHome)
		if err != nil || len(who.Grants) != 1 || who.Grants[0] != (access.Grant{Environment: x.development, Role: access.Viewer}) {
			t.Errorf("after a change: got %v and %v, want what she holds now", who.Grants, err)
		}
		_, err = x.InviteMember(ctx, who, "a@example.com", "", granting("development", "viewer"))
		wantFault(t, "invites still", err, fault.Forbidden, "")
		if _, err := x.RemoveMember(ctx, x.owner, dana.ID); err != nil {
			t.Fatal(err)
		}
		_, err = x.Authenticate(ctx, session, atHome)
		wantFault(t, "her session", err, fault.Unauthenticated, "")
		_, err = x.ListEnvironments(ctx, who) // a request that had begun is decided by what it began with
		if err != nil {
			t.Errorf("a look that had begun: %v", err)
		}
		if _, err := x.Authenticate(ctx, elsewhere.Token, atHome); err != nil {
			t.Errorf("in the other account: %v", err)
		}
	})
}
