package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/route"
	"github.com/lockage/lockage/internal/store"
)

func TestCalls(t *testing.T) {
	onBoth(t, func(t *testing.T, x fixture) {
		ctx := t.Context()
		first := callOf(ours)
		second := route.Call{
			ID: "019ca945-f460-7000-8000-000000000002", Account: ours, RequestID: "r2", Time: start.Add(time.Minute), EnvironmentID: "e2", Method: "GET", Path: "/none",
			Status: 404, Latency: time.Hour, ErrorType: "not_found", Secrets: []string{}, RecordedAt: start,
		}
		odd, kept := callOf(ours), callOf(ours)
		odd.ID, odd.Path, odd.Status = "019ca945-0a00-7000-8000-000000000003", "/a\x00b\xffc", 500
		kept.ID, kept.Path, kept.Status = "019ca945-0a00-7000-8000-000000000003", "/a\uFFFDb\uFFFDc", 500
		orphan, stray := callOf(ours), callOf("nobody")
		orphan.ID, orphan.EnvironmentID = "019ca945-0a00-7000-8000-000000000004", "gone"
		stray.ID = "019ca945-0a00-7000-8000-000000000005"
		err := x.Batch(ctx, func(tx *store.Tx) error { return tx.InsertCalls(ctx, []route.Call{second, odd, orphan, stray}) })
		if err != nil {
			t.Fatal(err)
		}
		both := []string{"e1", "e2"}
		for name, tt := range map[string]struct {
			filter store.CallFilter
			want   []route.Call
		}{
			"all, newest first": {store.CallFilter{EnvironmentIDs: both, Limit: 9}, []route.Call{second, kept, first}},
			"no environment":    {store.CallFilter{Limit: 9}, []route.Call{}},
			"an environment":    {store.CallFilter{EnvironmentIDs: []string{"e2"}, Limit: 9}, []route.Call{second}},
			"a route's id":      {store.CallFilter{EnvironmentIDs: both, RouteID: "d1", Limit: 9}, []route.Call{kept, first}},
			"a key":             {store.CallFilter{EnvironmentIDs: both, KeyID: "k1", Limit: 9}, []route.Call{kept, first}},
			"a class":           {store.CallFilter{EnvironmentIDs: both, StatusFrom: 400, StatusTo: 500, Limit: 9}, []route.Call{second}},
			"since":             {store.CallFilter{EnvironmentIDs: both, Since: start.Add(time.Second), Limit: 9}, []route.Call{second}},
			"until":             {store.CallFilter{EnvironmentIDs: both, Until: start.Add(time.Minute), Limit: 9}, []route.Call{kept, first}},
			"a page":            {store.CallFilter{EnvironmentIDs: both, Before: "019ca945-0a00-7000-8000-000000000003", Limit: 1}, []route.Call{first}},
			"no text":           {store.CallFilter{EnvironmentIDs: both, RouteID: "\x00", Limit: 9}, []route.Call{}},
		} {
			x.read(t, func(tx *store.Tx) error {
				got, err := tx.Calls(ctx, tt.filter)
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Errorf("%s (-want +got):\n%s", name, diff)
				}
				return err
			})
		}
	})
}

func TestAudit(t *testing.T) {
	onBoth(t, func(t *testing.T, x fixture) {
		ctx := t.Context()
		refused := audit.Entry{
			Actor: audit.Actor{Kind: "token", ID: "t1", Name: "odd \x00\xff name"}, Action: "secret.delete", Outcome: audit.Refused,
			EnvironmentID: "e2", Environment: "production", Target: audit.Target{Kind: "secret", ID: "s2", Name: "<b>&"},
		}
		err := x.Write(ctx, ours, func(tx *store.Tx) error { return tx.AppendAudit(ctx, refused) })
		if err != nil {
			t.Fatal(err)
		}
		for name, tt := range map[string]struct {
			filter store.AuditFilter
			want   []int64
		}{
			"newest first":   {store.AuditFilter{Limit: 9}, []int64{2, 1}},
			"oldest first":   {store.AuditFilter{Ascending: true, Limit: 9}, []int64{1, 2}},
			"a page":         {store.AuditFilter{Limit: 1}, []int64{2}},
			"the next":       {store.AuditFilter{After: 2, Limit: 1}, []int64{1}},
			"the next up":    {store.AuditFilter{Ascending: true, After: 1, Limit: 9}, []int64{2}},
			"an actor":       {store.AuditFilter{Actor: "t1", Limit: 9}, []int64{2}},
			"an action":      {store.AuditFilter{Action: "secret.create", Limit: 9}, []int64{1}},
			"an environment": {store.AuditFilter{EnvironmentID: "e2", Limit: 9}, []int64{2}},
			"an outcome":     {store.AuditFilter{Outcome: "refused", Limit: 9}, []int64{2}},
			"a target's id":  {store.AuditFilter{Target: "s1", Limit: 9}, []int64{1}},
			"its id alone":   {store.AuditFilter{TargetKind: "secret", TargetID: "s1", Limit: 9}, []int64{1}},
			"another kind":   {store.AuditFilter{TargetKind: "route", TargetID: "s1", Limit: 9}, nil},
			"a name as id":   {store.AuditFilter{TargetID: "stripe_api_key", Limit: 9}, nil},
			"its name":       {store.AuditFilter{Target: "stripe_api_key", Limit: 9}, []int64{1}},
			"later":          {store.AuditFilter{Since: start.Add(time.Millisecond), Limit: 9}, nil},
			"earlier":        {store.AuditFilter{Until: start, Limit: 9}, nil},
			"since":          {store.AuditFilter{Since: start, Until: start.Add(1e6), Limit: 9}, []int64{2, 1}},
			"no text":        {store.AuditFilter{Target: "\xff", Limit: 9}, nil},
		} {
			x.read(t, func(tx *store.Tx) error {
				entries, err := tx.Audit(ctx, tt.filter)
				var got []int64
				for _, e := range entries {
					got = append(got, e.Sequence)
				}
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Errorf("%s (-want +got):\n%s", name, diff)
				}
				return err
			})
		}
		x.read(t, func(tx *store.Tx) error {
			entries, err := tx.Audit(ctx, store.AuditFilter{Ascending: true, Limit: 9})
			if err != nil {
				return err
			}
			want := refused
			want.Account, want.Sequence, want.Time, want.Detail = ours, 2, start, map[string]string{}
			if diff := cmp.Diff(want.Seal(entries[0].Hash), entries[1]); diff != "" {
				t.Errorf("entry (-want +got):\n%s", diff)
			}
			head, err := tx.AuditHead(ctx)
			if want := (store.AuditHead{Account: ours, Entries: 2, Hash: entries[1].Hash}); head != want || err != nil {
				t.Errorf("head: got %+v and %v, want %+v", head, err, want)
			}
			var v audit.Verifier
			for _, e := range entries {
				if err := v.Next(e); err != nil {
					t.Errorf("chain: %v", err)
				}
			}
			return nil
		})
	})
}

func TestAuditHeads(t *testing.T) {
	onBoth(t, func(t *testing.T, x fixture) {
		var heads []store.AuditHead
		err := x.ReadAll(t.Context(), func(tx *store.Tx) (err error) {
			heads, err = tx.AuditHeads(t.Context())
			return err
		})
		if err != nil || len(heads) != 2 || heads[0].Account != ours || heads[1].Account != theirs || heads[0].Entries != 1 || len(heads[0].Hash) != 64 {
			t.Errorf("got %+v and %v, want the heads of both accounts", heads, err)
		}
	})
}

func TestIdempotent(t *testing.T) {
	onBoth(t, func(t *testing.T, x fixture) {
		ctx := t.Context()
		batch := func(fn func(*store.Tx) error) {
			t.Helper()
			if err := x.Batch(ctx, fn); err != nil {
				t.Fatalf("batch: %v", err)
			}
		}
		reserve := func(i store.Idempotent, wantTaken bool, want store.Idempotent) {
			t.Helper()
			batch(func(tx *store.Tx) error {
				found, taken, err := tx.ReserveIdempotent(ctx, ours, i)
				if taken != wantTaken {
					t.Errorf("got taken %v, want %v", taken, wantTaken)
				}
				for _, b := range []*[]byte{&found.Answer.Ciphertext, &found.Answer.Nonce, &found.Answer.Tag, &found.Answer.WrappedKey} {
					if len(*b) == 0 {
						*b = nil
					}
				}
				if diff := cmp.Diff(want, found); diff != "" {
					t.Errorf("found (-want +got):\n%s", diff)
				}
				return err
			})
		}
		again, done, another := reservation, reservation, reservation
		again.Fingerprint, again.CreatedAt = "f2", start.Add(time.Hour)
		reserve(again, false, reservation)
		done.Done, done.Answer = true, value.Sealed
		batch(func(tx *store.Tx) error { return tx.FinishIdempotent(ctx, ours, "m1", "i1", value.Sealed) })
		reserve(again, false, done)
		another.Holder = "m2"
		reserve(another, true, another)
		batch(func(tx *store.Tx) error { return tx.DropIdempotent(ctx, ours, "m1", "i1") })
		reserve(again, true, again)
		// theirs is as old as the one that stays, and must stay too
		batch(func(tx *store.Tx) error { return tx.ExpireIdempotent(ctx, start) })
		reserve(another, false, another)
		batch(func(tx *store.Tx) error {
			if err := tx.DropIdempotent(ctx, ours, "m1", "i1"); err != nil {
				return err
			}
			old := again
			old.CreatedAt = start.Add(-time.Millisecond)
			if _, taken, err := tx.ReserveIdempotent(ctx, ours, old); !taken || err != nil {
				t.Errorf("reserve: got taken %v and %v, want true", taken, err)
			}
			return tx.ExpireIdempotent(ctx, start)
		})
		reserve(again, true, again)
	})
}
