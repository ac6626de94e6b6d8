package route_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/route"
	"github.com/lockage/lockage/internal/secret"
)

var migrated = map[secret.Reference]string{
	{Kind: secret.SecretName, Name: "stripe_development_key"}:                  "stripe_api_key",
	{Kind: secret.SecretName, Name: "stripe_production_key"}:                   "stripe_api_key",
	{Kind: secret.SecretName, Name: "bank_cert"}:                               "bank_mtls_cert",
	{Kind: secret.SecretID, Name: "018f2c5e-7b1a-7c3d-9e4f-0123456789ab"}:      "by_name",
	{Kind: secret.SecretName, Name: "stripe_production_key_that_is_not_there"}: "nothing",
}

func TestRename(t *testing.T) {
	body := `{"id":"1","key":"payments","name":"{{secret:stripe_production_key}}","description":"","target_url":"https://example.com/{{var:stripe_development_key | urlencode}}",
		"methods":null,"inject_headers":{"Authorization":"Bearer {{ secret : stripe_development_key }}","X-Sign":"{{hmac_sha256: stripe_production_key, method}}","X-Other":"{{secret:other}}"},
		"inject_query":{"k":"{{secret_id:018F2C5E-7b1a-7c3d-9e4f-0123456789ab}}"},
		"inject_body":{"n":1.50,"deep":[true,null,{"a<b":"{{secret:stripe_production_key | base64}}"}]},"rate_limit":null,"timeout":"30s",
		"client_certificate":"{{secret:bank_cert}}","echo_guard":true,"public":false,"active_environment":"hidden",
		"environments":{"staging":{"timeout":"1s"},"production":{"inject_headers":{"Authorization":"Bearer {{ secret : stripe_production_key }}"}},
			"qa":{"inject_headers":{"Authorization":"Token {{secret:stripe_production_key}}","X-Other":null}}},
		"draft":true,"status":[]}`
	got, err := route.Rename([]byte(body), migrated)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"inject_headers":{"Authorization":"Bearer {{ secret : stripe_api_key }}","X-Sign":"{{hmac_sha256: stripe_api_key, method}}","X-Other":"{{secret:other}}"},` +
		`"inject_query":{"k":"{{secret:by_name}}"},` +
		`"inject_body":{"n":1.50,"deep":[true,null,{"a\u003cb":"{{secret:stripe_api_key | base64}}"}]},` +
		`"client_certificate":"{{secret:bank_mtls_cert}}",` +
		`"environments":{"production":{"inject_headers":{"Authorization":"Bearer {{ secret : stripe_api_key }}"}},` +
		`"qa":{"inject_headers":{"Authorization":"Token {{secret:stripe_api_key}}","X-Other":null}}}}`
	if diff := cmp.Diff(want, string(got.Body)); diff != "" {
		t.Errorf("body (-want +got):\n%s", diff)
	}
	renamed := []route.Renamed{
		{"inject_headers.Authorization", "stripe_development_key", "stripe_api_key"},
		{"inject_headers.X-Sign", "stripe_production_key", "stripe_api_key"},
		{"inject_query.k", "018f2c5e-7b1a-7c3d-9e4f-0123456789ab", "by_name"},
		{"inject_body.deep[2].a<b", "stripe_production_key", "stripe_api_key"},
		{"client_certificate", "bank_cert", "bank_mtls_cert"},
		{"environments.production.inject_headers.Authorization", "stripe_production_key", "stripe_api_key"},
		{"environments.qa.inject_headers.Authorization", "stripe_production_key", "stripe_api_key"},
	}
	if diff := cmp.Diff(renamed, got.Renamed); diff != "" {
		t.Errorf("places (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"production"}, got.Spare); diff != "" {
		t.Errorf("overlays that say nothing (-want +got):\n%s", diff)
	}
	for _, u := range got.After.Usages([]string{"development", "production", "qa"}) {
		if migrated[u.Reference] != "" {
			t.Errorf("afterwards %s of %s still mentions %s", u.Field, u.EnvironmentID, u.Reference.Name)
		}
	}
}

func TestRenameNothing(t *testing.T) {
	for _, body := range []string{
		`{"key":"a","target_url":"https://example.com","inject_headers":{"A":"{{secret:other}}"},"environments":{"production":{"target_url":null}}}`,
		`{"key":"a","name":"stripe_production_key","target_url":"https://example.com/stripe_production_key","client_certificate":"","environments":null}`,
	} {
		if got, err := route.Rename([]byte(body), migrated); err != nil || got.Body != nil || got.Renamed != nil || got.Spare != nil {
			t.Errorf("%s: got %+v and %v, want nothing", body, got, err)
		}
	}
	for _, body := range []string{`[]`, `{"target_url":"https://example.com","inject_headers":{"A":"{{nothing}}"}}`} {
		if _, err := route.Rename([]byte(body), migrated); err == nil {
			t.Errorf("%s: got no error", body)
		}
	}
}
