// Package alert holds the rules of alerts: what a rule watches in its environment, when it fires and when it is over,
// whom it tells, and how long it keeps quiet. It reads no clock and no database: it is given readings.
//
// It promises that one episode is told once, however often it is looked at, and that what is told holds names and numbers
// only: no value of a secret, and nothing of what calls carried.
package alert

import (
	"math"
	"net/mail"
	"net/netip"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/lockage/lockage/internal/fault"
)

// Kind is what a rule watches.
type Kind string

// The kinds.
const (
	ErrorRate      Kind = "error_rate"      // share of calls with a status from 500 on, in percent
	LatencyP95     Kind = "latency_p95"     // of calls, in milliseconds
	KeyNewAddress  Kind = "key_new_address" // a secret API key is used from where it was not used before
	SecretExpiring Kind = "secret_expiring" // a value or certificate in force ends soon, or has ended
	HardFail       Kind = "hard_fail"       // calls that failed because a value is missing, over or unusable
	AccessRefused  Kind = "access_refused"  // refused decisions in the environment, and in the account itself
)

// form is what the fields of a kind mean.
type form struct {
	kind         Kind
	threshold    float64 // where none is given
	low, high    float64 // of the threshold
	window       time.Duration
	ofCalls      bool // has a minimum of calls
	ofRoute      bool // may be narrowed to a route
	fixed        bool // takes no threshold
	windowless   bool
	unit, wanted string
}

const minute = time.Minute

var forms = []form{
	{kind: ErrorRate, threshold: 5, low: 0.1, high: 100, window: 5 * minute, ofCalls: true, ofRoute: true, unit: "%", wanted: "a share from 0.1 to 100 percent"},
	{kind: LatencyP95, threshold: 1000, low: 1, high: 3_600_000, window: 5 * minute, ofCalls: true, ofRoute: true, unit: " ms", wanted: "milliseconds from 1 to 3600000"},
	{kind: KeyNewAddress, threshold: 1, low: 1, high: 1, window: 60 * minute, fixed: true, wanted: "left out"},
	{kind: SecretExpiring, threshold: 14, low: 1, high: 366, windowless: true, wanted: "days from 1 to 366"},
	{kind: HardFail, threshold: 1, low: 1, high: 1_000_000, window: 5 * minute, ofRoute: true, wanted: "a number of calls from 1 to 1000000"},
	{kind: AccessRefused, threshold: 5, low: 1, high: 1_000_000, window: 15 * minute, wanted: "a number of refusals from 1 to 1000000"},
}

// Kinds lists them, in the order in which they are told.
func Kinds() []Kind {
	list := make([]Kind, len(forms))
	for i, f := range forms {
		list[i] = f.kind
	}
	return list
}

func (k Kind) form() (form, bool) {
	i := slices.IndexFunc(forms, func(f form) bool { return f.kind == k })
	if i < 0 {
		return form{}, false
	}
	return forms[i], true
}

// Target is whom a rule tells: a mail address, or a webhook, of which this is only what may be shown.
type Target struct {
	ID      string `json:"id"`
	Email   string `json:"email,omitempty"`
	Webhook string `json:"webhook,omitempty"` // the URL without its path, which often is a credential
}

// Rule is what is watched in an environment, and whom to tell.
type Rule struct {
	ID            string
	EnvironmentID string
	Name          string
	Kind          Kind
	Route         string // key; "": all routes
	Threshold     float64
	Window        time.Duration // that readings go back
	Minimum       int64         // calls in the window, below which shares and latencies say nothing
	Quiet         time.Duration // between two messages that it fires
	Targets       []Target
	Active        bool
	CreatedAt     time.Time
	CreatedBy     string
	UpdatedAt     time.Time
	State
}

// State is how a rule stands.
type State struct {
	Firing   bool
	Since    time.Time // when it began to fire or was over; zero: it never fired
	Event    string    // the id of the episode while it fires
	Told     bool      // that the episode began
	ToldAt   time.Time // when a message that it fires was last made
	Value    float64   // of the last reading
	LookedAt time.Time
}

// Fields is what people set; nil leaves a field as it is, or as the kind has it.
type Fields struct {
	Name      *string
	Route     *string
	Threshold *float64
	Window    *time.Duration
	Minimum   *int64
	Quiet     *time.Duration
	Active    *bool
}

// The bounds.
const (
	maxName     = 100
	maxTargets  = 10
	minWindow   = time.Minute
	maxWindow   = 24 * time.Hour
	maxQuiet    = 7 * 24 * time.Hour
	MaxRules    = 100 // in an environment
	quietFirst  = time.Hour
	callsFirst  = 20
	maxCalls    = 1_000_000
	maxAddress  = 254
	maxRouteKey = 128
)

// New is a rule of a kind with what the kind has where nothing is set.
func New(k Kind, f Fields) (Rule, error) {
	form, ok := k.form()
	if !ok {
		return Rule{}, fault.Refused("kind", "must be one of %s", kindList())
	}
	r := Rule{Kind: k, Threshold: form.threshold, Window: form.window, Quiet: quietFirst, Active: true}
	if form.ofCalls {
		r.Minimum = callsFirst
	}
	if f.Name == nil {
		return r, fault.Refused("name", "must say what the alert is about, in 1 to %d printable characters", maxName)
	}
	return r.Apply(f)
}

func kindList() string {
	list := make([]string, len(forms))
	for i, f := range forms {
		list[i] = string(f.kind)
	}
	return strings.Join(list, ", ")
}

// Apply sets fields, or says which of them cannot be.
func (r Rule) Apply(f Fields) (Rule, error) {
	form, _ := r.Kind.form()
	var refused []fault.Field
	refuse := func(field, message string) { refused = append(refused, fault.Field{Field: field, Message: message}) }
	if set(&r.Name, f.Name) && !printable(r.Name, maxName) {
		refuse("name", "must be 1 to 100 printable characters")
	}
	if set(&r.Route, f.Route) && r.Route != "" && (!form.ofRoute || !printable(r.Route, maxRouteKey)) {
		refuse("route", "must be the key of a route, for the kinds error_rate, latency_p95 and hard_fail")
	}
	if set(&r.Threshold, f.Threshold) && (form.fixed || math.IsNaN(r.Threshold) || r.Threshold < form.low || r.Threshold > form.high) {
		refuse("threshold", "must be "+form.wanted+", for the kind "+string(r.Kind))
	}
	if set(&r.Window, f.Window) && (form.windowless || r.Window < minWindow || r.Window > maxWindow) {
		refuse("window", `must be a duration from 1m to 24h, such as "5m"; the kind secret_expiring has none`)
	}
	if set(&r.Minimum, f.Minimum) && (!form.ofCalls || r.Minimum < 1 || r.Minimum > maxCalls) {
		refuse("minimum_calls", "must be from 1 to 1000000, for the kinds error_rate and latency_p95")
	}
	if set(&r.Quiet, f.Quiet) && (r.Quiet < 0 || r.Quiet > maxQuiet) {
		refuse("quiet", `must be a duration from 0s to 168h, such as "1h"`)
	}
	set(&r.Active, f.Active)
	return r, fault.RefusedFields(refused)
}

func set[T any](field *T, to *T) bool {
	if to != nil {
		*field = *to
	}
	return to != nil
}

func printable(s string, most int) bool {
	return strings.TrimSpace(s) != "" && utf8.ValidString(s) && utf8.RuneCountInString(s) <= most &&
		!strings.ContainsFunc(s, func(c rune) bool { return !unicode.IsPrint(c) })
}

// CheckTargets refuses no targets, and too many.
func CheckTargets(n int) error {
	if n < 1 || n > maxTargets {
		return fault.Refused("to", "must name 1 to %d receivers, each with email or webhook", maxTargets)
	}
	return nil
}

// CheckEmail refuses what is no address alone.
func CheckEmail(address string) error {
	a, err := mail.ParseAddress(address)
	if err != nil || a.Name != "" || a.Address != address || len(address) > maxAddress || !printable(address, maxAddress) {
		return fault.Refused("to", "must have an address alone as email, for example oncall@example.com")
	}
	return nil
}

// Place is where an address counts as the same: the address, or with IPv6 the network of 64 bits, in which machines change
// theirs by themselves. "" for what is none.
func Place(address string) string {
	a, err := netip.ParseAddr(address)
	if err != nil {
		return ""
	}
	a = a.Unmap().WithZone("")
	if a.Is4() {
		return a.String()
	}
	network, _ := a.Prefix(64) // 64 fits
	return network.String()
}
