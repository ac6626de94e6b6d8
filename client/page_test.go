package client_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/client"
)

// pages serves /v1/audit-logs by cursor; a page is its entries and the next cursor.
func pages(t *testing.T, byCursor map[string][2]string) (*client.Client, *[]string) {
	t.Helper()
	var asked []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.RawQuery)
		page, known := byCursor[r.URL.Query().Get("cursor")]
		if !known {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"error":{"type":"validation_error","message":"cursor: unknown"}}`)
			return
		}
		fmt.Fprintf(w, `{"data":[%s],"meta":{"request_id":"r","next_cursor":%q}}`, page[0], page[1])
	}))
	t.Cleanup(server.Close)
	return dial(t, server.URL), &asked
}

func walk(t *testing.T, c *client.Client, stop int64) (sequences []int64, err error) {
	t.Helper()
	for e, err := range c.Audit(t.Context(), client.AuditFilter{Ascending: true}) {
		if err != nil {
			return sequences, err
		}
		if sequences = append(sequences, e.Sequence); e.Sequence == stop {
			break
		}
	}
	return sequences, nil
}

func TestAllPages(t *testing.T) {
	c, asked := pages(t, map[string][2]string{
		"":  {`{"sequence":1},{"sequence":2}`, "a"},
		"a": {``, "b"},
		"b": {`{"sequence":3}`, ""},
	})
	got, err := walk(t, c, 0)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int64{1, 2, 3}, got); diff != "" {
		t.Errorf("the entries differ (-want +got):\n%s", diff)
	}
	want := []string{"limit=200&order=asc", "cursor=a&limit=200&order=asc", "cursor=b&limit=200&order=asc"}
	if diff := cmp.Diff(want, *asked); diff != "" {
		t.Errorf("the requests differ (-want +got):\n%s", diff)
	}
	*asked = nil
	if got, err := walk(t, c, 1); err != nil || len(got) != 1 || len(*asked) != 1 {
		t.Errorf("stopped early: got %v, %v after %d requests, want one entry after one request", got, err, len(*asked))
	}
}

func TestWalkEndsWithAnError(t *testing.T) {
	c, _ := pages(t, map[string][2]string{"": {`{"sequence":1}`, "gone"}})
	if got, err := walk(t, c, 0); len(got) != 1 || err == nil || err.Error() != "cursor: unknown" {
		t.Errorf("a refused page: got %v and error %v, want one entry and the refusal", got, err)
	}
	c, _ = pages(t, map[string][2]string{"": {`{"sequence":1}`, "a"}, "a": {`{"sequence":2}`, "a"}})
	if got, err := walk(t, c, 0); len(got) != 2 || err == nil || !strings.Contains(err.Error(), "same page twice") {
		t.Errorf("a list in circles: got %v and error %v, want two entries and an error", got, err)
	}
}
