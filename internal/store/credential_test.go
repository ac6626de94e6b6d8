package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/apikey"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/store"
)

func TestAPIKeys(t *testing.T) {
	onBoth(t, func(t *testing.T, x fixture) {
		ctx := t.Context()
		first, second, third := keyOf(ours), keyOf(ours), keyOf(ours)
		second.ID, second.EnvironmentID, second.Kind, second.Digest = "k2", "e2", apikey.Public, digest(ours, 3)
		third.ID, third.Digest = "k3", digest(ours, 4)
		x.write(t, func(tx *store.Tx) error { return tx.InsertAPIKey(ctx, second) })
		x.write(t, func(tx *store.Tx) error { return tx.InsertAPIKey(ctx, third) })
		first.Description, first.ExpiresAt, first.RevokedAt, first.ReplacedBy = "old", time.Time{}, start.Add(time.Minute), "k3"
		x.write(t, func(tx *store.Tx) error { return tx.UpdateAPIKey(ctx, first) })
		moved := third
		moved.EnvironmentID, moved.Description = "e2", "must not be written: the key is of e1"
		x.write(t, func(tx *store.Tx) error { return tx.UpdateAPIKey(ctx, moved) })

		x.read(t, func(tx *store.Tx) error {
			for _, tt := range []struct {
				name         string
				environments []string
				after        string
				limit        int
				want         []apikey.APIKey
			}{
				{"all", []string{"e1", "e2"}, "", 9, []apikey.APIKey{first, second, third}},
				{"one environment", []string{"e1"}, "", 9, []apikey.APIKey{first, third}},
				{"no environment", nil, "", 9, []apikey.APIKey{}},
				{"a page", []string{"e1", "e2"}, "k1", 1, []apikey.APIKey{second}},
			} {
				got, err := tx.APIKeys(ctx, tt.environments, tt.after, tt.limit)
				if err != nil {
					return err
				}
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Errorf("%s (-want +got):\n%s", tt.name, diff)
				}
			}
			got, err := tx.LiveAPIKeys(ctx)
			if diff := cmp.Diff([]apikey.APIKey{second, third}, got); diff != "" {
				t.Errorf("live (-want +got):\n%s", diff)
			}
			if _, err := tx.APIKey(ctx, "k9"); !fault.Is(err, fault.NotFound) || err.Error() != "no such API key" {
				t.Errorf("unknown: got %v, want no such API key", err)
			}
			return err
		})
	})
}

func TestAddUses(t *testing.T) {
	onBoth(t, func(t *testing.T, x fixture) {
		ctx := t.Context()
		err := x.Batch(ctx, func(tx *store.Tx) error {
			for _, use := range []struct {
				account, environment, id string
				uses                     int64
				last                     time.Time
			}{
				{ours, "e1", "k1", 2, start.Add(time.Minute)},
				{ours, "e1", "k1", 3, start}, // a batch that comes late does not turn the clock back
				{ours, "e2", "k1", 7, start.Add(time.Hour)},
				{ours, "e1", "k9", 7, start.Add(time.Hour)},
			} {
				if err := tx.AddUses(ctx, use.account, use.environment, use.id, use.uses, use.last); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		want := keyOf(ours)
		want.Uses, want.LastUsedAt = 5, start.Add(time.Minute)
		x.read(t, func(tx *store.Tx) error {
			got, err := tx.APIKey(ctx, "k1")
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("key (-want +got):\n%s", diff)
			}
			return err
		})
	})
}

func TestTokensAndMembers(t *testing.T) {
	onBoth(t, func(t *testing.T, x fixture) {
		ctx := t.Context()
		x.read(t, func(tx *store.Tx) error {
			tokens, err := tx.Tokens(ctx)
			if diff := cmp.Diff([]store.Token{tokenOf(ours)}, tokens, comparePrefixes); diff != "" {
				t.Errorf("tokens (-want +got):\n%s", diff)
			}
			if err != nil {
				return err
			}
			member, err := tx.Member(ctx, "m1")
			if diff := cmp.Diff(memberOf(ours), member); diff != "" {
				t.Errorf("member (-want +got):\n%s", diff)
			}
			if _, err := tx.Member(ctx, "m9"); !fault.Is(err, fault.NotFound) {
				t.Errorf("unknown member: got %v, want not found", err)
			}
			if err != nil {
				return err
			}
			grants, err := tx.Grants(ctx, ours, "m1")
			want := []access.Grant{{Environment: "*", Role: access.Owner}, {Environment: "e1", Role: access.Viewer}}
			if diff := cmp.Diff(want, grants); diff != "" {
				t.Errorf("grants (-want +got):\n%s", diff)
			}
			return err
		})
		err := x.ReadAll(ctx, func(tx *store.Tx) error {
			for _, account := range []string{ours, theirs} {
				token, err := tx.TokenByDigest(ctx, digest(account, 1))
				if err != nil {
					return err
				}
				if diff := cmp.Diff(tokenOf(account), token, comparePrefixes); diff != "" {
					t.Errorf("token by digest (-want +got):\n%s", diff)
				}
			}
			if _, err := tx.TokenByDigest(ctx, digest(ours, 9)); !fault.Is(err, fault.NotFound) {
				t.Errorf("unknown digest: got %v, want not found", err)
			}
			person, err := tx.PersonByEmail(ctx, mira.Email)
			if diff := cmp.Diff(mira, person); diff != "" || err != nil {
				t.Errorf("person by e-mail: got %v (-want +got):\n%s", err, diff)
			}
			if _, err := tx.PersonByEmail(ctx, "Mira@example.com"); !fault.Is(err, fault.NotFound) {
				t.Errorf("another address: got %v, want not found", err)
			}
			members, err := tx.Memberships(ctx, mira.ID)
			if diff := cmp.Diff([]store.Member{memberOf(ours), memberOf(theirs)}, members); diff != "" {
				t.Errorf("memberships (-want +got):\n%s", diff)
			}
			if err != nil {
				return err
			}
			accounts, err := tx.Accounts(ctx)
			if diff := cmp.Diff([]string{ours, theirs}, accounts); diff != "" {
				t.Errorf("accounts (-want +got):\n%s", diff)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestTokenLive(t *testing.T) {
	tests := map[string]struct {
		token store.Token
		want  bool
	}{
		"for ever":        {store.Token{}, true},
		"not yet expired": {store.Token{ExpiresAt: start.Add(1)}, true},
		"just expired":    {store.Token{ExpiresAt: start}, false},
		"revoked":         {store.Token{RevokedAt: start}, false},
	}
	for name, tt := range tests {
		if got := tt.token.Live(start); got != tt.want {
			t.Errorf("%s: got %v, want %v", name, got, tt.want)
		}
	}
}
