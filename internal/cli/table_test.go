package cli_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/lockage/lockage/internal/cli"
)

const twoKeys = `[{"id":"k1","environment":"development","type":"secret","description":"shop","prefix":"sk_Ab3x",` +
	`"last_four":"9xYz","created_at":"2026-01-02T03:04:05.006Z","created_by":"Owner","last_used_at":null,"uses":12,` +
	`"expires_at":"2027-01-02T03:04:05.000Z","revoked_at":null},{"id":"k2","environment":"production","type":"public",` +
	`"description":"\u001b[31mred\tand\u202e back","prefix":"pk_1234","last_four":"abcd","created_at":` +
	`"2026-01-02T03:04:05.006Z","created_by":"Owner","last_used_at":"2026-01-03T00:00:00.000Z","uses":0,` +
	`"expires_at":null,"revoked_at":null}]`

func TestList(t *testing.T) {
	against(t, map[string]string{"GET /v1/api-keys?limit=200": twoKeys})
	got := run(t, "", "keys", "list")
	want := `ID  ENVIRONMENT  TYPE    KEY           DESCRIPTION       USES  LAST USED             EXPIRES               REVOKED
k1  development  secret  sk_Ab3x…9xYz  shop              12    never                 2027-01-02 03:04:05Z  no
k2  production   public  pk_1234…abcd  �[31mred�and� back  0     2026-01-03 00:00:00Z  never                 no
`
	if got.code != 0 || got.err != "" {
		t.Fatalf("got code %d and %q", got.code, got.err)
	}
	if squeeze(got.out) != squeeze(want) {
		t.Errorf("got\n%s\nwant\n%s", got.out, want)
	}
}

// squeeze makes columns comparable whatever a tester's tabwriter thinks of the width of a character.
func squeeze(s string) string {
	var lines []string
	for line := range strings.Lines(s) {
		lines = append(lines, strings.Join(strings.Fields(line), " "))
	}
	return strings.Join(lines, "\n")
}

func TestListInJSON(t *testing.T) {
	against(t, map[string]string{"GET /v1/api-keys?limit=200": twoKeys, "GET /v1/secrets?limit=200": `[]`})
	got := run(t, "", "keys", "list", "--json")
	flat := strings.NewReplacer("\n", "", "  ", "", `": `, `":`).Replace(got.out)
	// What JSON can write in two ways is the same text again.
	want := strings.NewReplacer(`\u202e`, "\u202e").Replace(twoKeys)
	if got.code != 0 || flat != want {
		t.Errorf("got code %d, error %q and\n%s\nwant the API's data\n%s", got.code, got.err, flat, want)
	}
	if got := run(t, "", "--json", "secrets", "list"); got.out != "[]\n" {
		t.Errorf("an empty list: got %q, want []", got.out)
	}
}

func TestOne(t *testing.T) {
	against(t, map[string]string{
		"GET /v1/routes/pay": `{"id":"r1","key":"pay","name":"Payments","description":"","target_url":"https://x.example",` +
			`"methods":null,"inject_headers":{"B":"2","A":"1"},"inject_query":{},"inject_body":null,"rate_limit":` +
			`{"requests":5,"window":"1m"},"timeout":"30s","echo_guard":true,"public":false,"active_environment":"production",` +
			`"environments":{"staging":{"timeout":null}},"draft":true,"hash":"h","status":[{"environment":"development",` +
			`"committed":true,"active":true},{"environment":"staging","committed":true,"active":false},` +
			`{"environment":"production","committed":false,"active":false}],"created_at":null,` +
			`"updated_at":"2026-01-02T03:04:05.000Z"}`,
	})
	got := run(t, "", "routes", "get", "pay")
	want := `key: pay
name: Payments
target: https://x.example
live in: development, staging (off)
draft: yes
description:
methods: every
headers: A: 1
B: 2
query:
body:
rate limit: 5 requests in 1m
timeout: 30s
client certificate:
echo guard: yes
public: no
active environment: production
overlays: staging
etag:
hash: h
updated: 2026-01-02 03:04:05Z
id: r1`
	if got.code != 0 || strings.TrimSpace(squeeze(got.out)) != want {
		t.Errorf("got code %d, error %q and\n%s\nwant\n%s", got.code, got.err, got.out, want)
	}
}

func TestRefusal(t *testing.T) {
	envelope := `400 {"error":{"type":"in_use","message":"2 fields were refused\u001b[2J","request_id":"r7",` +
		`"fields":[{"field":"name","message":"is bad"},{"field":"color","message":"is worse"}],` +
		`"routes":[{"id":"1","name":"pay"}]}}`
	against(t, map[string]string{
		"POST /v1/environments": envelope,
		"GET /v1/secrets/x":     `400 {"error":{"type":"validation_error","message":"a: b","fields":[{"field":"a","message":"b"}]}}`,
	})
	got := run(t, "", "environments", "create", "x")
	want := "lockage: 2 fields were refused�[2J\n  name: is bad\n  color: is worse\n  route pay (1)\n"
	if got.code != 1 || got.err != want || got.out != "" {
		t.Errorf("got code %d, %q and %q, want code 1 and %q", got.code, got.out, got.err, want)
	}
	if got := run(t, "", "secrets", "get", "x"); got.err != "lockage: a: b\n" {
		t.Errorf("a field that the message names already: got %q, want it once", got.err)
	}
	got = run(t, "", "environments", "create", "x", "--json")
	flat := strings.NewReplacer("\n", "", "  ", "", `": `, `":`).Replace(got.err)
	if want := strings.TrimPrefix(envelope, "400 "); got.code != 1 || flat != want || got.out != "" {
		t.Errorf("with --json: got code %d, %q and\n%s\nwant code 1 and\n%s", got.code, got.out, flat, want)
	}
}

func TestOutputThatCannotBeWritten(t *testing.T) {
	against(t, map[string]string{"GET /v1/environments": oneEnvironment})
	var errOut strings.Builder
	code := cli.Run(t.Context(), []string{"environments", "list"}, strings.NewReader(""), fullDisk{}, &errOut)
	if code != 1 || !strings.Contains(errOut.String(), "disk full") {
		t.Errorf("got code %d and %q, want code 1 and the reason", code, &errOut)
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("disk full") }
