package api_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/api"
	"github.com/lockage/lockage/internal/apikey"
	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/route"
	"github.com/lockage/lockage/internal/secret"
	"github.com/lockage/lockage/internal/snapshot"
	"github.com/lockage/lockage/internal/store"
	"github.com/lockage/lockage/internal/testkit"
	"github.com/lockage/lockage/internal/webhook"
	"github.com/lockage/lockage/wire"
)

const (
	ownerEmail    = "owner@example.com"
	ownerPassword = "correct horse battery staple"
	machineToken  = "tk_0123456789abcdefghij"
)

// rig is the API over a real control with a real store, and an owner's token.
type rig struct {
	t        *testing.T
	store    *store.Store
	control  *control.Control
	digester *apikey.Digester
	handler  http.Handler
	log      *lockedBuffer
	account  string
	token    string
	clock    *clock
	doc      *openapi3.T
	path     string // of the database
}

type rigConfig struct {
	limit   int
	ready   func() error
	ill     func() string // what is not well while it serves
	metrics http.Handler

	webhooks *webhook.Sender

	set func(*control.Config) // what else; nil: nothing
}

// newRig starts with what a first start makes: development, production, an owner and a token.
func newRig(t *testing.T, configs ...rigConfig) *rig {
	t.Helper()
	var c rigConfig
	if len(configs) > 0 {
		c = configs[0]
	}
	r := &rig{t: t, log: &lockedBuffer{}, token: machineToken, clock: &clock{now: time.Now().UTC().Truncate(time.Second)}}
	r.path = filepath.Join(t.TempDir(), "lockage.db")
	r.store = testkit.Open(t, store.Config{Path: r.path, Now: r.clock.Now})
	kek, err := secret.NewLocalKEK(bytes.Repeat([]byte{7}, 32))
	must(t, err)
	r.digester, err = apikey.NewDigester(bytes.Repeat([]byte{9}, 32))
	must(t, err)
	sealer := secret.NewSealer(kek)
	holder, err := snapshot.NewHolder(snapshot.Config{Feed: control.Feed{Store: r.store}, Sealer: sealer, Logger: slog.New(slog.DiscardHandler)})
	must(t, err)
	settings := control.Config{
		Store: r.store, Sealer: sealer, Digester: r.digester, Holder: holder, Now: r.clock.Now, EnvironmentLimit: c.limit, Webhooks: c.webhooks,
		Replay: func(_ context.Context, p route.Replay) (route.Replayed, error) {
			return route.Replayed{ID: p.Of, Status: 502, ErrorType: p.Environment}, nil
		},
	}
	if c.set != nil {
		c.set(&settings)
	}
	r.control, err = control.New(settings)
	must(t, err)
	must(t, r.control.Unlock(t.Context()))
	_, _, err = r.control.Bootstrap(t.Context(), control.BootstrapConfig{
		Token: machineToken, Email: ownerEmail, Password: ownerPassword,
	})
	must(t, err)
	must(t, r.store.ReadAll(t.Context(), func(tx *store.Tx) error {
		accounts, err := tx.Accounts(t.Context())
		r.account = accounts[0]
		return err
	}))
	r.handler, err = api.New(api.Config{
		Control: r.control, Logger: slog.New(slog.NewJSONHandler(r.log, nil)), Ready: c.ready, Degraded: c.ill, Metrics: c.metrics,
		Now: r.clock.Now, Version: "test",
	})
	must(t, err)
	w := httptest.NewRecorder()
	r.handler.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", "/openapi.json", nil))
	r.doc, err = openapi3.NewLoader().LoadFromData(w.Body.Bytes())
	must(t, err)
	return r
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// clock is a clock that only the test moves.
type clock struct {
	sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.Lock()
	defer c.Unlock()
	c.now = c.now.Add(time.Millisecond)
	return c.now
}

func (c *clock) forward(d time.Duration) {
	c.Lock()
	defer c.Unlock()
	c.now = c.now.Add(d)
}

type lockedBuffer struct {
	sync.Mutex
	bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.Lock()
	defer b.Unlock()
	return b.Buffer.Write(p)
}

// answer is what came back.
type answer struct {
	t      *testing.T
	what   string
	status int
	header http.Header
	body   string
}

// do sends a request with the rig's token; body is a string, sent as it is, nil, or anything to encode.
func (r *rig) do(method, path string, body any, headers ...string) answer {
	r.t.Helper()
	var reader io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		reader = strings.NewReader(b)
	default:
		encoded, err := json.Marshal(b)
		must(r.t, err)
		reader = bytes.NewReader(encoded)
	}
	ctx, leave := context.WithCancel(r.t.Context())
	defer leave()
	req := httptest.NewRequestWithContext(ctx, method, path, reader)
	req.Header.Set("Authorization", "Bearer "+r.token)
	if reader != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	if req.Header.Get("Authorization") == "" {
		req.Header.Del("Authorization")
	}
	w := testkit.NewListener(leave)
	r.handler.ServeHTTP(w, req)
	a := answer{t: r.t, what: method + " " + path, status: w.Code, header: w.Header(), body: w.Body.String()}
	if id, err := uuid.Parse(a.header.Get("X-Request-Id")); err != nil || id.Version() != 7 {
		r.t.Errorf("%s: got X-Request-Id %q, want a UUID of version 7", a.what, a.header.Get("X-Request-Id"))
	}
	r.documented(req, a)
	return a
}

// documented checks that the description knows the answer: its status and the form of its body.
func (r *rig) documented(req *http.Request, a answer) {
	r.t.Helper()
	op := r.operation(req)
	if op == nil {
		return
	}
	response := op.Responses.Status(a.status)
	if response == nil {
		r.t.Errorf("%s: %d is not documented: %.300s", a.what, a.status, a.body)
		return
	}
	if kind, _, _ := strings.Cut(a.header.Get("Content-Type"), ";"); kind != "application/json" {
		if response.Value.Content[kind] == nil {
			r.t.Errorf("%s: %d is of type %q, which is not documented", a.what, a.status, kind)
		}
		return
	}
	var body any
	must(r.t, json.Unmarshal([]byte(a.body), &body))
	if err := response.Value.Content["application/json"].Schema.Value.VisitJSON(body, openapi3.VisitAsResponse()); err != nil {
		r.t.Errorf("%s: %d %.300s is not as documented: %v", a.what, a.status, a.body, err)
	}
}

// operation finds in the description what a request asks for; nil for what is not in it.
func (r *rig) operation(req *http.Request) *openapi3.Operation {
	sent := strings.Split(req.URL.EscapedPath(), "/")
	for _, template := range r.doc.Paths.InMatchingOrder() {
		same := func(segment, part string) bool { return segment == part || strings.HasPrefix(part, "{") }
		if slices.EqualFunc(sent, strings.Split(template, "/"), same) && !slices.Contains(sent, "..") && !slices.Contains(sent[1:], "") {
			return r.doc.Paths.Value(template).GetOperation(req.Method)
		}
	}
	return nil
}

// data checks an answer of /v1 and decodes its data into v.
func (a answer) data(status int, v any) wire.Meta {
	a.t.Helper()
	var envelope wire.Answer[json.RawMessage]
	if a.status != status {
		a.t.Fatalf("%s: got status %d, want %d: %s", a.what, a.status, status, a.body)
	}
	strict(a.t, a.body, &envelope)
	if envelope.Meta.RequestID == "" || a.header.Get("X-Request-Id") != envelope.Meta.RequestID {
		a.t.Errorf("%s: got meta.request_id %q, want that of the header, %q", a.what, envelope.Meta.RequestID, a.header.Get("X-Request-Id"))
	}
	if v != nil {
		strict(a.t, string(envelope.Data), v)
	}
	return envelope.Meta
}

// problem checks a refusal of /v1 and gives it.
func (a answer) problem(status int, kind string, fields ...string) wire.Problem {
	a.t.Helper()
	if a.status != status {
		a.t.Fatalf("%s: got status %d, want %d: %s", a.what, a.status, status, a.body)
	}
	var failure wire.Failure
	strict(a.t, a.body, &failure)
	p := failure.Error
	if p.Type != kind || p.Message == "" || p.RequestID != a.header.Get("X-Request-Id") {
		a.t.Errorf("%s: got %+v, want type %s, a message and the request's id", a.what, p, kind)
	}
	if len(fields) > 0 {
		var got []string
		for _, f := range p.Fields {
			got = append(got, f.Field)
		}
		if d := cmp.Diff(fields, got); d != "" {
			a.t.Errorf("%s: fields (-want +got):\n%s%s", a.what, d, a.body)
		}
	}
	return p
}

// exactly checks status and body to the byte.
func (a answer) exactly(status int, body string) {
	a.t.Helper()
	if a.status != status || a.body != body {
		a.t.Errorf("%s: got %d\n%s\nwant %d\n%s", a.what, a.status, a.body, status, body)
	}
}

func strict(t *testing.T, body string, v any) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		t.Fatalf("decode %s: %v", body, err)
	}
}

// jwt logs the owner in.
func (r *rig) jwt() string {
	r.t.Helper()
	a := r.do("POST", "/admin/auth/login", wire.Login{Email: ownerEmail, Password: ownerPassword}, "Authorization", "")
	if a.status != http.StatusOK {
		r.t.Fatalf("login: got %d %s", a.status, a.body)
	}
	var got wire.LoginAnswer
	strict(r.t, a.body, &got)
	return got.Token
}

// as gives the rig with a fresh token that holds the grants.
func (r *rig) as(grants ...access.Grant) *rig {
	r.t.Helper()
	other := *r
	id := uuid.Must(uuid.NewV7()).String()
	other.token = "tk_" + strings.ReplaceAll(id, "-", "")
	must(r.t, r.store.Write(r.t.Context(), r.account, func(tx *store.Tx) error {
		errs := []error{
			tx.InsertToken(r.t.Context(), store.Token{
				ID: id, Name: "machine", Digest: r.digester.Sum(other.token), CreatedAt: r.clock.Now(),
			}),
			tx.AppendAudit(r.t.Context(), audit.Entry{Action: string(access.TokenCreate), Outcome: audit.Allowed}),
		}
		for _, g := range grants {
			errs = append(errs, tx.InsertGrant(r.t.Context(), id, g))
		}
		return errors.Join(errs...)
	}))
	return &other
}

func (r *rig) environment(name string) wire.Environment {
	r.t.Helper()
	var e wire.Environment
	r.do("POST", "/v1/environments", wire.EnvironmentCreate{Name: name}).data(201, &e)
	return e
}

func (r *rig) secret(name string, values ...string) wire.Secret {
	r.t.Helper()
	var s wire.Secret
	r.do("POST", "/v1/secrets", wire.SecretCreate{Name: name}).data(201, &s)
	for i := 0; i < len(values); i += 2 {
		r.do("PUT", fmt.Sprintf("/v1/secrets/%s/environments/%s", name, values[i]), wire.SecretValue{Value: values[i+1]}).data(200, nil)
	}
	return s
}

// route makes a route that is live in development.
func (r *rig) route(key, body string) wire.Route {
	r.t.Helper()
	var rt wire.Route
	r.do("POST", "/v1/routes?commit=first", fmt.Sprintf(`{"key":%q,"target_url":"https://api.example.com"%s}`, key, body)).data(201, &rt)
	return rt
}

// sql changes the database behind the store's back.
func (r *rig) sql(statement string) {
	r.t.Helper()
	db, err := sql.Open("sqlite", r.path) // the driver is the store's
	must(r.t, err)
	_, err = db.ExecContext(r.t.Context(), statement)
	must(r.t, errors.Join(err, db.Close()))
}

func (r *rig) logged() string {
	r.log.Lock()
	defer r.log.Unlock()
	return r.log.String()
}
