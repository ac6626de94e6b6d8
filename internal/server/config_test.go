package server_test

import (
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/lockage/lockage/internal/server"
)

func environment(pairs map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		v, ok := pairs[name]
		return v, ok
	}
}

func file(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "lockage.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestLoadConfigDefaults(t *testing.T) {
	got, err := server.LoadConfig(nil, environment(nil))
	want := server.Config{Data: "./lockage-data", Listen: "127.0.0.1:7070", GatewayListen: "127.0.0.1:7071", KEKGrace: time.Hour, CheckpointEvery: time.Minute, OIDCScopes: "email profile", OIDCGroupsClaim: "groups"}
	if err != nil || !cmp.Equal(got, want) {
		t.Errorf("defaults: %v, %s", err, cmp.Diff(want, got))
	}
}

func TestLoadConfigPrecedence(t *testing.T) {
	path := file(t, "data: /file\nkek: file:/key\nkek-old: [\"file:/a\", env:B]\nkek-grace: 2h\nlisten: 127.0.0.1:1\ngateway-listen: 127.0.0.1:2\nallow-upstreams: [10.0.0.0/8, 192.168.0.0/16]\ntrusted-proxies: [\"10.1.2.3/16\", \"fd00::/8\"]\nlimit-environments: 4\naudit-checkpoint-every: 5m\n")
	got, err := server.LoadConfig(
		map[string]string{"config": path, "data": "/flag", "kek-grace": "30m"},
		environment(map[string]string{"LOCKAGE_DATA": "/variable", "LOCKAGE_LISTEN": "127.0.0.1:3", "LOCKAGE_BOOTSTRAP_TOKEN": "tk_x", "LOCKAGE_DEV": "true", "LOCKAGE_AUDIT_CHECKPOINT": "http://[::1]:9/x"}))
	want := server.Config{
		Data: "/flag", Listen: "127.0.0.1:3", GatewayListen: "127.0.0.1:2", Limit: 4, Dev: true, KEK: "file:/key", KEKOld: []string{"file:/a", "env:B"}, KEKGrace: 30 * time.Minute, BootstrapToken: "tk_x",
		AuditCheckpoint: "http://[::1]:9/x", CheckpointEvery: 5 * time.Minute, OIDCScopes: "email profile", OIDCGroupsClaim: "groups",
		AllowUpstreams: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("192.168.0.0/16")},
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("fd00::/8")},
	}
	if err != nil || !cmp.Equal(got, want, cmpopts.EquateComparable(netip.Prefix{})) {
		t.Errorf("flag over variable over file: %v, %s", err, cmp.Diff(want, got, cmpopts.EquateComparable(netip.Prefix{})))
	}
	got, err = server.LoadConfig(nil, environment(map[string]string{"LOCKAGE_CONFIG": path}))
	if err != nil || got.Data != "/file" {
		t.Errorf("LOCKAGE_CONFIG: got data %q, %v; want /file", got.Data, err)
	}
}

// The mail server's URL holds a password: it has no flag, and a flag of that name is none of the server's.
func TestTheMailServer(t *testing.T) {
	path := file(t, "smtp: smtps://u:p@mail.example.com\nmail-from: Lockage <lockage@example.com>\n")
	got, err := server.LoadConfig(map[string]string{"config": path, "smtp": "smtp://flag"}, environment(nil))
	if err != nil || got.SMTP != "smtps://u:p@mail.example.com" || got.MailFrom != "Lockage <lockage@example.com>" {
		t.Errorf("file: got %q from %q, %v", got.SMTP, got.MailFrom, err)
	}
	got, err = server.LoadConfig(map[string]string{"config": path}, environment(map[string]string{"LOCKAGE_SMTP": ""}))
	if err != nil || got.SMTP != "" {
		t.Errorf("an empty variable over the file: got %q, %v; want none", got.SMTP, err)
	}
	if slices.Contains(server.Names(), "smtp") {
		t.Error("smtp is among the flags")
	}
}

// The client's secret has no flag either.
func TestTheLoginProvider(t *testing.T) {
	path := file(t, "oidc-issuer: https://login.example.com/\noidc-client-id: lockage\noidc-client-secret: from the file\npublic-url: https://lockage.example.com\n")
	got, err := server.LoadConfig(map[string]string{"config": path, "oidc-client-secret": "from a flag"}, environment(nil))
	if err != nil || got.OIDCIssuer != "https://login.example.com/" || got.OIDCClientID != "lockage" || got.OIDCClientSecret != "from the file" ||
		got.OIDCScopes != "email profile" || got.OIDCGroupsClaim != "groups" {
		t.Errorf("file: got %q as %q with %q and %q, %v", got.OIDCIssuer, got.OIDCClientID, got.OIDCScopes, got.OIDCGroupsClaim, err)
	}
	got, err = server.LoadConfig(map[string]string{"config": path, "oidc-groups-claim": "roles"}, environment(map[string]string{"LOCKAGE_OIDC_CLIENT_SECRET": "from the environment"}))
	if err != nil || got.OIDCClientSecret != "from the environment" || got.OIDCGroupsClaim != "roles" {
		t.Errorf("environment: got the claim %q, %v", got.OIDCGroupsClaim, err)
	}
	if slices.Contains(server.Names(), "oidc-client-secret") {
		t.Error("oidc-client-secret is among the flags")
	}
}

// The operator's token has no flag either, and is long.
func TestTheOperatorsToken(t *testing.T) {
	long := strings.Repeat("k", 32)
	for name, got := range map[string]func() (server.Config, error){
		"file": func() (server.Config, error) {
			return server.LoadConfig(map[string]string{"config": file(t, "operator-token: "+long+"\n"), "operator-token": "from a flag"}, environment(nil))
		},
		"environment": func() (server.Config, error) {
			return server.LoadConfig(nil, environment(map[string]string{"LOCKAGE_OPERATOR_TOKEN": long}))
		},
	} {
		if c, err := got(); err != nil || c.OperatorToken != long || c.OpenSignup {
			t.Errorf("%s: got %d characters and %v, want the token", name, len(c.OperatorToken), err)
		}
	}
	if slices.Contains(server.Names(), "operator-token") {
		t.Error("operator-token is among the flags")
	}
	c, err := server.LoadConfig(map[string]string{"open-signup": "true"}, environment(map[string]string{"LOCKAGE_SMTP": "smtps://mail.example.com", "LOCKAGE_MAIL_FROM": "a@example.com", "LOCKAGE_OPERATOR_TOKEN": ""}))
	if err != nil || !c.OpenSignup || c.OperatorToken != "" {
		t.Errorf("open to all: got %t and %v", c.OpenSignup, err)
	}
}

func TestLoadConfigRefusals(t *testing.T) {
	for _, c := range []struct {
		name      string
		flags     map[string]string
		variables map[string]string
		file      string
		want      string
	}{
		{name: "unknown key", file: "lissen: x\n", want: `unknown setting "lissen"`},
		{name: "doubled key", file: "data: a\ndata: b\n", want: "not a YAML file of settings"},
		{name: "nested value", file: "data: {a: b}\n", want: "data must have a single value or a list"},
		{name: "bootstrap in the file", file: "bootstrap-token: canary\n", want: "unknown setting"},
		{name: "no file", flags: map[string]string{"config": "/nowhere/lockage.yaml"}, want: "no such file"},
		{name: "address", flags: map[string]string{"listen": "canary"}, want: "--listen: must be host:port"},
		{name: "ranges", variables: map[string]string{"LOCKAGE_ALLOW_UPSTREAMS": "10.0.0.0/8,canary"}, want: "allow-upstreams: must be a list of address ranges"},
		{name: "proxies", flags: map[string]string{"trusted-proxies": "canary"}, want: "--trusted-proxies: must be a list of address ranges"},
		{name: "every proxy", flags: map[string]string{"trusted-proxies": "10.0.0.0/8,0.0.0.0/0"}, want: "--trusted-proxies: must not trust every address"},
		{name: "every proxy of IPv6", flags: map[string]string{"trusted-proxies": "::/0"}, want: "--trusted-proxies: must not trust every address"},
		{name: "database", flags: map[string]string{"database": "mysql://u:canary@h/d"}, want: "--database: must be a postgres:// URL"},
		{name: "key", variables: map[string]string{"LOCKAGE_KEK": "canary"}, want: "kek: must name a key in one of the forms file:PATH, env:VARIABLE"},
		{name: "key itself", flags: map[string]string{"kek": "env:canary+canary="}, want: "--kek: env: must be followed by the name of a variable"},
		{name: "an old key", flags: map[string]string{"kek-old": "file:/a,canary"}, want: "--kek-old: must name a key in one of the forms"},
		{name: "grace", flags: map[string]string{"kek-grace": "canary"}, want: "--kek-grace: must be a duration"},
		{name: "no grace", flags: map[string]string{"kek-grace": "-1s"}, want: "--kek-grace: must be a duration"},
		{name: "limit", flags: map[string]string{"limit-environments": "1"}, want: "--limit-environments: must be 0"},
		{name: "limit text", flags: map[string]string{"limit-environments": "canary"}, want: "--limit-environments: must be 0"},
		{name: "dev", variables: map[string]string{"LOCKAGE_DEV": "canary"}, want: "dev: must be true or false"},
		{name: "half of TLS", flags: map[string]string{"tls-cert": "x"}, want: "give both or neither"},
		{name: "checkpoints every", flags: map[string]string{"audit-checkpoint-every": "canary"}, want: "--audit-checkpoint-every: must be a duration from 1s to 24h"},
		{name: "checkpoints too often", flags: map[string]string{"audit-checkpoint-every": "10ms"}, want: "--audit-checkpoint-every: must be a duration"},
		{name: "checkpoints to nowhere", flags: map[string]string{"audit-checkpoint": "ftp://canary/x"}, want: "audit-checkpoint: must be a file or an https URL"},
		{name: "checkpoints to no host", flags: map[string]string{"audit-checkpoint": "https:///canary"}, want: "audit-checkpoint: must be a file or an https URL"},
		{name: "checkpoints in the clear", flags: map[string]string{"audit-checkpoint": "http://127.0.0.1/canary"}, want: "audit-checkpoint: must be an https URL; http is for this machine's own addresses, with --dev"},
		{name: "checkpoints in the clear abroad", flags: map[string]string{"audit-checkpoint": "http://canary/x", "dev": "true"}, want: "audit-checkpoint: must be an https URL"},
		{name: "mail server", variables: map[string]string{"LOCKAGE_SMTP": "https://canary", "LOCKAGE_MAIL_FROM": "a@example.com"}, want: "environment: smtp: must be a URL in the form smtp://"},
		{name: "mail server in the file", file: "smtp: smtp://canary\nmail-from: a@example.com\n", variables: map[string]string{"LOCKAGE_SMTP": "smtp://u:canary@[h"}, want: "environment: smtp: must be a URL"},
		{name: "an issuer in clear text", flags: map[string]string{"oidc-issuer": "http://canary.example.com"}, want: "--oidc-issuer: must be an https URL without a query"},
		{name: "an issuer without a client", flags: map[string]string{"oidc-issuer": "https://canary.example.com", "public-url": "https://a.example.com"}, want: "oidc-client-id: must say as whom"},
		{name: "an issuer that nobody comes back from", flags: map[string]string{"oidc-issuer": "https://canary.example.com", "oidc-client-id": "canary"}, want: "public-url: must say where browsers reach this server"},
		{name: "a client of nobody", variables: map[string]string{"LOCKAGE_OIDC_CLIENT_SECRET": "canary"}, want: "oidc-issuer: must name the login provider"},
		{name: "mail from nobody", variables: map[string]string{"LOCKAGE_SMTP": "smtp://u:canary@host"}, want: "mail-from: must say whom mail is from"},
		{name: "mail from no address", flags: map[string]string{"mail-from": "canary"}, want: "--mail-from: must be an address"},
		{name: "a short operator's token", variables: map[string]string{"LOCKAGE_OPERATOR_TOKEN": "canary-" + strings.Repeat("k", 24)}, want: "environment: operator-token: must have 32 to 1024 random letters"},
		{name: "an operator's token of words", variables: map[string]string{"LOCKAGE_OPERATOR_TOKEN": "canary in the mine of the long gone miners"}, want: "operator-token: must have 32 to 1024"},
		{name: "an operator's token that breaks a header", variables: map[string]string{"LOCKAGE_OPERATOR_TOKEN": strings.Repeat("k", 40) + "\ncanary"}, want: "operator-token: must have 32 to 1024"},
		{name: "a management token as the operator's", file: "operator-token: tk_canary" + strings.Repeat("k", 40) + "\n", want: "operator-token: must be another than a management token"},
		{name: "sign-up by flag", flags: map[string]string{"open-signup": "canary"}, want: "--open-signup: must be true or false"},
		{name: "sign-up without mail", variables: map[string]string{"LOCKAGE_OPEN_SIGNUP": "true"}, want: "open-signup: needs a mail server"},
		{name: "no data", flags: map[string]string{"data": ""}, want: "must name a folder"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.file != "" {
				c.flags = map[string]string{"config": file(t, c.file)}
			}
			_, err := server.LoadConfig(c.flags, environment(c.variables))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got error %v, want one with %q", err, c.want)
			}
			if strings.Contains(err.Error(), "canary") {
				t.Errorf("the refused value is repeated: %v", err)
			}
		})
	}
}
