package webhook_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/lockage/lockage/internal/webhook"
)

var instant = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// receiver is a real one, with TLS, that answers as a test says.
func receiver(t *testing.T, h http.HandlerFunc) (*httptest.Server, *x509.CertPool) {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // handshakes that fail are the test's
	s.EnableHTTP2 = true
	s.StartTLS()
	t.Cleanup(s.Close)
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	return s, roots
}

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}

func sender(t *testing.T, c webhook.Config) *webhook.Sender {
	t.Helper()
	c.Now = func() time.Time { return instant }
	s, err := webhook.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// verify checks a message as the page of Standard Webhooks tells receivers to, from the key as it is shown.
func verify(shown string, h http.Header, body []byte) error {
	encoded, ok := strings.CutPrefix(shown, "whsec_")
	key, err := base64.StdEncoding.DecodeString(encoded)
	if !ok || err != nil || len(key) < 24 || len(key) > 64 {
		return fmt.Errorf("the key is not one of Standard Webhooks")
	}
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s.%s.%s", h.Get("webhook-id"), h.Get("webhook-timestamp"), body)
	for one := range strings.FieldsSeq(h.Get("webhook-signature")) {
		version, signature, _ := strings.Cut(one, ",")
		got, err := base64.StdEncoding.DecodeString(signature)
		if version == "v1" && err == nil && hmac.Equal(got, mac.Sum(nil)) {
			return nil
		}
	}
	return errors.New("no signature fits")
}

func TestSendIsASignedMessage(t *testing.T) {
	var header http.Header
	var method string
	var body []byte
	s, roots := receiver(t, func(w http.ResponseWriter, r *http.Request) {
		header, method = r.Header, r.Method
		body, _ = io.ReadAll(r.Body)
		w.WriteHeader(http.StatusNoContent)
	})
	key := webhook.NewKey()
	sent := []byte(`{"a":"é"}`)
	err := sender(t, webhook.Config{Allow: loopback, Roots: roots}).Send(t.Context(), webhook.Target{URL: s.URL + "/in?x=1", Key: key}, "stream_7", sent)
	if err != nil {
		t.Fatal(err)
	}
	if method != http.MethodPost || !bytes.Equal(body, sent) || header.Get("Content-Type") != "application/json" {
		t.Errorf("got %s with %q as %s", method, body, header.Get("Content-Type"))
	}
	if header.Get("webhook-id") != "stream_7" || header.Get("webhook-timestamp") != fmt.Sprint(instant.Unix()) {
		t.Errorf("got the id %q and the time %q", header.Get("webhook-id"), header.Get("webhook-timestamp"))
	}
	if err := verify(webhook.FormatKey(key), header, body); err != nil {
		t.Error(err)
	}
	if verify(webhook.FormatKey(key), header, append(body, ' ')) == nil || verify(webhook.FormatKey(webhook.NewKey()), header, body) == nil {
		t.Error("another body or another key verifies too")
	}
	moved := header.Clone()
	moved.Set("webhook-id", "stream_8")
	if verify(webhook.FormatKey(key), moved, body) == nil {
		t.Error("another id verifies too")
	}
}

func TestSendClassesWhatTheReceiverAnswers(t *testing.T) {
	const canary = "canary-7c1e55"
	for name, tt := range map[string]struct {
		status int
		after  string
		want   webhook.Error
	}{
		"overloaded":       {503, "7", webhook.Error{Retry: true, After: 7 * time.Second, Status: 503, Code: "http_503"}},
		"until a time":     {429, instant.Add(time.Minute).Format(http.TimeFormat), webhook.Error{Retry: true, After: time.Minute, Status: 429, Code: "http_429"}},
		"a time long past": {429, instant.Add(-time.Hour).Format(http.TimeFormat), webhook.Error{Retry: true, Status: 429, Code: "http_429"}},
		"for a year":       {503, "31536000", webhook.Error{Retry: true, After: time.Hour, Status: 503, Code: "http_503"}},
		"for ever":         {503, "18446744073709551616", webhook.Error{Retry: true, Status: 503, Code: "http_503"}},
		"nonsense":         {503, "-5", webhook.Error{Retry: true, Status: 503, Code: "http_503"}},
		"slow request":     {408, "", webhook.Error{Retry: true, Status: 408, Code: "http_408"}},
		"broken":           {500, "", webhook.Error{Retry: true, Status: 500, Code: "http_500"}},
		"not found":        {404, "", webhook.Error{Status: 404, Code: "http_404"}},
		"gone":             {410, "", webhook.Error{Status: 410, Code: "http_410"}},
		"a redirect":       {302, "", webhook.Error{Status: 302, Code: "http_302"}},
		"a kept redirect":  {308, "", webhook.Error{Status: 308, Code: "http_308"}},
		"not modified":     {304, "", webhook.Error{Status: 304, Code: "http_304"}},
	} {
		t.Run(name, func(t *testing.T) {
			asked := 0
			s, roots := receiver(t, func(w http.ResponseWriter, _ *http.Request) {
				asked++
				w.Header().Set("Location", "/"+canary)
				if tt.after != "" {
					w.Header().Set("Retry-After", tt.after)
				}
				w.WriteHeader(tt.status)
				if tt.status != http.StatusNotModified {
					_, _ = io.WriteString(w, canary)
				}
			})
			to := webhook.Target{URL: s.URL + "/" + canary, Key: webhook.NewKey()}
			err := sender(t, webhook.Config{Allow: loopback, Roots: roots}).Send(t.Context(), to, "m", []byte("{}"))
			var got *webhook.Error
			if !errors.As(err, &got) || *got != tt.want {
				t.Fatalf("got %+v, want %+v", err, tt.want)
			}
			if strings.Contains(err.Error(), canary) {
				t.Errorf("the error repeats what the receiver wrote, or the URL: %v", err)
			}
			if asked != 1 {
				t.Errorf("the receiver was asked %d times, want once", asked)
			}
		})
	}
}

func TestSendReadsNoMoreThanItMust(t *testing.T) {
	stopped := make(chan struct{})
	s, roots := receiver(t, func(w http.ResponseWriter, r *http.Request) {
		defer close(stopped)
		block := bytes.Repeat([]byte("x"), 64<<10)
		for range 1 << 14 { // a gigabyte
			if _, err := w.Write(block); err != nil || r.Context().Err() != nil {
				return
			}
		}
		t.Error("the whole of a huge answer was read")
	})
	if err := sender(t, webhook.Config{Allow: loopback, Roots: roots}).Send(t.Context(), webhook.Target{URL: s.URL, Key: webhook.NewKey()}, "m", nil); err != nil {
		t.Errorf("a huge answer of a receiver that took the message: %v", err)
	}
	<-stopped
}

func TestSendGivesUp(t *testing.T) {
	ended := make(chan struct{})
	slow, roots := receiver(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
		close(ended)
	})
	key := webhook.NewKey()
	var got *webhook.Error
	err := sender(t, webhook.Config{Allow: loopback, Roots: roots, Limit: 50 * time.Millisecond}).Send(t.Context(), webhook.Target{URL: slow.URL, Key: key}, "m", nil)
	if want := (webhook.Error{Retry: true, Code: webhook.CodeTimeout}); !errors.As(err, &got) || *got != want {
		t.Errorf("a receiver that does not answer: got %+v, want %+v", err, want)
	}
	<-ended
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := sender(t, webhook.Config{Allow: loopback, Roots: roots}).Send(ctx, webhook.Target{URL: slow.URL, Key: key}, "m", nil); !errors.As(err, &got) || !got.Retry {
		t.Errorf("a context that ended: got %+v", err)
	}
}

func TestSendTrustsWhomItShould(t *testing.T) {
	s, roots := receiver(t, func(http.ResponseWriter, *http.Request) { t.Error("a message was delivered") })
	key := webhook.NewKey()
	plain := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a message was delivered") }))
	t.Cleanup(plain.Close)
	old := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a message was delivered") }))
	old.Config.ErrorLog = log.New(io.Discard, "", 0)
	old.TLS = &tls.Config{MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10}
	old.StartTLS()
	t.Cleanup(old.Close)
	roots.AddCert(old.Certificate())
	for name, tt := range map[string]struct {
		url   string
		roots *x509.CertPool
	}{
		"an unknown authority": {s.URL, x509.NewCertPool()},
		"another name":         {strings.Replace(s.URL, "127.0.0.1", "localhost", 1), roots},
		"no TLS":               {strings.Replace(plain.URL, "http:", "https:", 1), roots},
		"TLS 1.1":              {old.URL, roots},
	} {
		var got *webhook.Error
		err := sender(t, webhook.Config{Allow: loopback, Roots: tt.roots}).Send(t.Context(), webhook.Target{URL: tt.url, Key: key}, "m", nil)
		if want := (webhook.Error{Retry: true, Code: webhook.CodeTLS}); !errors.As(err, &got) || *got != want {
			t.Errorf("%s: got %+v, want %+v", name, err, want)
		}
	}
}

func TestSendReachesNoOtherDestination(t *testing.T) {
	s, roots := receiver(t, func(http.ResponseWriter, *http.Request) { t.Error("a message was delivered") })
	own := netip.MustParseAddrPort(s.Listener.Addr().String())
	for name, c := range map[string]webhook.Config{
		"loopback that is not allowed": {Roots: roots},
		"this very server":             {Roots: roots, Allow: loopback, Own: func() []netip.AddrPort { return []netip.AddrPort{own} }},
	} {
		var got *webhook.Error
		err := sender(t, c).Send(t.Context(), webhook.Target{URL: s.URL, Key: webhook.NewKey()}, "m", nil)
		if want := (webhook.Error{Code: webhook.CodeDestination}); !errors.As(err, &got) || *got != want {
			t.Errorf("%s: got %+v, want %+v", name, err, want)
		}
	}
	t.Setenv("HTTPS_PROXY", "http://127.0.0.1:1")
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	reached := false
	here := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	t.Cleanup(here.Close)
	if err := sender(t, webhook.Config{Allow: loopback}).Send(t.Context(), webhook.Target{URL: here.URL, Key: webhook.NewKey()}, "m", nil); err != nil || !reached {
		t.Errorf("a receiver on this machine without TLS, with a proxy in the environment: %v", err)
	}
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = silent.Close()
	var got *webhook.Error
	err = sender(t, webhook.Config{Allow: loopback}).Send(t.Context(), webhook.Target{URL: "https://" + silent.Addr().String(), Key: webhook.NewKey()}, "m", nil)
	if want := (webhook.Error{Retry: true, Code: webhook.CodeUnreachable}); !errors.As(err, &got) || *got != want {
		t.Errorf("nobody listens: got %+v, want %+v", err, want)
	}
}

func TestSendRefusesWhatItCannotSign(t *testing.T) {
	for name, tt := range map[string]struct {
		to webhook.Target
		id string
	}{
		"an id with a line break": {webhook.Target{URL: "https://127.0.0.1:1", Key: webhook.NewKey()}, "a\r\nx: y"},
		"an id with a full stop":  {webhook.Target{URL: "https://127.0.0.1:1", Key: webhook.NewKey()}, "a.b"},
		"no id":                   {webhook.Target{URL: "https://127.0.0.1:1", Key: webhook.NewKey()}, ""},
		"a short key":             {webhook.Target{URL: "https://127.0.0.1:1", Key: []byte("short")}, "m"},
		"no key":                  {webhook.Target{URL: "https://127.0.0.1:1"}, "m"},
		"no URL":                  {webhook.Target{Key: webhook.NewKey()}, "m"},
	} {
		var got *webhook.Error
		err := sender(t, webhook.Config{Allow: loopback}).Send(t.Context(), tt.to, tt.id, nil)
		if want := (webhook.Error{Code: webhook.CodeTarget}); !errors.As(err, &got) || *got != want {
			t.Errorf("%s: got %+v, want %+v", name, err, want)
		}
	}
}

func TestTargetsAreNeverPrinted(t *testing.T) {
	key := []byte("canary-of-a-key-0123456789abcdef")
	target := webhook.Target{URL: "https://hooks.example.com/canary-of-a-path", Key: key}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&out, verb+verb+verb, target, &target, struct{ T webhook.Target }{target})
	}
	slog.New(slog.NewJSONHandler(&out, nil)).Info("sent", "target", target, "pointer", &target)
	slog.New(slog.NewTextHandler(&out, nil)).Info("sent", "target", target, "all", []webhook.Target{target})
	if err := json.NewEncoder(&out).Encode(map[string]any{"t": target}); err != nil {
		t.Fatal(err)
	}
	hex := fmt.Sprintf("%x", key)
	for _, canary := range []string{"canary", hex, webhook.FormatKey(key)[6:], fmt.Sprint(key)} {
		if strings.Contains(out.String(), canary) {
			t.Errorf("%q is in %s", canary, out.String())
		}
	}
	if !strings.Contains(out.String(), "[redacted]") {
		t.Error("nothing was printed at all")
	}
}

func TestCheckURL(t *testing.T) {
	for url, good := range map[string]bool{
		"https://hooks.example.com/in":           true,
		"https://hooks.example.com:8443/in?a=b":  true,
		"https://10.0.0.1/":                      true, // whether it may be reached is the guard's to say
		"http://127.0.0.1:8080/in":               true,
		"http://localhost/in":                    true,
		"http://[::1]:8080/in":                   true,
		"http://hooks.example.com/in":            false,
		"http://127.0.0.1.example.com/":          false,
		"ftp://hooks.example.com/in":             false,
		"https://user:canary@hooks.example.com/": false,
		"https://hooks.example.com/#canary":      false,
		"https://hooks.example.com/#":            false,
		"https:///canary":                        false,
		"https:canary":                           false,
		"/canary":                                false,
		"https://hooks.example.com/\r\ncanary":   false,
		"https://[canary/":                       false,
		"":                                       false,
		"https://hooks.example.com/" + strings.Repeat("a", 2048): false,
	} {
		err := webhook.CheckURL(url)
		if (err == nil) != good {
			t.Errorf("%q: got %v, want it accepted: %v", url, err, good)
		}
		if err != nil && strings.Contains(err.Error(), "canary") {
			t.Errorf("the error repeats the URL: %v", err)
		}
	}
}

func TestNewRefusesANegativeLimit(t *testing.T) {
	if _, err := webhook.New(webhook.Config{Limit: -1}); err == nil {
		t.Error("a negative limit was taken")
	}
}
