package main_test

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience is how long a fact may take on a machine that is busy with other things.
const patience = 20 * time.Second

// until waits for a fact.
func until(t testing.TB, limit time.Duration, fact string, so func() bool) {
	t.Helper()
	end := time.After(limit)
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	for !so() {
		select {
		case <-end:
			t.Fatalf("after %v: not %s", limit, fact)
		case <-again.C:
		}
	}
}

// process is a program that was started and may be running.
type process struct {
	cmd      *exec.Cmd
	out, log output
	exited   chan struct{}
}

// output is what a process wrote so far.
type output struct {
	mu   sync.Mutex
	text strings.Builder
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// start starts a program that does not outlive the test.
func start(t testing.TB, cmd *exec.Cmd) *process {
	t.Helper()
	p := &process{cmd: cmd, exited: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = &p.out, &p.log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = cmd.Wait() // the state is what matters
		close(p.exited)
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-p.exited
		if t.Failed() {
			t.Logf("the process printed\n%s\nand logged\n%s", p.out.String(), p.log.String())
		}
	})
	return p
}

// code waits for the end of the process and answers its exit code; -1 when a signal ended it.
func (p *process) code(t testing.TB) int {
	t.Helper()
	select {
	case <-p.exited:
		return p.cmd.ProcessState.ExitCode()
	case <-time.After(patience):
		t.Fatalf("the process goes on")
		return 0
	}
}

func (p *process) running() bool {
	select {
	case <-p.exited:
		return false
	default:
		return true
	}
}

func (p *process) signal(t testing.TB, s os.Signal) {
	t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

// stop ends the process as an operator does; it must go in good order.
func (p *process) stop(t testing.TB) {
	t.Helper()
	p.signal(t, syscall.SIGTERM)
	if code := p.code(t); code != 0 {
		t.Fatalf("after SIGTERM: code %d, want 0\n%s", code, p.log.String())
	}
}

// kill ends the process as a power cut does.
func (p *process) kill(t testing.TB) {
	t.Helper()
	p.signal(t, syscall.SIGKILL)
	p.code(t)
}

// finds waits until the process has printed something of this form and answers its groups.
func (p *process) finds(t testing.TB, form *regexp.Regexp) []string {
	t.Helper()
	var found []string
	until(t, patience, "printed: "+form.String(), func() bool {
		over := !p.running()
		if found = form.FindStringSubmatch(p.out.String()); found == nil && over {
			t.Fatalf("the process ended with code %d\n%s%s", p.code(t), p.out.String(), p.log.String())
		}
		return found != nil
	})
	return found
}
