package cli_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

const drafts = `[
	{"kind":"route","key":"new","change":"added","edits":[{"path":"","op":"add",
		"after":{"zz":1,"target_url":"https://x.example/?a=1&b=<2>","name":"New","inject_body":{"n":1.50}}}]},
	{"kind":"route","key":"pay","change":"changed","edits":[
		{"path":"description","op":"replace","before":"a\nb","after":"a\nc","text":" a\n-b\n+c\n"},
		{"path":"methods[=POST]","op":"add","after":"POST"},
		{"path":"steps","op":"order","after":["b","a"]},
		{"path":"timeout","op":"replace","before":"30s","after":"5s"},
		{"path":"name","op":"replace","before":"a","after":"\u001b[2J\u202e"}]},
	{"kind":"route","key":"old","change":"deleted","edits":[{"path":"","op":"remove","before":{"name":"Old"}}]}]`

func TestDiff(t *testing.T) {
	plain := `route new added
  + name: "New"
  + target_url: "https://x.example/?a=1&b=<2>"
  + inject_body: {"n":1.50}
  + zz: 1
route pay changed
    description:
       a
      -b
      +c
  + methods[=POST]: "POST"
  ~ steps: the order is now ["b","a"]
  - timeout: "30s"
  + timeout: "5s"
  - name: "a"
  + name: "\u001b[2J` + "\ufffd" + `"
route old deleted
  - name: "Old"
`
	tests := []struct {
		name string
		env  map[string]string
		want string
	}{
		{"not at a terminal", nil, plain},
		{"without colour in spite of all", map[string]string{"CLICOLOR_FORCE": "1", "NO_COLOR": "1"}, plain},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			against(t, map[string]string{"GET /v1/changes": drafts})
			for name, value := range tt.env {
				t.Setenv(name, value)
			}
			r := run(t, "", "diff")
			if d := cmp.Diff(tt.want, r.out); r.code != 0 || d != "" {
				t.Errorf("got code %d and %q (-want +got):\n%s", r.code, r.err, d)
			}
		})
	}
}

func TestDiffInColour(t *testing.T) {
	against(t, map[string]string{"GET /v1/changes": `[{"kind":"route","key":"pay","change":"changed","edits":[
		{"path":"timeout","op":"replace","before":"30s","after":"5s"}]}]`})
	t.Setenv("NO_COLOR", "")
	t.Setenv("CLICOLOR_FORCE", "1")
	want := "\x1b[1mroute pay changed\x1b[0m\n\x1b[31m  - timeout: \"30s\"\x1b[0m\n\x1b[32m  + timeout: \"5s\"\x1b[0m\n"
	if r := run(t, "", "diff"); r.code != 0 || r.out != want {
		t.Errorf("got %+v, want %q", r, want)
	}
}
