// Package docs_test holds the documentation to what is there: links, files, and command lines.
package docs_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
)

const root = ".."

// page is one Markdown file, with its path from the root of the repository.
type page struct {
	path  string
	lines []string
}

// pages reads every Markdown file of the repository.
func pages(t *testing.T) []page {
	t.Helper()
	var list []page
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == ".git" || d.Name() == "bin" || d.Name() == "testdata"):
			return filepath.SkipDir
		case d.IsDir() || filepath.Ext(path) != ".md":
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		list = append(list, page{filepath.ToSlash(rel), strings.Split(string(text), "\n")})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(list) == 0 {
		t.Fatal("no Markdown file was found")
	}
	return list
}

// prose is the page's lines outside of code blocks, code its blocks; both with line numbers kept by blank lines.
func (p page) split() (prose []string, code [][]string) {
	prose = make([]string, len(p.lines))
	inside := false
	for i, line := range p.lines {
		switch {
		case strings.HasPrefix(strings.TrimSpace(line), "```"):
			inside = !inside
			if inside {
				code = append(code, make([]string, i+1))
			}
		case inside:
			code[len(code)-1] = append(code[len(code)-1], line)
		case strings.HasPrefix(line, "    ") && (i == 0 || p.lines[i-1] == "" || strings.HasPrefix(p.lines[i-1], "    ")):
			code = append(code, append(make([]string, i), line))
		default:
			prose[i] = line
		}
	}
	return prose, code
}

var (
	link     = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	span     = regexp.MustCompile("`[^`]*`")
	external = regexp.MustCompile(`^[a-z]+:`)
)

func TestLinksResolve(t *testing.T) {
	all := pages(t)
	headings := map[string][]string{}
	for _, p := range all {
		headings[p.path] = p.anchors()
	}
	for _, p := range all {
		prose, _ := p.split()
		for i, line := range prose {
			for _, m := range link.FindAllStringSubmatch(span.ReplaceAllString(line, ""), -1) {
				if external.MatchString(m[1]) {
					continue
				}
				file, anchor, _ := strings.Cut(m[1], "#")
				target := p.path
				if file != "" {
					target = filepath.ToSlash(filepath.Join(filepath.Dir(p.path), file))
				}
				if _, err := os.Stat(filepath.Join(root, target)); err != nil {
					t.Errorf("%s:%d: the link %s leads nowhere", p.path, i+1, m[1])
				} else if anchor != "" && !slices.Contains(headings[target], anchor) {
					t.Errorf("%s:%d: the link %s leads to no heading of %s", p.path, i+1, m[1], target)
				}
			}
		}
	}
}

// anchors is what the page's headings are linked by.
func (p page) anchors() []string {
	var list []string
	prose, _ := p.split()
	for _, line := range prose {
		if !strings.HasPrefix(line, "#") {
			continue
		}
		list = append(list, strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case unicode.IsLetter(r), unicode.IsDigit(r), r == '-', r == '_':
				return unicode.ToLower(r)
			}
			return -1
		}, strings.TrimLeft(line, "# ")))
	}
	return list
}

var (
	// ours is a text that begins as a file or a folder of this repository does; sourceFile one that ends like a file of
	// it. A command, a pattern, an address or a path of the operator's is neither.
	ours       = regexp.MustCompile(`^(internal|docs|cmd|client|wire)/[\w./-]*$`)
	sourceFile = regexp.MustCompile(`^\w[\w.-]*(/[\w.-]+)+\.(go|md|mod|sql|yaml|yml|html|css|js)$`)
)

func TestFilesThatAreNamedExist(t *testing.T) {
	named := 0
	for _, p := range pages(t) {
		prose, _ := p.split()
		for i, line := range prose {
			for _, s := range span.FindAllString(line, -1) {
				name := strings.Trim(s, "`")
				if !ours.MatchString(name) && !sourceFile.MatchString(name) || strings.Contains(name, "...") {
					continue
				}
				named++
				if !exists(name) && !exists(filepath.Join(filepath.Dir(p.path), name)) && !exists("internal/"+name) {
					t.Errorf("%s:%d: there is no file %s", p.path, i+1, name)
				}
			}
		}
	}
	if named == 0 {
		t.Error("no page names a file: the patterns match nothing any more")
	}
}

func exists(name string) bool {
	_, err := os.Stat(filepath.Join(root, name))
	return err == nil
}

// folder is where the program is built, once for all tests.
var folder string

func TestMain(m *testing.M) {
	var err error
	if folder, err = os.MkdirTemp("", "lockage-docs-"); err != nil {
		panic(err)
	}
	code := m.Run()
	_ = os.RemoveAll(folder)
	os.Exit(code)
}

// built is the program, built from what is here.
func built(t *testing.T) string {
	t.Helper()
	program := filepath.Join(folder, "lockage")
	if _, err := os.Stat(program); err == nil {
		return program
	}
	build := exec.Command("go", "build", "-o", program, "./cmd/lockage")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return program
}

func TestCommandLinesAreUnderstood(t *testing.T) {
	program := built(t)
	helps := map[string]string{} // by the words behind the program's name
	help := func(words []string) string {
		key := strings.Join(words, " ")
		if text, known := helps[key]; known {
			return text
		}
		out, err := exec.Command(program, append(slices.Clone(words), "--help")...).CombinedOutput()
		if err != nil {
			t.Fatalf("lockage %s --help: %v\n%s", key, err, out)
		}
		helps[key] = string(out)
		return helps[key]
	}
	checked := 0
	for _, p := range pages(t) {
		for _, c := range p.commands() {
			checked++
			if problem := check(c.words, help); problem != "" {
				t.Errorf("%s:%d: %s: %s", p.path, c.line, strings.Join(c.words, " "), problem)
			}
		}
	}
	if checked < 50 {
		t.Errorf("got %d command lines, want 50 and more: the pages are not read right any more", checked)
	}
}

// commandLine is what stands behind "lockage" in a command.
type commandLine struct {
	line  int
	words []string
}

var (
	fullSpan   = regexp.MustCompile("^`(lockage [^`]*)`$")
	assignment = regexp.MustCompile(`^[A-Z_]+=`)
)

// commands finds the calls of lockage in a page: in code spans, and in code blocks the lines behind "$ ", or all lines
// of a block that has no such line.
func (p page) commands() []commandLine {
	var list []commandLine
	prose, blocks := p.split()
	for i, line := range prose {
		for _, s := range span.FindAllString(line, -1) {
			if m := fullSpan.FindStringSubmatch(s); m != nil {
				list = append(list, calls(i+1, m[1])...)
			}
		}
	}
	for _, block := range blocks {
		prompts := slices.ContainsFunc(block, func(l string) bool { return strings.HasPrefix(l, "$ ") })
		for i := 0; i < len(block); i++ {
			line, prompted := strings.CutPrefix(block[i], "$ ")
			if prompts && !prompted {
				continue
			}
			start := i + 1
			for strings.HasSuffix(line, `\`) && i+1 < len(block) {
				i++
				line = strings.TrimSuffix(line, `\`) + " " + block[i]
			}
			list = append(list, calls(start, line)...)
		}
	}
	return list
}

// calls finds the calls of lockage in one line of shell.
func calls(number int, line string) []commandLine {
	var list []commandLine
	var words []string
	end := func() {
		for len(words) > 0 && assignment.MatchString(words[0]) {
			words = words[1:]
		}
		if len(words) > 1 && (words[0] == "lockage" || strings.HasSuffix(words[0], "/lockage")) {
			list = append(list, commandLine{number, words[1:]})
		}
		words = nil
	}
	for _, w := range shell(line) {
		switch w {
		case "|", ";", "&&", "(", ")":
			end()
		case "#":
			end()
			return list
		default:
			words = append(words, w)
		}
	}
	end()
	return list
}

// shell splits a line into words as a shell does, near enough: what is quoted is replaced by a word that is no flag,
// and what redirects ends the words that count.
func shell(line string) []string {
	line = strings.ReplaceAll(line, "<(", "( ")
	line = regexp.MustCompile(`'[^']*'|"(\\.|[^"])*"`).ReplaceAllString(line, "QUOTED")
	line = regexp.MustCompile(`[|;()]|&&`).ReplaceAllString(line, " $0 ")
	var words []string
	skip := false
	for _, w := range strings.Fields(line) {
		switch {
		case skip:
			skip = false
		case w == ">" || w == "<" || w == "2>":
			skip = true
		default:
			words = append(words, w)
		}
	}
	return words
}

var (
	usage = regexp.MustCompile(`Usage:\n  lockage ?(.*)\n`)
	flag  = regexp.MustCompile(`^(--[a-z][a-z-]*|-[a-zA-Z])(=.*)?$`)
)

// check says what is wrong with a command line: the command must exist, and its help must name each flag.
func check(words []string, help func([]string) string) string {
	var path []string
	for _, w := range words {
		if strings.HasPrefix(w, "-") || len(path) == 2 {
			break
		}
		path = append(path, w)
	}
	if len(path) > 0 && path[0] == "COMMAND" {
		path = nil
	}
	text := help(path)
	m := usage.FindStringSubmatch(text)
	if m == nil {
		return "its help has no usage"
	}
	found, group := strings.CutSuffix(" "+m[1], " COMMAND")
	known := strings.Fields(found)
	if group && len(path) > len(known) {
		return fmt.Sprintf("there is no command %s", path[len(known)])
	}
	if !group && (len(known) == 0 || known[0] != path[0]) {
		return "it is not a command"
	}
	for _, w := range words {
		w = strings.Trim(w, "[],")
		f := flag.FindStringSubmatch(w)
		if f == nil || f[1] == "--help" {
			continue
		}
		if !bytes.Contains([]byte(text), []byte(f[1]+" ")) && !bytes.Contains([]byte(text), []byte(f[1]+",")) {
			return "there is no flag " + f[1]
		}
	}
	return ""
}

// errorType is a type of the gateway's own errors, as its source declares them.
var errorType = regexp.MustCompile(`(?m)^\ttype\w+ += "(\w+)"`)

func TestTheGatewaysErrorsAreAllTold(t *testing.T) {
	source, err := os.ReadFile(filepath.Join(root, "internal/gateway/problem.go"))
	if err != nil {
		t.Fatal(err)
	}
	told, err := os.ReadFile("gateway.md")
	if err != nil {
		t.Fatal(err)
	}
	types := errorType.FindAllStringSubmatch(string(source), -1)
	if len(types) < 15 {
		t.Fatalf("got %d types, want 15 and more: the source is not read right any more", len(types))
	}
	for _, m := range types {
		if !bytes.Contains(told, []byte("`"+m[1]+"`")) {
			t.Errorf("docs/gateway.md does not tell of %s", m[1])
		}
	}
}

var (
	listed  = regexp.MustCompile(`(?m)^  ([a-z][a-z0-9-]*) {2,}\S`)
	setting = regexp.MustCompile(`(?m)^ +--([a-z-]+)`)
)

func TestEveryCommandAndSettingIsTold(t *testing.T) {
	program := built(t)
	help := func(words ...string) string {
		out, err := exec.Command(program, append(words, "--help")...).CombinedOutput()
		if err != nil {
			t.Fatalf("lockage %v --help: %v\n%s", words, err, out)
		}
		return string(out)
	}
	text := func(name string) string {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	commands := text("command-line.md")
	_, all, _ := strings.Cut(help(), "Usage:")
	for _, m := range listed.FindAllStringSubmatch(all, -1) {
		name := m[1]
		if name == "lockage" || name == "help" {
			continue
		}
		rows := regexp.MustCompile("(?m)^\\| `lockage "+name+"\\b.*$").FindAllString(commands, -1)
		if len(rows) == 0 {
			rows = regexp.MustCompile("(?m)^\\|.*`lockage "+name+"\\b.*$").FindAllString(commands, -1)
		}
		if len(rows) == 0 {
			t.Errorf("docs/command-line.md does not tell of lockage %s", name)
			continue
		}
		_, under, group := strings.Cut(help(name), "\nCommands:\n")
		under, _, _ = strings.Cut(under, "\nFlags:")
		for _, sub := range listed.FindAllStringSubmatch(under, -1) {
			if group && !regexp.MustCompile("`("+"lockage )?("+name+" )?"+sub[1]+"\\b").MatchString(strings.Join(rows, "\n")) {
				t.Errorf("docs/command-line.md does not tell of lockage %s %s", name, sub[1])
			}
		}
	}
	settings := text("configuration.md")
	for _, m := range setting.FindAllStringSubmatch(help("serve"), -1) {
		if m[1] != "json" && m[1] != "help" && m[1] != "config" && !strings.Contains(settings, "| `"+m[1]+"` |") {
			t.Errorf("docs/configuration.md does not tell of %s", m[1])
		}
	}
}
