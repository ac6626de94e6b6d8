package control_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/apikey"
	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/route"
)

func (x *fixture) createToken(t *testing.T, who access.Principal, grants []control.Grant, f control.TokenFields) (control.Token, string) {
	t.Helper()
	if f.Grants = &grants; f.Name == nil {
		f.Name = ptr("ci")
	}
	out, shown, err := x.CreateToken(t.Context(), who, f)
	if err != nil {
		t.Fatalf("create a token: %v", err)
	}
	x.hide("a management token", shown.Reveal())
	return out, shown.Reveal()
}

func (x *fixture) asToken(t *testing.T, token string) access.Principal {
	t.Helper()
	who, err := x.Authenticate(t.Context(), token, atHome)
	if err != nil {
		t.Fatalf("authenticate: %v", err)
	}
	return who
}

// refusesToken wants a token to be refused, in the control plane and in the gateway.
func (x *fixture) refusesToken(t *testing.T, what, token string) {
	t.Helper()
	_, err := x.Authenticate(t.Context(), token, atHome)
	wantFault(t, what, err, fault.Unauthenticated, "")
	_, c, ok := x.settings.Holder.Find(x.settings.Digester.Sum(token))
	if ok && c.Live(x.clock.Now()) {
		t.Errorf("%s: the gateway still takes the token", what)
	}
}

func TestATokenIsMadeAndRevoked(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		ctx := t.Context()
		ends := x.clock.Now().Add(time.Hour)
		made, token := x.createToken(t, x.admin, granting("development", "developer"), control.TokenFields{ExpiresAt: &ends, Addresses: &[]string{"192.0.2.0/24", "2001:db8::1", "192.0.2.0/24"}})
		if _, err := apikey.Parse(token); err != nil {
			t.Errorf("the token: %v", err)
		}
		got, err := x.GetToken(ctx, x.owner, made.ID)
		if diff := cmp.Diff(made, got, cmpopts.EquateComparable(netip.Prefix{})); diff != "" || err != nil {
			t.Errorf("read: got %v (-made +read):\n%s", err, diff)
		}
		if got.GiverID != x.admin.ID || len(got.Addresses) != 2 || got.Prefix != token[:7] || got.LastFour != token[len(token)-4:] || !got.ExpiresAt.Equal(ends) {
			t.Errorf("got %+v, want it given by the admin, with two ranges", got)
		}
		who := x.asToken(t, token)
		if diff := cmp.Diff([]access.Grant{{Environment: x.development, Role: access.Developer}}, who.Grants); diff != "" {
			t.Errorf("grants (-want +got):\n%s", diff)
		}
		if got, _ = x.GetToken(ctx, x.owner, made.ID); !got.LastUsedAt.Equal(x.clock.Now()) {
			t.Errorf("last used: got %v, want now", got.LastUsedAt)
		}
		if err := x.RevokeToken(ctx, x.owner, made.ID); err != nil {
			t.Fatal(err)
		}
		x.refusesToken(t, "revoked", token)
		if err := x.RevokeToken(ctx, x.owner, made.ID); err != nil {
			t.Errorf("again: %v", err)
		}
		_, err = x.UpdateToken(ctx, x.owner, made.ID, control.TokenFields{Name: ptr("back")})
		wantFault(t, "change it", err, fault.Conflict, "")
		list, _, err := x.ListTokens(ctx, x.owner, all)
		if err != nil || len(list) != 2 || list[0].RevokedAt.IsZero() {
			t.Errorf("got %+v and %v, want it revoked, and the one of the first start", list, err)
		}
		// that of the first start too
		if err := x.RevokeToken(ctx, x.owner, "t-owner"); err != nil {
			t.Fatal(err)
		}
		x.refusesToken(t, "the bootstrap token", ownerToken)
	})
}

func TestATokenEndsWithItsGiver(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		ctx := t.Context()
		boss := x.joined(t, "boss@example.com", granting("*", "admin"))
		made, token := x.createToken(t, boss, granting("*", "admin"), control.TokenFields{})
		_, child := x.createToken(t, x.asToken(t, token), granting("*", "developer"), control.TokenFields{})

		// the giver holds less: so do they, at once
		lower := func(grants []control.Grant) {
			if _, err := x.UpdateMember(ctx, x.owner, boss.ID, nil, &grants); err != nil {
				t.Fatal(err)
			}
		}
		lower(granting("*", "viewer", "development", "admin"))
		want := []access.Grant{{Environment: "*", Role: access.Viewer}, {Environment: x.development, Role: access.Developer}}
		if diff := cmp.Diff(want, x.asToken(t, child).Grants); diff != "" {
			t.Errorf("of the token's token (-want +got):\n%s", diff)
		}
		_, c, ok := x.settings.Holder.Find(x.settings.Digester.Sum(child))
		if !ok || !cmp.Equal(c.Principal.Grants, want) {
			t.Errorf("at the gateway: got %v, want the same", c)
		}
		lower(granting("*", "admin"))

		// somebody else answers for it, and the giver goes
		other, kept := x.createToken(t, boss, granting("development", "developer"), control.TokenFields{})
		if _, err := x.UpdateToken(ctx, x.owner, other.ID, control.TokenFields{Grants: new(granting("development", "developer"))}); err != nil {
			t.Fatal(err)
		}
		ended, err := x.RemoveMember(ctx, x.owner, boss.ID)
		if err != nil || ended != 1 {
			t.Errorf("got %d ended and %v, want the one", ended, err)
		}
		x.refusesToken(t, "of somebody removed", token)
		x.refusesToken(t, "made with it", child)
		x.asToken(t, kept)
		if got, _ := x.GetToken(ctx, x.owner, made.ID); !got.Ended || !got.RevokedAt.IsZero() {
			t.Errorf("got %+v, want it ended", got)
		}
	})
}

func TestATokensTokenEndsWithIt(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		ctx := t.Context()
		soon := x.clock.Now().Add(time.Hour)
		expiring, first := x.createToken(t, x.owner, granting("*", "admin"), control.TokenFields{ExpiresAt: &soon})
		parent, second := x.createToken(t, x.owner, granting("*", "admin"), control.TokenFields{Addresses: &[]string{"192.0.2.7"}})
		_, a := x.createToken(t, x.asToken(t, first), granting("*", "viewer"), control.TokenFields{})
		_, b := x.createToken(t, x.asToken(t, second), granting("*", "viewer"), control.TokenFields{})
		_, c := x.createToken(t, x.asToken(t, second), granting("*", "admin"), control.TokenFields{})
		_, d := x.createToken(t, x.asToken(t, c), granting("*", "viewer"), control.TokenFields{})
		for _, token := range []string{b, c, d} { // the addresses of a token bind those it made
			_, err := x.Authenticate(ctx, token, access.Request{Address: "198.51.100.1"})
			wantFault(t, "from elsewhere", err, fault.Unauthenticated, "")
			x.asToken(t, token)
		}
		x.clock.pass(time.Hour)
		x.refusesToken(t, "of one that expired", a)
		x.refusesToken(t, "that expired", first)
		if err := x.RevokeToken(ctx, x.asToken(t, second), parent.ID); err != nil {
			t.Errorf("a token revokes itself: %v", err)
		}
		for what, token := range map[string]string{"of one revoked": b, "of one revoked, made to make": c, "of that": d} {
			x.refusesToken(t, what, token)
		}
		if _, err := x.UpdateToken(ctx, x.owner, expiring.ID, control.TokenFields{ExpiresAt: new(time.Time)}); err != nil {
			t.Fatal(err)
		}
		x.asToken(t, a)
	})
}

func TestMakingTokensIsRefused(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		past := x.clock.Now()
		for name, tt := range map[string]struct {
			who  access.Principal
			f    control.TokenFields
			want fault.Kind
		}{
			"by a developer":       {x.developer, control.TokenFields{Name: ptr("ci"), Grants: new(granting("development", "viewer"))}, fault.Forbidden},
			"an owner by an admin": {x.admin, control.TokenFields{Name: ptr("ci"), Grants: new(granting("*", "owner"))}, fault.Forbidden},
			"without a name":       {x.owner, control.TokenFields{Grants: new(granting("*", "viewer"))}, fault.Invalid},
			"with a hostile name":  {x.owner, control.TokenFields{Name: ptr("a\x1bb"), Grants: new(granting("*", "viewer"))}, fault.Invalid},
			"with nothing":         {x.owner, control.TokenFields{Name: ptr("ci"), Grants: new(granting())}, fault.Invalid},
			"in the past":          {x.owner, control.TokenFields{Name: ptr("ci"), Grants: new(granting("*", "viewer")), ExpiresAt: &past}, fault.Invalid},
			"from no address":      {x.owner, control.TokenFields{Name: ptr("ci"), Grants: new(granting("*", "viewer")), Addresses: &[]string{"10.0.0.0/33"}}, fault.Invalid},
			"from a name":          {x.owner, control.TokenFields{Name: ptr("ci"), Grants: new(granting("*", "viewer")), Addresses: &[]string{"localhost"}}, fault.Invalid},
			"from a mapped range":  {x.owner, control.TokenFields{Name: ptr("ci"), Grants: new(granting("*", "viewer")), Addresses: &[]string{"::ffff:10.0.0.0/104"}}, fault.Invalid},
			"from too many":        {x.owner, control.TokenFields{Name: ptr("ci"), Grants: new(granting("*", "viewer")), Addresses: new(make([]string, 51))}, fault.Invalid},
		} {
			_, shown, err := x.CreateToken(t.Context(), tt.who, tt.f)
			if wantFault(t, name, err, tt.want, ""); shown.Reveal() != "" {
				t.Errorf("%s: a credential was shown", name)
			}
		}
	})
}

func TestChangingTokensIsRefused(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		ctx := t.Context()
		owners, _ := x.createToken(t, x.owner, granting("*", "owner"), control.TokenFields{})
		parent, token := x.createToken(t, x.owner, granting("*", "owner"), control.TokenFields{})
		machine := x.asToken(t, token)
		child, childToken := x.createToken(t, machine, granting("*", "admin"), control.TokenFields{})
		small := x.asToken(t, childToken)
		update := func(who access.Principal, id string, f control.TokenFields) error {
			_, err := x.UpdateToken(ctx, who, id, f)
			return err
		}
		for name, err := range map[string]error{
			"an admin an owner's":          update(x.admin, owners.ID, control.TokenFields{Name: ptr("mine")}),
			"an admin prolongs an owner's": update(x.admin, owners.ID, control.TokenFields{ExpiresAt: new(time.Time)}),
			"an admin revokes an owner's":  x.RevokeToken(ctx, x.admin, owners.ID),
			"a developer revokes":          x.RevokeToken(ctx, x.developer, owners.ID),
			"a developer one there is not": x.RevokeToken(ctx, x.developer, never),
			"its own":                      update(machine, parent.ID, control.TokenFields{Grants: new(granting("*", "viewer"))}),
			"its own addresses":            update(machine, parent.ID, control.TokenFields{Addresses: &[]string{}}),
			"the one it was made with":     update(small, parent.ID, control.TokenFields{Name: ptr("x")}),
			"the member it was made by": func() error {
				_, err := x.UpdateMember(ctx, machine, x.owner.ID, nil, new(granting("*", "viewer")))
				return err
			}(),
			"removes whom it was made by": func() error { _, err := x.RemoveMember(ctx, machine, x.owner.ID); return err }(),
			"more than the changer holds": update(x.admin, child.ID, control.TokenFields{Grants: new(granting("*", "owner"))}),
		} {
			wantFault(t, name, err, fault.Forbidden, "")
		}
		wantFault(t, "one there is not", x.RevokeToken(ctx, x.owner, never), fault.NotFound, "no such token")
	})
}

// A chain of tokens is no longer than what is looked up at each use.
func TestTokensMakeTokensToADepth(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		who, made := x.owner, 0
		for range 20 {
			_, shown, err := x.CreateToken(t.Context(), who, control.TokenFields{Name: ptr("ci"), Grants: new(granting("*", "admin"))})
			if err != nil {
				wantFault(t, "too deep", err, fault.Conflict, "")
				break
			}
			made++
			who = x.asToken(t, shown.Reveal())
		}
		if made != 8 {
			t.Errorf("got %d tokens, want 8", made)
		}
	})
}

func TestATokenIsUsedFromItsAddresses(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		made, token := x.createToken(t, x.owner, granting("*", "viewer"), control.TokenFields{Addresses: &[]string{"10.0.0.0/8", "2001:db8::/32"}})
		for address, want := range map[string]bool{
			"10.1.2.3": true, "::ffff:10.1.2.3": true, "2001:db8::5": true, "11.0.0.1": false, "2001:db9::1": false, "": false, "unix": false, "10.1.2.3, 11.0.0.1": false,
		} {
			_, err := x.Authenticate(t.Context(), token, access.Request{ID: "r", Address: address})
			if (err == nil) != want || err != nil && !fault.Is(err, fault.Unauthenticated) {
				t.Errorf("from %q: got %v, want allowed %v", address, err, want)
			}
		}
		n := 0
		for _, e := range x.entries(t) {
			if e.Action == string(access.RequestRefuse) && e.Target.ID == made.ID {
				n++
			}
		}
		if n != 1 {
			t.Errorf("got %d entries of the refusals, want one a minute", n)
		}
	})
}

func TestUsesOfTokensAreStoredInBatches(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		ctx := t.Context()
		made, token := x.createToken(t, x.owner, granting("*", "developer"), control.TokenFields{})
		before := x.dump(t, "tokens")
		for range 5 {
			x.asToken(t, token)
		}
		if diff := cmp.Diff(before, x.dump(t, "tokens")); diff != "" {
			t.Errorf("a request wrote (-before +after):\n%s", diff)
		}
		used := x.clock.Now()
		x.clock.pass(time.Minute)
		if err := x.StoreTokenUses(ctx); err != nil {
			t.Fatal(err)
		}
		last := func() time.Time {
			list, _, err := open(t, x.settings).ListTokens(ctx, x.owner, all) // another process
			if err != nil {
				t.Fatal(err)
			}
			for _, k := range list {
				if k.ID == made.ID {
					return k.LastUsedAt
				}
			}
			return time.Time{}
		}
		if got := last(); !got.Equal(used) {
			t.Errorf("got %v, want %v", got, used)
		}
		// a call through the gateway is a use too
		err := x.RecordCalls(ctx, []route.Call{{ID: never, Account: x.account, EnvironmentID: x.development, KeyID: made.ID, Status: 200, Time: x.clock.Now()}})
		if got := last(); err != nil || !got.Equal(x.clock.Now()) {
			t.Errorf("after a call: got %v and %v, want %v", got, err, x.clock.Now())
		}
	})
}
