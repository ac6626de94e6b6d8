package server

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
)

// Config is everything an operator sets. Each setting has one name, in three forms: the flag --gateway-listen, the
// variable LOCKAGE_GATEWAY_LISTEN and the key gateway-listen of the YAML file. Flags win over variables, variables over
// the file.
type Config struct {
	Data           string         // the data folder
	Listen         string         // address of the control plane
	GatewayListen  string         // address of the gateway
	Database       string         // postgres://…; "" is SQLite in the data folder
	KEK            string         // what the key-encryption key is and where; "" is kek.key in the data folder
	KEKOld         []string       // keys that still open what they wrapped
	KEKGrace       time.Duration  // how long what was opened is served while the key's service cannot be reached
	AllowUpstreams []netip.Prefix // private and loopback ranges that routes may reach
	TrustedProxies []netip.Prefix // whose X-Forwarded-For is believed
	Limit          int            // environments per account; 0 is no limit
	PublicURL      string         // where browsers reach the control plane; "" is where it listens
	Dev            bool           // allows loopback upstreams
	TLSCert        string         // PEM file for both listeners; "" is clear text
	TLSKey         string

	AuditCheckpoint string        // the file or URL that checkpoints of the audit log are carried to; "" is none
	CheckpointEvery time.Duration // how often

	SMTP     string // the mail server, as a URL with its password; "": no mail is sent
	MailFrom string // whom mail is from

	OperatorToken string // opens accounts; "": nobody does so from outside
	OpenSignup    bool   // whoever proves an e-mail address opens an account

	OIDCIssuer       string // the login provider; "": people log in here only
	OIDCClientID     string
	OIDCClientSecret string
	OIDCScopes       string // besides openid, separated by spaces
	OIDCGroupsClaim  string

	// Only from the environment, and read at the first start.
	BootstrapToken, BootstrapEmail, BootstrapPassword string
}

// setting is how one setting is read.
type setting struct {
	name string
	set  func(*Config, string) error
}

var settings = []setting{
	{"data", text(func(c *Config) *string { return &c.Data })},
	{"listen", address(func(c *Config) *string { return &c.Listen })},
	{"gateway-listen", address(func(c *Config) *string { return &c.GatewayListen })},
	{"database", setDatabase},
	{"kek", setKEK},
	{"kek-old", setKEKOld},
	{"kek-grace", setKEKGrace},
	{"allow-upstreams", setAllowUpstreams},
	{"trusted-proxies", setTrustedProxies},
	{"limit-environments", setLimit},
	{"public-url", setPublicURL},
	{"dev", setDev},
	{"tls-cert", text(func(c *Config) *string { return &c.TLSCert })},
	{"tls-key", text(func(c *Config) *string { return &c.TLSKey })},
	{"audit-checkpoint", text(func(c *Config) *string { return &c.AuditCheckpoint })},
	{"audit-checkpoint-every", setCheckpointEvery},
	{"mail-from", setMailFrom},
	{"open-signup", setOpenSignup},
	{"oidc-issuer", setOIDCIssuer},
	{"oidc-client-id", text(func(c *Config) *string { return &c.OIDCClientID })},
	{"oidc-scopes", text(func(c *Config) *string { return &c.OIDCScopes })},
	{"oidc-groups-claim", text(func(c *Config) *string { return &c.OIDCGroupsClaim })},
}

// credentialSettings have no flag, which everyone on the machine could read in the list of processes.
var credentialSettings = []setting{
	{"smtp", setSMTP},
	{"operator-token", setOperatorToken},
	{"oidc-client-secret", text(func(c *Config) *string { return &c.OIDCClientSecret })},
}

// bootstrapSettings belong to the first start: they come from the environment only.
var bootstrapSettings = []setting{
	{"bootstrap-token", text(func(c *Config) *string { return &c.BootstrapToken })},
	{"bootstrap-email", text(func(c *Config) *string { return &c.BootstrapEmail })},
	{"bootstrap-password", text(func(c *Config) *string { return &c.BootstrapPassword })},
}

// Defaults is the configuration of a server that was told nothing.
func Defaults() Config {
	return Config{Data: "./lockage-data", Listen: "127.0.0.1:7070", GatewayListen: "127.0.0.1:7071", KEKGrace: time.Hour, CheckpointEvery: time.Minute, OIDCScopes: "email profile", OIDCGroupsClaim: "groups"}
}

// LoadConfig puts the configuration together from the flags that were really given, the environment and, when
// --config or LOCKAGE_CONFIG names one, a YAML file. Each error names the source and the setting; none repeats a value.
func LoadConfig(flags map[string]string, lookup func(string) (string, bool)) (Config, error) {
	c := Defaults()
	path, given := flags["config"]
	if !given {
		path, _ = lookup("LOCKAGE_CONFIG")
	}
	if path != "" {
		values, err := readFile(path)
		if err != nil {
			return c, err
		}
		if err := c.apply(fileSettings(), "%s", func(name string) (string, bool) {
			v, ok := values[name]
			return v, ok
		}); err != nil {
			return c, fmt.Errorf("%s: %w", path, err)
		}
	}
	if err := c.apply(slices.Concat(fileSettings(), bootstrapSettings), "%s", func(name string) (string, bool) {
		return lookup(variable(name))
	}); err != nil {
		return c, fmt.Errorf("environment: %w", err)
	}
	if err := c.apply(settings, "--%s", func(name string) (string, bool) {
		v, ok := flags[name]
		return v, ok
	}); err != nil {
		return c, err
	}
	return c, c.check()
}

// fileSettings are those that a file may have.
func fileSettings() []setting { return slices.Concat(settings, credentialSettings) }

// variable is the environment variable of a setting.
func variable(name string) string {
	return "LOCKAGE_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
}

func (c *Config) apply(list []setting, form string, lookup func(string) (string, bool)) error {
	for _, s := range list {
		v, ok := lookup(s.name)
		if !ok {
			continue
		}
		if err := s.set(c, v); err != nil {
			return fmt.Errorf(form+": %w", s.name, err)
		}
	}
	return nil
}

func (c *Config) check() error {
	switch {
	case c.Data == "":
		return errors.New("data: must name a folder")
	case (c.TLSCert == "") != (c.TLSKey == ""):
		return errors.New("tls-cert and tls-key: give both or neither")
	case c.SMTP != "" && c.MailFrom == "":
		return errors.New("mail-from: must say whom mail is from, where smtp names a mail server; for example lockage@example.com")
	}
	if c.OpenSignup && c.SMTP == "" {
		return errors.New("open-signup: needs a mail server, for an account is opened by a link that is mailed; name one with smtp")
	}
	if err := c.checkOIDC(); err != nil {
		return err
	}
	return c.checkCheckpoint()
}

// checkCheckpoint takes a file, an https URL, and with --dev an http URL of this machine.
func (c *Config) checkCheckpoint() error {
	if !strings.Contains(c.AuditCheckpoint, "://") {
		return nil
	}
	u, err := url.Parse(c.AuditCheckpoint)
	switch {
	case err != nil || u.Host == "" || u.Fragment != "" || u.Scheme != "http" && u.Scheme != "https":
		return errors.New("audit-checkpoint: must be a file or an https URL, for example https://witness.example.com/lockage")
	case u.Scheme == "http" && !(c.Dev && isLoopback(u.Hostname())):
		return errors.New("audit-checkpoint: must be an https URL; http is for this machine's own addresses, with --dev")
	}
	return nil
}

func isLoopback(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.IsLoopback()
}

// readFile reads a YAML file of settings; a list is joined by commas. Unknown and doubled keys are refused.
func readFile(path string) (map[string]string, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("config: %w", err)
	}
	var tree map[string]any
	decoder := yaml.NewDecoder(bytes.NewReader(raw))
	if err := decoder.Decode(&tree); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("config: %s is not a YAML file of settings: %w", path, err)
	}
	values := make(map[string]string, len(tree))
	for name, v := range tree {
		if !slices.ContainsFunc(fileSettings(), func(s setting) bool { return s.name == name }) {
			known := make([]string, len(fileSettings()))
			for i, s := range fileSettings() {
				known[i] = s.name
			}
			return nil, fmt.Errorf("config: %s has an unknown setting %q; known are %s", path, name, strings.Join(known, ", "))
		}
		switch v := v.(type) {
		case []any:
			items := make([]string, len(v))
			for i, item := range v {
				items[i] = fmt.Sprint(item)
			}
			values[name] = strings.Join(items, ",")
		case map[string]any, nil:
			return nil, fmt.Errorf("config: %s: %s must have a single value or a list", path, name)
		default:
			values[name] = fmt.Sprint(v)
		}
	}
	return values, nil
}

// Names lists the settings that have a flag, for the command line.
func Names() []string {
	names := map[string]bool{}
	for _, s := range settings {
		names[s.name] = true
	}
	return slices.Sorted(maps.Keys(names))
}
