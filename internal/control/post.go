package control

import (
	"context"
	"time"

	"github.com/lockage/lockage/internal/mail"
)

const (
	postMost  = 256 // messages that wait to be sent
	postTries = 4
	postPause = 2 * time.Second // after the first failed attempt; doubles
)

// post puts a message into the queue of what SendMail sends; false where no mail is sent, or too much waits. It is called
// after the commit: a message may be lost when the process ends, and whoever asked for it asks again.
func (c *Control) post(m mail.Message) bool {
	if c.mail == nil {
		return false
	}
	select {
	case c.outbox <- m:
		return true
	default:
		return false
	}
}

// SendMail sends what is posted, one message after the other, until ctx ends.
func (c *Control) SendMail(ctx context.Context) {
	for {
		select {
		case m := <-c.outbox:
			c.sendMail(ctx, m)
		case <-ctx.Done():
			return
		}
	}
}

// sendMail tries a few times. The log tells that a message was not sent, not to whom nor what was in it.
func (c *Control) sendMail(ctx context.Context, m mail.Message) {
	if m.ID == "" {
		m.ID = newID() // the same at each attempt, so that a message that came after all is not shown twice
	}
	pause := postPause
	for try := 1; ; try++ {
		err := c.mail.Send(ctx, m)
		if err == nil || ctx.Err() != nil {
			return
		}
		if try == postTries {
			c.logger.ErrorContext(ctx, "a message could not be sent", "message", m.ID, "error", err)
			return
		}
		select {
		case <-time.After(pause):
			pause *= 2
		case <-ctx.Done():
			return
		}
	}
}
