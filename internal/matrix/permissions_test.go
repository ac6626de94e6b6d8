package matrix_test

import (
	"flag"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/store"
)

var update = flag.Bool("update", false, "write the golden files anew")

// place is where somebody acts, and with what reach: a line of the table for each operation.
type place struct {
	name        string
	reach       string // of the caller: "all" environments, or "some" (development and staging)
	environment string
	account     bool // of the other account
	foreign     bool // the caller does not reach it
}

var places = []place{
	{name: "everywhere", reach: "all", environment: "staging"},
	{name: "protected", reach: "all", environment: "production"},
	{name: "own", reach: "some", environment: "staging"},
	{name: "other", reach: "some", environment: "production", foreign: true},
	{name: "account", reach: "all", environment: "staging", account: true, foreign: true},
}

const legend = `# Who may do what, as the server answered when each operation was called by each role. Generated; run
#     go test ./internal/matrix -run Permissions -update
# and read what changed.
#
# place       the caller's role holds in          and the call is about
# everywhere  all environments                    staging
# protected   all environments                    production, which is protected
# own         development and staging             staging
# other       development and staging             production, which the caller does not see
# account     all environments                    staging of another account
#
# An operation that names nothing of an environment, or of an account, has no lines for them. none is a member without a
# grant; tk_ is a token with the role owner, sk_ and pk_ are API keys of the environment, nobody has no credential: they are
# tried once for each operation.
# open: no credential is asked for.

`

// columns are who calls: members by role, and credentials that are none of the management API's.
var columns = []string{"owner", "admin", "developer", "support", "viewer", "none", "tk_", "sk_", "pk_", "nobody"}

// members is how many of the columns are people of the account.
const members = 6

func TestGoldenPermissions(t *testing.T) {
	w := newWorld(t, store.Config{Path: filepath.Join(t.TempDir(), "lockage.db")})
	list := w.operations()
	known(t, list, w.ours.things["staging"])
	table := [][]string{append([]string{"operation", "action", "place"}, columns...)}
	for _, o := range list {
		if o.open {
			table = append(table, w.openRow(o))
			continue
		}
		proven := false // that the action that is decided is the one that is named
		for _, p := range places {
			if c, _ := o.of(w.things(p)); !p.applies(c, w.things(p)) {
				continue
			}
			row := []string{o.String(), string(o.action), p.name}
			for i, column := range columns {
				if i >= members && p.name != "everywhere" {
					row = append(row, ".")
					continue
				}
				in := w.thingsOf(p, column)
				c, _ := o.of(in)
				got := w.decide(o, p, column, c, in, &proven)
				row = append(row, strconv.Itoa(got))
			}
			table = append(table, row)
		}
		if !proven && o.recipe.unrefused == "" {
			t.Errorf("%s: nobody was refused with an audit entry of %s, so nothing shows that it is what is decided", o, o.action)
		}
	}
	golden(t, "permissions.txt", legend+aligned(table))
}

// things are those of a place.
func (w *world) things(p place) things {
	if p.account {
		return w.theirs.things[p.environment]
	}
	return w.ours.things[p.environment]
}

// thingsOf are those of a place for somebody: the session and the second factor that they may name are their own.
func (w *world) thingsOf(p place, column string) things {
	in := maps.Clone(w.things(p))
	if token := w.credential(p, column); !p.account && strings.Count(token, ".") == 2 {
		in["session"], in["factor"] = sessionOf(w.t, token), w.ours.factors[p.holder(column)]
	}
	return in
}

// applies says whether an operation has a line for a place: one for a foreign environment or account needs a call that names
// something of it.
func (p place) applies(c call, in things) bool {
	switch p.name {
	case "everywhere", "own":
		return true
	case "account":
		return c.names(in, local) || c.names(in, wide)
	default:
		return c.names(in, local)
	}
}

// names says whether a call names anything of the kinds that the environment has.
func (c call) names(in things, kinds []string) bool {
	text := fmt.Sprint(c.in, c.query, c.body)
	return slices.ContainsFunc(kinds, func(kind string) bool { return in[kind] != "" && strings.Contains(text, in[kind]) })
}

func (w *world) credential(p place, column string) string {
	switch column {
	case "nobody":
		return ""
	case "sk_", "pk_":
		return w.things(p)[column]
	case "tk_":
		return w.ours.tokens["all-owner"]
	default:
		return w.ours.cast[p.holder(column)]
	}
}

// holder is what the person of a column is called, of those who are in our account.
func (p place) holder(column string) string {
	if column == "none" {
		return column
	}
	return p.reach + "-" + column
}

// decide makes a call and holds the answer to what the audit log tells of it, and to what package access says.
func (w *world) decide(o operation, p place, column string, c call, in things, proven *bool) int {
	w.t.Helper()
	w.clock.forward(o.recipe.wait)
	w.prepared(o, in)
	since := w.ours.last()
	got := w.send(w.credential(p, column), c)
	who := fmt.Sprintf("%s, %s, by %s", o, p.name, column)
	if got.status >= http.StatusInternalServerError {
		w.t.Errorf("%s: got %d %s", who, got.status, got.body)
	}
	scope, _ := o.action.Scope()
	refused := false
	for _, d := range w.ours.decisions(since) {
		switch {
		case d.action == string(access.RequestRefuse) && d.target == o.id:
		case d.action != string(o.action) && !slices.Contains(o.also, access.Action(d.action)):
			w.t.Errorf("%s: the audit log has %s, which the table of operations does not name (%s %v)", who, d.action, o.action, o.also)
		case d.outcome == string(audit.Refused):
			refused = refused || d.action == string(o.action)
		case d.action == string(o.action) && scope == access.SelfScope:
			*proven = true // nobody is refused what is about themselves
		}
	}
	switch got.status {
	case http.StatusForbidden:
		if !refused {
			w.t.Errorf("%s: forbidden, and the audit log has no refusal of %s: %s", who, o.action, got.body)
		}
		*proven = *proven || refused
	case http.StatusUnauthorized:
		if slices.Contains(columns[:members], column) {
			w.t.Errorf("%s: got %d %s, want the credential taken", who, got.status, got.body)
		}
	case http.StatusNotFound:
		*proven = *proven || refused && p.foreign
	}
	if got.status < 300 && !w.allowed(o, p, column, c.names(in, local)) && o.recipe.reaches == "" {
		w.t.Errorf("%s: got %d %s, want a refusal", who, got.status, got.body)
	}
	if column == "owner" && !p.foreign && got.status/100 != 2 && got.status != o.recipe.other[p.name] && w.mayBe(o, p) {
		w.t.Errorf("%s: got %d %s, want a success: a call that nobody can make shows nothing", who, got.status, got.body)
	}
	return got.status
}

// allowed is what package access says of the action that is named: in the environment that the call is about, or, where it
// names none, in any that the caller reaches.
func (w *world) allowed(o operation, p place, column string, local bool) bool {
	scope, _ := o.action.Scope()
	if scope == access.SelfScope {
		return !p.foreign
	}
	role := access.Role(column)
	if column == "tk_" {
		role = access.Owner
	}
	if !slices.Contains(allRoles, role) || p.foreign {
		return false
	}
	who := access.Principal{Account: w.ours.id, Kind: access.MemberActor, Grants: w.ours.grants(p.reach, role)}
	for name, in := range w.ours.things {
		e := access.Environment{ID: in["environment"], Protected: name == "production"}
		if (name == p.environment || !local) && access.Allow(who, o.action, e) == nil {
			return true
		}
	}
	return false
}

// mayBe says whether an owner with the reach of a place may do the operation's action.
func (w *world) mayBe(o operation, p place) bool {
	scope, _ := o.action.Scope()
	return p.reach == "all" || scope != access.AccountScope
}

// openRow is the line of an operation that asks for no credential.
func (w *world) openRow(o operation) []string {
	w.t.Helper()
	c, _ := o.of(w.ours.things["staging"])
	w.clock.forward(o.recipe.wait)
	w.restore()
	got := w.send("", c)
	if got.status/100 != 2 && got.status != o.recipe.other["open"] {
		w.t.Errorf("%s: got %d %s, want a success", o, got.status, got.body)
	}
	return []string{o.String(), string(o.action), "open", strconv.Itoa(got.status)}
}

// aligned writes a table with a column under each other.
func aligned(table [][]string) string {
	widths := make([]int, len(table[0]))
	for _, row := range table {
		for i, cell := range row {
			widths[i] = max(widths[i], len(cell))
		}
	}
	var b strings.Builder
	for _, row := range table {
		var line strings.Builder
		for i, cell := range row {
			fmt.Fprintf(&line, "%-*s  ", widths[i], cell)
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	return b.String()
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		must(t, os.WriteFile(path, []byte(got), 0o600))
	}
	want, err := os.ReadFile(path)
	must(t, err)
	if d := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); d != "" {
		t.Errorf("%s changed; if it should, run the test with -update (-want +got):\n%s", path, d)
	}
}
