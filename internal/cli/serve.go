package cli

import (
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/lockage/lockage/internal/server"
)

func (p *program) serve() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the server: management API and gateway",
		Long: `Runs the server until it is told to stop (Ctrl-C or SIGTERM); it then finishes the calls it is in.

Every flag is also a variable, LOCKAGE_GATEWAY_LISTEN for --gateway-listen, and a line in the YAML
file that --config names. A flag wins over a variable, a variable over the file.

The first start makes the account and prints once how to log in. LOCKAGE_BOOTSTRAP_TOKEN,
LOCKAGE_BOOTSTRAP_EMAIL and LOCKAGE_BOOTSTRAP_PASSWORD say beforehand what it makes.`,
		Example: `  lockage serve
  lockage serve --data /var/lib/lockage --allow-upstreams 10.0.0.0/8`,
		Args: arguments(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := server.LoadConfig(serveFlags(cmd), os.LookupEnv)
			if err != nil {
				return misused(cmd, "%s", err)
			}
			return server.Run(cmd.Context(), cfg, p.out, p.errOut)
		},
	}
	// The defaults are the server's; here they are only told, for a flag that nobody gave must not win over the rest.
	d := server.Defaults()
	fs := cmd.Flags()
	fs.String("data", "", "the data `FOLDER` (default "+d.Data+")")
	fs.String("listen", "", "the `ADDRESS` of the management API (default "+d.Listen+")")
	fs.String("public-url", "", "the `URL` where browsers reach the management API (default: where it listens)")
	fs.String("gateway-listen", "", "the `ADDRESS` of the gateway (default "+d.GatewayListen+")")
	fs.String("database", "", "a postgres:// `URL` (default: SQLite in the data folder)")
	fs.String("kek", "", "the `URL` of the key-encryption key, like file:PATH or vault:https://HOST/MOUNT/KEY (default: kek.key in the data folder)")
	fs.StringSlice("kek-old", nil, "the `URLS` of keys that still open what they wrapped; several times or with commas")
	fs.String("kek-grace", "", "the `TIME` that what was opened is served while the key service cannot be reached (default 1h)")
	fs.String("config", "", "a YAML `FILE` of these settings")
	fs.StringSlice("allow-upstreams", nil,
		"private address `RANGES` that routes may reach, like 10.0.0.0/8; several times or with commas (default: none)")
	fs.StringSlice("trusted-proxies", nil,
		"address `RANGES` of proxies whose X-Forwarded-For says where a request comes from; several times or with commas (default: none)")
	fs.String("limit-environments", "", "the `NUMBER` of environments there may be (default: no limit)")
	fs.Bool("dev", false, "routes may reach this machine's own addresses")
	fs.String("tls-cert", "", "a PEM `FILE` with the certificate, to serve https")
	fs.String("tls-key", "", "a PEM `FILE` with its key")
	fs.String("audit-checkpoint", "", "a `FILE` or https URL that signed checkpoints of the audit log are carried to (default: none)")
	fs.String("audit-checkpoint-every", "", "how often, a `DURATION` (default "+d.CheckpointEvery.String()+")")
	fs.String("oidc-issuer", "", "the `URL` of the login provider (OpenID Connect); LOCKAGE_OIDC_CLIENT_SECRET, or oidc-client-secret in the file, is the client's secret")
	fs.String("oidc-client-id", "", "the `NAME` by which the login provider knows this server")
	fs.String("oidc-scopes", "email profile", "the `SCOPES` asked for besides openid, with spaces between")
	fs.String("oidc-groups-claim", "groups", "the `CLAIM` that says which groups somebody is in")
	fs.String("mail-from", "", "the `ADDRESS` that mail is from; LOCKAGE_SMTP, or smtp in the file, names the mail server")
	fs.Bool("open-signup", false, "whoever proves an e-mail address may open an account; LOCKAGE_OPERATOR_TOKEN, or operator-token in the file, opens them for others")
	return cmd
}

// serveFlags are the flags that were really given.
func serveFlags(cmd *cobra.Command) map[string]string {
	flags := map[string]string{}
	for _, name := range append(server.Names(), "config") {
		switch f := cmd.Flags().Lookup(name); {
		case f == nil || !f.Changed:
		case f.Value.Type() == "stringSlice":
			list, err := cmd.Flags().GetStringSlice(name)
			if err == nil {
				flags[name] = strings.Join(list, ",")
			}
		default:
			flags[name] = f.Value.String()
		}
	}
	return flags
}
