package cli

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/spf13/cobra"

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

func (p *program) sessions() *cobra.Command {
	g := group("sessions", "Where you are logged in, and ending that", p.sessionsList(), p.sessionsEnd())
	p.remote(g)
	return g
}

func sessionColumns() []column[wire.Session] {
	return []column[wire.Session]{
		{head: "id", cell: func(s wire.Session) string { return s.ID }},
		{head: "this one", cell: func(s wire.Session) string { return yes(s.Current) }},
		{head: "proven by", cell: func(s wire.Session) string { return strings.Join(s.Methods, " ") }},
		{head: "from", cell: func(s wire.Session) string { return s.Address }},
		{head: "began", cell: func(s wire.Session) string { return at(s.CreatedAt, "") }},
		{head: "last used", cell: func(s wire.Session) string { return at(s.SeenAt, "") }},
		{head: "ends", cell: func(s wire.Session) string { return at(s.ExpiresAt, "") }},
		{head: "with", cell: func(s wire.Session) string { return s.UserAgent }},
	}
}

func (p *program) sessionsList() *cobra.Command {
	var member string
	cmd := &cobra.Command{
		Use: "list", Short: "List your sessions, or those of a member, newest first", Args: arguments(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := p.connect()
			if err != nil {
				return err
			}
			var list []wire.Session
			if cmd.Flags().Changed("member") {
				list, err = c.ListMemberSessions(cmd.Context(), member)
			} else {
				list, err = c.ListSessions(cmd.Context())
			}
			return printList(p, list, err, sessionColumns())
		},
	}
	cmd.Flags().StringVar(&member, "member", "", "of the member with this `ID`, in this account")
	return cmd
}

func (p *program) sessionsEnd() *cobra.Command {
	var others bool
	var member string
	cmd := &cobra.Command{
		Use: "end ID", Short: "End a session, all others of yours, or all of a member", Args: arguments(1, "ID"),
		Example: `  lockage sessions end ID
  lockage sessions end --others
  lockage sessions end --member ID`,
		RunE: func(cmd *cobra.Command, args []string) error {
			ofMember := cmd.Flags().Changed("member")
			if one := len(args) > 0; one == (others || ofMember) || others && ofMember {
				return misused(cmd, "name one session, or give --others or --member")
			}
			c, err := p.connect()
			if err != nil {
				return err
			}
			switch {
			case others:
				err = c.EndOtherSessions(cmd.Context())
			case ofMember:
				err = c.EndMemberSessions(cmd.Context(), member)
			default:
				err = c.EndSession(cmd.Context(), args[0])
			}
			return p.printDone(wire.Ended{Ended: true}, err, "ended: no request of it passes from now on")
		},
	}
	cmd.Flags().BoolVar(&others, "others", false, "all of yours but this one")
	cmd.Flags().StringVar(&member, "member", "", "all of the member with this `ID`, in this account")
	return cmd
}
