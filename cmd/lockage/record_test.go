package main_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// callRecord is what is kept of a call.
type callRecord struct {
	RequestID   string   `json:"request_id"`
	Environment string   `json:"environment"`
	Route       string   `json:"route"`
	KeyID       string   `json:"key_id"`
	Method      string   `json:"method"`
	Path        string   `json:"path"`
	Status      int      `json:"status"`
	Secrets     []string `json:"secrets"`
	ErrorType   string   `json:"error_type"`
}

func callLog(t *testing.T, s *story) {
	a := s.call(t, s.keys["production"].Key, "/payments/v1/recorded?q=1")
	id := a.Header.Get("Lockage-Request-Id")
	var got callRecord
	until(t, time.Second, "the call in the log", func() bool {
		list := want[[]callRecord](t, s.api(t, http.MethodGet, "/v1/logs?environment=production&limit=5", ""), http.StatusOK)
		at := slices.IndexFunc(list, func(r callRecord) bool { return r.RequestID == id })
		if at >= 0 {
			got = list[at]
		}
		return at >= 0
	})
	wanted := callRecord{
		RequestID: id, Environment: "production", Route: "payments", KeyID: s.keys["production"].ID, Method: "GET",
		Path: got.Path, Status: 200, Secrets: []string{"stripe_api_key"},
	}
	if diff := cmp.Diff(wanted, got); diff != "" || !strings.Contains(got.Path, "/v1/recorded") || strings.Contains(got.Path, "?") {
		t.Errorf("the record has the path %s and differs (-want +got):\n%s", got.Path, diff)
	}
	for _, filter := range []string{
		"--environment=production", "--route=payments", "--status=2xx", "--key=" + s.keys["production"].ID, "--since=1h",
	} {
		if out := s.runs(t, "", "logs", "--json", "--limit=0", filter); !strings.Contains(out, id) {
			t.Errorf("logs %s does not list the call", filter)
		}
	}
	for _, filter := range []string{"--environment=staging", "--route=other", "--status=5xx", "--until=1h"} {
		if out := s.runs(t, "", "logs", "--json", "--limit=0", filter); strings.Contains(out, id) {
			t.Errorf("logs %s lists the call", filter)
		}
	}
	var failed []callRecord
	read(t, s.runs(t, "", "logs", "--json", "--status=5xx", "--environment=staging"), &failed)
	if len(failed) == 0 || failed[0].ErrorType != "secret_not_configured" || failed[0].Status != 500 {
		t.Errorf("the hard failure in the log: %+v", failed)
	}
}

func auditLog(t *testing.T, s *story) {
	out := s.runs(t, "", "audit", "list", "--limit=0", "--json")
	var list []struct {
		Action, Outcome string
		Actor, Target   struct{ Kind, Name string }
	}
	read(t, out, &list)
	seen := map[string]bool{}
	for _, e := range list {
		seen[e.Actor.Kind+" "+e.Action+" "+e.Target.Name+" "+e.Outcome] = true
	}
	for _, wanted := range []string{
		"system account.create default allowed", "token environment.create staging allowed", "token secret.value.set stripe_api_key allowed",
		"token route.save payments allowed", "token secret.value.delete stripe_api_key refused", "member secret.value.duplicate stripe_api_key refused",
		"member secret.value.set stripe_api_key allowed", "member session.login " + ownerEmail + " allowed",
		"member session.login " + ownerEmail + " refused", "token environment.delete staging refused",
	} {
		if !seen[wanted] {
			t.Errorf("the audit log has no entry %q", wanted)
		}
	}
	if out := s.runs(t, "", "audit", "verify"); !strings.Contains(out, fmt.Sprintf("%d entries are intact", len(list))) {
		t.Errorf("audit verify says %q of %d entries", out, len(list))
	}
}
