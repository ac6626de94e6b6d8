package control_test

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/fault"
)

const comersPassword = "a password of somebody new"

var atHome = access.Request{ID: "r", Address: "192.0.2.7"}

func granting(pairs ...string) []control.Grant {
	list := []control.Grant{}
	for i := 0; i < len(pairs); i += 2 {
		list = append(list, control.Grant{Environment: pairs[i], Role: pairs[i+1]})
	}
	return list
}

// tokenOf is what the link of an invitation carries.
func linkToken(t *testing.T, link string) string {
	t.Helper()
	place, token, ok := strings.Cut(link, "#")
	if !ok || !strings.HasSuffix(place, "/invitations") || !strings.HasPrefix(token, "inv_") {
		t.Fatalf("got a link to %q, want one with a token behind the #", place)
	}
	return token
}

func (x *fixture) invite(t *testing.T, email string, grants []control.Grant) (control.Member, string) {
	t.Helper()
	out, err := x.InviteMember(t.Context(), x.owner, email, "", grants)
	if err != nil {
		t.Fatalf("invite %s: %v", email, err)
	}
	token := linkToken(t, out.Link)
	x.hide("the token of an invitation", token)
	return out.Member, token
}

// joined is somebody who was invited and came.
func (x *fixture) joined(t *testing.T, email string, grants []control.Grant) access.Principal {
	t.Helper()
	m, token := x.invite(t, email, grants)
	out, err := x.AcceptInvitation(t.Context(), control.Joining{Token: token, Password: comersPassword}, atHome)
	if err != nil || out.Member.ID != m.ID {
		t.Fatalf("join %s: got %+v and %v, want the member invited", email, out, err)
	}
	return x.principal(t, m.ID, email)
}

// principal is a member as they stand.
func (x *fixture) principal(t *testing.T, id, email string) access.Principal {
	t.Helper()
	who := access.Principal{Account: x.account, Kind: access.MemberActor, ID: id, Name: email, Request: atHome}
	for _, row := range x.dump(t, "grants") {
		if strings.Contains(row, "|account_id="+x.account+"|") && strings.Contains(row, "|holder_id="+id+"|") {
			who.Grants = append(who.Grants, access.Grant{Environment: field(row, "environment_id"), Role: access.Role(field(row, "role"))})
		}
	}
	return who
}

func field(row, column string) string {
	_, rest, _ := strings.Cut(row, "|"+column+"=")
	value, _, _ := strings.Cut(rest, "|")
	return value
}

func TestAnInvitationIsAcceptedOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		m, token := x.invite(t, " Dana@Example.com", granting("development", "developer"))
		want := control.Member{
			ID: m.ID, Email: "dana@example.com", Name: "dana", Invited: true, Grants: granting("development", "developer"),
			CreatedAt: x.clock.Now(), InvitedBy: "owner", ExpiresAt: x.clock.Now().Add(7 * 24 * time.Hour),
		}
		if diff := cmp.Diff(want, m); diff != "" {
			t.Errorf("invited (-want +got):\n%s", diff)
		}
		out, err := x.AcceptInvitation(t.Context(), control.Joining{Token: token, Name: "Dana", Password: comersPassword}, atHome)
		want.Name, want.Invited, want.InvitedBy, want.ExpiresAt = "Dana", false, "", time.Time{}
		if diff := cmp.Diff(want, out.Member); diff != "" || err != nil || out.Account.ID != x.account {
			t.Errorf("joined: got %v in %+v (-want +got):\n%s", err, out.Account, diff)
		}
		x.hide("her password", comersPassword)
		_, err = x.AcceptInvitation(t.Context(), control.Joining{Token: token, Password: comersPassword}, atHome)
		wantFault(t, "again", err, fault.NotFound, "")
		_, never := x.AcceptInvitation(t.Context(), control.Joining{Token: "inv_never", Password: comersPassword}, atHome)
		if never == nil || err.Error() != never.Error() {
			t.Errorf("used: got %v, want what an unknown one answers, %v", err, never)
		}
		got, err := x.GetMember(t.Context(), x.owner, m.ID)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("read: got %v (-want +got):\n%s", err, diff)
		}
	})
}

func TestAnInvitationIsRefused(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		ctx := t.Context()
		accept := func(token string) error {
			_, err := x.AcceptInvitation(ctx, control.Joining{Token: token, Password: comersPassword}, atHome)
			return err
		}
		m, first := x.invite(t, "dana@example.com", granting("development", "developer"))
		again, err := x.ResendInvitation(ctx, x.owner, m.ID)
		if err != nil {
			t.Fatal(err)
		}
		second := linkToken(t, again.Link)
		wantFault(t, "the link before", accept(first), fault.NotFound, "")
		for what, password := range map[string]string{"short": "short", "a megabyte": strings.Repeat("a", 1<<20)} {
			_, err := x.AcceptInvitation(ctx, control.Joining{Token: second, Password: password}, atHome)
			wantFault(t, what, err, fault.Invalid, "")
		}
		x.clock.pass(7 * 24 * time.Hour)
		wantFault(t, "over", accept(second), fault.NotFound, "")

		m, token := x.invite(t, "sam@example.com", granting("production", "support"))
		if _, err := x.RemoveMember(ctx, x.owner, m.ID); err != nil {
			t.Fatal(err)
		}
		wantFault(t, "taken back", accept(token), fault.NotFound, "")

		// somebody who could not give it any more leaves no door open
		boss := x.joined(t, "boss@example.com", granting("*", "owner"))
		out, err := x.InviteMember(ctx, boss, "mole@example.com", "", granting("*", "owner"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := x.RemoveMember(ctx, x.owner, boss.ID); err != nil {
			t.Fatal(err)
		}
		wantFault(t, "of a sender who is gone", accept(linkToken(t, out.Link)), fault.NotFound, "")
	})
}

// elsewhere is a third account, with an owner of its own.
func (x *fixture) elsewhere(t *testing.T) *fixture {
	t.Helper()
	there := *x
	there.account = "018f0000-0000-7000-8000-00000000000b"
	there.development, there.production = x.makeAccount(t, there.account, nil)
	there.owner = access.Principal{
		Account: there.account, Kind: access.MemberActor, ID: "far", Name: "far",
		Grants: []access.Grant{{Environment: access.AnyEnvironment, Role: access.Owner}}, Request: atHome,
	}
	there.enroll(t, there.owner)
	return &there
}

// Whoever has a login proves it; nothing tells the account that invites whether there is one.
func TestAnInvitationOfSomebodyKnown(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		ctx := t.Context()
		there := x.elsewhere(t)
		x.joined(t, "dana@example.com", granting("development", "developer"))
		invite := func(email string) control.Invited {
			out, err := there.InviteMember(ctx, there.owner, email, "", granting("*", "viewer"))
			if err != nil {
				t.Fatal(err)
			}
			return out
		}
		known, unknown := invite("dana@example.com"), invite("nobody@example.com")
		danas, nobodys := linkToken(t, known.Link), linkToken(t, unknown.Link)
		id := known.Member.ID
		known.Member.ID, known.Member.Email, known.Member.Name, known.Link = unknown.Member.ID, unknown.Member.Email, unknown.Member.Name, unknown.Link
		if diff := cmp.Diff(unknown, known); diff != "" {
			t.Errorf("inviting somebody known answers otherwise (-unknown +known):\n%s", diff)
		}

		accept := func(token, password, session string) error {
			j := control.Joining{Token: token, Password: password}
			if session != "" {
				j.Session = x.asToken(t, session)
			}
			_, err := x.AcceptInvitation(ctx, j, atHome)
			return err
		}
		wantFault(t, "with another password", accept(danas, "another password", ""), fault.Unauthenticated, "")
		owners := x.session(t, ownerEmail, ownerPassword)
		_, unknownToken := x.AcceptInvitation(ctx, control.Joining{Token: "inv_never", Session: x.asToken(t, owners)}, atHome)
		if err := accept(danas, "", owners); err == nil || err.Error() != unknownToken.Error() {
			t.Errorf("by another person: got %v, want what an unknown one answers, %v", err, unknownToken)
		}
		wantFault(t, "with a token", accept(danas, comersPassword, ownerToken), fault.Unauthenticated, "")
		if err := accept(danas, "", x.session(t, "dana@example.com", comersPassword)); err != nil {
			t.Errorf("with her session: %v", err)
		}
		m, err := there.GetMember(ctx, there.owner, id)
		if err != nil || m.Invited || m.Name != "dana" {
			t.Errorf("got %+v and %v, want her as a member there", m, err)
		}
		if err := accept(nobodys, comersPassword, ""); err != nil {
			t.Errorf("somebody new: %v", err)
		}

		// what one account calls and grants her tells the other nothing, and leaving one leaves the other
		if _, err := there.UpdateMember(ctx, there.owner, id, ptr("D."), nil); err != nil {
			t.Fatal(err)
		}
		if _, err := there.RemoveMember(ctx, there.owner, id); err != nil {
			t.Fatal(err)
		}
		list, _, err := x.ListMembers(ctx, x.owner, all)
		if !slices.ContainsFunc(list, func(m control.Member) bool { return m.Email == "dana@example.com" && m.Name == "dana" }) || err != nil {
			t.Errorf("here: got %+v and %v, want her as she was", list, err)
		}
		// she was removed, and comes back by the password that is hers
		again := linkToken(t, invite("dana@example.com").Link)
		if err := accept(again, comersPassword, ""); err != nil {
			t.Errorf("with her password: %v", err)
		}
	})
}

// Whoever has set up a second factor comes while they are logged in: the password alone is not them.
func TestAPasswordAloneDoesNotAcceptForASecondFactor(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		ctx := t.Context()
		there := x.elsewhere(t)
		x.joined(t, "dana@example.com", granting("development", "developer"))
		dana := x.asToken(t, x.session(t, "dana@example.com", comersPassword))
		a, err := x.AddTOTP(ctx, dana, "phone")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := x.ConfirmTOTP(ctx, dana, a.ID, x.codeOf(t, a.Key, 0)); err != nil {
			t.Fatal(err)
		}
		_, token := there.invite(t, "dana@example.com", granting("*", "viewer"))
		_, err = x.AcceptInvitation(ctx, control.Joining{Token: token, Password: comersPassword}, atHome)
		wantFault(t, "with the password", err, fault.Unauthenticated, "")
		if _, err := x.AcceptInvitation(ctx, control.Joining{Token: token, Session: dana}, atHome); err != nil {
			t.Errorf("with her session: %v", err)
		}
	})
}

// Passwords are not tried by way of an invitation either: attempts are limited, and the person's account has them in its log.
func TestTryingPasswordsWithAnInvitation(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		there := x.elsewhere(t)
		x.joined(t, "dana@example.com", granting("development", "developer"))
		_, token := there.invite(t, "dana@example.com", granting("*", "viewer"))
		before, limited := len(x.entries(t)), false
		for range 12 {
			_, err := x.AcceptInvitation(t.Context(), control.Joining{Token: token, Password: "another password"}, atHome)
			if !fault.Is(err, fault.Unauthenticated) {
				wantFault(t, "another password", err, fault.Limited, "")
				limited = true
			}
		}
		if n := len(x.entries(t)) - before; !limited || n < 2 {
			t.Errorf("got limited %v and %d entries, want the attempts limited and recorded", limited, n)
		}
	})
}

func TestInvitingIsRefused(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		x.invite(t, "dana@example.com", granting("*", "viewer"))
		for name, tt := range map[string]struct {
			who    access.Principal
			email  string
			grants []control.Grant
			want   fault.Kind
		}{
			"by a developer":              {x.developer, "a@example.com", granting("development", "viewer"), fault.Forbidden},
			"an owner by an admin":        {x.admin, "a@example.com", granting("*", "owner"), fault.Forbidden},
			"an owner of one by an admin": {x.admin, "a@example.com", granting("development", "owner"), fault.Forbidden},
			"nobody":                      {x.owner, "", granting("*", "viewer"), fault.Invalid},
			"no address":                  {x.owner, "dana", granting("*", "viewer"), fault.Invalid},
			"a name with an address":      {x.owner, "Dana <d@example.com>", granting("*", "viewer"), fault.Invalid},
			"a line in an address":        {x.owner, "d@example.com\r\nBcc: x@example.com", granting("*", "viewer"), fault.Invalid},
			"a quoted address":            {x.owner, `"a b"@example.com`, granting("*", "viewer"), fault.Invalid},
			"with nothing":                {x.owner, "a@example.com", nil, fault.Invalid},
			"with an unknown role":        {x.owner, "a@example.com", granting("*", "root"), fault.Invalid},
			"in an unknown place":         {x.owner, "a@example.com", granting("nowhere", "viewer"), fault.Invalid},
			"in a stranger's place":       {x.owner, "a@example.com", granting(x.foreign.environment, "viewer"), fault.Invalid},
			"twice in one":                {x.owner, "a@example.com", granting("development", "viewer", x.development, "owner"), fault.Invalid},
			"who is invited":              {x.owner, "DANA@example.com", granting("*", "viewer"), fault.Conflict},
			"who is there":                {x.owner, ownerEmail, granting("*", "viewer"), fault.Conflict},
		} {
			_, err := x.InviteMember(t.Context(), tt.who, tt.email, "", tt.grants)
			wantFault(t, name, err, tt.want, "")
		}
		_, err := x.InviteMember(t.Context(), x.owner, "a@example.com", "a\x1b[2Jb", granting("*", "viewer"))
		wantFault(t, "a name that moves the cursor", err, fault.Invalid, "")
	})
}

func TestGrantsChangeAtTheNextRequest(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		ctx := t.Context()
		dana := x.joined(t, "dana@example.com", granting("development", "developer"))
		m, err := x.UpdateMember(ctx, x.owner, dana.ID, ptr("Dana"), &[]control.Grant{{Environment: "*", Role: "viewer"}, {Environment: "production", Role: "support"}})
		if diff := cmp.Diff(granting("*", "viewer", "production", "support"), m.Grants); diff != "" || err != nil || m.Name != "Dana" {
			t.Errorf("changed: got %v (-want +got):\n%s", err, diff)
		}
		if got := x.principal(t, dana.ID, "").Grants; len(got) != 2 {
			t.Errorf("got %v in the store, want two", got)
		}
		// an environment that is deleted takes its grants with it
		x.createEnvironment(t, "qa")
		if _, err := x.UpdateMember(ctx, x.owner, dana.ID, nil, new(granting("qa", "developer"))); err != nil {
			t.Fatal(err)
		}
		if err := x.DeleteEnvironment(ctx, x.owner, "qa"); err != nil {
			t.Fatal(err)
		}
		if m, err = x.GetMember(ctx, x.owner, dana.ID); err != nil || len(m.Grants) != 0 {
			t.Errorf("after the environment: got %v and %v, want no grants", m.Grants, err)
		}
	})
}

func TestChangingMembersIsRefused(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		ctx := t.Context()
		boss := x.joined(t, "boss@example.com", granting("*", "admin"))
		local := x.joined(t, "local@example.com", granting("development", "owner"))
		dana := x.joined(t, "dana@example.com", granting("development", "developer"))
		update := func(who access.Principal, id string, grants []control.Grant) error {
			_, err := x.UpdateMember(ctx, who, id, nil, &grants)
			return err
		}
		remove := func(who access.Principal, id string) error { _, err := x.RemoveMember(ctx, who, id); return err }
		for name, err := range map[string]error{
			"one's own":                      update(boss, boss.ID, granting("*", "viewer")),
			"an admin an owner":              update(boss, x.owner.ID, granting("*", "viewer")),
			"an admin makes an owner":        update(boss, dana.ID, granting("*", "owner")),
			"an admin an owner of one place": update(boss, local.ID, granting("development", "owner", "production", "viewer")),
			"by an owner of one place":       update(local, dana.ID, granting("development", "viewer")),
			"a developer":                    update(x.developer, dana.ID, granting("development", "viewer")),
			"an admin removes an owner":      remove(boss, x.owner.ID),
			"oneself":                        remove(boss, boss.ID),
			"a developer removes":            remove(x.developer, dana.ID),
			"a developer whom there is not":  remove(x.developer, never),
		} {
			wantFault(t, name, err, fault.Forbidden, "")
		}
		wantFault(t, "whom there is not", remove(x.owner, never), fault.NotFound, "no such member")
		wantFault(t, "a stranger's", remove(x.owner, x.foreign.owner.ID), fault.NotFound, "no such member")

		// who was removed meanwhile gives and takes nothing, though their request had begun
		if err := remove(x.owner, boss.ID); err != nil {
			t.Fatal(err)
		}
		wantFault(t, "by somebody removed", remove(boss, dana.ID), fault.Unauthenticated, "")
		wantFault(t, "by somebody removed", update(boss, dana.ID, granting("*", "viewer")), fault.Unauthenticated, "")
	})
}

// Two owners who remove each other at one moment: one of them stays.
func TestThereIsAlwaysAnOwner(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		ctx := t.Context()
		other := x.joined(t, "other@example.com", granting("*", "owner"))
		if _, err := x.RemoveMember(ctx, other, "m-owner"); err != nil {
			t.Fatal(err)
		}
		ways := map[string]func(who access.Principal, whom string) error{
			"remove": func(who access.Principal, whom string) error {
				_, err := x.RemoveMember(ctx, who, whom)
				return err
			},
			"lower": func(who access.Principal, whom string) error {
				_, err := x.UpdateMember(ctx, who, whom, nil, new(granting("*", "admin")))
				return err
			},
			"lower in one place": func(who access.Principal, whom string) error {
				_, err := x.UpdateMember(ctx, who, whom, nil, new(granting("*", "owner", "production", "viewer")))
				return err
			},
		}
		for name, way := range ways {
			for round := range 4 {
				first, second := x.owner, other
				var errs [2]error
				var group sync.WaitGroup
				start := make(chan struct{})
				group.Go(func() { <-start; errs[0] = way(first, second.ID) })
				group.Go(func() { <-start; errs[1] = way(second, first.ID) })
				close(start)
				group.Wait()
				if (errs[0] == nil) == (errs[1] == nil) {
					t.Fatalf("%s, round %d: got %v and %v, want one of them refused", name, round, errs[0], errs[1])
				}
				left, gone := first, second
				if errs[1] == nil {
					left, gone = second, first
				}
				// put back who went
				if x.owner = left; name == "remove" {
					other = x.joined(t, "other"+string(rune('a'+round))+"@example.com", granting("*", "viewer"))
					x.raise(t, left, other.ID)
					other = x.principal(t, other.ID, other.Name)
					continue
				}
				x.raise(t, left, gone.ID)
				other = gone
			}
		}
	})
}

func (x *fixture) raise(t *testing.T, who access.Principal, id string) {
	t.Helper()
	if _, err := x.UpdateMember(t.Context(), who, id, nil, new(granting("*", "owner"))); err != nil {
		t.Fatalf("make %s an owner: %v", id, err)
	}
}

func TestTheLastOwnerStays(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		if _, err := x.RemoveMember(t.Context(), x.owner, "m-owner"); err != nil {
			t.Fatal(err)
		}
		machine, err := x.Authenticate(t.Context(), ownerToken, atHome) // an owner that is nobody
		if err != nil {
			t.Fatal(err)
		}
		_, err = x.RemoveMember(t.Context(), machine, x.owner.ID)
		wantFault(t, "remove", err, fault.Conflict, "")
		_, err = x.UpdateMember(t.Context(), machine, x.owner.ID, nil, new(granting("*", "admin")))
		wantFault(t, "lower", err, fault.Conflict, "")
		if got := x.principal(t, x.owner.ID, "").Grants; len(got) != 1 || got[0].Role != access.Owner {
			t.Errorf("got %v, want the owner as before", got)
		}
	})
}

// Whoever holds a role in development only learns of nothing else, whatever they ask.
func TestSomebodyLocalSeesNothingElse(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		x.ours(t)
		hidden := x.createEnvironment(t, "hidden")
		x.joined(t, "sam@example.com", granting("hidden", "support"))
		dana := x.joined(t, "dana@example.com", granting("development", "developer"))
		var answers []string
		for _, ask := range x.places(t, dana) {
			for _, ref := range []string{"development", "hidden", hidden.ID, "production", "own", "ours", never} {
				a := ask(ref)
				answers = append(answers, a.Value, a.Message)
			}
		}
		me, err := x.WhoAmI(t.Context(), dana)
		if err != nil {
			t.Fatal(err)
		}
		permissions, err := x.Permissions(t.Context(), dana, control.PermissionsOf{})
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range permissions {
			answers = append(answers, p.Environment, p.Why)
		}
		for _, g := range me.Grants {
			answers = append(answers, g.Environment)
		}
		for _, text := range answers {
			for _, word := range []string{"hidden", hidden.ID, x.production, "sam@"} {
				if strings.Contains(text, word) {
					t.Errorf("an answer tells of %s: %.300s", word, text)
				}
			}
		}
	})
}

func TestListMembersPageByPage(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		x.joined(t, "a@example.com", granting("*", "viewer"))
		x.invite(t, "b@example.com", granting("*", "viewer"))
		var emails []string
		p := control.Page{Limit: 2}
		for {
			list, next, err := x.ListMembers(t.Context(), x.admin, p)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range list {
				emails = append(emails, m.Email)
			}
			if p.Cursor = next; next == "" {
				break
			}
		}
		if len(emails) != 8 || emails[len(emails)-1] == "" {
			t.Errorf("got %v, want the six there and the two new ones, each once", emails)
		}
		_, _, err := x.ListMembers(t.Context(), x.viewer, p)
		wantFault(t, "by a viewer", err, fault.Forbidden, "")
	})
}

// session logs somebody in.
func (x *fixture) session(t *testing.T, email, password string) string {
	t.Helper()
	token, _, err := logIn(t.Context(), x.Control, email, password, atHome)
	if err != nil {
		t.Fatalf("log %s in: %v", email, err)
	}
	return token
}
