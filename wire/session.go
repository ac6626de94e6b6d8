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
