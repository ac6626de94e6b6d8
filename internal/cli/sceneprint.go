package cli

import (
	"fmt"
	"os"
	"strings"
	"text/tabwriter"
)

func (p *program) printScene(s *scene, once bool) error {
	if p.json {
		return encode(p.out, s)
	}
	fmt.Fprintf(p.out, `One route, three environments.

The route %q injects    Authorization: Bearer {{secret:%s}}
and sends calls to a small upstream that answers with what it received. The secret has one
value in development, another in production, and none in staging.

The same call, with the key of each environment:  GET /%s%s

`, demoRoute, demoSecret, demoRoute, demoPath)
	w := tabwriter.NewWriter(p.out, 0, 0, 3, ' ', 0)
	for _, c := range s.Calls {
		if c.Error == "" {
			fmt.Fprintf(w, "  %s\t%d\tthe upstream received  Authorization: %s\n", c.Environment, c.Status, c.Authorization)
		} else {
			fmt.Fprintf(w, "  %s\t%d\tnothing was sent       %s\n", c.Environment, c.Status, c.Error)
		}
	}
	if err := w.Flush(); err != nil || once {
		return err
	}
	fmt.Fprintf(p.out, "\nIt stays up, with nothing but what is shown here:\n\n")
	fmt.Fprintf(w, "  management API\t%s\n  gateway\t%s\n  upstream\t%s\n  management token\t%s\n",
		s.Address, s.Gateway, s.Upstream, s.Token)
	for _, c := range s.Calls {
		fmt.Fprintf(w, "  key of %s\t%s\n", c.Environment, s.Keys[c.Environment])
	}
	if err := w.Flush(); err != nil {
		return err
	}
	curl := func(environment string) string {
		return fmt.Sprintf("  curl -H 'Authorization: Bearer %s' %s/%s%s", s.Keys[environment], s.Gateway, demoRoute, demoPath)
	}
	_, err := fmt.Fprintf(p.out, `
Make a call yourself:

%s

Give staging a value, and call there:

  printf new-credential | LOCKAGE_ADDRESS=%s LOCKAGE_TOKEN=%s %s secrets set %s --environment staging
%s

Ctrl-C ends it and removes everything.
`, curl("development"), s.Address, s.Token, ownName(), demoSecret, curl("staging"))
	return err
}

// ownName is how this program was started, for lines that are copied.
func ownName() string {
	if strings.ContainsRune(os.Args[0], os.PathSeparator) {
		return os.Args[0]
	}
	return "lockage"
}
