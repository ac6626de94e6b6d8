package cli

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/lockage/lockage/client"
	"github.com/lockage/lockage/internal/server"
)

func (p *program) demo() *cobra.Command {
	var once bool
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Show a route, a secret and three environments at work, on this machine only",
		Long: `Runs a server with a temporary data folder and a small upstream of its own, makes a route that is
live in three environments and a secret with a value in two of them, and makes the same call in each.
It then stays up, for you to try on, until Ctrl-C; nothing is left behind.`,
		Args: arguments(0),
		RunE: func(cmd *cobra.Command, _ []string) error { return p.runDemo(cmd.Context(), once) },
	}
	cmd.Flags().BoolVar(&once, "once", false, "end after the three calls, with code 1 if one differs from what it must be")
	return cmd
}

// stopLimit is how long the server of a demo may take to finish what it is in.
const stopLimit = 10 * time.Second

func (p *program) runDemo(ctx context.Context, once bool) (err error) {
	folder, err := os.MkdirTemp("", "lockage-demo-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()

	u, err := startUpstream(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, u.stop()) }()

	running, err := p.startServer(ctx, folder, once)
	if err != nil {
		return err
	}
	defer func() {
		// ctx may be the reason to stop; the server still gets its time.
		stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopLimit)
		defer cancel()
		err = errors.Join(err, running.Stop(stopping))
	}()

	s := &scene{
		Address: "http://" + running.ControlAddress(), Gateway: "http://" + running.GatewayAddress(),
		Upstream: u.address, Token: running.Bootstrapped.Token,
	}
	c, err := client.New(client.Config{Address: s.Address, Token: s.Token})
	if err != nil {
		return err
	}
	if err := s.build(ctx, c); err != nil {
		return err
	}
	if err := s.play(ctx, u); err != nil {
		return err
	}
	if err := p.printScene(s, once); err != nil || once {
		return err
	}
	select {
	case <-ctx.Done():
		p.note("lockage: stopped; nothing is left behind")
		return nil
	case err := <-running.Failed():
		return err
	}
}

// startServer takes the usual ports where they are free, so that what people copy looks like the manual, and otherwise
// any. A demo that ends at once takes any, for several may run beside each other.
func (p *program) startServer(ctx context.Context, folder string, once bool) (*server.Running, error) {
	cfg := server.Defaults()
	cfg.AllowUpstreams = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	logger := slog.New(slog.NewTextHandler(p.errOut, &slog.HandlerOptions{Level: slog.LevelWarn}))
	if !once {
		cfg.Data = filepath.Join(folder, "usual")
		if running, err := server.Start(ctx, cfg, logger); err == nil {
			return running, nil
		}
	}
	cfg.Data = filepath.Join(folder, "any") // a first start again, which makes a token
	cfg.Listen, cfg.GatewayListen = "127.0.0.1:0", "127.0.0.1:0"
	return server.Start(ctx, cfg, logger)
}
