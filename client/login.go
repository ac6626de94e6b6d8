package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/lockage/lockage/wire"
)

// Login exchanges what proves who somebody is for a JWT, with which New makes a client. It needs no token; the one of the
// configuration is not sent. An *Error with SecondFactor says that the password was right and what is needed besides.
func Login(ctx context.Context, c Config, l wire.Login) (in wire.LoginAnswer, err error) {
	c.Token = ""
	err = openly(ctx, c, http.MethodPost, "/admin/auth/login", l, &in, func() bool { return in.Token != "" })
	return in, err
}

// TakeLent exchanges the code that a browser was given for this program, at the server's page /command-line, for a session.
func TakeLent(ctx context.Context, c Config, l wire.LentSession) (in wire.LoginAnswer, err error) {
	c.Token = ""
	err = openly(ctx, c, http.MethodPost, "/admin/auth/lent", l, &in, func() bool { return in.Token != "" })
	return in, err
}

// AcceptInvitation makes somebody a member, by what an invitation's link carries and their password; with the token of a
// session in the configuration no password is needed.
func AcceptInvitation(ctx context.Context, c Config, a wire.InvitationAccept) (in wire.InvitationAccepted, err error) {
	err = openly(ctx, c, http.MethodPost, "/admin/invitations/accept", a, &in, func() bool { return in.Member.ID != "" })
	return in, err
}

// VerificationKeys gives the keys that JWTs are verified by now or soon, the newest first. It needs no token.
func VerificationKeys(ctx context.Context, c Config) ([]wire.VerificationKey, error) {
	var set struct {
		Keys []wire.VerificationKey `json:"keys"`
	}
	c.Token = ""
	err := openly(ctx, c, http.MethodGet, "/.well-known/jwks.json", nil, &set, func() bool { return set.Keys != nil })
	return set.Keys, err
}

// openly asks for what needs no credential, and whole says of the answer whether it is one of Lockage's. A token of the
// configuration is sent.
func openly(ctx context.Context, c Config, method, path string, sent, answered any, whole func() bool) error {
	token := c.Token
	if token == "" {
		c.Token = "none"
	}
	cl, err := New(c)
	if err != nil {
		return err
	}
	var body []byte
	if sent != nil {
		if body, err = json.Marshal(sent); err != nil {
			return errors.New("the body is not valid JSON")
		}
	}
	ctx, cancel := context.WithTimeout(ctx, timeLimit)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, cl.address+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("User-Agent", userAgent)
	if sent != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	a, err := cl.http.Do(r)
	if err != nil {
		return fmt.Errorf("no answer from %s", cl.address)
	}
	defer a.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(a.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("no answer from %s", cl.address)
	}
	if a.StatusCode != http.StatusOK {
		var told wire.AdminFailure
		if json.Unmarshal(raw, &told) == nil && told.Error != "" {
			return &Error{Status: a.StatusCode, Message: told.Error, SecondFactor: told.SecondFactor, RequestID: a.Header.Get("X-Request-Id")}
		}
		return cl.refusal(answer{status: a.StatusCode, requestID: a.Header.Get("X-Request-Id"), body: raw})
	}
	if json.Unmarshal(raw, answered) != nil || !whole() {
		return &Error{Status: a.StatusCode, Message: cl.address + " does not answer in the form of Lockage's management API: check the address"}
	}
	return nil
}
