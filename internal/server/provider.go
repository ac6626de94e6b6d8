package server

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"

	"github.com/lockage/lockage/internal/oidc"
)

// checkOIDC wants what goes with a login provider.
func (c *Config) checkOIDC() error {
	switch {
	case c.OIDCIssuer == "" && (c.OIDCClientID != "" || c.OIDCClientSecret != ""):
		return errors.New("oidc-issuer: must name the login provider that oidc-client-id is known to")
	case c.OIDCIssuer == "":
		return nil
	case c.OIDCClientID == "":
		return errors.New("oidc-client-id: must say as whom the login provider of oidc-issuer knows this server")
	case c.PublicURL == "":
		return errors.New("public-url: must say where browsers reach this server, where oidc-issuer names a login provider, which sends them back there")
	}
	return nil
}

// newProvider is where people may log in; nil where none is configured. It is not asked anything yet: one that is down keeps
// nothing from starting. roots check its certificate, nil for the system's.
func newProvider(c Config, roots *x509.CertPool) (*oidc.Provider, error) {
	if c.OIDCIssuer == "" {
		return nil, nil //nolint:nilnil // as documented
	}
	p, err := oidc.New(oidc.Config{
		Issuer: c.OIDCIssuer, ClientID: c.OIDCClientID, ClientSecret: c.OIDCClientSecret, Scopes: strings.Fields(c.OIDCScopes),
		GroupsClaim: c.OIDCGroupsClaim, RedirectURL: strings.TrimSuffix(c.PublicURL, "/") + "/oidc/callback",
		TLS: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
	})
	if err != nil {
		return nil, fmt.Errorf("oidc-issuer: %w", err)
	}
	return p, nil
}
