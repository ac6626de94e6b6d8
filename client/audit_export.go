package client

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"

	"github.com/lockage/lockage/wire"
)

// ErrCutShort says that an export ended before its end: what was written of it is not whole.
var ErrCutShort = errors.New("the export was cut short: what was written is not whole; export again")

// ExportAudit writes the audit log to w, oldest entry first, in the format "jsonl" or "csv", and answers how many entries
// it has. It takes as long as it takes: only ctx ends it. progress, which may be nil, is told how many bytes there are so
// far. The filter's order is of no concern. It fails with ErrCutShort where the end is missing.
func (c *Client) ExportAudit(ctx context.Context, f AuditFilter, format string, w io.Writer, progress func(bytes int64)) (entries int64, err error) {
	q := f.query()
	q["format"] = format
	address, err := c.url(request{path: []string{"v1", "audit-logs", "export"}, query: q.values()})
	if err != nil {
		return 0, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return 0, err
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	req.Header.Set("User-Agent", userAgent)
	resp, err := c.http.Do(req)
	if err != nil {
		var u *url.Error // it repeats the whole URL
		if errors.As(err, &u) {
			err = u.Err
		}
		return 0, fmt.Errorf("no answer from %s: %w", c.address, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		b, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
		if err != nil {
			return 0, fmt.Errorf("no answer from %s: %w", c.address, err)
		}
		return 0, c.refusal(answer{status: resp.StatusCode, requestID: resp.Header.Get("X-Request-Id"), body: b})
	}
	to := &counting{w: w, progress: progress}
	if _, err = io.Copy(to, resp.Body); to.err != nil {
		return 0, to.err
	}
	if err != nil {
		if ctx.Err() != nil {
			return 0, ctx.Err()
		}
		return 0, ErrCutShort
	}
	return to.end(format, resp.Trailer)
}

// counting writes on, and keeps the line that was begun last.
type counting struct {
	w        io.Writer
	progress func(int64)
	n        int64
	lines    int64
	line     []byte // the last that is whole
	begun    []byte
	err      error
}

// longestEnd is more than the last line of an export has.
const longestEnd = 4096

func (c *counting) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	if err != nil {
		c.err = err
		return n, err
	}
	for rest := p; len(rest) > 0; {
		piece, after, whole := bytes.Cut(rest, []byte("\n"))
		if len(c.begun) < longestEnd {
			c.begun = append(c.begun, piece...)
		}
		if whole {
			c.lines++
			c.line, c.begun = append(c.line[:0], c.begun...), c.begun[:0]
		}
		rest = after
	}
	if c.progress != nil {
		c.progress(c.n)
	}
	return n, nil
}

// end looks for what only a whole export has: the last line of JSON lines, and the trailer of CSV.
func (c *counting) end(format string, trailer http.Header) (int64, error) {
	if format == "csv" {
		n, err := strconv.ParseInt(trailer.Get(wire.ExportTrailer), 10, 64)
		if err != nil {
			return 0, ErrCutShort
		}
		return n, nil
	}
	var last wire.AuditExportLine
	d := json.NewDecoder(bufio.NewReader(bytes.NewReader(c.line)))
	d.DisallowUnknownFields()
	if err := d.Decode(&last); err != nil || last.End == nil || last.End.Entries != c.lines-2 || len(c.begun) > 0 {
		return 0, ErrCutShort
	}
	return last.End.Entries, nil
}
