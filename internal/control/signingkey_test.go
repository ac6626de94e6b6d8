package control_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/fault"
)

// keyOf is the id of the key that signed a JWT.
func keyOf(t *testing.T, token string) string {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[0])
	if err != nil {
		t.Fatal(err)
	}
	var header struct {
		ID string `json:"kid"`
	}
	if err := json.Unmarshal(raw, &header); err != nil {
		t.Fatal(err)
	}
	return header.ID
}

// shown are the ids of the keys that whoever verifies is shown, the newest first.
func shown(c *control.Control) (ids []string) {
	for _, k := range c.VerificationKeys() {
		ids = append(ids, k.ID)
	}
	return ids
}

func TestSigningKeysAreRenewed(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		x.isFirst(t)
		other := open(t, x.settings) // another process on the same database
		first := x.opened(t, ownerEmail, ownerPassword)
		oldID, oldKey := x.signing(t)
		if keyOf(t, first.Token) != oldID || shown(other)[0] != oldID {
			t.Errorf("got a JWT of %s and %v shown elsewhere, want all of %s", keyOf(t, first.Token), shown(other), oldID)
		}
		x.clock.pass(30*24*time.Hour - 10*time.Minute)
		if err := x.KeepSigningKeys(t.Context()); err != nil || shown(x.Control)[0] != oldID {
			t.Fatalf("before its time: got %v and %v, want the one key", shown(x.Control), err)
		}
		before := x.opened(t, ownerEmail, ownerPassword)
		x.clock.pass(10 * time.Minute)
		n := len(x.entries(t))
		for _, c := range []*control.Control{x.Control, other, x.Control} { // each of them looks; one makes it
			if err := c.KeepSigningKeys(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		newID, _ := x.signing(t)
		if ids := shown(x.Control); newID == oldID || len(ids) != 2 || ids[0] != newID || ids[1] != oldID {
			t.Fatalf("got %v shown, want the new key %s beside %s", ids, newID, oldID)
		}
		if got := x.newest(t, n); len(got) != 1 || got[0].Action != "signing_key.rotated" || got[0].Actor.Kind != "system" || got[0].Target.ID != newID {
			t.Errorf("entries: got %+v, want the new key, once", got)
		}
		still := x.opened(t, ownerEmail, ownerPassword)
		if keyOf(t, still.Token) != oldID {
			t.Errorf("a key signs before it was shown for a while")
		}
		x.clock.pass(10 * time.Minute)
		after := x.opened(t, ownerEmail, ownerPassword)
		if keyOf(t, after.Token) != newID {
			t.Errorf("got a JWT of %s, want one of the new key", keyOf(t, after.Token))
		}
		for what, token := range map[string]string{"before": before.Token, "meanwhile": still.Token, "after": after.Token} {
			for name, c := range map[string]*control.Control{"here": x.Control, "elsewhere": other} {
				if _, err := c.AuthenticateMember(t.Context(), token, access.Request{}); err != nil {
					t.Errorf("%s, %s: %v", what, name, err)
				}
			}
		}
		// when all that the old key signed is over, it verifies nothing, not even what would not be over
		x.clock.pass(time.Hour)
		last := x.opened(t, ownerEmail, ownerPassword)
		now := x.clock.Now()
		claims := map[string]any{
			"iss": "lockage", "aud": "lockage", "sub": last.Session.Member.ID, "account": x.account, "jti": "j", "sid": last.Session.ID,
			"iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(time.Hour).Unix(),
		}
		if _, err := x.AuthenticateMember(t.Context(), sign(t, jose.EdDSA, oldKey, oldID, claims), access.Request{}); !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("the old key: got %v, want unauthenticated", err)
		}
		last.who(t)
		if err := x.KeepSigningKeys(t.Context()); err != nil {
			t.Fatal(err)
		}
		if rows := x.dump(t, "signing_keys"); len(rows) != 1 || len(shown(x.Control)) != 1 {
			t.Errorf("got %d rows and %v, want the new key alone", len(rows), shown(x.Control))
		}
	})
}

// What a process does not know, another may have made a moment ago.
func TestAProcessLearnsOfAKeyThatSigned(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		x.isFirst(t)
		other := open(t, x.settings)
		if _, err := x.RotateSigningKey(t.Context(), x.owner); err != nil {
			t.Fatal(err)
		}
		x.signing(t) // which hides it
		in := x.opened(t, ownerEmail, ownerPassword)
		if _, err := other.AuthenticateMember(t.Context(), in.Token, access.Request{}); err != nil {
			t.Errorf("elsewhere: %v", err)
		}
	})
}

func TestASigningKeyIsReplacedAtOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		x.isFirst(t)
		other := open(t, x.settings)
		x.opened(t, ownerEmail, ownerPassword)
		x.clock.pass(30 * 24 * time.Hour)
		if err := x.KeepSigningKeys(t.Context()); err != nil { // one that is to sign in ten minutes: it goes too
			t.Fatal(err)
		}
		x.signing(t) // which hides it
		in := x.opened(t, ownerEmail, ownerPassword)
		for who, kind := range map[*access.Principal]fault.Kind{&x.admin: fault.Forbidden, &x.foreign.owner: fault.Forbidden} {
			if who == &x.foreign.owner {
				x.foreign.asked = true
			}
			if _, err := x.RotateSigningKey(t.Context(), *who); !fault.Is(err, kind) {
				t.Errorf("%s: got %v, want forbidden", who.Name, err)
			}
		}
		in.who(t)
		n := len(x.entries(t))
		id, err := x.RotateSigningKey(t.Context(), x.owner)
		if err != nil {
			t.Fatal(err)
		}
		x.signing(t) // which hides it
		if got := x.newest(t, n); len(got) != 1 || got[0].Action != "signing_key.rotate" || got[0].Target.ID != id || got[0].Outcome != audit.Allowed {
			t.Errorf("entries: got %+v", got)
		}
		if err := other.KeepSigningKeys(t.Context()); err != nil {
			t.Fatal(err)
		}
		for name, c := range map[string]*control.Control{"here": x.Control, "elsewhere": other, "after a restart": open(t, x.settings)} {
			if ids := shown(c); len(ids) != 1 || ids[0] != id {
				t.Errorf("%s: got %v, want %s alone", name, ids, id)
			}
			if _, err := c.AuthenticateMember(t.Context(), in.Token, access.Request{}); !fault.Is(err, fault.Unauthenticated) {
				t.Errorf("%s: a JWT of before: got %v, want unauthenticated", name, err)
			}
		}
		who, err := x.AuthenticateCookie(t.Context(), in.Secret, access.Request{})
		if err != nil {
			t.Fatalf("the cookie: %v", err)
		}
		token, _, err := x.RefreshSession(t.Context(), who)
		if err != nil || keyOf(t, token) != id {
			t.Errorf("got a JWT of %s and %v, want one of the new key", keyOf(t, token), err)
		}
		x.hide("a JWT", token)
	})
}

// A key that was damaged signs nothing and hinders nothing; another takes its place.
func TestADamagedSigningKey(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		in := x.opened(t, ownerEmail, ownerPassword)
		id, _ := x.signing(t)
		x.exec(t, `UPDATE signing_keys SET created_at = created_at + 1`)
		x.clock.pass(time.Minute)
		again := open(t, x.settings)
		x.signing(t) // which hides it
		if ids := shown(again); len(ids) == 0 || ids[0] == id {
			t.Errorf("got %v, want another than %s", ids, id)
		}
		if _, err := again.AuthenticateMember(t.Context(), in.Token, access.Request{}); !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("what the damaged key signed: got %v, want unauthenticated", err)
		}
		token, _, err := logIn(context.WithoutCancel(t.Context()), again, ownerEmail, ownerPassword, access.Request{})
		if err != nil {
			t.Fatal(err)
		}
		x.hide("a JWT", token)
		if _, err := again.AuthenticateMember(t.Context(), token, access.Request{}); err != nil {
			t.Errorf("a new JWT: %v", err)
		}
	})
}

// isFirst makes the fixture's account the installation's first.
func (x *fixture) isFirst(t *testing.T) {
	t.Helper()
	x.exec(t, `INSERT INTO installation (name, value) VALUES ('first_account', $1) ON CONFLICT (name) DO NOTHING`, []byte(x.account))
}
