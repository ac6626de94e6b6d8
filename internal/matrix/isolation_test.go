package matrix_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/store"
)

// stance is somebody for whom something that exists must be as if it did not.
type stance struct {
	who  string            // in our account
	refs map[string]string // valid references to what is foreign, by what they are
	rows string            // which rows are foreign: a condition

	// thrifty asks at each position only for what somebody who knows the product would name there: where each question costs
	// much, and all of them are asked elsewhere.
	thrifty bool
}

// accounts is the stance of an owner towards another account.
func (w *world) towardsAccount() stance {
	refs := w.theirs.references(w.theirs.things["staging"], slices.Concat(local, wide))
	refs["the account"], refs["a member"], refs["a person's address"] = w.theirs.id, w.theirs.members["maker"], w.theirs.email("maker")
	return stance{who: "all-owner", refs: refs, rows: fmt.Sprintf("account_id = '%s'", w.theirs.id)}
}

// towardsEnvironment is the stance of somebody with a role in development and staging towards production.
func (w *world) towardsEnvironment(r access.Role) stance {
	in := w.ours.things["production"]
	return stance{who: "some-" + string(r), refs: w.ours.references(in, local), rows: fmt.Sprintf("environment_id = '%s'", in["environment"])}
}

// references are those to the kinds of things, as they are and in the forms in which some positions take them.
func (h *household) references(in things, kinds []string) map[string]string {
	refs := map[string]string{}
	for _, kind := range kinds {
		refs[kind] = in[kind]
	}
	refs["environment at a commit"] = in["environment"] + "@" + in["commit"]
	refs["own environment at a commit"] = h.w.ours.things["staging"]["environment"] + "@" + in["commit"]
	if ref, ok := refs["route"]; ok {
		refs["definition"] = "route/" + ref
		refs["placeholder"] = "{{secret:" + in["secret name"] + "}}"
	}
	for _, kind := range []string{"key", "commit", "promotion", "call", "environment"} {
		refs["cursor behind a "+kind] = cursor(in[kind])
	}
	return refs
}

// takes says whether a reference in a special form means anything at the position.
func (p position) takes(what string) bool {
	where, _, _ := strings.Cut(p.name, " ")
	switch {
	case strings.HasPrefix(what, "cursor"), what == "definition":
		return where == "query"
	case strings.Contains(what, "at a commit"):
		return where != "path"
	case what == "placeholder":
		return where == "body"
	default:
		return true
	}
}

// plausible says whether a position names such a thing, as far as its name tells; where it tells nothing, a few stand for
// all.
func (o operation) plausible(p position, what string) bool {
	where, name, _ := strings.Cut(p.name, " ")
	name = name[strings.LastIndexAny(name, ".]")+1:]
	kind := kindOf(o.path, name)
	switch {
	case where == "header":
		return false
	case name == "cursor":
		return strings.HasPrefix(what, "cursor")
	case kind != "":
		return strings.HasPrefix(what, kind)
	default:
		return slices.Contains([]string{"environment", "environment name", "secret name", "route", "placeholder", "definition", "a member"}, what)
	}
}

func cursor(id string) string { return base64.RawURLEncoding.EncodeToString([]byte(id)) }

// never is a reference of the same form that never was one, next to it in every order.
func never(ref string) string {
	if raw, err := base64.RawURLEncoding.DecodeString(ref); err == nil && uuids.Match(raw) {
		return cursor(never(string(raw)))
	}
	end := len(ref) - len(strings.TrimLeft(ref[len(strings.TrimRight(ref, "}")):], "")) // before the braces of a placeholder
	if end == 0 {
		end = len(ref)
	}
	last := byte('1')
	if ref[end-1] == last {
		last = '2'
	}
	return ref[:end-1] + string(last) + ref[end:]
}

var (
	uuids      = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}`)
	requestIDs = regexp.MustCompile(`"request_id":"[^"]*"`)
)

// What is foreign answers, at every position of every operation, exactly as what never existed.
func TestIsolation(t *testing.T) {
	for name, of := range map[string]func(*world) stance{
		"another account":                        (*world).towardsAccount,
		"an environment out of an owner's reach": func(w *world) stance { return w.towardsEnvironment(access.Owner) },
		"an environment out of a viewer's reach": func(w *world) stance { return w.towardsEnvironment(access.Viewer) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, store.Config{Path: filepath.Join(t.TempDir(), "lockage.db")})
			for _, difference := range w.differences(of(w)) {
				t.Error(difference)
			}
		})
	}
}

// differences asks everything, and tells where something foreign shows.
func (w *world) differences(s stance) (list []string) {
	w.t.Helper()
	operations := w.operations()
	own := w.ours.things["staging"]
	known(w.t, operations, own)
	asked := 0
	for _, o := range operations {
		if o.open {
			continue // nobody asks, so nothing is foreign
		}
		c, _ := o.of(own)
		for _, p := range o.positions() {
			usual := map[string]answer{} // of what never was, by form
			for _, what := range slices.Sorted(maps.Keys(s.refs)) {
				ref := s.refs[what]
				if !p.takes(what) || s.thrifty && !o.plausible(p, what) {
					continue
				}
				got := w.ask(s, o, c, p, ref)
				asked++
				form := formOf(ref)
				if _, known := usual[form]; !known {
					usual[form] = w.ask(s, o, c, p, never(ref))
				}
				if w.same(got, usual[form]) != "" {
					usual[form] = w.ask(s, o, c, p, never(ref)) // it may stand elsewhere in an order
				}
				if d := w.same(got, usual[form]); d != "" {
					list = append(list, fmt.Sprintf("%s, %s, for %s: another answer than for what never was (-never +got):\n%s", o, p.name, what, d))
				}
				for foreign, text := range s.refs {
					if text != ref && len(text) > 12 && strings.Contains(got.body, text) && !strings.Contains(ref, text) {
						list = append(list, fmt.Sprintf("%s, %s, for %s: the answer tells of the foreign %s: %s", o, p.name, what, foreign, got.body))
					}
				}
			}
		}
	}
	if asked < 600 {
		w.t.Errorf("asked %d times only", asked)
	}
	return list
}

// formOf is what kind of text a reference is: what a position makes of it depends on no more, if all is well.
func formOf(ref string) string {
	return regexp.MustCompile(`[a-zA-Z0-9]+`).ReplaceAllString(uuids.ReplaceAllString(ref, "#"), "x") + fmt.Sprint(len(ref) > 40)
}

// ask makes the call with the reference at the position, and sees that nothing foreign changes.
func (w *world) ask(s stance, o operation, c call, p position, ref string) answer {
	w.t.Helper()
	if strings.Contains(o.path, "audit") {
		w.clean = false // the refusals of before would be in the answer
	}
	w.asked = w.asked.Add(o.recipe.wait)
	w.clock.set(w.asked) // every question is asked at the same moment, for answers tell the time
	w.prepared(o, w.ours.things["staging"])
	asked := c.with(func(c *call) { p.set(c, ref) })
	got := w.send(w.ours.credential(s.who), asked)
	if got.status == http.StatusTooManyRequests || got.status >= http.StatusInternalServerError {
		w.t.Errorf("%s, %s: got %d %s", o, p.name, got.status, got.body)
	}
	if !w.clean && slices.Contains(slices.Collect(maps.Values(s.refs)), ref) {
		w.untouched(s, fmt.Sprintf("%s, %s, %s", o, p.name, ref))
	}
	got.body = requestIDs.ReplaceAllString(got.body, `"request_id":""`)
	if got.status < 300 && o.method != http.MethodGet {
		got.body = shape(got.body) // it has new ids, and hashes of what was sent
	}
	if got.status < 300 { // a refusal repeats nothing
		raw, err := json.Marshal(ref)
		must(w.t, err)
		for _, form := range []string{ref, strings.Trim(string(raw), `"`)} { // the name of a header may come back in capitals
			got.body = regexp.MustCompile("(?i)"+regexp.QuoteMeta(form)).ReplaceAllString(got.body, "REF")
		}
	}
	return got
}

// same is "" when nothing distinguishes two answers.
func (w *world) same(got, want answer) string {
	type told struct {
		Status           int
		Body, Tag, Retry string
	}
	of := func(a answer) told { return told{a.status, a.body, a.header.Get("ETag"), a.header.Get("Retry-After")} }
	one, other := of(got), of(want)
	if got.status < 300 {
		one.Tag, other.Tag = "", ""
	}
	return cmp.Diff(other, one)
}

// shape is what an answer has, without what it says.
func shape(body string) string {
	var v any
	if json.Unmarshal([]byte(body), &v) != nil {
		return body
	}
	raw, _ := json.Marshal(emptied(v))
	return string(raw)
}

func emptied(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name := range v {
			v[name] = emptied(v[name])
		}
		return v
	case []any:
		for i := range v {
			v[i] = emptied(v[i])
		}
		return v
	case string:
		return ""
	case float64:
		return 0
	default:
		return v
	}
}

// untouched fails unless every foreign row is as it was saved.
func (w *world) untouched(s stance, what string) {
	w.t.Helper()
	column := strings.Fields(s.rows)[0]
	for _, table := range w.changed() {
		if !slices.Contains(w.columns[table], column) {
			continue
		}
		for _, statement := range []string{
			`SELECT COUNT(*) FROM (SELECT * FROM %[1]s WHERE %[2]s EXCEPT SELECT * FROM saved.%[1]s) x`,
			`SELECT COUNT(*) FROM (SELECT * FROM saved.%[1]s WHERE %[2]s EXCEPT SELECT * FROM %[1]s) x`,
		} {
			var n int
			must(w.t, w.prepare(fmt.Sprintf(statement, table, s.rows)).QueryRowContext(w.t.Context()).Scan(&n))
			if n > 0 {
				w.t.Errorf("%s: %d foreign rows of %s changed", what, n, table)
			}
		}
	}
}
