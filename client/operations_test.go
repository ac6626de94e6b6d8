package client_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/client"
	"github.com/lockage/lockage/wire"
)

// sent is what a server saw of a request.
type sent struct{ Method, URI, Body string }

// record answers every request with the data and keeps what it was sent.
func record(t *testing.T, data string) (*client.Client, *[]sent) {
	t.Helper()
	var got []sent
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("read the body: %v", err)
		}
		if h := r.Header.Get("Authorization"); h != "Bearer tk_test" {
			t.Errorf("Authorization: got %q, want the token", h)
		}
		unkept := strings.HasPrefix(r.URL.Path, "/v1/accounts") // which the server does again
		if r.Method == http.MethodPost && (r.Header.Get("Idempotency-Key") == "") != unkept {
			t.Errorf("%s %s: got Idempotency-Key %q, want one: %t", r.Method, r.URL, r.Header.Get("Idempotency-Key"), !unkept)
		}
		if len(body) > 0 && r.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s %s: Content-Type %q", r.Method, r.URL, r.Header.Get("Content-Type"))
		}
		got = append(got, sent{r.Method, r.URL.RequestURI(), string(body)})
		_, _ = io.WriteString(w, `{"data":`+data+`,"meta":{"request_id":"r1","next_cursor":"next"}}`)
	}))
	t.Cleanup(server.Close)
	return dial(t, server.URL), &got
}

func dial(t *testing.T, address string) *client.Client {
	t.Helper()
	c, err := client.New(client.Config{Address: address, Token: "tk_test"})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestOperations(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 6_700_000, time.FixedZone("", 3600))
	page := client.Page{Limit: 7, Cursor: "c&"}
	tests := []struct {
		name string
		list bool
		call func(context.Context, *client.Client) (any, error)
		want sent
	}{
		{"list environments", true, func(ctx context.Context, c *client.Client) (any, error) {
			return c.ListEnvironments(ctx)
		}, sent{"GET", "/v1/environments", ""}},
		{"get environment", false, func(ctx context.Context, c *client.Client) (any, error) {
			return c.GetEnvironment(ctx, "a b/..?x")
		}, sent{"GET", "/v1/environments/a%20b%2F..%3Fx", ""}},
		{"create environment", false, func(ctx context.Context, c *client.Client) (any, error) {
			return c.CreateEnvironment(ctx, wire.EnvironmentCreate{Name: "staging", Color: "#f59e0b"})
		}, sent{"POST", "/v1/environments", `{"name":"staging","color":"#f59e0b"}`}},
		{"update environment", false, func(ctx context.Context, c *client.Client) (any, error) {
			return c.UpdateEnvironment(ctx, "staging", wire.EnvironmentUpdate{Name: new("qa"), IsDefault: new(true)})
		}, sent{"PATCH", "/v1/environments/staging", `{"name":"qa","is_default":true}`}},
		{"delete environment", false, func(ctx context.Context, c *client.Client) (any, error) {
			return nil, c.DeleteEnvironment(ctx, "staging")
		}, sent{"DELETE", "/v1/environments/staging", ""}},

		{"list accounts", true, func(ctx context.Context, c *client.Client) (any, error) {
			list, _, err := c.ListAccounts(ctx, page)
			return list, err
		}, sent{"GET", "/v1/accounts?cursor=c%26&limit=7", ""}},
		{"create an account", false, func(ctx context.Context, c *client.Client) (any, error) {
			return c.CreateAccount(ctx, wire.AccountCreate{Name: "acme", Email: "ada@example.com"})
		}, sent{"POST", "/v1/accounts", `{"name":"acme","email":"ada@example.com"}`}},
		{"confirm an account", false, func(ctx context.Context, c *client.Client) (any, error) {
			return c.ConfirmAccount(ctx, wire.AccountConfirm{Token: "acc_x"})
		}, sent{"POST", "/v1/accounts/confirm", `{"token":"acc_x"}`}},

		{"list sessions", true, func(ctx context.Context, c *client.Client) (any, error) {
			return c.ListSessions(ctx)
		}, sent{"GET", "/v1/sessions", ""}},
		{"end session", false, func(ctx context.Context, c *client.Client) (any, error) {
			return nil, c.EndSession(ctx, "s1")
		}, sent{"DELETE", "/v1/sessions/s1", ""}},
		{"end other sessions", false, func(ctx context.Context, c *client.Client) (any, error) {
			return nil, c.EndOtherSessions(ctx)
		}, sent{"DELETE", "/v1/sessions", ""}},
		{"list a member's sessions", true, func(ctx context.Context, c *client.Client) (any, error) {
			return c.ListMemberSessions(ctx, "m1")
		}, sent{"GET", "/v1/members/m1/sessions", ""}},
		{"end a member's sessions", false, func(ctx context.Context, c *client.Client) (any, error) {
			return nil, c.EndMemberSessions(ctx, "m1")
		}, sent{"DELETE", "/v1/members/m1/sessions", ""}},

		{"list keys", true, func(ctx context.Context, c *client.Client) (any, error) {
			l, _, err := c.ListAPIKeys(ctx, "staging", page)
			return l, err
		}, sent{"GET", "/v1/api-keys?cursor=c%26&environment=staging&limit=7", ""}},
		{"list keys of all", true, func(ctx context.Context, c *client.Client) (any, error) {
			l, _, err := c.ListAPIKeys(ctx, "", client.Page{})
			return l, err
		}, sent{"GET", "/v1/api-keys", ""}},
		{"get key", false, func(ctx context.Context, c *client.Client) (any, error) {
			return c.GetAPIKey(ctx, "k1")
		}, sent{"GET", "/v1/api-keys/k1", ""}},
		{"create key", false, func(ctx context.Context, c *client.Client) (any, error) {
			return c.CreateAPIKey(ctx, wire.APIKeyCreate{Environment: "staging", Type: "secret", ExpiresAt: new(wire.Time(at))})
		}, sent{
			"POST", "/v1/api-keys",
			`{"environment":"staging","type":"secret","expires_at":"2026-01-02T02:04:05.006Z"}`,
		}},
		{"update key", false, func(ctx context.Context, c *client.Client) (any, error) {
			return c.UpdateAPIKey(ctx, "k1", client.APIKeyUpdate{Description: new(""), ExpiresAt: new(wire.Time{})})
		}, sent{"PATCH", "/v1/api-keys/k1", `{"description":"","expires_at":null}`}},
		{"rotate key", false, func(ctx context.Context, c *client.Client) (any, error) {
			return c.RotateAPIKey(ctx, "k1", 36*time.Hour)
		}, sent{"POST", "/v1/api-keys/k1/rotate", `{"grace":"36h0m0s"}`}},
		{"revoke key", false, func(ctx context.Context, c *client.Client) (any, error) {
			return nil, c.RevokeAPIKey(ctx, "k1")
		}, sent{"DELETE", "/v1/api-keys/k1", ""}},

		{"list secrets", true, func(ctx context.Context, c *client.Client) (any, error) {
			l, _, err := c.ListSecrets(ctx, page)
			return l, err
		}, sent{"GET", "/v1/secrets?cursor=c%26&limit=7", ""}},
		{"get secret", false, func(ctx context.Context, c *client.Client) (any, error) {
			return c.GetSecret(ctx, "stripe")
		}, sent{"GET", "/v1/secrets/stripe", ""}},
		{"create secret", false, func(ctx context.Context, c *client.Client) (any, error) {
			return c.CreateSecret(ctx, wire.SecretCreate{Name: "stripe"})
		}, sent{"POST", "/v1/secrets", `{"name":"stripe"}`}},
		{"update secret", false, func(ctx context.Context, c *client.Client) (any, error) {
			return c.UpdateSecret(ctx, "stripe", wire.SecretUpdate{Description: new("d")})
		}, sent{"PATCH", "/v1/secrets/stripe", `{"description":"d"}`}},
		{"delete secret", false, func(ctx context.Context, c *client.Client) (any, error) {
			return nil, c.DeleteSecret(ctx, "stripe")
		}, sent{"DELETE", "/v1/secrets/stripe", ""}},
		{"secret environments", true, func(ctx context.Context, c *client.Client) (any, error) {
			return c.SecretEnvironments(ctx, "stripe")
		}, sent{"GET", "/v1/secrets/stripe/environments", ""}},
		{"set value", false, func(ctx context.Context, c *client.Client) (any, error) {
			return c.SetSecretValue(ctx, "stripe", "qa", "v")
		}, sent{"PUT", "/v1/secrets/stripe/environments/qa", `{"value":"v"}`}},
		{"delete value", false, func(ctx context.Context, c *client.Client) (any, error) {
			return nil, c.DeleteSecretValue(ctx, "stripe", "qa")
		}, sent{"DELETE", "/v1/secrets/stripe/environments/qa", ""}},
		{"duplicate value", false, func(ctx context.Context, c *client.Client) (any, error) {
			return c.DuplicateSecretValue(ctx, "stripe", "qa", wire.SecretDuplicate{TargetEnvironment: "dev", Overwrite: true})
		}, sent{
			"POST", "/v1/secrets/stripe/environments/qa/duplicate",
			`{"target_environment":"dev","overwrite":true}`,
		}},

		{"list routes", true, func(ctx context.Context, c *client.Client) (any, error) {
			l, _, err := c.ListRoutes(ctx, page)
			return l, err
		}, sent{"GET", "/v1/routes?cursor=c%26&limit=7", ""}},
		{"get route", false, func(ctx context.Context, c *client.Client) (any, error) {
			return c.GetRoute(ctx, "pay")
		}, sent{"GET", "/v1/routes/pay", ""}},
		{"create route", false, func(ctx context.Context, c *client.Client) (any, error) {
			return c.CreateRoute(ctx, json.RawMessage(`{"key":"pay","key":null}`), nil)
		}, sent{"POST", "/v1/routes", `{"key":"pay","key":null}`}},
		{"update and commit route", false, func(ctx context.Context, c *client.Client) (any, error) {
			return c.UpdateRoute(ctx, "pay", json.RawMessage(`{"timeout":null}`), new("no limit"))
		}, sent{"PATCH", "/v1/routes/pay?commit=no+limit", `{"timeout":null}`}},
		{"update the route that was seen", false, func(ctx context.Context, c *client.Client) (any, error) {
			return c.UpdateRoute(ctx, "pay", json.RawMessage(`{}`), nil, client.IfMatch(`"7"`))
		}, sent{"PATCH", "/v1/routes/pay", `{}`}},
		{"delete and commit route", false, func(ctx context.Context, c *client.Client) (any, error) {
			return nil, c.DeleteRoute(ctx, "pay", new(""))
		}, sent{"DELETE", "/v1/routes/pay?commit=", ""}},
		{"effective route", false, func(ctx context.Context, c *client.Client) (any, error) {
			return c.EffectiveRoute(ctx, "pay", "qa")
		}, sent{"GET", "/v1/routes/pay/effective?environment=qa", ""}},
		{"switch route", false, func(ctx context.Context, c *client.Client) (any, error) {
			return c.SwitchRoute(ctx, "pay", "qa", false)
		}, sent{"PUT", "/v1/routes/pay/environments/qa/status", `{"active":false}`}},

		{"commit", false, func(ctx context.Context, c *client.Client) (any, error) {
			return c.Commit(ctx, wire.CommitCreate{Message: "m", Definitions: []wire.DefinitionRef{{Kind: "route", Key: "pay"}}})
		}, sent{"POST", "/v1/commits", `{"message":"m","definitions":[{"kind":"route","key":"pay"}]}`}},
		{"changes", true, func(ctx context.Context, c *client.Client) (any, error) {
			return c.ListChanges(ctx)
		}, sent{"GET", "/v1/changes", ""}},
		{"discard", false, func(ctx context.Context, c *client.Client) (any, error) {
			return nil, c.DiscardChange(ctx, "route", "pay")
		}, sent{"DELETE", "/v1/changes/route/pay", ""}},
		{"commits", true, func(ctx context.Context, c *client.Client) (any, error) {
			l, _, err := c.ListCommits(ctx, client.CommitFilter{
				Environment: "qa", Definition: "route/pay", Author: "a", Cause: "rollback",
			}, page)
			return l, err
		}, sent{"GET", "/v1/commits?author=a&cause=rollback&cursor=c%26&definition=route%2Fpay&environment=qa&limit=7", ""}},
		{"get commit", false, func(ctx context.Context, c *client.Client) (any, error) {
			return c.GetCommit(ctx, "c1")
		}, sent{"GET", "/v1/commits/c1", ""}},
		{"plan a promotion", false, func(ctx context.Context, c *client.Client) (any, error) {
			return c.PlanPromotion(ctx, wire.PromotionCreate{To: "qa", Through: "dev", Commits: []string{"c1"}})
		}, sent{"POST", "/v1/promotions/plan", `{"to":"qa","through":"dev","commits":["c1"]}`}},
		{"promotions", true, func(ctx context.Context, c *client.Client) (any, error) {
			l, _, err := c.ListPromotions(ctx, "open", page)
			return l, err
		}, sent{"GET", "/v1/promotions?cursor=c%26&limit=7&state=open", ""}},
		{"get promotion", false, func(ctx context.Context, c *client.Client) (any, error) {
			return c.GetPromotion(ctx, "p1")
		}, sent{"GET", "/v1/promotions/p1", ""}},
		{"approve", false, func(ctx context.Context, c *client.Client) (any, error) {
			return c.ApprovePromotion(ctx, "p1", "hash")
		}, sent{"POST", "/v1/promotions/p1/approve", `{"plan":"hash"}`}},
		{"reject", false, func(ctx context.Context, c *client.Client) (any, error) {
			return c.RejectPromotion(ctx, "p1", "no")
		}, sent{"POST", "/v1/promotions/p1/reject", `{"reason":"no"}`}},
		{"plan a rollback", false, func(ctx context.Context, c *client.Client) (any, error) {
			return c.PlanRollback(ctx, "qa", wire.RollbackCreate{To: "7"})
		}, sent{"POST", "/v1/environments/qa/rollback/plan", `{"to":"7"}`}},
		{"roll back", false, func(ctx context.Context, c *client.Client) (any, error) {
			return c.Rollback(ctx, "qa", wire.RollbackCreate{To: "7", Message: "m", Plan: "hash", Force: true})
		}, sent{"POST", "/v1/environments/qa/rollback", `{"to":"7","message":"m","plan":"hash","force":true}`}},
		{"lift hold", false, func(ctx context.Context, c *client.Client) (any, error) {
			return nil, c.LiftHold(ctx, "qa")
		}, sent{"DELETE", "/v1/environments/qa/hold", ""}},
		{"tree", false, func(ctx context.Context, c *client.Client) (any, error) {
			return c.Tree(ctx, "qa", "")
		}, sent{"GET", "/v1/environments/qa/tree", ""}},
		{"tree at a moment", false, func(ctx context.Context, c *client.Client) (any, error) {
			return c.Tree(ctx, "qa", "2026-01-02T03:04:05+01:00")
		}, sent{"GET", "/v1/environments/qa/tree?at=2026-01-02T03%3A04%3A05%2B01%3A00", ""}},
		{"compare", false, func(ctx context.Context, c *client.Client) (any, error) {
			return c.Compare(ctx, "qa@7", "production")
		}, sent{"GET", "/v1/diff?from=qa%407&to=production", ""}},
		{"freeze", false, func(ctx context.Context, c *client.Client) (any, error) {
			return c.Freeze(ctx, "qa")
		}, sent{"GET", "/v1/environments/qa/freeze", ""}},
		{"acknowledge", false, func(ctx context.Context, c *client.Client) (any, error) {
			return nil, c.AcknowledgeOverride(ctx, "qa", "o1")
		}, sent{"POST", "/v1/environments/qa/freeze/overrides/o1/acknowledge", ""}},
		{"account", false, func(ctx context.Context, c *client.Client) (any, error) {
			return c.GetAccount(ctx)
		}, sent{"GET", "/v1/account", ""}},
		{"update account", false, func(ctx context.Context, c *client.Client) (any, error) {
			return c.UpdateAccount(ctx, wire.AccountUpdate{CommitMessageRequired: new(true)})
		}, sent{"PATCH", "/v1/account", `{"commit_message_required":true}`}},
		{"list second factors", false, func(ctx context.Context, c *client.Client) (any, error) {
			return c.ListSecondFactors(ctx)
		}, sent{"GET", "/v1/second-factors", ""}},
		{"create totp", false, func(ctx context.Context, c *client.Client) (any, error) {
			return c.CreateTOTP(ctx, wire.TOTPCreate{Name: "phone"})
		}, sent{"POST", "/v1/second-factors/totp", `{"name":"phone"}`}},
		{"confirm totp", false, func(ctx context.Context, c *client.Client) (any, error) {
			return c.ConfirmTOTP(ctx, "a/b", wire.TOTPConfirm{Code: "123456"})
		}, sent{"POST", "/v1/second-factors/totp/a%2Fb/confirm", `{"code":"123456"}`}},
		{"begin passkey", false, func(ctx context.Context, c *client.Client) (any, error) {
			return c.BeginPasskey(ctx)
		}, sent{"POST", "/v1/second-factors/passkeys/begin", ""}},
		{"create passkey", false, func(ctx context.Context, c *client.Client) (any, error) {
			return c.CreatePasskey(ctx, wire.PasskeyCreate{Name: "key", Credential: []byte(`{"id":"x"}`)})
		}, sent{"POST", "/v1/second-factors/passkeys", `{"name":"key","credential":{"id":"x"}}`}},
		{"renew recovery codes", false, func(ctx context.Context, c *client.Client) (any, error) {
			return c.RenewRecoveryCodes(ctx)
		}, sent{"POST", "/v1/second-factors/recovery-codes", ""}},
		{"delete second factor", false, func(ctx context.Context, c *client.Client) (any, error) {
			return c.DeleteSecondFactor(ctx, "f1")
		}, sent{"DELETE", "/v1/second-factors/f1", ""}},
		{"get provider link", false, func(ctx context.Context, c *client.Client) (any, error) {
			return c.GetProviderLink(ctx)
		}, sent{"GET", "/v1/login-provider", ""}},
		{"begin provider link", false, func(ctx context.Context, c *client.Client) (any, error) {
			return c.BeginProviderLink(ctx)
		}, sent{"POST", "/v1/login-provider/begin", ""}},
		{"link provider", false, func(ctx context.Context, c *client.Client) (any, error) {
			return c.LinkProvider(ctx, wire.ProviderAnswer{Code: "c", State: "s", Secret: "t"})
		}, sent{"POST", "/v1/login-provider", `{"code":"c","state":"s","secret":"t"}`}},
		{"unlink provider", false, func(ctx context.Context, c *client.Client) (any, error) {
			return c.UnlinkProvider(ctx)
		}, sent{"DELETE", "/v1/login-provider", ""}},
		{"promote", false, func(ctx context.Context, c *client.Client) (any, error) {
			return c.Promote(ctx, wire.PromotionCreate{To: "qa", Message: "m"})
		}, sent{"POST", "/v1/promotions", `{"to":"qa","message":"m"}`}},

		{"logs", true, func(ctx context.Context, c *client.Client) (any, error) {
			l, _, err := c.ListLogs(ctx, client.LogFilter{
				Environment: "qa", Route: "pay", Status: "5xx", Key: "k1", Since: at, Until: at.Add(time.Second),
			}, page)
			return l, err
		}, sent{"GET", "/v1/logs?cursor=c%26&environment=qa&key=k1&limit=7&route=pay" +
			"&since=2026-01-02T02%3A04%3A05.006Z&status=5xx&until=2026-01-02T02%3A04%3A06.006Z", ""}},
		{"checkpoint", false, func(ctx context.Context, c *client.Client) (any, error) {
			return c.AuditCheckpoint(ctx)
		}, sent{"GET", "/v1/audit-logs/checkpoint", ""}},
		{"audit actions", true, func(ctx context.Context, c *client.Client) (any, error) {
			return c.AuditActions(ctx)
		}, sent{"GET", "/v1/audit-logs/actions", ""}},
		{"audit of a secret", true, func(ctx context.Context, c *client.Client) (any, error) {
			l, _, err := c.ListSecretAudit(ctx, "stripe", client.SecretAuditFilter{Environment: "qa", Outcome: "refused", Since: at, Until: at.Add(time.Second)}, page)
			return l, err
		}, sent{"GET", "/v1/secrets/stripe/audit?cursor=c%26&environment=qa&limit=7&outcome=refused" +
			"&since=2026-01-02T02%3A04%3A05.006Z&until=2026-01-02T02%3A04%3A06.006Z", ""}},
		{"audit", true, func(ctx context.Context, c *client.Client) (any, error) {
			l, _, err := c.ListAudit(ctx, client.AuditFilter{
				Actor: "a", Action: "x.y", Environment: "qa", Target: "t", Outcome: "refused", Ascending: true,
			}, client.Page{})
			return l, err
		}, sent{"GET", "/v1/audit-logs?action=x.y&actor=a&environment=qa&order=asc&outcome=refused&target=t", ""}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			data := "{}"
			if tt.list {
				data = "[{}]"
			}
			c, got := record(t, data)
			if _, err := tt.call(t.Context(), c); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]sent{tt.want}, *got); diff != "" {
				t.Errorf("the request differs (-want +got):\n%s", diff)
			}
		})
	}
}
