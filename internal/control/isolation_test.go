package control_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/alert"
	"github.com/lockage/lockage/internal/apikey"
	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/definition"
	"github.com/lockage/lockage/internal/environment"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/route"
	"github.com/lockage/lockage/internal/secret"
)

// never is an id that no account ever had, and a name.
const never = "018f0000-0000-7000-8000-0000000000ff"

// answer is all a caller learns.
type answer struct {
	Value, Kind, Message string
}

// places are all the places where a caller may name something; each is asked for a ref.
func (x *fixture) places(t *testing.T, who access.Principal) map[string]func(ref string) answer {
	ctx := t.Context()
	tell := func(v any, err error) answer {
		t.Helper()
		a := answer{Kind: string(fault.KindOf(err))}
		if err != nil {
			a.Message = err.Error()
			return a
		}
		raw, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		a.Value = string(raw)
		return a
	}
	body := func(format string) func(string) []byte {
		return func(ref string) []byte { return fmt.Appendf(nil, format, ref) }
	}
	overlay, active := body(`{"environments":{%q:{"timeout":"1s"}}}`), body(`{"active_environment":%q}`)
	fresh := body(`{"key":"fresh","target_url":"https://example.com","environments":{%q:{"timeout":"1s"}}}`)
	calls := func(f control.CallFilter) answer {
		list, next, err := x.ListCalls(ctx, who, f)
		return tell([]any{list, next}, err)
	}
	log := func(f control.AuditFilter) answer {
		list, _, err := x.ListAudit(ctx, who, f)
		return tell(len(list), err)
	}
	return map[string]func(string) answer{
		"get member":    func(r string) answer { v, err := x.GetMember(ctx, who, r); return tell(v, err) },
		"update member": func(r string) answer { v, err := x.UpdateMember(ctx, who, r, nil, nil); return tell(v, err) },
		"remove member": func(r string) answer { v, err := x.RemoveMember(ctx, who, r); return tell(v, err) },
		"invite again":  func(r string) answer { v, err := x.ResendInvitation(ctx, who, r); return tell(v, err) },
		"permissions of": func(r string) answer {
			v, err := x.Permissions(ctx, who, control.PermissionsOf{Holder: r})
			return tell(v, err)
		},
		"permissions in": func(r string) answer {
			v, err := x.Permissions(ctx, who, control.PermissionsOf{Environment: r})
			return tell(v, err)
		},
		"get token": func(r string) answer { v, err := x.GetToken(ctx, who, r); return tell(v, err) },
		"update token": func(r string) answer {
			v, err := x.UpdateToken(ctx, who, r, control.TokenFields{})
			return tell(v, err)
		},
		"revoke token": func(r string) answer { return tell(nil, x.RevokeToken(ctx, who, r)) },
		"invite for": func(r string) answer {
			v, err := x.InviteMember(ctx, who, "new@example.com", "", granting(r, "viewer"))
			return tell(v, err)
		},
		"make a token for": func(r string) answer {
			v, _, err := x.CreateToken(ctx, who, control.TokenFields{Name: ptr("ci"), Grants: new(granting(r, "viewer"))})
			return tell(v, err)
		},
		"accept with": func(r string) answer {
			v, err := x.AcceptInvitation(ctx, control.Joining{Token: r, Password: comersPassword}, atHome)
			return tell(v, err)
		},
		"sessions of":     func(r string) answer { v, err := x.ListMemberSessions(ctx, who, r); return tell(v, err) },
		"end sessions of": func(r string) answer { v, err := x.EndMemberSessions(ctx, who, r); return tell(v, err) },
		"end session":     func(r string) answer { return tell(nil, x.EndSession(ctx, who, r)) },
		"switch account":  func(r string) answer { v, err := x.SwitchAccount(ctx, who, r); return tell(v, err) },
		"get environment": func(r string) answer { v, err := x.GetEnvironment(ctx, who, r); return tell(v, err) },
		"update environment": func(r string) answer {
			v, err := x.UpdateEnvironment(ctx, who, r, environment.Fields{})
			return tell(v, err)
		},
		"rename environment": func(r string) answer {
			v, err := x.UpdateEnvironment(ctx, who, r, environment.Fields{Name: ptr("x y")})
			return tell(v, err)
		},
		"delete environment": func(r string) answer { return tell(nil, x.DeleteEnvironment(ctx, who, r)) },
		"list keys of":       func(r string) answer { v, _, err := x.ListAPIKeys(ctx, who, r, all); return tell(v, err) },
		"create key in": func(r string) answer {
			v, _, err := x.CreateAPIKey(ctx, who, r, apikey.Secret, noFields)
			return tell(v, err)
		},
		"get key":    func(r string) answer { v, err := x.GetAPIKey(ctx, who, r); return tell(v, err) },
		"update key": func(r string) answer { v, err := x.UpdateAPIKey(ctx, who, r, noFields); return tell(v, err) },
		"revoke key": func(r string) answer { return tell(nil, x.RevokeAPIKey(ctx, who, r)) },
		"rotate key": func(r string) answer { v, _, err := x.RotateAPIKey(ctx, who, r, 0); return tell(v, err) },
		"alerts of":  func(r string) answer { v, _, err := x.ListAlerts(ctx, who, r, all); return tell(v, err) },
		"create alert in": func(r string) answer {
			v, err := x.CreateAlert(ctx, who, r, alert.HardFail, control.AlertInput{})
			return tell(v, err)
		},
		"get alert":    func(r string) answer { v, err := x.GetAlert(ctx, who, r); return tell(v, err) },
		"update alert": func(r string) answer { v, err := x.UpdateAlert(ctx, who, r, control.AlertInput{}); return tell(v, err) },
		"delete alert": func(r string) answer { return tell(nil, x.DeleteAlert(ctx, who, r)) },
		"test alert":   func(r string) answer { v, err := x.TestAlert(ctx, who, r); return tell(v, err) },
		"history of":   func(r string) answer { v, _, err := x.AlertHistory(ctx, who, r, all); return tell(v, err) },
		"get secret":   func(r string) answer { v, err := x.GetSecret(ctx, who, r); return tell(v, err) },
		"update secret": func(r string) answer {
			v, err := x.UpdateSecret(ctx, who, r, ptr("changed"))
			return tell(v, err)
		},
		"delete secret": func(r string) answer { return tell(nil, x.DeleteSecret(ctx, who, r)) },
		"secret's environments": func(r string) answer {
			_, v, _, err := x.SecretEnvironments(ctx, who, r)
			return tell(v, err)
		},
		"set value of": func(r string) answer {
			v, err := x.SetSecretValue(ctx, who, r, "development", text("zebra"))
			return tell(v, err)
		},
		"set value in": func(r string) answer {
			v, err := x.SetSecretValue(ctx, who, "ours", r, text("zebra"))
			return tell(v, err)
		},
		"get variable": func(r string) answer { v, err := x.GetVariable(ctx, who, r); return tell(v, err) },
		"set variable in": func(r string) answer {
			v, err := x.SetVariable(ctx, who, "ours", map[string]*string{r: ptr("x")}, nil)
			return tell(v, err)
		},
		"delete variable":    func(r string) answer { return tell(nil, x.DeleteVariable(ctx, who, r, "")) },
		"delete variable in": func(r string) answer { return tell(nil, x.DeleteVariable(ctx, who, "ours", r)) },
		"set client of": func(r string) answer {
			v, err := x.SetOAuth2Value(ctx, who, r, "development", authorizing, "", control.SecretValue{})
			return tell(v, err)
		},
		"authorize": func(r string) answer { v, _, err := x.Authorize(ctx, who, r, "development"); return tell(v, err) },
		"set certificate of": func(r string) answer {
			v, err := x.SetCertificateValue(ctx, who, r, "development", secret.CertificateInput{}, control.SecretValue{})
			return tell(v, err)
		},
		"change terms of": func(r string) answer {
			v, err := x.UpdateSecretTerms(ctx, who, r, "development", control.SecretTerms{Strict: ptr(false)})
			return tell(v, err)
		},
		"change terms in": func(r string) answer {
			v, err := x.UpdateSecretTerms(ctx, who, "ours", r, control.SecretTerms{Strict: ptr(false)})
			return tell(v, err)
		},
		"versions of": func(r string) answer { v, err := x.SecretVersions(ctx, who, r, "development"); return tell(v, err) },
		"versions in": func(r string) answer { v, err := x.SecretVersions(ctx, who, "ours", r); return tell(v, err) },
		"activate of": func(r string) answer {
			v, err := x.ActivateSecretVersion(ctx, who, r, "development", 1)
			return tell(v, err)
		},
		"activate in": func(r string) answer {
			v, err := x.ActivateSecretVersion(ctx, who, "ours", r, 1)
			return tell(v, err)
		},
		"retire of": func(r string) answer {
			v, err := x.RetireSecretVersion(ctx, who, r, "development", 1, 0, true)
			return tell(v, err)
		},
		"retire in": func(r string) answer {
			v, err := x.RetireSecretVersion(ctx, who, "ours", r, 1, 0, true)
			return tell(v, err)
		},
		"compare values of": func(r string) answer {
			v, err := x.CompareSecretValues(ctx, who, r, "development", "production")
			return tell(v, err)
		},
		"compare values from": func(r string) answer {
			v, err := x.CompareSecretValues(ctx, who, "ours", r, "development")
			return tell(v, err)
		},
		"compare values to": func(r string) answer {
			v, err := x.CompareSecretValues(ctx, who, "ours", "development", r)
			return tell(v, err)
		},
		"expiring in":     func(r string) answer { v, err := x.ExpiringSecrets(ctx, who, r, 0); return tell(v, err) },
		"readiness of":    func(r string) answer { v, err := x.Readiness(ctx, who, r); return tell(v, err) },
		"delete value of": func(r string) answer { return tell(nil, x.DeleteSecretValue(ctx, who, r, "development")) },
		"delete value in": func(r string) answer { return tell(nil, x.DeleteSecretValue(ctx, who, "ours", r)) },
		"duplicate": func(r string) answer {
			v, err := x.DuplicateSecretValue(ctx, who, r, control.SecretDuplicate{Source: "development", Target: "production", Overwrite: true})
			return tell(v, err)
		},
		"duplicate from": func(r string) answer {
			v, err := x.DuplicateSecretValue(ctx, who, "ours", control.SecretDuplicate{Source: r, Target: "development", Overwrite: true})
			return tell(v, err)
		},
		"duplicate to": func(r string) answer {
			v, err := x.DuplicateSecretValue(ctx, who, "ours", control.SecretDuplicate{Source: "development", Target: r, Overwrite: true})
			return tell(v, err)
		},
		"duplicate into": func(r string) answer {
			v, err := x.DuplicateSecretValue(ctx, who, "ours", control.SecretDuplicate{Source: "development", Target: "development", Secret: r})
			return tell(v, err)
		},
		"get route": func(r string) answer { v, err := x.GetRoute(ctx, who, r); return tell(v, err) },
		"update route": func(r string) answer {
			v, err := x.UpdateRoute(ctx, who, r, []byte(`{}`), nil, "")
			return tell(v, err)
		},
		"delete route": func(r string) answer { return tell(nil, x.DeleteRoute(ctx, who, r, nil, "")) },
		"effective":    func(r string) answer { v, err := x.EffectiveRoute(ctx, who, r, "development"); return tell(v, err) },
		"effective in": func(r string) answer { v, err := x.EffectiveRoute(ctx, who, "own", r); return tell(v, err) },
		"switch":       func(r string) answer { v, err := x.SwitchRoute(ctx, who, r, "development", false); return tell(v, err) },
		"switch in":    func(r string) answer { v, err := x.SwitchRoute(ctx, who, "own", r, false); return tell(v, err) },
		"overlay for": func(r string) answer {
			v, err := x.UpdateRoute(ctx, who, "own", overlay(r), nil, "")
			return tell(v, err)
		},
		"new overlay for": func(r string) answer { v, err := x.CreateRoute(ctx, who, fresh(r), nil); return tell(v, err) },
		"active environment": func(r string) answer {
			v, err := x.UpdateRoute(ctx, who, "own", active(r), nil, "")
			return tell(v, err)
		},
		"commit": func(r string) answer {
			v, err := x.Commit(ctx, who, "", []definition.Ref{{Kind: "route", Key: r}})
			return tell(v, err)
		},
		"promote to": func(r string) answer {
			v, err := x.Promote(ctx, who, control.PromotionRequest{To: r})
			return tell(v, err)
		},
		"plan into": func(r string) answer {
			v, err := x.PlanPromotion(ctx, who, control.PromotionRequest{To: r})
			return tell(v, err)
		},
		"plan through": func(r string) answer {
			v, err := x.PlanPromotion(ctx, who, control.PromotionRequest{To: "production", Through: r})
			return tell(v, err)
		},
		"promote through": func(r string) answer {
			v, err := x.Promote(ctx, who, control.PromotionRequest{To: "production", Through: r})
			return tell(v, err)
		},
		"plan a definition": func(r string) answer {
			v, err := x.PlanPromotion(ctx, who, control.PromotionRequest{To: "production", Definitions: refs(r)})
			return tell(v, err)
		},
		"plan a commit": func(r string) answer {
			v, err := x.PlanPromotion(ctx, who, control.PromotionRequest{To: "production", Commits: []string{r}})
			return tell(v, err)
		},
		"get promotion":     func(r string) answer { v, err := x.GetPromotion(ctx, who, r); return tell(v, err) },
		"approve promotion": func(r string) answer { v, err := x.ApprovePromotion(ctx, who, r, ""); return tell(v, err) },
		"reject promotion":  func(r string) answer { v, err := x.RejectPromotion(ctx, who, r, ""); return tell(v, err) },
		"plan a rollback of": func(r string) answer {
			v, err := x.PlanRollback(ctx, who, r, control.RollbackRequest{To: "0"})
			return tell(v, err)
		},
		"roll back": func(r string) answer {
			v, err := x.Rollback(ctx, who, r, control.RollbackRequest{To: "0"})
			return tell(v, err)
		},
		"roll back to": func(r string) answer {
			v, err := x.Rollback(ctx, who, "development", control.RollbackRequest{To: r})
			return tell(v, err)
		},
		"lift the hold of": func(r string) answer { v, err := x.LiftHold(ctx, who, r); return tell(v, err) },
		"discard":          func(r string) answer { return tell(nil, x.DiscardChange(ctx, who, ref(r))) },
		"get commit":       func(r string) answer { v, _, err := x.GetCommit(ctx, who, r); return tell(v, err) },
		"commits of": func(r string) answer {
			v, _, err := x.ListCommits(ctx, who, control.CommitFilter{Environment: r})
			return tell(v, err)
		},
		"commits by": func(r string) answer {
			v, _, err := x.ListCommits(ctx, who, control.CommitFilter{Author: r})
			return tell(v, err)
		},
		"tree of":      func(r string) answer { v, err := x.TreeAt(ctx, who, r, ""); return tell(v.Tree.Root(), err) },
		"tree at":      func(r string) answer { v, err := x.TreeAt(ctx, who, "development", r); return tell(v.Tree.Root(), err) },
		"compare from": func(r string) answer { v, err := x.Compare(ctx, who, r, "development"); return tell(v.Changes, err) },
		"compare to": func(r string) answer {
			v, err := x.Compare(ctx, who, "development", "development@"+r)
			return tell(v.Changes, err)
		},
		"freeze of":   func(r string) answer { v, err := x.Freeze(ctx, who, r); return tell(v, err) },
		"acknowledge": func(r string) answer { return tell(nil, x.AcknowledgeOverride(ctx, who, "development", r)) },
		"acknowledge in": func(r string) answer {
			return tell(nil, x.AcknowledgeOverride(ctx, who, r, never))
		},
		"get call": func(r string) answer { v, err := x.GetCall(ctx, who, r); return tell(v, err) },
		"reveal call": func(r string) answer {
			v, err := x.RevealCall(ctx, who, r, "to see whether it is there")
			return tell(v, err)
		},
		"calls of":         func(r string) answer { return calls(control.CallFilter{Environment: r}) },
		"calls of a route": func(r string) answer { return calls(control.CallFilter{Route: r}) },
		"calls with a key": func(r string) answer { return calls(control.CallFilter{Key: r}) },
		"calls after": func(r string) answer {
			return calls(control.CallFilter{Page: control.Page{Cursor: base64.RawURLEncoding.EncodeToString([]byte("0" + r))}})
		},
		"audit of an actor":  func(r string) answer { return log(control.AuditFilter{Actor: r}) },
		"audit of an action": func(r string) answer { return log(control.AuditFilter{Action: r}) },
		"audit of a place":   func(r string) answer { return log(control.AuditFilter{Environment: r}) },
		"audit of a secret": func(r string) answer {
			list, _, err := x.SecretAudit(ctx, who, r, control.AuditFilter{})
			return tell(len(list), err)
		},
		"audit of a secret in": func(r string) answer {
			list, _, err := x.SecretAudit(ctx, who, "ours", control.AuditFilter{Environment: r})
			return tell(len(list), err)
		},
		"get stream": func(r string) answer { v, err := x.GetAuditStream(ctx, who, r); return tell(v, err) },
		"update stream": func(r string) answer {
			v, err := x.UpdateAuditStream(ctx, who, r, control.AuditStreamFields{Name: ptr("changed")})
			return tell(v, err)
		},
		"delete stream": func(r string) answer { return tell(nil, x.DeleteAuditStream(ctx, who, r)) },
		"test stream":   func(r string) answer { v, err := x.TestAuditStream(ctx, who, r); return tell(v, err) },
		"export of a place": func(r string) answer {
			e, err := x.ExportAudit(ctx, who, control.AuditFilter{Environment: r}, control.ExportJSONL)
			if err != nil {
				return tell(nil, err)
			}
			list, err := e.Next(ctx)
			return tell(len(list), err)
		},
		"export of an actor": func(r string) answer {
			e, err := x.ExportAudit(ctx, who, control.AuditFilter{Actor: r}, control.ExportJSONL)
			if err != nil {
				return tell(nil, err)
			}
			list, err := e.Next(ctx)
			return tell(len(list), err)
		},
		"audit of an outcome": func(r string) answer { return log(control.AuditFilter{Outcome: r}) },
	}
}

// wantStrangers asks at every place for every ref and wants the answer that what never was gets, and no change.
func (x *fixture) wantStrangers(t *testing.T, who access.Principal, strangers map[string]string) {
	t.Helper()
	before := x.state(t)
	for place, ask := range x.places(t, who) {
		want := ask(never)
		for what, ref := range strangers {
			if ref == access.AnyEnvironment && (place == "invite for" || place == "make a token for") {
				continue // there it means all of one's own
			}
			if diff := cmp.Diff(want, ask(ref)); diff != "" {
				t.Errorf("%s, for %s: another answer than for what never was (-want +got):\n%s", place, what, diff)
			}
		}
	}
	if diff := cmp.Diff(before, x.state(t)); diff != "" {
		t.Errorf("asking changed (-before +after):\n%s", diff)
	}
}

func (x *fixture) ours(t *testing.T) {
	t.Helper()
	x.createSecret(t, "ours")
	x.setValue(t, "ours", "development", "a value of ours")
	x.createRoute(t, `{"key":"own","target_url":"https://example.com"}`)
	x.commit(t)
}

func TestAnotherAccountDoesNotExist(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		x.ours(t)
		x.wantStrangers(t, x.owner, map[string]string{
			"an environment": x.foreign.environment, "an environment's name": "staging", "a key": x.foreign.key, "a secret": x.foreign.secret,
			"a secret's name": "foreign_secret", "a route": x.foreign.route, "a route's key": "foreign", "the account": x.foreign.account,
			"its owner": x.foreign.owner.ID, "everything": "*",
		})
		// nor does ours, for whoever comes from there
		x.foreign.asked = true
		x.wantStrangers(t, x.foreign.owner, map[string]string{
			"an environment": x.production, "a key": x.createKey(t, "development").ID, "a secret": "ours", "a route": "own", "the account": x.account,
		})
	})
}

// What belongs to an environment that a principal does not see does not exist for them.
func TestAnUnseenEnvironmentDoesNotExist(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		x.ours(t)
		hidden := x.createEnvironment(t, "hidden")
		key := x.createKey(t, "hidden")
		above := x.createRoute(t, `{"key":"above","target_url":"https://example.com"}`)
		x.commit(t)
		up := x.ask(t, control.PromotionRequest{To: "hidden"})
		x.freeze(t, "hidden", 1)
		if _, _, err := x.CreateAPIKey(t.Context(), overriding(x.owner, "now"), "hidden", apikey.Public, noFields); err != nil {
			t.Fatal(err)
		}
		state, err := x.Freeze(t.Context(), x.owner, "hidden")
		if err != nil {
			t.Fatal(err)
		}
		x.clock.pass(1e9)
		if err := x.DeleteRoute(t.Context(), x.owner, "above", ptr("below only"), ""); err != nil {
			t.Fatal(err)
		}
		call := route.Call{ID: never, Account: x.account, EnvironmentID: hidden.ID, RouteID: above.ID, RouteKey: "above", KeyID: key.ID, Status: 200, Time: x.clock.Now()}
		if err := x.RecordCalls(t.Context(), []route.Call{call}); err != nil {
			t.Fatal(err)
		}
		who := x.with("local", access.Grant{Environment: x.development, Role: access.Owner}, access.Grant{Environment: x.production, Role: access.Owner})
		x.wantStrangers(t, who, map[string]string{
			"the environment": hidden.ID, "its name": "hidden", "its key": key.ID, "a route that is live there": above.ID, "its key there": "above",
			"its commit": up.Commits[0].ID, "its promotion": up.ID, "its override": state.Overrides[0].ID,
		})
		if list, _, err := x.ListRoutes(t.Context(), who, all); err != nil || len(list) != 1 || stands(list[0]) != "development on, production -" {
			t.Errorf("routes: got %+v and %v, want our own one, without the hidden environment", list, err)
		}
		// the same, for whoever sees everything
		if got := stands(x.route(t, "above")); got != "development -, hidden on, production -" {
			t.Errorf("by the owner: got %s, want it live in hidden", got)
		}
	})
}
