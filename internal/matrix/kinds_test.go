package matrix_test

import "strings"

// kinds says of what kind the thing is that a parameter, or a field of a body, names: by the concept its path begins with
// and its name, or by its name alone. A new kind is made in furnish_test.go.
var kinds = map[string]string{
	"members.id":         "member",
	"permissions.member": "member",
	"permissions.token":  "token",
	"grants.environment": "environment",
	"tokens.id":          "token",
	"sessions.id":        "session",
	"second-factors.id":  "factor",
	"auth.account":       "account",
	"alerts.id":          "alert",
	"audit-streams.id":   "stream",
	"environments.id":    "environment",
	"api-keys.id":        "key",
	"secrets.id":         "secret",
	"commits.id":         "commit",
	"promotions.id":      "promotion",
	"logs.id":            "call",
	"routes.key":         "route",
	"variables.key":      "variable",
	"changes.key":        "draft",
	"changes.kind":       "kind",
	"secret_id":          "secret",
	"override":           "override",
	"version":            "version",
	"environment":        "environment",
	"environment_name":   "environment",
	"source":             "environment",
	"source_env":         "environment",
	"target_environment": "environment",
	"to":                 "environment",
	"from":               "environment",
}

// kindOf is the kind of what a parameter of an operation names; "" where that is not known.
func kindOf(path, name string) string {
	concept := strings.Split(path, "/")[2]
	if kind, ok := kinds[concept+"."+name]; ok {
		return kind
	}
	return kinds[name]
}

// local are the kinds that belong to an environment, wide those that belong to an account. A version number or a place in a
// history means nothing by itself.
var (
	local = []string{"environment", "environment name", "key", "commit", "promotion", "override", "call", "alert"}
	wide  = []string{"secret", "secret name", "spare", "oauth2", "tls", "route", "route id", "draft", "variable", "member", "token", "session", "factor", "account", "stream", "invited"}
)
