package gateway_test

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/route"
)

// recordsContent has the content of every call in production recorded.
func recordsContent(w *world) {
	for i := range w.in.Environments {
		w.in.Environments[i].Record = w.in.Environments[i].ID == production
		w.in.Environments[i].Cut = []string{"iban", "$.deep.code"}
	}
}

// recordedCall makes a call in production, and answers what was recorded of it.
func (w *world) recordedCall(method, path, body string, header http.Header) (string, route.Call) {
	w.t.Helper()
	w.sink.mu.Lock()
	before := len(w.sink.calls)
	w.sink.mu.Unlock()
	r, err := http.NewRequestWithContext(w.t.Context(), method, "http://"+w.address+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Lockage-Key", w.prod)
	for name, values := range header {
		r.Header[name] = values
	}
	answer, err := (&http.Transport{DisableCompression: true, DisableKeepAlives: true}).RoundTrip(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer answer.Body.Close()
	b, _ := io.ReadAll(answer.Body) // it may be cut short
	return string(b), w.sink.wait(w.t, before+1)[before]
}

// everything is all that was recorded, in one text.
func everything(c route.Call) string {
	return fmt.Sprintf("%+v", c) + fmt.Sprintf("%+v\n%s\n%s", c.Content, c.Content.RequestBody.Bytes, c.Content.ResponseBody.Bytes)
}

func TestContent(t *testing.T) {
	w := echoWorld(t, func(rw http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		rw.Header().Set("Content-Type", "application/json")
		rw.Header().Set("X-Upstream", "here")
		_, _ = io.WriteString(rw, `{"paid":true}`)
	}, recordsContent)
	_, c := w.recordedCall("POST", "/api/v1/charges?page=2", `{"amount":5}`, http.Header{"Content-Type": {"application/json"}, "X-Trace": {"b", "a"}})
	if c.Content == nil {
		t.Fatal("nothing was recorded")
	}
	value := func(list []route.HeaderField, name string) (values []string) {
		for _, h := range list {
			if h.Name == name {
				values = append(values, h.Value)
			}
		}
		return values
	}
	got := c.Content
	want := &route.Content{
		Query: "page=2", RequestHeaders: got.RequestHeaders, ResponseHeaders: got.ResponseHeaders,
		RequestBody:  route.Body{Bytes: []byte(`{"amount":5}`), Size: 12, Type: "application/json"},
		ResponseBody: route.Body{Bytes: []byte(`{"paid":true}`), Size: 13, Type: "application/json"}, Cut: 1,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for name, want := range map[string][]string{"X-Trace": {"b", "a"}, "Lockage-Key": {"[redacted]"}, "Content-Type": {"application/json"}, "Authorization": nil} {
		if diff := cmp.Diff(want, value(got.RequestHeaders, name)); diff != "" {
			t.Errorf("header %s of the call (-want +got):\n%s", name, diff)
		}
	}
	if diff := cmp.Diff([]string{"here"}, value(got.ResponseHeaders, "X-Upstream")); diff != "" || len(value(got.ResponseHeaders, "Lockage-Request-Id")) != 1 {
		t.Errorf("headers of the answer: got %v", got.ResponseHeaders)
	}
	if strings.Contains(c.Path, "page") {
		t.Errorf("the path has the query: %s", c.Path)
	}
}

func TestContentIsOffByDefaultAndForEachRoute(t *testing.T) {
	w := echoWorld(t, reply("text/plain", "hello"), recordsContent)
	for i := range w.in.Routes {
		if r := &w.in.Routes[i]; r.Key == "api" {
			r.Record = new(r.EnvironmentID == development)
		}
	}
	w.refresh()
	if _, c := w.recordedCall("GET", "/api/x", "", nil); c.Content != nil {
		t.Error("a route that is not to be recorded was")
	}
	if _, c := w.recordedCall("GET", "/none/x", "", nil); c.Content == nil {
		t.Error("a route that does as its environment was not recorded")
	}
	if _, c := w.recordedCall("GET", "/api/x", "", http.Header{"Lockage-Key": {w.dev}}); c.Content == nil {
		t.Error("a route that is to be recorded, where the rest is not, was not")
	}
	if _, c := w.recordedCall("GET", "/none/x", "", http.Header{"Lockage-Key": {w.dev}}); c.Content != nil {
		t.Error("an environment that does not record did")
	}
}

// TestContentHasNoCredential sends every kind of credential to every place, in every form, and has the upstream repeat all of
// it.
func TestContentHasNoCredential(t *testing.T) {
	w := echoWorld(t, func(rw http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		rw.Header().Set("Content-Type", r.Header.Get("Content-Type"))
		rw.Header().Set("Set-Cookie", "session=cookie-of-the-upstream")
		rw.Header().Set("X-Auth", r.Header.Get("Authorization"))
		rw.Header().Set("Location", "https://example.com/?"+r.URL.RawQuery+"&access_token=token-in-location")
		fmt.Fprintf(rw, "%s", body)
		fmt.Fprintf(rw, "\n%s %s", r.Header.Get("Authorization"), base64.StdEncoding.EncodeToString([]byte("me:"+r.Header.Get("Authorization"))))
	}, recordsContent)
	canaries := []string{
		w.prod, w.dev, prodValue, "cookie-of-the-caller", "cookie-of-the-upstream", "own-authorization", "value-of-the-header", "password-in-body",
		"iban-in-body", "code-in-body", "token-in-location", "key-in-query", "proxy-credential",
		strings.TrimRight(base64.StdEncoding.EncodeToString([]byte(w.prod)), "=")[:40], base64.StdEncoding.EncodeToString([]byte(prodValue))[:20],
	}
	header := http.Header{
		"Cookie": {"a=cookie-of-the-caller"}, "X-Access-Token": {"value-of-the-header"}, "Proxy-Authorization": {"Basic proxy-credential"},
		"X-Note": {"it is " + w.prod + " and " + w.dev + " and " + prodValue}, "X-Basic": {base64.StdEncoding.EncodeToString([]byte(w.prod + ":"))},
		"Content-Type": {"application/json"},
	}
	body := `{"a":"` + w.prod + `","b":["` + prodValue + `","` + w.dev + `"],"password":"password-in-body","iban":"iban-in-body","deep":{"code":"code-in-body","rest":1}}`
	for _, r := range []string{"api", "off", "made", "query", "fields", "none"} {
		for place, credential := range map[string]string{"Lockage-Key": w.prod, "Authorization": "Bearer " + w.prod, "X-Api-Key": w.prod} {
			h := header.Clone()
			h["Lockage-Key"] = nil
			h[place] = []string{credential}
			if place != "Authorization" {
				h["Authorization"] = []string{"Bearer own-authorization"}
			}
			_, c := w.recordedCall("POST", "/"+r+"/v1?token=key-in-query&key=key-in-query&q="+w.prod, body, h)
			if c.Content == nil {
				t.Fatalf("%s, %s: nothing was recorded of %+v", r, place, c)
			}
			if c.Content.Cut < 8 || len(c.Content.RequestBody.Bytes) == 0 || !strings.Contains(string(c.Content.RequestBody.Bytes), `"rest":1`) {
				t.Errorf("%s, %s: got %d cut and %q", r, place, c.Content.Cut, c.Content.RequestBody.Bytes)
			}
			all := everything(c)
			for _, canary := range canaries {
				if r == "none" && (canary == prodValue || canary == base64.StdEncoding.EncodeToString([]byte(prodValue))[:20]) {
					continue // there it is nobody's credential
				}
				if strings.Contains(all, canary) {
					t.Errorf("%s, %s: %q was recorded: %s", r, place, canary, all)
				}
			}
		}
	}
}

// A value that lies across the edge of what is recorded must not stay in part.
func TestContentAtItsEdge(t *testing.T) {
	w := echoWorld(t, func(rw http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		rw.Header().Set("Content-Type", "text/plain")
		_, _ = rw.Write(body)
	}, recordsContent)
	for _, value := range []string{prodValue, w.prod, base64.StdEncoding.EncodeToString([]byte(prodValue))} {
		for _, before := range []int{0, 1, len(value) / 2, len(value) - 1, len(value)} {
			filler := strings.Repeat(".", route.MaxRecorded-before)
			_, c := w.recordedCall("POST", "/off/x", filler+value+strings.Repeat(".", 9000), http.Header{"Content-Type": {"text/plain"}})
			for side, b := range map[string]route.Body{"call": c.Content.RequestBody, "answer": c.Content.ResponseBody} {
				if !b.Truncated || len(b.Bytes) > route.MaxRecorded || int(b.Size) != len(filler)+len(value)+9000 {
					t.Errorf("%s: got %d bytes of %d, truncated %v", side, len(b.Bytes), b.Size, b.Truncated)
				}
				if tail := strings.TrimLeft(string(b.Bytes), "."); tail != "" && !strings.HasPrefix("[redacted]", tail) && !strings.HasPrefix(tail, "[redacted]") {
					t.Errorf("%s, %d bytes in front of the edge: got %q behind the filler", side, before, tail)
				}
			}
		}
	}
}

func TestContentThatIsNotKept(t *testing.T) {
	kinds := map[string]struct{ contentType, coding, body, omitted, want string }{
		"binary":        {"application/octet-stream", "", "\x00\x01", route.OmittedBinary, ""},
		"text with NUL": {"text/plain", "", "a\x00b", route.OmittedBinary, ""},
		"brotli":        {"application/json", "br", "whatever", route.OmittedEncoding, ""},
		"no gzip":       {"application/json", "gzip", "whatever", route.OmittedEncoding, ""},
		"gzip":          {"application/json", "gzip", string(compress(t, "gzip", `{"password":"x","a":"`+prodValue+`"}`)), "", `{"password":"[redacted]","a":"[redacted]"}`},
		"deflate":       {"application/json", "deflate", string(compress(t, "deflate", `{"a":1}`)), "", `{"a":1}`},
		"empty":         {"image/png", "", "", "", ""},
	}
	w := echoWorld(t, func(rw http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		rw.Header().Set("Content-Type", r.Header.Get("Content-Type"))
		if coding := r.Header.Get("Content-Encoding"); coding != "" {
			rw.Header().Set("Content-Encoding", coding)
		}
		_, _ = rw.Write(body)
	}, recordsContent)
	for name, k := range kinds {
		h := http.Header{"Content-Type": {k.contentType}}
		if k.coding != "" {
			h["Content-Encoding"] = []string{k.coding}
		}
		_, c := w.recordedCall("POST", "/none/x", k.body, h)
		for side, b := range map[string]route.Body{"call": c.Content.RequestBody, "answer": c.Content.ResponseBody} {
			if b.Omitted != k.omitted || string(b.Bytes) != strings.ReplaceAll(k.want, `"a":"[redacted]"`, `"a":"`+prodValue+`"`) || int(b.Size) != len(k.body) || b.Truncated {
				t.Errorf("%s, %s: got %q of %d bytes, %+v", name, side, b.Bytes, b.Size, b)
			}
		}
	}
	for name, k := range kinds { // and where the value is the route's
		if k.coding != "gzip" || k.omitted != "" {
			continue
		}
		_, c := w.recordedCall("POST", "/off/x", k.body, http.Header{"Content-Type": {k.contentType}, "Content-Encoding": {k.coding}})
		if got := string(c.Content.ResponseBody.Bytes); got != k.want {
			t.Errorf("%s: got %q, want %q", name, got, k.want)
		}
	}
}

// What the gateway answers itself is recorded too, and of a call that it refuses what it saw.
func TestContentOfRefusals(t *testing.T) {
	w := echoWorld(t, reply("text/plain", "hello"), recordsContent, func(w *world) {
		w.addRoute(production, "lacking", `{"target_url":"http://127.0.0.1:1","inject_headers":{"X-A":"{{secret:nothing}}"}}`)
		w.addRoute(production, "closed", `{"target_url":"http://127.0.0.1:1"}`)
	})
	for path, status := range map[string]int{"/lacking/x": 500, "/closed/x": 502} {
		answer, c := w.recordedCall("POST", path, `{"a":1}`, http.Header{"Content-Type": {"application/json"}})
		if c.Status != status || c.Content == nil || string(c.Content.ResponseBody.Bytes) != answer || len(c.Content.RequestHeaders) == 0 {
			t.Errorf("%s: got %d and %+v, want what was answered: %q", path, c.Status, c.Content, answer)
		}
	}
	if _, c := w.recordedCall("GET", "/unknown/x", "", nil); c.Content != nil {
		t.Error("a call of no route was recorded")
	}
}

// Memory for contents is bounded: beyond it a call is recorded without.
func TestContentWithoutMemory(t *testing.T) {
	w := echoWorld(t, reply("text/plain", "hello"), recordsContent)
	w.gateway.LimitContents(100)
	body, c := w.recordedCall("POST", "/none/x", strings.Repeat("a", 4096), http.Header{"Content-Type": {"text/plain"}})
	if body != "hello" || c.Content != nil || c.BytesIn != 4096 || w.gateway.Stats().ContentsDropped != 1 {
		t.Errorf("got %q, %+v and %+v, want the call without its content", body, c, w.gateway.Stats())
	}
	w.gateway.LimitContents(1 << 20)
	if _, c := w.recordedCall("GET", "/none/x", "", nil); c.Content == nil {
		t.Error("with memory nothing was recorded")
	}
	eventually(t, "all memory to be given back", func() bool { return w.gateway.ContentsUsed() == 0 })
}
