package control_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/apikey"
	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/fault"
)

// lives says whether the gateway takes a credential now.
func (x *fixture) lives(shown apikey.Credential) bool {
	_, found, ok := x.settings.Holder.Find(x.settings.Digester.Sum(shown.Reveal()))
	return ok && found.Live(x.clock.Now())
}

func TestAPIKeys(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		expires := x.clock.Now().Add(time.Hour)
		f := apikey.Fields{Description: ptr("the shop"), ExpiresAt: &expires}
		k, shown, err := x.CreateAPIKey(t.Context(), x.admin, "development", apikey.Public, f)
		if err != nil {
			t.Fatal(err)
		}
		text := shown.Reveal()
		x.hide("an API key", text)
		x.hide("the random part of an API key", text[7:40])
		if kind, err := apikey.Parse(text); kind != apikey.Public || err != nil {
			t.Errorf("got kind %s and %v, want a public key", kind, err)
		}
		want := control.APIKey{Environment: "development", APIKey: apikey.APIKey{
			ID: k.ID, EnvironmentID: x.development, Kind: apikey.Public, Description: "the shop", Prefix: text[:7], LastFour: text[len(text)-4:],
			Digest: x.settings.Digester.Sum(text), CreatedAt: x.clock.Now(), CreatedBy: "admin", ExpiresAt: expires,
		}}
		if diff := cmp.Diff(want, k); diff != "" {
			t.Errorf("created (-want +got):\n%s", diff)
		}
		if got, err := x.GetAPIKey(t.Context(), x.developer, k.ID); err != nil || !cmp.Equal(want, got) {
			t.Errorf("read: %v (-want +got):\n%s", err, cmp.Diff(want, got))
		}
		if !x.lives(shown) {
			t.Error("the gateway refuses the key, want that it takes it")
		}
		want.Description, want.ExpiresAt = "", time.Time{}
		got, err := x.UpdateAPIKey(t.Context(), x.admin, k.ID, apikey.Fields{Description: ptr(""), ExpiresAt: ptr(time.Time{})})
		if err != nil || !cmp.Equal(want, got) {
			t.Errorf("update: %v (-want +got):\n%s", err, cmp.Diff(want, got))
		}
		x.clock.pass(2 * time.Hour)
		if !x.lives(shown) {
			t.Error("without an expiry the gateway refuses the key, want that it takes it")
		}
		soon := x.clock.Now().Add(time.Minute)
		if _, err := x.UpdateAPIKey(t.Context(), x.admin, k.ID, apikey.Fields{ExpiresAt: &soon}); err != nil {
			t.Fatal(err)
		}
		x.clock.pass(time.Minute)
		if x.lives(shown) {
			t.Error("the gateway takes an expired key, want that it refuses it")
		}
		_, _, err = x.RotateAPIKey(t.Context(), x.admin, k.ID, 0)
		wantFault(t, "rotate an expired key", err, fault.Conflict, "the API key has expired; create another")
	})
}

func TestAPIKeysAreRevokedForGood(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		k, shown, err := x.CreateAPIKey(t.Context(), x.owner, "production", apikey.Secret, noFields)
		if err != nil {
			t.Fatal(err)
		}
		if err := x.RevokeAPIKey(t.Context(), x.owner, k.ID); err != nil {
			t.Fatal(err)
		}
		if x.lives(shown) {
			t.Error("the gateway takes a revoked key, want that it refuses it from the answer on")
		}
		revoked, err := x.GetAPIKey(t.Context(), x.owner, k.ID)
		if err != nil || !revoked.RevokedAt.Equal(x.clock.Now()) {
			t.Errorf("got %+v and %v, want it revoked now", revoked, err)
		}
		x.clock.pass(time.Hour)
		if err := x.RevokeAPIKey(t.Context(), x.owner, k.ID); err != nil {
			t.Errorf("revoke twice: got %v, want no error", err)
		}
		if again, err := x.GetAPIKey(t.Context(), x.owner, k.ID); err != nil || !cmp.Equal(revoked, again) {
			t.Errorf("revoked twice: %v (-first +second):\n%s", err, cmp.Diff(revoked, again))
		}
		const message = "the API key is revoked, which cannot be undone; create another"
		_, err = x.UpdateAPIKey(t.Context(), x.owner, k.ID, apikey.Fields{Description: ptr("back")})
		wantFault(t, "update", err, fault.Conflict, message)
		_, _, err = x.RotateAPIKey(t.Context(), x.owner, k.ID, time.Hour)
		wantFault(t, "rotate", err, fault.Conflict, message)
	})
}

func TestAPIKeysRotate(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		far := x.clock.Now().Add(48 * time.Hour)
		make := func(f apikey.Fields) (string, apikey.Credential) {
			k, shown, err := x.CreateAPIKey(t.Context(), x.owner, "production", apikey.Public, f)
			if err != nil {
				t.Fatal(err)
			}
			return k.ID, shown
		}
		rotate := func(id string, grace time.Duration) (control.APIKey, apikey.Credential, control.APIKey) {
			next, shown, err := x.RotateAPIKey(t.Context(), x.owner, id, grace)
			if err != nil {
				t.Fatal(err)
			}
			x.hide("a rotated key", shown.Reveal())
			old, err := x.GetAPIKey(t.Context(), x.owner, id)
			if err != nil || old.ReplacedBy != next.ID {
				t.Errorf("old: got %+v and %v, want it replaced by %s", old, err, next.ID)
			}
			return next, shown, old
		}
		id, shown := make(apikey.Fields{Description: ptr("shop"), ExpiresAt: &far})
		next, successor, old := rotate(id, 24*time.Hour)
		if next.Kind != apikey.Public || next.Description != "shop" || !next.ExpiresAt.Equal(far) || next.EnvironmentID != x.production ||
			next.Environment != "production" || next.Uses != 0 || next.ID == id {
			t.Errorf("successor: got %+v, want the old one's properties", next)
		}
		if !old.ExpiresAt.Equal(x.clock.Now().Add(24*time.Hour)) || !x.lives(shown) || !x.lives(successor) {
			t.Errorf("in its grace: got %+v, want both keys taken", old)
		}
		later, sooner := old.ExpiresAt.Add(time.Second), old.ExpiresAt
		for _, at := range []time.Time{later, {}} {
			_, err := x.UpdateAPIKey(t.Context(), x.owner, id, apikey.Fields{ExpiresAt: &at})
			wantFault(t, "prolong the grace", err, fault.Conflict, "the API key was rotated: its grace may be cut short, not prolonged; use its successor")
		}
		if _, err := x.UpdateAPIKey(t.Context(), x.owner, id, apikey.Fields{ExpiresAt: &sooner, Description: ptr("old")}); err != nil {
			t.Errorf("keep the grace: got %v, want no error", err)
		}
		_, _, err := x.RotateAPIKey(t.Context(), x.owner, id, time.Hour)
		wantFault(t, "rotate twice", err, fault.Conflict, "the API key was rotated before; rotate its successor")
		x.clock.pass(24 * time.Hour)
		if x.lives(shown) || !x.lives(successor) {
			t.Error("after its grace the old key is taken or the new one is not, want the opposite")
		}
		_, _, old = rotate(next.ID, 720*time.Hour)
		if !old.ExpiresAt.Equal(far) {
			t.Errorf("grace beyond its expiry: got %v, want %v", old.ExpiresAt, far)
		}
		id, shown = make(noFields)
		_, successor, old = rotate(id, 0)
		if x.lives(shown) || !x.lives(successor) || old.RevokedAt.IsZero() {
			t.Errorf("without grace: got %+v, want it revoked at once", old)
		}
		id, shown = make(noFields)
		rotate(id, time.Hour)
		if err := x.RevokeAPIKey(t.Context(), x.owner, id); err != nil || x.lives(shown) {
			t.Errorf("revoked in its grace: got %v, want it refused", err)
		}
	})
}

func TestAPIKeyLists(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		var want []string
		for i := range 7 {
			want = append(want, x.createKey(t, []string{"development", "production"}[i%2]).ID)
		}
		staging := x.createEnvironment(t, "staging")
		elsewhere := x.createKey(t, "staging").ID
		list := func(who access.Principal, environment string, limit int) (ids []string) {
			t.Helper()
			p := control.Page{Limit: limit}
			for {
				keys, next, err := x.ListAPIKeys(t.Context(), who, environment, p)
				if err != nil || len(keys) > limit {
					t.Fatalf("list: got %d keys and %v, want at most %d", len(keys), err, limit)
				}
				for _, k := range keys {
					ids = append(ids, k.ID)
				}
				if p.Cursor = next; next == "" {
					return ids
				}
			}
		}
		same := func(what string, want, got []string) {
			t.Helper()
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", what, diff)
			}
		}
		same("all", append(slices.Clone(want), elsewhere), list(x.owner, "", 3))
		same("pages that fit", append(slices.Clone(want), elsewhere), list(x.developer, "", 8))
		same("one environment", []string{want[1], want[3], want[5]}, list(x.owner, "production", 2))
		local := x.with("local", access.Grant{Environment: staging.ID, Role: access.Developer}, access.Grant{Environment: x.production, Role: access.Viewer})
		same("what is seen", []string{elsewhere}, list(local, "", 50))
		_, _, err := x.ListAPIKeys(t.Context(), local, "production", all)
		wantFault(t, "by a viewer", err, fault.Forbidden, "")
		_, _, err = x.ListAPIKeys(t.Context(), local, "development", all)
		wantFault(t, "unseen", err, fault.NotFound, "no such environment")
		_, _, err = x.ListAPIKeys(t.Context(), x.support, "", all)
		wantFault(t, "by support", err, fault.Forbidden, "")
	})
}

func TestAPIKeysAreRefused(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		k := x.createKey(t, "development")
		before := x.state(t)
		past := x.clock.Now()
		for what, f := range map[string]apikey.Fields{
			"a description": {Description: ptr("two\nlines")}, "a long one": {Description: ptr(strings.Repeat("a", 501))}, "the past": {ExpiresAt: &past},
		} {
			_, shown, err := x.CreateAPIKey(t.Context(), x.owner, "development", apikey.Secret, f)
			wantFault(t, "create with "+what, err, fault.Invalid, "")
			if shown != (apikey.Credential{}) {
				t.Errorf("create with %s: got a credential, want none", what)
			}
			_, err = x.UpdateAPIKey(t.Context(), x.owner, k.ID, f)
			wantFault(t, "update with "+what, err, fault.Invalid, "")
		}
		for _, kind := range []apikey.Kind{"", apikey.Token, "zebra"} {
			_, _, err := x.CreateAPIKey(t.Context(), x.owner, "development", kind, noFields)
			wantFault(t, "create as "+string(kind), err, fault.Invalid, `type: must be "secret" or "public"`)
		}
		for _, ref := range []string{"", "none", "\x00", "\xff", strings.ToUpper(k.ID), k.Prefix} {
			_, err := x.GetAPIKey(t.Context(), x.owner, ref)
			wantFault(t, "get", err, fault.NotFound, "no such API key")
			wantFault(t, "revoke", x.RevokeAPIKey(t.Context(), x.owner, ref), fault.NotFound, "no such API key")
		}
		_, _, err := x.CreateAPIKey(t.Context(), x.owner, "none", apikey.Secret, noFields)
		wantFault(t, "in no environment", err, fault.NotFound, "no such environment")
		if diff := cmp.Diff(before, x.state(t)); diff != "" {
			t.Errorf("refusals changed (-before +after):\n%s", diff)
		}
	})
}

func TestPagesAreRefused(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		for name, p := range map[string]control.Page{
			"a negative limit": {Limit: -1}, "a limit over 200": {Limit: 201}, "no base64": {Cursor: "zebra!"}, "no text": {Cursor: "_w"},
			"a NUL": {Cursor: "AA"}, "too long": {Cursor: strings.Repeat("YWFh", 200)},
		} {
			for what, list := range map[string]func() error{
				"keys":    func() error { _, _, err := x.ListAPIKeys(t.Context(), x.owner, "", p); return err },
				"secrets": func() error { _, _, err := x.ListSecrets(t.Context(), x.owner, p); return err },
				"routes":  func() error { _, _, err := x.ListRoutes(t.Context(), x.owner, p); return err },
				"calls":   func() error { _, _, err := x.ListCalls(t.Context(), x.owner, control.CallFilter{Page: p}); return err },
				"audit":   func() error { _, _, err := x.ListAudit(t.Context(), x.owner, control.AuditFilter{Page: p}); return err },
			} {
				if err := list(); !fault.Is(err, fault.Invalid) || strings.Contains(err.Error(), "zebra") {
					t.Errorf("%s with %s: got %v, want a refusal that does not repeat it", what, name, err)
				}
			}
		}
	})
}
