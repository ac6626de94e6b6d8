package intake_test

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/intake"
)

func revealed(list []intake.Entry) (out []string) {
	for _, e := range list {
		name := e.Name
		if e.Environment != "" {
			name += "@" + e.Environment
		}
		out = append(out, fmt.Sprintf("%d %s=%s", e.Line, name, e.Value.Reveal()))
	}
	return out
}

func TestParseEnv(t *testing.T) {
	tests := []struct {
		name, text string
		want       []string
	}{
		{"nothing", "", nil},
		{"comments and blank lines", "# A=1\n\n  \t# B=2\n", nil},
		{"plain", "A=1\nB = two words \t\nexport C=3\nexport\tD=4\nEXPORT=5", []string{"1 A=1", "2 B=two words", "3 C=3", "4 D=4", "5 EXPORT=5"}},
		{"Windows, and a byte order mark", "\uFEFFA=1\r\nB='x\r\ny'\r\n", []string{"1 A=1", "2 B=x\ny"}},
		{"empty", "A=\nB= # comment\nC=''\nD=\"\"", []string{"1 A=", "2 B=", "3 C=", "4 D="}},
		{"# in values", "A=a#b\nB=a # b\nC=#c\nD='a # b' # c\nE=\"a # b\"# c\nF=a\t# b", []string{"1 A=a#b", "2 B=a", "3 C=#c", "4 D=a # b", "5 E=a # b", "6 F=a"}},
		{"= in values", "A=a=b==\nB=\"=\"", []string{"1 A=a=b==", "2 B=="}},
		{"nothing is filled in", "A=x\nB=$A${A}$(date)`A`\nC=\"$A ${HOME} \\$A\"\nD='$A'", []string{"1 A=x", "2 B=$A${A}$(date)`A`", "3 C=$A ${HOME} $A", "4 D=$A"}},
		{"lines", "A=\"1\n2\n\n# 3\"\nB='4\n5'\nC=`6\n\"'7`\nD=8", []string{"1 A=1\n2\n\n# 3", "5 B=4\n5", "7 C=6\n\"'7", "9 D=8"}},
		{"escapes", `A="\n\t\"\\n\\\x\r"` + "\n" + `B='\n\'` + "\n" + `C=\n"x"`, []string{"1 A=\n\t\"\\n\\\\x\r", `2 B=\n\`, `3 C=\n"x"`}},
		{"quotes within", "A=it's\nB=\"it's\"\nC='say \"x\"'", []string{"1 A=it's", "2 B=it's", `3 C=say "x"`}},
		{"names", "a.b-c_1=1\n_=2", []string{"1 a.b-c_1=1", "2 _=2"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := intake.ParseEnv(tt.text)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, revealed(got)); diff != "" {
				t.Errorf("entries (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseEnvRefuses(t *testing.T) {
	const noPair = "is not NAME=value; a value of several lines stands in quotes"
	tests := []struct{ text, want string }{
		{"A=1\ncanary", "line 2: " + noPair},
		{"canary value=1", "line 1: " + noPair},
		{"=canary", "line 1: " + noPair},
		{"1A=canary", "line 1: " + noPair},
		{"export canary A=1", "line 1: " + noPair},
		{"größe=canary", "line 1: " + noPair},
		{"A: canary", "line 1: " + noPair},
		{"A=1\n\nB=\"canary\nC=2", "line 3: the quote that opens here is not closed"},
		{"A='canary", "line 1: the quote that opens here is not closed"},
		{`A="canary\"`, "line 1: the quote that opens here is not closed"},
		{`A="canary" canary`, "line 1: something stands behind the closing quote; a quote in a value is written \\\" between double quotes"},
		{"A='1\n2'canary\nB=1", "line 1: something stands behind the closing quote; a quote in a value is written \\\" between double quotes"},
		{"A=1\nB=canary\nexport A=canary", "line 3: A is there already, in line 1; leave one of them out"},
	}
	for _, tt := range tests {
		got, err := intake.ParseEnv(tt.text)
		if err == nil || err.Error() != tt.want || got != nil {
			t.Errorf("%q: got %v and %v, want %q", tt.text, got, err, tt.want)
		}
	}
}

func TestParseJSON(t *testing.T) {
	got, err := intake.ParseJSON(`{"a": "1", "b": {"production": "2\n", "prod": ""}, "ü": "{}", "c": {}}`)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"0 a=1", "0 b@production=2\n", "0 b@prod=", "0 ü={}"}, revealed(got)); diff != "" {
		t.Errorf("entries (-want +got):\n%s", diff)
	}
	if got, err := intake.ParseJSON(" {} \n"); got != nil || err != nil {
		t.Errorf("an empty object: got %v and %v, want nothing", got, err)
	}
	const text = " must be a string, or an object from environments to strings; a number stands in quotes"
	for source, want := range map[string]string{
		"":                                       "the file is no JSON object; it wants one from names to values",
		`["canary"]`:                             "the file is no JSON object; it wants one from names to values",
		`"canary"`:                               "the file is no JSON object; it wants one from names to values",
		`{"a": 1}`:                               "a" + text,
		`{"a": null}`:                            "a" + text,
		`{"a": ["canary"]}`:                      "a" + text,
		`{"a": {"production": 1}}`:               "a.production" + text,
		`{"a": {"production": {"x": "canary"}}}`: "a.production" + text,
		`{"canary canary, canary": 1}`:           "a name" + text,
		`{"a": canary}`:                          "the file is not valid JSON, see byte 6",
		`{"a": "canary`:                          "the file is not valid JSON, see byte 13",
		`{"a": "canary", "a": "x"}`:              "the file names something twice, at byte 16; leave one of them out",
		`{"a": {"x": "canary", "x": "x"}}`:       "the file names something twice, at byte 22; leave one of them out",
		`{"a": "canary"} canary`:                 "the file has something behind the JSON object",
		"{\"a\": \"\xff\"}":                      "the file is not valid JSON, see byte 7",
	} {
		got, err := intake.ParseJSON(source)
		if err == nil || err.Error() != want || got != nil {
			t.Errorf("%s: got %v and %v, want %q", source, got, err, want)
		}
	}
}

func TestValuesDoNotShow(t *testing.T) {
	e := intake.Entry{Name: "A", Value: intake.NewValue("canary")}
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		if got := fmt.Sprintf(format, e) + fmt.Sprintf(format, e.Value) + fmt.Sprintf(format, &e.Value); strings.Contains(got, "canary") || strings.Contains(got, "63616e617279") {
			t.Errorf("%s: got %s", format, got)
		}
	}
	if got, err := e.Value.MarshalJSON(); err != nil || string(got) != `"[redacted]"` {
		t.Errorf("JSON: got %s and %v", got, err)
	}
}

// told are the only forms of errors: nothing of a file can stand in one but a name that is one.
var told = regexp.MustCompile(`^(line \d+: (is not NAME=value; a value of several lines stands in quotes|the quote that opens here is not closed|` +
	`something stands behind the closing quote; a quote in a value is written \\" between double quotes|[A-Za-z_][\w.-]* is there already, in line \d+; leave one of them out)|` +
	`the file (is no JSON object; it wants one from names to values|is not valid JSON, see byte \d+|names something twice, at byte \d+; leave one of them out|has something behind the JSON object)|` +
	`(a name|[\w.:/ -]{1,64}) must be a string, or an object from environments to strings; a number stands in quotes)$`)

func FuzzParse(f *testing.F) {
	for _, s := range []string{"A=1\n", "export A=\"x\ny\\\"\" # c\nB='", "\uFEFFA=`\r\n`", `{"a":"1","b":{"production":"\u0000"}}`, `{"a":1,"a":{}}`, "{", "A=#\nA= #"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, parse := range []func(string) ([]intake.Entry, error){intake.ParseEnv, intake.ParseJSON} {
			list, err := parse(text)
			var ours *intake.Error
			if err != nil && (!errors.As(err, &ours) || !told.MatchString(err.Error()) || list != nil) {
				t.Errorf("got %d entries and the error %q, want none and one that tells nothing", len(list), err)
			}
			seen := map[string]bool{}
			for _, e := range list {
				if seen[e.Name+"\x00"+e.Environment] {
					t.Errorf("%q in %q is there twice", e.Name, e.Environment)
				}
				seen[e.Name+"\x00"+e.Environment] = true
				// in single quotes a value is what it was, unless it has one itself
				value := e.Value.Reveal()
				if strings.ContainsAny(value, "'\r") {
					continue
				}
				again, err := intake.ParseEnv("A='" + value + "'")
				if err != nil || len(again) != 1 || again[0].Value.Reveal() != value {
					t.Errorf("a value in single quotes is another one: %v", err)
				}
			}
		}
	})
}
