package control

import (
	"bytes"
	"encoding/base64"
	"unicode/utf8"

	"github.com/lockage/lockage/internal/fault"
)

// Page asks for a part of a list: at most Limit items (1 to 200; 0 is 50) from where Cursor, the answer to the page
// before, left off.
type Page struct {
	Limit  int
	Cursor string
}

const (
	pageDefault = 50
	pageMost    = 200
)

// open checks the page and answers the limit and the last item of the page before.
func (p Page) open() (limit int, after string, err error) {
	switch {
	case p.Limit == 0:
		limit = pageDefault
	case p.Limit < 1 || p.Limit > pageMost:
		return 0, "", fault.Refused("limit", "must be from 1 to %d", pageMost)
	default:
		limit = p.Limit
	}
	raw, err := base64.RawURLEncoding.DecodeString(p.Cursor)
	if err != nil || !utf8.Valid(raw) || bytes.IndexByte(raw, 0) >= 0 || len(raw) > 256 {
		return 0, "", fault.Refused("cursor", "is not a cursor of this list; start again without one")
	}
	return limit, string(raw), nil
}

// cut answers a page of a list that was read with one item more than the limit, and the cursor of the next page.
func cut[T any](list []T, limit int, last func(T) string) ([]T, string) {
	if len(list) <= limit {
		return list, ""
	}
	list = list[:limit]
	return list, base64.RawURLEncoding.EncodeToString([]byte(last(list[limit-1])))
}
