package control_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/fault"
)

func TestWhoAmI(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		dana := x.joined(t, "dana@example.com", granting("production", "support", "development", "developer"))
		me, err := x.WhoAmI(t.Context(), dana)
		want := control.Identity{
			Account: me.Account, Kind: access.MemberActor, ID: dana.ID, Name: "dana", Email: "dana@example.com",
			Grants: granting("development", "developer", "production", "support"),
		}
		if diff := cmp.Diff(want, me); diff != "" || err != nil || me.Account.ID != x.account {
			t.Errorf("a member: got %v (-want +got):\n%s", err, diff)
		}
		soon := x.clock.Now().Add(time.Hour)
		made, token := x.createToken(t, x.owner, granting("*", "viewer"), control.TokenFields{ExpiresAt: &soon})
		me, err = x.WhoAmI(t.Context(), x.asToken(t, token))
		want = control.Identity{Account: me.Account, Kind: access.TokenActor, ID: made.ID, Name: "ci", Grants: granting("*", "viewer"), ExpiresAt: soon}
		if diff := cmp.Diff(want, me); diff != "" || err != nil {
			t.Errorf("a token: got %v (-want +got):\n%s", err, diff)
		}
		nothing := x.joined(t, "new@example.com", granting("development", "viewer"))
		if _, err := x.UpdateMember(t.Context(), x.owner, nothing.ID, nil, &[]control.Grant{}); err != nil {
			t.Fatal(err)
		}
		nothing.Grants = nil
		if me, err = x.WhoAmI(t.Context(), nothing); err != nil || len(me.Grants) != 0 {
			t.Errorf("somebody without a role: got %+v and %v", me, err)
		}
	})
}

func TestPermissions(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		ctx := t.Context()
		dana := x.joined(t, "dana@example.com", granting("*", "viewer", "development", "developer"))
		find := func(list []control.Permission, a access.Action, environment string) control.Permission {
			for _, p := range list {
				if p.Action == a && p.Environment == environment {
					return p
				}
			}
			t.Errorf("%s in %q is not explained", a, environment)
			return control.Permission{}
		}
		for who, of := range map[*access.Principal]control.PermissionsOf{&dana: {}, &x.admin: {Holder: dana.ID}} {
			list, err := x.Permissions(ctx, *who, of)
			if err != nil {
				t.Fatal(err)
			}
			want := control.Permission{
				Action: access.DefinitionCommit, Environment: "production", Grant: &control.Grant{Environment: "*", Role: "viewer"},
				Why: "the grant for all environments says viewer; the role viewer may not commit in this environment; ask an owner or admin",
			}
			if diff := cmp.Diff(want, find(list, access.DefinitionCommit, "production")); diff != "" {
				t.Errorf("by %s (-want +got):\n%s", who.Name, diff)
			}
			if got := find(list, access.DefinitionCommit, "development"); !got.Allowed || got.Grant.Environment != "development" {
				t.Errorf("by %s: got %+v, want it allowed by the grant for development", who.Name, got)
			}
			for _, p := range list { // as the decision itself
				e := access.Environment{}
				if p.Environment != "" {
					found := x.environment(t, p.Environment)
					e = access.Environment{ID: found.ID, Protected: found.Protected}
				}
				if got := access.Allow(dana, p.Action, e) == nil; got != p.Allowed {
					t.Errorf("%s in %q: got allowed %v, want %v", p.Action, p.Environment, p.Allowed, got)
				}
			}
		}
		one, err := x.Permissions(ctx, dana, control.PermissionsOf{Environment: "development"})
		for _, p := range one {
			if p.Environment != "" && p.Environment != "development" {
				t.Errorf("got %+v, want development alone", p)
			}
		}
		if err != nil {
			t.Fatal(err)
		}
		made, _ := x.createToken(t, x.owner, granting("development", "developer"), control.TokenFields{})
		invited, _ := x.invite(t, "sam@example.com", granting("production", "support"))
		for _, id := range []string{made.ID, invited.ID} {
			if _, err := x.Permissions(ctx, x.owner, control.PermissionsOf{Holder: id}); err != nil {
				t.Errorf("of another holder: %v", err)
			}
		}
		_, err = x.Permissions(ctx, dana, control.PermissionsOf{Holder: x.owner.ID})
		wantFault(t, "of others", err, fault.Forbidden, "")
		_, err = x.Permissions(ctx, dana, control.PermissionsOf{Holder: never})
		wantFault(t, "of nobody", err, fault.Forbidden, "")
		_, err = x.Permissions(ctx, x.owner, control.PermissionsOf{Holder: never})
		wantFault(t, "of nobody, by an owner", err, fault.NotFound, "")
		_, err = x.Permissions(ctx, x.owner, control.PermissionsOf{Environment: never})
		wantFault(t, "nowhere", err, fault.NotFound, "")
	})
}

func TestWhoAmITellsOfTheSession(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		o := x.opened(t, ownerEmail, ownerPassword)
		x.clock.pass(10 * time.Minute)
		who := o.who(t)
		me, err := x.WhoAmI(t.Context(), who)
		if err != nil || me.Session == nil {
			t.Fatalf("got %+v and %v, want the session", me, err)
		}
		s, now := me.Session, x.clock.Now()
		if s.ID != o.Session.ID || !s.ExpiresAt.Equal(o.Session.ExpiresAt) || !s.ProvedAt.Equal(o.Session.ProvedAt) || !slices.Equal(s.Methods, []string{"password"}) {
			t.Errorf("got %+v, want what began", s)
		}
		if me.IdleAt.After(now.Add(time.Hour)) || me.IdleAt.Before(now.Add(59*time.Minute)) {
			t.Errorf("it ends unused at %v, want an hour after %v", me.IdleAt, now)
		}
		if _, err := x.Prove(t.Context(), who, ownerPassword, control.Proof{}); err != nil {
			t.Fatal(err)
		}
		if later, err := x.WhoAmI(t.Context(), who); err != nil || !later.Session.ProvedAt.After(s.ProvedAt) {
			t.Errorf("after a proof: got %v and %v, want it newer than %v", later.Session, err, s.ProvedAt)
		}
		if me, err := x.WhoAmI(t.Context(), x.owner); err != nil || me.Session != nil {
			t.Errorf("who has no session: got %+v and %v", me.Session, err)
		}
	})
}
