package client_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/client"
)

const (
	callOne = "id: 1-a\nevent: call\ndata: {\"id\":\"a\",\"path\":\"/one\"}\n\n"
	callTwo = "id: 2-b\nevent: call\ndata: {\"id\":\"b\",\"path\":\"/two\"}\n\n"
	refused = "event: end\ndata: {\"type\":\"forbidden\",\"message\":\"not any more\"}\n\n"
	closing = "event: end\ndata: {\"type\":\"unavailable\",\"message\":\"shutting down\"}\n\n"
)

// carrier answers requests without a network, so that time in a test passes by itself.
type carrier struct {
	answers []string // of the streams one after the other; "!" is no connection
	asked   []string
}

func (c *carrier) RoundTrip(r *http.Request) (*http.Response, error) {
	c.asked = append(c.asked, r.URL.RequestURI()+" "+r.Header.Get("Last-Event-ID"))
	if len(c.answers) == 0 || c.answers[0] == "!" {
		c.answers = c.answers[min(1, len(c.answers)):]
		return nil, errors.New("nobody is there")
	}
	body := c.answers[0]
	c.answers = c.answers[1:]
	w := httptest.NewRecorder()
	if body == "401" {
		w.WriteHeader(http.StatusUnauthorized)
		body = `{"error":{"type":"unauthenticated","message":"log in"}}`
	}
	_, _ = io.WriteString(w, body)
	answer := w.Result()
	if body == "silence" {
		answer.Body = silence{r.Context()}
	}
	return answer, nil
}

// silence is a body that sends nothing until nobody waits for it.
type silence struct{ ctx context.Context }

func (s silence) Read([]byte) (int, error) { <-s.ctx.Done(); return 0, s.ctx.Err() }
func (s silence) Close() error             { return nil }

func TestFollowLogs(t *testing.T) {
	for name, tt := range map[string]struct {
		answers []string
		want    []string // what is told; ! is a lost connection
		err     string
		asked   []string // ids after which it went on
	}{
		"calls until it is refused": {[]string{"retry: 3000\n\n" + callOne + ": quiet\n\n" + callTwo + refused}, []string{"/one", "/two"}, "not any more", []string{""}},
		"a lost connection":         {[]string{callOne, callOne + callTwo + refused}, []string{"/one", "!", "/two"}, "not any more", []string{"", "1-a"}},
		"half an event":             {[]string{callOne + callTwo[:len(callTwo)-1], callTwo + refused}, []string{"/one", "!", "/two"}, "not any more", []string{"", "1-a"}},
		"a server that restarts":    {[]string{callOne + closing, "!", callTwo + refused}, []string{"/one", "!", "!", "/two"}, "not any more", []string{"", "1-a", "1-a"}},
		"a gap":                     {[]string{"event: gap\ndata: {}\n\n" + refused}, []string{"gap"}, "not any more", []string{""}},
		"an event to come":          {[]string{"event: news\ndata: x\n\n" + refused}, nil, "not any more", []string{""}},
		"silence":                   {[]string{callOne, "silence", refused}, []string{"/one", "!", "!"}, "not any more", []string{"", "1-a", "1-a"}},
		"no first connection":       {[]string{"!"}, nil, "nobody is there", []string{""}},
		"no credential":             {[]string{"401"}, nil, "log in", []string{""}},
		"a credential that ended":   {[]string{callOne, "401"}, []string{"/one", "!"}, "log in", []string{"", "1-a"}},
		"something else":            {[]string{callOne + "event: call\ndata: canary\n\n", refused}, []string{"/one", "!"}, "not any more", []string{"", "1-a"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ends := &carrier{answers: tt.answers}
				c, err := client.New(client.Config{Address: "http://127.0.0.1:1", Token: "tk_test", HTTPClient: &http.Client{Transport: ends}})
				if err != nil {
					t.Fatal(err)
				}
				var got []string
				for e, err := range c.FollowLogs(t.Context(), client.LogFilter{Environment: "qa", Status: "5xx"}) {
					switch {
					case err != nil:
						if !strings.Contains(err.Error(), tt.err) {
							t.Errorf("got %v, want %s", err, tt.err)
						}
						got = append(got, "end")
					case e.Lost != nil:
						if strings.Contains(e.Lost.Error(), "canary") {
							t.Errorf("lost: %v repeats what was sent", e.Lost)
						}
						got = append(got, "!")
					case e.Opened:
					case e.Missed:
						got = append(got, "gap")
					default:
						got = append(got, e.Call.Path)
					}
				}
				if diff := cmp.Diff(append(tt.want, "end"), got); diff != "" {
					t.Errorf("told (-want +got):\n%s", diff)
				}
				var asked []string
				for _, after := range tt.asked {
					asked = append(asked, "/v1/logs/stream?environment=qa&status=5xx "+after)
				}
				if diff := cmp.Diff(asked, ends.asked); diff != "" {
					t.Errorf("asked (-want +got):\n%s", diff)
				}
			})
		})
	}
}

func TestFollowLogsEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ends := &carrier{answers: []string{callOne + callTwo, callOne}}
		c, err := client.New(client.Config{Address: "http://127.0.0.1:1", Token: "tk_test", HTTPClient: &http.Client{Transport: ends}})
		if err != nil {
			t.Fatal(err)
		}
		for e, err := range c.FollowLogs(t.Context(), client.LogFilter{}) {
			if e.Opened {
				continue
			}
			if e.Call.Path != "/one" || err != nil {
				t.Errorf("got %+v and %v", e, err)
			}
			break
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var last error
		for _, err := range c.FollowLogs(ctx, client.LogFilter{}) {
			last = err
		}
		if !errors.Is(last, context.DeadlineExceeded) {
			t.Errorf("got %v, want the end of the context", last)
		}
	})
}
