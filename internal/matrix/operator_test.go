package matrix_test

import (
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lockage/lockage/internal/store"
)

// operators are the operations that the operator's token is for.
var operators = []string{"create-account", "list-accounts"}

// betweenAttempts is after how long an address may try once more to prove who it is; the operations that do so are many.
const betweenAttempts = 5 * time.Second

// The operator's token opens accounts and lists them. To every other operation it is a credential that never was one: the
// same answer, and nothing changes.
func TestTheOperatorsTokenIsNothingElsewhere(t *testing.T) {
	w := newWorld(t, store.Config{Path: filepath.Join(t.TempDir(), "lockage.db")})
	never := "x" + operatorToken[1:]
	asked := 0
	for _, o := range w.operations() {
		for _, in := range []things{w.ours.things["staging"], w.ours.things["production"], w.theirs.things["staging"]} {
			c, _ := o.of(in)
			w.clock.forward(o.recipe.wait + betweenAttempts)
			w.prepared(o, in)
			now, since := w.clock.Now(), w.ours.last()
			got := w.send(operatorToken, c)
			if slices.Contains(operators, o.id) {
				if got.status/100 != 2 {
					t.Errorf("%s: got %d %s, want it done", o, got.status, got.body)
				}
				continue
			}
			if d := w.ours.decisions(since); len(d) > 0 && !o.open {
				t.Errorf("%s: the audit log has %v", o, d)
			}
			w.clock.forward(o.recipe.wait + betweenAttempts)
			w.prepared(o, in)
			if !o.open { // answers tell the time
				w.clock.set(now)
			}
			want := w.send(never, c)
			got.body, want.body = requestIDs.ReplaceAllString(got.body, ""), requestIDs.ReplaceAllString(want.body, "")
			if o.open && got.status/100 == 2 && o.method != http.MethodGet { // whoever it is that asks
				got.body, want.body = shape(got.body), shape(want.body)
			}
			if d := w.same(got, want); d != "" {
				t.Errorf("%s: another answer than to what never was a credential (-never +operator):\n%s", o, d)
			}
			if !o.open && got.status != http.StatusUnauthorized {
				t.Errorf("%s: got %d %s, want 401", o, got.status, got.body)
			}
			if strings.Contains(got.body, operatorToken) {
				t.Errorf("%s: the answer repeats the token", o)
			}
			asked++
		}
	}
	if asked < 300 {
		t.Errorf("asked %d times only", asked)
	}
}
