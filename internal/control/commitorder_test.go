package control_test

import (
	"testing"

	"github.com/lockage/lockage/internal/control"
)

// A page goes on from an id, so a commit's id is above its predecessor's, though a clock that ran ahead made that one.
func TestCommitIDsGrow(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		x.createRoute(t, `{"key":"a","target_url":"https://example.com"}`)
		first := x.commit(t)
		const ahead = "ffff0000-0000-7000-8000-0000000000ff"
		x.exec(t, `UPDATE commits SET id = $1 WHERE id = $2`, ahead, first.ID)
		x.updateRoute(t, "a", `{"timeout":"1s"}`)
		second := x.commit(t)
		if want := "ffff0000-0000-7000-8000-000000000100"; second.ID != want {
			t.Errorf("id after %s: got %s, want %s", ahead, second.ID, want)
		}
		list, _, err := x.ListCommits(t.Context(), x.viewer, control.CommitFilter{})
		if err != nil || len(list) != 2 || list[0].ID != second.ID {
			t.Errorf("history: got %v and %v, want the second commit first", list, err)
		}
	})
}
