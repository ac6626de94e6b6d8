package wire

// Identity is who a credential stands for.
type Identity struct {
	Account   AccountRef `json:"account"`
	Kind      string     `json:"kind"` // "member" or "token"
	ID        string     `json:"id"`
	Name      string     `json:"name"`
	Email     string     `json:"email,omitempty"`
	Grants    []Grant    `json:"grants"`
	ExpiresAt Time       `json:"expires_at"`
}

// Permission is whether an action is allowed, and what decides it.
type Permission struct {
	Action      string `json:"action"`
	Scope       string `json:"scope"` // where the role is asked for: "environment", "anywhere", "account" or "self"
	Environment string `json:"environment,omitempty"`
	Allowed     bool   `json:"allowed"`
	Grant       *Grant `json:"grant"`
	Why         string `json:"why"`
}
