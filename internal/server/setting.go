package server

import (
	"errors"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lockage/lockage/internal/kek"
	"github.com/lockage/lockage/internal/mail"
	"github.com/lockage/lockage/internal/oidc"
)

func text(field func(*Config) *string) func(*Config, string) error {
	return func(c *Config, v string) error {
		*field(c) = v
		return nil
	}
}

func address(field func(*Config) *string) func(*Config, string) error {
	return func(c *Config, v string) error {
		if _, _, err := net.SplitHostPort(v); err != nil {
			return errors.New("must be host:port, for example 127.0.0.1:7070")
		}
		*field(c) = v
		return nil
	}
}

func setDatabase(c *Config, v string) error {
	if v != "" && !strings.HasPrefix(v, "postgres://") && !strings.HasPrefix(v, "postgresql://") {
		return errors.New("must be a postgres:// URL; leave it out for SQLite in the data folder")
	}
	c.Database = v
	return nil
}

func setKEK(c *Config, v string) error {
	if v != "" {
		if err := kek.Check(v); err != nil {
			return err
		}
	}
	c.KEK = v
	return nil
}

func setKEKOld(c *Config, v string) error {
	c.KEKOld = nil
	for url := range strings.SplitSeq(v, ",") {
		if url = strings.TrimSpace(url); url == "" {
			continue
		}
		if err := kek.Check(url); err != nil {
			return err
		}
		c.KEKOld = append(c.KEKOld, url)
	}
	return nil
}

func setKEKGrace(c *Config, v string) (err error) {
	if c.KEKGrace, err = time.ParseDuration(v); err != nil || c.KEKGrace < 0 {
		return errors.New("must be a duration, for example 1h; 0s serves nothing that needs a secret while the key service cannot be reached")
	}
	return nil
}

func setAllowUpstreams(c *Config, v string) (err error) {
	c.AllowUpstreams, err = ranges(v)
	return err
}

func setTrustedProxies(c *Config, v string) (err error) {
	if c.TrustedProxies, err = ranges(v); err != nil {
		return err
	}
	if slices.ContainsFunc(c.TrustedProxies, func(r netip.Prefix) bool { return r.Bits() == 0 }) {
		return errors.New("must not trust every address: any caller could then say where it comes from; name the ranges of the proxies")
	}
	return nil
}

func ranges(v string) (list []netip.Prefix, err error) {
	for part := range strings.SplitSeq(v, ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		prefix, err := netip.ParsePrefix(part)
		if err != nil {
			return nil, errors.New("must be a list of address ranges in CIDR form, for example 10.0.0.0/8,127.0.0.0/8")
		}
		list = append(list, prefix.Masked())
	}
	return list, nil
}

func setLimit(c *Config, v string) (err error) {
	if c.Limit, err = strconv.Atoi(v); err != nil || c.Limit < 0 || c.Limit == 1 {
		return errors.New("must be 0 for no limit, or at least 2: every account has development and production")
	}
	return nil
}

func setPublicURL(c *Config, v string) error {
	u, err := url.Parse(v)
	if v != "" && (err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "") {
		return errors.New("must be an http or https URL, for example https://lockage.example.com")
	}
	c.PublicURL = v
	return nil
}

func setCheckpointEvery(c *Config, v string) (err error) {
	if c.CheckpointEvery, err = time.ParseDuration(v); err != nil || c.CheckpointEvery < time.Second || c.CheckpointEvery > 24*time.Hour {
		return errors.New("must be a duration from 1s to 24h")
	}
	return nil
}

func setSMTP(c *Config, v string) error {
	if v != "" {
		if err := mail.CheckURL(v); err != nil {
			return err
		}
	}
	c.SMTP = v
	return nil
}

func setMailFrom(c *Config, v string) error {
	if v != "" {
		if _, err := mail.CheckFrom(v); err != nil {
			return err
		}
	}
	c.MailFrom = v
	return nil
}

// operatorLeast is how long the operator's token is at least: nobody guesses what has so many random characters.
const operatorLeast = 32

// operatorForm is what a header can carry. What looks like another credential is refused: it would be taken for one.
var operatorForm = regexp.MustCompile(`^[A-Za-z0-9._~+/=-]+$`)

func setOperatorToken(c *Config, v string) error {
	if v != "" {
		kind, _, _ := strings.Cut(v, "_")
		switch {
		case len(v) < operatorLeast || len(v) > 1024 || !operatorForm.MatchString(v):
			return errors.New("must have 32 to 1024 random letters, digits or characters of ._~+/=-, for example what openssl rand -hex 32 prints")
		case kind == "tk" || kind == "sk" || kind == "pk":
			return errors.New("must be another than a management token or an API key: it opens accounts, and nothing else")
		}
	}
	c.OperatorToken = v
	return nil
}

func setOpenSignup(c *Config, v string) (err error) {
	if c.OpenSignup, err = strconv.ParseBool(v); err != nil {
		return errors.New("must be true or false")
	}
	return nil
}

func setOIDCIssuer(c *Config, v string) error {
	if v != "" {
		if err := oidc.CheckIssuer(v); err != nil {
			return err
		}
	}
	c.OIDCIssuer = v
	return nil
}

func setDev(c *Config, v string) (err error) {
	if c.Dev, err = strconv.ParseBool(v); err != nil {
		return errors.New("must be true or false")
	}
	return nil
}
