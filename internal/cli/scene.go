package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/lockage/lockage/client"
	"github.com/lockage/lockage/wire"
)

// What the demo is made of.
const (
	demoSecret = "stripe_api_key"
	demoRoute  = "payments"
	demoPath   = "/v1/charges"
)

// scene is a demo: where it runs, its credentials, and what its three calls gave.
type scene struct {
	Address  string            `json:"address"`
	Gateway  string            `json:"gateway"`
	Upstream string            `json:"upstream"`
	Token    string            `json:"token"`
	Keys     map[string]string `json:"keys"` // by environment
	Calls    []sceneCall       `json:"calls"`
}

// sceneCall is one call and its answer: what the upstream received, or the gateway's error.
type sceneCall struct {
	Environment   string `json:"environment"`
	Status        int    `json:"status"`
	Authorization string `json:"authorization,omitempty"`
	Error         string `json:"error,omitempty"`
}

// expected is what the three calls must give: two different credentials, and one hard failure.
func expected() []sceneCall {
	return []sceneCall{
		{Environment: "development", Status: 200, Authorization: "Bearer " + demoValue("development")},
		{Environment: "production", Status: 200, Authorization: "Bearer " + demoValue("production")},
		{
			Environment: "staging", Status: 500,
			Error: "Secret '" + demoSecret + "' not configured for environment 'staging'",
		},
	}
}

// demoValue is the credential that the provider would have given for an environment.
func demoValue(environment string) string { return "stripe-credential-of-" + environment }

// build makes everything through the public client, as a user would.
func (s *scene) build(ctx context.Context, c *client.Client) error {
	route, err := json.Marshal(map[string]any{
		"key": demoRoute, "name": "Payments", "target_url": s.Upstream,
		"inject_headers": map[string]string{"Authorization": "Bearer {{secret:" + demoSecret + "}}"},
		"echo_guard":     false, // or nobody would see what the upstream received
	})
	if err != nil {
		return err
	}
	steps := []func() error{
		func() error { _, err := c.CreateSecret(ctx, wire.SecretCreate{Name: demoSecret}); return err },
		func() error {
			_, err := c.SetSecretValue(ctx, demoSecret, "development", demoValue("development"))
			return err
		},
		func() error {
			_, err := c.SetSecretValue(ctx, demoSecret, "production", demoValue("production"))
			return err
		},
		func() error { _, err := c.CreateRoute(ctx, route, nil); return err },
		func() error { _, err := c.Commit(ctx, wire.CommitCreate{Message: "payments"}); return err },
		func() error {
			_, err := c.Promote(ctx, wire.PromotionCreate{To: "production", Message: "payments"})
			return err
		},
		// A promotion into an environment without the value would be refused. A new environment begins with what is live in
		// production, switched off, and without any value.
		func() error {
			_, err := c.CreateEnvironment(ctx, wire.EnvironmentCreate{Name: "staging", DisplayName: "Staging", Color: "#f59e0b"})
			return err
		},
		func() error { _, err := c.SwitchRoute(ctx, demoRoute, "staging", true); return err },
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	s.Keys = map[string]string{}
	for _, call := range expected() {
		k, err := c.CreateAPIKey(ctx, wire.APIKeyCreate{Environment: call.Environment, Type: "secret", Description: "demo"})
		if err != nil {
			return err
		}
		s.Keys[call.Environment] = k.Key
	}
	return nil
}

// play makes the three calls, and fails when one is not what it must be.
func (s *scene) play(ctx context.Context, u *upstream) error {
	for _, want := range expected() {
		got, err := s.call(ctx, want.Environment)
		if err != nil {
			return err
		}
		if got != want {
			return fmt.Errorf("the call in %s differs from what it must be: got %+v, want %+v", want.Environment, got, want)
		}
		s.Calls = append(s.Calls, got)
	}
	if n := u.received.Load(); n != 2 {
		return fmt.Errorf("the upstream received %d calls, want 2: the failed one must not reach it", n)
	}
	return nil
}

func (s *scene) call(ctx context.Context, environment string) (sceneCall, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.Gateway+"/"+demoRoute+demoPath, http.NoBody)
	if err != nil {
		return sceneCall{}, err
	}
	req.Header.Set("Authorization", "Bearer "+s.Keys[environment])
	var transport http.Transport
	defer transport.CloseIdleConnections()
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return sceneCall{}, err
	}
	defer resp.Body.Close()
	var body struct {
		Headers http.Header `json:"headers"`
		Error   string      `json:"error"`
	}
	if json.NewDecoder(resp.Body).Decode(&body) != nil {
		return sceneCall{}, fmt.Errorf("the gateway's answer in %s is not JSON; its status is %s", environment, resp.Status)
	}
	return sceneCall{
		Environment: environment, Status: resp.StatusCode, Authorization: body.Headers.Get("Authorization"), Error: body.Error,
	}, nil
}
