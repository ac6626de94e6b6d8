package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/google/uuid"

	"github.com/lockage/lockage/wire"
)

// maxAnswer bounds what is read of an answer; the API's own are far smaller.
const maxAnswer = 32 << 20

// request is one operation on its way out.
type request struct {
	method  string
	path    []string // segments after the address, not yet escaped
	query   url.Values
	body    any    // marshalled; json.RawMessage goes as it is
	ifMatch string // the ETag the change is made under; "": none
	unkept  bool   // the server would do it again: it is sent once
}

func (r request) with(options []Option) request {
	for _, set := range options {
		set(&r)
	}
	return r
}

// answer is what came back, read to its end.
type answer struct {
	status    int
	requestID string
	body      []byte
}

// do carries out one operation and gives the data of its answer.
func do[T any](ctx context.Context, c *Client, r request) (T, error) {
	data, _, err := exchange[T](ctx, c, r)
	return data, err
}

// list carries out one page of a list and gives the cursor of the next one, "" at the end.
func list[T any](ctx context.Context, c *Client, q query, p Page, path ...string) ([]T, string, error) {
	data, meta, err := exchange[[]T](ctx, c, request{method: http.MethodGet, path: path, query: q.page(p).values()})
	return data, meta.NextCursor, err
}

func exchange[T any](ctx context.Context, c *Client, r request) (data T, meta wire.Meta, err error) {
	a, err := c.proven(ctx, r)
	if err != nil {
		return data, meta, err
	}
	if a.status < 200 || a.status > 299 {
		return data, meta, c.refusal(a)
	}
	var envelope wire.Answer[json.RawMessage]
	err = json.Unmarshal(a.body, &envelope)
	if err == nil && envelope.Data != nil {
		err = json.Unmarshal(envelope.Data, &data)
	}
	// The decoder's own words could repeat a part of the answer, and an answer may hold a new key.
	if err != nil || envelope.Data == nil {
		return data, meta, &Error{
			Status: a.status, RequestID: a.requestID,
			Message: c.address + " does not answer in the form of Lockage's management API: check the address",
		}
	}
	return data, envelope.Meta, nil
}

// proven sends the request, and once more after a fresh proof where the server demands one.
func (c *Client) proven(ctx context.Context, r request) (answer, error) {
	a, err := c.send(ctx, r)
	if err != nil || a.status != http.StatusForbidden || c.prove == nil {
		return a, err
	}
	told, _ := errors.AsType[*Error](c.refusal(a))
	if told == nil || !told.StepUp {
		return a, nil
	}
	proof, err := c.prove(ctx, told.Message)
	if err != nil {
		return a, err
	}
	if _, err := bare[wire.Proven](ctx, c, request{method: http.MethodPost, path: []string{"admin", "auth", "prove"}, body: proof}); err != nil {
		return a, err
	}
	return c.send(ctx, r)
}

// send sends the request, a second time when the connection failed and repeating cannot do the work twice.
func (c *Client) send(parent context.Context, r request) (answer, error) {
	address, err := c.url(r)
	if err != nil {
		return answer{}, err
	}
	var body []byte
	if r.body != nil {
		if body, err = json.Marshal(r.body); err != nil {
			return answer{}, errors.New("the body is not valid JSON")
		}
	}
	key := ""
	if r.method == http.MethodPost && !r.unkept { // with a key the transport would repeat it, too
		id, err := uuid.NewV7()
		if err != nil {
			return answer{}, fmt.Errorf("make an idempotency key: %w", err)
		}
		key = id.String()
	}
	ctx, cancel := context.WithTimeout(parent, timeLimit)
	defer cancel()
	a, err := c.once(ctx, r, address, key, body)
	if err != nil && ctx.Err() == nil && (key != "" || r.method == http.MethodGet) {
		a, err = c.once(ctx, r, address, key, body)
	}
	switch {
	case err == nil:
		return a, nil
	case parent.Err() != nil:
		return answer{}, parent.Err()
	case ctx.Err() != nil:
		return answer{}, fmt.Errorf("no answer from %s within %s", c.address, timeLimit)
	}
	// The transport's own error repeats the whole URL, with what the caller put into the query.
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	return answer{}, fmt.Errorf("no answer from %s: %w", c.address, err)
}

func (c *Client) once(ctx context.Context, r request, address, key string, body []byte) (answer, error) {
	req, err := http.NewRequestWithContext(ctx, r.method, address, bytes.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", userAgent)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	if r.ifMatch != "" {
		req.Header.Set("If-Match", r.ifMatch)
	}
	if c.overrideFreeze != "" {
		req.Header.Set("Lockage-Override-Freeze", c.overrideFreeze)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil {
		return answer{}, err
	}
	if len(b) > maxAnswer {
		return answer{}, fmt.Errorf("the answer is larger than %d MiB", maxAnswer>>20)
	}
	return answer{status: resp.StatusCode, requestID: resp.Header.Get("X-Request-Id"), body: b}, nil
}

// url refuses a segment that would lead to another operation than the one meant: an empty name turns one thing's
// address into its list's, and dots climb.
func (c *Client) url(r request) (string, error) {
	var b strings.Builder
	b.WriteString(c.address)
	for _, s := range r.path {
		if s == "" || s == "." || s == ".." {
			return "", errors.New("a name or an id is missing, or is only dots")
		}
		b.WriteByte('/')
		b.WriteString(url.PathEscape(s))
	}
	if len(r.query) > 0 {
		b.WriteByte('?')
		b.WriteString(r.query.Encode())
	}
	return b.String(), nil
}
