package wire

// APIKey is a credential of one environment. Key is set only in the answer that created it.
type APIKey struct {
	ID          string `json:"id"`
	Key         string `json:"key,omitempty"`
	Environment string `json:"environment"`
	Type        string `json:"type"`
	Description string `json:"description"`
	Prefix      string `json:"prefix"`
	LastFour    string `json:"last_four"`
	CreatedAt   Time   `json:"created_at"`
	CreatedBy   string `json:"created_by"`
	LastUsedAt  Time   `json:"last_used_at"`
	Uses        int64  `json:"uses"`
	ExpiresAt   Time   `json:"expires_at"`
	RevokedAt   Time   `json:"revoked_at"`
	ReplacedBy  string `json:"replaced_by,omitempty"`
}

// APIKeyCreate is the body of POST /v1/api-keys.
type APIKeyCreate struct {
	Environment string `json:"environment"`
	Type        string `json:"type"`
	Description string `json:"description,omitempty"`
	ExpiresAt   *Time  `json:"expires_at,omitempty"`
}

// APIKeyRotate is the body of POST /v1/api-keys/{id}/rotate. Grace is a Go duration ("24h") for which the old key goes
// on being accepted; absent is "0s".
type APIKeyRotate struct {
	Grace string `json:"grace,omitempty"`
}
