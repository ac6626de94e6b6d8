package control_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/apikey"
	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/fault"
)

func TestAnOperatorMakesAReset(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		ctx := t.Context()
		there := x.joins(t)
		defer x.leaves(t, there)
		before := x.opened(t, ownerEmail, ownerPassword)
		o := control.OperatorConfig{Store: x.store, Digester: x.settings.Digester, PublicURL: "https://lockage.example.com/"}
		n := len(x.entries(t))
		link, expires, err := control.OperatorReset(ctx, o, " OWNER@example.com ")
		if err != nil {
			t.Fatal(err)
		}
		token := tokenOf(t, link+"\n")
		x.hide("a reset of the operator's", token)
		x.hide("a new password", newPassword)
		if now := x.clock.Now(); expires.Before(now.Add(59*time.Minute)) || expires.After(now.Add(time.Hour)) {
			t.Errorf("it expires at %v, want in an hour", expires)
		}
		made := x.newest(t, n)
		e := made[0]
		if len(made) != 1 || e.Action != "password.reset.make" || e.Outcome != audit.Allowed || e.Actor.Kind != "system" || e.Actor.Name != "operator" || e.Target.Name != ownerEmail {
			t.Errorf("the log has %+v, want that the operator made it", made)
		}
		theirs, _, err := x.ListAudit(ctx, x.foreign.owner, control.AuditFilter{Page: control.Page{Limit: 5}})
		if err != nil || !slices.ContainsFunc(theirs, func(e audit.Entry) bool {
			return e.Action == "password.reset.make" && e.Actor.Name == "operator" && e.Target.ID == there.ID
		}) {
			t.Errorf("the log of the person's other account has %+v and %v, want it too", theirs, err)
		}
		before.who(t) // until it is used
		if err := x.UseReset(ctx, token, newPassword, access.Request{}); err != nil {
			t.Fatal(err)
		}
		before.over(t, "after the reset")
		x.opened(t, ownerEmail, newPassword)
		if err := x.UseReset(ctx, token, newPassword, access.Request{}); !fault.Is(err, fault.NotFound) {
			t.Errorf("again: got %v, want not found", err)
		}
	})
}

func TestAnOperatorMakesNoResetOfNobody(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		n := len(x.entries(t))
		other, err := apikey.NewDigester(bytes.Repeat([]byte{42}, 32))
		if err != nil {
			t.Fatal(err)
		}
		good := control.OperatorConfig{Store: x.store, Digester: x.settings.Digester}
		for _, email := range []string{"", "nobody@example.com", strings.Repeat("x", 1000), "owner@example.com\x00"} {
			link, _, err := control.OperatorReset(t.Context(), good, email)
			if !fault.Is(err, fault.NotFound) || link != "" || strings.Contains(err.Error(), "xxx") {
				t.Errorf("%.20q: got %q and %v, want that there is nobody", email, link, err)
			}
		}
		good.Digester = other
		if link, _, err := control.OperatorReset(t.Context(), good, ownerEmail); !errors.Is(err, control.ErrOtherKeys) || link != "" {
			t.Errorf("with another key: got %q and %v, want ErrOtherKeys", link, err)
		}
		if made := x.entries(t)[n:]; len(made) != 0 {
			t.Errorf("the log has %+v, want nothing", made)
		}
	})
}
