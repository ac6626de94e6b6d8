// Package main_test drives the built program as a new user would: over HTTP and from the command line, on both
// databases, with nothing of its insides but what an operator sees.
package main_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/lockage/lockage/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// built is the program, built when a test first asks for it: listing tests or running none should not pay for it. It
// lies beside the program of the tests, in the folder that go test makes for the run and removes.
var built = sync.OnceValues(func() (string, error) {
	tests, err := os.Executable()
	if err != nil {
		return "", err
	}
	path := filepath.Join(filepath.Dir(tests), "lockage")
	if runtime.GOOS == "windows" {
		path += ".exe"
	}
	cmd := exec.Command("go", "build", "-buildvcs=false", "-o", path, ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", errors.New("go build: " + err.Error() + "\n" + string(out))
	}
	return path, nil
})

func binary(t testing.TB) string {
	t.Helper()
	path, err := built()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// person is somebody at a command line, with a home of their own and nothing of this process's environment.
type person struct {
	home string
	env  []string // beside the usual
	seen *transcript
}

func newPerson(t testing.TB, env ...string) *person {
	return &person{home: t.TempDir(), env: env, seen: &transcript{}}
}

// outcome is what a command left.
type outcome struct {
	code     int
	out, err string
}

// command prepares a command line; what it may know of the machine is its path and its home.
func (p *person) command(t testing.TB, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(binary(t), args...)
	cmd.Dir = p.home
	cmd.Env = append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + p.home, "TMPDIR=" + p.home,
		"LOCKAGE_CONFIG_DIR=" + filepath.Join(p.home, "config"),
	}, p.env...)
	return cmd
}

// try runs a command to its end, without an entry in the transcript.
func (p *person) try(t testing.TB, stdin string, args ...string) outcome {
	t.Helper()
	cmd := p.command(t, args...)
	var out, errOut strings.Builder
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &out, &errOut
	err := cmd.Run()
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited {
		t.Fatalf("run lockage %s: %v", strings.Join(args, " "), err)
	}
	return outcome{cmd.ProcessState.ExitCode(), out.String(), errOut.String()}
}

// runs runs a command that must succeed and answers what it printed.
func (p *person) runs(t testing.TB, stdin string, args ...string) string {
	t.Helper()
	o := p.try(t, stdin, args...)
	p.seen.add("lockage "+strings.Join(args, " "), o.out+o.err)
	if o.code != 0 {
		t.Fatalf("lockage %s: code %d\n%s%s", strings.Join(args, " "), o.code, o.out, o.err)
	}
	return o.out
}

// refused runs a command that must end with code and answers what it said on standard error.
func (p *person) refused(t testing.TB, code int, stdin string, args ...string) string {
	t.Helper()
	o := p.try(t, stdin, args...)
	p.seen.add("lockage "+strings.Join(args, " "), o.out+o.err)
	if o.code != code || o.err == "" {
		t.Fatalf("lockage %s: code %d, want %d and a reason\n%s%s", strings.Join(args, " "), o.code, code, o.out, o.err)
	}
	return o.err
}

// ends runs a command made for scripts, whose code says what it found, and answers what it printed.
func (p *person) ends(t testing.TB, code int, args ...string) string {
	t.Helper()
	o := p.try(t, "", args...)
	p.seen.add("lockage "+strings.Join(args, " "), o.out+o.err)
	if o.code != code {
		t.Fatalf("lockage %s: code %d, want %d\n%s%s", strings.Join(args, " "), o.code, code, o.out, o.err)
	}
	return o.out
}
