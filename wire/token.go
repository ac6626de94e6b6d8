package wire

// Token is a management credential of a machine. Token, the credential itself, is set only in the answer that made it.
type Token struct {
	ID         string     `json:"id"`
	Token      string     `json:"token,omitempty"`
	Name       string     `json:"name"`
	Status     string     `json:"status"` // "active", "expired", "revoked", or "ended": its giver does not stand any more
	Grants     []Grant    `json:"grants"`
	GivenBy    TokenGiver `json:"given_by"`
	Addresses  []string   `json:"addresses"`
	Prefix     string     `json:"prefix"`
	LastFour   string     `json:"last_four"`
	CreatedAt  Time       `json:"created_at"`
	CreatedBy  string     `json:"created_by"`
	LastUsedAt Time       `json:"last_used_at"`
	ExpiresAt  Time       `json:"expires_at"`
	RevokedAt  Time       `json:"revoked_at"`
}

// TokenGiver is who set a token's grants last: the token holds no more than they do, and ends with them.
type TokenGiver struct {
	Kind string `json:"kind"` // "member", "token" or "system"
	ID   string `json:"id"`
	Name string `json:"name"`
}

// TokenCreate is the body of POST /v1/tokens.
type TokenCreate struct {
	Name      string   `json:"name"`
	Grants    []Grant  `json:"grants"`
	ExpiresAt *Time    `json:"expires_at,omitempty"`
	Addresses []string `json:"addresses,omitempty"`
}
