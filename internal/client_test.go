package internal_test

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// parsed are the files of a package that are no tests, by name.
func parsed(t *testing.T, folder string) map[string]*ast.File {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil || len(names) == 0 {
		t.Fatalf("%s: got %d files and %v", folder, len(names), err)
	}
	files := map[string]*ast.File{}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files[filepath.Base(name)] = f
	}
	return files
}

// Each method of the client carries out one operation of the API's table, or goes through another method that does: who
// may call it is what the table of permissions says of that operation, for the command line as for everybody.
func TestEachMethodOfTheClientIsOneOperation(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join("api", "testdata", "openapi.json"))
	if err != nil {
		t.Fatal(err)
	}
	var document struct {
		Paths map[string]map[string]json.RawMessage `json:"paths"`
	}
	if err := json.Unmarshal(raw, &document); err != nil {
		t.Fatal(err)
	}
	operations := map[string]bool{}
	for path, methods := range document.Paths {
		for method := range methods {
			segments := strings.Split(strings.TrimPrefix(path, "/"), "/")
			for i, s := range segments {
				if strings.HasPrefix(s, "{") {
					segments[i] = "{}"
				}
			}
			operations[strings.ToUpper(method)+" /"+strings.Join(segments, "/")] = true
		}
	}
	methods := 0
	for file, f := range parsed(t, filepath.Join("..", "client")) {
		for _, d := range f.Decls {
			m, ok := d.(*ast.FuncDecl)
			if !ok || m.Recv == nil || !m.Name.IsExported() || !ofClient(m) || !asks(m) {
				continue
			}
			requests, others := requestsOf(m)
			methods++
			if len(requests) > 1 || len(requests) == 0 && others == 0 {
				t.Errorf("client/%s: %s makes %d requests itself, and %d through other methods", file, m.Name.Name, len(requests), others)
			}
			for _, r := range requests {
				if !operations[r] {
					t.Errorf("client/%s: %s asks for %s, which is no operation of the table", file, m.Name.Name, r)
				}
			}
		}
	}
	if methods < 80 {
		t.Errorf("found %d methods only", methods)
	}
}

func ofClient(m *ast.FuncDecl) bool {
	star, ok := m.Recv.List[0].Type.(*ast.StarExpr)
	if !ok {
		return false
	}
	name, ok := star.X.(*ast.Ident)
	return ok && name.Name == "Client"
}

// asks says whether a method takes a context, as all do that ask a server for something.
func asks(m *ast.FuncDecl) bool {
	list := m.Type.Params.List
	return len(list) > 0 && len(list[0].Names) > 0 && list[0].Names[0].Name == "ctx"
}

// requestsOf are the requests that a method makes, as METHOD /path with {} for what is not written out, and how often it
// calls other methods of the client.
func requestsOf(m *ast.FuncDecl) (requests []string, others int) {
	receiver := m.Recv.List[0].Names[0].Name
	ast.Inspect(m.Body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CompositeLit:
			if name, ok := n.Type.(*ast.Ident); ok && name.Name == "request" {
				requests = append(requests, requestOf(n))
			}
		case *ast.CallExpr:
			if index, ok := n.Fun.(*ast.IndexExpr); ok { // list[T](ctx, c, query, page, path…)
				if name, ok := index.X.(*ast.Ident); ok && name.Name == "list" {
					requests = append(requests, "GET "+pathOf(n.Args[4:]))
				}
			}
			if s, ok := n.Fun.(*ast.SelectorExpr); ok && s.Sel.IsExported() {
				if name, ok := s.X.(*ast.Ident); ok && name.Name == receiver {
					others++
				}
			}
		}
		return true
	})
	return requests, others
}

// requestOf reads a literal like request{method: http.MethodGet, path: []string{"v1", "secrets", ref}}.
func requestOf(literal *ast.CompositeLit) string {
	method, path := "GET", ""
	for _, e := range literal.Elts {
		pair, ok := e.(*ast.KeyValueExpr)
		if !ok {
			continue
		}
		switch key, _ := pair.Key.(*ast.Ident); key.Name {
		case "method":
			if s, ok := pair.Value.(*ast.SelectorExpr); ok {
				method = strings.ToUpper(strings.TrimPrefix(s.Sel.Name, "Method"))
			}
		case "path":
			if list, ok := pair.Value.(*ast.CompositeLit); ok {
				path = pathOf(list.Elts)
			}
		}
	}
	return method + " " + path
}

func pathOf(segments []ast.Expr) string {
	var b strings.Builder
	for _, s := range segments {
		text := "{}"
		if literal, ok := s.(*ast.BasicLit); ok {
			text, _ = strconv.Unquote(literal.Value)
		}
		b.WriteString("/" + text)
	}
	return b.String()
}

// speakers are the files of the command line that speak HTTP themselves: to the gateway, as an application does. Every
// other command reaches a server through the client.
var speakers = map[string]string{
	"call.go":  "calls a route through the gateway",
	"scene.go": "calls the demonstration's route through the gateway",
}

func TestCommandsReachTheServerThroughTheClient(t *testing.T) {
	speaks := map[string]bool{}
	for file, f := range parsed(t, "cli") {
		ast.Inspect(f, func(n ast.Node) bool {
			s, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			from, ok := s.X.(*ast.Ident)
			if !ok || from.Name != "http" && from.Name != "net" && from.Name != "tls" {
				return true
			}
			switch s.Sel.Name {
			case "NewRequest", "NewRequestWithContext", "Get", "Post", "PostForm", "Head", "DefaultClient", "DefaultTransport", "Client", "Transport", "Dial", "DialTimeout", "Dialer":
				speaks[file] = true
				if speakers[file] == "" {
					t.Errorf("internal/cli/%s uses %s.%s: a command reaches a server through the client, which asks for operations of the table", file, from.Name, s.Sel.Name)
				}
			}
			return true
		})
	}
	for file := range speakers {
		if !speaks[file] {
			t.Errorf("internal/cli/%s does not speak to the gateway any more: take it off the list", file)
		}
	}
}
