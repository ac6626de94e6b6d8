package apikey_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/apikey"
	"github.com/lockage/lockage/internal/fault"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func TestLive(t *testing.T) {
	tests := []struct {
		name             string
		expires, revoked time.Time
		want             bool
	}{
		{"never ends", time.Time{}, time.Time{}, true},
		{"expires later", now.Add(time.Millisecond), time.Time{}, true},
		{"expires now", now, time.Time{}, false},
		{"expired", now.Add(-time.Hour), time.Time{}, false},
		{"in its grace", time.Time{}, now.Add(time.Hour), true},
		{"revoked now", time.Time{}, now, false},
		{"revoked", time.Time{}, now.Add(-time.Hour), false},
		{"expired in its grace", now.Add(-time.Hour), now.Add(time.Hour), false},
		{"revoked before its expiry", now.Add(time.Hour), now.Add(-time.Hour), false},
		{"both later", now.Add(time.Hour), now.Add(time.Hour), true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			k := apikey.APIKey{ExpiresAt: tt.expires, RevokedAt: tt.revoked}
			if got := k.Live(now); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestApply(t *testing.T) {
	before := apikey.APIKey{ID: "k1", Description: "before", ExpiresAt: now.Add(-time.Hour), Kind: apikey.Public}
	later := now.Add(time.Hour)
	tests := []struct {
		name   string
		fields apikey.Fields
		want   apikey.APIKey
	}{
		{"nothing, even when expired", apikey.Fields{}, before},
		{
			"description",
			apikey.Fields{Description: new("the shop's worker, größer")},
			apikey.APIKey{ID: "k1", Description: "the shop's worker, größer", ExpiresAt: before.ExpiresAt, Kind: apikey.Public},
		},
		{
			"an empty description",
			apikey.Fields{Description: new("")},
			apikey.APIKey{ID: "k1", ExpiresAt: before.ExpiresAt, Kind: apikey.Public},
		},
		{"expiry", apikey.Fields{ExpiresAt: &later}, apikey.APIKey{ID: "k1", Description: "before", ExpiresAt: later, Kind: apikey.Public}},
		{"no expiry", apikey.Fields{ExpiresAt: &time.Time{}}, apikey.APIKey{ID: "k1", Description: "before", Kind: apikey.Public}},
		{
			"500 characters",
			apikey.Fields{Description: new(strings.Repeat("ü", 500))},
			apikey.APIKey{ID: "k1", Description: strings.Repeat("ü", 500), ExpiresAt: before.ExpiresAt, Kind: apikey.Public},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := before.Apply(tt.fields, now)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("the key differs (-want +got):\n%s", diff)
			}
		})
	}
}

func TestApplyRefuses(t *testing.T) {
	past := now.Add(-time.Second)
	tests := []struct {
		name   string
		fields apikey.Fields
		want   []fault.Field
	}{
		{
			"a description of 501 characters",
			apikey.Fields{Description: new(strings.Repeat("ü", 501))},
			[]fault.Field{{Field: "description", Message: "must not be longer than 500 characters"}},
		},
		{
			"broken UTF-8",
			apikey.Fields{Description: new("a\xffb")},
			[]fault.Field{{Field: "description", Message: "must be valid UTF-8"}},
		},
		{
			"a line break",
			apikey.Fields{Description: new("a\nb")},
			[]fault.Field{{Field: "description", Message: "must be one line without control characters"}},
		},
		{
			"a control character beyond ASCII",
			apikey.Fields{Description: new("a\u0085b")},
			[]fault.Field{{Field: "description", Message: "must be one line without control characters"}},
		},
		{
			"an expiry now",
			apikey.Fields{ExpiresAt: new(now)},
			[]fault.Field{{Field: "expires_at", Message: "must be in the future; revoke the key to end it now"}},
		},
		{
			"both",
			apikey.Fields{Description: new("\x00"), ExpiresAt: &past},
			[]fault.Field{
				{Field: "description", Message: "must be one line without control characters"},
				{Field: "expires_at", Message: "must be in the future; revoke the key to end it now"},
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := apikey.APIKey{ID: "k1"}.Apply(tt.fields, now)
			if got.ID != "" {
				t.Errorf("got a key with the error")
			}
			wantFields(t, err, tt.want...)
		})
	}
}

// wantFields checks that err refuses exactly these fields.
func wantFields(t *testing.T, err error, want ...fault.Field) {
	t.Helper()
	var refused *fault.Error
	if !errors.As(err, &refused) || refused.Kind != fault.Invalid {
		t.Fatalf("got %v, want a refused input", err)
	}
	if diff := cmp.Diff(want, refused.Fields); diff != "" {
		t.Errorf("the refused fields differ (-want +got):\n%s", diff)
	}
}

func TestParseKind(t *testing.T) {
	for _, want := range []apikey.Kind{apikey.Secret, apikey.Public} {
		if got, err := apikey.ParseKind(string(want)); got != want || err != nil {
			t.Errorf("got %q, %v, want %q", got, err, want)
		}
	}
	for _, s := range []string{"", "token", "Secret", "sk", "hunter2"} {
		got, err := apikey.ParseKind(s)
		if got != "" {
			t.Errorf("got kind %q, want none", got)
		}
		wantFields(t, err, fault.Field{Field: "type", Message: `must be "secret" or "public"`})
	}
}

func TestCheckGrace(t *testing.T) {
	for s, want := range map[string]time.Duration{
		"": 0, "0": 0, "0s": 0, "90m": 90 * time.Minute, "24h": 24 * time.Hour, "720h": 720 * time.Hour,
	} {
		if got, err := apikey.CheckGrace(s); got != want || err != nil {
			t.Errorf("%q: got %v, %v, want %v", s, got, err, want)
		}
	}
	for _, s := range []string{"-1s", "720h0m1s", "1d", "24", "soon", "9999999h", " 1h"} {
		got, err := apikey.CheckGrace(s)
		if got != 0 {
			t.Errorf("%q: got %v, want 0", s, got)
		}
		wantFields(t, err, fault.Field{Field: "grace", Message: `must be a duration from "0s" to "720h", such as "24h"`})
	}
}
