package gateway

import (
	"net/http"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// The types of the gateway's own errors, as they stand in the body, in the header Lockage-Error and in the record.
const (
	typeInvalid         = "validation_error"        // 400
	typeUnauthenticated = "unauthenticated"         // 401
	typeForbidden       = "forbidden"               // 403
	typeNotFound        = "not_found"               // 404
	typeMethod          = "method_not_allowed"      // 405
	typeTooLarge        = "too_large"               // 413
	typeLimited         = "rate_limited"            // 429
	typeNotConfigured   = "secret_not_configured"   // 500
	typeExpired         = "secret_expired"          // 500
	typeNoVariable      = "variable_not_configured" // 500
	typeCredential      = "invalid_credential"      // 500
	typeTarget          = "target_invalid"          // 500
	typeInternal        = "internal_error"          // 500
	typeUnreachable     = "upstream_unreachable"    // 502
	typeDestination     = "destination_refused"     // 502
	typeNoCredential    = "credential_unavailable"  // 502
	typeUnavailable     = "unavailable"             // 503
	typeKeys            = "keys_unavailable"        // 503
	typeTimeout         = "upstream_timeout"        // 504

	// What is recorded of a call that could not be completed after its answer had begun, or whose caller left.
	typeTruncated = "upstream_truncated"
	typeClosed    = "client_closed" // 499, never sent
)

const statusClosed = 499

// errorTypes are all of them, by the index of their counter.
func errorTypes() errorTypeArray {
	return errorTypeArray{
		typeInvalid, typeUnauthenticated, typeForbidden, typeNotFound, typeMethod, typeTooLarge, typeLimited,
		typeNotConfigured, typeExpired, typeNoVariable, typeCredential, typeTarget, typeInternal, typeUnreachable, typeDestination,
		typeNoCredential, typeUnavailable, typeKeys, typeTimeout,
		typeTruncated, typeClosed,
	}
}

// Refusal is why a call is answered by the gateway itself. Message is for the caller: it holds nothing of the call and
// no secret. Reason is for the log only.
type Refusal struct {
	Status     int
	Type       string
	Message    string
	Allow      string // with 405: the methods there are
	RetryAfter int64  // seconds, with 429 and 503
	Reason     string
}

func refuse(status int, kind, message string) *Refusal {
	return &Refusal{Status: status, Type: kind, Message: message}
}

func invalid(message string) *Refusal { return refuse(http.StatusBadRequest, typeInvalid, message) }

// unauthenticated is one answer for every way a credential can be wrong; only the log is told which.
func unauthenticated(reason string) *Refusal {
	r := refuse(http.StatusUnauthorized, typeUnauthenticated,
		"the call needs a valid lockage key; send it as Lockage-Key, Authorization or X-Api-Key")
	r.Reason = reason
	return r
}

// appendProblem appends the body of a refusal.
func appendProblem(b []byte, r *Refusal, requestID string) []byte {
	b = append(b, `{"error":`...)
	b = appendQuoted(b, r.Message)
	b = append(b, `,"type":`...)
	b = appendQuoted(b, r.Type)
	b = append(b, `,"request_id":`...)
	b = appendQuoted(b, requestID)
	return append(b, "}\n"...)
}

// appendQuoted quotes a text of our own, which is always valid UTF-8.
func appendQuoted(b []byte, s string) []byte {
	b, err := jsontext.AppendQuote(b, s)
	if err != nil {
		panic("gateway: a message is not UTF-8")
	}
	return b
}

// setProblem sets the headers of a refusal.
func setProblem(h http.Header, r *Refusal, length int) {
	h["Content-Type"] = []string{"application/json"}
	h["Content-Length"] = []string{strconv.Itoa(length)}
	h["Cache-Control"] = []string{"no-store"}
	h["Lockage-Error"] = []string{r.Type}
	if r.Allow != "" {
		h["Allow"] = []string{r.Allow}
	}
	if r.RetryAfter > 0 {
		h["Retry-After"] = []string{strconv.FormatInt(r.RetryAfter, 10)}
	}
	if r.Status == http.StatusUnauthorized {
		h["Www-Authenticate"] = []string{`Bearer realm="lockage"`}
	}
}
