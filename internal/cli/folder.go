package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/lockage/lockage/wire"
)

// A folder holds one YAML file for each definition, with environments and secrets by name:
//
//	routes/payments.yaml   the fields of the route "payments" as the API takes them, without its key
const routesFolder = "routes"

// definitionFile is one file of a folder.
type definitionFile struct {
	key      string
	path     string // as people see it, from the folder on: "routes/payments.yaml"
	document *yaml.Node
	fields   *yaml.Node // the mapping in the document
	content  content
}

// contentError is what is wrong with files, each with its place.
type contentError struct{ fields []wire.Field }

func (e *contentError) Error() string {
	first := e.fields[0].Field + ": " + e.fields[0].Message
	if len(e.fields) > 1 {
		return fmt.Sprintf("%d places were refused; the first is %s", len(e.fields), first)
	}
	return first
}

func (e *contentError) problem() wire.Problem {
	return wire.Problem{Type: "validation_error", Message: e.Error(), Fields: e.fields}
}

func (e *contentError) add(path string, line int, message string) {
	if line > 0 {
		path = fmt.Sprintf("%s:%d", path, line)
	}
	e.fields = append(e.fields, wire.Field{Field: path, Message: message})
}

// keyForm is what a file may be called. The server knows what a key may be; here it only keeps paths out.
var keyForm = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,62}$`)

// readFolder reads all definitions of a folder, by key. It refuses all that is wrong in one *contentError. Without the
// folder of a kind the error is fs.ErrNotExist.
func readFolder(dir string, progress func(done, total int)) ([]*definitionFile, error) {
	entries, err := os.ReadDir(filepath.Join(dir, routesFolder))
	if err != nil {
		return nil, err
	}
	var files []*definitionFile
	var refused contentError
	seen := map[string]string{}
	for i, entry := range entries {
		progress(i+1, len(entries))
		ext := strings.ToLower(filepath.Ext(entry.Name()))
		if entry.IsDir() || strings.HasPrefix(entry.Name(), ".") || ext != ".yaml" && ext != ".yml" {
			continue
		}
		f := &definitionFile{
			key:  strings.TrimSuffix(entry.Name(), filepath.Ext(entry.Name())),
			path: routesFolder + "/" + entry.Name(),
		}
		if earlier, twice := seen[f.key]; twice {
			refused.add(f.path, 0, "is the same route as "+earlier+": remove one of them")
			continue
		}
		seen[f.key] = f.path
		if !keyForm.MatchString(f.key) {
			refused.add(f.path, 0, "a file is named after its route: 1 to 63 of a-z, 0-9, _ and -, beginning with a letter or digit")
			continue
		}
		if err := f.read(dir, &refused); err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	if len(refused.fields) > 0 {
		return nil, &refused
	}
	slices.SortFunc(files, func(a, b *definitionFile) int { return strings.Compare(a.key, b.key) })
	return files, nil
}

func (f *definitionFile) read(dir string, refused *contentError) error {
	info, err := os.Lstat(filepath.Join(dir, f.path))
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() { // a pipe or a device would never end, a link leads out of the folder
		refused.add(f.path, 0, "is no regular file")
		return nil
	}
	if info.Size() > maxInput {
		refused.add(f.path, 0, fmt.Sprintf("is larger than %d KiB", maxInput>>10))
		return nil
	}
	b, err := os.ReadFile(filepath.Join(dir, f.path)) //nolint:gosec // the caller's own folder
	if err != nil {
		return err
	}
	f.parse(b, refused)
	return nil
}

// parse reads a file's text and checks its form; what its values may be is the server's to say.
func (f *definitionFile) parse(text []byte, refused *contentError) {
	var document yaml.Node
	if err := yaml.Load(text, &document); err != nil {
		refused.add(f.path, lineOf(err), "is not one valid YAML document: check the indentation")
		return
	}
	if len(document.Content) != 1 || document.Content[0].Kind != yaml.MappingNode {
		refused.add(f.path, 0, "must hold the fields of a route, like \"target_url: https://…\"")
		return
	}
	f.document, f.fields = &document, document.Content[0]
	value, err := plain(f.fields)
	var place *lineError
	if errors.As(err, &place) {
		refused.add(f.path, place.line, place.message)
		return
	}
	raw, err := json.Marshal(value)
	if err != nil {
		refused.add(f.path, 0, "cannot be said in JSON")
		return
	}
	f.content, _ = decoded(raw).(content)
	f.checkFields(refused)
}

// checkFields refuses names that no route has, and a key that is not the file's.
func (f *definitionFile) checkFields(refused *contentError) {
	check := func(n *yaml.Node, known []string, what string) {
		for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
			if !slices.Contains(known, n.Content[i].Value) {
				refused.add(f.path, n.Content[i].Line, "is no field of "+what+"; the fields are "+strings.Join(known, ", "))
			}
		}
	}
	check(f.fields, append(routeFields(), "key"), "a route")
	if n := member(f.fields, "key"); n != nil && n.Value != f.key {
		refused.add(f.path, n.Line, "the key is the file's name, and this is another: leave it out, or rename the file")
	}
	if n := member(f.fields, "rate_limit"); n != nil {
		check(n, rateFields(), "a rate limit")
	}
	overlays := member(f.fields, "environments")
	for i := 1; overlays != nil && overlays.Kind == yaml.MappingNode && i < len(overlays.Content); i += 2 {
		check(overlays.Content[i], overlayFields(), "a route in one environment")
		if n := member(overlays.Content[i], "rate_limit"); n != nil {
			check(n, rateFields(), "a rate limit")
		}
	}
}

// member is the value of a name in a mapping; nil when it is not there.
func member(n *yaml.Node, name string) *yaml.Node {
	for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == name {
			return n.Content[i+1]
		}
	}
	return nil
}

// line is where a field stands in the file, or the nearest thing around it that does; 0 is nowhere. The path is the
// API's: "environments.staging.rate_limit.window", "methods[0]".
func (f *definitionFile) line(path string) int {
	line, n := 0, f.fields
	for n != nil && path != "" {
		var child *yaml.Node
		for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
			name := n.Content[i].Value
			if rest, found := strings.CutPrefix(path, name); found && (rest == "" || rest[0] == '.' || rest[0] == '[') {
				line, child, path = n.Content[i].Line, n.Content[i+1], strings.TrimPrefix(rest, ".")
				break
			}
		}
		n = child
	}
	return line
}

// lineOf is the line where what a YAML parser complains about begins; 0 when it tells none.
func lineOf(err error) int {
	var at *yaml.LoadError
	switch {
	case !errors.As(err, &at):
		return 0
	case at.ContextMark.Line > 0:
		return at.ContextMark.Line
	default:
		return at.Mark.Line
	}
}
