package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/lockage/lockage/client"
	"github.com/lockage/lockage/wire"
)

// rotationLook is how often a rotation that is waited for is looked at.
const rotationLook = 500 * time.Millisecond

func (p *program) keysStatus() *cobra.Command {
	return &cobra.Command{
		Use: "status", Short: "Show which encryption keys wrap what, and how far a rotation is", Args: arguments(0),
		Long: `Shows the key-encryption keys: which one wraps, what each of them wrapped, which servers hold them,
and how far a rotation is. Only owners of the installation's first account may ask.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := p.connect()
			if err != nil {
				return err
			}
			k, err := c.EncryptionKeys(cmd.Context())
			if err != nil {
				return err
			}
			return p.printEncryptionKeys(k)
		},
	}
}

func (p *program) printEncryptionKeys(k wire.EncryptionKeys) error {
	if p.json {
		return encode(p.out, k)
	}
	fmt.Fprintf(p.out, "rotation: %s\n\n", clean(rotationText(k)))
	err := printList(p, k.Keys, nil, []column[wire.EncryptionKey]{
		{head: "key", cell: func(e wire.EncryptionKey) string { return e.ID }},
		{head: "wraps now", cell: func(e wire.EncryptionKey) string { return yes(e.Current) }},
		{head: "held here", cell: func(e wire.EncryptionKey) string { return yes(e.Held) }},
		{head: "wrapped", cell: func(e wire.EncryptionKey) string {
			var total int64
			for _, w := range e.Wraps {
				total += w.Count
			}
			return strconv.FormatInt(total, 10)
		}},
		{head: "where", cell: func(e wire.EncryptionKey) string {
			places := make([]string, len(e.Wraps))
			for i, w := range e.Wraps {
				places[i] = fmt.Sprintf("%s %d", w.Source, w.Count)
			}
			return strings.Join(places, ", ")
		}},
	})
	if err != nil {
		return err
	}
	fmt.Fprintln(p.out)
	return printList(p, k.Nodes, nil, []column[wire.EncryptionNode]{
		{head: "server", cell: func(n wire.EncryptionNode) string { return n.ID }},
		{head: "seen", cell: func(n wire.EncryptionNode) string { return at(n.SeenAt, "never") }},
		{head: "holds", cell: func(n wire.EncryptionNode) string { return strings.Join(n.Keys, ", ") }},
	})
}

// rotationText says how far a rotation is, and what to do next.
func rotationText(k wire.EncryptionKeys) string {
	r := k.Rotation
	switch {
	case r.State == "waiting":
		return fmt.Sprintf("%s wraps; the server was started for %s, which begins with: lockage keys rotate", k.Current, k.Server)
	case r.State != "running":
		return fmt.Sprintf("none; %s wraps, and wrapped everything (%d)", k.Current, r.Done)
	case r.Failed > 0 || r.Error != "":
		return fmt.Sprintf("running; %d of %d are wrapped by %s; %s", r.Done, r.Done+r.Left, k.Current, hindrance(r))
	default:
		return fmt.Sprintf("running; %d of %d are wrapped by %s", r.Done, r.Done+r.Left, k.Current)
	}
}

func hindrance(r wire.KeyRotation) string {
	if r.Error != "" {
		return "the last pass ended early: " + r.Error
	}
	return fmt.Sprintf("%d could not be opened; the server's log names them", r.Failed)
}

// keysRotate is one word for two things: with an id the API key of that id is replaced, without one the key-encryption
// key. The second is harmless where nothing was prepared for it: the key that wraps stays.
func (p *program) keysRotate() *cobra.Command {
	var grace time.Duration
	cmd := &cobra.Command{
		Use:   "rotate [ID]",
		Short: "Replace an API key; without an ID: the key-encryption key",
		Long: `With the ID of an API key: makes its successor and shows it once.

Without: makes the key-encryption key that the server was started for, with --kek, the one that
wraps, and waits until everything that other keys wrapped is wrapped by it. Calls and changes go on
meanwhile. Ctrl-C ends the waiting; the rotation goes on in the server. The exit code is 3 when
something stands in the way: a server that does not hold the key, or what cannot be opened.`,
		Example: `  lockage keys rotate 018f6b1e-0000-7000-8000-000000000000 --grace 24h
  lockage keys rotate`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return misused(cmd, "give one ID at most")
			}
			if len(args) == 0 && cmd.Flags().Changed("grace") {
				return misused(cmd, "--grace is for API keys: give the ID of one")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := p.connect()
			if err != nil {
				return err
			}
			if len(args) == 1 {
				return p.printNew(c.RotateAPIKey(cmd.Context(), args[0], grace))
			}
			return p.rotateEncryptionKey(cmd.Context(), c)
		},
	}
	cmd.Flags().DurationVar(&grace, "grace", 0, "how long the old API key still works, at most 720h")
	return cmd
}

func (p *program) rotateEncryptionKey(ctx context.Context, c *client.Client) error {
	k, err := c.RotateEncryptionKey(ctx)
	if err != nil {
		return err
	}
	tell := p.rotationProgress()
	look := time.NewTicker(rotationLook)
	defer look.Stop()
	for k.Rotation.State == "running" {
		tell(k.Rotation)
		if k.Rotation.Failed > 0 || k.Rotation.Error != "" {
			return &exit{code: exitBlocked, err: fmt.Errorf("the rotation is not done: %s; it is tried again, see lockage keys status", hindrance(k.Rotation))}
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			return errWaiting
		}
		if k, err = c.EncryptionKeys(ctx); err != nil {
			if ctx.Err() != nil {
				return errWaiting
			}
			return fmt.Errorf("%w; the rotation goes on in the server, see lockage keys status", err)
		}
	}
	tell(k.Rotation)
	return p.printDone(k, nil, "%s wraps, and wrapped everything (%d); nothing is left of other keys", k.Current, k.Rotation.Done)
}

// errWaiting is the end of the waiting, not of the rotation.
var errWaiting = errors.New("stopped waiting; the rotation goes on in the server: lockage keys status tells how far it is")

// rotationProgress tells on one line of the terminal how far a rotation is, where somebody looks.
func (p *program) rotationProgress() func(wire.KeyRotation) {
	f, isFile := p.errOut.w.(*os.File)
	if p.json || !isFile || !term.IsTerminal(int(f.Fd())) { //nolint:gosec // a descriptor is small
		return func(wire.KeyRotation) {}
	}
	return func(r wire.KeyRotation) {
		if r.State != "running" {
			fmt.Fprint(p.errOut, "\r\x1b[K")
			return
		}
		fmt.Fprintf(p.errOut, "\r\x1b[Kwrapped anew: %d of %d", r.Done, r.Done+r.Left)
	}
}
