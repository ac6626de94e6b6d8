package cli_test

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// importing is a server that has what an import reads, and tells what is written to it; conflicts are the lines that
// somebody else was faster with.
func importing(t *testing.T, conflicts string, more map[string]string) *[]request {
	t.Helper()
	sent := &[]request{}
	data := map[string]string{
		"/v1/environments": `[{"name":"production","level":1},{"name":"development","level":0}]`,
		"/v1/secrets":      `[]`,
		"/v1/changes":      `[]`,
		"/v1/routes": `[{"id":"1","key":"pay","name":"pay","target_url":"https://example.com","inject_headers":{"A":"{{secret:KEY_PRODUCTION}}"},
			"timeout":"30s","etag":"\"0\"","status":[{"environment":"development","committed":true}]}]`,
	}
	maps.Copy(data, more)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		answer, looked := data[r.URL.Path]
		if r.Method != http.MethodGet || !looked {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				t.Error(err)
			}
			line := r.Method + " " + r.URL.Path
			*sent = append(*sent, request{line: line + " " + r.Header.Get("If-Match"), body: string(body)})
			if line == conflicts {
				w.WriteHeader(http.StatusConflict)
				_, _ = io.WriteString(w, `{"error":{"type":"conflict","message":"this draft was saved by somebody else"}}`)
				return
			}
			answer = "{}"
		}
		_, _ = io.WriteString(w, `{"data":`+answer+`,"meta":{"request_id":"r"}}`)
	}))
	t.Cleanup(server.Close)
	alone(t)
	t.Setenv("LOCKAGE_ADDRESS", server.URL)
	t.Setenv("LOCKAGE_TOKEN", "tk_test")
	return sent
}

func TestImportSends(t *testing.T) {
	sent := importing(t, "", nil)
	r := run(t, "KEY_PRODUCTION='canary\xff\n'\n", "secrets", "import", "-", "--yes")
	if r.code != 0 || strings.Contains(r.out+r.err, "canary") {
		t.Errorf("got code %d, %q and %q, want none of the value", r.code, r.out, r.err)
	}
	var lines []string
	for _, s := range *sent {
		lines = append(lines, s.line+" "+s.body)
	}
	want := []string{
		`POST /v1/secrets  {"name":"key","type":"string"}`,
		`PUT /v1/secrets/key/environments/production  {"value":"Y2FuYXJ5/wo=","encoding":"base64"}`,
		`PATCH /v1/routes/pay "0" {"inject_headers":{"A":"{{secret:key}}"}}`,
	}
	if got := strings.Join(lines, "\n"); got != strings.Join(want, "\n") {
		t.Errorf("sent\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
	if !strings.Contains(r.out, "warning: route pay will name key in 'development', where it has no value") {
		t.Errorf("got %q, want a warning of what development lacks", r.out)
	}
}

// A draft that was saved between plan and import is somebody else's and stays.
func TestImportMeetsAnotherDraft(t *testing.T) {
	sent := importing(t, "PATCH /v1/routes/pay", nil)
	r := run(t, "KEY_PRODUCTION=canary\n", "secrets", "import", "-", "--yes")
	const want = "2 of 3 are done; left is to save the draft of route pay\nthe same command goes on from here\nlockage: this draft was saved by somebody else\n"
	if r.code != 1 || !strings.HasSuffix(r.err, want) || strings.Contains(r.out, "imported") {
		t.Errorf("got code %d, %q and %q, want a failure that says what is left", r.code, r.out, r.err)
	}
	if last := (*sent)[len(*sent)-1].line; last != `PATCH /v1/routes/pay "0"` {
		t.Errorf("last sent: got %s, want the draft under the condition that it is as it was seen", last)
	}
	r = run(t, "KEY_PRODUCTION=canary\n", "secrets", "import", "-", "--yes", "--json")
	var plan struct {
		Applied bool
		Undone  []string
	}
	if err := json.Unmarshal([]byte(r.out), &plan); err != nil || plan.Applied || len(plan.Undone) != 1 || r.code != 1 || strings.Contains(r.out+r.err, "canary") {
		t.Errorf("in JSON: got code %d, %+v and %v, want what is undone", r.code, plan, err)
	}
}

// What names a certificate inside a sealed client is not rewritten, and told.
func TestImportTellsOfClients(t *testing.T) {
	const value = `[{"environment":"development","configured":true,"version":1},{"environment":"production","configured":true,"version":1}]`
	sent := importing(t, "", map[string]string{
		"/v1/secrets": `[{"id":"1","name":"bank_prod","type":"certificate"},{"id":"2","name":"bank_dev","type":"certificate"},
			{"id":"3","name":"google","type":"oauth2"},{"id":"4","name":"other","type":"string"}]`,
		"/v1/secrets/bank_prod/environments": value, "/v1/secrets/bank_dev/environments": value,
		"/v1/secrets/google/environments": `[{"environment":"development"},{"environment":"production","configured":true,"version":1,"oauth2":{"client_certificate":"bank_prod"}}]`,
	})
	r := run(t, "", "secrets", "import", "--from-existing", "--dry-run")
	const want = "warning: the client of google in 'production' shows bank_prod: set it there with the new name before the old secret is deleted\n"
	if r.code != 0 || !strings.HasSuffix(r.out, want) || strings.Count(r.out, "warning") != 1 || len(*sent) != 0 {
		t.Errorf("got code %d, %d changes and\n%s%s\nwant\n%s", r.code, len(*sent), r.out, r.err, want)
	}
}
