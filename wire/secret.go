package wire

// Secret is a named credential with one value per environment. It never carries a value.
type Secret struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	Type        string `json:"type"`
	Description string `json:"description"`
	CreatedAt   Time   `json:"created_at"`
	CreatedBy   string `json:"created_by"`
	UpdatedAt   Time   `json:"updated_at"`
}

// SecretCreate is the body of POST /v1/secrets.
type SecretCreate struct {
	Name        string `json:"name"`
	Type        string `json:"type,omitempty"` // "string", the default
	Description string `json:"description,omitempty"`
}

// SecretUpdate is the body of PATCH /v1/secrets/{id}.
type SecretUpdate struct {
	Description *string `json:"description,omitempty"`
}

// SecretEnvironment is the state of a secret in one environment: GET /v1/secrets/{id}/environments lists every
// environment the caller sees. Version is the one in force, StagedVersion the one that test calls may try.
type SecretEnvironment struct {
	Environment   string     `json:"environment"`
	Configured    bool       `json:"configured"`
	Version       int64      `json:"version,omitempty"`
	StagedVersion int64      `json:"staged_version,omitempty"`
	ExpiresAt     Time       `json:"expires_at"`
	Strict        bool       `json:"strict"`
	Expired       bool       `json:"expired"`
	AllowedHosts  []string   `json:"allowed_hosts"` // none: wherever a route leads
	RouteCount    int        `json:"route_count"`
	Routes        []RouteRef `json:"routes"`
	LastUsedAt    Time       `json:"last_used_at"` // of the version in force
	CreatedAt     Time       `json:"created_at"`
	UpdatedAt     Time       `json:"updated_at"`
	Warnings      []string   `json:"warnings,omitempty"` // of the write that this is the answer to

	Certificate      *Certificate `json:"certificate,omitempty"` // of a certificate secret
	OAuth2           *OAuth2      `json:"oauth2,omitempty"`      // of an oauth2 secret
	ConnectionStatus string       `json:"connection_status,omitempty"`
	ConnectionError  string       `json:"connection_error,omitempty"` // the provider's error code
}

// SecretValue is the body of PUT …/environments/{environment}.
type SecretValue struct {
	Value    string `json:"value"`
	Encoding string `json:"encoding,omitempty"` // "base64" for a value of any bytes; absent is the text itself
	SecretTerms
	Stage bool `json:"stage,omitempty"` // test calls may try it; the version in force stays
}

// SecretTerms are the conditions under which a value may be used.
type SecretTerms struct {
	ExpiresAt    *Time     `json:"expires_at,omitempty"`
	Strict       bool      `json:"strict,omitempty"`        // an expired value fails the call
	AllowedHosts *[]string `json:"allowed_hosts,omitempty"` // absent: as the version in force has them
}

// SecretDuplicate is the body of POST …/environments/{source}/duplicate.
type SecretDuplicate struct {
	TargetEnvironment string `json:"target_environment"`
	TargetSecret      string `json:"target_secret,omitempty"` // the id or name of the secret that gets it; absent: the same one
	Overwrite         bool   `json:"overwrite,omitempty"`
}

// SecretEnvironments is the bare answer of GET /admin/secrets/{id}/environments.
type SecretEnvironments struct {
	SecretID        string                   `json:"secret_id"`
	SecretName      string                   `json:"secret_name"`
	SecretType      string                   `json:"secret_type"`
	BaseEnvironment string                   `json:"base_environment"`
	Environments    []AdminSecretEnvironment `json:"environments"`
}

// AdminSecretEnvironment is one configured environment in SecretEnvironments.
type AdminSecretEnvironment struct {
	EnvironmentName string `json:"environment_name"`
	CreatedAt       Time   `json:"created_at"`
	UpdatedAt       Time   `json:"updated_at"`
}

// AdminDone is the bare answer to a successful write on the admin surface.
type AdminDone struct {
	OK          bool     `json:"ok"`
	Environment string   `json:"environment,omitempty"`
	Message     string   `json:"message,omitempty"`
	Warnings    []string `json:"warnings,omitempty"`
}

// AdminFailure is the bare error of the admin surface.
type AdminFailure struct {
	Error  string     `json:"error"`
	Routes []RouteRef `json:"routes,omitempty"`

	SecondFactor []string `json:"second_factor,omitempty"`
	StepUp       bool     `json:"step_up,omitempty"`
}

// SecretTermsUpdate is the body of PATCH …/environments/{environment}; absent fields stay as they are.
type SecretTermsUpdate struct {
	ExpiresAt    *Time     `json:"expires_at,omitempty"` // null takes the expiry away
	Strict       *bool     `json:"strict,omitempty"`
	AllowedHosts *[]string `json:"allowed_hosts,omitempty"`
}

// SecretVersion is one version of a value that is kept: GET …/environments/{environment}/versions, newest first. State is
// "active", "staged" or "kept".
type SecretVersion struct {
	Version      int64    `json:"version"`
	State        string   `json:"state"`
	CreatedAt    Time     `json:"created_at"`
	CreatedBy    string   `json:"created_by"`
	ExpiresAt    Time     `json:"expires_at"`
	Strict       bool     `json:"strict"`
	AllowedHosts []string `json:"allowed_hosts"`
	LastUsedAt   Time     `json:"last_used_at"`
	Uses         int64    `json:"uses"`

	ConnectionStatus string `json:"connection_status,omitempty"` // of an oauth2 secret
	ConnectionError  string `json:"connection_error,omitempty"`
	TokenObtainedAt  Time   `json:"token_obtained_at,omitzero"`
}

// ExpiringSecret is a value in force that has expired or soon will: GET /v1/secrets/expiring, soonest first.
type ExpiringSecret struct {
	SecretID    string     `json:"secret_id"`
	SecretName  string     `json:"secret_name"`
	SecretType  string     `json:"secret_type"`
	Environment string     `json:"environment"`
	Version     int64      `json:"version"`
	ExpiresAt   Time       `json:"expires_at"`
	Strict      bool       `json:"strict"`
	Expired     bool       `json:"expired"`
	Routes      []RouteRef `json:"routes"`
}

// SecretComparison is the answer to GET …/compare: Result is "same", "differs" or "missing".
type SecretComparison struct {
	From   string `json:"from"`
	To     string `json:"to"`
	Result string `json:"result"`
}
