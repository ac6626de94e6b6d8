package wire

// SecretOAuth2 is the body of PUT …/environments/{environment}/oauth2: the whole configuration of a client.
type SecretOAuth2 struct {
	GrantType         string   `json:"grant_type"` // "client_credentials", "refresh_token" or "authorization_code"
	ClientID          string   `json:"client_id"`
	ClientSecret      string   `json:"client_secret,omitempty"`
	TokenURL          string   `json:"token_url"`
	AuthURL           string   `json:"auth_url,omitempty"` // of authorization_code
	Scopes            []string `json:"scopes,omitempty"`
	Audience          string   `json:"audience,omitempty"`
	ClientAuth        string   `json:"client_auth,omitempty"`        // "basic", the default, or "body"
	ClientCertificate string   `json:"client_certificate,omitempty"` // name of a certificate secret
	RefreshToken      string   `json:"refresh_token,omitempty"`      // of the grant type refresh_token
	SecretTerms
	Stage bool `json:"stage,omitempty"`
}

// OAuth2 is what may be told of an OAuth2 value, and the state of its connection: "connected", "expiring",
// "needs_authorization" or "error".
type OAuth2 struct {
	GrantType         string   `json:"grant_type"`
	TokenURL          string   `json:"token_url"`
	AuthURL           string   `json:"auth_url,omitempty"`
	Scopes            []string `json:"scopes"`
	Audience          string   `json:"audience,omitempty"`
	ClientAuth        string   `json:"client_auth"`
	ClientCertificate string   `json:"client_certificate,omitempty"`
	TokenExpiresAt    Time     `json:"token_expires_at"`
	ObtainedAt        Time     `json:"obtained_at"`
}

// SecretAuthorize is the answer to POST …/oauth2/authorize: where somebody authorizes, until when, and the redirect URI to
// register at the provider.
type SecretAuthorize struct {
	AuthorizationURL string `json:"authorization_url"`
	ExpiresAt        Time   `json:"expires_at"`
	RedirectURI      string `json:"redirect_uri"`
}
