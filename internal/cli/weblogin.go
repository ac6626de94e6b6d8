package cli

import (
	"bufio"
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"github.com/lockage/lockage/client"
	"github.com/lockage/lockage/wire"
)

const (
	webLoginLimit = 10 * time.Minute // for which a browser is waited for
	answerPath    = "/lockage"       // where the browser brings the answer; the server sends it nowhere else
	checkLength   = 6                // how much of the challenge the server's page shows
)

// logInByBrowser has a browser log in at the server's pages, as a native program does (RFC 8252): the browser brings a code to
// a port of this machine, where it is worth nothing but to whoever knows the verifier (RFC 7636), which never leaves here.
func (p *program) logInByBrowser(ctx context.Context, address string, as person) (in wire.LoginAnswer, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, webLoginLimit, fmt.Errorf("nobody came back from the browser within %d minutes; begin again", int(webLoginLimit.Minutes())))
	defer cancel()
	var listen net.ListenConfig
	l, err := listen.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		if l, err = listen.Listen(ctx, "tcp", "[::1]:0"); err != nil {
			return in, fmt.Errorf("listen for the browser: %w", err)
		}
	}
	state, verifier := newSecret(), newSecret()
	sum := sha256.Sum256([]byte(verifier))
	challenge := base64.RawURLEncoding.EncodeToString(sum[:])
	page := "/command-line?" + url.Values{"to": {l.Addr().String()}, "state": {state}, "challenge": {challenge}}.Encode()
	if as.provider {
		page = "/oidc/login?" + url.Values{"next": {page}}.Encode()
	}
	b := &browsed{state: state, code: make(chan string, 1)}
	answers := &http.Server{Handler: b, ReadHeaderTimeout: 10 * time.Second, MaxHeaderBytes: 16 << 10}
	served := make(chan error, 1)
	go func() { served <- answers.Serve(l) }()
	defer func() {
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second) // the browser is still being answered
		defer cancel()
		if answers.Shutdown(end) != nil {
			_ = answers.Close()
		}
		<-served
	}()
	p.tellPage(ctx, address+page, challenge[:checkLength], l.Addr(), as.quiet)
	go b.read(p.in, func(text string) { p.note("lockage: %s", text) })
	select {
	case code := <-b.code:
		return client.TakeLent(ctx, client.Config{Address: address}, wire.LentSession{Code: code, Verifier: verifier})
	case err := <-served:
		served <- err
		return in, fmt.Errorf("listen for the browser: %w", err)
	case <-ctx.Done():
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return in, context.Cause(ctx)
		}
		return in, ctx.Err()
	}
}

func newSecret() string {
	var raw [32]byte
	_, _ = rand.Read(raw[:]) // never fails: crypto/rand ends the program instead
	return base64.RawURLEncoding.EncodeToString(raw[:])
}

// tellPage opens the page where there is a browser, and says where it is in any case, also with --json: without it nobody
// could go on.
func (p *program) tellPage(ctx context.Context, page, check string, at net.Addr, quiet bool) {
	fmt.Fprintf(p.errOut, "Log in with a browser on this page, which shows the code %s:\n  %s\n", check, page)
	if !quiet && openBrowser(ctx, page) {
		return
	}
	_, port, _ := net.SplitHostPort(at.String())
	fmt.Fprintf(p.errOut, "If the browser runs on another computer, its last page will not be found: copy that page's address and\n"+
		"paste it here, or let it through beforehand with  ssh -L %s:%s ...\n", port, at)
}

// openBrowser has the person's browser open a page; false where there is none to see, or it does not start.
func openBrowser(ctx context.Context, page string) bool {
	command := os.Getenv("BROWSER")
	var args []string
	switch {
	case command != "":
	case os.Getenv("SSH_CONNECTION") != "":
	case runtime.GOOS == "darwin":
		command = "open"
	case runtime.GOOS == "windows":
		command, args = "rundll32", []string{"url.dll,FileProtocolHandler"}
	case cmp.Or(os.Getenv("DISPLAY"), os.Getenv("WAYLAND_DISPLAY")) != "":
		command = "xdg-open"
	}
	if command == "" {
		return false
	}
	browser := exec.CommandContext(context.WithoutCancel(ctx), command, append(args, page)...) //nolint:gosec // the person's own choice
	if browser.Start() != nil {
		return false
	}
	go func() { _ = browser.Wait() }() // some run for as long as the browser does, and it is not ours to end
	return true
}

// browsed takes what a browser comes back with, once.
type browsed struct {
	state string
	code  chan string
}

// ServeHTTP answers the browser. What does not know the state is somebody else's.
func (b *browsed) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	text, status := "This is not what the command line asked for. Go back to the page that it printed.", http.StatusBadRequest
	if r.Method == http.MethodGet && r.URL.Path == answerPath && b.take(r.URL.Query()) {
		text, status = "The command line has it. You can close this page.", http.StatusOK
	}
	w.WriteHeader(status)
	_, _ = io.WriteString(w, `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Lockage</title></head><body><h1>Lockage</h1><p>`+text+"</p></body></html>\n")
}

// take notes the code of an answer that is ours; false for any other, and after the first.
func (b *browsed) take(q url.Values) bool {
	code := q.Get("code")
	if code == "" || subtle.ConstantTimeCompare([]byte(q.Get("state")), []byte(b.state)) != 1 {
		return false
	}
	select {
	case b.code <- code:
		return true
	default:
		return false
	}
}

// read takes the answer as somebody pastes it: the address of the page that their browser did not find. It ends with the
// input, and the goroutine otherwise with the process.
func (b *browsed) read(in io.Reader, tell func(string)) {
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		text := strings.TrimSpace(lines.Text())
		if text == "" {
			continue
		}
		if u, err := url.Parse(text); err == nil && u.Path == answerPath && b.take(u.Query()) {
			return
		}
		tell("that is not the address of the page that was not found; copy it whole and paste it here")
	}
}
