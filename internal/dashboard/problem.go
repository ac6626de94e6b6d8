package dashboard

import (
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/web"
)

// problemPage says why there is no other page.
type problemPage struct {
	Title     string
	Message   string
	RequestID string // of what is ours to repair; "": it is not
}

var problemTitles = map[fault.Kind]string{
	fault.Unauthenticated: "You are not logged in",
	fault.Forbidden:       "This is not yours to do",
	fault.NotFound:        "Nothing is here",
	fault.MethodDenied:    "Nothing is here",
	fault.Limited:         "Too often",
	fault.Unavailable:     "Not at this moment",
	fault.Internal:        "Something went wrong here",
}

// refuse answers a failure with a page. Of an error without a kind its reader learns the request's id, by which the
// operator finds it in the log.
func (d *Dashboard) refuse(w http.ResponseWriter, r *http.Request, err error) {
	e := web.Explain(r.Context(), err)
	retryAfter(w, e)
	p := problemPage{Title: problemTitles[e.Kind], Message: sentence(e.Error())}
	if p.Title == "" {
		p.Title = "This was not done"
	}
	if e.Kind == fault.Internal {
		p.Message, p.RequestID = "It is noted in the server's log.", web.RequestID(r.Context())
	}
	d.send(w, r, nil, answer{title: p.Title, status: web.Status(e.Kind), body: problemBody(p)})
}

// sentence is a message of ours as it stands on a page.
func sentence(message string) string {
	first, size := utf8.DecodeRuneInString(message)
	if size == 0 {
		return ""
	}
	message = string(unicode.ToUpper(first)) + message[size:]
	if !strings.HasSuffix(message, ".") {
		message += "."
	}
	return message
}

// wrongID is the id of the message about a whole form, where there is one.
func wrongID(message string) string {
	if message == "" {
		return ""
	}
	return "wrong"
}
