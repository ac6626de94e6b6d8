package audit

import (
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/secret"
)

// StreamKind is how a stream delivers.
type StreamKind string

// The kinds of stream.
const (
	Webhook StreamKind = "webhook"
	Syslog  StreamKind = "syslog"
)

// DefaultFacility is "log audit".
const DefaultFacility = 13

// Stream is where the log of an account is carried while it is written: each entry at least once, in order.
type Stream struct {
	ID        string
	Name      string
	Kind      StreamKind
	Target    string // a URL of a webhook, an address of a collector
	CA        string // the authorities of a collector, in PEM; "" is the system's
	Facility  int    // of syslog
	CreatedAt time.Time
	CreatedBy string
	Key       secret.Sealed // signs deliveries of a webhook; of a collector it only binds the row

	Paused    bool
	UpdatedAt time.Time

	Position     int64 // the last entry that was delivered
	Sending      int64 // the last entry of the batch under way; 0: none is
	Skipped      int64 // entries that were pruned before they could be delivered
	DeliveredAt  time.Time
	FailingSince time.Time // zero: the last attempt did not fail
	Failure      string    // its class
	Attempts     int64     // that failed since the last that did not
	NextAttempt  time.Time
}

// Binding is the place the key is sealed for: a stream's key opens for no other target.
func (s Stream) Binding(account string) secret.Binding {
	return secret.Binding{
		Account: account, Secret: s.ID, Version: 1, Type: secret.StreamKey,
		Facts: secret.Facts(s.Name, string(s.Kind), s.Target, s.CA, strconv.Itoa(s.Facility), strconv.FormatInt(s.CreatedAt.UnixMilli(), 10), s.CreatedBy),
	}
}

// The states of a stream.
const (
	StreamOK      = "ok"
	StreamFailing = "failing"
	StreamPaused  = "paused"
)

// Status is the state of the stream.
func (s Stream) Status() string {
	switch {
	case s.Paused:
		return StreamPaused
	case !s.FailingSince.IsZero():
		return StreamFailing
	default:
		return StreamOK
	}
}

// CheckStreamName refuses a name that is not 1 to 100 printable characters.
func CheckStreamName(name string) error {
	unprintable := func(r rune) bool { return !unicode.IsPrint(r) }
	if strings.TrimSpace(name) == "" || !utf8.ValidString(name) || utf8.RuneCountInString(name) > 100 || strings.ContainsFunc(name, unprintable) {
		return fault.Refused("name", "must have 1 to 100 printable characters")
	}
	return nil
}

// The waits between attempts.
const (
	firstWait = time.Second
	mostWait  = 10 * time.Minute
)

// Wait is how long a stream that failed so often waits before the next attempt: it doubles, up to ten minutes, unless the
// receiver asks for more. It never gives up.
func Wait(attempts int64, asked time.Duration) time.Duration {
	wait := mostWait
	if attempts < 11 {
		wait = min(firstWait<<max(attempts-1, 0), mostWait)
	}
	return max(wait, asked)
}

// message is what a webhook is sent.
type message struct {
	Type      string `json:"type"`
	Timestamp string `json:"timestamp"`
	Data      any    `json:"data"`
}

// Batch is the body of a delivery of entries that follow one another. The same entries make the same body.
func (s Stream) Batch(account string, entries []Entry) []byte {
	type data struct {
		Account string `json:"account"`
		Stream  string `json:"stream"`
		From    int64  `json:"from"`
		To      int64  `json:"to"`
		Entries []raw  `json:"entries"`
	}
	first, last := entries[0], entries[len(entries)-1]
	d := data{Account: account, Stream: s.ID, From: first.Sequence, To: last.Sequence}
	for _, e := range entries {
		d.Entries = append(d.Entries, raw(e.JSON()))
	}
	return Line(message{Type: "audit.entries", Timestamp: FormatTime(last.Time), Data: d})
}

// BatchID is the id of such a delivery; a repetition has the same.
func (s Stream) BatchID(last int64) string { return s.ID + "_" + strconv.FormatInt(last, 10) }

// Test is the body of a delivery that carries no entry.
func (s Stream) Test(account string, now time.Time) []byte {
	return Line(message{Type: "audit.test", Timestamp: FormatTime(now), Data: struct {
		Account string `json:"account"`
		Stream  string `json:"stream"`
		Name    string `json:"name"`
	}{account, s.ID, s.Name}})
}

// raw is JSON as it is.
type raw []byte

func (r raw) MarshalJSON() ([]byte, error) { return r, nil }
