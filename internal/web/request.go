package web

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/fault"
)

// maxBearer is more than any credential of ours is long.
const maxBearer = 4096

// Authenticate finds out whose credential it is, or fails with fault.Unauthenticated.
type Authenticate func(ctx context.Context, bearer string, from access.Request) (access.Principal, error)

// Principal finds out who sent the request, by its bearer credential, and notes the id in the event.
func Principal(r *http.Request, authenticate Authenticate) (access.Principal, error) {
	bearer, err := Bearer(r)
	if err != nil {
		return access.Principal{}, err
	}
	who, err := authenticate(r.Context(), bearer, Request(r.Context()))
	if err != nil {
		return access.Principal{}, err
	}
	eventOf(r.Context()).Principal = who.ID
	return who, nil
}

// Bearer is the credential in the request's Authorization header. It fails with fault.Unauthenticated when there is
// none, more than one, or another scheme.
func Bearer(r *http.Request) (string, error) {
	values := r.Header.Values("Authorization")
	if len(values) == 1 {
		scheme, bearer, _ := strings.Cut(values[0], " ")
		bearer = strings.Trim(bearer, " ")
		if strings.EqualFold(scheme, "Bearer") && bearer != "" && len(bearer) <= maxBearer && visible(bearer) {
			return bearer, nil
		}
	}
	return "", fault.New(fault.Unauthenticated, "a credential is needed; send it as Authorization: Bearer <credential>")
}

// visible says whether s is made of visible ASCII only.
func visible(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// ReadBody reads the whole body, up to the limit of the Front. It fails with fault.TooLarge beyond it and with
// fault.Invalid when the body does not arrive whole.
func ReadBody(r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(r.Body)
	if err == nil {
		return body, nil
	}
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return nil, fault.New(fault.TooLarge, "the body is too large; send at most %d bytes", tooLarge.Limit)
	}
	return nil, &fault.Error{Kind: fault.Invalid, Message: "the body did not arrive whole; send it again", Err: err}
}
