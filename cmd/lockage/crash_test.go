package main_test

import (
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/lockage/lockage/internal/testkit"
)

// author writes without a pause, and remembers what the server acknowledged. Each author has a secret, a route that
// sends it, and a route that stays a draft.
type author struct {
	name     string
	tried    int      // the highest number that was sent
	value    int      // number of the last value that was set
	revision int      // of the last route that was committed
	draft    int      // of the last route that was saved
	live     []apiKey // keys that were made and never touched again
	revoked  []apiKey
	looked   int // how often it was seen at the upstream what is live
}

const (
	authors = 6
	cuts    = 4 // how often the power goes
)

func TestKilledServerKeepsWhatItAcknowledged(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, w *world) {
		upstream := testkit.NewUpstream(t)
		var all []*author
		for i := range authors {
			a := &author{name: fmt.Sprintf("author%d", i)}
			all = append(all, a)
			want[any](t, w.api(t, http.MethodPost, "/v1/secrets", `{"name":"`+a.name+`"}`), http.StatusCreated)
			want[any](t, w.api(t, http.MethodPut, a.valuePath(), `{"value":"0"}`), http.StatusOK)
			for _, key := range []string{a.name, a.name + "-draft"} {
				want[any](t, w.api(t, http.MethodPost, "/v1/routes", `{"key":"`+key+`","target_url":"`+upstream.URL+`"}`), http.StatusCreated)
			}
		}
		acknowledged := new(atomic.Int64)
		for cut := range cuts {
			enough := make(chan struct{})
			limit := acknowledged.Load() + int64(60+37*cut) // another moment each time
			var working sync.WaitGroup
			for _, a := range all {
				working.Go(func() {
					a.write(t, w, func() {
						if acknowledged.Add(1) == limit {
							close(enough)
						}
					})
				})
			}
			<-enough
			w.kill(t)
			working.Wait()
			w.serve(t)
			for _, a := range all {
				a.check(t, w, upstream)
			}
			var verified struct{ Intact int64 }
			read(t, w.runs(t, "", "audit", "verify", "--json"), &verified)
			if n := acknowledged.Load(); verified.Intact < n {
				t.Errorf("the audit log has %d entries, want one for each of %d acknowledged changes", verified.Intact, n)
			}
		}
		for _, a := range all {
			if a.looked == 0 {
				t.Errorf("%s never came to a call: nothing was seen of it", a.name)
			}
		}
		w.stop(t)
	}, "--allow-upstreams", "127.0.0.0/8")
}

func (a *author) valuePath() string { return "/v1/secrets/" + a.name + "/environments/development" }

// write changes things until the server is gone; done is told of each acknowledgement.
func (a *author) write(t *testing.T, w *world, done func()) {
	type change struct {
		method, path, body string
		status             int
		note               func(reply)
	}
	for {
		a.tried++
		n := a.tried
		number := strconv.Itoa(n)
		changes := []change{
			{http.MethodPut, a.valuePath(), `{"value":"` + number + `"}`, http.StatusOK, func(reply) { a.value = n }},
			{
				http.MethodPost, "/v1/api-keys", `{"environment":"development","type":"secret"}`, http.StatusCreated,
				func(r reply) { a.live = append(a.live, want[apiKey](t, r, http.StatusCreated)) },
			},
			{
				http.MethodPatch, "/v1/routes/" + a.name + "?commit=" + number,
				`{"inject_headers":{"X-Revision":"` + number + `","X-Value":"{{secret:` + a.name + `}}"}}`, http.StatusOK,
				func(reply) { a.revision = n },
			},
			{
				http.MethodPatch, "/v1/routes/" + a.name + "-draft", `{"description":"` + number + `"}`, http.StatusOK,
				func(reply) { a.draft = n },
			},
		}
		if len(a.live) > 2 { // one is needed to look later
			k := a.live[0]
			a.live = a.live[1:] // what becomes of it is open until the answer
			changes = append(changes, change{
				http.MethodDelete, "/v1/api-keys/" + k.ID, "", http.StatusOK, func(reply) { a.revoked = append(a.revoked, k) },
			})
		}
		for _, c := range changes {
			r, err := w.attempt(c.method, w.control+c.path, ownerToken, c.body)
			if err != nil {
				return // the power is gone, and with it the answer
			}
			if r.StatusCode != c.status {
				t.Errorf("%s %s: status %d, want %d: %s", c.method, c.path, r.StatusCode, c.status, r.body)
				return
			}
			c.note(r)
			done()
		}
	}
}

// check compares what is there with what was acknowledged; a change whose answer was lost may be there too.
func (a *author) check(t *testing.T, w *world, upstream *testkit.Upstream) {
	t.Helper()
	type route struct {
		Description string
	}
	draft := want[route](t, w.api(t, http.MethodGet, "/v1/routes/"+a.name+"-draft", ""), http.StatusOK)
	a.compare(t, "the draft", a.draft, draft.Description)
	for _, k := range a.revoked {
		if r := w.call(t, k.Key, "/"+a.name); r.StatusCode != http.StatusUnauthorized {
			t.Errorf("%s: a revoked key is answered %d, want 401", a.name, r.StatusCode)
		}
	}
	if a.revision == 0 || len(a.live) == 0 {
		return // it did not come so far; see looked
	}
	for _, k := range a.live {
		before := len(upstream.Requests())
		if r := w.call(t, k.Key, "/"+a.name); r.StatusCode != http.StatusOK {
			t.Fatalf("%s: an acknowledged key is answered %d: %s", a.name, r.StatusCode, r.body)
		}
		got := upstream.Requests()[before]
		a.compare(t, "the committed route", a.revision, got.Header.Get("X-Revision"))
		a.compare(t, "the value", a.value, got.Header.Get("X-Value"))
		a.looked++
	}
}

func (a *author) compare(t *testing.T, what string, acknowledged int, text string) {
	t.Helper()
	n, err := strconv.Atoi("0" + text)
	if err != nil || n < acknowledged || n > a.tried {
		t.Errorf("%s: %s has the number %q, want the acknowledged %d or a later one, up to %d", a.name, what, text, acknowledged, a.tried)
	}
}
