package wire

// AccountSummary is an account in a list.
type AccountSummary struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	CreatedAt Time   `json:"created_at"`
}

// AccountCreate is the body of POST /v1/accounts. Email is the owner's to be; whoever is logged in leaves it out, and owns
// the account themselves.
type AccountCreate struct {
	Name  string `json:"name"`
	Email string `json:"email,omitempty"`
}

// AccountCreated is the answer. Account is absent where a link was mailed that opens it. Link is there once, and only for the
// operator of a server that sends no mail.
type AccountCreated struct {
	Account *AccountSummary `json:"account,omitempty"`
	Sent    bool            `json:"sent"` // a link was mailed
	Link    string          `json:"link,omitempty"`
}

// AccountConfirm is the body of POST /v1/accounts/confirm: what the mailed link carries behind its #, and a password, or
// beside it a session.
type AccountConfirm struct {
	Token    string `json:"token"`
	Name     string `json:"name,omitempty"` // what the owner is called
	Password string `json:"password,omitempty"`
}

// AccountConfirmed says which account there is now, and who its owner is.
type AccountConfirmed struct {
	Account AccountRef `json:"account"`
	Member  Member     `json:"member"`
}
