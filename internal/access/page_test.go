package access_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/access"
)

var update = flag.Bool("update", false, "write the generated pages anew")

// The page of actions is what the one list of their names says.
func TestGoldenActions(t *testing.T) {
	var b bytes.Buffer
	b.WriteString(`# Actions of the audit log

Every name that entries of the [audit log](audit.md) can have, and that its filters take. The page is
made from the one list in ` + "`internal/access/action.go`" + `; ` + "`lockage audit actions`" + ` prints it, and
` + "`GET /v1/audit-logs/actions`" + ` answers it. The right column completes "you may …".

| action | does |
|---|---|
`)
	for _, a := range access.Actions() {
		if a.Does() == "" {
			t.Errorf("%s does not say what it does", a)
		}
		fmt.Fprintf(&b, "| `%s` | %s |\n", a, a.Does())
	}
	const path = "../../docs/audit-actions.md"
	if *update {
		if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil { //nolint:gosec // a page is for everyone
			t.Fatal(err)
		}
	}
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(b.String(), string(page)); diff != "" {
		t.Errorf("%s is not what the list says; go test ./internal/access -run Actions -update writes it anew (-want +got):\n%s", path, diff)
	}
}
