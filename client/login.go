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
func Login(ctx context.Context, c Config, l wire.Login) (wire.LoginAnswer, error) {
	return open(ctx, c, "/admin/auth/login", l)
}

// TakeLent exchanges the code that a browser was given for this program, at the server's page /command-line, for a session.
func TakeLent(ctx context.Context, c Config, l wire.LentSession) (wire.LoginAnswer, error) {
	return open(ctx, c, "/admin/auth/lent", l)
}

// open opens a session by what proves who somebody is.
func open(ctx context.Context, c Config, path string, proof any) (wire.LoginAnswer, error) {
	var in wire.LoginAnswer
	c.Token = "none"
	cl, err := New(c)
	if err != nil {
		return in, err
	}
	body, err := json.Marshal(proof)
	if err != nil {
		return in, errors.New("the body is not valid JSON")
	}
	ctx, cancel := context.WithTimeout(ctx, timeLimit)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, cl.address+path, bytes.NewReader(body))
	if err != nil {
		return in, err
	}
	r.Header.Set("Content-Type", "application/json")
	a, err := cl.http.Do(r)
	if err != nil {
		return in, fmt.Errorf("no answer from %s", cl.address)
	}
	defer a.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(a.Body, maxAnswer))
	if err != nil {
		return in, fmt.Errorf("no answer from %s", cl.address)
	}
	if a.StatusCode != http.StatusOK {
		var told wire.AdminFailure
		if json.Unmarshal(raw, &told) == nil && told.Error != "" {
			return in, &Error{Status: a.StatusCode, Message: told.Error, SecondFactor: told.SecondFactor, RequestID: a.Header.Get("X-Request-Id")}
		}
		return in, cl.refusal(answer{status: a.StatusCode, requestID: a.Header.Get("X-Request-Id"), body: raw})
	}
	if json.Unmarshal(raw, &in) != nil || in.Token == "" {
		return in, &Error{Status: a.StatusCode, Message: cl.address + " does not answer in the form of Lockage's management API: check the address"}
	}
	return in, nil
}
