package wire

import "encoding/json"

// SecondFactor is something a person proves who they are with besides a password.
type SecondFactor struct {
	ID         string `json:"id"`
	Kind       string `json:"kind" enum:"totp,webauthn"`
	Name       string `json:"name"`
	BackedUp   bool   `json:"backed_up"` // a passkey that is kept beyond one device
	CreatedAt  Time   `json:"created_at"`
	LastUsedAt Time   `json:"last_used_at"`
}

// SecondFactors is the answer to GET /v1/second-factors: those of whoever asks.
type SecondFactors struct {
	Factors       []SecondFactor `json:"factors"`
	RecoveryCodes int            `json:"recovery_codes"` // that were not used
	Required      bool           `json:"required"`       // the account acted in demands one
}

// TOTPCreate is the body of POST /v1/second-factors/totp.
type TOTPCreate struct {
	Name string `json:"name"`
}

// TOTP is the answer to it: what is entered into an authenticator, shown this once.
type TOTP struct {
	ID     string `json:"id"`
	Secret string `json:"secret"`
	URL    string `json:"url"`
}

// TOTPConfirm is the body of POST /v1/second-factors/totp/{id}/confirm.
type TOTPConfirm struct {
	Code string `json:"code"`
}

// RecoveryCodes are shown this once; there are none where a person has some already.
type RecoveryCodes struct {
	RecoveryCodes []string `json:"recovery_codes"`
}

// PasskeyQuestion is what a browser's navigator.credentials is given, in the form of WebAuthn's JSON.
type PasskeyQuestion struct {
	PublicKey json.RawMessage `json:"public_key"`
	ExpiresAt Time            `json:"expires_at"`
}

// PasskeyCreate is the body of POST /v1/second-factors/passkeys: what navigator.credentials.create answered.
type PasskeyCreate struct {
	Name       string          `json:"name"`
	Credential json.RawMessage `json:"credential"`
}

// PasskeyCreated is the answer to it.
type PasskeyCreated struct {
	Factor        SecondFactor `json:"factor"`
	RecoveryCodes []string     `json:"recovery_codes"`
}

// PasskeyLogin is the body of POST /admin/auth/passkey: what navigator.credentials.get answered.
type PasskeyLogin struct {
	Credential json.RawMessage `json:"credential"`
	Account    string          `json:"account,omitempty"` // id of the account to act in; absent: the one they have belonged to for longest
}

// Removed is the answer to a removal.
type Removed struct {
	Removed bool `json:"removed"`
}
