package api_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/api"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestGoldenDescription(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	a := r.do("GET", "/openapi.json", nil, "Authorization", "")
	if a.status != 200 || a.header.Get("Content-Type") != "application/openapi+json" {
		t.Fatalf("got %d, content type %q", a.status, a.header.Get("Content-Type"))
	}
	var got bytes.Buffer
	must(t, json.Indent(&got, []byte(a.body), "", "  "))
	got.WriteByte('\n')
	const golden = "testdata/openapi.json"
	if *update {
		must(t, os.WriteFile(golden, got.Bytes(), 0o644))
	}
	want, err := os.ReadFile(golden)
	must(t, err)
	if d := cmp.Diff(string(want), got.String()); d != "" {
		t.Errorf("the description changed; if it should, run the test with -update (-want +got):\n%s", d)
	}
}

// openPaths are those that nobody shows a credential for: what they are sent is one.
var openPaths = []string{
	"/admin/auth/login", "/admin/auth/passkey", "/admin/auth/passkey/begin", "/admin/auth/provider", "/admin/auth/provider/begin",
	"/admin/auth/reset", "/admin/auth/reset/confirm", "/admin/invitations/accept",
	"POST /v1/accounts", "/v1/accounts/confirm", "/admin/auth/lent",
}

// unkeptAnswers are how the paths end of what takes no Idempotency-Key: it changes nothing, or shows what is not to be kept.
var unkeptAnswers = []string{"/plan", "/reveal", "/begin", "/totp", "/confirm", "/passkeys", "/recovery-codes", "/reset", "/accounts"}

func TestTheDescriptionIsValid(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	doc, err := openapi3.NewLoader().LoadFromData([]byte(r.do("GET", "/openapi.json", nil).body))
	must(t, err)
	if err := doc.Validate(t.Context()); err != nil {
		t.Errorf("not valid: %v", err)
	}
	if doc.OpenAPI != "3.1.0" {
		t.Errorf("got version %s, want 3.1.0", doc.OpenAPI)
	}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			name := method + " " + path
			if op.OperationID == "" || op.Summary == "" || len(op.Tags) != 1 {
				t.Errorf("%s: got id %q, summary %q, tags %v", name, op.OperationID, op.Summary, op.Tags)
			}
			if open := op.Security == nil; open != (slices.Contains(openPaths, path) || slices.Contains(openPaths, name)) {
				t.Errorf("%s: got open %v", name, open)
			}
			if op.Responses.Status(422) != nil {
				t.Errorf("%s documents 422", name)
			}
			want := []int{500, 503}
			if op.Security != nil {
				want = append(want, 401, 403)
			}
			if op.RequestBody != nil {
				want = append(want, 400, 413)
			}
			keyed := slices.ContainsFunc(op.Parameters, func(p *openapi3.ParameterRef) bool { return p.Value.Name == idempotencyKey })
			changes := method == "POST" && !slices.ContainsFunc(unkeptAnswers, func(end string) bool { return strings.HasSuffix(path, end) })
			if keyed != (changes && strings.HasPrefix(path, "/v1/")) {
				t.Errorf("%s: got an Idempotency-Key %v", name, keyed)
			}
			form := "#/components/schemas/Failure"
			if strings.HasPrefix(path, "/admin/") {
				form = "#/components/schemas/AdminFailure"
			}
			for _, status := range want {
				response := op.Responses.Status(status)
				if response == nil {
					t.Errorf("%s does not document %d", name, status)
					continue
				}
				if got := response.Value.Content["application/json"].Schema.Ref; got != form {
					t.Errorf("%s %d: got form %s, want %s", name, status, got, form)
				}
			}
		}
	}
}

func TestProbes(t *testing.T) {
	t.Parallel()
	ready, ill := error(http.ErrServerClosed), ""
	r := newRig(t, rigConfig{
		ready:   func() error { return ready },
		ill:     func() string { return ill },
		metrics: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("a 1\n")) }),
	})
	r.do("GET", "/healthz", nil, "Authorization", "").exactly(200, `{"status":"ok"}`)
	a := r.do("GET", "/readyz", nil, "Authorization", "")
	a.problem(503, "unavailable")
	if a.header.Get("Retry-After") != "1" || strings.Contains(a.body, ready.Error()) {
		t.Errorf("not ready: got %v %s, want Retry-After and nothing of the cause", a.header, a.body)
	}
	ready = nil
	r.do("GET", "/readyz", nil, "Authorization", "").exactly(200, `{"status":"ok"}`)
	ill = "degraded: something is not well"
	r.do("GET", "/readyz", nil, "Authorization", "").exactly(200, `{"status":"degraded: something is not well"}`)
	r.do("GET", "/metrics", nil, "Authorization", "").exactly(200, "a 1\n")
}

func TestNewWantsItsParts(t *testing.T) {
	t.Parallel()
	if _, err := api.New(api.Config{}); err == nil {
		t.Error("without a control: got no error, want one")
	}
	if _, err := api.New(api.Config{Control: newRig(t).control}); err == nil {
		t.Error("without a logger: got no error, want one")
	}
}

func TestWhatIsNotThere(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for _, path := range []string{"/", "/v1", "/v1/", "/v1/canary", "/v1/environments/", "/metrics", "/openapi.yaml", "/docs", "/schemas/Secret.json"} {
		if a := r.do("GET", path, nil); strings.Contains(a.body, "canary") {
			t.Errorf("%s repeats the path: %s", path, a.body)
		} else {
			a.problem(404, "not_found")
		}
	}
	a := r.do("PUT", "/v1/environments", nil)
	if a.problem(405, "method_not_allowed"); a.header.Get("Allow") != "GET, HEAD, POST" {
		t.Errorf("got Allow %q, want GET, HEAD, POST", a.header.Get("Allow"))
	}
	for _, authorization := range []string{"", "Bearer tk_wrong", "Bearer x", "Basic abc"} {
		a := r.do("GET", "/v1/environments", nil, "Authorization", authorization)
		if a.problem(401, "unauthenticated"); a.header.Get("WWW-Authenticate") != "Bearer" {
			t.Errorf("%q: got WWW-Authenticate %q, want Bearer", authorization, a.header.Get("WWW-Authenticate"))
		}
	}
}
