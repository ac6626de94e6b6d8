package store_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/apikey"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/store"
)

var (
	phone = store.TOTP{PersonID: mira.ID, ID: "o1", Name: "phone", Key: value.Sealed, CreatedAt: start}
	touch = store.Passkey{
		PersonID: mira.ID, ID: "y1", Credential: []byte{1, 0, 0xff}, Name: "touch", Record: []byte(`{"id":"AQD_"}`), Counted: 3, BackedUp: true, CreatedAt: start,
	}
	link = store.OIDCLink{Issuer: "https://login.example.com", Subject: "mira", PersonID: mira.ID, Email: mira.Email, CreatedAt: start}
)

// batch runs a change that must succeed.
func (x fixture) batch(t *testing.T, fn func(*store.Tx) error) {
	t.Helper()
	if err := x.Batch(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

func yes(t *testing.T, what string, want, got bool, err error) error {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %t, want %t", what, got, want)
	}
	return err
}

func TestAuthenticators(t *testing.T) {
	onBoth(t, func(t *testing.T, x fixture) {
		ctx := t.Context()
		abandoned := phone
		abandoned.ID, abandoned.CreatedAt = "o0", start.Add(-time.Hour)
		x.batch(t, func(tx *store.Tx) error { return tx.InsertTOTP(ctx, abandoned, time.Time{}) })
		x.batch(t, func(tx *store.Tx) error { return tx.InsertTOTP(ctx, phone, start.Add(-time.Minute)) })
		x.batch(t, func(tx *store.Tx) error {
			list, err := tx.TOTPs(ctx, mira.ID)
			if diff := cmp.Diff([]store.TOTP{phone}, list); diff != "" {
				t.Errorf("unconfirmed (-want +got):\n%s", diff)
			}
			return err
		})
		want := phone
		x.batch(t, func(tx *store.Tx) error {
			want.ConfirmedAt, want.UsedAt, want.LastStep = tx.Now(), tx.Now(), 7
			first, err := tx.ConfirmTOTP(ctx, mira.ID, "o1")
			again, err2 := tx.ConfirmTOTP(ctx, mira.ID, "o1")
			used, err3 := tx.UseTOTP(ctx, mira.ID, "o1", 7)
			twice, err4 := tx.UseTOTP(ctx, mira.ID, "o1", 7)
			earlier, err5 := tx.UseTOTP(ctx, mira.ID, "o1", 6)
			others, err6 := tx.UseTOTP(ctx, "somebody", "o1", 9)
			return errors.Join(yes(t, "confirm", true, first, err), yes(t, "confirm again", false, again, err2), yes(t, "use", true, used, err3),
				yes(t, "use again", false, twice, err4), yes(t, "use an earlier step", false, earlier, err5), yes(t, "as somebody else", false, others, err6))
		})
		x.batch(t, func(tx *store.Tx) error {
			got, err := tx.TOTP(ctx, mira.ID, "o1")
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("used (-want +got):\n%s", diff)
			}
			if _, err := tx.TOTP(ctx, "somebody", "o1"); !fault.Is(err, fault.NotFound) {
				t.Errorf("somebody else's: got %v, want none", err)
			}
			return err
		})
		x.batch(t, func(tx *store.Tx) error {
			other, err := tx.DeleteTOTP(ctx, "somebody", "o1")
			own, err2 := tx.DeleteTOTP(ctx, mira.ID, "o1")
			gone, err3 := tx.DeleteTOTP(ctx, mira.ID, "o1")
			return errors.Join(yes(t, "delete somebody else's", false, other, err), yes(t, "delete", true, own, err2), yes(t, "delete again", false, gone, err3))
		})
	})
}

// atOnce has many try the same at the same moment, and answers how many succeeded.
func (x fixture) atOnce(t *testing.T, try func(context.Context, *store.Tx) (bool, error)) int64 {
	t.Helper()
	var n atomic.Int64
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			err := x.Batch(t.Context(), func(tx *store.Tx) error {
				ok, err := try(t.Context(), tx)
				if ok {
					n.Add(1)
				}
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	return n.Load()
}

func TestWhatCountsOnceCountsOnceAtTheSameMoment(t *testing.T) {
	onBoth(t, func(t *testing.T, x fixture) {
		code := digest(ours, 9)
		x.batch(t, func(tx *store.Tx) error {
			inserted, err := tx.InsertPasskey(t.Context(), touch)
			return errors.Join(tx.InsertTOTP(t.Context(), phone, time.Time{}), tx.PutRecoveryCodes(t.Context(), mira.ID, []apikey.Digest{code, digest(ours, 10)}),
				yes(t, "insert a passkey", true, inserted, err))
		})
		next := touch
		next.Counted = 4
		for name, try := range map[string]func(context.Context, *store.Tx) (bool, error){
			"a step":          func(ctx context.Context, tx *store.Tx) (bool, error) { return tx.UseTOTP(ctx, mira.ID, "o1", 100) },
			"a recovery code": func(ctx context.Context, tx *store.Tx) (bool, error) { return tx.UseRecoveryCode(ctx, mira.ID, code) },
			"a count":         func(ctx context.Context, tx *store.Tx) (bool, error) { return tx.UsePasskey(ctx, next) },
			"a challenge":     func(ctx context.Context, tx *store.Tx) (bool, error) { return tx.Spend(ctx, digest(ours, 11), start) },
		} {
			if n := x.atOnce(t, try); n != 1 {
				t.Errorf("%s: it counted %d times, want once", name, n)
			}
		}
	})
}

func TestRecoveryCodes(t *testing.T) {
	onBoth(t, func(t *testing.T, x fixture) {
		ctx := t.Context()
		left := func(want int) {
			t.Helper()
			x.batch(t, func(tx *store.Tx) error {
				n, err := tx.CountRecoveryCodes(ctx, mira.ID)
				if n != want {
					t.Errorf("got %d codes, want %d", n, want)
				}
				return err
			})
		}
		left(0)
		x.batch(t, func(tx *store.Tx) error {
			return tx.PutRecoveryCodes(ctx, mira.ID, []apikey.Digest{digest(ours, 1), digest(ours, 2)})
		})
		left(2)
		x.batch(t, func(tx *store.Tx) error {
			others, err := tx.UseRecoveryCode(ctx, "somebody", digest(ours, 1))
			wrong, err2 := tx.UseRecoveryCode(ctx, mira.ID, digest(ours, 3))
			right, err3 := tx.UseRecoveryCode(ctx, mira.ID, digest(ours, 1))
			return errors.Join(yes(t, "as somebody else", false, others, err), yes(t, "a wrong one", false, wrong, err2), yes(t, "a right one", true, right, err3))
		})
		left(1)
		x.batch(t, func(tx *store.Tx) error { return tx.PutRecoveryCodes(ctx, mira.ID, []apikey.Digest{digest(ours, 4)}) })
		left(1)
		x.batch(t, func(tx *store.Tx) error {
			old, err := tx.UseRecoveryCode(ctx, mira.ID, digest(ours, 2))
			return yes(t, "one of before", false, old, err)
		})
	})
}

func TestPasskeys(t *testing.T) {
	onBoth(t, func(t *testing.T, x fixture) {
		ctx := t.Context()
		stolen := touch
		stolen.ID = "y2"
		x.batch(t, func(tx *store.Tx) error {
			first, err := tx.InsertPasskey(ctx, touch)
			again, err2 := tx.InsertPasskey(ctx, stolen)
			return errors.Join(yes(t, "insert", true, first, err), yes(t, "insert the same credential", false, again, err2))
		})
		want := touch
		want.Counted, want.Record, want.BackedUp = 5, []byte(`{"id":"AQD_","n":5}`), false
		x.batch(t, func(tx *store.Tx) error {
			want.UsedAt = tx.Now()
			used, err := tx.UsePasskey(ctx, want)
			old := want
			old.Counted = 4
			back, err2 := tx.UsePasskey(ctx, old)
			old.Counted = 0
			uncounted, err3 := tx.UsePasskey(ctx, old)
			old.Counted, old.PersonID = 9, "somebody"
			others, err4 := tx.UsePasskey(ctx, old)
			return errors.Join(yes(t, "use", true, used, err), yes(t, "a count that goes back", false, back, err2),
				yes(t, "a count that is gone", false, uncounted, err3), yes(t, "as somebody else", false, others, err4))
		})
		x.batch(t, func(tx *store.Tx) error {
			list, err := tx.Passkeys(ctx, mira.ID)
			if diff := cmp.Diff([]store.Passkey{want}, list); diff != "" {
				t.Errorf("used (-want +got):\n%s", diff)
			}
			other, err2 := tx.DeletePasskey(ctx, "somebody", "y1")
			own, err3 := tx.DeletePasskey(ctx, mira.ID, "y1")
			return errors.Join(err, yes(t, "delete somebody else's", false, other, err2), yes(t, "delete", true, own, err3))
		})
	})
}

func TestLinksToALoginProvider(t *testing.T) {
	onBoth(t, func(t *testing.T, x fixture) {
		ctx := t.Context()
		x.batch(t, func(tx *store.Tx) error {
			first, err := tx.InsertOIDCLink(ctx, link)
			again, err2 := tx.InsertOIDCLink(ctx, link)
			return errors.Join(yes(t, "link", true, first, err), yes(t, "link again", false, again, err2))
		})
		want := link
		x.batch(t, func(tx *store.Tx) error {
			want.UsedAt = tx.Now()
			return errors.Join(tx.UseOIDCLink(ctx, link.Issuer, link.Subject), tx.UseOIDCLink(ctx, "https://other.example.com", link.Subject))
		})
		x.batch(t, func(tx *store.Tx) error {
			got, err := tx.OIDCLink(ctx, link.Issuer, link.Subject)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("used (-want +got):\n%s", diff)
			}
			list, err2 := tx.OIDCLinks(ctx, mira.ID)
			if diff := cmp.Diff([]store.OIDCLink{want}, list); diff != "" {
				t.Errorf("of the person (-want +got):\n%s", diff)
			}
			for _, other := range [][2]string{{"https://other.example.com", link.Subject}, {link.Issuer, "Mira"}, {link.Issuer + "/", link.Subject}} {
				if _, err := tx.OIDCLink(ctx, other[0], other[1]); !fault.Is(err, fault.NotFound) {
					t.Errorf("%v: got %v, want none", other, err)
				}
			}
			n, err3 := tx.DeleteOIDCLinks(ctx, mira.ID, link.Issuer)
			if n != 1 {
				t.Errorf("unlinked %d, want 1", n)
			}
			return errors.Join(err, err2, err3)
		})
	})
}

func TestWhatIsSpentIsForgottenWhenItWouldHaveExpired(t *testing.T) {
	onBoth(t, func(t *testing.T, x fixture) {
		ctx := t.Context()
		x.batch(t, func(tx *store.Tx) error {
			_, err := tx.Spend(ctx, digest(ours, 1), tx.Now().Add(time.Hour))
			_, err2 := tx.Spend(ctx, digest(ours, 2), tx.Now())
			return errors.Join(err, err2, tx.ForgetSpent(ctx))
		})
		x.batch(t, func(tx *store.Tx) error {
			again, err := tx.Spend(ctx, digest(ours, 1), start)
			fresh, err2 := tx.Spend(ctx, digest(ours, 2), start)
			return errors.Join(yes(t, "what has not expired", false, again, err), yes(t, "what has", true, fresh, err2))
		})
	})
}

func TestGrantsOfGroups(t *testing.T) {
	onBoth(t, func(t *testing.T, x fixture) {
		ctx := t.Context()
		var before []access.Grant
		x.batch(t, func(tx *store.Tx) (err error) {
			before, err = tx.Grants(ctx, ours, "m1")
			return err
		})
		if len(before) == 0 {
			t.Fatal("the member holds nothing by hand, so that nothing is shown")
		}
		groups := []access.Grant{{Environment: before[0].Environment, Role: access.Viewer}, {Environment: "e9", Role: access.Support}}
		put := func(grants []access.Grant, want ...access.Grant) {
			t.Helper()
			x.write(t, func(tx *store.Tx) error { return tx.PutGroupGrants(ctx, "m1", grants) })
			x.batch(t, func(tx *store.Tx) error {
				all, err := tx.Grants(ctx, ours, "m1")
				byHand, err2 := tx.GrantsByHand(ctx, ours, "m1")
				if diff := cmp.Diff(want, all, cmpopts.SortSlices(func(a, b access.Grant) bool { return a.Environment < b.Environment })); diff != "" {
					t.Errorf("all (-want +got):\n%s", diff)
				}
				if diff := cmp.Diff(before, byHand); diff != "" {
					t.Errorf("by hand (-want +got):\n%s", diff)
				}
				return errors.Join(err, err2)
			})
		}
		put(groups, append(slices.Clone(before), groups[1])...)
		put([]access.Grant{{Environment: "e9", Role: access.Admin}}, append(slices.Clone(before), access.Grant{Environment: "e9", Role: access.Admin})...)
		put(nil, before...)

		login := access.GroupLogin{Only: true, Groups: []access.GroupGrants{{Group: "engineers", Grants: groups}}}
		x.write(t, func(tx *store.Tx) error {
			a, err := tx.AccountSettings(ctx)
			if err != nil {
				return err
			}
			a.OIDC, a.SecondFactor = login, true
			return tx.UpdateAccount(ctx, a)
		})
		if err := x.ReadAll(ctx, func(tx *store.Tx) error {
			got, err := tx.GroupLogins(ctx)
			if diff := cmp.Diff(map[string]access.GroupLogin{ours: login}, got); diff != "" {
				t.Errorf("what accounts make of groups (-want +got):\n%s", diff)
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
		x.write(t, func(tx *store.Tx) error {
			m, err := tx.MemberOf(ctx, mira.ID)
			if m.ID != "m1" {
				t.Errorf("got %+v, want the membership", m)
			}
			if _, err := tx.MemberOf(ctx, "nobody"); !fault.Is(err, fault.NotFound) {
				t.Errorf("nobody: got %v, want none", err)
			}
			again, err2 := tx.InsertPersonOnce(ctx, store.Person{ID: "another", Email: mira.Email, CreatedAt: start})
			first, err3 := tx.InsertPersonOnce(ctx, store.Person{ID: "another", Email: "another@example.com", CreatedAt: start})
			return errors.Join(err, yes(t, "a person of the same address", false, again, err2), yes(t, "a person", true, first, err3))
		})
	})
}
