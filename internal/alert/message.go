package alert

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// The types of messages.
const (
	Firing   = "firing"
	Resolved = "resolved"
	Test     = "test"
)

// Message is what receivers are told, and its JSON form is what a webhook gets.
type Message struct {
	Type string      `json:"type"` // alert.firing, alert.resolved or alert.test
	Time time.Time   `json:"timestamp"`
	Data MessageData `json:"data"`
}

// MessageData is what a message is about: names and numbers.
type MessageData struct {
	EventID     string     `json:"event_id"`
	AlertID     string     `json:"alert_id"`
	Name        string     `json:"name"`
	Kind        Kind       `json:"kind"`
	Account     string     `json:"account"`
	Environment string     `json:"environment"`
	Route       string     `json:"route,omitempty"`
	Value       float64    `json:"value"`
	Threshold   float64    `json:"threshold"`
	Window      string     `json:"window,omitempty"`
	Since       time.Time  `json:"since"`
	EndedAt     *time.Time `json:"ended_at,omitempty"`
	Details     []string   `json:"details"`
	URL         string     `json:"url"`
}

// Subject is the first line of a mail.
func (m Message) Subject() string {
	word := strings.ToUpper(strings.TrimPrefix(m.Type, "alert."))
	return shown(fmt.Sprintf("[Lockage] %s: %s in %s", word, m.Data.Name, m.Data.Environment))
}

// Text is a mail.
func (m Message) Text() string {
	var b strings.Builder
	d := m.Data
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&b, "%-12s %s\n", name, shown(value))
		}
	}
	switch m.Type {
	case "alert." + Test:
		b.WriteString("This is a test: nothing is wrong.\n\n")
	case "alert." + Resolved:
		b.WriteString("This alert is over.\n\n")
	default:
		b.WriteString("This alert fires.\n\n")
	}
	line("alert", d.Name)
	line("environment", d.Environment)
	line("watches", string(d.Kind))
	line("route", d.Route)
	line("value", d.Kind.Quantity(d.Value))
	line("threshold", d.Kind.Limit(d.Threshold))
	line("window", d.Window)
	line("since", d.Since.UTC().Format(time.RFC3339))
	if d.EndedAt != nil {
		line("ended", d.EndedAt.UTC().Format(time.RFC3339))
	}
	for _, detail := range d.Details {
		line("", "- "+detail)
	}
	fmt.Fprintf(&b, "\n%s\n", d.URL)
	return b.String()
}

// Quantity is a value with its unit.
func (k Kind) Quantity(value float64) string {
	f, _ := k.form()
	return strconv.FormatFloat(value, 'f', -1, 64) + f.unit
}

// Limit is a threshold with its unit; "" where a kind has none.
func (k Kind) Limit(threshold float64) string {
	switch f, _ := k.form(); {
	case f.fixed:
		return ""
	case k == SecretExpiring:
		return strconv.FormatFloat(threshold, 'f', -1, 64) + " days ahead"
	default:
		return k.Quantity(threshold)
	}
}

// shown is a text without what is not printed: names are checked when they are given, and this is for those of before.
func shown(s string) string {
	return strings.Map(func(c rune) rune {
		if unicode.IsPrint(c) {
			return c
		}
		return '?'
	}, s)
}
