package store

import (
	"context"
	"fmt"
	"strings"

	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/secret"
)

// SettingKEK is the setting that names the key-encryption key which wraps. Every transaction that stores a wrap checks it.
const SettingKEK = "kek_current"

// OtherKEKError says that a wrap was to be stored which was made by another key than the one that wraps now.
type OtherKEKError struct {
	Current string // the id of the key that wraps
	Made    string // the id of the key that made the wrap
}

func (e *OtherKEKError) Error() string {
	return fmt.Sprintf("a wrap of the key %q was refused: the key %q wraps now", e.Made, e.Current)
}

// CurrentKEK is the id of the key that wraps; "" before there is one.
func (tx *Tx) CurrentKEK(ctx context.Context) (string, error) {
	id, err := tx.Setting(ctx, SettingKEK)
	return string(id), err
}

// SwapKEK makes another key the one that wraps, if it is still the one that the caller thinks. It waits for the
// transactions that are storing wraps of the old one: after it is committed, none is stored any more.
func (tx *Tx) SwapKEK(ctx context.Context, from, to string) error {
	swapped, err := tx.SwapSetting(ctx, SettingKEK, []byte(from), []byte(to))
	if err == nil && !swapped {
		err = fault.New(fault.Conflict, "another key began to wrap meanwhile; look at lockage keys status")
	}
	return err
}

// HoldKEK is CurrentKEK, and keeps the key that wraps the same until the transaction ends.
func (tx *Tx) HoldKEK(ctx context.Context) (string, error) {
	id, err := scanBytes(tx.tx.QueryRowContext(ctx, `SELECT value FROM installation WHERE name = $1`+tx.share, SettingKEK))
	return string(id), err
}

// fits is asked by everything that stores wraps: they must be made by the key that wraps now, and that stays so until the
// transaction ends. Where the setting is missing, as before the first start is through, nothing is refused.
func (tx *Tx) fits(ctx context.Context, wraps ...secret.Sealed) error {
	current, err := tx.HoldKEK(ctx)
	if err != nil || current == "" {
		return err
	}
	for _, w := range wraps {
		if len(w.WrappedKey) > 0 && w.KEK != current {
			return &OtherKEKError{Current: current, Made: w.KEK}
		}
	}
	return nil
}

// Wrap is a wrapped data key where it stands.
type Wrap struct {
	Source  string // the table, with the column where a table has two
	Account string
	Binding secret.Binding
	Sealed  secret.Sealed
	key     []any // of the row
}

// source is a place where wraps stand: a table, its primary key, and the two columns. Each has its way to read a row,
// which knows what the data key is bound to.
type source struct {
	name, table  string
	key          []string // the primary key, the account first
	shared       bool     // its rows belong to no account
	wrapped, kek string
	columns      string
	scan         func(row) (Wrap, error)
}

// sources are all of them. What is sealed in settings stands in sealedSettings.
func sources() []source {
	token := func(name, wrapped, kek string, pick func(secret.Token) secret.Sealed, bind func(secret.Token, string) secret.Binding) source {
		return source{
			name: name, table: "oauth2_tokens", key: []string{"account_id", "environment_id", "secret_id", "version"},
			wrapped: wrapped, kek: kek, columns: oauth2Columns,
			scan: func(r row) (w Wrap, err error) {
				t, err := scanOAuth2(behind{r, &w.Account})
				w.Binding, w.Sealed, w.key = bind(t, w.Account), pick(t), []any{w.Account, t.EnvironmentID, t.SecretID, t.Version}
				return w, err
			},
		}
	}
	return []source{
		{
			name: "secret_values", table: "secret_values", key: []string{"account_id", "environment_id", "secret_id", "version"},
			wrapped: "wrapped_key", kek: "kek", columns: valueColumns,
			scan: func(r row) (w Wrap, err error) {
				v, err := scanValue(behind{r, &w.Account})
				w.Binding, w.Sealed, w.key = v.Binding(w.Account), v.Sealed, []any{w.Account, v.EnvironmentID, v.SecretID, v.Version}
				return w, err
			},
		},
		token("oauth2_tokens", "wrapped_key", "kek", func(t secret.Token) secret.Sealed { return t.Access }, secret.Token.AccessBinding),
		token("oauth2_tokens.refresh", "refresh_wrapped_key", "refresh_kek", func(t secret.Token) secret.Sealed { return t.Refresh }, secret.Token.RefreshBinding),
		{
			name: "oauth2_authorizations", table: "oauth2_authorizations", key: []string{"account_id", "state"},
			wrapped: "wrapped_key", kek: "kek", columns: authorizationColumns,
			scan: func(r row) (w Wrap, err error) {
				a, err := scanAuthorization(behind{r, &w.Account})
				a.Account = w.Account
				w.Binding, w.Sealed, w.key = a.Binding(), a.Verifier, []any{w.Account, a.State}
				return w, err
			},
		},
		{
			name: "audit_streams", table: "audit_streams", key: []string{"account_id", "id"},
			wrapped: "wrapped_key", kek: "kek", columns: streamColumns,
			scan: func(r row) (w Wrap, err error) {
				s, err := scanStream(behind{r, &w.Account})
				w.Binding, w.Sealed, w.key = s.Binding(w.Account), s.Key, []any{w.Account, s.ID}
				return w, err
			},
		},
		{
			name: "idempotency", table: "idempotency", key: []string{"account_id", "holder_id", "key"},
			wrapped: "wrapped_key", kek: "kek", columns: idempotentColumns,
			scan: func(r row) (w Wrap, err error) {
				i, err := scanIdempotent(behind{r, &w.Account})
				w.Binding, w.Sealed, w.key = i.Binding(w.Account), i.Answer, []any{w.Account, i.Holder, i.Key}
				return w, err
			},
		},
		{
			name: "content_keys", table: "content_keys", key: []string{"account_id", "environment_id", "id"},
			wrapped: "wrapped_key", kek: "kek", columns: contentKeyColumns,
			scan: func(r row) (w Wrap, err error) {
				k, err := scanContentKey(behind{r, &w.Account})
				w.Binding, w.Sealed, w.key = k.Binding(w.Account), k.Sealed, []any{w.Account, k.EnvironmentID, k.ID}
				return w, err
			},
		},
		{
			name: "signing_keys", table: "signing_keys", key: []string{"id"}, shared: true,
			wrapped: "wrapped_key", kek: "kek", columns: signingKeyColumns,
			scan: func(r row) (w Wrap, err error) {
				k, err := scanSigningKey(behind{r, &w.Account})
				w.Binding, w.Sealed, w.key = k.Binding(), k.Key, []any{k.ID}
				return w, err
			},
		},
		{
			name: "totp_factors", table: "totp_factors", key: []string{"person_id", "id"}, shared: true,
			wrapped: "wrapped_key", kek: "kek", columns: totpColumns,
			scan: func(r row) (w Wrap, err error) {
				f, err := scanTOTP(behind{r, &w.Account})
				w.Binding, w.Sealed, w.key = f.Binding(), f.Key, []any{f.PersonID, f.ID}
				return w, err
			},
		},
		{
			name: "alert_webhooks", table: "alert_webhooks", key: []string{"account_id", "alert_id", "id"},
			wrapped: "wrapped_key", kek: "kek", columns: alertWebhookColumns,
			scan: func(r row) (w Wrap, err error) {
				h, err := scanAlertWebhook(behind{r, &w.Account})
				w.Binding, w.Sealed, w.key = h.Binding(w.Account), h.Sealed, []any{w.Account, h.AlertID, h.ID}
				return w, err
			},
		},
	}
}

// account is the column that says whose a row is.
func (s source) account() string {
	if s.shared {
		return `'' AS account_id`
	}
	return "account_id"
}

// WrapSources names where wraps stand, in the order in which they are listed.
func WrapSources() []string {
	all := sources()
	names := make([]string, len(all))
	for i, s := range all {
		names[i] = s.name
	}
	return names
}

func sourceOf(name string) source {
	for _, s := range sources() {
		if s.name == name {
			return s
		}
	}
	panic("store: no such source of wraps: " + name)
}

// OtherWraps lists wraps of a source that other keys than one of an id made, in the order of their rows, after one of
// them (nil: from the beginning); used through ReadAll.
func (tx *Tx) OtherWraps(ctx context.Context, name, current string, after *Wrap, limit int) ([]Wrap, error) {
	s := sourceOf(name)
	w := &where{}
	w.conditions = []string{s.kek + " <> ''"}
	w.add(s.kek+" <> %s", current)
	order := strings.Join(s.key, ", ")
	if after != nil {
		w.conditions = append(w.conditions, "("+order+") > ("+w.places(after.key)+")")
	}
	query := `SELECT ` + s.account() + `, ` + s.columns + ` FROM ` + s.table + ` WHERE ` + w.text() + ` ORDER BY ` + order + ` LIMIT ` + w.arg(limit)
	return all(ctx, tx, func(r row) (Wrap, error) {
		found, err := s.scan(r)
		found.Source = s.name
		return found, err
	}, query, w.args...)
}

// Rewrap puts wraps that were made anew in place of those they were made of, and answers how many it put: where a row
// changed meanwhile, its change stays. It holds the accounts' heads, so that it queues with their writers. Called in a
// Batch.
func (tx *Tx) Rewrap(ctx context.Context, old []Wrap, made []secret.Sealed) (n int64, err error) {
	var accounts []string
	for _, w := range old {
		if w.Account != "" && (len(accounts) == 0 || accounts[len(accounts)-1] != w.Account) { // they come in order
			accounts = append(accounts, w.Account)
		}
	}
	for _, account := range accounts {
		if err := tx.exec(ctx, `UPDATE accounts SET version = version WHERE id = $1`, account); err != nil {
			return 0, err
		}
	}
	if err := tx.fits(ctx, made...); err != nil {
		return 0, err
	}
	for i, held := range old {
		s := sourceOf(held.Source)
		w := &where{}
		set := s.wrapped + " = " + w.arg(made[i].WrappedKey) + ", " + s.kek + " = " + w.arg(made[i].KEK)
		for j, column := range s.key {
			w.add(column+" = %s", held.key[j])
		}
		w.add(s.wrapped+" = %s", held.Sealed.WrappedKey)
		put, err := tx.affected(ctx, `UPDATE `+s.table+` SET `+set+` WHERE `+w.text(), w.args...)
		if err != nil {
			return n, err
		}
		n += put
	}
	return n, nil
}

// WrapCount is how many wraps of a source a key made.
type WrapCount struct {
	Source string
	KEK    string
	N      int64
}

// CountWraps counts all wraps but those in settings by source and key, in one query; used through ReadAll.
func (tx *Tx) CountWraps(ctx context.Context) ([]WrapCount, error) {
	var parts []string
	for _, s := range sources() {
		parts = append(parts, fmt.Sprintf(`SELECT '%[1]s' AS source, %[2]s AS kek, COUNT(*) FROM %[3]s WHERE %[2]s <> '' GROUP BY %[2]s`, s.name, s.kek, s.table))
	}
	scan := func(r row) (c WrapCount, err error) { return c, r.Scan(&c.Source, &c.KEK, &c.N) }
	return all(ctx, tx, scan, strings.Join(parts, " UNION ALL "))
}
