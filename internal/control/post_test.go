package control_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/mail"
	"github.com/lockage/lockage/internal/store"
	"github.com/lockage/lockage/internal/testkit"
)

// postbox takes messages, after it refused some.
type postbox struct {
	mu      sync.Mutex
	refuses int
	tries   int
	came    []mail.Message
}

func (p *postbox) Send(_ context.Context, m mail.Message) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.tries++; p.refuses > 0 {
		p.refuses--
		return errors.New("the server is busy")
	}
	p.came = append(p.came, m)
	return nil
}

// wait sends what is posted until there is a message.
func (p *postbox) wait(t *testing.T, c *control.Control) mail.Message {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	var group sync.WaitGroup
	group.Go(func() { c.SendMail(ctx) })
	defer group.Wait()
	defer stop()
	for {
		if list := p.got(); len(list) > 0 {
			return list[0]
		}
		time.Sleep(time.Millisecond)
	}
}

func (p *postbox) got() []mail.Message {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.came)
}

// A server that is busy is asked again, later each time and in the end no more; it is the same message each time.
func TestMailIsTriedAgain(t *testing.T) {
	logs := &bytes.Buffer{}
	for refuses, tries := range map[int]int{0: 1, 1: 2, 3: 4, 9: 4} {
		box := &postbox{refuses: refuses}
		c := settings(t, testkit.Open(t, store.Config{Path: filepath.Join(t.TempDir(), "lockage.db")}), 1, 2)
		c.Mail, c.Logger = box, slog.New(slog.NewTextHandler(logs, nil))
		posting := open(t, c)
		synctest.Test(t, func(t *testing.T) {
			posting.SendOne(t.Context(), mail.Message{To: "canary@example.com", Text: "canary"})
		})
		if box.tries != tries || (len(box.came) == 1) != (refuses < 4) {
			t.Errorf("refused %d times: got %d tries and %d sent, want %d tries", refuses, box.tries, len(box.came), tries)
		}
	}
	if text := logs.String(); strings.Count(text, "a message could not be sent") != 1 || strings.Contains(text, "canary") {
		t.Errorf("logs: got %q, want the failure once, and not to whom", text)
	}
}

// Where too much waits already, the link is in the answer, as where no mail is sent.
func TestAFullPostboxShowsTheLink(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		c := x.settings
		c.Mail = &postbox{}
		posting := open(t, c)
		posting.FillOutbox()
		out, err := posting.InviteMember(t.Context(), x.owner, "dana@example.com", "", granting("*", "viewer"))
		if err != nil || out.Sent {
			t.Fatalf("got %+v and %v, want it not sent", out, err)
		}
		x.hide("the token of an invitation", linkToken(t, out.Link))
	})
}

// Where mail is sent, the link goes by mail alone: whoever invites does not learn it.
func TestAnInvitationIsMailed(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		ctx := t.Context()
		box := &postbox{}
		c := x.settings
		c.Mail, c.PublicURL = box, "https://lockage.example/"
		posting := open(t, c)
		out, err := posting.InviteMember(ctx, x.owner, "dana@example.com", "", granting("*", "viewer"))
		if err != nil || out.Link != "" || !out.Sent {
			t.Fatalf("got %+v and %v, want it sent, without the link", out, err)
		}
		m := box.wait(t, posting)
		if m.To != "dana@example.com" || m.ID == "" || !strings.Contains(m.Text, "\nhttps://lockage.example/invitations#inv_") || !strings.Contains(m.Text, "owner invites you") {
			t.Errorf("got %+v", m)
		}
		_, rest, _ := strings.Cut(m.Text, "#")
		token, _, _ := strings.Cut(rest, "\n")
		x.hide("the token of an invitation", token)
		if _, err := posting.AcceptInvitation(ctx, control.Joining{Token: token, Password: comersPassword}, atHome); err != nil {
			t.Errorf("accept: %v", err)
		}
	})
}
