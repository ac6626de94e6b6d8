package web

import (
	"net/http"
	"path"
	"strings"

	"github.com/lockage/lockage/internal/fault"
)

// Routes serves what is registered in mux and answers everything else by refuse: a path that has no pattern, one that
// has none for the method (with Allow), and one that is not in its shortest form, which the standard library would
// redirect. Redirects are refused because they turn writes into reads and repeat the path.
func Routes(mux *http.ServeMux, refuse Refuse) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !shortest(r.URL.EscapedPath()) {
			refuse(w, r, fault.New(fault.NotFound, "no such path; it has empty or dotted segments"))
			return
		}
		h, pattern := mux.Handler(r)
		if pattern != "" {
			mux.ServeHTTP(w, r)
			return
		}
		missing := NewBuffer(w)
		h.ServeHTTP(missing, r)
		if allow := missing.Header().Get("Allow"); missing.Status() == http.StatusMethodNotAllowed {
			w.Header().Set("Allow", allow)
			refuse(w, r, fault.New(fault.MethodDenied, "this path does not take this method; it takes %s", allow))
			return
		}
		refuse(w, r, fault.New(fault.NotFound, "no such path; /openapi.json lists them all"))
	})
}

// shortest says whether the path begins with a slash and has neither empty nor dotted segments.
func shortest(p string) bool {
	if p == "/" {
		return true
	}
	return strings.HasPrefix(p, "/") && path.Clean(p) == strings.TrimSuffix(p, "/")
}
