package server

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
)

// Run serves until ctx ends, then lets calls in flight finish. It tells on out how to go on, and, at the first start
// only, the credentials that were made; the log goes to logs.
func Run(ctx context.Context, c Config, out, logs io.Writer) error {
	logger := slog.New(slog.NewTextHandler(logs, nil))
	r, err := Start(ctx, c, logger)
	if err != nil {
		return err
	}
	greet(out, c, r)
	if err := r.Shown(); err != nil {
		logger.WarnContext(ctx, "the file with the first credentials could not be removed", "error", err)
	}
	select {
	case <-ctx.Done():
	case err = <-r.Failed():
		err = fmt.Errorf("a listener ended: %w", err)
	}
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
	defer cancel()
	return errors.Join(err, r.Stop(end))
}

// greet tells where the server is and, once, how to go on.
func greet(out io.Writer, c Config, r *Running) {
	scheme := "http"
	if c.TLSCert != "" {
		scheme = "https"
	}
	fmt.Fprintf(out, "control plane  %s://%s\ngateway        %s://%s\n", scheme, r.ControlAddress(), scheme, r.GatewayAddress())
	made := r.Bootstrapped
	if made == nil {
		return
	}
	fmt.Fprintf(out, "\nThis is the first start. An account was made, with the environments development and production.\n")
	fmt.Fprintf(out, "What follows is shown once.\n\n")
	if made.Token != "" {
		fmt.Fprintf(out, "  management token  %s\n", made.Token)
	}
	fmt.Fprintf(out, "  owner             %s\n", made.Email)
	if made.Password != "" {
		fmt.Fprintf(out, "  password          %s\n", made.Password)
	}
	fmt.Fprintf(out, "\nGo on with:\n\n  lockage login --address %[1]s://%[2]s --gateway %[1]s://%[3]s\n  lockage environments list\n\n",
		scheme, r.ControlAddress(), r.GatewayAddress())
	fmt.Fprintf(out, "or log in as the owner with a browser: %s\n\n", cmp.Or(c.PublicURL, scheme+"://"+r.ControlAddress())+"/login")
	pepper := filepath.Join(c.Data, "pepper.key")
	if c.KEK != "" {
		fmt.Fprintf(out, "Keep the key that --kek names, and a copy of %s: without them the database cannot be opened.\n", pepper)
		return
	}
	fmt.Fprintf(out, "Keep a copy of %s and %s: without them the database cannot be opened.\n", filepath.Join(c.Data, "kek.key"), pepper)
}
