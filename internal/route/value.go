package route

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

const (
	maxName        = 255 // characters
	maxDescription = 1000

	maxRequests = 1_000_000
	minWindow   = time.Second
	maxWindow   = 24 * time.Hour
	minTimeout  = time.Millisecond
	maxTimeout  = 10 * time.Minute
)

var knownMethods = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}

func (d *decoder) text(path string, v jsontext.Value) string {
	s, ok := text(v)
	if !ok {
		d.refuse(path, "must be a string")
	}
	return s
}

// line reads a text of one line that is not empty.
func (d *decoder) line(path string, v jsontext.Value, limit int) string {
	s := d.text(path, v)
	if s == "" {
		d.refuse(path, "must not be empty")
	}
	d.checkText(path, s, limit, "")
	return s
}

// prose reads a text that may have new lines and tabs.
func (d *decoder) prose(path string, v jsontext.Value, limit int) string {
	s := d.text(path, v)
	d.checkText(path, s, limit, "\n\t")
	return s
}

func (d *decoder) checkText(path, s string, limit int, allowed string) {
	if utf8.RuneCountInString(s) > limit {
		d.refuse(path, "is too long; use at most %d characters", limit)
	}
	control := func(c rune) bool { return unicode.IsControl(c) && !strings.ContainsRune(allowed, c) }
	if strings.ContainsFunc(s, control) {
		d.refuse(path, "must not contain control characters")
	}
}

func (d *decoder) boolean(path string, v jsontext.Value) bool {
	if v.Kind() != 't' && v.Kind() != 'f' {
		d.refuse(path, "must be true or false")
	}
	return v.Kind() == 't'
}

// environment reads the name of an environment and returns its id.
func (d *decoder) environment(path string, v jsontext.Value) string {
	name, ok := text(v)
	if !ok {
		d.refuse(path, "must be the name of an environment")
		return ""
	}
	id, ok := d.names.ID(name)
	if !ok {
		d.refuse(path, "is not the name of an environment")
	}
	return id
}

func (d *decoder) methods(path string, v jsontext.Value) []string {
	if v.Kind() != '[' {
		d.refuse(path, "must be a list of methods, or null for every method")
		return nil
	}
	var list []string
	for i, element := range elements(v) {
		s, _ := text(element)
		switch s = strings.ToUpper(s); {
		case !slices.Contains(knownMethods, s):
			d.refuse(index(path, i), "must be one of %s", strings.Join(knownMethods, ", "))
		case slices.Contains(list, s):
			d.refuse(index(path, i), "stands in the list already")
		default:
			list = append(list, s)
		}
	}
	if len(elements(v)) == 0 {
		d.refuse(path, "must not be empty; send null for every method")
	}
	return list
}

func (d *decoder) rateLimit(path string, v jsontext.Value) RateLimit {
	var limit RateLimit
	if v.Kind() != '{' {
		d.refuse(path, "must be an object, or null for no limit")
		return limit
	}
	sent := map[string]bool{}
	for _, m := range members(v) {
		sent[m.name] = true
		switch at := join(path, m.name); m.name {
		case "requests":
			limit.Requests = d.whole(at, m.value, 1, maxRequests)
		case "burst":
			limit.Burst = d.whole(at, m.value, 0, maxRequests)
		case "window":
			limit.Window = d.duration(at, m.value)
			if limit.Window < minWindow || limit.Window > maxWindow {
				d.refuse(at, "must be a duration from 1s to 24h, like \"1m\"")
			}
		default:
			d.refuse(at, "is not a field of a rate limit; the fields are requests, window, burst")
		}
	}
	for _, name := range []string{"requests", "window"} {
		if !sent[name] {
			d.refuse(join(path, name), "is required")
		}
	}
	return limit
}

func (d *decoder) whole(path string, v jsontext.Value, low, high int) int {
	n, err := strconv.Atoi(string(v))
	if err != nil || n < low || n > high {
		d.refuse(path, "must be a whole number from %d to %d", low, high)
	}
	return n
}

// timeout reads a time limit; 0 is none.
func (d *decoder) timeout(path string, v jsontext.Value) time.Duration {
	limit := d.duration(path, v)
	if limit != 0 && limit < minTimeout || limit > maxTimeout {
		d.refuse(path, "must be a duration from 1ms to 10m, like \"30s\", or \"0s\" for no time limit")
	}
	return limit
}

func (d *decoder) duration(path string, v jsontext.Value) time.Duration {
	s, _ := text(v)
	limit, err := time.ParseDuration(s)
	if err != nil {
		d.refuse(path, "must be a duration as a string, like \"30s\" or \"1m\"")
	}
	return limit
}
