// Command lockage is the whole product: the server, the gateway and the command line.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/lockage/lockage/internal/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// The first signal asks to stop in good order; after it a second one ends the process as usual.
	context.AfterFunc(ctx, stop)
	os.Exit(cli.Run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
