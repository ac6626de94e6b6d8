package docs_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/lockage/lockage/internal/testkit"
)

// TestTheSecretsPageIsTrue walks through secrets.md as a reader does, once by command line and once by API, each on a
// server of its own, and compares what is printed with what the page says was: ids, times, keys and hashes aside, with …
// for anything.
func TestTheSecretsPageIsTrue(t *testing.T) {
	for _, name := range []string{"bash", "curl", "jq"} {
		if _, err := exec.LookPath(name); err != nil {
			testkit.Require(t, name, "it is not on this machine, and the page uses it")
		}
	}
	program := built(t)
	provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, `{"path": %q, "authorization": %q}`+"\n", r.URL.Path, r.Header.Get("Authorization"))
	}))
	defer provider.Close()
	commands, api := newWalk(t, program, provider.URL), newWalk(t, program, provider.URL)
	// the secret of the section on the naming convention is there before anybody reads the page
	commands.run(t, "lockage secrets create stripe_production_key; printf sk_live_abc123 | lockage secrets set stripe_production_key -e production")

	walked := 0
	for _, s := range steps(t, "secrets.md") {
		who := commands
		if byAPI.MatchString(s.command) {
			who = api
		}
		walked++
		got := who.run(t, s.command)
		// when a value was last used is stored beside the calls, a moment later
		for deadline := time.Now().Add(time.Minute); !s.expects(got) && strings.HasPrefix(s.command, "lockage secrets status") && time.Now().Before(deadline); {
			time.Sleep(100 * time.Millisecond)
			got = who.run(t, s.command)
		}
		if !s.expects(got) {
			t.Errorf("secrets.md: %s\nprinted:\n%s\nwhile the page says:\n%s", s.command, got, s.output)
		}
	}
	if walked < 40 {
		t.Errorf("got %d steps, want 40 and more: the page is not read right any more", walked)
	}
}

// byAPI finds the lines for curl, with what they are made of.
var byAPI = regexp.MustCompile(`^(\w+=\$\()?(api|admin|curl)\b|^[VA]=`)

// step is a command of a page with what it printed.
type step struct{ command, output string }

// steps are those of a page, in order.
func steps(t *testing.T, name string) (list []step) {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	_, blocks := page{name, strings.Split(string(text), "\n")}.split()
	for _, block := range blocks {
		first, open := len(list), false // open: within a command
		for _, line := range block {
			line = strings.TrimSpace(line)
			command, begins := strings.CutPrefix(line, "$ ")
			switch {
			case begins:
				list = append(list, step{command: command})
			case len(list) == first: // lines before the block
				continue
			case open:
				list[len(list)-1].command += "\n" + line
			default:
				list[len(list)-1].output += line + "\n"
			}
			last := list[len(list)-1].command
			open = (begins || open) && (strings.HasSuffix(last, `\`) || strings.Count(last, "'")%2 == 1)
		}
	}
	return list
}

// changing is what differs from one run to the next: ids, also shortened ones, times, and hashes.
var changing = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}(-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|…)|` +
	`\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?Z|\b[0-9a-f]{64}\b|\b[0-9a-f]{8}…`)

var space = regexp.MustCompile(`\s+`)

// expects says whether that is what the page says. Lines may be broken elsewhere.
func (s step) expects(got string) bool {
	even := func(text string) string { return space.ReplaceAllString(changing.ReplaceAllString(text, "#"), "") }
	pattern := strings.ReplaceAll(regexp.QuoteMeta(even(s.output)), "…", "(?s:.*)")
	return regexp.MustCompile(`^` + pattern + `$`).MatchString(even(got))
}

// walk is somebody at a shell beside a server.
type walk struct {
	in        io.WriteCloser
	out       *bufio.Scanner
	addresses *strings.Replacer // the page's become those of this walk
	back      *strings.Replacer
}

// newWalk starts a server and a shell.
func newWalk(t *testing.T, program, provider string) *walk {
	t.Helper()
	folder := t.TempDir()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	server := exec.CommandContext(ctx, program, "serve", "--dev", "--data", filepath.Join(folder, "data"), "--listen", "127.0.0.1:0", "--gateway-listen", "127.0.0.1:0")
	const password = "correct-horse-battery"
	server.Env = append(os.Environ(), "LOCKAGE_BOOTSTRAP_PASSWORD="+password)
	stdout, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	told := map[string]string{} // what the first start prints, by its first word
	lines := bufio.NewScanner(stdout)
	for told["management"] == "" && lines.Scan() {
		if words := strings.Fields(lines.Text()); len(words) > 1 {
			told[words[0]] = words[len(words)-1]
		}
	}
	go func() { _, _ = io.Copy(io.Discard, stdout) }() // ends with the server

	shell := exec.CommandContext(ctx, "bash")
	shell.Dir = folder
	shell.Env = append(os.Environ(), "PATH="+filepath.Dir(program)+string(os.PathListSeparator)+os.Getenv("PATH"),
		"LOCKAGE_CONFIG_DIR="+folder, "LOCKAGE_ADDRESS="+told["control"], "LOCKAGE_GATEWAY="+told["gateway"], "LOCKAGE_TOKEN="+told["management"],
		"TOKEN="+told["management"], "PASSWORD="+password)
	w := &walk{
		addresses: strings.NewReplacer("http://127.0.0.1:7070", told["control"], "http://127.0.0.1:7071", told["gateway"], "http://127.0.0.1:9000", provider),
		back:      strings.NewReplacer(told["control"], "http://127.0.0.1:7070", told["gateway"], "http://127.0.0.1:7071", provider, "http://127.0.0.1:9000"),
	}
	if w.in, err = shell.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	output, err := shell.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	shell.Stderr = shell.Stdout
	w.out = bufio.NewScanner(output)
	if err := shell.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		defer cancel()
		_ = w.in.Close()
		_ = shell.Wait()
		_ = server.Process.Signal(syscall.SIGTERM)
		_ = server.Wait()
	})
	return w
}

const end = "-- that was all --"

// run answers what a command prints.
func (w *walk) run(t *testing.T, command string) string {
	t.Helper()
	if _, err := fmt.Fprintf(w.in, "%s\necho; echo '%s'\n", w.addresses.Replace(command), end); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for w.out.Scan() {
		if w.out.Text() == end {
			return w.back.Replace(b.String())
		}
		b.WriteString(w.out.Text() + "\n")
	}
	t.Fatalf("the shell ended: %s", command)
	return ""
}
