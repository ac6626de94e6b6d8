package control_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/alert"
	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/secret"
	"github.com/lockage/lockage/internal/store"
	"github.com/lockage/lockage/internal/testkit"
)

// sealedTable is a table that holds something sealed, and what of a row that is bound to.
type sealedTable struct {
	key   []string          // the primary key, which says where a row is found
	bound []string          // columns that are: the row does not open with another's
	free  map[string]string // columns that are not, with the reason
	opens func(*testing.T, *fixture, row) error
}

// row is a row as the database has it, by column.
type row map[string]any

func (r row) text(column string) string { return fmt.Sprint(r[column]) }

func (r row) number(column string) int64 {
	n, _ := r[column].(int64)
	return n
}

const (
	tellsWhen  = "says when something is to be done; who changes it makes it sooner or later, as by stopping the server"
	tellsState = "says how the last attempt went; it is shown, and changes with each attempt"
	tellsSent  = "says how far it is delivered; who changes it has entries sent again, or left out, which their numbers show"
	isALease   = "says who asks the provider now; it changes while the tokens stay"
)

// sealedTables are all of them. TestSealedRowsAreBound fails for a table or a column that is not listed: whoever adds one
// decides whether it is bound.
var sealedTables = map[string]sealedTable{
	"secret_values": {
		key: []string{"account_id", "environment_id", "secret_id", "version"},
		bound: []string{
			"account_id", "environment_id", "secret_id", "version", "type", "ciphertext", "nonce", "tag", "wrapped_key", "kek", "created_at",
			"created_by", "fingerprint", "sandbox", "format", "expires_at", "strict", "allowed_hosts", "detail", "guessable",
		},
		opens: func(t *testing.T, x *fixture, r row) error {
			return x.store.Read(t.Context(), r.text("account_id"), func(tx *store.Tx) error {
				v, err := tx.Value(t.Context(), r.text("environment_id"), r.text("secret_id"), r.number("version"))
				return errors.Join(err, x.open(t, v.Binding(r.text("account_id")), v.Sealed))
			})
		},
	},
	"oauth2_tokens": {
		key: []string{"account_id", "environment_id", "secret_id", "version"},
		bound: []string{
			"account_id", "environment_id", "secret_id", "version", "serial", "ciphertext", "nonce", "tag", "wrapped_key", "kek",
			"refresh_ciphertext", "refresh_nonce", "refresh_tag", "refresh_wrapped_key", "refresh_kek", "token_type", "obtained_at", "expires_at",
		},
		free: map[string]string{
			"refresh_at": tellsWhen, "next_attempt_at": tellsWhen, "needs": tellsState, "error_code": tellsState, "attempts": tellsState,
			"lease": isALease, "lease_until": isALease,
		},
		opens: func(t *testing.T, x *fixture, r row) error {
			account := r.text("account_id")
			return x.store.Read(t.Context(), account, func(tx *store.Tx) error {
				k, err := tx.OAuth2Token(t.Context(), r.text("environment_id"), r.text("secret_id"), r.number("version"))
				return errors.Join(err, x.open(t, k.AccessBinding(account), k.Access), x.open(t, k.RefreshBinding(account), k.Refresh))
			})
		},
	},
	"oauth2_authorizations": {
		key: []string{"account_id", "state"},
		bound: []string{
			"account_id", "environment_id", "secret_id", "version", "state", "ciphertext", "nonce", "tag", "wrapped_key", "kek", "redirect",
			"member_id", "member", "expires_at",
		},
		opens: func(t *testing.T, x *fixture, r row) error {
			state, _ := r["state"].([]byte)
			undo := errors.New("undo")
			err := x.store.Batch(t.Context(), func(tx *store.Tx) error {
				a, err := tx.TakeAuthorization(t.Context(), state)
				return errors.Join(err, x.open(t, a.Binding(), a.Verifier), undo)
			})
			if err, ok := err.(interface{ Unwrap() []error }); ok && len(err.Unwrap()) == 1 {
				return nil // nothing but the undoing
			}
			return err
		},
	},
	"audit_streams": {
		key: []string{"account_id", "id"},
		bound: []string{
			"account_id", "id", "name", "kind", "target", "ca", "facility", "created_at", "created_by", "ciphertext", "nonce", "tag", "wrapped_key", "kek",
		},
		free: map[string]string{
			"paused": "says that nothing is delivered; the entries stay", "updated_at": "says when something was set; it is shown",
			"position": tellsSent, "sending": tellsSent, "skipped": tellsSent, "delivered_at": tellsState, "failing_since": tellsState,
			"failure": tellsState, "attempts": tellsState, "next_attempt_at": tellsWhen, "lease": isALease, "lease_until": isALease,
		},
		opens: func(t *testing.T, x *fixture, r row) error {
			account := r.text("account_id")
			return x.store.Read(t.Context(), account, func(tx *store.Tx) error {
				s, err := tx.AuditStream(t.Context(), r.text("id"))
				return errors.Join(err, x.open(t, s.Binding(account), s.Key))
			})
		},
	},
	"idempotency": {
		key:   []string{"account_id", "holder_id", "key"},
		bound: []string{"account_id", "holder_id", "key", "fingerprint", "ciphertext", "nonce", "tag", "wrapped_key", "kek"},
		free: map[string]string{
			"created_at": "says when the answer is forgotten; until then it answers the same request of the same holder alone",
			"done":       "says that there is an answer; a row that lies about it has none to open",
		},
		opens: func(t *testing.T, x *fixture, r row) error {
			account := r.text("account_id")
			return x.store.Batch(t.Context(), func(tx *store.Tx) error {
				i, taken, err := tx.ReserveIdempotent(t.Context(), account, store.Idempotent{Holder: r.text("holder_id"), Key: r.text("key"), CreatedAt: tx.Now()})
				if taken {
					return errors.New("there is no such row")
				}
				return errors.Join(err, x.open(t, i.Binding(account), i.Answer))
			})
		},
	},
	"alert_webhooks": {
		key:   []string{"account_id", "alert_id", "id"},
		bound: []string{"account_id", "environment_id", "alert_id", "id", "ciphertext", "nonce", "tag", "wrapped_key", "kek"},
		opens: func(t *testing.T, x *fixture, r row) error {
			account := r.text("account_id")
			return x.store.Read(t.Context(), account, func(tx *store.Tx) error {
				h, err := tx.AlertWebhook(t.Context(), r.text("environment_id"), r.text("alert_id"), r.text("id"))
				return errors.Join(err, x.open(t, h.Binding(account), h.Sealed))
			})
		},
	},
	"content_keys": {
		key:   []string{"account_id", "environment_id", "id"},
		bound: []string{"account_id", "environment_id", "id", "created_at", "ciphertext", "nonce", "tag", "wrapped_key", "kek"},
		opens: func(t *testing.T, x *fixture, r row) error {
			account := r.text("account_id")
			return x.store.Read(t.Context(), account, func(tx *store.Tx) error {
				k, err := tx.ContentKey(t.Context(), r.text("environment_id"), r.text("id"))
				return errors.Join(err, x.open(t, k.Binding(account), k.Sealed))
			})
		},
	},
	"signing_keys": {
		key:   []string{"id"},
		bound: []string{"id", "created_at", "active_at", "alone", "ciphertext", "nonce", "tag", "wrapped_key", "kek"},
		opens: func(t *testing.T, x *fixture, r row) error {
			return x.store.ReadAll(t.Context(), func(tx *store.Tx) error {
				list, err := tx.SigningKeys(t.Context())
				if err != nil {
					return err // SQLite takes any number for a boolean
				}
				i := slices.IndexFunc(list, func(k store.SigningKey) bool { return k.ID == r.text("id") })
				if i < 0 {
					return errors.New("there is no such row")
				}
				return x.open(t, list[i].Binding(), list[i].Key)
			})
		},
	},
	"totp_factors": {
		key:   []string{"person_id", "id"},
		bound: []string{"person_id", "id", "name", "created_at", "ciphertext", "nonce", "tag", "wrapped_key", "kek"},
		free: map[string]string{
			"confirmed_at": "says whether the authenticator proves anything; who changes it has it asked for sooner, or not at all, as by removing the row",
			"used_at":      tellsState,
			"last_step":    "says which codes were used; it is told apart from the key, which stays as it is with each use",
		},
		opens: func(t *testing.T, x *fixture, r row) error {
			return x.store.ReadAll(t.Context(), func(tx *store.Tx) error {
				f, err := tx.TOTP(t.Context(), r.text("person_id"), r.text("id"))
				return errors.Join(err, x.open(t, f.Binding(), f.Key))
			})
		},
	},
	"call_contents": {
		key:   []string{"account_id", "call_id"},
		bound: []string{"account_id", "environment_id", "call_id", "key_id", "ciphertext", "nonce", "tag"},
		opens: func(t *testing.T, x *fixture, r row) error {
			account := r.text("account_id")
			return x.store.Read(t.Context(), account, func(tx *store.Tx) error {
				c, err := tx.CallContent(t.Context(), r.text("environment_id"), r.text("call_id"))
				if err != nil {
					return err
				}
				k, err := tx.ContentKey(t.Context(), c.EnvironmentID, c.KeyID)
				if err != nil {
					return fmt.Errorf("%w: it leads to no key", secret.ErrSeal) // which opens nothing
				}
				opener, err := x.settings.Sealer.Open(t.Context(), k.Binding(account), k.Sealed)
				if err != nil {
					return err
				}
				key, err := opener.RecordKey()
				if err != nil {
					return err
				}
				_, err = key.Open(c.Place(account), c.Record)
				return err
			})
		},
	},
}

// open opens what is sealed to its end.
func (x *fixture) open(t *testing.T, b secret.Binding, s secret.Sealed) error {
	opener, err := x.settings.Sealer.Open(t.Context(), b, s)
	if err != nil {
		return err
	}
	plain, err := opener.AppendTo(nil)
	clear(plain)
	return err
}

// TestSealedRowsAreBound exchanges, between every two rows of a table, one field after the other: what is sealed there
// must not open any more.
func TestSealedRowsAreBound(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		x.fillSealed(t)
		if x.config.URL == "" {
			x.exec(t, `PRAGMA synchronous = OFF`) // thousands of small changes, none of which must last
		}
		for _, table := range x.tables(t) {
			columns := x.columns(t, table)
			known, ok := sealedTables[table]
			if !ok {
				if slices.Contains(columns, "wrapped_key") || slices.Contains(columns, "ciphertext") {
					t.Errorf("%s holds something sealed and is not among sealedTables", table)
				}
				continue
			}
			listed := slices.Sorted(slices.Values(slices.Concat(known.bound, slices.Collect(maps.Keys(known.free)))))
			if !slices.Equal(slices.Sorted(slices.Values(columns)), listed) {
				t.Errorf("%s has the columns %v, want each to be bound, or free with a reason, and no other: %v", table, columns, listed)
				continue
			}
			known.swap(t, x, table, columns)
		}
	})
}

func (s sealedTable) swap(t *testing.T, x *fixture, table string, columns []string) {
	t.Helper()
	rows := x.read(t, table, columns)
	if len(rows) < 2 {
		t.Errorf("%s has %d rows: nothing can be exchanged", table, len(rows))
	}
	for i, r := range rows {
		if err := s.opens(t, x, r); err != nil {
			t.Fatalf("%s, row %d, untouched: %v", table, i, err)
		}
		for _, column := range s.bound {
			for j, other := range append(rows, invented(r)) { // some columns are the same in all rows
				if same(r[column], other[column]) {
					continue
				}
				changed := maps.Clone(r)
				changed[column] = other[column]
				if err := s.with(t, x, table, columns, rows, r, changed); err == nil {
					t.Errorf("%s: row %d opens with the %s of row %d", table, i, column, j)
				} else if strings.Contains(err.Error(), "no such") {
					t.Errorf("%s: row %d with the %s of row %d was not found: nothing was tried", table, i, column, j)
				}
			}
		}
	}
}

// invented is a row that differs from another in every column.
func invented(r row) row {
	out := row{}
	for column, v := range r {
		switch v := v.(type) {
		case string:
			out[column] = v + "x"
		case []byte:
			out[column] = append(slices.Clone(v), 'x')
		case int64:
			out[column] = v + 1000
		case bool:
			out[column] = !v
		}
	}
	return out
}

// with puts a changed row where r is, opens it, and puts back what was there. Whoever has the place of the changed one
// goes away meanwhile.
func (s sealedTable) with(t *testing.T, x *fixture, table string, columns []string, rows []row, r, changed row) error {
	t.Helper()
	var gone []row
	for _, other := range rows {
		there := true
		for _, k := range s.key {
			there = there && same(changed[k], other[k])
		}
		if there || same(r, other) {
			gone = append(gone, other)
			x.remove(t, table, s.key, other)
		}
	}
	err := x.insert(t.Context(), table, columns, changed)
	if err == nil {
		err = s.opens(t, x, changed)
		x.remove(t, table, s.key, changed)
	} else if refused, ok := errors.AsType[*pgconn.PgError](err); !ok || refused.Code != "23503" {
		t.Fatalf("%s: %v", table, err) // 23503: the foreign key refuses it, before anything could open it
	}
	for _, r := range gone {
		if err := x.insert(t.Context(), table, columns, r); err != nil {
			t.Fatalf("%s: put back: %v", table, err)
		}
	}
	return err
}

func same(a, b any) bool { return fmt.Sprint(a) == fmt.Sprint(b) }

// columns names those of a table, as the database itself tells.
func (x *fixture) columns(t *testing.T, table string) []string {
	t.Helper()
	rows, err := x.db.QueryContext(t.Context(), `SELECT * FROM `+table+` WHERE 1 = 0`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	list, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func (x *fixture) read(t *testing.T, table string, columns []string) (list []row) {
	t.Helper()
	rows, err := x.db.QueryContext(t.Context(), `SELECT `+strings.Join(columns, ", ")+` FROM `+table)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		values, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		r := row{}
		for i, c := range columns {
			r[c] = values[i]
		}
		list = append(list, r)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return list
}

func (x *fixture) remove(t *testing.T, table string, key []string, r row) {
	t.Helper()
	var where []string
	var args []any
	for i, k := range key {
		where, args = append(where, fmt.Sprintf("%s = $%d", k, i+1)), append(args, r[k])
	}
	x.exec(t, `DELETE FROM `+table+` WHERE `+strings.Join(where, " AND "), args...)
}

func (x *fixture) insert(ctx context.Context, table string, columns []string, r row) error {
	var places []string
	var args []any
	for i, c := range columns {
		places, args = append(places, fmt.Sprintf("$%d", i+1)), append(args, r[c])
	}
	_, err := x.db.ExecContext(ctx, `INSERT INTO `+table+` (`+strings.Join(columns, ", ")+`) VALUES (`+strings.Join(places, ", ")+`)`, args...)
	return err
}

// fillSealed makes rows in each sealed table that differ in every column.
func (x *fixture) fillSealed(t *testing.T) {
	t.Helper()
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	x.online(t)
	x.record(t, x.contentCall(1, x.development), x.contentCall(2, x.production))
	x.clock.pass(25 * time.Hour) // another key
	x.record(t, x.contentCall(3, x.development))
	for _, email := range []string{ownerEmail, "second@example.com"} {
		person := x.person(t, email)
		for _, name := range []string{"phone", "tablet"} {
			who := x.owner
			who.Person, who.Proved = person, x.clock.Now()
			_, err := x.AddTOTP(ctx, who, name)
			must(err)
			x.clock.pass(time.Second)
		}
	}
	hooks, _ := x.telling(t, testkit.MailConfig{})
	x.alert(t, "development", alert.HardFail, alert.Fields{}, control.AlertTarget{Webhook: hooks.URL + "/a"}, control.AlertTarget{Webhook: hooks.URL + "/b"})
	x.alert(t, "production", alert.HardFail, alert.Fields{}, control.AlertTarget{Webhook: hooks.URL + "/a"})
	x.isFirst(t)
	_, err := x.RotateSigningKey(ctx, x.owner)
	must(err)
	x.clock.pass(30 * 24 * time.Hour)
	must(x.KeepSigningKeys(ctx)) // another key, which does not stand alone
	p := testkit.NewProvider(t, time.Hour)
	for _, name := range []string{"first", "second"} {
		_, err := x.CreateSecret(ctx, x.owner, name, secret.String, "")
		must(err)
	}
	_, err = x.SetSecretValue(ctx, x.owner, "first", "development", text("sk_test_of-the-first-secret-0001"))
	must(err)
	x.clock.pass(time.Second)
	_, err = x.SetSecretValue(ctx, x.admin, "first", "development", control.SecretValue{
		Value: plaintext("1234"), ExpiresAt: x.clock.Now().Add(time.Hour), Strict: true, Hosts: &[]string{"*.example.com"},
	})
	must(err)
	_, err = x.SetSecretValue(ctx, x.owner, "second", "production", text("the value of the second secret"))
	must(err)

	_, _, err = x.CreateAuditStream(ctx, x.owner, audit.Webhook, control.AuditStreamFields{Name: ptr("first"), URL: ptr("https://hooks.example.com/1")}, true)
	must(err)
	x.clock.pass(time.Second)
	other := x.with("other owner", x.owner.Grants...)
	_, _, err = x.CreateAuditStream(ctx, other, audit.Syslog, control.AuditStreamFields{Name: ptr("second"), Address: ptr("tls://logs.example.com:6514"), Facility: ptr(3), CA: ptr(authority(t))}, false)
	must(err)

	x.authorize(t, p, "production")
	x.clock.pass(time.Second)
	x.authorize(t, p, "development")
	x.authorize(t, p, "development") // another version
	for i, who := range []string{"production", "development"} {
		actor := x.owner
		if i == 1 {
			actor = x.admin
			x.settings.PublicURL = "https://elsewhere.example.com"
			x.Control = open(t, x.settings)
			x.clock.pass(time.Second)
		}
		_, _, err := x.Authorize(ctx, actor, "google", who)
		must(err)
		key := fmt.Sprint("key", i)
		_, err = x.BeginIdempotent(ctx, actor, key, "request"+key)
		must(err)
		must(x.EndIdempotent(ctx, actor, key, "request"+key, control.IdempotentAnswer{Status: 201, Body: []byte(key)}))
	}
}

// authorize sets an OAuth2 value in an environment that has both tokens.
func (x *fixture) authorize(t *testing.T, p *testkit.Provider, environmentRef string) {
	t.Helper()
	x.setOAuth2(t, environmentRef, clientOf(p, secret.AuthorizationCode))
	to, _, err := x.Authorize(t.Context(), x.admin, "google", environmentRef)
	if err != nil {
		t.Fatal(err)
	}
	back := browse(t, to)
	if err := x.Authorized(t.Context(), back.Get("state"), back.Get("code"), ""); err != nil {
		t.Fatal(err)
	}
}

// boundSettings are the settings of an installation that are refused with another's value; the others say why not.
var (
	boundSettings = []string{"pepper_check", "signing_key", "checkpoint_key"}
	freeSettings  = map[string]string{
		"first_account": "names the account of the first start; it opens nothing",
		"kek_current":   "names the key that wraps, of those the server was given; one that it was not given does not start",
		"kek_settled":   "says that a proof was made; it is made again when this says otherwise",
		"kek_rotation":  "says who makes wraps anew, and how that goes",
	}
)

// TestSettingsAreBound gives each setting that is bound the value of every other, and the sealed keys each field of another
// installation's that has the same key-encryption key: none of it starts, or signs a checkpoint.
func TestSettingsAreBound(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		x.checkpoint(t)
		stored := map[string][]byte{}
		for _, r := range x.read(t, "installation", []string{"name", "value"}) {
			stored[r.text("name")], _ = r["value"].([]byte)
			if _, free := freeSettings[r.text("name")]; !free && !slices.Contains(boundSettings, r.text("name")) {
				t.Errorf("the setting %s is neither among boundSettings nor, with a reason, among freeSettings", r.text("name"))
			}
		}
		refused := func(what, name string, value []byte) {
			t.Helper()
			x.exec(t, `UPDATE installation SET value = $1 WHERE name = $2`, value, name)
			c, err := control.New(x.settings)
			if err == nil {
				err = c.Unlock(t.Context())
			}
			if err == nil {
				_, err = c.AuditCheckpoint(t.Context(), x.owner)
			}
			if err == nil {
				t.Errorf("%s with %s: it starts", name, what)
			}
			x.exec(t, `UPDATE installation SET value = $1 WHERE name = $2`, stored[name], name)
		}
		for _, name := range boundSettings {
			for other, value := range stored {
				if other != name {
					refused("the value of "+other, name, value)
				}
			}
		}
		if err := x.Unlock(t.Context()); err != nil {
			t.Errorf("as it was: %v", err)
		}
		second := testkit.Open(t, store.Config{Path: filepath.Join(t.TempDir(), "second.db")})
		err := second.CreateAccount(t.Context(), x.account, "theirs", func(tx *store.Tx) error {
			return tx.AppendAudit(t.Context(), audit.Entry{Action: string(access.AccountCreate)})
		})
		if err == nil {
			_, err = open(t, settings(t, second, 1, 2)).AuditCheckpoints(t.Context(), func(string, string) bool { return true })
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"signing_key", "checkpoint_key"} {
			var theirs []byte
			if err := second.ReadAll(t.Context(), func(tx *store.Tx) (err error) {
				theirs, err = tx.Setting(t.Context(), name)
				return err
			}); err != nil {
				t.Fatal(err)
			}
			for field, mixed := range mixes(t, stored[name], theirs) {
				refused(field+" of another", name, mixed)
			}
		}
	})
}

// mixes are JSON objects with one field of another's each, of those that differ, also inside of objects.
func mixes(t *testing.T, ours, theirs []byte) map[string][]byte {
	t.Helper()
	var a, b map[string]json.RawMessage
	if err := errors.Join(json.Unmarshal(ours, &a), json.Unmarshal(theirs, &b)); err != nil {
		t.Fatal(err)
	}
	out := map[string][]byte{}
	for field, value := range a {
		one := map[string][]byte{"": b[field]}
		if value[0] == '{' {
			one = mixes(t, value, b[field])
		}
		for inside, v := range one {
			if bytes.Equal(value, v) {
				continue
			}
			mixed := maps.Clone(a)
			mixed[field] = v
			whole, err := json.Marshal(mixed)
			if err != nil {
				t.Fatal(err)
			}
			out[strings.Trim(field+"."+inside, ".")] = whole
		}
	}
	if len(out) == 0 {
		t.Fatal("nothing differs: nothing was tried")
	}
	return out
}
