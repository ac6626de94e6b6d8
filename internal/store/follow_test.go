package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/route"
	"github.com/lockage/lockage/internal/store"
)

func TestRecordedSince(t *testing.T) {
	onBoth(t, func(t *testing.T, x fixture) {
		ctx := t.Context()
		first, second := callOf(ours), callOf(ours)
		second.ID, second.EnvironmentID = "019ca945-0a00-7000-8000-000000000002", "e2"
		if err := x.Batch(ctx, func(tx *store.Tx) error { return tx.InsertCalls(ctx, []route.Call{second}) }); err != nil {
			t.Fatal(err)
		}
		both := []string{"e1", "e2"}
		for name, tt := range map[string]struct {
			environments []string
			since        time.Time
			limit        int
			want         []string
		}{
			"all":            {both, start, 9, []string{first.ID, second.ID}},
			"an environment": {[]string{"e2"}, start, 9, []string{second.ID}},
			"none":           {nil, start, 9, nil},
			"later":          {both, start.Add(time.Millisecond), 9, nil},
			"the newest":     {both, start, 1, []string{second.ID}},
		} {
			x.read(t, func(tx *store.Tx) error {
				list, err := tx.RecordedSince(ctx, tt.environments, tt.since, tt.limit)
				var got []string
				for _, k := range list {
					if got = append(got, k.ID); !k.At.Equal(start) {
						t.Errorf("%s: got %v, want it stored at %v", name, k.At, start)
					}
				}
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Errorf("%s (-want +got):\n%s", name, diff)
				}
				return err
			})
		}
		x.read(t, func(tx *store.Tx) error {
			got, err := tx.CallsOf(ctx, []string{second.ID, "never", first.ID})
			first.HasContent = got[len(got)-1].HasContent
			if diff := cmp.Diff([]route.Call{second, first}, got); diff != "" {
				t.Errorf("calls (-want +got):\n%s", diff)
			}
			return err
		})
	})
}
