package api_test

import (
	"strings"
	"testing"
	"time"

	"github.com/lockage/lockage/internal/apikey"
	"github.com/lockage/lockage/wire"
)

func TestAPIKeys(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	var k wire.APIKey
	r.do("POST", "/v1/api-keys", `{"environment":"production","type":"secret","description":"server","expires_at":"2999-01-01T00:00:00Z"}`).data(201, &k)
	if kind, err := apikey.Parse(k.Key); err != nil || kind != apikey.Secret {
		t.Errorf("got key of kind %q, %v; want a secret one", kind, err)
	}
	if k.Environment != "production" || k.Type != "secret" || k.Description != "server" ||
		!strings.HasPrefix(k.Key, k.Prefix) || !strings.HasSuffix(k.Key, k.LastFour) || time.Time(k.ExpiresAt).Year() != 2999 {
		t.Errorf("got %+v", k)
	}
	var got wire.APIKey
	a := r.do("GET", "/v1/api-keys/"+k.ID, nil)
	a.data(200, &got)
	if strings.Contains(a.body, k.Key) || got.Key != "" || got.ID != k.ID {
		t.Errorf("the key is shown again: %s", a.body)
	}
	if !strings.Contains(a.body, `"last_used_at":null`) || !strings.Contains(a.body, `"revoked_at":null`) {
		t.Errorf("got %s, want null for what did not happen", a.body)
	}

	r.do("POST", "/v1/api-keys", `{"environment":"development","type":"public"}`).data(201, nil)
	var list []wire.APIKey
	r.do("GET", "/v1/api-keys?environment=production", nil).data(200, &list)
	if len(list) != 1 || list[0].ID != k.ID {
		t.Errorf("list of production: got %+v, want the one key", list)
	}
	meta := r.do("GET", "/v1/api-keys?limit=1", nil).data(200, &list)
	if len(list) != 1 || meta.NextCursor == "" {
		t.Fatalf("first page: got %+v and cursor %q, want one key and a cursor", list, meta.NextCursor)
	}
	first := list[0].ID
	meta = r.do("GET", "/v1/api-keys?limit=1&cursor="+meta.NextCursor, nil).data(200, &list)
	if len(list) != 1 || list[0].ID == first || meta.NextCursor != "" {
		t.Errorf("second page: got %+v and cursor %q, want the other key and no cursor", list, meta.NextCursor)
	}

	r.do("PATCH", "/v1/api-keys/"+k.ID, `{"description":"changed"}`).data(200, &got)
	if got.Description != "changed" || time.Time(got.ExpiresAt).IsZero() {
		t.Errorf("PATCH description: got %+v, want it changed and the expiry as it was", got)
	}
	r.do("PATCH", "/v1/api-keys/"+k.ID, `{"expires_at":null}`).data(200, &got)
	if got.Description != "changed" || !time.Time(got.ExpiresAt).IsZero() {
		t.Errorf("PATCH null expiry: got %+v, want it gone", got)
	}
	r.do("PATCH", "/v1/api-keys/"+k.ID, `{"expires_at":"2998-01-01T00:00:00+01:00"}`).data(200, &got)
	if time.Time(got.ExpiresAt).UTC().Year() != 2997 {
		t.Errorf("PATCH expiry: got %v, want 2997 in UTC", time.Time(got.ExpiresAt))
	}

	var next wire.APIKey
	r.do("POST", "/v1/api-keys/"+k.ID+"/rotate", `{"grace":"1h"}`).data(201, &next)
	if next.ID == k.ID || next.Key == "" || next.Key == k.Key || next.Description != "changed" {
		t.Errorf("rotate: got %+v, want a successor with a key of its own", next)
	}
	r.do("GET", "/v1/api-keys/"+k.ID, nil).data(200, &got)
	if got.ReplacedBy != next.ID {
		t.Errorf("rotated: got replaced_by %q, want %q", got.ReplacedBy, next.ID)
	}
	r.do("POST", "/v1/api-keys/"+next.ID+"/rotate", nil).data(201, &next)

	a = r.do("DELETE", "/v1/api-keys/"+next.ID, nil)
	a.exactly(200, `{"data":{"revoked":true},"meta":{"request_id":"`+a.header.Get("X-Request-Id")+`"}}`)
	r.do("GET", "/v1/api-keys/"+next.ID, nil).data(200, &got)
	if time.Time(got.RevokedAt).IsZero() {
		t.Error("got no revoked_at after the revocation, want one")
	}
}

func TestAPIKeyRefusals(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	var k wire.APIKey
	r.do("POST", "/v1/api-keys", `{"environment":"production","type":"secret"}`).data(201, &k)
	for _, tt := range []struct {
		method, path, body string
		status             int
		kind               string
		fields             []string
	}{
		{"POST", "", `{}`, 400, "validation_error", []string{"environment", "type"}},
		{"POST", "", `{"environment":"production","type":"secret","key":"sk_mine"}`, 400, "validation_error", []string{"key"}},
		{"POST", "", `{"environment":"production","type":"other"}`, 400, "validation_error", []string{"type"}},
		{"POST", "", `{"environment":"nowhere","type":"secret"}`, 404, "not_found", nil},
		{"POST", "", `{"environment":"production","type":"secret","expires_at":"2000-01-01T00:00:00Z"}`, 400, "validation_error", []string{"expires_at"}},
		{"POST", "", `{"environment":"production","type":"secret","expires_at":"0001-01-01T00:00:00Z"}`, 400, "validation_error", []string{"expires_at"}},
		{"POST", "", `{"environment":"production","type":"secret","expires_at":"tomorrow"}`, 400, "validation_error", []string{"expires_at"}},
		{"PATCH", "/" + k.ID, `{"expires_at":12}`, 400, "validation_error", []string{"expires_at"}},
		{"PATCH", "/" + k.ID, `{"type":"public"}`, 400, "validation_error", []string{"type"}},
		{"PATCH", "/nothing", `{}`, 404, "not_found", nil},
		{"GET", "/nothing", "", 404, "not_found", nil},
		{"DELETE", "/nothing", "", 404, "not_found", nil},
		{"POST", "/" + k.ID + "/rotate", `{"grace":"soon"}`, 400, "validation_error", []string{"grace"}},
		{"POST", "/" + k.ID + "/rotate", `{"grace":"10000h"}`, 400, "validation_error", []string{"grace"}},
		{"POST", "/nothing/rotate", `{}`, 404, "not_found", nil},
		{"GET", "?environment=nowhere", "", 404, "not_found", nil},
		{"GET", "?limit=0", "", 400, "validation_error", []string{"limit"}},
		{"GET", "?limit=201", "", 400, "validation_error", []string{"limit"}},
		{"GET", "?limit=many", "", 400, "validation_error", []string{"limit"}},
		{"GET", "?limit=1&limit=2", "", 400, "validation_error", []string{"limit"}},
		{"GET", "?cursor=canary", "", 400, "validation_error", []string{"cursor"}},
		{"GET", "?unknown=1", "", 400, "validation_error", []string{"unknown"}},
		{"GET", "?environment=%ff", "", 400, "validation_error", []string{"environment"}},
		{"GET", "?environment=%zz", "", 400, "validation_error", []string{"query"}},
		{"GET", "?environment=a;b", "", 400, "validation_error", []string{"query"}},
	} {
		var body any
		if tt.body != "" {
			body = tt.body
		}
		r.do(tt.method, "/v1/api-keys"+tt.path, body).problem(tt.status, tt.kind, tt.fields...)
	}
}
