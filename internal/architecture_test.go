// Package internal_test holds the whole of the program to its architecture: who may import whom, and why. A change of
// the table is a change of the architecture and is read as one.
package internal_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/lockage/lockage/"

// concepts are the packages of pure rules.
var concepts = []string{
	"internal/access", "internal/alert", "internal/apikey", "internal/audit", "internal/definition", "internal/environment",
	"internal/factor", "internal/intake", "internal/mask", "internal/route", "internal/secret", "internal/variable",
}

// row says which of our packages one may import, besides internal/fault, which every internal package may.
type row struct {
	imports []string
	why     string
}

var table = map[string]row{
	"cmd/lockage": {
		[]string{"internal/cli"},
		"main only starts the command line, so that everything can be tested without a process",
	},
	"internal/cli": {
		[]string{"internal/audit", "client", "internal/intake", "internal/route", "internal/secret", "internal/server", "wire"},
		"commands speak to a server as anyone would; serve and demo run one, audit verify recomputes the hashes itself, and an import works out here what becomes of a file that the server never sees whole",
	},
	"internal/testkit": {
		[]string{"internal/server", "internal/control", "internal/store", "client"},
		"tests need real things of every floor; nothing but a test may import the kit",
	},
	"internal/server": {
		[]string{
			"internal/api", "internal/dashboard", "internal/gateway", "internal/control", "internal/store",
			"internal/snapshot", "internal/route", "internal/secret", "internal/kek", "internal/apikey", "internal/web", "internal/guard", "internal/oauth",
			"internal/mail", "internal/oidc", "internal/syslog", "internal/webhook", "client",
		},
		"the one place where both planes meet, to be built and shut down; it makes the sealer and the digester of their keys",
	},
	"internal/api": {
		slices.Concat([]string{"internal/control", "internal/web", "wire"}, concepts),
		"a front decodes, calls an operation and encodes; it holds no rule and knows no database",
	},
	"internal/dashboard": {
		slices.Concat([]string{
			"internal/control", "internal/web", "internal/dashboard/part/button", "internal/dashboard/part/field",
			"internal/dashboard/part/frame", "internal/dashboard/part/notice", "internal/dashboard/part/once",
			"internal/dashboard/part/panel", "internal/dashboard/part/qr",
		}, concepts),
		"a front like the other, over the same operations, with pages instead of JSON",
	},
	"internal/dashboard/part/button": {nil, "a part is drawn from what it is given: it knows no concept and no operation"},
	"internal/dashboard/part/field":  {nil, "a part is drawn from what it is given: it knows no concept and no operation"},
	"internal/dashboard/part/frame":  {nil, "a part is drawn from what it is given: it knows no concept and no operation"},
	"internal/dashboard/part/notice": {nil, "a part is drawn from what it is given: it knows no concept and no operation"},
	"internal/dashboard/part/once":   {nil, "a part is drawn from what it is given: it knows no concept and no operation"},
	"internal/dashboard/part/panel":  {nil, "a part is drawn from what it is given: it knows no concept and no operation"},
	"internal/dashboard/part/qr":     {nil, "a part is drawn from what it is given: it knows no concept and no operation"},
	"internal/control": {
		slices.Concat([]string{"internal/store", "internal/snapshot", "internal/oauth", "internal/oidc", "internal/passkey", "internal/mail", "internal/syslog", "internal/webhook"}, concepts),
		"every operation: it decides by the concepts, writes to the store and feeds the snapshot; it knows no HTTP",
	},
	"internal/gateway": {
		[]string{
			"internal/snapshot", "internal/web", "internal/route", "internal/secret", "internal/apikey", "internal/access",
			"internal/guard", "internal/echo", "internal/cut",
		},
		"the hot path reads the snapshot and nothing else, so that no call waits for the control plane; whether a token may call is decided where everything is",
	},
	"internal/store": {
		concepts,
		"rows go in and out as the concepts' types; what they mean is decided above",
	},
	"internal/snapshot": {
		[]string{
			"internal/access", "internal/apikey", "internal/definition", "internal/environment", "internal/route",
			"internal/secret", "internal/cut",
		},
		"the data plane's state, compiled from the concepts; where it comes from is the feed's affair",
	},
	"internal/definition": {
		[]string{"internal/environment", "internal/route", "internal/secret"},
		"the versioned tree knows the kinds it holds, and they do not know it",
	},
	"internal/route":       {[]string{"internal/access", "internal/secret"}, "a definition refers to secrets"},
	"internal/environment": {[]string{"internal/access", "internal/secret", "internal/cut"}, "pure rules beside a route's; an environment lists the fields that are cut out of what is recorded"},
	"internal/cut":         {nil, "taking fields out of a text depends on neither calls nor secrets"},
	"internal/intake":      {[]string{"internal/secret"}, "reading files and names is pure; what is done with them is the command's"},
	"internal/audit":       {[]string{"internal/access", "internal/secret"}, "an entry names who did what"},
	"internal/variable":    {[]string{"internal/secret"}, "a variable is named as a secret is"},
	"internal/mask":        {nil, "what is hidden of a document depends on the document alone, not on whose it is or who looks"},
	"internal/web":         {[]string{"internal/access"}, "what fronts share: it carries a principal, it asks for none"},
	"internal/alert":       {nil, "what a rule makes of a reading depends on nothing"},
	"internal/access":      {nil, "who may do what is decided without knowing what it is done to"},
	"internal/apikey":      {nil, "the form of a credential depends on nothing"},
	"internal/secret":      {nil, "the less sealing depends on, the fewer see plaintext"},
	"internal/kek":         {[]string{"internal/secret"}, "the one place that speaks to key management services, so that sealing knows none"},
	"internal/oauth":       {[]string{"internal/guard", "internal/secret"}, "the one place that speaks HTTP to token endpoints, so that control need not"},
	"internal/syslog":      {[]string{"internal/guard"}, "the one place that speaks to collectors of syslog, so that control need not"},
	"internal/webhook":     {[]string{"internal/guard"}, "the one place that delivers signed messages over HTTP to receivers that people chose, so that control need not"},
	"internal/oidc":        {nil, "the one place that speaks HTTP to the provider people log in at, so that control need not"},
	"internal/passkey":     {nil, "what a browser's answer proves depends on nothing that is stored"},
	"internal/factor":      {nil, "whether a code is right depends on the key and the moment alone"},
	"internal/oidctest":    {nil, "tests need a real provider; apart from testkit, so that only who needs it builds it"},
	"internal/guard":       {nil, "where connections may lead is decided in one place, for calls and for token endpoints"},
	"internal/mail":        {nil, "the one place that speaks SMTP, so that what writes a message need not"},
	"internal/echo":        {nil, "taking values out of a text depends on neither calls nor secrets"},
	"internal/fault":       {nil, "every package names failures; what all import imports none"},
	"client":               {[]string{"wire"}, "other programs build on it: it brings nothing of the server along"},
	"wire":                 {nil, "the public structs are a promise and hold no behaviour"},
}

// impure are standard packages a concept does without: its rules have no network, file, process, log or database.
// (log/slog is not among them: a value that must not be logged says so in its terms.)
var impure = []string{"database/sql", "io/fs", "log", "net", "net/http", "os", "os/exec", "syscall"}

// drawers are names for packages that hold what found no home.
var drawers = []string{
	"common", "helper", "helpers", "misc", "model", "models", "service", "services", "shared", "types", "util", "utils",
}

// pkg is what `go list` tells of a package.
type pkg struct {
	ImportPath string
	Name       string
	Doc        string
	GoFiles    []string
	Imports    []string // without those of tests
}

// list answers the packages of the module. It also looks at every folder itself: a test's result is cached until a file
// it looked at changes, and what the go command looks at does not count. A package that does not compile is listed too;
// it fails elsewhere.
func list(t *testing.T) []pkg {
	t.Helper()
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if d != nil && d.IsDir() && path != ".." && (d.Name() == "bin" || strings.HasPrefix(d.Name(), ".")) {
			return filepath.SkipDir
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	decoder := json.NewDecoder(bytes.NewReader(goList(t, "-e", "-json=ImportPath,Name,Doc,GoFiles,Imports", module+"...")))
	var all []pkg
	for {
		var p pkg
		err := decoder.Decode(&p)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	if len(all) == 0 {
		t.Fatal("go list names no package")
	}
	return all
}

func goList(t *testing.T, arguments ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", append([]string{"list"}, arguments...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, &stderr)
	}
	return out
}

func TestImportsFollowTheTable(t *testing.T) {
	for _, p := range list(t) {
		if len(p.GoFiles) == 0 {
			continue // tests only
		}
		name := strings.TrimPrefix(p.ImportPath, module)
		row, ok := table[name]
		if !ok {
			t.Errorf("%s has no row in the table; add it with its reason, or find its code a home that has one", name)
			continue
		}
		for _, path := range p.Imports {
			imported, ours := strings.CutPrefix(path, module)
			if !ours || slices.Contains(row.imports, imported) {
				continue
			}
			if imported == "internal/fault" && strings.HasPrefix(name, "internal/") {
				continue
			}
			t.Errorf("%s imports %s; it may import %q: %s", name, imported, row.imports, row.why)
		}
	}
}

func TestTableGoesDownOnly(t *testing.T) {
	above := make(map[string]bool) // packages on the way from the first one
	var visit func(name string)
	visit = func(name string) {
		if above[name] {
			t.Fatalf("the table lets %s import itself by way of others", name)
		}
		above[name] = true
		for _, imported := range table[name].imports {
			if _, ok := table[imported]; !ok {
				t.Errorf("%s may import %s, which has no row", name, imported)
			}
			visit(imported)
		}
		delete(above, name)
	}
	for name, row := range table {
		visit(name)
		if row.why == "" {
			t.Errorf("the row of %s has no reason", name)
		}
	}
}

func TestConceptsArePure(t *testing.T) {
	for _, p := range list(t) {
		if !slices.Contains(concepts, strings.TrimPrefix(p.ImportPath, module)) {
			continue
		}
		for _, path := range p.Imports {
			if slices.Contains(impure, path) {
				t.Errorf("%s imports %s; a concept's rules are pure", p.ImportPath, path)
			}
		}
	}
}

func TestGatewayReachesNoDatabase(t *testing.T) {
	list(t) // so that a change anywhere runs this again
	forbidden := []string{module + "internal/store", module + "internal/control", "database/sql"}
	for path := range strings.Lines(string(goList(t, "-deps", module+"internal/gateway"))) {
		if path = strings.TrimSpace(path); slices.Contains(forbidden, path) {
			t.Errorf("the gateway depends on %s", path)
		}
	}
}

func TestPackagesSayWhatTheyAreFor(t *testing.T) {
	for _, p := range list(t) {
		if len(p.GoFiles) > 0 && p.Doc == "" {
			t.Errorf("%s has no package comment", p.ImportPath)
		}
	}
}

func TestNoPackageIsADrawer(t *testing.T) {
	for _, p := range list(t) {
		for _, word := range append(strings.Split(strings.TrimPrefix(p.ImportPath, module), "/"), p.Name) {
			if slices.Contains(drawers, strings.TrimSuffix(word, "_test")) {
				t.Errorf("%s: %q says nothing of what is in it; a thing without a home belongs to its only caller", p.ImportPath, word)
			}
		}
	}
}
