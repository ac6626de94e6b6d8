package wire

// Identity is who a credential stands for.
type Identity struct {
	Account   AccountRef `json:"account"`
	Kind      string     `json:"kind"` // "member" or "token"
	ID        string     `json:"id"`
	Name      string     `json:"name"`
	Email     string     `json:"email,omitempty"`
	Grants    []Grant    `json:"grants"`
	ExpiresAt Time       `json:"expires_at"` // of a token

	Session *IdentitySession `json:"session,omitempty"` // of a member
}

// IdentitySession is the session that somebody came with: what proved who they are, and for how long it goes on.
type IdentitySession struct {
	ID            string   `json:"id"`
	Methods       []string `json:"methods"`
	CreatedAt     Time     `json:"created_at"`
	ProvedAt      Time     `json:"proved_at"`       // when they last proved who they are
	ExpiresAt     Time     `json:"expires_at"`      // in any case
	IdleExpiresAt Time     `json:"idle_expires_at"` // without another request
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
