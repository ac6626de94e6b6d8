package api

import (
	"context"
	"net/http"

	"github.com/lockage/lockage/internal/web"
)

// flow is an answer that is sent as it comes.
type flow struct {
	kind    string // its Content-Type
	file    string // what a browser calls it; "": it is shown
	trailer string // the header that follows the body, which write sets at its end; "": none does
	write   func(ctx context.Context, to *web.Stream) error
	close   func() // gives back what the answer holds, also when it is not sent; nil: nothing
}

// send sends the answer to its end, or tears the connection down: whoever reads must not take a part for the whole.
func (f *flow) send(ctx context.Context, w http.ResponseWriter) {
	s := web.NewStream(w)
	h := s.Header()
	h.Set("Content-Type", f.kind)
	if f.file != "" {
		h.Set("Content-Disposition", `attachment; filename="`+f.file+`"`)
	}
	if f.trailer != "" {
		h.Set("Trailer", f.trailer)
	}
	if err := f.write(ctx, s); err != nil {
		web.Note(ctx, err)
		panic(http.ErrAbortHandler)
	}
}
