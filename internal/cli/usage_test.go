package cli_test

import (
	"strings"
	"testing"
)

func TestUsage(t *testing.T) {
	tests := []struct {
		line string // words; "canary" stands for what must not be repeated
		want string // the first line on standard error
	}{
		{"canary", "there is no such command"},
		{"enviroments", "there is no such command; did you mean lockage environments?"},
		{"environments canary", "there is no such command"},
		{"secrets sett", "there is no such command; did you mean lockage secrets set?"},
		{"help canary", "there is no such command"},
		{"help secrets canary", "there is no such command"},
		{"environments", "say what to do: create, delete, get, list, update"},
		{"environments get", "ENVIRONMENT is missing"},
		{"environments get a canary", "it takes no arguments after ENVIRONMENT"},
		{"environments list canary", "it takes no arguments"},
		{"environments update staging", "say what to change: --name, --display-name, --description, --color, --default, " +
			"--obfuscate-customer-data, --show-message-contents, --distinct-values, --protected, --approvals, --freeze-file, --log-retention, --record-content, --cut"},
		{"logs --canary", "there is no flag --canary"},
		{"secrets set x -vcanary", "there is no flag -v"},
		{"secrets set x --value=canary", "there is no flag --value"},
		{"logs --limit canary", "--limit does not take this value; it wants a whole number"},
		{"logs --limit", "--limit needs a value"},
		{"logs --limit -1", "--limit cannot be negative; 0 is no limit"},
		{"logs --since canary", "--since cannot be read (a duration like 90m or 30d, or a date like 2026-01-31 " +
			"or 2026-01-31T15:04:05Z)"},
		{"logs --since -5m", "--since cannot be read (a duration like 90m or 30d, or a date like 2026-01-31 " +
			"or 2026-01-31T15:04:05Z)"},
		{"keys create", "--environment is missing"},
		{"keys create -e dev --expires canary", "--expires cannot be read (a duration like 90m or 30d, or a date like " +
			"2026-01-31 or 2026-01-31T15:04:05Z)"},
		{"keys rotate k1 --grace canary", "--grace does not take this value; it wants a duration like 24h"},
		{"keys update k1", "say what to change: --description, --expires"},
		{"secrets set x canary -e dev", `a value is never an argument: pipe it into "lockage secrets set", or type it when ` +
			"asked; one that was typed here is in the shell's history now and should be replaced"},
		{"sessions end", "name one session, or give --others or --member"},
		{"sessions end s1 --others", "name one session, or give --others or --member"},
		{"sessions end --others --member m1", "name one session, or give --others or --member"},
		{"logout canary", "it takes no arguments"},
		{"login --web --email a@example.com", "give --email or --web: a browser asks for the address itself"},
		{"login --oidc --email a@example.com", "give --email or --web: a browser asks for the address itself"},
		{"secrets create x canary", `a value is never an argument: pipe it into "lockage secrets set", or type it when ` +
			"asked; one that was typed here is in the shell's history now and should be replaced"},
		{"secrets set x", "--environment is missing"},
		{"secrets unset x", "--environment is missing"},
		{"secrets duplicate x --from a", "--to is missing"},
		{"secrets import", "FILE is missing: give one, - for standard input, or --from-existing"},
		{"secrets import canary --from-existing", "it takes a FILE or --from-existing, not both"},
		{"secrets import a canary", "it takes no arguments after FILE"},
		{"secrets import --from-existing -e canary", "--format and --environment are of a file: leave them out"},
		{"secrets import --from-existing --format json", "--format and --environment are of a file: leave them out"},
		{"secrets import a --overwrite", "--overwrite is of --from-existing: a file's values replace what is there"},
		{"secrets import a --format canary", "--format is env or json"},
		{"secrets import a --name canary", "--name looks like 'OLD=NEW', once for each OLD"},
		{"secrets import a --name a=b --name a=c", "--name looks like 'OLD=NEW', once for each OLD"},
		{"secrets update x", "say what to change: --description"},
		{"routes create", "KEY is missing"},
		{"routes create pay --header canary", "--header looks like 'NAME:TEMPLATE'"},
		{"routes create pay --header A:canary --header A:x", "--header names one thing twice"},
		{"routes create pay --query canary", "--query looks like 'NAME=TEMPLATE'"},
		{"routes create -f canary.txt", "--file wants a .json, .yaml or .yml file, or - for standard input"},
		{"routes create -f x.json --target canary", "--file holds the whole body: leave --target out, or the file"},
		{"routes update pay", "say what to change: --name, --description, --target, --timeout, --method, --header, " +
			"--query, --client-certificate, --echo-guard, --public, --file"},
		{"routes switch pay canary -e dev", "say on or off"},
		{"routes switch pay on", "--environment is missing"},
		{"routes effective pay", "--environment is missing"},
		{"commit", "--message is missing"},
		{"promote", "--to is missing"},
		{"promote --to qa --commit", "--commit needs a value"},
		{"diff canary", "TO is missing: give two environments, or none for what is uncommitted"},
		{"diff a b canary", "it takes no arguments after FROM TO"},
		{"rollback", "ENVIRONMENT is missing"},
		{"rollback qa", "--to is missing"},
		{"hold", "say what to do: lift"},
		{"hold lift", "ENVIRONMENT is missing"},
		{"approve", "PROMOTION is missing"},
		{"reject p1", "--message is missing"},
		{"promotions canary", "there is no such command"},
		{"promotions --limit -1", "--limit cannot be negative; 0 is no limit"},
		{"log a canary", "it takes no arguments after ENVIRONMENT"},
		{"log --limit -1", "--limit cannot be negative; 0 is no limit"},
		{"log show", "COMMIT is missing"},
		{"freeze", "ENVIRONMENT is missing"},
		{"changes", "say what to do: discard, list"},
		{"changes discard", "ROUTE is missing"},
		{"account set", "say what to change: --require-message, --second-factor, --group, --provider-only, --obfuscate, --keep, --audit-retention, --step-up, --step-up-max-age, --step-up-allow-tokens"},
		{"account set --group canary", "--group looks like 'engineers=staging:developer'"},
		{"status canary", "it takes no arguments"},
		{"pull a canary", "it takes no arguments after FOLDER"},
		{"login canary", "it takes no arguments"},
		{"login --token canary", "there is no flag --token"},
		{"login --address canary", "address: must be an http or https URL like http://127.0.0.1:7070"},
		{"login --gateway canary", "gateway address: must be an http or https URL like http://127.0.0.1:7070"},
		{"serve --listen canary", "--listen: must be host:port, for example 127.0.0.1:7070"},
		{"demo canary", "it takes no arguments"},
	}
	for _, tt := range tests {
		t.Run(tt.line, func(t *testing.T) {
			alone(t)
			got := run(t, "", strings.Fields(tt.line)...)
			first, _, _ := strings.Cut(got.err, "\n")
			if got.code != 2 || first != "lockage: "+tt.want {
				t.Errorf("got code %d and %q, want code 2 and %q", got.code, first, "lockage: "+tt.want)
			}
			if got.out != "" {
				t.Errorf("standard output: got %q, want nothing", got.out)
			}
			if strings.Contains(got.err, "canary") && !strings.Contains(tt.want, "canary") {
				t.Errorf("standard error repeats what was refused: %q", got.err)
			}
		})
	}
}

// TestUsageOfScripted checks that a command whose code 2 means changes does not end with it when it is misused.
func TestUsageOfScripted(t *testing.T) {
	tests := []struct{ line, want string }{
		{"plan", "--to is missing"},
		{"plan --canary", "there is no flag --canary"},
		{"push a canary", "it takes no arguments after FOLDER"},
		{"push -m why", "--message is of a commit: give --commit too"},
		{"push --plan --commit", "--plan only shows: leave --commit out"},
	}
	for _, tt := range tests {
		alone(t)
		got := run(t, "", strings.Fields(tt.line)...)
		if first, _, _ := strings.Cut(got.err, "\n"); got.code != 1 || first != "lockage: "+tt.want {
			t.Errorf("%s: got code %d and %q, want code 1 and %q", tt.line, got.code, first, tt.want)
		}
	}
}

func TestUsageInJSON(t *testing.T) {
	got := run(t, "", "logs", "--bogus", "--json")
	want := `{
  "error": {
    "type": "usage",
    "message": "there is no flag --bogus",
    "request_id": ""
  }
}
`
	if got.code != 2 || got.err != want {
		t.Errorf("got code %d and %s, want code 2 and %s", got.code, got.err, want)
	}
}

func TestHelp(t *testing.T) {
	for _, line := range []string{"", "--help", "help", "secrets set --help", "help routes create", "completion bash", "log --help", "push --help"} {
		if got := run(t, "", strings.Fields(line)...); got.code != 0 || got.out == "" || got.err != "" {
			t.Errorf("%q: got code %d, %d bytes of help and the error %q", line, got.code, len(got.out), got.err)
		}
	}
}

func TestWithoutServer(t *testing.T) {
	alone(t)
	got := run(t, "", "environments", "list")
	want := "lockage: which server? Log in once with \"lockage login\", or set LOCKAGE_ADDRESS and LOCKAGE_TOKEN\n"
	if got.code != 1 || got.err != want {
		t.Errorf("got code %d and %q, want code 1 and %q", got.code, got.err, want)
	}
	got = run(t, "", "environments", "list", "--address", "http://127.0.0.1:1")
	want = "lockage: there is no token for this server: log in with \"lockage login --address\", or set LOCKAGE_TOKEN\n"
	if got.code != 1 || got.err != want {
		t.Errorf("got code %d and %q, want code 1 and %q", got.code, got.err, want)
	}
}
