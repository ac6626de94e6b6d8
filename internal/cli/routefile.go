package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v4"
)

// readBody reads a JSON or YAML file, or standard input, as JSON. JSON goes on as it is, so that the server sees every
// mistake in it.
func (p *program) readBody(cmd *cobra.Command, flag, file string) (json.RawMessage, error) {
	ext := strings.ToLower(filepath.Ext(file))
	if file != "-" && ext != ".json" && ext != ".yaml" && ext != ".yml" {
		return nil, misused(cmd, "--%s wants a .json, .yaml or .yml file, or - for standard input", flag)
	}
	b, err := p.readFile(cmd, file)
	if err != nil {
		return nil, err
	}
	text := bytes.TrimSpace(b)
	if len(text) == 0 {
		return nil, errors.New("the file is empty")
	}
	isJSON := ext == ".json" || file == "-" && text[0] == '{'
	if isJSON {
		if !json.Valid(b) {
			return nil, errors.New("the file is not valid JSON")
		}
		return b, nil
	}
	var document yaml.Node
	if err := yaml.Load(b, &document); err != nil || len(document.Content) != 1 {
		return nil, errors.New("the file is not valid YAML: check its indentation, and that no name is there twice")
	}
	v, err := plain(document.Content[0])
	if err != nil {
		return nil, err
	}
	return json.Marshal(v)
}

func (p *program) readFile(cmd *cobra.Command, file string) ([]byte, error) {
	text, err := await(cmd.Context(), func() (string, error) {
		in := p.in
		if file != "-" {
			f, err := os.Open(file) //nolint:gosec // the caller's own choice
			if err != nil {
				return "", err
			}
			defer f.Close()
			in = f
		}
		b, err := io.ReadAll(io.LimitReader(in, maxInput+1))
		return string(b), err
	})
	if err == nil && len(text) > maxInput {
		err = fmt.Errorf("the file is larger than %d KiB", maxInput>>10)
	}
	return []byte(text), err
}

// lineError is what is wrong with a line of a file.
type lineError struct {
	line    int
	message string
}

func (e *lineError) Error() string { return fmt.Sprintf("line %d of the file: %s", e.line, e.message) }

// plain turns YAML into what JSON can say, and nothing else: a date that nobody quoted stays the text it was, and what
// JSON has no word for is refused.
func plain(n *yaml.Node) (any, error) {
	switch n.Kind {
	case yaml.MappingNode:
		m := make(map[string]any, len(n.Content)/2)
		for i := 0; i+1 < len(n.Content); i += 2 {
			key := n.Content[i]
			if key.Kind != yaml.ScalarNode || key.ShortTag() == "!!merge" {
				return nil, &lineError{key.Line, "a name must be plain text"}
			}
			if _, twice := m[key.Value]; twice {
				return nil, &lineError{key.Line, "this name is there twice"}
			}
			v, err := plain(n.Content[i+1])
			if err != nil {
				return nil, err
			}
			m[key.Value] = v
		}
		return m, nil
	case yaml.SequenceNode:
		list := make([]any, 0, len(n.Content))
		for _, item := range n.Content {
			v, err := plain(item)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		return list, nil
	case yaml.ScalarNode:
		return scalar(n)
	default:
		return nil, &lineError{n.Line, "anchors and aliases are not understood here"}
	}
}

func scalar(n *yaml.Node) (any, error) {
	var err error
	switch n.ShortTag() {
	case "!!null":
		return nil, nil
	case "!!bool":
		var b bool
		err = n.Decode(&b)
		return b, refusedLine(n, err)
	case "!!int":
		var i int64
		err = n.Decode(&i)
		return i, refusedLine(n, err)
	case "!!float":
		f := json.Number(n.Value)
		if !json.Valid([]byte(n.Value)) {
			err = errors.New("no number in JSON")
		}
		return f, refusedLine(n, err)
	case "!!str", "!!timestamp":
		return n.Value, nil
	default:
		return nil, refusedLine(n, errors.New("no such type in JSON"))
	}
}

func refusedLine(n *yaml.Node, err error) error {
	if err == nil {
		return nil
	}
	return &lineError{n.Line, "this value cannot be said in JSON; quote it to make it text"}
}

// withKey puts the key of the command line into a body that has none; it changes nothing else, so that the server
// still sees the body as it was written.
func withKey(cmd *cobra.Command, body json.RawMessage, key string) (json.RawMessage, error) {
	var fields map[string]json.RawMessage
	if json.Unmarshal(body, &fields) != nil || fields == nil {
		return nil, errors.New("the file must hold an object")
	}
	k, err := json.Marshal(key)
	if err != nil {
		return nil, err
	}
	if inFile, has := fields["key"]; has {
		var s string
		if json.Unmarshal(inFile, &s) != nil || s != key {
			return nil, misused(cmd, "the file holds another key than the command line: leave one of them out")
		}
		return body, nil
	}
	rest := bytes.TrimPrefix(bytes.TrimSpace(body), []byte("{"))
	comma := ","
	if len(fields) == 0 {
		comma = ""
	}
	return json.RawMessage(`{"key":` + string(k) + comma + string(rest)), nil
}
