package client

import (
	"errors"
	"iter"
	"net/url"
	"strconv"
	"time"
)

// Page is a part of a list.
type Page struct {
	Limit  int    // 1 to 200; 0 leaves it to the server
	Cursor string // what the page before gave as next; "" is the first page
}

// maxPage is the largest page the API gives.
const maxPage = 200

// query collects the parameters that are set.
type query map[string]string

func (q query) page(p Page) query {
	if p.Limit != 0 {
		q["limit"] = strconv.Itoa(p.Limit)
	}
	q["cursor"] = p.Cursor
	return q
}

func (q query) time(name string, t time.Time) {
	if !t.IsZero() {
		q[name] = t.UTC().Format("2006-01-02T15:04:05.000Z")
	}
}

func (q query) values() url.Values {
	v := url.Values{}
	for name, value := range q {
		if value != "" {
			v.Set(name, value)
		}
	}
	return v
}

// all walks a list through its pages. It ends with the first error.
func all[T any](page func(Page) ([]T, string, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		for p := (Page{Limit: maxPage}); ; {
			items, next, err := page(p)
			if err != nil {
				yield(none, err)
				return
			}
			for _, item := range items {
				if !yield(item, nil) {
					return
				}
			}
			if next == "" {
				return
			}
			if next == p.Cursor {
				yield(none, errors.New("the server gave the same page twice: the list cannot be read to its end"))
				return
			}
			p.Cursor = next
		}
	}
}
