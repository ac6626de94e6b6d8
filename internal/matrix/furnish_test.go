package matrix_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/route"
	"github.com/lockage/lockage/internal/store"
)

// furnish makes one of everything in each environment of the account.
func (h *household) furnish(first, top string) {
	middle := h.prefix + "staging"
	h.make("POST", "/v1/environments", fmt.Sprintf(`{"name":%q}`, middle))
	levels := []string{first, middle, top}
	for _, level := range levels {
		e := h.make("GET", "/v1/environments/"+level, "")
		h.things[level[len(h.prefix):]] = things{"environment": e["id"].(string), "environment name": level}
	}
	h.secrets(levels)
	h.definitions(levels)
	h.draft()
	h.invite()
	for i, level := range levels {
		in := h.things[level[len(h.prefix):]]
		in["below"] = levels[max(i-1, 0)]
		key := h.make("POST", "/v1/api-keys", fmt.Sprintf(`{"environment":%q,"type":"secret"}`, level))
		in["key"], in["sk_"] = key["id"].(string), key["key"].(string)
		in["pk_"] = h.make("POST", "/v1/api-keys", fmt.Sprintf(`{"environment":%q,"type":"public"}`, level))["key"].(string)
		in["alert"] = h.made("POST", "/v1/alerts", fmt.Sprintf(
			`{"environment":%q,"name":"slow","kind":"latency_p95","to":[{"email":"oncall@example.com"}]}`, level))
		h.override(level, in)
		h.call(in)
	}
	h.proposals(levels[1:])
	certificate := selfSigned(h.w.t, h.w.clock.Now())
	for _, in := range h.things {
		in["certificate fields"], in["kind"] = certificate, "route"
	}
	h.make("PATCH", "/v1/environments/"+top, `{"protected":true}`)
}

// made is make for the id of what was made.
func (h *household) made(method, path, body string, headers ...string) string {
	id, ok := h.make(method, path, body, headers...)["id"].(string)
	if !ok {
		h.w.t.Fatalf("%s %s: the answer has no id", method, path)
	}
	return id
}

func (h *household) secrets(levels []string) {
	name := func(s string) string { return h.prefix + s }
	ids := map[string]string{
		"secret": h.made("POST", "/v1/secrets", fmt.Sprintf(`{"name":%q}`, name("stripe"))),
		"spare":  h.made("POST", "/v1/secrets", fmt.Sprintf(`{"name":%q}`, name("spare"))),
		"oauth2": h.made("POST", "/v1/secrets", fmt.Sprintf(`{"name":%q,"type":"oauth2"}`, name("google"))),
		"tls":    h.made("POST", "/v1/secrets", fmt.Sprintf(`{"name":%q,"type":"certificate"}`, name("tls"))),
		"stream": h.made("POST", "/v1/audit-streams", fmt.Sprintf(`{"name":%q,"kind":"syslog","address":"tcp://logs.example.com:514"}`, name("siem"))),
	}
	for i, level := range levels {
		at := "/v1/secrets/" + ids["secret"] + "/environments/" + level
		h.make("PUT", at, fmt.Sprintf(`{"value":"sk_live_%d_9f8a7b6c5d4e3f2a1b0c9d8e"}`, i))
		h.make("PUT", at, fmt.Sprintf(`{"value":"sk_live_%d_0a1b2c3d4e5f6a7b8c9d0e1f"}`, i))
		h.make("PUT", "/v1/secrets/"+ids["spare"]+"/environments/"+level, fmt.Sprintf(`{"value":"sk_live_%d_77aa66bb55cc44dd33ee22ff"}`, i))
		h.make("PUT", "/v1/secrets/"+ids["oauth2"]+"/environments/"+level+"/oauth2", oauth2Body)
		in := h.things[level[len(h.prefix):]]
		for kind, id := range ids {
			in[kind] = id
		}
		in["secret name"], in["version"] = name("stripe"), "1"
		h.make("PUT", "/v1/variables/"+name("region"), fmt.Sprintf(`{"values":{%q:"eu"}}`, level))
		in["variable"] = name("region")
	}
}

const oauth2Body = `{"grant_type":"authorization_code","client_id":"c","client_secret":"s","token_url":"https://provider.example/token",` +
	`"auth_url":"https://provider.example/authorize"}`

// definitions makes a route that is live everywhere, then changes it so that each environment is ahead of the one above.
func (h *household) definitions(levels []string) {
	key := h.prefix + "charges"
	h.make("POST", "/v1/routes?commit=begin", fmt.Sprintf(
		`{"key":%q,"target_url":"https://api.example.com","inject_headers":{"X-Key":"{{secret:%sstripe}}"}}`, key, h.prefix))
	h.make("POST", "/v1/promotions", fmt.Sprintf(`{"to":%q,"message":"begin"}`, levels[1]))
	h.make("POST", "/v1/promotions", fmt.Sprintf(`{"to":%q,"message":"begin"}`, levels[2]))
	h.make("PATCH", "/v1/routes/"+key+"?commit=second", `{"timeout":"2s"}`)
	h.make("POST", "/v1/promotions", fmt.Sprintf(`{"to":%q,"message":"second"}`, levels[1]))
	h.make("PATCH", "/v1/routes/"+key+"?commit=third", `{"timeout":"3s"}`)
	for _, level := range levels {
		a := h.w.do(h.cast["maker"], http.MethodGet, "/v1/commits?environment="+level, "")
		in := h.things[level[len(h.prefix):]]
		in["route"], in["commit"], in["moment"] = key, first(h.w.t, a, "id"), "0"
	}
	in := h.make("GET", "/v1/routes/"+key, "")
	for _, level := range levels {
		h.things[level[len(h.prefix):]]["route id"] = in["id"].(string)
	}
}

// draft saves a route that is not committed.
func (h *household) draft() {
	h.drafted = h.prefix + "drafted"
	h.make("POST", "/v1/routes", fmt.Sprintf(`{"key":%q,"target_url":"https://api.example.com"}`, h.drafted))
	for _, in := range h.things {
		in["draft"] = h.drafted
	}
}

// invite invites somebody, who has not come. The link is mailed, so the row is made here, with a token that is known.
func (h *household) invite() {
	ctx, id := h.w.t.Context(), newID()
	token := "inv_" + id
	must(h.w.t, h.w.store.Write(ctx, h.id, func(tx *store.Tx) error {
		return errors.Join(
			tx.InsertInvitation(ctx, store.Invitation{
				ID: id, Email: h.email("invited"), Name: "Invited", Digest: h.w.digester.Sum(token), SenderKind: access.MemberActor,
				SenderID: h.members["maker"], Sender: h.email("maker"), CreatedAt: tx.Now(), ExpiresAt: tx.Now().Add(7 * 24 * time.Hour),
			}),
			tx.InsertGrant(ctx, id, access.Grant{Environment: access.AnyEnvironment, Role: access.Viewer}),
			tx.AppendAudit(ctx, audit.Entry{Action: string(access.MemberInvite), Outcome: audit.Allowed}),
		)
	}))
	for _, in := range h.things {
		in["invited"], in["invitation token"] = id, token
	}
}

// override makes one: a change in spite of a freeze, which is then taken away.
func (h *household) override(level string, in things) {
	now := h.w.clock.Now()
	at := "/v1/environments/" + level
	h.make("PATCH", at, fmt.Sprintf(`{"protection":{"freeze":[{"start":%q,"end":%q,"reason":"the holidays"}]}}`,
		now.Format(time.RFC3339), now.Add(time.Minute).Format(time.RFC3339)))
	h.make("POST", "/v1/api-keys", fmt.Sprintf(`{"environment":%q,"type":"public"}`, level), "Lockage-Override-Freeze", "on fire")
	a := h.w.do(h.cast["maker"], http.MethodGet, at+"/freeze", "")
	in["override"] = first(h.w.t, a, "overrides", "id")
	h.w.clock.forward(time.Minute)
	h.make("PATCH", at, `{"protection":null}`)
}

// call logs one.
func (h *household) call(in things) {
	in["call"] = newID()
	must(h.w.t, h.w.control.RecordCalls(h.w.t.Context(), []route.Call{{
		ID: in["call"], Account: h.id, EnvironmentID: in["environment"], RouteID: in["route id"], RouteKey: in["route"], KeyID: in["key"],
		Method: "GET", Path: "/customers/ada@example.com", Status: 200, Time: h.w.clock.Now(), Content: &route.Content{},
	}}))
}

// proposals leaves a promotion open in each of the environments that have one below.
func (h *household) proposals(levels []string) {
	for _, level := range levels {
		h.make("PATCH", "/v1/environments/"+level, `{"protection":{"approvals":1}}`)
		h.things[level[len(h.prefix):]]["promotion"] = h.made("POST", "/v1/promotions", fmt.Sprintf(`{"to":%q,"message":"up"}`, level))
	}
}

// selfSigned is a certificate and its key as fields of a body.
func selfSigned(t *testing.T, now time.Time) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "client.example.com"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(24 * time.Hour), ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	must(t, err)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	must(t, err)
	fields, err := json.Marshal(map[string]string{
		"cert": string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert})),
		"key":  string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
	})
	must(t, err)
	return strings.Trim(string(fields), "{}")
}
