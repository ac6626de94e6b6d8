// Package syslog hands messages to collectors in the form of RFC 5424: over TCP with octet counting (RFC 6587), or over
// TLS (RFC 5425). Syslog has no receipts, so a batch counts as taken when the collector, after it was told that no more
// comes, closes the connection in good order: until then it has read everything. What stands in a message cannot end
// it, begin another, or change what its other parts say.
package syslog

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Severity is how much a message matters.
type Severity int

// The severities that are used.
const (
	Warning Severity = 4
	Notice  Severity = 5
)

// Message is one message.
type Message struct {
	Facility int // 0 to 23
	Severity Severity
	Time     time.Time
	ID       string // the type of message
	Data     []Param
	Text     string // ASCII; what is else is replaced
}

// Param is a named fact of a message.
type Param struct{ Name, Value string }

// structure names the facts of our messages. 32473 is the enterprise number that is kept for examples (RFC 5612): Lockage
// has none of its own, and no collector can take it for another product's.
const structure = "lockage@32473"

// Bytes is the message as RFC 5424 has it, without a frame; host is where it comes from, "" for unknown.
func (m Message) Bytes(host string) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "<%d>1 %s %s lockage - %s [%s", m.Facility*8+int(m.Severity), m.Time.UTC().Format("2006-01-02T15:04:05.000Z"),
		word(host, 255), word(m.ID, 32), structure)
	for _, p := range m.Data {
		if p.Value == "" {
			continue
		}
		fmt.Fprintf(&b, ` %s="%s"`, name(p.Name), value(p.Value))
	}
	b.WriteByte(']')
	if m.Text != "" {
		b.WriteByte(' ')
		b.WriteString(strings.Map(func(r rune) rune {
			if r < ' ' || r > '~' {
				return '?'
			}
			return r
		}, m.Text))
	}
	return []byte(b.String())
}

// word is a field of the header: visible ASCII, "-" for none.
func word(s string, longest int) string {
	s = strings.Map(func(r rune) rune {
		if r <= ' ' || r > '~' {
			return '?'
		}
		return r
	}, s)
	if s == "" {
		return "-"
	}
	return s[:min(len(s), longest)]
}

// name is the name of a fact: a word without what ends one.
func name(s string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(`="]`, r) {
			return '?'
		}
		return r
	}, word(s, 32))
}

// value escapes what would end a value, and replaces what could end a line or move a cursor where it is shown.
func value(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '"' || r == '\\' || r == ']':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == ' ' || unicode.IsPrint(r):
			b.WriteRune(r)
		default:
			b.WriteRune(utf8.RuneError)
		}
	}
	return b.String()
}

// frame puts messages behind their lengths, so that a line's end in one does not begin another.
func frame(host string, messages []Message) []byte {
	var b []byte
	for _, m := range messages {
		raw := m.Bytes(host)
		b = strconv.AppendInt(b, int64(len(raw)), 10)
		b = append(append(b, ' '), raw...)
	}
	return b
}

// ASCII writes a text of JSON with what is not ASCII as escapes, so that it can be the text of a message as it is.
func ASCII(json []byte) string {
	var b strings.Builder
	for _, r := range string(json) {
		switch {
		case r < utf8.RuneSelf:
			b.WriteRune(r)
		case r > 0xFFFF:
			r -= 0x10000
			fmt.Fprintf(&b, `\u%04x\u%04x`, 0xD800+(r>>10), 0xDC00+(r&0x3FF))
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}
