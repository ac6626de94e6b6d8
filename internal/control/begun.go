package control

import (
	"context"
	"encoding/base64"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/store"
)

// begunLife is how long who showed their password may take for the second factor.
const begunLife = 5 * time.Minute

const purposeSecond = "second factor"

// begun is what stands for a password that was just shown, so that a page that asks for the second factor need not ask for
// it again, nor keep it: a person's id and a text that is good once, for them and their password as it is.
func (c *Control) begun(p store.Person) string {
	text, _ := c.once(purposeSecond, begunFor(p), begunLife)
	return p.ID + "." + base64.RawURLEncoding.EncodeToString(text)
}

// begunBy is begun for a login that lacks a second factor, "" for one that was refused for something else.
func (c *Control) begunBy(first proven, refusal error) string {
	var e *fault.Error
	if !errors.As(refusal, &e) || len(e.Factors) == 0 {
		return ""
	}
	return c.begun(first.person)
}

func begunFor(p store.Person) string { return p.ID + " " + strconv.FormatInt(p.Epoch, 10) }

// FinishLogin goes on with a login that was refused for want of a second factor, by what that answered as Begun. Each
// attempt uses it up and, where the factor is wrong, answers another.
func (c *Control) FinishLogin(ctx context.Context, begun string, r LoginRequest, from access.Request) (_ LoggedIn, err error) {
	defer fault.Wrap(&err, "control: finish a login")
	id, encoded, _ := strings.Cut(begun, ".")
	text, bad := base64.RawURLEncoding.DecodeString(encoded)
	if bad != nil || len(id) > len(newID()) || len(text) > onceLength {
		id = ""
	}
	var person store.Person
	err = c.store.ReadAll(ctx, func(tx *store.Tx) error {
		person, err = tx.Person(ctx, id)
		if fault.Is(err, fault.NotFound) {
			return nil
		}
		return err
	})
	if err != nil {
		return LoggedIn{}, err
	}
	refused, err := c.attempt(person.Email, from)
	if err != nil {
		return LoggedIn{}, err
	}
	good, err := c.spend(ctx, purposeSecond, begunFor(person), text)
	if err != nil {
		return LoggedIn{}, err
	}
	first := proven{person: person, methods: []string{methodPassword}, refused: refused, agent: r.Agent}
	if !good || person.ID == "" {
		return LoggedIn{}, c.refuseLogin(ctx, first, from, fault.New(fault.Unauthenticated, "this took too long; begin again with your password"))
	}
	return c.begin(ctx, first, r, from)
}
