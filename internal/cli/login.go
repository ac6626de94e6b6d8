package cli

import (
	"cmp"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/lockage/lockage/client"
)

func (p *program) login() *cobra.Command {
	var address, gateway string
	var as person
	cmd := &cobra.Command{
		Use:   "login [flags] < token",
		Short: "Keep the address and token of a server for the other commands",
		Long: `Keeps the address and a management token (tk_…) in a file only you can read, after trying
them. The token is read from standard input, or asked for at a terminal; it is never an argument,
for arguments are seen by others on the machine and stay in the shell's history.

With --email the password is asked for instead, and where you have one the code of a second factor;
elsewhere than at a terminal they are the first two lines of standard input. What is kept is the
session: it ends after twelve hours, or one without a command.

With --web a browser logs in, by whatever the server's pages take: a passkey, an authenticator, the
login provider, which --oidc begins with. The page's address is printed, so that any browser will do;
where that runs on another computer, what to do is told.`,
		Example: `  lockage login
  lockage login --email owner@example.com
  lockage login --web --address https://lockage.example.com
  lockage login --address https://lockage.example.com --gateway https://gateway.example.com < token`,
		Args: arguments(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if as.web = as.web || as.provider; as.web && as.email != "" {
				return misused(cmd, "give --email or --web: a browser asks for the address itself")
			}
			return p.logIn(cmd, as, cmp.Or(address, os.Getenv("LOCKAGE_ADDRESS"), localAddress),
				cmp.Or(gateway, os.Getenv("LOCKAGE_GATEWAY")))
		},
	}
	cmd.Flags().StringVar(&address, "address", "", "the server's address, a `URL` (LOCKAGE_ADDRESS, or "+localAddress+")")
	cmd.Flags().StringVar(&as.email, "email", "", "the `ADDRESS` you log in with as a person")
	cmd.Flags().BoolVar(&as.web, "web", false, "log in as a person with a browser")
	cmd.Flags().BoolVar(&as.provider, "oidc", false, "likewise, at the login provider of your organisation")
	cmd.Flags().BoolVar(&as.quiet, "no-browser", false, "with --web only print the page's address, and open no browser")
	cmd.Flags().StringVar(&gateway, "gateway", "",
		"the gateway's address, a `URL`, for lockage call (LOCKAGE_GATEWAY, or for a server at "+localAddress+" "+localGateway+")")
	return cmd
}

// person is how somebody logs in as who they are, and not with a token.
type person struct {
	email    string
	web      bool
	provider bool // the browser begins at the login provider
	quiet    bool // and is not opened
}

func (p *program) logIn(cmd *cobra.Command, as person, address, gateway string) error {
	address, err := client.CheckAddress(address)
	if err != nil {
		return misused(cmd, "%s", err)
	}
	local := isLocal(address)
	if gateway == "" && address == localAddress { // anything else on this machine may not be ours to send a token to
		gateway = localGateway
	}
	if gateway != "" {
		if gateway, err = client.CheckAddress(gateway); err != nil {
			return misused(cmd, "gateway %s", err)
		}
	}
	if !local && strings.HasPrefix(address, "http:") {
		p.note("lockage: this address is not https: the token and every value travel where others may read them")
	}
	keep := credentials{Address: address, Gateway: gateway}
	if as.email != "" || as.web {
		logIn := p.logInAs
		if as.web {
			logIn = p.logInByBrowser
		}
		in, err := logIn(cmd.Context(), address, as)
		if err != nil {
			return err
		}
		keep.Token, keep.TokenEnds, keep.SessionEnds = in.Token, time.Time(in.ExpiresAt), time.Time(in.SessionExpiresAt)
	} else {
		token, err := p.confidential(cmd.Context(), "Token for "+address+": ", "token")
		if err != nil {
			return err
		}
		keep.Token = strings.TrimSpace(token)
	}
	c, err := client.New(client.Config{Address: address, Token: keep.Token})
	if err != nil {
		return err
	}
	list, err := c.ListEnvironments(cmd.Context())
	if err != nil {
		return err
	}
	path, err := keep.write()
	if err != nil {
		return err
	}
	kept := map[string]string{"address": address, "gateway": gateway, "file": path}
	return p.printDone(kept, nil, "logged in to %s, %s to see; kept in %s",
		address, count(len(list), "environment"), path)
}

// isLocal says whether an address is this machine's own.
func isLocal(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(u.Hostname())
	return u.Hostname() == "localhost" || err == nil && ip.IsLoopback()
}
