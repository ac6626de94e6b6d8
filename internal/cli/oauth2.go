package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/lockage/lockage/client"
	"github.com/lockage/lockage/wire"
)

func (p *program) secretsOAuth2() *cobra.Command {
	var environment string
	var v wire.SecretOAuth2
	var terms termsFlags
	var secretless bool
	cmd := &cobra.Command{
		Use:   "oauth2 NAME --environment ENVIRONMENT [flags] < client secret",
		Short: "Set an oauth2 secret's client in one environment",
		Long: `Sets how tokens are obtained. The client secret is read from standard input or asked for at a
terminal; it is never an argument, and cannot be read back. With the grant type refresh_token the
refresh token follows it on a line of its own. Tokens are fetched and renewed by the server;
{{secret:NAME}} in a route is the current access token. With the grant type authorization_code
somebody authorizes afterwards: lockage secrets authorize.`,
		Example: `  lockage secrets oauth2 google_oauth -e production --grant-type client_credentials \
      --client-id prod-client-id --token-url https://oauth2.googleapis.com/token --scope ads`,
		Args: arguments(0, "NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := required(cmd, "environment", "grant-type", "client-id", "token-url"); err != nil {
				return err
			}
			var err error
			if v.SecretTerms, err = terms.read(cmd); err != nil {
				return err
			}
			c, err := p.connect()
			if err != nil {
				return err
			}
			if !secretless && (v.ClientCertificate == "" || v.GrantType == "refresh_token") {
				text, err := p.confidential(cmd.Context(), "Client secret: ", "client secret")
				if err != nil {
					return err
				}
				v.ClientSecret, v.RefreshToken = clientLines(text)
				if v.GrantType == "refresh_token" && v.RefreshToken == "" {
					if v.RefreshToken, err = p.hidden(cmd.Context(), "Refresh token: ", "refresh token"); err != nil {
						return errors.New("the refresh token is missing: pipe it in on a second line, or type it when asked")
					}
				}
			}
			s, err := c.PutOAuth2(cmd.Context(), args[0], environment, v)
			p.warn(s.Warnings)
			version, status := s.Version, connectionCell(s.ConnectionStatus, s.ConnectionError)
			if v.Stage {
				version, status = s.StagedVersion, "staged; in force is what was"
			}
			return p.printDone(s, err, "%s has a client in %s (version %d): %s", args[0], s.Environment, version, status)
		},
	}
	fs := cmd.Flags()
	fs.StringVarP(&environment, "environment", "e", "", "the `ENVIRONMENT` where it gets the client")
	fs.StringVar(&v.GrantType, "grant-type", "", "the `GRANT`: client_credentials, refresh_token or authorization_code")
	fs.StringVar(&v.ClientID, "client-id", "", "the client's `ID`")
	fs.StringVar(&v.TokenURL, "token-url", "", "the `URL` of the provider's token endpoint")
	fs.StringVar(&v.AuthURL, "auth-url", "", "the `URL` where somebody authorizes, for authorization_code")
	fs.StringArrayVar(&v.Scopes, "scope", nil, "a `SCOPE` to ask for; several times")
	fs.StringVar(&v.Audience, "audience", "", "the `AUDIENCE` to ask for")
	fs.StringVar(&v.ClientAuth, "client-auth", "", "how the client authenticates, a `WAY`: basic (the default) or body")
	fs.StringVar(&v.ClientCertificate, "client-certificate", "", "the certificate `SECRET` to show to the token endpoint")
	fs.BoolVar(&secretless, "no-secret", false, "the client has no secret, and nothing is read")
	fs.BoolVar(&v.Stage, "stage", false, "test calls may try it; the version in force stays")
	terms.register(cmd)
	return cmd
}

// clientLines are a client secret and, on a line of its own, a refresh token.
func clientLines(text string) (secret, refresh string) {
	for i := range text {
		if text[i] == '\n' {
			return text[:i], text[i+1:]
		}
	}
	return text, ""
}

func (p *program) secretsAuthorize() *cobra.Command {
	var environment string
	var wait time.Duration
	cmd := &cobra.Command{
		Use:   "authorize NAME --environment ENVIRONMENT",
		Short: "Begin an authorization of an oauth2 secret, and wait until it is done",
		Long: `Prints the URL that somebody opens in a browser to authorize, and waits until the provider has sent
the browser back. The redirect URI that it prints must be registered at the provider.`,
		Args: arguments(0, "NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := required(cmd, "environment"); err != nil {
				return err
			}
			c, err := p.connect()
			if err != nil {
				return err
			}
			before, err := newestOAuth2(cmd.Context(), c, args[0], environment)
			if err != nil {
				return err
			}
			a, err := c.AuthorizeOAuth2(cmd.Context(), args[0], environment)
			if err != nil {
				return err
			}
			if p.json {
				return encode(p.out, a)
			}
			fmt.Fprintln(p.out, clean(a.AuthorizationURL))
			p.note("redirect URI, to be registered at the provider: %s", clean(a.RedirectURI))
			if wait <= 0 {
				return nil
			}
			until := time.Now().Add(wait)
			if over := time.Time(a.ExpiresAt); over.Before(until) {
				until = over
			}
			p.note("waiting until it is done, or %s", at(wire.Time(until), ""))
			ticker := time.NewTicker(time.Second)
			defer ticker.Stop()
			for time.Now().Before(until) {
				select {
				case <-cmd.Context().Done():
					return cmd.Context().Err()
				case <-ticker.C:
				}
				v, err := newestOAuth2(cmd.Context(), c, args[0], environment)
				switch {
				case err != nil:
					return err
				case v.TokenObtainedAt != before.TokenObtainedAt:
					p.note("%s is %s in %s", args[0], v.ConnectionStatus, environment)
					return nil
				case v.ConnectionError != before.ConnectionError:
					return fmt.Errorf("the provider refused it: %s; begin again", clean(v.ConnectionError))
				}
			}
			return errors.New("nobody authorized in time; begin again")
		},
	}
	cmd.Flags().StringVarP(&environment, "environment", "e", "", "the `ENVIRONMENT` whose client it is")
	cmd.Flags().DurationVar(&wait, "wait", 10*time.Minute, "how long to wait; 0 does not")
	return cmd
}

// newestOAuth2 is the version that is authorized: the staged one if there is one, else that in force.
func newestOAuth2(ctx context.Context, c *client.Client, name, environment string) (newest wire.SecretVersion, err error) {
	list, err := c.SecretVersions(ctx, name, environment)
	for _, v := range list {
		if v.State != "kept" && v.Version > newest.Version {
			newest = v
		}
	}
	return newest, err
}

// connectionCell is how a connection stands, with the provider's code.
func connectionCell(status, code string) string {
	switch {
	case code != "":
		return status + " (" + code + ")"
	case status == "":
		return "-"
	default:
		return status
	}
}
