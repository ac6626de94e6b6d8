package matrix_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/gateway"
	"github.com/lockage/lockage/internal/secret"
	"github.com/lockage/lockage/internal/snapshot"
	"github.com/lockage/lockage/internal/store"
	"github.com/lockage/lockage/internal/testkit"
)

const gatewayLegend = `# Who may call what through the gateway, as it answered. Generated; run
#     go test ./internal/matrix -run Gateway -update
# and read what changed. 200 is the upstream's answer.
#
# route   closed: for secret keys and tokens; public: for all; foreign: of another account; draft: not committed, called as a test
# place   what the header Lockage-Environment names: nothing, staging, production, or staging of another account
#
# sk_ and pk_ are API keys of staging, tk_ tokens with a role in "all" environments or in "some" (development and staging), jwt is
# the session of an owner, nobody has no credential. The routes' active environment, for tokens that name none, is production.

`

// gatewayColumns are who calls.
var gatewayColumns = []string{
	"sk_", "pk_",
	"tk_all-owner", "tk_all-admin", "tk_all-developer", "tk_all-support", "tk_all-viewer",
	"tk_some-owner", "tk_some-admin", "tk_some-developer", "tk_some-support", "tk_some-viewer", "tk_none",
	"jwt", "nobody",
}

// caller is the credential of a column.
func (w *world) caller(column string) string {
	switch token, isToken := strings.CutPrefix(column, "tk_"); {
	case column == "sk_" || column == "pk_":
		return w.ours.things["staging"][column]
	case column == "jwt":
		return w.ours.cast["all-owner"]
	case isToken && token != "":
		return w.ours.tokens[token]
	default:
		return ""
	}
}

// gateway is one that serves what is committed in the world, to an upstream of the test's.
func (w *world) gateway() http.Handler {
	w.t.Helper()
	upstream := testkit.NewUpstream(w.t)
	for _, h := range []*household{w.ours, w.theirs} {
		for _, level := range []string{"staging", "production"} {
			h.make("PATCH", "/v1/environments/"+h.prefix+level, `{"protected":false,"protection":null}`)
		}
		h.make("POST", "/v1/routes?commit=close", fmt.Sprintf(`{"key":%q,"target_url":%q}`, h.prefix+"closed", upstream.URL))
		h.make("POST", "/v1/routes?commit=open", fmt.Sprintf(`{"key":%q,"target_url":%q,"public":true}`, h.prefix+"public", upstream.URL))
		for _, level := range []string{"staging", "production"} {
			h.make("POST", "/v1/promotions", fmt.Sprintf(`{"to":%q,"message":"up"}`, h.prefix+level))
		}
		h.make("POST", "/v1/routes", fmt.Sprintf(`{"key":%q,"target_url":%q}`, h.prefix+"draft", upstream.URL))
	}
	logger := slog.New(slog.DiscardHandler)
	holder, err := snapshot.NewHolder(snapshot.Config{Feed: control.Feed{Store: w.store}, Sealer: secret.NewSealer(w.kek), Logger: logger})
	must(w.t, err)
	must(w.t, holder.RefreshAll(w.t.Context()))
	g, err := gateway.New(gateway.Config{
		Holder: holder, Digester: w.digester, Sink: w.control, Logger: logger, Now: w.clock.Now,
		Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
	})
	must(w.t, err)
	g.Start()
	w.t.Cleanup(func() { must(w.t, g.Stop(context.WithoutCancel(w.t.Context()))) })
	return g
}

func TestGoldenGateway(t *testing.T) {
	w := newWorld(t, store.Config{Path: filepath.Join(t.TempDir(), "lockage.db")})
	g := w.gateway()
	table := [][]string{append([]string{"route", "place"}, gatewayColumns...)}
	for _, route := range []string{"closed", "public", "foreign", "draft"} {
		for _, place := range []string{"nothing", "staging", "production", "foreign"} {
			row := []string{route, place}
			for _, column := range gatewayColumns {
				got := w.callThrough(g, column, route, place)
				row = append(row, strconv.Itoa(got.status))
				foreign := route == "foreign" || place == "foreign" || place == "production" && strings.HasPrefix(column, "tk_some")
				if foreign && got.status < 400 {
					t.Errorf("%s, %s, by %s: got %d, want a refusal", route, place, column, got.status)
				}
				if !foreign || strings.HasPrefix(place, "prod") {
					continue
				}
				never := w.callThrough(g, column, route+"-never", place)
				if place == "foreign" {
					never = w.callThrough(g, column, route, "never")
				}
				if d := cmp.Diff(unnamed(never.body), unnamed(got.body)); d != "" || got.status != never.status {
					t.Errorf("%s, %s, by %s: got %d, want %d as for what never was (-never +got):\n%s", route, place, column, got.status, never.status, d)
				}
			}
			table = append(table, row)
		}
	}
	golden(t, "gateway.txt", gatewayLegend+aligned(table))
}

// unnamed is a body without what the caller wrote and what is new in each answer.
func unnamed(body string) string {
	return regexp.MustCompile(`"request_id": ?"[^"]*"`).ReplaceAllString(body, "")
}

// callThrough calls a route as somebody.
func (w *world) callThrough(g http.Handler, column, route, place string) answer {
	w.t.Helper()
	key := map[string]string{"foreign": "theirs-public", "foreign-never": "theirs-nothing"}[route]
	if key == "" {
		key = route
	}
	req := httptest.NewRequestWithContext(w.t.Context(), http.MethodGet, "http://gateway.example/"+key+"/customers", nil)
	if credential := w.caller(column); credential != "" {
		req.Header.Set("Authorization", "Bearer "+credential)
	}
	switch place {
	case "staging", "production":
		req.Header.Set("Lockage-Environment", place)
	case "foreign":
		req.Header.Set("Lockage-Environment", "theirs-staging")
	case "never":
		req.Header.Set("Lockage-Environment", "theirs-nothing")
	}
	if route == "draft" {
		req.Header.Set("Lockage-Draft", "true")
	}
	rec := httptest.NewRecorder()
	g.ServeHTTP(rec, req)
	if rec.Code >= http.StatusInternalServerError {
		w.t.Errorf("%s, %s, by %s: got %d %s", route, place, column, rec.Code, rec.Body)
	}
	if slices.Contains([]string{"foreign", "never"}, place) && strings.Contains(rec.Body.String(), w.theirs.things["staging"]["environment"]) {
		w.t.Errorf("%s, %s, by %s: the answer tells of the environment: %s", route, place, column, rec.Body)
	}
	return answer{rec.Code, rec.Body.String(), rec.Header()}
}
