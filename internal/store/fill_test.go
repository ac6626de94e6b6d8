package store_test

import (
	"context"
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/apikey"
	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/definition"
	"github.com/lockage/lockage/internal/environment"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/route"
	"github.com/lockage/lockage/internal/secret"
	"github.com/lockage/lockage/internal/store"
	"github.com/lockage/lockage/internal/variable"
)

// The rows that fill makes; the tests compare with them.
var (
	development = environment.Environment{
		ID: "e1", Name: "development", DisplayName: "Development", Description: "first", Color: "#3b82f6", ShowMessageContents: true,
		RootHash: "root-1", Head: 1, CreatedAt: start, UpdatedAt: start.Add(time.Second),
		Hold: &environment.Hold{Reason: "broken", By: "Mira", At: start},
		Protection: environment.Protection{Approvals: 2, Freeze: []environment.Window{
			{Start: start, End: start.Add(time.Hour), Reason: "the holidays"},
			{Weekly: &environment.Weekly{Days: []time.Weekday{time.Friday}, From: "16:00", To: "24:00", TimeZone: "Europe/Berlin"}, AllowRollback: true},
		}},
	}
	production = environment.Environment{
		ID: "e2", Name: "production", DisplayName: "Production", Color: "#22c55e", IsDefault: true, Level: 1, Protected: true,
		ObfuscateCustomerData: true, RootHash: "root-0", CreatedAt: start, UpdatedAt: start, DistinctValues: environment.DistinctBlock,
	}
	stripe  = secret.Secret{ID: "s1", Name: "stripe_api_key", Type: secret.String, Description: "pays", CreatedAt: start, CreatedBy: "Mira", UpdatedAt: start}
	slotOne = secret.Slot{SecretID: "s1", EnvironmentID: "e1", Active: 1, Staged: 1, Last: 1, CreatedAt: start, UpdatedAt: start}
	value   = secret.Value{
		SecretID: "s1", EnvironmentID: "e1", Version: 1, Type: secret.String, Format: secret.FormatFacts, CreatedAt: start, CreatedBy: "Mira",
		Sealed: secret.Sealed{Ciphertext: []byte{0, 1, 0xff}, Nonce: []byte{2}, Tag: []byte{3}, WrappedKey: []byte{4}, KEK: "local:1"},
		Marks:  secret.Marks{Fingerprint: "f1", Sandbox: true, Guessable: true},
		Terms:  secret.Terms{ExpiresAt: start.Add(time.Hour), Strict: true, Hosts: []string{"*.example.com", "api.example.com:8443"}},
		Detail: `{"subject":"CN=Lockage"}`,
	}
	streamOne = audit.Stream{
		ID: "as1", Name: "siem", Kind: audit.Syslog, Target: "tls://logs.example.com:6514", CA: "pem", Facility: 13, CreatedAt: start, CreatedBy: "Mira",
		Key: value.Sealed, UpdatedAt: start,
	}
	tokenOne = secret.Token{
		SecretID: "s1", EnvironmentID: "e1", Version: 1, Serial: 3, Access: value.Sealed, Refresh: value.Sealed, Type: "Bearer", ObtainedAt: start,
		ExpiresAt: start.Add(time.Hour), RefreshAt: start.Add(time.Minute), Needs: true, ErrorCode: "invalid_grant", Attempts: 2, NextAttempt: start.Add(time.Second),
	}
	authorization = store.Authorization{
		EnvironmentID: "e1", SecretID: "s1", Version: 1, State: []byte{7}, Verifier: value.Sealed, Redirect: "https://x/oauth/callback", MemberID: "m1", Member: "Mira",
		ExpiresAt: start.Add(time.Hour),
	}
	region    = variable.Variable{Key: "region", Description: "where", CreatedAt: start, CreatedBy: "Mira", UpdatedAt: start}
	regionOne = variable.Value{Key: "region", EnvironmentID: "e1", Value: "eu", UpdatedAt: start, UpdatedBy: "Mira"}
	charges   = definition.Ref{Kind: definition.KindRoute, Key: "charges"}
	identity  = definition.Identity{ID: "d1", Ref: charges, CreatedAt: start, CreatedBy: "Mira"}
	draft     = definition.Draft{ID: "d1", Ref: charges, Base: "h1", Hash: "h2", SavedBy: "Mira", SavedByID: "m1", SavedAt: start, Version: 1}
	live      = store.TreeEntry{EnvironmentID: "e1", ID: "d1", Ref: charges, Hash: "h1", Active: false}
	commit    = definition.Commit{
		ID: "c1", EnvironmentID: "e1", Number: 1, Cause: definition.CauseCommit, Message: "begin",
		Author: definition.Author{Kind: "member", ID: "m1", Name: "Mira"}, Before: "root-0", After: "root-1", Source: "",
		CreatedAt: start, Changes: []definition.Change{{Ref: charges, After: "h1"}},
	}
	promotion = store.Promotion{
		ID: "p1", EnvironmentID: "e1", State: "open", Request: []byte(`{"to":"e1"}`), Message: "up", Plan: "plan-1",
		Author: definition.Author{Kind: "member", ID: "m1", Name: "Mira"}, Needed: 2, Commits: []string{}, CreatedAt: start,
	}
	approval = store.Approval{PromotionID: "p1", ApproverID: "m2", Approver: "Ola", Plan: "plan-1", CreatedAt: start}
	override = store.Override{
		ID: "o1", EnvironmentID: "e1", Action: "promotion.create", Author: "Mira", AuthorID: "m1", Reason: "on fire", CreatedAt: start,
	}
	usage = store.Usage{Field: "inject_headers.Authorization", Reference: secret.Reference{Kind: secret.SecretName, Name: "stripe_api_key"}}
)

func digest(account string, n byte) (d apikey.Digest) {
	copy(d[:], account)
	d[31] = n
	return d
}

// Mira belongs to every account.
var mira = store.Person{ID: "person1", Email: "mira@example.com", Name: "Mira", PasswordHash: "$argon2id$", CreatedAt: start}

func memberOf(account string) store.Member {
	return store.Member{Account: account, ID: "m1", PersonID: mira.ID, Email: mira.Email, Name: mira.Name, CreatedAt: start}
}

func sessionOf(account string) store.Session {
	return store.Session{
		ID: "n1", Account: account, PersonID: mira.ID, Digest: digest(account, 3), Methods: []string{"password", "totp"}, Address: "127.0.0.1",
		Agent: "curl", CreatedAt: start, SeenAt: start, ProvedAt: start.Add(time.Second), ExpiresAt: start.Add(time.Hour), Member: memberOf(account),
	}
}

func tokenOf(account string) store.Token {
	return store.Token{
		Account: account, ID: "t1", Name: "machine", Digest: digest(account, 1), Prefix: "tk_abcd", LastFour: "wxyz",
		CreatedAt: start, CreatedBy: "Mira", ExpiresAt: start.Add(time.Hour),
		GiverKind: access.MemberActor, GiverID: "m1", Giver: "Mira", Addresses: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8::/32")},
	}
}

func invitationOf(account string) store.Invitation {
	return store.Invitation{
		Account: account, ID: "m2", Email: "noor@example.com", Name: "Noor", Digest: digest(account, 5),
		SenderKind: access.MemberActor, SenderID: "m1", Sender: "Mira", CreatedAt: start, ExpiresAt: start.Add(time.Hour),
	}
}

func keyOf(account string) apikey.APIKey {
	return apikey.APIKey{
		ID: "k1", EnvironmentID: "e1", Kind: apikey.Secret, Description: "server", Prefix: "sk_abcd", LastFour: "wxyz",
		Digest: digest(account, 2), CreatedAt: start, CreatedBy: "Mira", ExpiresAt: start.Add(time.Hour),
	}
}

func callOf(account string) route.Call {
	return route.Call{
		ID: "019ca945-0a00-7000-8000-000000000001", Account: account, RequestID: "r1", Time: start, EnvironmentID: "e1", RouteID: "d1", RouteKey: "charges", KeyID: "k1", Address: "192.0.2.7",
		Method: "POST", Path: "/charges", Status: 200, Latency: 1500 * time.Microsecond, BytesIn: 10, BytesOut: 20,
		Secrets: []string{"stripe_api_key"}, Redacted: 2, ErrorType: "", RecordedAt: start,
	}
}

// fill makes an account with a row in every table.
func fill(t *testing.T, s *store.Store, account string) {
	t.Helper()
	ctx := t.Context()
	err := s.CreateAccount(ctx, account, "The "+account, func(tx *store.Tx) error {
		first := entry()
		first.EnvironmentID, first.Environment = "e1", "development"
		first.Target = audit.Target{Kind: "secret", ID: "s1", Name: "stripe_api_key"}
		first.Detail, first.RequestID, first.Address = audit.Detail("version", "1"), "r1", "127.0.0.1"
		return errors.Join(
			insertMira(ctx, tx), tx.InsertMember(ctx, memberOf(account)),
			tx.InsertGrant(ctx, "m1", access.Grant{Environment: access.AnyEnvironment, Role: access.Owner}),
			tx.InsertGrant(ctx, "m1", access.Grant{Environment: "e1", Role: access.Viewer}),
			tx.InsertSession(ctx, sessionOf(account)),
			tx.InsertToken(ctx, tokenOf(account)), tx.InsertInvitation(ctx, invitationOf(account)),
			tx.InsertGrant(ctx, "m2", access.Grant{Environment: "e1", Role: access.Viewer}),
			tx.InsertEnvironment(ctx, development), tx.InsertEnvironment(ctx, production),
			tx.InsertAPIKey(ctx, keyOf(account)),
			tx.InsertSecret(ctx, stripe), tx.PutSlot(ctx, slotOne), tx.InsertValue(ctx, value), tx.AddSecretUses(ctx, tx.Account(), "e1", "s1", 1, 2, start),
			tx.InsertAuditStream(ctx, streamOne), tx.PutAuditAnchor(ctx, store.AuditAnchor{Note: "note"}), tx.PutOAuth2Token(ctx, tokenOne), tx.InsertAuthorization(ctx, authorization),
			tx.PutVariable(ctx, region), tx.PutVariableValue(ctx, regionOne),
			tx.InsertIdentity(ctx, identity),
			tx.PutContent(ctx, definition.KindRoute, "h1", []byte(`{"name":"one"}`)),
			tx.PutContent(ctx, definition.KindRoute, "h2", []byte(`{"name":"two"}`)),
			tx.PutDraft(ctx, draft), tx.PutTreeEntry(ctx, live), tx.PutSwitch(ctx, "e1", "d1", false),
			tx.InsertCommit(ctx, commit), tx.PutUsages(ctx, "e1", map[string][]store.Usage{"d1": {usage}}),
			tx.InsertAlert(ctx, alertRule), tx.InsertAlertWebhook(ctx, alertWebhook),
			tx.PutPromotion(ctx, promotion), tx.PutApproval(ctx, approval), tx.InsertOverride(ctx, override),
			tx.PutRecording(ctx, store.Recording{EnvironmentID: "e1", DefinitionID: "d1"}, new(true)),
			tx.PutReveal(ctx, revealed),
			tx.AppendAudit(ctx, first),
		)
	})
	if err != nil {
		t.Fatalf("fill %s: %v", account, err)
	}
	err = s.Batch(ctx, func(tx *store.Tx) error {
		if _, taken, err := tx.ReserveIdempotent(ctx, account, reservation); err != nil || !taken {
			t.Errorf("reserve: got taken %v and %v, want true and no error", taken, err)
		}
		kept, err := tx.InsertContentKey(ctx, account, contentKey)
		if err != nil || !kept {
			t.Errorf("content key: got kept %v and %v, want true and no error", kept, err)
		}
		return errors.Join(
			tx.InsertCalls(ctx, []route.Call{callOf(account)}), tx.InsertContent(ctx, account, callContent), tx.NoteAddress(ctx, account, "e1", "k1", "192.0.2.7", start),
			tx.PutAlertEvent(ctx, account, alertEvent), tx.InsertAlertDelivery(ctx, deliveryOf(account)),
		)
	})
	if err != nil {
		t.Fatalf("fill %s in a batch: %v", account, err)
	}
}

// contentKey seals the content of the call, as far as the store knows.
var (
	contentKey  = store.ContentKey{EnvironmentID: "e1", ID: "n1", CreatedAt: start, Sealed: value.Sealed}
	callContent = store.CallContent{EnvironmentID: "e1", CallID: "019ca945-0a00-7000-8000-000000000001", KeyID: "n1", Record: secret.Record{Ciphertext: []byte{1}, Nonce: []byte{2}, Tag: []byte{3}}}
)

// revealed is a call that m1 sees unmasked.
var revealed = store.Reveal{
	EnvironmentID: "e1", CallID: "call1", HolderKind: "member", HolderID: "m1", Reason: "the customer has called", CreatedAt: start, ExpiresAt: start.Add(time.Minute),
}

// reservation is a request that is under way.
var reservation = store.Idempotent{Holder: "m1", Key: "i1", Fingerprint: "f1", CreatedAt: start}

// insertMira adds the one person, unless another account did.
func insertMira(ctx context.Context, tx *store.Tx) error {
	if _, err := tx.Person(ctx, mira.ID); fault.Is(err, fault.NotFound) {
		return tx.InsertPerson(ctx, mira)
	} else if err != nil {
		return err
	}
	return nil
}
