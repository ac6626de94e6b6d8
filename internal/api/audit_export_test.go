package api_test

import (
	"encoding/csv"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/wire"
)

func TestAuditExport(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.secret("key", "production", "value")
	a := r.do("GET", "/v1/audit-logs/export", nil)
	if a.status != 200 || a.header.Get("Content-Type") != "application/jsonl" || !strings.HasPrefix(a.header.Get("Content-Disposition"), `attachment; filename="audit-2`) {
		t.Fatalf("got %d %v", a.status, a.header)
	}
	lines := strings.Split(strings.TrimSuffix(a.body, "\n"), "\n")
	var begin, end wire.AuditExportLine
	strict(t, lines[0], &begin)
	strict(t, lines[len(lines)-1], &end)
	var got []wire.AuditEntry
	for _, line := range lines[1 : len(lines)-1] {
		var e wire.AuditEntry
		strict(t, line, &e)
		got = append(got, e)
	}
	last := got[len(got)-1]
	if begin.Begin == nil || !begin.Begin.Whole || begin.Begin.Account != r.account || begin.Begin.To != last.Sequence || last.Action != "audit.export" {
		t.Errorf("begins with %s and ends with %+v", lines[0], last)
	}
	if end.End == nil || *end.End != (wire.AuditExportEnd{Entries: int64(len(got)), Last: last.Sequence, Hash: last.Hash}) {
		t.Errorf("ends with %s", lines[len(lines)-1])
	}
	// to the byte as the list has them
	var listed wire.Answer[[]json.RawMessage]
	strict(t, r.do("GET", "/v1/audit-logs?order=asc&limit=200", nil).body, &listed)
	for i, raw := range listed.Data[:len(got)] {
		if diff := cmp.Diff(string(raw), lines[i+1]); diff != "" {
			t.Errorf("entry %d (-list +export):\n%s", i+1, diff)
		}
	}

	a = r.do("GET", "/v1/audit-logs/export?format=csv&action=secret.value.set&outcome=allowed", nil)
	rows, err := csv.NewReader(strings.NewReader(a.body)).ReadAll()
	if err != nil || len(rows) != 2 || rows[0][0] != "sequence" || rows[1][5] != "secret.value.set" || a.header.Get("Content-Type") != "text/csv; charset=utf-8; header=present" {
		t.Errorf("got %v and %q as %s", err, rows, a.header.Get("Content-Type"))
	}
	var recorded []wire.AuditEntry
	r.do("GET", "/v1/audit-logs?action=audit.export&limit=1", nil).data(200, &recorded)
	if d := cmp.Diff(map[string]string{"format": "csv", "field": "action,outcome"}, recorded[0].Detail); d != "" {
		t.Errorf("the export is recorded with (-want +got):\n%s", d)
	}

	for query, field := range map[string]string{
		"?format=canary": "format", "?action=canary": "action", "?outcome=canary": "outcome", "?since=x": "since", "?order=asc": "order", "?limit=1": "limit",
	} {
		r.do("GET", "/v1/audit-logs/export"+query, nil).problem(400, "validation_error", field)
	}
	r.do("GET", "/v1/audit-logs/export?environment=canary", nil).problem(404, "not_found")
	r.as(everywhere(access.Developer)).do("GET", "/v1/audit-logs/export", nil).problem(403, "forbidden")
	r.as(access.Grant{Environment: r.environment("staging").ID, Role: access.Owner}).do("GET", "/v1/audit-logs/export", nil).problem(403, "forbidden")
}

// An export that a failure ends is no whole one, for any reader: over the network it is torn down.
func TestAnExportThatFailsIsTornDown(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for i := range 1100 {
		r.do("DELETE", "/v1/environments/none"+strconv.Itoa(i), nil).problem(404, "not_found")
	}
	for _, format := range []string{"jsonl", "csv"} {
		server := httptest.NewServer(r.handler)
		t.Cleanup(server.Close)
		r.sql(`UPDATE audit_entries SET detail = 'no JSON' WHERE sequence = 900`)
		whole, trailer := fetch(t, server.URL+"/v1/audit-logs/export?format="+format, r.token)
		if whole || trailer.Get(wire.ExportTrailer) != "" {
			t.Errorf("%s: a reader takes it for whole: %v, with the trailer %v", format, whole, trailer)
		}
		r.sql(`UPDATE audit_entries SET detail = '{}' WHERE sequence = 900`)
		whole, trailer = fetch(t, server.URL+"/v1/audit-logs/export?format="+format, r.token)
		if n, err := strconv.Atoi(trailer.Get(wire.ExportTrailer)); !whole || err != nil || n < 1100 {
			t.Errorf("%s: whole %v, with the trailer %v", format, whole, trailer)
		}
	}
}

// fetch reads an answer over the network, and says whether it came to its end.
func fetch(t *testing.T, address, token string) (whole bool, trailer http.Header) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), "GET", address, nil)
	must(t, err)
	req.Header.Set("Authorization", "Bearer "+token)
	answer, err := http.DefaultClient.Do(req)
	must(t, err)
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		t.Fatalf("%s: status %d", address, answer.StatusCode)
	}
	_, err = io.Copy(io.Discard, answer.Body)
	return err == nil, answer.Trailer
}
