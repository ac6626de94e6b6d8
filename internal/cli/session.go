package cli

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/lockage/lockage/client"
	"github.com/lockage/lockage/wire"
)

// renewBefore is how long before its end the token of a session is renewed.
const renewBefore = 30 * time.Minute

// shortest is how short a password can be; what is shorter is a code.
const shortest = 12

// logInAs exchanges e-mail address and password, and where it is demanded the code of a second factor, for a session. At a
// terminal each is asked for; elsewhere they are the first and the second line of standard input.
func (p *program) logInAs(ctx context.Context, address string, as person) (in wire.LoginAnswer, err error) {
	text, err := p.confidential(ctx, "Password of "+as.email+" at "+address+": ", "password")
	if err != nil {
		return in, err
	}
	l := wire.Login{Email: as.email, Password: text}
	if _, isTerminal := p.terminal(); !isTerminal {
		l.Password, l.Code, _ = strings.Cut(text, "\n")
		l.Password, l.Code = strings.TrimSuffix(l.Password, "\r"), strings.TrimSpace(l.Code)
	}
	in, err = client.Login(ctx, client.Config{Address: address}, l)
	var told *client.Error
	if !errors.As(err, &told) || len(told.SecondFactor) == 0 || l.Code != "" {
		return in, err
	}
	if _, isTerminal := p.terminal(); !isTerminal {
		return in, errors.New(told.Message + "; give its code on the second line of standard input")
	}
	if l.Code, err = p.hidden(ctx, "Code of your authenticator, or a recovery code: ", "code"); err != nil {
		return in, err
	}
	l.Code = strings.TrimSpace(l.Code)
	return client.Login(ctx, client.Config{Address: address}, l)
}

// renewed is the client of a session, whose token is renewed and kept when it is soon over. Where that does not succeed the
// command itself says what is wrong.
func (p *program) renewed(c client.Config, s credentials) (*client.Client, error) {
	now := time.Now()
	if !now.Before(s.SessionEnds) || !now.Before(s.TokenEnds) {
		return nil, errors.New("the session is over: log in again with lockage login --email, or --web")
	}
	cl, err := client.New(c)
	if err != nil || now.Before(s.TokenEnds.Add(-renewBefore)) {
		return cl, err
	}
	again, err := cl.Refresh(context.Background()) // which takes no longer than any call
	if err != nil {
		return cl, nil //nolint:nilerr // as documented
	}
	s.Token, s.TokenEnds, c.Token = again.Token, time.Time(again.ExpiresAt), again.Token
	if _, err := s.write(); err != nil {
		return nil, err
	}
	return client.New(c)
}

// askProof asks at the terminal for what proves anew who sits there.
func (p *program) askProof(ctx context.Context, why string) (wire.Prove, error) {
	p.note("%s", clean(why))
	typed, err := p.hidden(ctx, "Your password, or a code of your second factor: ", "password")
	if err != nil {
		return wire.Prove{}, err
	}
	if len(typed) < shortest {
		return wire.Prove{Code: typed}, nil
	}
	return wire.Prove{Password: typed}, nil
}
