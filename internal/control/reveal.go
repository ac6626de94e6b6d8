package control

import (
	"context"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/route"
	"github.com/lockage/lockage/internal/store"
)

// RevealFor is how long a record stays revealed.
const RevealFor = 15 * time.Minute

// How many characters the reason of a reveal has.
const (
	minReason = 10
	maxReason = 500
)

// RevealNotice is what a person is told before they reveal a record.
const RevealNotice = "your name, the reason and this record go into the audit log, which the owners read"

// RevealCall shows one recorded call unmasked, with its contents, to who asks and nobody else, for RevealFor. It stays as
// it is in lists. Once more, it is revealed anew, for another reason. What was cut out before it was stored is not there to be revealed.
func (c *Control) RevealCall(ctx context.Context, who access.Principal, id, reason string) (d CallDetail, err error) {
	var call route.Call
	err = c.write(ctx, who, access.LogReveal, onCall(id, &call), func(v *visit) error {
		if err := checkReason(reason); err != nil {
			return err
		}
		if d, err = c.whole(ctx, v, call); err != nil {
			return err
		}
		masked := d
		if err := v.shown(ctx, &masked); err != nil {
			return err
		}
		if !masked.hides() {
			return fault.New(fault.Conflict, "nothing of this record is hidden; read it as it is")
		}
		d.RevealedUntil = v.Now().Add(RevealFor)
		v.detail = audit.Detail("reason", reason, "expires_at", d.RevealedUntil.Format(time.RFC3339))
		return v.PutReveal(ctx, store.Reveal{
			EnvironmentID: call.EnvironmentID, CallID: call.ID, HolderKind: string(who.Kind), HolderID: who.ID,
			Reason: reason, CreatedAt: v.Now(), ExpiresAt: d.RevealedUntil,
		})
	})
	if err != nil {
		return CallDetail{}, err
	}
	return d, nil
}

func checkReason(reason string) error {
	n := utf8.RuneCountInString(reason)
	unprintable := func(x rune) bool { return !unicode.IsPrint(x) }
	if !utf8.ValidString(reason) || n > maxReason || utf8.RuneCountInString(strings.TrimSpace(reason)) < minReason || strings.ContainsFunc(reason, unprintable) {
		return fault.Refused("reason", "must have %d to %d printable characters", minReason, maxReason)
	}
	return nil
}

// hides says whether something of the record is hidden from who looks.
func (d *CallDetail) hides() bool { return d.Obfuscated || d.ContentsHidden && d.HasContent }

// mayReveal asks for the decision on reveals in the environment of the visit.
func (v *visit) mayReveal() bool {
	return access.Allow(v.who, access.LogReveal, access.Environment{ID: v.environment.ID, Protected: v.environment.Protected}) == nil
}

// revealedUntil is until when the call is revealed to who looks, the zero time when it is not: a reveal ends with the
// right to it.
func (v *visit) revealedUntil(ctx context.Context, call route.Call) (time.Time, error) {
	if !v.mayReveal() {
		return time.Time{}, nil
	}
	return v.RevealedUntil(ctx, call.EnvironmentID, call.ID, string(v.who.Kind), v.who.ID)
}
