package store_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/store"
)

var comparePrefixes = cmpopts.EquateComparable(netip.Prefix{})

func TestMembers(t *testing.T) {
	onBoth(t, func(t *testing.T, x fixture) {
		ctx := t.Context()
		noor := store.Person{ID: "person2", Email: "noor@example.com", Name: "Noor", CreatedAt: start}
		x.write(t, func(tx *store.Tx) error {
			added, err := tx.InsertPersonOnce(ctx, noor)
			if !added {
				t.Error("the first of an address was not added")
			}
			return err
		})
		x.write(t, func(tx *store.Tx) error {
			other := noor
			other.ID = "person3"
			added, err := tx.InsertPersonOnce(ctx, other)
			if added {
				t.Error("a second of an address was added")
			}
			return err
		})
		x.write(t, func(tx *store.Tx) error {
			return tx.InsertMember(ctx, store.Member{ID: "m3", PersonID: noor.ID, Name: "N.", CreatedAt: start})
		})
		x.write(t, func(tx *store.Tx) error { return tx.RenameMember(ctx, "m1", "Mira the first") })
		x.write(t, func(tx *store.Tx) error {
			return tx.PutGrants(ctx, "m1", []access.Grant{{Environment: "e2", Role: access.Support}})
		})
		first, second := memberOf(ours), store.Member{Account: ours, ID: "m3", PersonID: noor.ID, Email: noor.Email, Name: "N.", CreatedAt: start}
		first.Name = "Mira the first"
		x.read(t, func(tx *store.Tx) error {
			got, err := tx.Members(ctx, "", 9)
			if diff := cmp.Diff([]store.Member{first, second}, got); diff != "" {
				t.Errorf("members (-want +got):\n%s", diff)
			}
			page, _ := tx.Members(ctx, "m1", 1)
			if diff := cmp.Diff([]store.Member{second}, page); diff != "" {
				t.Errorf("a page (-want +got):\n%s", diff)
			}
			byEmail, _ := tx.MemberByEmail(ctx, noor.Email)
			if diff := cmp.Diff(second, byEmail); diff != "" {
				t.Errorf("by e-mail (-want +got):\n%s", diff)
			}
			by, _ := tx.GrantsByHolder(ctx)
			want := map[string][]access.Grant{"m1": {{Environment: "e2", Role: access.Support}}, "m2": {{Environment: "e1", Role: access.Viewer}}}
			if diff := cmp.Diff(want, by); diff != "" {
				t.Errorf("grants (-want +got):\n%s", diff)
			}
			ids, _ := tx.MemberIDs(ctx)
			if diff := cmp.Diff([]string{"m1", "m3"}, ids); diff != "" {
				t.Errorf("ids (-want +got):\n%s", diff)
			}
			return err
		})
		hers := approval
		hers.ApproverID, hers.Approver = "m1", "Mira"
		x.write(t, func(tx *store.Tx) error { return tx.PutApproval(ctx, hers) })
		x.write(t, func(tx *store.Tx) error { return tx.DeleteMember(ctx, "m1") })
		x.read(t, func(tx *store.Tx) error {
			if err := tx.IsMember(ctx, ours, "m1"); !fault.Is(err, fault.NotFound) {
				t.Errorf("removed: got %v, want not found", err)
			}
			grants, err := tx.Grants(ctx, ours, "m1")
			approvals, _ := tx.Approvals(ctx, promotion.ID)
			if diff := cmp.Diff([]store.Approval{approval}, approvals); diff != "" || len(grants) != 0 {
				t.Errorf("of the removed: got grants %v, want none, and only another's approval (-want +got):\n%s", grants, diff)
			}
			return err
		})
	})
}

func TestInvitations(t *testing.T) {
	onBoth(t, func(t *testing.T, x fixture) {
		ctx := t.Context()
		changed := invitationOf(ours)
		changed.Name, changed.Digest, changed.SenderID, changed.Sender = "Noor two", digest(ours, 6), "m9", "Ada"
		changed.ExpiresAt = start.Add(2 * time.Hour)
		x.write(t, func(tx *store.Tx) error { return tx.UpdateInvitation(ctx, changed) })
		x.read(t, func(tx *store.Tx) error {
			list, err := tx.Invitations(ctx, "", 9)
			if diff := cmp.Diff([]store.Invitation{changed}, list); diff != "" {
				t.Errorf("invitations (-want +got):\n%s", diff)
			}
			if after, _ := tx.Invitations(ctx, "m2", 9); len(after) != 0 {
				t.Errorf("after the last: got %v, want none", after)
			}
			if got, _ := tx.InvitationByEmail(ctx, "noor@example.com"); got.ID != "m2" {
				t.Errorf("by e-mail: got %+v, want m2", got)
			}
			return err
		})
		err := x.ReadAll(ctx, func(tx *store.Tx) error {
			got, err := tx.InvitationByDigest(ctx, digest(theirs, 5))
			if diff := cmp.Diff(invitationOf(theirs), got); diff != "" {
				t.Errorf("by digest (-want +got):\n%s", diff)
			}
			if _, err := tx.InvitationByDigest(ctx, digest(ours, 5)); !fault.Is(err, fault.NotFound) {
				t.Errorf("by the digest before: got %v, want not found", err)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		x.write(t, func(tx *store.Tx) error { return tx.DeleteInvitation(ctx, "m2") })
		x.read(t, func(tx *store.Tx) error {
			if _, err := tx.Invitation(ctx, "m2"); !fault.Is(err, fault.NotFound) {
				t.Errorf("deleted: got %v, want not found", err)
			}
			return nil
		})
	})
}

func TestTokensChangeAndAreUsed(t *testing.T) {
	onBoth(t, func(t *testing.T, x fixture) {
		ctx := t.Context()
		changed := tokenOf(ours)
		changed.Name, changed.ExpiresAt, changed.RevokedAt, changed.Addresses = "new", time.Time{}, start.Add(time.Minute), nil
		changed.GiverKind, changed.GiverID, changed.Giver = access.TokenActor, "t9", "ci"
		x.write(t, func(tx *store.Tx) error { return tx.UpdateToken(ctx, changed) })
		err := x.Batch(ctx, func(tx *store.Tx) error {
			for _, last := range []time.Time{start.Add(time.Hour), start} { // a batch that comes late does not turn the clock back
				if err := tx.UseToken(ctx, ours, "t1", last); err != nil {
					return err
				}
			}
			return tx.UseToken(ctx, ours, "no token", start)
		})
		if err != nil {
			t.Fatal(err)
		}
		changed.LastUsedAt = start.Add(time.Hour)
		x.read(t, func(tx *store.Tx) error {
			got, err := tx.TokensAfter(ctx, "", 9)
			if diff := cmp.Diff([]store.Token{changed}, got, comparePrefixes); diff != "" {
				t.Errorf("tokens (-want +got):\n%s", diff)
			}
			if one, _ := tx.Token(ctx, "t1"); !cmp.Equal(changed, one, comparePrefixes) {
				t.Errorf("by id: got %+v", one)
			}
			if after, _ := tx.TokensAfter(ctx, "t1", 9); len(after) != 0 {
				t.Errorf("after the last: got %v, want none", after)
			}
			return err
		})
	})
}
