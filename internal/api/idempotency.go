package api

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"net/http"
	"time"

	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/web"
)

const (
	idempotencyKey = "Idempotency-Key"
	replayed       = "Idempotency-Replayed"
	maxKey         = 255

	// afterwards is how long it may take to keep an answer, whatever is left of the request's time.
	afterwards = 10 * time.Second
)

// once returns run such that, with an Idempotency-Key, it happens once: a repeated request gets the kept answer, with
// Idempotency-Replayed; the same key with another request is a conflict. Only successes are kept. After a refusal the
// key may be used again; after a failure of ours, or a change that was made all the same, it may not. A caller who
// goes away does not stop the request: it comes back for the answer.
func (a *API) once(c *call, r *http.Request, kept *web.Buffer, run func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		key, err := keyOf(r)
		if err != nil {
			return err
		}
		if key == "" {
			return run(ctx)
		}
		ctx, cancel := detach(ctx)
		defer cancel()
		request := fingerprint(r, c.body)
		saved, err := a.control.BeginIdempotent(ctx, c.who, key, request)
		if err != nil {
			return err
		}
		if saved != nil {
			replay(kept, saved)
			return nil
		}
		if err := run(ctx); err != nil {
			var told *fault.Error
			if errors.As(err, &told) && !told.Saved {
				a.dropAnswer(ctx, c, key)
			}
			return err
		}
		a.keepAnswer(ctx, c, key, request, kept)
		return nil
	}
}

// detach keeps of ctx its values and its deadline.
func detach(ctx context.Context) (context.Context, context.CancelFunc) {
	free := context.WithoutCancel(ctx)
	if deadline, ok := ctx.Deadline(); ok {
		return context.WithDeadline(free, deadline)
	}
	return context.WithCancel(free)
}

// keepAnswer keeps a success. When it cannot, the caller is not told: what was asked for is done, and the key stays
// taken rather than let it be done twice.
func (a *API) keepAnswer(ctx context.Context, c *call, key, request string, kept *web.Buffer) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), afterwards)
	defer cancel()
	header := map[string]string{"Content-Type": kept.Header().Get("Content-Type")}
	if c.tag != "" {
		header["ETag"] = c.tag
	}
	err := a.control.EndIdempotent(ctx, c.who, key, request, control.IdempotentAnswer{
		Status: kept.Status(), Header: header, Body: kept.Body(),
	})
	if err != nil {
		web.Note(ctx, err)
	}
}

func (a *API) dropAnswer(ctx context.Context, c *call, key string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), afterwards)
	defer cancel()
	if err := a.control.DropIdempotent(ctx, c.who, key); err != nil {
		web.Note(ctx, err)
	}
}

func replay(kept *web.Buffer, saved *control.IdempotentAnswer) {
	for name, value := range saved.Header {
		kept.Header().Set(name, value)
	}
	kept.Header().Set(replayed, "true")
	kept.WriteHeader(saved.Status)
	_, _ = kept.Write(saved.Body) // a Buffer's Write does not fail
}

// keyOf is the request's Idempotency-Key, "" when there is none.
func keyOf(r *http.Request) (string, error) {
	values := r.Header.Values(idempotencyKey)
	if len(values) == 0 {
		return "", nil
	}
	key := values[0]
	fit := len(values) == 1 && key != "" && len(key) <= maxKey
	for i := 0; fit && i < len(key); i++ {
		fit = key[i] > ' ' && key[i] <= '~'
	}
	if !fit {
		return "", fault.Refused(idempotencyKey, "must be 1 to %d visible ASCII characters, sent once", maxKey)
	}
	return key, nil
}

// fingerprint tells requests apart: SHA-256 over method, path, query and body, each after its length.
func fingerprint(r *http.Request, body []byte) string {
	h := sha256.New()
	for _, part := range [][]byte{[]byte(r.Method), []byte(r.URL.EscapedPath()), []byte(r.URL.RawQuery), body} {
		var length [8]byte
		binary.BigEndian.PutUint64(length[:], uint64(len(part)))
		h.Write(length[:])
		h.Write(part)
	}
	return hex.EncodeToString(h.Sum(nil))
}
