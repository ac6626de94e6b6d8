package main_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"testing"

	"github.com/lockage/lockage/internal/testkit"
	"github.com/lockage/lockage/wire"
)

// convoy is many routes that always go up together: every one of them sends the number of the revision it is at.
type convoy struct {
	*world
	upstream     *testkit.Upstream
	keys         map[string]apiKey // by environment
	tried, moved int               // the newest revision that was sent to production, and that which arrived for sure
	lost         int               // promotions whose answer was lost
}

const convoyRoutes = 40

// A promotion through several levels is in all of them or in none, whenever the power goes.
func TestKilledServerPromotesAllOrNothing(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, w *world) {
		c := &convoy{world: w, upstream: testkit.NewUpstream(t), keys: map[string]apiKey{}}
		w.runs(t, "", "environments", "create", "staging")
		for _, environment := range []string{"development", "staging", "production"} {
			c.keys[environment] = w.makeKey(t, environment)
		}
		c.commit(t)
		c.moved = c.promote(t)
		for cut := range 10 {
			c.commit(t)
			c.promoteUntilKilled(t, cut*cut) // another moment each time
			w.serve(t)
			c.check(t)
		}
		if c.lost == 0 {
			t.Error("every promotion was answered before the power went: nothing was seen of half a one")
		}
		c.commit(t)
		c.moved = c.promote(t)
		c.check(t)
		w.runs(t, "", "audit", "verify")
		w.stop(t)
	}, "--allow-upstreams", "127.0.0.0/8")
}

// commit makes the next revision of all routes live in development.
func (c *convoy) commit(t *testing.T) {
	t.Helper()
	c.tried++
	message := strconv.Itoa(c.tried)
	body := wire.Push{Commit: &message}
	for i := range convoyRoutes {
		content := `{"name":"convoy","target_url":"` + c.upstream.URL + `","inject_headers":{"X-Revision":"` + message + `"}}`
		body.Definitions = append(body.Definitions, wire.PushDefinition{Kind: "route", Key: fmt.Sprintf("route%d", i), Content: json.RawMessage(content)})
	}
	b, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	want[any](t, c.api(t, http.MethodPut, "/v1/definitions", string(b)), http.StatusOK)
}

const upToProduction = `{"to":"production","through":"staging","message":"all of them"}`

func (c *convoy) promote(t *testing.T) int {
	t.Helper()
	want[any](t, c.api(t, http.MethodPost, "/v1/promotions", upToProduction), http.StatusCreated)
	return c.tried
}

// promoteUntilKilled promotes, and takes the power away after a number of other answers since.
func (c *convoy) promoteUntilKilled(t *testing.T, answers int) {
	t.Helper()
	answered := make(chan bool)
	go func() {
		a, err := c.attempt(http.MethodPost, c.control+"/v1/promotions", ownerToken, upToProduction)
		answered <- err == nil && a.StatusCode == http.StatusCreated
	}()
	for range answers {
		c.send(t, http.MethodGet, c.control+"/healthz", "", "")
	}
	c.kill(t)
	if <-answered {
		c.moved = c.tried
	} else {
		c.lost++
	}
}

// check looks at what is there, in the API and at the gateway: one revision, in both environments.
func (c *convoy) check(t *testing.T) {
	t.Helper()
	trees := map[string]wire.Tree{}
	revisions := map[int]bool{}
	for _, environment := range []string{"staging", "production"} {
		tree := want[wire.Tree](t, c.api(t, http.MethodGet, "/v1/environments/"+environment+"/tree", ""), http.StatusOK)
		if len(tree.Definitions) != convoyRoutes {
			t.Fatalf("%s has %d routes, want %d", environment, len(tree.Definitions), convoyRoutes)
		}
		for _, d := range tree.Definitions {
			if d.Hash != tree.Definitions[0].Hash {
				t.Errorf("%s: %s and %s are not of one revision", environment, d.Key, tree.Definitions[0].Key)
			}
			before := len(c.upstream.Requests())
			if a := c.call(t, c.keys[environment].Key, "/"+d.Key); a.StatusCode != http.StatusOK {
				t.Fatalf("call of %s in %s: status %d: %s", d.Key, environment, a.StatusCode, a.body)
			}
			n, err := strconv.Atoi(c.upstream.Requests()[before].Header.Get("X-Revision"))
			if err != nil {
				t.Fatal(err)
			}
			revisions[n] = true
		}
		trees[environment] = tree
	}
	same(t, "production's tree", trees["staging"].RootHash, trees["production"].RootHash)
	same(t, "production's commits", trees["staging"].Commit, trees["production"].Commit)
	if len(revisions) != 1 {
		t.Fatalf("the gateway serves the revisions %v, want one", revisions)
	}
	for n := range revisions {
		if n < c.moved || n > c.tried {
			t.Errorf("the gateway serves revision %d, want %d or a later one, up to %d", n, c.moved, c.tried)
		}
		c.moved = max(c.moved, n) // also when its answer was lost: what is there stays
	}
	done := want[[]wire.Promotion](t, c.api(t, http.MethodGet, "/v1/promotions?limit=200", ""), http.StatusOK)
	if int64(len(done)) != trees["production"].Commit {
		t.Errorf("there are %d promotions and %d commits in production, want as many", len(done), trees["production"].Commit)
	}
	for _, p := range done {
		if p.State != "done" || len(p.Commits) != 2 {
			t.Errorf("a promotion is %s with %d commits, want done with 2", p.State, len(p.Commits))
		}
	}
}
