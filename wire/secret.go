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
// environment the caller sees.
type SecretEnvironment struct {
	Environment string     `json:"environment"`
	Configured  bool       `json:"configured"`
	Version     int64      `json:"version,omitempty"`
	Routes      []RouteRef `json:"routes"`
	CreatedAt   Time       `json:"created_at"`
	UpdatedAt   Time       `json:"updated_at"`
}

// SecretValue is the body of PUT …/environments/{environment}.
type SecretValue struct {
	Value string `json:"value"`
}

// SecretDuplicate is the body of POST …/environments/{source}/duplicate.
type SecretDuplicate struct {
	TargetEnvironment string `json:"target_environment"`
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
	OK          bool   `json:"ok"`
	Environment string `json:"environment,omitempty"`
	Message     string `json:"message,omitempty"`
}

// AdminFailure is the bare error of the admin surface.
type AdminFailure struct {
	Error  string     `json:"error"`
	Routes []RouteRef `json:"routes,omitempty"`
}

// Login is the body of POST /admin/auth/login.
type Login struct {
	Email    string `json:"email"`
	Password string `json:"password"`
}

// LoginAnswer is the bare answer to a login: a JWT for one hour.
type LoginAnswer struct {
	Token     string `json:"token"`
	ExpiresAt Time   `json:"expires_at"`
}
