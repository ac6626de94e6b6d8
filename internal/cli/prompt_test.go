package cli_test

import (
	"context"
	"io"
	"strings"
	"testing"

	"github.com/lockage/lockage/internal/cli"
)

// typing is a standard input on which nobody ever types; it tells when it is being read.
type typing struct{ reading chan struct{} }

func (r typing) Read([]byte) (int, error) {
	close(r.reading)
	select {}
}

func TestInterruptedWhileWaitingForInput(t *testing.T) {
	got := against(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	in := typing{make(chan struct{})}
	go func() {
		<-in.reading
		cancel()
	}()
	var errOut strings.Builder
	code := cli.Run(ctx, []string{"secrets", "set", "x", "-e", "qa"}, in, io.Discard, &errOut)
	if want := "lockage: stopped before it was done\n"; code != 1 || errOut.String() != want {
		t.Errorf("got code %d and %q, want code 1 and %q", code, &errOut, want)
	}
	if len(*got) != 0 {
		t.Errorf("sent %v, want nothing", *got)
	}
}
