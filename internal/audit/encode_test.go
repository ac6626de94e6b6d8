package audit_test

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/audit"
)

// hostile is an entry whose names are what somebody might choose to harm whoever reads the log.
func hostile() audit.Entry {
	return audit.Entry{
		Account: "a", Sequence: 7, Time: time.Date(2026, 11, 21, 2, 3, 4, 5_000_000, time.FixedZone("", 3600)),
		Actor: audit.Actor{Kind: "member", ID: "m1", Name: `=HYPERLINK("https://evil.example","x")`}, Action: "secret.create", Outcome: audit.Allowed,
		Target: audit.Target{Kind: "secret", ID: "-1+1", Name: "a,\"b\"\r\nc<&>\u2028"}, Detail: audit.Detail("name", "@SUM(A1)", "reason", "\tx"),
		RequestID: "+1", Address: "127.0.0.1",
	}.Seal("")
}

func TestJSONIsOneLineThatSaysAll(t *testing.T) {
	e := hostile()
	line := e.JSON()
	if strings.ContainsAny(string(line), "\r\n") || !strings.Contains(string(line), "<&>") {
		t.Errorf("got %s, want one line that is not escaped for a page", line)
	}
	var got struct {
		Sequence                 int64
		Time                     time.Time
		Actor, Target            struct{ Kind, ID, Name string }
		Action, Outcome          string
		Environment, Address     string
		EnvironmentID, RequestID string `json:"-"`
		Detail                   map[string]string
		Prev, Hash               string
		E                        string `json:"environment_id"`
		R                        string `json:"request_id"`
	}
	d := json.NewDecoder(strings.NewReader(string(line)))
	d.DisallowUnknownFields()
	if err := d.Decode(&got); err != nil {
		t.Fatal(err)
	}
	back := audit.Entry{
		Account: "a", Sequence: got.Sequence, Time: got.Time, Actor: audit.Actor(got.Actor), Action: got.Action, Outcome: audit.Outcome(got.Outcome),
		EnvironmentID: got.E, Environment: got.Environment, Target: audit.Target(got.Target), Detail: got.Detail, RequestID: got.R,
		Address: got.Address, Prev: got.Prev, Hash: got.Hash,
	}
	if diff := cmp.Diff(e, back); diff != "" || back.Sum() != e.Hash {
		t.Errorf("what was read is not what was written (-want +got):\n%s", diff)
	}
	if empty := (audit.Entry{}).JSON(); !strings.Contains(string(empty), `"detail":{}`) {
		t.Errorf("got %s, want an empty detail", empty)
	}
}

func TestCSVIsHarmless(t *testing.T) {
	e := hostile()
	text := string(audit.CSVHead()) + string(e.CSV())
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil || len(rows) != 2 || len(rows[0]) != len(rows[1]) {
		t.Fatalf("got %d records and %v of\n%s", len(rows), err, text)
	}
	got := map[string]string{}
	for i, name := range rows[0] {
		got[name] = rows[1][i]
	}
	want := map[string]string{
		"sequence": "7", "time": "2026-11-21T01:03:04.005Z", "actor_kind": "member", "actor_id": "m1",
		"actor_name": `'=HYPERLINK("https://evil.example","x")`, "action": "secret.create", "outcome": "allowed", "environment_id": "",
		"environment": "", "target_kind": "secret", "target_id": "'-1+1", "target_name": "a,\"b\"\nc<&>\u2028", // the reader brings ends of lines to its form
		"detail": `{"name":"@SUM(A1)","reason":"\tx"}`, "request_id": "'+1", "address": "127.0.0.1", "prev": "", "hash": e.Hash,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("cells (-want +got):\n%s", diff)
	}
	if !strings.HasSuffix(text, "\r\n") || strings.Count(text, "\r\n") != 3 {
		t.Errorf("got %q, want lines that end as RFC 4180 says, and one in a cell", text)
	}
	for _, name := range []string{"=1", "+1", "-1", "@a", "\t=1", "\r=1", "\n=1", "＝1"} {
		e.Actor.Name = name
		r := csv.NewReader(strings.NewReader(string(e.CSV())))
		cells, err := r.Read()
		if _, more := r.Read(); err != nil || !errors.Is(more, io.EOF) || !strings.HasPrefix(cells[4], "'") {
			t.Errorf("%q: got %q and %v", name, cells, err)
		}
	}
	e.Actor.Name = "a=b"
	if cells, _ := csv.NewReader(strings.NewReader(string(e.CSV()))).Read(); cells[4] != "a=b" {
		t.Errorf("got %q, want what is harmless as it is", cells[4])
	}
}
