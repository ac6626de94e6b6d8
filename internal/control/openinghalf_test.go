package control_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/control"
)

// Whatever step of it fails, nothing is left of an account: it is there with its environments, its owner and its first
// entry, or not at all. A link that opened nothing is still good.
func TestThereIsNoHalfAccount(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		x.settings.OperatorToken = operatorToken
		x.hide("the operator's token", operatorToken)
		box := x.signsUp(t)
		operator := access.Operator(atHome)
		session := x.opened(t, ownerEmail, ownerPassword).who(t)
		x.asks(t, "acme", "ada@example.com")
		link := x.signupToken(t, <-box.got)
		ways := map[string]struct {
			open  func() error
			steps []string // tables
		}{
			"by the operator": {func() error {
				_, err := x.OpenAccount(t.Context(), operator, control.Opening{Name: "acme", Email: "grace@example.com"})
				return err
			}, []string{"environments", "invitations", "grants", "audit_entries"}},
			"by somebody logged in": {func() error {
				_, err := x.OpenAccount(t.Context(), session, control.Opening{Name: "acme"})
				return err
			}, []string{"environments", "members", "grants", "audit_entries"}},
			"by a link": {func() error {
				_, err := x.confirms(t, link, comersPassword)
				return err
			}, []string{"environments", "members", "grants", "audit_entries"}},
		}
		for name, way := range ways {
			for _, table := range way.steps {
				before, heads := x.state(t), x.dump(t, "accounts")
				x.exec(t, `ALTER TABLE `+table+` RENAME TO gone`)
				err := way.open()
				x.exec(t, `ALTER TABLE gone RENAME TO `+table)
				if err == nil {
					t.Errorf("%s without %s: it was opened", name, table)
				}
				if diff := cmp.Diff(before, x.state(t)); diff != "" {
					t.Errorf("%s without %s left (-before +after):\n%s", name, table, diff)
				}
				if diff := cmp.Diff(heads, x.dump(t, "accounts")); diff != "" {
					t.Errorf("%s without %s left an account (-before +after):\n%s", name, table, diff)
				}
			}
		}
		if _, err := x.confirms(t, link, comersPassword); err != nil {
			t.Errorf("the link afterwards: %v", err)
		}
	})
}
