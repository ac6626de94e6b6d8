package web

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/fault"
)

// maxBearer is more than any credential of ours is long.
const maxBearer = 4096

// OverrideHeader carries the reason why its sender goes on in spite of a freeze.
const OverrideHeader = "Lockage-Override-Freeze"

// maxOverride is how many characters such a reason may have.
const maxOverride = 500

// Authenticate finds out whose credential it is, or fails with fault.Unauthenticated.
type Authenticate func(ctx context.Context, bearer string, from access.Request) (access.Principal, error)

// Principal finds out who sent the request, by its bearer credential, and notes the id in the event. With it comes the
// reason of OverrideHeader, which is refused as fault.Invalid when it is not one.
func Principal(r *http.Request, authenticate Authenticate) (access.Principal, error) {
	bearer, err := Bearer(r)
	if err != nil {
		return access.Principal{}, err
	}
	from := Request(r.Context())
	if from.Override, err = override(r); err != nil {
		return access.Principal{}, err
	}
	who, err := authenticate(r.Context(), bearer, from)
	if err != nil {
		return access.Principal{}, err
	}
	eventOf(r.Context()).Principal = who.ID
	return who, nil
}

// CookiePrincipal is Principal by what a browser keeps in the named cookie. A request with none of that name, or with more
// than one, comes from nobody; nor can a page override a freeze by a header.
func CookiePrincipal(r *http.Request, name string, authenticate Authenticate) (access.Principal, error) {
	sent := r.CookiesNamed(name)
	if len(sent) != 1 || sent[0].Value == "" || len(sent[0].Value) > maxBearer || !visible(sent[0].Value) {
		return access.Principal{}, fault.New(fault.Unauthenticated, "you are not logged in")
	}
	who, err := authenticate(r.Context(), sent[0].Value, Request(r.Context()))
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

// override is the reason for which the sender overrides a freeze; "" when none is sent.
func override(r *http.Request) (string, error) {
	values := r.Header.Values(OverrideHeader)
	if len(values) == 0 {
		return "", nil
	}
	reason := values[0]
	unprintable := func(c rune) bool { return !unicode.IsPrint(c) }
	if len(values) > 1 || strings.TrimSpace(reason) == "" || !utf8.ValidString(reason) ||
		utf8.RuneCountInString(reason) > maxOverride || strings.ContainsFunc(reason, unprintable) {
		return "", fault.Refused(OverrideHeader, "must be a reason of 1 to %d printable characters, sent once", maxOverride)
	}
	return reason, nil
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
