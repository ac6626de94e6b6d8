package cli_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/wire"
)

// chain is an intact log of n entries, in the form of the API.
func chain(n int) []wire.AuditEntry {
	var list []wire.AuditEntry
	prev := ""
	for i := range n {
		e := audit.Entry{
			Account: "a", Sequence: int64(i + 1), Time: time.Date(2026, 1, 2, 3, 4, 5, i*1_000_000, time.UTC),
			Actor: audit.Actor{Kind: "token", ID: "t1", Name: "bootstrap"}, Action: "secret.value.set", Outcome: audit.Allowed,
			EnvironmentID: "e1", Environment: "production", Target: audit.Target{Kind: "secret", ID: "s1", Name: "stripe"},
			Detail: audit.Detail("version", strconv.Itoa(i)), RequestID: "r", Address: "127.0.0.1",
		}.Seal(prev)
		prev = e.Hash
		list = append(list, wire.AuditEntry{
			Sequence: e.Sequence, Time: wire.Time(e.Time), Actor: wire.AuditActor(e.Actor), Action: e.Action,
			Outcome: string(e.Outcome), EnvironmentID: e.EnvironmentID, Environment: e.Environment,
			Target: wire.AuditTarget(e.Target), Detail: e.Detail, RequestID: e.RequestID, Address: e.Address,
			Prev: e.Prev, Hash: e.Hash,
		})
	}
	return list
}

// serveLog serves a log in pages of two, oldest first.
func serveLog(t *testing.T, log []wire.AuditEntry) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v1/audit-logs" { // nothing was pruned
			fmt.Fprint(w, `{"data":{"pruned":0},"meta":{}}`)
			return
		}
		if got := r.URL.Query().Get("order"); got != "asc" {
			t.Errorf("order: got %q, want asc", got)
		}
		from, _ := strconv.Atoi(r.URL.Query().Get("cursor"))
		to, next := min(from+2, len(log)), ""
		if to < len(log) {
			next = strconv.Itoa(to)
		}
		data, err := json.Marshal(log[from:to])
		if err != nil {
			t.Error(err)
		}
		fmt.Fprintf(w, `{"data":%s,"meta":{"next_cursor":%q}}`, data, next)
	}))
	t.Cleanup(server.Close)
	alone(t)
	t.Setenv("LOCKAGE_ADDRESS", server.URL)
	t.Setenv("LOCKAGE_TOKEN", "tk_test")
}

func TestAuditVerify(t *testing.T) {
	intact := chain(5)
	tests := []struct {
		name   string
		change func([]wire.AuditEntry) []wire.AuditEntry
		intact int
		err    string
	}{
		{"intact", func(l []wire.AuditEntry) []wire.AuditEntry { return l }, 5, ""},
		{"changed", func(l []wire.AuditEntry) []wire.AuditEntry {
			l[2].Target.Name = "other"
			return l
		}, 2, "lockage: audit entry 3: its content does not match its hash: it was changed\n"},
		{"detail changed", func(l []wire.AuditEntry) []wire.AuditEntry {
			l[3].Detail = map[string]string{"version": "9"}
			return l
		}, 3, "lockage: audit entry 4: its content does not match its hash: it was changed\n"},
		{"taken out", func(l []wire.AuditEntry) []wire.AuditEntry {
			return append(l[:1], l[2:]...)
		}, 1, "lockage: audit entry 3: entries are missing before it: number 2 was expected\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			serveLog(t, tt.change(append([]wire.AuditEntry(nil), intact...)))
			got := run(t, "", "audit", "verify")
			head := intact[tt.intact-1].Hash
			wantOut := fmt.Sprintf("%d entries are intact; the last has the hash %s\n", tt.intact, head)
			wantCode := 0
			if tt.intact == 1 {
				wantOut = strings.Replace(wantOut, "entries are", "entry is", 1)
			}
			if tt.err != "" {
				wantCode = 1
			}
			if want := (result{wantCode, wantOut, tt.err}); got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
}

func TestAuditVerifyInJSON(t *testing.T) {
	log := chain(3)
	log[2].Prev = "00"
	serveLog(t, log)
	got := run(t, "", "audit", "verify", "--json")
	want := fmt.Sprintf(`{
  "intact": 2,
  "head": %q,
  "bad": {
    "sequence": 3,
    "reason": "it does not follow from the entry before: one of the two was changed"
  }
}
`, log[1].Hash)
	if got.code != 1 || got.out != want {
		t.Errorf("got code %d and\n%s\nwant code 1 and\n%s", got.code, got.out, want)
	}
}
