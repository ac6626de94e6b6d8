package cli

import (
	"errors"
	"fmt"
	"os"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/lockage/lockage/wire"
)

func (p *program) streams() *cobra.Command {
	g := group("streams", "Where the audit log is carried while it is written, and how far each stream is",
		p.streamList(), p.streamGet(), p.streamCreate(), p.streamUpdate(), p.streamDelete(), p.streamTest())
	p.remote(g)
	return g
}

func (p *program) streamList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the streams", Args: arguments(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := p.connect()
			if err != nil {
				return err
			}
			list, err := c.AuditStreams(cmd.Context())
			return printList(p, list, err, streamColumns())
		},
	}
}

func (p *program) streamGet() *cobra.Command {
	return &cobra.Command{
		Use: "get ID", Short: "Show a stream", Args: arguments(0, "ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := p.connect()
			if err != nil {
				return err
			}
			s, err := c.GetAuditStream(cmd.Context(), args[0])
			return printOne(p, s, err, streamColumns())
		},
	}
}

func (p *program) streamCreate() *cobra.Command {
	var f streamFlags
	var from string
	cmd := &cobra.Command{
		Use: "create NAME", Short: "Have the audit log carried to a webhook or a collector of syslog", Args: arguments(0, "NAME"),
		Long: `Makes a stream. With --url it posts entries to a webhook in the form of Standard Webhooks, and prints
the key that verifies them, once. With --collector it hands them to a collector of syslog, as RFC 5424
over tcp:// or tls://. Each entry comes at least once, in order; the numbers tell repetitions.`,
		Example: `  lockage streams create siem --url https://hooks.example.com/lockage
  lockage streams create syslog --collector tls://logs.example.com:6514 --ca ca.pem --from beginning`,
		RunE: func(cmd *cobra.Command, args []string) error {
			set, err := f.read(cmd)
			if err != nil {
				return err
			}
			body := wire.AuditStreamCreate{
				Name: args[0], Kind: "webhook", URL: set.URL, Address: set.Address, Facility: set.Facility, CA: set.CA, Paused: set.Paused, From: from,
			}
			switch {
			case (set.URL == nil) == (set.Address == nil):
				return misused(cmd, "give either --url, for a webhook, or --collector, for a collector of syslog")
			case set.Address != nil:
				body.Kind = "syslog"
			}
			c, err := p.connect()
			if err != nil {
				return err
			}
			s, err := c.CreateAuditStream(cmd.Context(), body)
			if err == nil && s.Key != "" {
				p.note("the key verifies what the webhook gets; it is shown once")
			}
			return printOne(p, s, err, streamColumns())
		},
	}
	f.register(cmd)
	cmd.Flags().StringVar(&from, "from", "now", "now or beginning, the `ENTRY` to begin with")
	return cmd
}

func (p *program) streamUpdate() *cobra.Command {
	var f streamFlags
	cmd := &cobra.Command{
		Use: "update ID", Short: "Change, pause or resume a stream; it is tried again at once", Args: arguments(0, "ID"),
		Example: `  lockage streams update 0198c0de-… --paused
  lockage streams update 0198c0de-… --paused=false --url https://hooks.example.com/v2`,
		RunE: func(cmd *cobra.Command, args []string) error {
			set, err := f.read(cmd)
			if err != nil {
				return err
			}
			if cmd.Flags().Changed("name") {
				set.Name = &f.name
			}
			c, err := p.connect()
			if err != nil {
				return err
			}
			s, err := c.UpdateAuditStream(cmd.Context(), args[0], set)
			return printOne(p, s, err, streamColumns())
		},
	}
	f.register(cmd)
	cmd.Flags().StringVar(&f.name, "name", "", "another `NAME`")
	return cmd
}

func (p *program) streamDelete() *cobra.Command {
	return &cobra.Command{
		Use: "delete ID", Short: "End a stream", Args: arguments(0, "ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := p.connect()
			if err != nil {
				return err
			}
			return p.printDone(wire.Deleted{Deleted: true}, c.DeleteAuditStream(cmd.Context(), args[0]), "deleted")
		},
	}
}

func (p *program) streamTest() *cobra.Command {
	return &cobra.Command{
		Use: "test ID", Short: "Send a message without entries to where a stream delivers", Args: arguments(0, "ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := p.connect()
			if err != nil {
				return err
			}
			r, err := c.TestAuditStream(cmd.Context(), args[0])
			if err == nil && !r.Delivered {
				if p.json {
					return errors.Join(encode(p.out, r), &exit{code: exitFailure})
				}
				return fmt.Errorf("not delivered (%s): %s", r.Failure, r.Message)
			}
			return p.printDone(r, err, "delivered")
		},
	}
}

// streamFlags are what is set of a stream.
type streamFlags struct {
	name, url, address, ca string
	facility               int
	paused                 bool
}

func (f *streamFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.url, "url", "", "deliver to the webhook at this `URL`")
	cmd.Flags().StringVar(&f.address, "collector", "", "deliver to the collector of syslog at this `ADDRESS`, like tls://logs.example.com:6514")
	cmd.Flags().StringVar(&f.ca, "ca", "", "check the collector with the certificates in this `FILE`, in PEM")
	cmd.Flags().IntVar(&f.facility, "facility", 13, "the `NUMBER` of the facility of syslog")
	cmd.Flags().BoolVar(&f.paused, "paused", false, "deliver nothing until it is resumed")
}

// read answers what was given.
func (f *streamFlags) read(cmd *cobra.Command) (set wire.AuditStreamUpdate, err error) {
	given := cmd.Flags().Changed
	if given("url") {
		set.URL = &f.url
	}
	if given("collector") {
		set.Address = &f.address
	}
	if given("facility") {
		set.Facility = &f.facility
	}
	if given("paused") {
		set.Paused = &f.paused
	}
	if given("ca") {
		text := []byte{}
		if f.ca != "" {
			if text, err = os.ReadFile(f.ca); err != nil {
				return set, fmt.Errorf("read the certificates: %w", err)
			}
		}
		certificates := string(text)
		set.CA = &certificates
	}
	return set, nil
}

func streamColumns() []column[wire.AuditStream] {
	when := func(t *wire.Time) string {
		if t == nil {
			return ""
		}
		return at(*t, "")
	}
	return []column[wire.AuditStream]{
		{head: "id", cell: func(s wire.AuditStream) string { return s.ID }},
		{head: "name", cell: func(s wire.AuditStream) string { return s.Name }},
		{head: "kind", cell: func(s wire.AuditStream) string { return s.Kind }},
		{head: "to", cell: func(s wire.AuditStream) string { return s.URL + s.Address }},
		{head: "status", cell: func(s wire.AuditStream) string { return s.Status }},
		{head: "backlog", cell: func(s wire.AuditStream) string { return strconv.FormatInt(s.Backlog, 10) }},
		{head: "waiting since", cell: func(s wire.AuditStream) string { return when(s.WaitingSince) }},
		{head: "failure", cell: func(s wire.AuditStream) string { return s.Failure }},
		{head: "failing since", single: true, cell: func(s wire.AuditStream) string { return when(s.FailingSince) }},
		{head: "next attempt", single: true, cell: func(s wire.AuditStream) string { return when(s.NextAttemptAt) }},
		{head: "position", single: true, cell: func(s wire.AuditStream) string { return strconv.FormatInt(s.Position, 10) }},
		{head: "delivered", single: true, cell: func(s wire.AuditStream) string { return when(s.DeliveredAt) }},
		{head: "holds pruning back", single: true, cell: func(s wire.AuditStream) string { return yes(s.Holding) }},
		{head: "skipped", single: true, cell: func(s wire.AuditStream) string { return strconv.FormatInt(s.Skipped, 10) }},
		{head: "created", single: true, cell: func(s wire.AuditStream) string { return at(s.CreatedAt, "") + " by " + s.CreatedBy }},
		{head: "key", single: true, cell: func(s wire.AuditStream) string { return s.Key }},
	}
}
