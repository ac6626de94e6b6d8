package environment

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/lockage/lockage/internal/fault"
)

// DecodeProtection reads a protection as callers send it, and refuses all bad fields at once, by their path:
// "protection.freeze[0].weekly.from". Unknown members are refused, null is as good as absent. Times come back in UTC.
func DecodeProtection(raw []byte) (Protection, error) {
	v := jsontext.Value(bytes.TrimSpace(raw))
	if !v.IsValid() {
		return Protection{}, malformed(v)
	}
	var c checker
	var p Protection
	if v.Kind() != 'n' {
		p = c.readProtection(v)
	}
	if err := fault.RefusedFields(c.fields); err != nil {
		return Protection{}, err
	}
	return p, nil
}

// malformed says where a text stops being one JSON value, and nothing of what stands there.
func malformed(v jsontext.Value) error {
	d := jsontext.NewDecoder(bytes.NewReader(v))
	_, err := d.ReadValue()
	var syntax *jsontext.SyntacticError
	switch {
	case err == nil:
		return fault.Refused(protectionPath, "has something after its JSON value, see byte %d", d.InputOffset())
	case errors.Is(err, io.EOF):
		return fault.Refused(protectionPath, "is empty; send a JSON object")
	case errors.Is(err, jsontext.ErrDuplicateName):
		return fault.Refused(protectionPath, "has a member twice in the same object; send it once")
	case errors.As(err, &syntax):
		return fault.Refused(protectionPath, "is not valid JSON, see byte %d", syntax.ByteOffset)
	}
	return fault.Refused(protectionPath, "is not valid JSON")
}

var (
	windowMembers = []string{"start", "end", "weekly", "reason", "allow_rollback"}
	weeklyMembers = []string{"days", "from", "to", "time_zone"}
)

func (c *checker) readProtection(v jsontext.Value) (p Protection) {
	c.object(protectionPath, v, []string{"approvals", "freeze"}, func(name string, v jsontext.Value) {
		switch name {
		case "approvals":
			n, err := strconv.Atoi(string(v))
			if err != nil {
				n = -1 // whatever it is, the check says what it should be
			}
			c.approvals(n)
			p.Approvals = n
		case "freeze":
			items := c.array(freezesPath, v)
			if !c.count(len(items)) {
				return
			}
			for i, item := range items {
				p.Freeze = append(p.Freeze, c.readWindow(freezePath(i), item))
			}
		}
	})
	return p
}

// readWindow reads a window and, when it could be read, checks it.
func (c *checker) readWindow(path string, v jsontext.Value) (w Window) {
	refused := len(c.fields)
	c.object(path, v, windowMembers, func(name string, v jsontext.Value) {
		switch at := path + "." + name; name {
		case "start":
			w.Start = c.moment(at, v)
		case "end":
			w.End = c.moment(at, v)
		case "weekly":
			weekly := c.readWeekly(at, v)
			w.Weekly = &weekly
		case "reason":
			w.Reason = c.text(at, v)
		case "allow_rollback":
			if w.AllowRollback = v.Kind() == 't'; v.Kind() != 't' && v.Kind() != 'f' {
				c.refuse(at, "must be true or false")
			}
		}
	})
	if len(c.fields) == refused {
		c.window(path, w)
	}
	return w
}

func (c *checker) readWeekly(path string, v jsontext.Value) (w Weekly) {
	c.object(path, v, weeklyMembers, func(name string, v jsontext.Value) {
		switch at := path + "." + name; name {
		case "days":
			for i, item := range c.array(at, v) {
				name, _ := unquote(item)
				day, ok := weekday(name)
				if !ok {
					c.refuse(fmt.Sprintf("%s[%d]", at, i), dayRule)
				}
				w.Days = append(w.Days, day)
			}
		case "from":
			w.From = c.text(at, v)
		case "to":
			w.To = c.text(at, v)
		case "time_zone":
			w.TimeZone = c.text(at, v)
		}
	})
	return w
}

func (c *checker) moment(path string, v jsontext.Value) time.Time {
	s, _ := unquote(v)
	t, err := time.Parse(time.RFC3339, s)
	switch {
	case err != nil:
		c.refuse(path, "must be a time like 2026-12-24T00:00:00Z")
	case t.UTC().Year() < 1 || t.UTC().Year() > 9999 || t.IsZero():
		c.refuse(path, "must be in the years 1 to 9999")
	}
	return t.UTC()
}

func (c *checker) text(path string, v jsontext.Value) string {
	s, ok := unquote(v)
	if !ok {
		c.refuse(path, "must be a string")
	}
	return s
}

// object walks the known members of an object that are not null, and refuses others without repeating their names.
func (c *checker) object(path string, v jsontext.Value, known []string, read func(name string, v jsontext.Value)) {
	if v.Kind() != '{' {
		c.refuse(path, "must be an object with %s", strings.Join(known, ", "))
		return
	}
	unknown := false
	walk(v, '}', func(d *jsontext.Decoder) {
		token, err := d.ReadToken()
		if err != nil {
			return // not met: the whole text was found valid before
		}
		name := token.String()
		switch value := next(d); {
		case !slices.Contains(known, name):
			unknown = true
		case value.Kind() != 'n':
			read(name, value)
		}
	})
	if unknown {
		c.refuse(path, "has an unknown member; the known ones are %s", strings.Join(known, ", "))
	}
}

// array splits a list; what is none has no items.
func (c *checker) array(path string, v jsontext.Value) (items []jsontext.Value) {
	if v.Kind() != '[' {
		c.refuse(path, "must be a list")
		return nil
	}
	walk(v, ']', func(d *jsontext.Decoder) { items = append(items, next(d)) })
	return items
}
