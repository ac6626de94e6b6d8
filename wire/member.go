package wire

// Member is a person in the account, or, with status "invited", one who has not come yet.
type Member struct {
	ID        string  `json:"id"`
	Email     string  `json:"email"`
	Name      string  `json:"name"`
	Status    string  `json:"status"` // "active" or "invited"
	Grants    []Grant `json:"grants"`
	CreatedAt Time    `json:"created_at"`
	InvitedBy string  `json:"invited_by,omitempty"`
	ExpiresAt Time    `json:"expires_at"` // of the invitation
}

// MemberInvite is the body of POST /v1/members.
type MemberInvite struct {
	Email  string  `json:"email"`
	Name   string  `json:"name,omitempty"`
	Grants []Grant `json:"grants"`
}

// MemberInvited is the answer to an invitation. Link is a credential, shown once; it is absent where it was mailed.
type MemberInvited struct {
	Member
	Sent bool   `json:"sent"`
	Link string `json:"link,omitempty"`
}

// MemberUpdate is the body of PATCH /v1/members/{id}; absent fields stay as they are, and grants replaces all of them.
type MemberUpdate struct {
	Name   *string  `json:"name,omitempty"`
	Grants *[]Grant `json:"grants,omitempty"`
}

// MemberRemoved is the answer to a removal; TokensEnded counts the live tokens whose grants the member gave.
type MemberRemoved struct {
	Removed     bool `json:"removed"`
	TokensEnded int  `json:"tokens_ended"`
}

// InvitationAccept is the body of POST /admin/invitations/accept. With a session in Authorization no password is needed.
type InvitationAccept struct {
	Token    string `json:"token"`
	Name     string `json:"name,omitempty"`
	Password string `json:"password,omitempty"`
}

// InvitationAccepted says where somebody is a member now.
type InvitationAccepted struct {
	Account AccountRef `json:"account"`
	Member  Member     `json:"member"`
}
