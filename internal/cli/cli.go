// Package cli is the command line: one file per command. A command reads its arguments, calls the public client, and
// prints; it holds no rule of the product. Data goes to standard output, as tables or with --json exactly as the API
// gave it; everything else goes to standard error. No command takes a secret's value as an argument.
//
// The exit code is 0 for success, 1 for a failure or a refusal, 2 for a command line that makes no sense, and 3 when
// something stands in the way that somebody can clear: blockers of a plan, a hold, a freeze, the want of a fresh proof. plan, push and rollback
// --plan-only are made for scripts and say with 2 that there are changes; a command line of theirs that makes no sense
// is 1.
package cli

import (
	"context"
	"io"
	"slices"
	"sync"

	"github.com/spf13/cobra"
)

// program is one run.
type program struct {
	in     io.Reader
	out    *sink
	errOut *sink
	json   bool

	address  string // --address
	token    string // --token
	override string // --override-freeze
	loggedIn bool   // the token is the one that login kept
}

// Run carries out one command line, without the program's name, and gives the exit code. It ends early when ctx does;
// serve and demo then stop in good order.
func Run(ctx context.Context, args []string, in io.Reader, out, errOut io.Writer) int {
	p := &program{in: in, out: &sink{w: out}, errOut: &sink{w: errOut}}
	root := p.root()
	// Known before the flags are parsed, so that a flag that does not parse is told in JSON too.
	p.json = slices.Contains(args, "--json")
	root.SetArgs(args)
	root.SetIn(in)
	root.SetOut(p.out)
	root.SetErr(p.errOut)
	err := root.ExecuteContext(ctx)
	if err == nil {
		err = p.out.failed()
	}
	if err == nil {
		return 0
	}
	return p.fail(err)
}

// sink remembers the first failure to write, so that a full disk or a closed pipe ends in a failure without a check
// after each line. The server of a demo writes its log to it while the demo goes on.
type sink struct {
	mu  sync.Mutex
	w   io.Writer
	err error
}

func (s *sink) failed() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

func (s *sink) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return 0, s.err
	}
	n, err := s.w.Write(b)
	s.err = err
	return n, err
}

func (p *program) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "lockage",
		Short: "Keeps what your application tells the outside world apart, environment by environment",
		Long: `Lockage is a self-hosted environment platform.

A route is defined once, with a placeholder where the provider's credential goes. Each
environment has its own value for it, and its own keys. The same call carries the right
credential in each; definitions are promoted upward, values stay where they are.

  lockage demo       shows it in a minute, and leaves nothing behind
  lockage serve      runs the server
  lockage login      tells this command line which server to talk to
  lockage status     tells how far each change has come

The exit code is 0 for success, 1 for a failure, 2 for a command line that makes no sense, and 3
when something stands in the way: blockers of a plan, a hold, a freeze.`,
		Args:          noCommand,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetUsageTemplate(usageTemplate)
	root.SetHelpCommand(help())
	root.SetFlagErrorFunc(flagError)
	root.PersistentFlags().BoolVar(&p.json, "json", false, "print data and errors as JSON")
	root.AddGroup(
		&cobra.Group{ID: "run", Title: "Run a server:"},
		&cobra.Group{ID: "keep", Title: "Environments and what each one keeps:"},
		&cobra.Group{ID: "people", Title: "People and machines, and what each may do:"},
		&cobra.Group{ID: "define", Title: "Definitions, from a draft to production:"},
		&cobra.Group{ID: "use", Title: "Use and watch:"},
	)
	add := func(group string, commands ...*cobra.Command) {
		for _, c := range commands {
			c.GroupID = group
			root.AddCommand(c)
		}
	}
	add("run", p.demo(), p.serve(), p.resetPassword())
	add("keep", p.environments(), p.keys(), p.secrets(), p.variables())
	add("people", p.login(), p.logout(), p.whoami(), p.account(), p.accounts(), p.members(), p.invitations(), p.tokens(), p.permissions(),
		p.sessions(), p.factors(), p.signingKeys())
	add("define", p.status(), p.routes(), p.pull(), p.push(), p.diff(), p.changes(), p.commit(), p.plan(), p.promote(),
		p.promotions(), p.approve(), p.reject(), p.history(), p.rollback(), p.hold(), p.freeze(), p.readiness())
	add("use", p.call(), p.logs(), p.alerts(), p.audit(), p.streams())
	add("", p.version())
	return root
}

const usageTemplate = `Usage:
  {{if and .HasAvailableSubCommands (not (index .Annotations "itself"))}}{{.CommandPath}} COMMAND{{else}}{{.UseLine}}{{end}}{{if .HasExample}}

Examples:
{{.Example}}{{end}}{{if .HasAvailableSubCommands}}{{$all := .Commands}}{{range $group := .Groups}}

{{.Title}}{{range $all}}{{if and (eq .GroupID $group.ID) .IsAvailableCommand}}
  {{rpad .Name .NamePadding}}  {{.Short}}{{end}}{{end}}{{end}}

{{if .Groups}}More:{{else}}Commands:{{end}}{{range $all}}{{if and (eq .GroupID "") (or .IsAvailableCommand (eq .Name "help"))}}
  {{rpad .Name .NamePadding}}  {{.Short}}{{end}}{{end}}{{end}}{{if .HasAvailableLocalFlags}}

Flags:
{{.LocalFlags.FlagUsagesWrapped 100 | trimTrailingWhitespaces}}{{end}}{{if .HasAvailableInheritedFlags}}

Everywhere:
{{.InheritedFlags.FlagUsagesWrapped 100 | trimTrailingWhitespaces}}{{end}}{{if .HasAvailableSubCommands}}

"{{.CommandPath}} COMMAND --help" tells more about one.{{end}}
`
