package gateway

import (
	"log/slog"
	"net/http"
	"strconv"
)

// answer answers a refusal.
func (x *exchange) answer(r *Refusal) {
	if r.Reason != "" {
		if ok, suppressed := x.g.refusals.pass(x.start.Unix()); ok {
			x.g.logger.LogAttrs(x.r.Context(), slog.LevelInfo, "call refused", slog.String("reason", r.Reason),
				slog.String("type", r.Type), slog.String("request_id", x.requestID), slog.String("address", x.address),
				slog.Int64("suppressed", suppressed))
		}
	}
	x.status, x.errorType = r.Status, r.Type
	if r.Type == typeClosed {
		// The caller left. Were it there after all, an answer of net/http's making would look like one.
		panic(http.ErrAbortHandler)
	}
	body := appendProblem(make([]byte, 0, 256), r, x.requestID)
	h := x.w.Header()
	clear(h)
	setProblem(h, r, len(body))
	x.write(r.Status, body)
}

// write sends an answer of the gateway's own, whose headers are set but for those that every answer carries.
func (x *exchange) write(status int, body []byte) {
	x.status, x.sized = status, true
	x.unwanted()
	h := x.w.Header()
	x.sign(h)
	x.closeEarly(h)
	x.answers(h)
	x.w.WriteHeader(status)
	if x.r.Method != http.MethodHead {
		n, _ := x.w.Write(body)
		x.bytesOut = int64(n)
		x.answering(body[:n])
	}
	x.answeredAll()
}

// sign sets what every answer carries.
func (x *exchange) sign(h http.Header) {
	x.set(h, 0, "Lockage-Request-Id", x.requestID)
	if x.d == nil {
		return
	}
	if x.d.Environment != nil {
		x.set(h, 1, "Lockage-Environment", x.d.Environment.Name)
	}
	if a := x.d.Allowance; a.Limit > 0 { // ours stand in place of the upstream's
		delete(h, "Ratelimit-Limit")
		delete(h, "Ratelimit-Remaining")
		delete(h, "Ratelimit-Reset")
		x.set(h, 2, "RateLimit-Limit", strconv.Itoa(a.Limit))
		x.set(h, 3, "RateLimit-Remaining", strconv.Itoa(a.Remaining))
		x.set(h, 4, "RateLimit-Reset", strconv.FormatInt(a.Reset, 10))
	}
}

// set sets a header whose value lies in the i-th place of values.
func (x *exchange) set(h http.Header, i int, name, value string) {
	x.values[i] = value
	h[name] = x.values[i : i+1 : i+1]
}

// closeEarly announces the end of the connection when an answer begins before the call's body was read: what is left
// of it stands where the next call would.
func (x *exchange) closeEarly(h http.Header) {
	if x.upload != nil && !x.upload.done.Load() && x.r.ProtoMajor == 1 {
		h["Connection"] = []string{"close"}
	}
}
