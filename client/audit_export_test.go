package client_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/lockage/lockage/client"
)

func TestExportAuditKnowsAWholeOne(t *testing.T) {
	const begin, entry, end = `{"begin":{"form":"lockage-audit-export-1"}}` + "\n", `{"sequence":1}` + "\n", `{"end":{"entries":2,"last":2,"hash":"h"}}` + "\n"
	for name, tt := range map[string]struct {
		format, body, trailer string
		torn                  bool
		entries               int64
		whole                 bool
	}{
		"whole lines":              {"jsonl", begin + entry + entry + end, "", false, 2, true},
		"without an end":           {"jsonl", begin + entry + entry, "2", false, 0, false},
		"an entry too few":         {"jsonl", begin + entry + end, "2", false, 0, false},
		"something behind the end": {"jsonl", begin + entry + entry + end + "{", "2", false, 0, false},
		"nothing":                  {"jsonl", "", "0", false, 0, false},
		"a long line":              {"jsonl", begin + strings.Repeat("x", 10000) + "\n" + entry + end, "", false, 2, true},
		"torn down":                {"jsonl", begin + entry + entry + end, "2", true, 0, false},
		"whole records":            {"csv", "a\r\n1\r\n", "1", false, 1, true},
		"no trailer":               {"csv", "a\r\n1\r\n", "", false, 0, false},
		"another trailer":          {"csv", "a\r\n1\r\n", "x", false, 0, false},
	} {
		var asked string
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			asked = r.URL.RequestURI()
			w.Header().Set("Trailer", "Lockage-Export-Entries")
			_, _ = io.WriteString(w, tt.body)
			if tt.torn {
				_ = http.NewResponseController(w).Flush()
				panic(http.ErrAbortHandler)
			}
			if tt.trailer != "" {
				w.Header().Set("Lockage-Export-Entries", tt.trailer)
			}
		}))
		var out bytes.Buffer
		var told int64
		n, err := dial(t, server.URL).ExportAudit(t.Context(), client.AuditFilter{Action: "x.y"}, tt.format, &out, func(n int64) { told = n })
		server.Close()
		if n != tt.entries || tt.whole != (err == nil) || err != nil && !errors.Is(err, client.ErrCutShort) {
			t.Errorf("%s: got %d entries and %v, want %d, whole: %v", name, n, err, tt.entries, tt.whole)
		}
		if out.String() != tt.body && !tt.torn || int(told) != out.Len() {
			t.Errorf("%s: wrote %q and told of %d", name, out.String(), told)
		}
		if want := fmt.Sprintf("/v1/audit-logs/export?action=x.y&format=%s", tt.format); asked != want {
			t.Errorf("%s: asked %s, want %s", name, asked, want)
		}
	}
	full := errors.New("the disk is full")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, begin) }))
	t.Cleanup(server.Close)
	if _, err := dial(t, server.URL).ExportAudit(t.Context(), client.AuditFilter{}, "jsonl", failing{full}, nil); !errors.Is(err, full) {
		t.Errorf("got %v, want what the writer said", err)
	}
	refused, _ := record(t, `{}`)
	if _, err := refused.ExportAudit(t.Context(), client.AuditFilter{}, "jsonl", io.Discard, nil); !errors.Is(err, client.ErrCutShort) {
		t.Errorf("another answer: got %v", err)
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }
