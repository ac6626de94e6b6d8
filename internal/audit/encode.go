package audit

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"time"
)

// line is an entry as the API has it.
type line struct {
	Sequence      int64             `json:"sequence"`
	Time          string            `json:"time"`
	Actor         party             `json:"actor"`
	Action        string            `json:"action"`
	Outcome       Outcome           `json:"outcome"`
	EnvironmentID string            `json:"environment_id"`
	Environment   string            `json:"environment"`
	Target        party             `json:"target"`
	Detail        map[string]string `json:"detail"`
	RequestID     string            `json:"request_id"`
	Address       string            `json:"address"`
	Prev          string            `json:"prev"`
	Hash          string            `json:"hash"`
}

type party struct {
	Kind string `json:"kind"`
	ID   string `json:"id"`
	Name string `json:"name"`
}

// FormatTime writes an instant as entries have it: RFC 3339, UTC, milliseconds.
func FormatTime(t time.Time) string { return t.UTC().Format(timeForm) }

// JSON is the entry on one line, without a line's end, in the form of the API; lockage audit verify reads it.
func (e Entry) JSON() []byte {
	detail := e.Detail
	if detail == nil {
		detail = map[string]string{}
	}
	return Line(line{
		Sequence: e.Sequence, Time: FormatTime(e.Time), Actor: party(e.Actor), Action: e.Action, Outcome: e.Outcome,
		EnvironmentID: e.EnvironmentID, Environment: e.Environment, Target: party(e.Target), Detail: detail,
		RequestID: e.RequestID, Address: e.Address, Prev: e.Prev, Hash: e.Hash,
	})
}

// Line is a value as JSON on one line, with <, > and & as they are. It panics where v is nothing that JSON can say.
func Line(v any) []byte {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		panic("audit: " + err.Error())
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// columns are those of the log as a table.
var columns = []string{
	"sequence", "time", "actor_kind", "actor_id", "actor_name", "action", "outcome", "environment_id", "environment",
	"target_kind", "target_id", "target_name", "detail", "request_id", "address", "prev", "hash",
}

// CSVHead is the first record of the log as CSV (RFC 4180), with its line's end.
func CSVHead() []byte { return record(columns) }

// CSV is the entry as a record of CSV, with its line's end; the detail is JSON. A cell that a spreadsheet would take for a
// formula begins with an apostrophe, which is not the entry's: for proving the log there is JSON.
func (e Entry) CSV() []byte {
	detail := e.Detail
	if detail == nil {
		detail = map[string]string{}
	}
	return record([]string{
		strconv.FormatInt(e.Sequence, 10), FormatTime(e.Time), e.Actor.Kind, e.Actor.ID, e.Actor.Name, e.Action, string(e.Outcome),
		e.EnvironmentID, e.Environment, e.Target.Kind, e.Target.ID, e.Target.Name, string(Line(detail)), e.RequestID, e.Address, e.Prev, e.Hash,
	})
}

func record(cells []string) []byte {
	var b bytes.Buffer
	for i, cell := range cells {
		if i > 0 {
			b.WriteByte(',')
		}
		cell = harmless(cell)
		if !strings.ContainsAny(cell, "\",\r\n") {
			b.WriteString(cell)
			continue
		}
		b.WriteString(`"` + strings.ReplaceAll(cell, `"`, `""`) + `"`)
	}
	b.WriteString("\r\n")
	return b.Bytes()
}

// harmless puts an apostrophe before what a spreadsheet would carry out: whoever names a thing could otherwise have a
// formula run on the machine of whoever opens the log.
func harmless(cell string) string {
	if cell != "" && strings.ContainsRune("=+-@\t\r\n＝＋－＠", []rune(cell)[0]) {
		return "'" + cell
	}
	return cell
}
