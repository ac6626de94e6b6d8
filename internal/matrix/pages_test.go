package matrix_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/dashboard"
	"github.com/lockage/lockage/internal/store"
)

const pagesLegend = `# Who gets which page, as the server answered when each was asked for by each role. Generated; run
#     go test ./internal/matrix -run Pages -update
# and read what changed.
#
# own       what the page is about is the person's own
# person    it is another person's, of the same account
# account   it is of another account, to which the person does not belong
# open      no session is asked for
#
# Members come with the cookie of a session, tk_, sk_ and pk_ with a credential of the API, nobody with none: 303 to them is
# the way to the login.

`

// cookieOf is what a browser of somebody's keeps.
func cookieOf(column string) string { return "secret-of-" + column }

// browsers gives the sessions of the cast secrets that the test knows, and proofs of who they are that stay fresh.
func (w *world) browsers() {
	w.t.Helper()
	for _, column := range columns[:members] {
		digest := w.digester.Sum(cookieOf(column))
		for _, table := range []string{"sessions", "saved.sessions"} {
			w.exec(`UPDATE `+table+` SET digest = $1, proved_at = $2 WHERE id = $3`, digest[:], w.clock.Now().Add(24*time.Hour).UnixMilli(), w.sessionIn(column))
		}
	}
}

// sessionIn is the session of a column's member.
func (w *world) sessionIn(column string) string {
	return sessionOf(w.t, w.credential(places[0], column))
}

// pageCall is how a page is asked for.
type pageCall struct {
	id    string
	query string
	form  url.Values
	want  int // what an open page or an owner's own gets; 0: 200 of a page, 303 of a form
}

// lendQuery is what a command line asks for.
var lendQuery = url.Values{"to": {"127.0.0.1:49152"}, "state": {strings.Repeat("s", 43)}, "challenge": {strings.Repeat("A", 43)}}

// pageCalls are the calls of a page by what they are about: "own", and where it names something, "person" and "account".
func (w *world) pageCalls(line dashboard.Page, column string) map[string]pageCall {
	own := sessionOf(w.t, w.ours.cast["visitor"]) // to who has no session, any is another's
	if slices.Contains(columns[:members], column) {
		own = w.sessionIn(column)
	}
	switch line.Method + " " + line.Path {
	case "POST /login":
		return map[string]pageCall{"own": {form: url.Values{"email": {w.ours.email("visitor")}, "password": {"wrong"}, "next": {"/"}}, want: 401}}
	case "GET /login/second":
		return map[string]pageCall{"own": {want: 303}} // without a password that was shown
	case "GET /oidc/login", "GET /oidc/callback":
		return map[string]pageCall{"own": {want: 409}} // there is no provider here
	case "POST /login/second":
		return map[string]pageCall{"own": {form: url.Values{"code": {"000000"}, "next": {"/"}}, want: 401}}
	case "POST /login/passkey":
		return map[string]pageCall{"own": {form: url.Values{"credential": {"{}"}, "next": {"/"}}, want: 401}}
	case "POST /security/passkeys":
		return map[string]pageCall{"own": {form: url.Values{"name": {"fresh"}, "credential": {"{}"}}, want: 400}}
	case "POST /security/authenticators":
		return map[string]pageCall{"own": {form: url.Values{"name": {"fresh"}}, want: 200}}
	case "GET /security/authenticators/{id}":
		return map[string]pageCall{"own": {id: w.ours.factors["visitor"]}} // it asks for a code, whatever for
	case "POST /security/authenticators/{id}":
		calls := w.factorCalls(column, url.Values{"code": {"123456"}})
		calls["own"] = pageCall{id: calls["own"].id, form: calls["own"].form, want: 409} // it is confirmed already
		return calls
	case "GET /security/factors/{id}/remove", "POST /security/factors/{id}/remove":
		return w.factorCalls(column, nil)
	case "POST /security/recovery-codes":
		return map[string]pageCall{"own": {want: 200}}
	case "GET /security/provider":
		return map[string]pageCall{"own": {want: 303}} // there is none
	case "GET /security/provider/begin", "GET /security/provider/callback", "POST /security/provider/unlink":
		return map[string]pageCall{"own": {want: 409}}
	case "GET /login/kept":
		return map[string]pageCall{"own": {want: 400}}
	case "POST /forgot":
		return map[string]pageCall{"own": {form: url.Values{"email": {w.ours.email("visitor")}}}}
	case "POST /reset":
		return map[string]pageCall{"own": {form: url.Values{"token": {"rst_never"}, "password": {password}}, want: 404}}
	case "POST /signup":
		return map[string]pageCall{"own": {form: url.Values{"name": {"fresh"}, "email": {w.ours.email("visitor")}}}}
	case "POST /signup/confirm":
		return map[string]pageCall{"own": {form: url.Values{"token": {"acc_never"}, "name": {""}, "password": {password}}, want: 404}}
	case "POST /invitations":
		return map[string]pageCall{"own": {form: url.Values{"token": {"inv_never"}, "name": {""}, "password": {password}}, want: 404}}
	case "POST /accounts":
		return map[string]pageCall{
			"own":     {form: url.Values{"account": {w.ours.id}, "next": {"/"}}},
			"account": {form: url.Values{"account": {w.theirs.id}, "next": {"/"}}},
		}
	case "POST /password":
		return map[string]pageCall{"own": {form: url.Values{"current": {password}, "password": {password + " again"}}}}
	case "POST /prove":
		return map[string]pageCall{"own": {form: url.Values{"password": {password}, "code": {""}, "next": {"/"}}}}
	case "GET /command-line":
		return map[string]pageCall{"own": {query: lendQuery.Encode()}}
	case "POST /command-line":
		return map[string]pageCall{"own": {form: lendQuery, want: 200}} // from which the browser goes on to another site
	case "POST /sessions/{id}/end":
		return map[string]pageCall{
			"own": {id: own}, "person": {id: sessionOf(w.t, w.ours.cast["visitor"])}, "account": {id: sessionOf(w.t, w.theirs.cast["visitor"])},
		}
	default:
		return map[string]pageCall{"own": {}}
	}
}

// factorCalls name a second factor of one's own, of another person, and of another account.
func (w *world) factorCalls(column string, form url.Values) map[string]pageCall {
	own := w.ours.factors[places[0].holder(column)]
	if own == "" {
		own = w.ours.factors["visitor"]
	}
	return map[string]pageCall{
		"own": {id: own, form: form}, "person": {id: w.ours.factors["visitor"], form: form}, "account": {id: w.theirs.factors["visitor"], form: form},
	}
}

// visit asks for a page as somebody would.
func (w *world) visit(pages http.Handler, line dashboard.Page, column string, c pageCall) answer {
	w.t.Helper()
	path := strings.ReplaceAll(strings.ReplaceAll(line.Path, "{$}", ""), "{id}", c.id)
	if c.query != "" {
		path += "?" + c.query
	}
	req := httptest.NewRequestWithContext(w.t.Context(), line.Method, "https://lockage.example"+path, strings.NewReader(c.form.Encode()))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	switch credential := w.credential(places[0], column); {
	case slices.Contains(columns[:members], column):
		req.Header.Set("Cookie", "__Host-lockage-session="+cookieOf(column))
	case credential != "":
		req.Header.Set("Authorization", "Bearer "+credential)
	}
	w.restore()
	got := httptest.NewRecorder()
	pages.ServeHTTP(got, req)
	w.clean = line.Method == http.MethodGet && w.clean
	w.clock.forward(10 * time.Second) // or the attempts would be too many
	return answer{got.Code, got.Body.String(), got.Header()}
}

func TestGoldenPages(t *testing.T) {
	w := newWorld(t, store.Config{Path: filepath.Join(t.TempDir(), "lockage.db")})
	w.browsers()
	pages, err := dashboard.New(dashboard.Config{Control: w.control, Logger: slog.New(slog.DiscardHandler), Now: w.clock.Now})
	must(t, err)
	table := [][]string{append([]string{"page", "action", "about"}, columns...)}
	for _, line := range pages.Pages() {
		name := line.Method + " " + line.Path
		if !line.Action.Held() {
			c := w.pageCalls(line, "nobody")["own"]
			got := w.visit(pages, line, "nobody", c)
			if got.status != c.wanted(line) {
				t.Errorf("%s: got %d %s, want %d", name, got.status, got.body, c.wanted(line))
			}
			table = append(table, []string{name, string(line.Action), "open", strconv.Itoa(got.status)})
			continue
		}
		for _, about := range []string{"own", "person", "account"} {
			row := []string{name, string(line.Action), about}
			for _, column := range columns {
				c, there := w.pageCalls(line, column)[about]
				if !there {
					break
				}
				row = append(row, strconv.Itoa(w.decidePage(pages, line, about, column, c)))
			}
			if len(row) > 3 {
				table = append(table, row)
			}
		}
	}
	golden(t, "pages.txt", pagesLegend+aligned(table))
}

func (c pageCall) wanted(line dashboard.Page) int {
	switch {
	case c.want != 0:
		return c.want
	case line.Method == http.MethodGet:
		return http.StatusOK
	default:
		return http.StatusSeeOther
	}
}

// decidePage asks for a page and holds the answer to what the audit log tells of it, and to whose the thing is.
func (w *world) decidePage(pages http.Handler, line dashboard.Page, about, column string, c pageCall) int {
	w.t.Helper()
	w.restore()
	ours, theirs := w.ours.last(), w.theirs.last()
	got := w.visit(pages, line, column, c)
	who := fmt.Sprintf("%s %s, %s, by %s", line.Method, line.Path, about, column)
	carried := false
	for _, d := range w.ours.decisions(ours) {
		carried = carried || d.action == string(line.Action) && d.outcome == string(audit.Allowed)
		if d.action != string(line.Action) && (d.action != string(access.RequestRefuse) || d.target != line.Method+" "+line.Path) {
			w.t.Errorf("%s: the audit log has %s, which the table of pages does not name (%s)", who, d.action, line.Action)
		}
	}
	if d := w.theirs.decisions(theirs); len(d) > 0 {
		w.t.Errorf("%s: the other account's log has %v", who, d)
	}
	if column == "owner" && about == "own" && line.Method != http.MethodGet && line.Path != "/accounts" && c.wanted(line) < 400 && !carried { // staying in an account is nothing
		w.t.Errorf("%s: the audit log does not have %s", who, line.Action)
	}
	login := line.Path == "/logout" && got.header.Get("Location") == "/login" || strings.HasPrefix(got.header.Get("Location"), "/login?next=")
	switch {
	case !slices.Contains(columns[:members], column):
		if got.status != http.StatusSeeOther || !login {
			w.t.Errorf("%s: got %d to %q, want the login", who, got.status, got.header.Get("Location"))
		}
	case about == "own":
		if got.status != c.wanted(line) || login && line.Path != "/logout" {
			w.t.Errorf("%s: got %d to %q %s, want %d", who, got.status, got.header.Get("Location"), got.body, c.wanted(line))
		}
	default:
		never := c
		never.id = newID()
		if c.form.Has("account") {
			never.form = url.Values{"account": {newID()}, "next": {"/"}}
		}
		if want := w.visit(pages, line, column, never); got.status != http.StatusNotFound || got.status != want.status || got.body != want.body {
			w.t.Errorf("%s: got %d %s, want as for what never was: %d %s", who, got.status, got.body, want.status, want.body)
		}
	}
	return got.status
}
