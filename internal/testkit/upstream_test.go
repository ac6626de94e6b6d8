package testkit_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/lockage/lockage/internal/testkit"
)

func send(t *testing.T, u *testkit.Upstream, method, target, body string) (status int, answer string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, u.URL+target, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Colour", "teal")
	response, err := u.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	all, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(all)
}

func TestUpstreamKeepsAndEchoes(t *testing.T) {
	for name, start := range map[string]struct {
		upstream func(testing.TB) *testkit.Upstream
		scheme   string
		proto    string
	}{
		"plain": {testkit.NewUpstream, "http://", "HTTP/1.1"},
		"tls":   {testkit.NewTLSUpstream, "https://", "HTTP/2.0"},
	} {
		t.Run(name, func(t *testing.T) {
			u := start.upstream(t)
			if got := u.Requests(); got != nil {
				t.Errorf("before any request: %v, want nil", got)
			}
			status, answer := send(t, u, "POST", "/a%2Fb/c?q=1&q=%20", "hello\xff")
			if status != http.StatusOK {
				t.Errorf("status %d, want 200", status)
			}
			host, ok := strings.CutPrefix(u.URL, start.scheme)
			if !ok {
				t.Errorf("URL %q, want the scheme %q", u.URL, start.scheme)
			}
			want := testkit.Received{
				Method: "POST", Host: host, Path: "/a%2Fb/c", RawQuery: "q=1&q=%20", Proto: start.proto,
				Header: http.Header{"X-Colour": {"teal"}}, Body: "hello\xff",
			}
			ours := cmpopts.IgnoreMapEntries(func(name string, _ []string) bool { return name != "X-Colour" })
			if diff := cmp.Diff([]testkit.Received{want}, u.Requests(), ours); diff != "" {
				t.Errorf("kept (-want +got):\n%s", diff)
			}
			var echoed testkit.Received
			if err := json.Unmarshal([]byte(answer), &echoed); err != nil {
				t.Fatal(err)
			}
			want.Body = "hello\ufffd"
			if diff := cmp.Diff(want, echoed, ours); diff != "" {
				t.Errorf("echoed (-want +got):\n%s", diff)
			}
		})
	}
}

func TestUpstreamAnswersAsTold(t *testing.T) {
	u := testkit.NewUpstream(t)
	u.Answer(func(w http.ResponseWriter, r *http.Request) {
		if got := len(u.Requests()); got != 1 {
			t.Errorf("%d requests kept when the answer is made, want 1", got)
		}
		var two [2]byte
		if _, err := io.ReadFull(r.Body, two[:]); err != nil {
			t.Errorf("read the body: %v", err)
		}
		w.WriteHeader(http.StatusTeapot)
		_, _ = w.Write(two[:])
	})
	if status, answer := send(t, u, "PUT", "/", "hello"); status != http.StatusTeapot || answer != "he" {
		t.Errorf("answer %d %q, want 418 %q", status, answer, "he")
	}
	if got := u.Requests()[0].Body; got != "he" {
		t.Errorf("kept %q of the body, want %q: what was read of it", got, "he")
	}
	u.Answer(nil)
	if status, answer := send(t, u, "PUT", "/", ""); status != http.StatusOK || !strings.HasPrefix(answer, "{") {
		t.Errorf("answer %d %q after Answer(nil), want 200 and JSON", status, answer)
	}
}

func TestUpstreamCertificates(t *testing.T) {
	if _, err := http.Get(testkit.NewTLSUpstream(t).URL); err == nil {
		t.Error("a client without the certificate was served, want a refusal")
	}
	u := testkit.NewTLSUpstream(t)
	transport := &http.Transport{TLSClientConfig: u.Client().Transport.(*http.Transport).TLSClientConfig.Clone()}
	t.Cleanup(transport.CloseIdleConnections)
	transport.TLSClientConfig.RootCAs = u.Certificates()
	response, err := (&http.Client{Transport: transport}).Get(u.URL)
	if err != nil {
		t.Fatalf("a client that trusts the certificate: %v", err)
	}
	_ = response.Body.Close()
}
