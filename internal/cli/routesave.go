package cli

import (
	"encoding/json"
	"strings"

	"github.com/spf13/cobra"

	"github.com/lockage/lockage/client"
)

// routeFlags are the fields of a route that have a flag of their own; the rest is said in a file.
type routeFlags struct {
	file                               string
	name, description, target, timeout string
	methods, headers, query            []string
	public, guard                      bool
	certificate                        string
	commit, ifMatch                    string
}

// fieldFlags name the flags that a file replaces.
func fieldFlags() []string {
	return []string{"name", "description", "target", "timeout", "method", "header", "query", "client-certificate", "echo-guard", "public"}
}

func (f *routeFlags) register(cmd *cobra.Command, replaces string) {
	fs := cmd.Flags()
	fs.StringVarP(&f.file, "file", "f", "", "the whole body, as the API takes it: a .json or .yaml `FILE`, or - for standard input")
	fs.StringVar(&f.name, "name", "", "name for people (default: the key)")
	fs.StringVar(&f.description, "description", "", "what it is for")
	fs.StringVar(&f.target, "target", "", "the `URL` that calls are sent to")
	fs.StringSliceVar(&f.methods, "method", nil, "a `METHOD` that may be called; several times or with commas (default: every)")
	fs.StringArrayVar(&f.headers, "header", nil,
		"a `HEADER` to inject, like 'Authorization: Bearer {{secret:stripe_api_key}}'; several times"+replaces)
	fs.StringArrayVar(&f.query, "query", nil, "a `PARAMETER` to inject, like 'key={{secret:maps_key}}'; several times"+replaces)
	fs.StringVar(&f.timeout, "timeout", "", "the `TIME` a call may take, like 30s (the default)")
	fs.StringVar(&f.certificate, "client-certificate", "", "the `SECRET` with the certificate to show to the target")
	fs.BoolVar(&f.guard, "echo-guard", true, "take injected values out of answers that are text")
	fs.BoolVar(&f.public, "public", false, "public keys may call it too")
	fs.StringVar(&f.commit, "commit", "", "commit it at once, with this `MESSAGE`")
}

func (p *program) routesCreate() *cobra.Command {
	var f routeFlags
	cmd := &cobra.Command{
		Use:   "create KEY",
		Short: "Save a new route as a draft",
		Long: `Saves a new route as a draft, which "lockage commit" makes live in the first environment. The
fields come from flags, or all of them from a file, which may hold the key as well.`,
		Example: `  lockage routes create payments --target https://api.stripe.com \
      --header 'Authorization: Bearer {{secret:stripe_api_key}}' --commit "first version"
  lockage routes create -f payments.yaml`,
		Args: arguments(1, "KEY"),
		RunE: func(cmd *cobra.Command, args []string) error {
			body, err := p.routeBody(cmd, &f, args)
			if err != nil {
				return err
			}
			c, err := p.connect()
			if err != nil {
				return err
			}
			r, err := c.CreateRoute(cmd.Context(), body, given(cmd, "commit", f.commit))
			return printOne(p, r, err, routeColumns())
		},
	}
	f.register(cmd, "")
	return cmd
}

func (p *program) routesUpdate() *cobra.Command {
	var f routeFlags
	cmd := &cobra.Command{
		Use:   "update ROUTE",
		Short: "Change a route's draft",
		Long: `Changes the fields that are given, by flags or in a file, and saves the result as a draft. In a
file null resets a field, and "environments" is merged one environment at a time.`,
		Args: arguments(0, "ROUTE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := anyGiven(cmd, append(fieldFlags(), "file")...); err != nil {
				return err
			}
			body, err := p.routeBody(cmd, &f, nil)
			if err != nil {
				return err
			}
			c, err := p.connect()
			if err != nil {
				return err
			}
			r, err := c.UpdateRoute(cmd.Context(), args[0], body, given(cmd, "commit", f.commit), client.IfMatch(quoted(f.ifMatch)))
			return printOne(p, r, err, routeColumns())
		},
	}
	f.register(cmd, "; replaces all that are there")
	ifMatch(cmd, &f.ifMatch)
	return cmd
}

// ifMatch gives a command the flag that saves over somebody else's draft.
func ifMatch(cmd *cobra.Command, etag *string) {
	cmd.Flags().StringVar(etag, "if-match", "",
		"save only over the draft with this `ETAG`, which \"lockage routes get\" tells; over somebody else's it is needed")
}

// quoted is an ETag with the quotation marks that belong to it and that a shell takes away.
func quoted(etag string) string {
	if etag == "" || strings.HasPrefix(etag, `"`) {
		return etag
	}
	return `"` + etag + `"`
}

// routeBody is the body to send: the file's, or one made of the flags. The server checks what it says.
func (p *program) routeBody(cmd *cobra.Command, f *routeFlags, key []string) (json.RawMessage, error) {
	if f.file != "" {
		for _, name := range fieldFlags() {
			if cmd.Flags().Changed(name) {
				return nil, misused(cmd, "--file holds the whole body: leave --%s out, or the file", name)
			}
		}
		body, err := p.readBody(cmd, "file", f.file)
		if err != nil || len(key) == 0 {
			return body, err
		}
		return withKey(cmd, body, key[0])
	}
	body := map[string]any{}
	if cmd.Name() == "create" {
		if len(key) == 0 {
			return nil, misused(cmd, "KEY is missing")
		}
		body["key"] = key[0]
	}
	var certificate any // null: none any more
	if f.certificate != "" {
		certificate = "{{secret:" + f.certificate + "}}"
	}
	for _, field := range []struct {
		flag, name string
		value      any
	}{
		{"name", "name", f.name},
		{"description", "description", f.description},
		{"target", "target_url", f.target},
		{"method", "methods", f.methods},
		{"timeout", "timeout", f.timeout},
		{"client-certificate", "client_certificate", certificate},
		{"echo-guard", "echo_guard", f.guard},
		{"public", "public", f.public},
	} {
		if cmd.Flags().Changed(field.flag) {
			body[field.name] = field.value
		}
	}
	var err error
	if cmd.Flags().Changed("header") {
		if body["inject_headers"], err = pairFlags(cmd, "header", f.headers, ":"); err != nil {
			return nil, err
		}
	}
	if cmd.Flags().Changed("query") {
		if body["inject_query"], err = pairFlags(cmd, "query", f.query, "="); err != nil {
			return nil, err
		}
	}
	return json.Marshal(body)
}

// pairFlags reads 'Name: template' or 'name=template'. The same name twice is a mistake that JSON could not tell.
func pairFlags(cmd *cobra.Command, flag string, list []string, between string) (map[string]string, error) {
	m := map[string]string{}
	for _, s := range list {
		name, value, found := strings.Cut(s, between)
		if !found || strings.TrimSpace(name) == "" {
			return nil, misused(cmd, "--%s looks like 'NAME%sTEMPLATE'", flag, between)
		}
		if between == ":" {
			name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		}
		if _, twice := m[name]; twice {
			return nil, misused(cmd, "--%s names one thing twice", flag)
		}
		m[name] = value
	}
	return m, nil
}
