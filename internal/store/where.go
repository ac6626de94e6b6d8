package store

import (
	"fmt"
	"strings"
	"time"
)

// where builds the conditions of a filtered reading; columns are ours, values are always parameters.
type where struct {
	conditions []string
	args       []any
}

func newWhere(account string) *where {
	w := &where{}
	w.add("account_id = %s", account)
	return w
}

func (w *where) arg(v any) string {
	w.args = append(w.args, v)
	return fmt.Sprintf("$%d", len(w.args))
}

// places adds values and answers their parameters as a list.
func (w *where) places(values []any) string {
	places := make([]string, len(values))
	for i, v := range values {
		places[i] = w.arg(v)
	}
	return strings.Join(places, ", ")
}

func (w *where) add(condition string, v any) {
	w.conditions = append(w.conditions, fmt.Sprintf(condition, w.arg(v)))
}

func (w *where) equal(column, v string) {
	if v != "" {
		w.add(column+" = %s", v)
	}
}

// in keeps rows whose column is one of the values; none keeps no row.
func (w *where) in(column string, values []string) {
	places := make([]string, len(values))
	for i, v := range values {
		places[i] = w.arg(v)
	}
	if len(places) == 0 {
		w.conditions = append(w.conditions, "1 = 0")
		return
	}
	w.conditions = append(w.conditions, column+" IN ("+strings.Join(places, ", ")+")")
}

func (w *where) between(column string, since, until time.Time) {
	if !since.IsZero() {
		w.add(column+" >= %s", ms(since))
	}
	if !until.IsZero() {
		w.add(column+" < %s", ms(until))
	}
}

func (w *where) text() string { return strings.Join(w.conditions, " AND ") }
