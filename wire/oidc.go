package wire

// Grant is a role in an environment, named, or in all ("*").
type Grant struct {
	Environment string `json:"environment"`
	Role        string `json:"role"`
}

// GroupLogin is what an account makes of the login provider. Groups are in order: in each environment, the first that
// somebody is in says what they hold there.
type GroupLogin struct {
	Groups []GroupGrants `json:"groups"`
	Only   bool          `json:"only"` // members log in at the provider only; owners may use their password all the same
}

// GroupGrants are the grants that come with a group at the login provider.
type GroupGrants struct {
	Group  string  `json:"group"`
	Grants []Grant `json:"grants"`
}

// GroupLoginUpdate replaces what is there; groups as a whole.
type GroupLoginUpdate struct {
	Groups *[]GroupGrants `json:"groups,omitempty"`
	Only   *bool          `json:"only,omitempty"`
}

// ProviderLogin is where a browser goes to log in at the login provider. Secret is kept by who began it and sent with what
// the browser comes back with, once.
type ProviderLogin struct {
	URL       string `json:"url"`
	Secret    string `json:"secret"`
	ExpiresAt Time   `json:"expires_at"`
}

// ProviderAnswer is the body of POST /v1/login-provider: what the browser came back with.
type ProviderAnswer struct {
	Code   string `json:"code"`
	State  string `json:"state"`
	Secret string `json:"secret"`
}

// ProviderProof is the body of POST /admin/auth/provider.
type ProviderProof struct {
	Code    string `json:"code"`
	State   string `json:"state"`
	Secret  string `json:"secret"`
	Account string `json:"account,omitempty"` // id of the account to act in; absent: the first in which they hold anything
}

// ProviderLink says who somebody is at the login provider.
type ProviderLink struct {
	Issuer     string `json:"issuer"` // of the provider that is set up; "": none is
	Linked     bool   `json:"linked"`
	Email      string `json:"email"` // there, when it was linked
	CreatedAt  Time   `json:"created_at"`
	LastUsedAt Time   `json:"last_used_at"`
}
