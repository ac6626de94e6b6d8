package wire

import "encoding/json"

// Login is the body of POST /admin/auth/login.
type Login struct {
	Email    string `json:"email"`
	Password string `json:"password"`
	Code     string `json:"code,omitempty"` // of an authenticator, or a recovery code, where a second factor is demanded

	Passkey json.RawMessage `json:"passkey,omitempty"` // in place of a code: what navigator.credentials.get answered
	Account string          `json:"account,omitempty"` // id of the account to act in; absent: the one they have belonged to for longest
}

// LentSession is the body of POST /admin/auth/lent: the code that a browser was given at /command-line, and what the
// challenge that was shown there is the SHA-256 of.
type LentSession struct {
	Code     string `json:"code"`
	Verifier string `json:"verifier"`
}

// LoginAnswer is the bare answer to a login: a JWT for one hour, the session it belongs to, and the accounts that the
// person belongs to.
type LoginAnswer struct {
	Token            string       `json:"token"`
	ExpiresAt        Time         `json:"expires_at"`
	SessionID        string       `json:"session_id"`
	SessionExpiresAt Time         `json:"session_expires_at"`
	AccountID        string       `json:"account_id"`
	Accounts         []AccountRef `json:"accounts"`
}

// AccountRef names an account.
type AccountRef struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Session is what a person opened by logging in.
type Session struct {
	ID        string   `json:"id"`
	AccountID string   `json:"account_id"` // the account it acts in
	Current   bool     `json:"current"`    // it is the one that asks
	Methods   []string `json:"methods"`    // what proved who it is
	Address   string   `json:"address"`    // from where it began
	UserAgent string   `json:"user_agent"`
	CreatedAt Time     `json:"created_at"`
	SeenAt    Time     `json:"seen_at"`
	ProvedAt  Time     `json:"proved_at"`
	ExpiresAt Time     `json:"expires_at"`
}

// Refreshed is the bare answer to POST /admin/auth/refresh: another JWT of the same session.
type Refreshed struct {
	Token     string `json:"token"`
	ExpiresAt Time   `json:"expires_at"`
}

// Switch is the body of POST /admin/auth/switch.
type Switch struct {
	Account string `json:"account"`
}

// Ended is the answer to the end of sessions.
type Ended struct {
	Ended bool `json:"ended"`
}

// StepUp is for what an account demands a fresh proof of who acts.
type StepUp struct {
	Values      bool   `json:"values"`       // what decides on a secret's value in the default or a protected environment
	Promotions  bool   `json:"promotions"`   // promotions into a protected environment, and their approval
	Grants      bool   `json:"grants"`       // members, invitations, management tokens
	MaxAge      string `json:"max_age"`      // how old the proof may be: a duration, like 10m0s
	AllowTokens bool   `json:"allow_tokens"` // management tokens, which can prove nothing, may all the same
}

// StepUpUpdate changes StepUp; absent fields stay as they are.
type StepUpUpdate struct {
	Values      *bool   `json:"values,omitempty"`
	Promotions  *bool   `json:"promotions,omitempty"`
	Grants      *bool   `json:"grants,omitempty"`
	MaxAge      *string `json:"max_age,omitempty"`
	AllowTokens *bool   `json:"allow_tokens,omitempty"`
}

// Prove is the body of POST /admin/auth/prove: the password, or what proves a second factor.
type Prove struct {
	Password string          `json:"password,omitempty"`
	Code     string          `json:"code,omitempty"`    // of an authenticator, or a recovery code
	Passkey  json.RawMessage `json:"passkey,omitempty"` // what navigator.credentials.get answered to POST /admin/auth/passkey/begin
}

// Proven is the bare answer to a proof.
type Proven struct {
	ProvedAt Time `json:"proved_at"`
}

// PasswordChange is the body of POST /admin/auth/password.
type PasswordChange struct {
	Current  string `json:"current"`
	Password string `json:"password"`
}

// ResetRequest is the body of POST /admin/auth/reset.
type ResetRequest struct {
	Email string `json:"email"`
}

// ResetConfirm is the body of POST /admin/auth/reset/confirm; the token is what stands behind the # of the link.
type ResetConfirm struct {
	Token    string `json:"token"`
	Password string `json:"password"`
}

// ResetLink is the answer to POST /v1/members/{id}/reset: a credential that is shown once.
type ResetLink struct {
	Link      string `json:"link"`
	ExpiresAt Time   `json:"expires_at"`
}

// VerificationKey is a key of /.well-known/jwks.json (RFC 7517, RFC 8037), which verifies JWTs.
type VerificationKey struct {
	Type      string `json:"kty"`
	Curve     string `json:"crv"`
	X         string `json:"x"` // the public key, base64url
	ID        string `json:"kid"`
	Algorithm string `json:"alg"`
	Use       string `json:"use"`
}
