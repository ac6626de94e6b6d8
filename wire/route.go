package wire

import "encoding/json"

// Route is a route as its readers see it: the draft where there is one, else what is committed in the first
// environment. Environments are named; Status says what is live where. Draft: there is something saved and uncommitted;
// with DeletionPending it is the route's deletion.
type Route struct {
	ID                string                     `json:"id"`
	Key               string                     `json:"key"`
	Name              string                     `json:"name"`
	Description       string                     `json:"description"`
	TargetURL         string                     `json:"target_url"`
	Methods           []string                   `json:"methods"`
	InjectHeaders     map[string]string          `json:"inject_headers"`
	InjectQuery       map[string]string          `json:"inject_query"`
	InjectBody        json.RawMessage            `json:"inject_body"`
	RateLimit         *RateLimit                 `json:"rate_limit"`
	Timeout           *string                    `json:"timeout"`
	ClientCertificate string                     `json:"client_certificate"` // "{{secret:NAME}}" of a certificate secret; "": none
	EchoGuard         bool                       `json:"echo_guard"`
	Public            bool                       `json:"public"`
	ActiveEnvironment string                     `json:"active_environment"`
	Environments      map[string]json.RawMessage `json:"environments"`
	Draft             bool                       `json:"draft"`
	DeletionPending   bool                       `json:"deletion_pending"`
	ETag              string                     `json:"etag"`
	Hash              string                     `json:"hash"`
	Status            []RouteStatus              `json:"status"`
	CreatedAt         Time                       `json:"created_at"`
	UpdatedAt         Time                       `json:"updated_at"`
}

// RateLimit is a token bucket: Requests are refilled over Window (a Go duration), at most Burst at once (0: Requests).
type RateLimit struct {
	Requests int    `json:"requests"`
	Window   string `json:"window"`
	Burst    int    `json:"burst,omitempty"`
}

// RouteStatus says whether a route is committed in an environment, whether it is switched on there, and which content
// is live.
type RouteStatus struct {
	Environment string `json:"environment"`
	Committed   bool   `json:"committed"`
	Active      bool   `json:"active"`
	Hash        string `json:"hash,omitempty"`
	Record      *bool  `json:"record"` // whether the content of its calls is recorded; null: as the environment says
}

// RouteSwitch is the body of PUT /v1/routes/{key}/environments/{environment}/status.
type RouteSwitch struct {
	Active bool `json:"active"`
}

// RouteRecord is the body of PUT /v1/routes/{key}/environments/{environment}/recording; null is as the environment says.
type RouteRecord struct {
	Record *bool `json:"record"`
}

// RouteEffective is the resolved definition of a route in one environment. Origin tells for each field, and for each
// header and query parameter ("inject_headers.Authorization"), where it comes from: "base", "environment" (the
// overlay) or "default".
type RouteEffective struct {
	Route             string            `json:"route"`
	Environment       string            `json:"environment"`
	Source            string            `json:"source"` // "draft" or "committed"
	TargetURL         *string           `json:"target_url"`
	Methods           []string          `json:"methods"` // null: every method
	InjectHeaders     map[string]string `json:"inject_headers"`
	InjectQuery       map[string]string `json:"inject_query"`
	InjectBody        json.RawMessage   `json:"inject_body"`
	RateLimit         *RateLimit        `json:"rate_limit"`
	Timeout           *string           `json:"timeout"`
	ClientCertificate string            `json:"client_certificate"`
	EchoGuard         bool              `json:"echo_guard"`
	Public            bool              `json:"public"`
	Origin            map[string]string `json:"origin"`
}
