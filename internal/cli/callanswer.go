package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"unicode/utf8"
)

// maxShown bounds the body that is shown as one JSON document.
const maxShown = 16 << 20

// callAnswer is an answer of the gateway as one JSON document. Body is JSON when the answer was, a string when it was
// other text; what is neither is in BodyBase64.
type callAnswer struct {
	Status     int             `json:"status"`
	Headers    http.Header     `json:"headers"`
	Body       json.RawMessage `json:"body,omitempty"`
	BodyBase64 []byte          `json:"body_base64,omitempty"`
}

func (p *program) printAnswer(resp *http.Response) error {
	b, err := io.ReadAll(io.LimitReader(resp.Body, maxShown+1))
	if err != nil {
		return err
	}
	if len(b) > maxShown {
		return fmt.Errorf("the body is larger than %d MiB: leave --json out to stream it", maxShown>>20)
	}
	a := callAnswer{Status: resp.StatusCode, Headers: resp.Header}
	switch {
	case len(b) == 0:
	case json.Valid(b):
		a.Body = b
	case utf8.Valid(b):
		if a.Body, err = json.Marshal(string(b)); err != nil {
			return err
		}
	default:
		a.BodyBase64 = b
	}
	return encode(p.out, a)
}
