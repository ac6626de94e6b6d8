package server_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base32"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"
	"github.com/youmark/pkcs8"

	"github.com/lockage/lockage/internal/server"
	"github.com/lockage/lockage/internal/testkit"
)

// hunt is a server that is given a canary for every kind of value, and everything that can be seen of it.
type hunt struct {
	testkit.Canaries

	config   server.Config
	log      lockedBuffer
	control  string
	gateway  string
	token    string // of the operator
	jwt      string // of the owner
	key      string // for calls in development
	upstream *testkit.Upstream
	bank     *httptest.Server // demands a certificate
	provider *httptest.Server
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) Bytes() []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	return bytes.Clone(b.b.Bytes())
}

// canary makes a value that is nowhere else: what it is stands in it, between random characters.
func (h *hunt) canary(what string) string {
	var random [18]byte
	_, _ = rand.Read(random[:])
	value := "cAn4ry/" + base64.StdEncoding.EncodeToString(random[:9]) + `"+&` + base64.StdEncoding.EncodeToString(random[9:])
	h.Add(what, value)
	return value
}

// TestCanaries sets a value of every kind, uses it in calls that go through and calls that fail, sends it where it is
// refused, and then looks for it in everything that is stored, logged, shown, counted and dumped.
func TestCanaries(t *testing.T) {
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			c := local(t.TempDir())
			c.OperatorToken = "operator-" + rand.Text() + rand.Text()
			c.Dev, c.BootstrapToken, c.BootstrapEmail, c.BootstrapPassword = true, "tk_of_the_operator_of_these_tests", "owner@example.com", "correct horse battery staple"
			if engine == "postgres" {
				c.Database = testkit.Postgres(t)
			}
			h := &hunt{config: c, token: c.BootstrapToken, upstream: testkit.NewUpstream(t)}
			running, err := server.Start(t.Context(), c, slog.New(slog.NewJSONHandler(&h.log, &slog.HandlerOptions{Level: slog.LevelDebug})))
			if err != nil {
				t.Fatal(err)
			}
			h.control, h.gateway = "http://"+running.ControlAddress(), "http://"+running.GatewayAddress()
			h.upstream.Answer(func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) })
			h.Add("the operator's token", c.OperatorToken)
			h.provide(t)
			h.set(t)
			h.operate(t)
			h.use(t)
			h.refuse(t)
			h.look(t, "while it serves")
			h.ask(t)
			h.profiles(t)
			stop(t, running)
			h.look(t, "when it has stopped")
			if n := h.Len(); n < 20 {
				t.Errorf("there are %d canaries, want one for each kind of value", n)
			}
		})
	}
}

// clean fails the test where a canary is in a text.
func (h *hunt) clean(t *testing.T, where string, text []byte) {
	t.Helper()
	for _, found := range h.Find(text) {
		t.Errorf("%s: %s", where, found)
	}
}

// send makes a request and answers its status, headers and body; what is refused must not repeat a canary.
func (h *hunt) send(t *testing.T, method, url, credential, body string, headers ...string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+credential)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var from io.Reader = answer.Body
	if strings.HasPrefix(answer.Header.Get("Content-Type"), "text/event-stream") {
		from = io.LimitReader(from, int64(len("retry: 3000\n\n"))) // it never ends; what it tells is what the lists tell
	}
	text, err := io.ReadAll(from)
	if err != nil {
		t.Fatal(err)
	}
	h.clean(t, method+" "+r.URL.Path, fmt.Appendf(text, "%v", answer.Header))
	return answer.StatusCode, string(text)
}

// api makes a request of the management API that must be answered so.
func (h *hunt) api(t *testing.T, status int, method, path string, body any) string {
	t.Helper()
	raw, ok := body.(string)
	if !ok {
		b, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		raw = string(b)
	}
	credential := h.token
	if strings.HasPrefix(path, "/admin/") {
		credential = h.jwt
	}
	got, text := h.send(t, method, h.control+path, credential, raw, "Idempotency-Key", rand.Text())
	if got != status {
		t.Fatalf("%s %s: got %d %s, want %d", method, path, got, text, status)
	}
	return text
}

type object = map[string]any

// provide starts a provider that gives canaries, and an upstream that demands a certificate.
func (h *hunt) provide(t *testing.T) {
	t.Helper()
	h.provider = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if v := r.FormValue("code_verifier"); v != "" {
			h.Add("a verifier", v)
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(object{
			"access_token": h.canary("an access token"), "refresh_token": h.canary("a refresh token"), "token_type": "Bearer", "expires_in": 3600,
			"id_token": h.canary("what else a provider gives"),
		})
	}))
	t.Cleanup(h.provider.Close)
	h.bank = httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	h.bank.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert, MinVersion: tls.VersionTLS12}
	h.bank.StartTLS()
	t.Cleanup(h.bank.Close)
}

// certificate makes a client certificate that trusts the bank, with its key under a passphrase: every line of it, and the
// number itself, are canaries.
func (h *hunt) certificate(t *testing.T, passphrase string) object {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: "the shop"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	number, err := key.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	h.Add("the number of a private key", string(number))
	plain, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := pkcs8.MarshalPrivateKey(key, []byte(passphrase), nil)
	if err != nil {
		t.Fatal(err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: sealed})
	for _, pemText := range [][]byte{text, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: plain})} {
		for i, line := range strings.Split(strings.TrimSpace(string(pemText)), "\n") {
			if i > 1 && !strings.HasPrefix(line, "-") { // the first says what kind of key it is
				h.Add("a line of a private key", line)
			}
		}
	}
	return object{
		"cert": string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), "key": string(text), "passphrase": passphrase,
		"ca": string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: h.bank.Certificate().Raw})),
	}
}

// set sets a value of every kind, through both surfaces.
func (h *hunt) set(t *testing.T) {
	t.Helper()
	var login struct{ Token string }
	_, text := h.send(t, "POST", h.control+"/admin/auth/login", "", `{"email":"`+h.config.BootstrapEmail+`","password":"`+h.config.BootstrapPassword+`"}`)
	if err := json.Unmarshal([]byte(text), &login); err != nil || login.Token == "" {
		t.Fatalf("log in: %s", text)
	}
	h.jwt = login.Token
	for name, kind := range map[string]string{
		"text": "string", "lines": "string", "bytes": "string", "google": "oauth2", "machine": "oauth2", "bank": "certificate", "old": "string",
	} {
		h.api(t, 201, "POST", "/v1/secrets", object{"name": name, "type": kind})
	}
	value := func(name string) string { return "/v1/secrets/" + name + "/environments/development" }
	h.api(t, 200, "PUT", value("text"), object{"value": h.canary("a text"), "allowed_hosts": []string{"127.0.0.1"}})
	h.api(t, 200, "PUT", value("lines"), object{"value": h.canary("a first line") + "\n" + h.canary("a second line") + "\n"})
	var raw [48]byte
	_, _ = rand.Read(raw[:])
	h.Add("bytes", string(raw[:]))
	h.api(t, 200, "PUT", value("bytes"), object{"value": base64.StdEncoding.EncodeToString(raw[:]), "encoding": "base64"})
	h.api(t, 200, "PUT", "/v1/variables/region", object{"values": object{"development": "eu"}})
	// versions that were, and one that is tried
	h.api(t, 200, "PUT", value("old"), object{"value": h.canary("an old version")})
	h.api(t, 200, "PUT", value("old"), object{"value": h.canary("an older version")})
	h.api(t, 200, "PUT", value("old"), object{"value": h.canary("a version")})
	h.api(t, 200, "PUT", value("old"), object{"value": h.canary("a staged version"), "stage": true})
	h.api(t, 200, "POST", value("old")+"/versions/1/activate", "")
	h.api(t, 200, "POST", value("old")+"/duplicate", object{"target_environment": "production"})
	h.api(t, 200, "PUT", "/admin/secrets/"+h.id(t, "text")+"/environments/production", object{"value": h.canary("a text of the admin surface")})
	passphrase := h.canary("a passphrase")
	h.api(t, 200, "PUT", value("bank")+"/certificate", h.certificate(t, passphrase))
	h.api(t, 200, "PUT", value("machine")+"/oauth2", object{
		"grant_type": "client_credentials", "client_id": "the-id", "client_secret": h.canary("a client secret"), "token_url": h.provider.URL,
	})
	h.api(t, 200, "PUT", "/v1/secrets/machine/environments/production/oauth2", object{
		"grant_type": "refresh_token", "client_id": "the-id", "client_secret": h.canary("another client secret"), "token_url": h.provider.URL,
		"refresh_token": h.canary("a refresh token that was sent"), "client_auth": "body",
	})
	h.api(t, 200, "PUT", value("google")+"/oauth2", object{
		"grant_type": "authorization_code", "client_id": "the-id", "client_secret": h.canary("a client secret with a code"), "token_url": h.provider.URL, "auth_url": h.provider.URL,
	})
	h.authorize(t, true)
	h.authorize(t, false) // one that stays under way
	h.stream(t)
	h.alert(t)
	h.authenticator(t)
}

// authenticator has the owner set one up: its key, a code that was used and the recovery codes are shown this once.
func (h *hunt) authenticator(t *testing.T) {
	t.Helper()
	var made struct{ Data struct{ ID, Secret string } }
	_, text := h.send(t, "POST", h.control+"/v1/second-factors/totp", h.jwt, `{"name":"phone"}`)
	if err := json.Unmarshal([]byte(text), &made); err != nil || made.Data.Secret == "" {
		t.Fatalf("the answer has no key: %v", err)
	}
	code, err := totp.GenerateCode(made.Data.Secret, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	h.Add("the key of an authenticator", made.Data.Secret)
	raw, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(made.Data.Secret)
	if err != nil {
		t.Fatal(err)
	}
	h.Add("the bytes of an authenticator's key", string(raw))
	var got struct {
		Data struct {
			RecoveryCodes []string `json:"recovery_codes"`
		}
	}
	_, text = h.send(t, "POST", h.control+"/v1/second-factors/totp/"+made.Data.ID+"/confirm", h.jwt, `{"code":"`+code+`"}`)
	if err := json.Unmarshal([]byte(text), &got); err != nil || len(got.Data.RecoveryCodes) != 10 {
		t.Fatalf("the answer has no recovery codes: %s %v", text, err)
	}
	for _, c := range got.Data.RecoveryCodes {
		h.Add("a recovery code", c)
		h.Add("a recovery code as it is compared", strings.ReplaceAll(c, "-", ""))
	}
}

// operate opens an account as the operator, whose token and whose owner's link are shown nowhere else, and uses the token
// where it is nothing.
func (h *hunt) operate(t *testing.T) {
	t.Helper()
	status, text := h.send(t, "POST", h.control+"/v1/accounts", h.config.OperatorToken, `{"name":"another house","email":"ada@example.com"}`)
	var made struct{ Data struct{ Link string } }
	if err := json.Unmarshal([]byte(text), &made); err != nil || status != 201 {
		t.Fatalf("open an account: got %d %s", status, text)
	}
	_, token, _ := strings.Cut(made.Data.Link, "#")
	h.Add("the code of an owner's link", token)
	for path, want := range map[string]int{"/v1/accounts": 200, "/v1/environments": 401, "/v1/whoami": 401} {
		if got, text := h.send(t, "GET", h.control+path, h.config.OperatorToken, ""); got != want {
			t.Errorf("%s as the operator: got %d %s, want %d", path, got, text, want)
		}
	}
	for body, want := range map[string]int{`{"name":"` + token + h.config.OperatorToken + strings.Repeat("x", 100) + `","email":"a@example.com"}`: 400, `{"token":"` + token + `"}`: 400} {
		if got, text := h.send(t, "POST", h.control+"/v1/accounts", h.config.OperatorToken, body); got != want {
			t.Errorf("a broken body: got %d %s, want %d", got, text, want)
		}
	}
	if got, text := h.send(t, "GET", h.gateway+"/all/x", h.config.OperatorToken, ""); got != 401 {
		t.Errorf("at the gateway: got %d %s, want 401", got, text)
	}
}

// stream has the audit log carried to the upstream, signed with a key that is shown this once.
func (h *hunt) stream(t *testing.T) {
	t.Helper()
	var made struct{ Data struct{ Key string } }
	text := h.api(t, 201, "POST", "/v1/audit-streams", object{"name": "archive", "kind": "webhook", "url": h.upstream.URL + "/log"})
	if err := json.Unmarshal([]byte(text), &made); err != nil || !strings.HasPrefix(made.Data.Key, "whsec_") {
		t.Fatalf("the answer has no key: %v", err)
	}
	h.Add("the key of a stream", made.Data.Key)
}

// alert has the upstream told of what fails, at a URL whose path is a credential, signed with a key that is shown this once.
func (h *hunt) alert(t *testing.T) {
	t.Helper()
	var made struct {
		Data struct{ To []struct{ Key string } }
	}
	text := h.api(t, 201, "POST", "/v1/alerts", object{
		"environment": "production", "name": "calls fail", "kind": "hard_fail",
		"to": []object{{"webhook": h.upstream.URL + "/" + h.canary("the path of a webhook")}},
	})
	if err := json.Unmarshal([]byte(text), &made); err != nil || len(made.Data.To) != 1 || !strings.HasPrefix(made.Data.To[0].Key, "whsec_") {
		t.Fatalf("the answer has no key: %v", err)
	}
	h.Add("the key of an alert", made.Data.To[0].Key)
}

func (h *hunt) id(t *testing.T, name string) string {
	t.Helper()
	var s struct{ Data struct{ ID string } }
	if err := json.Unmarshal([]byte(h.api(t, 200, "GET", "/v1/secrets/"+name, "")), &s); err != nil {
		t.Fatal(err)
	}
	return s.Data.ID
}

// authorize begins an authorization, and ends it as a browser would.
func (h *hunt) authorize(t *testing.T, end bool) {
	t.Helper()
	var begun struct {
		Data struct {
			AuthorizationURL string `json:"authorization_url"`
		}
	}
	text := h.api(t, 200, "POST", "/v1/secrets/google/environments/development/oauth2/authorize", "")
	if err := json.Unmarshal([]byte(text), &begun); err != nil {
		t.Fatal(err)
	}
	to, err := url.Parse(begun.Data.AuthorizationURL)
	if err != nil {
		t.Fatal(err)
	}
	state := to.Query().Get("state")
	h.Add("a state", state)
	if !end {
		return
	}
	for _, want := range []int{200, 404} { // a state is used once
		back := h.control + "/oauth/callback?" + url.Values{"state": {state}, "code": {h.canary("a code")}}.Encode()
		if got, text := h.send(t, "GET", back, "", ""); got != want {
			t.Fatalf("callback: got %d %s, want %d", got, text, want)
		}
	}
}

// use makes calls with all of them, of which some fail.
func (h *hunt) use(t *testing.T) {
	t.Helper()
	dead, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = dead.Close()
	routes := map[string]object{
		"all": {
			"inject_headers": object{
				"Authorization": "Bearer {{secret:text}}", "X-Lines": "{{secret:lines | base64}}", "X-Bytes": "{{secret:bytes | base64}}",
				"X-Basic": "{{secret:text | basic: user}}", "X-Old": "{{secret:old}}", "X-Google": "{{secret:google}}", "X-Machine": "{{secret:machine}}",
				"X-Signature": "{{hmac_sha256: bytes, method, path, query, timestamp, body_sha256}}",
			},
			"inject_query": object{"token": "{{secret:text}}", "encoded": "{{secret:bytes | urlencode}}"},
			"inject_body":  object{"auth": object{"lines": "{{secret:lines}}", "json": "{{secret:text | json}}"}},
		},
		"certified":  {"target_url": h.bank.URL, "client_certificate": "{{secret:bank}}", "inject_headers": object{"X-Text": "{{secret:old}}"}},
		"dead":       {"target_url": "http://" + dead.Addr().String(), "inject_headers": object{"X-Text": "{{secret:text}}"}, "inject_query": object{"t": "{{secret:text}}"}},
		"nowhere":    {"target_url": "http://localhost:1", "inject_headers": object{"X-Text": "{{secret:text}}"}},
		"broken":     {"inject_headers": object{"X-Lines": "{{secret:lines}}"}},
		"unreadable": {"inject_headers": object{"X-Bytes": "{{secret:bytes | json}}"}},
		"misplaced":  {"inject_headers": object{"X-Bank": "{{secret:bank}}"}},
		"wrong":      {"target_url": h.bank.URL, "client_certificate": "{{secret:text}}"},
		"slow":       {"timeout": "50ms", "inject_headers": object{"X-Text": "{{secret:text}}"}},
		"hangs":      {"inject_headers": object{"X-Text": "{{secret:text}}"}},
		"refuses":    {"inject_headers": object{"X-Google": "{{secret:google}}"}},
	}
	for key, r := range routes {
		r["key"] = key
		if r["target_url"] == nil {
			r["target_url"] = h.upstream.URL
		}
		h.api(t, 201, "POST", "/v1/routes?commit=canaries", r)
	}
	var key struct{ Data struct{ Key string } }
	_, text := h.send(t, "POST", h.control+"/v1/api-keys", h.token, `{"environment":"development","type":"secret"}`)
	if err := json.Unmarshal([]byte(text), &key); err != nil {
		t.Fatal(err)
	}
	h.key = key.Data.Key
	for call, want := range map[string]int{
		"all": 200, "certified": 200, "dead": 502, "nowhere": 0, "broken": 0, "unreadable": 0, "misplaced": 0, "wrong": 0, "slow": 504, "hangs": 502, "refuses": 401,
	} {
		h.upstream.Answer(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			switch call {
			case "slow":
				<-r.Context().Done()
			case "hangs":
				panic(http.ErrAbortHandler)
			case "refuses":
				w.WriteHeader(http.StatusUnauthorized)
			}
		})
		for range 2 {
			got, text := h.send(t, "POST", h.gateway+"/"+call+"/x?a=1", h.key, `{"amount":1,"note":"`+"no canary"+`"}`)
			if want == 0 && got < 400 || want != 0 && got != want {
				t.Errorf("call of %s: got %d %s, want %d", call, got, text, want)
			}
		}
	}
	seen := false
	for _, r := range h.upstream.Requests() {
		seen = seen || len(h.Find([]byte(fmt.Sprintln(r.Header, r.RawQuery, r.Body)))) >= 8
	}
	if !seen {
		t.Error("the upstream did not get the values: nothing was used")
	}
	// a version that is tried
	h.upstream.Answer(func(http.ResponseWriter, *http.Request) {})
	if got, text := h.send(t, "GET", h.gateway+"/all/x", h.token, "", "Lockage-Staged", "true", "Lockage-Environment", "development"); got != 200 {
		t.Errorf("a staged value: got %d %s", got, text)
	}
}

// refuse sends canaries that are not taken.
func (h *hunt) refuse(t *testing.T) {
	t.Helper()
	value := func(name string) string { return "/v1/secrets/" + name + "/environments/development" }
	wrongKey := h.certificate(t, h.canary("a passphrase that is wrong"))
	wrongKey["passphrase"] = h.canary("another passphrase")
	for _, r := range []struct{ method, path, body string }{
		{"PUT", value("text"), `{"value":"` + h.refused() + `","nope":1}`},
		{"PUT", value("text"), `{"value":"` + h.refused()},
		{"PUT", value("text"), `{"value":["` + h.refused() + `"]}`},
		{"PUT", value("text"), `{"value":"` + h.refused() + `\u0000"}`},
		{"PUT", value("text"), `{"value":"` + h.refused() + `","encoding":"base64"}`},
		{"PUT", value("text"), `{"value":"` + h.refused() + `","encoding":"` + h.refused() + `"}`},
		{"PUT", value("text"), `{"value":"` + strings.Repeat(h.refused(), 2000) + `"}`},
		{"PUT", value("text"), `{"` + h.refused() + `":"x"}`},
		{"PUT", value("text"), `{"value":"` + h.refused() + `","expires_at":"` + h.refused() + `"}`},
		{"PUT", value("text"), `{"value":"` + h.refused() + `","allowed_hosts":["` + h.refused() + `"]}`},
		{"PUT", value("text"), h.refused()},
		{"PUT", value("nothing"), `{"value":"` + h.refused() + `"}`},
		{"PUT", value("bank"), `{"value":"` + h.refused() + `"}`},
		{"PUT", value("text") + "x", `{"value":"` + h.refused() + `"}`},
		{"PUT", value("text") + "/oauth2", `{"grant_type":"client_credentials","client_id":"x","client_secret":"` + h.refused() + `","token_url":"https://example.com"}`},
		{"PUT", value("google") + "/oauth2", `{"grant_type":"` + h.refused() + `","client_id":"x","client_secret":"` + h.refused() + `","token_url":"` + h.refused() + `","refresh_token":"` + h.refused() + `"}`},
		{"PUT", value("bank") + "/certificate", `{"cert":"x","key":"` + h.refused() + `","passphrase":"` + h.refused() + `"}`},
		{"PUT", value("bank") + "/certificate", `{"pkcs12":"` + base64.StdEncoding.EncodeToString([]byte(h.refused())) + `","passphrase":"` + h.refused() + `"}`},
		{"PUT", value("bank") + "/certificate", encode(t, wrongKey)},
		{"POST", "/v1/secrets", `{"name":"` + h.refused() + ` "}`},
		{"POST", "/v1/secrets", `{"name":"x","value":"` + h.refused() + `"}`},
		{"POST", "/v1/routes", `{"key":"r","target_url":"https://example.com","inject_headers":{"X":"` + h.refused() + `{{nope}}"}}`},
		{"POST", "/v1/routes", `{"key":"r","target_url":"https://u:` + h.refused() + `@example.com"}`},
	} {
		for _, headers := range [][]string{nil, {"Idempotency-Key", rand.Text()}, {"Content-Type", "text/plain"}} {
			if got, text := h.send(t, r.method, h.control+r.path, h.token, r.body, headers...); got < 400 || got >= 500 {
				t.Errorf("%s %s: got %d %s, want a refusal", r.method, r.path, got, text)
			}
		}
	}
	// by nobody, and as a credential
	h.send(t, "PUT", h.control+value("text"), "", `{"value":"`+h.refused()+`"}`)
	h.send(t, "PUT", h.control+value("text"), h.refused(), `{}`)
	h.send(t, "GET", h.gateway+"/all/x", h.refused(), "")
	h.send(t, "GET", h.gateway+"/all/x", h.key, "", "Lockage-Key", h.refused())
}

// refused is a canary that can stand in JSON text and headers as it is.
func (h *hunt) refused() string {
	value := "cAn4ry_" + rand.Text()
	h.Add("what was refused", value)
	return value
}

func encode(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// emptyHere are operations that have nothing to show: nothing was promoted, nothing overridden.
var emptyHere = []string{"/v1/promotions/{id}"}
