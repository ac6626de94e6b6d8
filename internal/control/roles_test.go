package control_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/definition"
)

// No sequence of calls, by any role, changes what is live in a protected environment but promotion and rollback.
func TestOnlyPromotionAndRollbackChangeProduction(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		x.ours(t)
		x.promote(t, "production")
		x.setValue(t, "ours", "production", "a value of ours above")
		x.updateRoute(t, "own", `{"timeout":"1s"}`)
		x.commit(t)
		refs := []string{"production", "own", "ours", "development", "1"}
		for _, role := range []access.Role{access.Viewer, access.Support, access.Developer, access.Admin, access.Owner} {
			who := x.member(role)
			places := x.places(t, who)
			for _, place := range slices.Sorted(maps.Keys(places)) {
				for _, ref := range refs {
					before, head := x.root(t, "production"), x.environment(t, "production").Head
					places[place](ref)
					e := x.environment(t, "production")
					if definition.Hash(e.RootHash) == before && e.Head == head {
						continue
					}
					list, _, err := x.ListCommits(t.Context(), x.owner, control.CommitFilter{Environment: "production", Page: control.Page{Limit: 1}})
					if err != nil || len(list) != 1 || list[0].Number != head+1 || list[0].Cause == definition.CauseCommit {
						t.Fatalf("%s of %s as %s: got %+v and %v, want one step by promotion or rollback", place, ref, role, list, err)
					}
					if role != access.Owner && role != access.Admin {
						t.Errorf("%s of %s as %s changed production", place, ref, role)
					}
				}
			}
		}
		x.replay(t, x.production)
	})
}
