// Package control holds every operation of the product, a file per concept: who may, what is decided, what is stored,
// what is audited. Each operation goes through one of two doors, write and read, which ask access.Allow and keep the
// audit log, so that neither can be forgotten. The principal is a parameter. Plaintext of a secret passes through here
// only to be sealed.
package control

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/semaphore"
	"golang.org/x/sync/singleflight"

	"github.com/lockage/lockage/internal/apikey"
	"github.com/lockage/lockage/internal/mail"
	"github.com/lockage/lockage/internal/oauth"
	"github.com/lockage/lockage/internal/oidc"
	"github.com/lockage/lockage/internal/passkey"
	"github.com/lockage/lockage/internal/secret"
	"github.com/lockage/lockage/internal/snapshot"
	"github.com/lockage/lockage/internal/store"
	"github.com/lockage/lockage/internal/syslog"
	"github.com/lockage/lockage/internal/webhook"
)

// Config is what control works with. Store, Sealer and Digester are required.
type Config struct {
	Store            *store.Store
	Sealer           *secret.Sealer
	Digester         *apikey.Digester
	Holder           *snapshot.Holder // told of every change the gateway must know; nil where no gateway runs
	Logger           *slog.Logger     // nil discards
	Now              func() time.Time // nil is the real clock
	EnvironmentLimit int              // environments an account may have; 0 is no limit
	Issuer           string           // of the JWTs, and their audience; "" is "lockage"
	Tokens           *oauth.Client    // speaks to token endpoints; nil: OAuth2 secrets get no tokens here
	PublicURL        string           // where browsers reach this server, for the redirect of authorizations
	Mail             Mailer           // hands mail over; nil: none is sent
	Webhooks         *webhook.Sender  // delivers signed messages; nil: none are
	Syslog           *syslog.Sender   // hands messages to collectors; nil: none are
	Provider         *oidc.Provider   // where people may log in; nil: nowhere but here
	Replay           Replayer         // makes recorded calls once more; nil: none can be
	OperatorToken    string           // opens accounts; "": nothing does but OpenSignup
	OpenSignup       bool             // whoever proves an e-mail address may open an account; needs Mail
}

// Mailer hands a message to a mail server.
type Mailer interface {
	Send(ctx context.Context, m mail.Message) error
}

// Control is the product's operations. It is safe for concurrent use.
type Control struct {
	store    *store.Store
	sealer   *secret.Sealer
	digester *apikey.Digester
	marker   *secret.Marker
	holder   *snapshot.Holder
	logger   *slog.Logger
	now      func() time.Time
	limit    int
	issuer   string
	hashing  *semaphore.Weighted // argon2id takes memory: a bounded number at a time
	attempts *attempts
	codes    codeTries
	passkeys *passkey.Party // nil: browsers keep none for where this server is reached
	provider *oidc.Provider // nil: none is set up

	comparisons comparisons
	tokens      *oauth.Client
	publicURL   string
	mail        Mailer // nil: none is sent
	webhooks    *webhook.Sender
	syslog      *syslog.Sender
	streams     streams
	pruned      auditPruned
	alerts      alerts
	noted       noted
	tokenUses   tokenUses
	renewals    singleflight.Group
	forced      forced
	echoes      echoes
	contents    contents
	followers   followers
	replay      Replayer
	signing     signing
	presence    presence
	outbox      chan mail.Message
	checkpoints checkpointKey
	operator    *apikey.Digest // of the operator's token, which is kept nowhere; nil: there is none
	openSignup  bool
	node        string                 // this process's id
	behind      atomic.Pointer[string] // the id of the key that wraps, where this process does not hold it
	rotate      chan struct{}          // asks WatchKeys to look at once
}

// New checks the configuration.
func New(c Config) (*Control, error) {
	if c.Store == nil || c.Sealer == nil || c.Digester == nil {
		return nil, errors.New("control: Store, Sealer and Digester are required")
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Issuer == "" {
		c.Issuer = "lockage"
	}
	// derived from the pepper: it lies outside the database, like everything that must not help to guess what is in it
	markerKey := c.Digester.Sum("lockage fingerprints of secret values")
	passkeys, err := passkey.New(c.PublicURL)
	if err != nil {
		passkeys = nil // said to whoever asks for one; everything else works without
	}
	var operator *apikey.Digest
	if c.OperatorToken != "" {
		operator = new(c.Digester.Sum(c.OperatorToken))
	}
	return &Control{
		operator: operator, openSignup: c.OpenSignup,
		passkeys: passkeys, provider: c.Provider,
		marker: secret.NewMarker(markerKey[:]), store: c.Store, sealer: c.Sealer, digester: c.Digester, holder: c.Holder, logger: c.Logger, now: c.Now,
		limit: c.EnvironmentLimit, issuer: c.Issuer, hashing: semaphore.NewWeighted(hashesAtOnce), attempts: newAttempts(),
		tokens: c.Tokens, publicURL: c.PublicURL, mail: c.Mail, outbox: make(chan mail.Message, postMost), webhooks: c.Webhooks, syslog: c.Syslog, replay: c.Replay, node: newID(), rotate: make(chan struct{}, 1),
		alerts: alerts{due: make(chan struct{}, 1)},
	}, nil
}

// newID is a UUID v7: unique, and in order of creation.
func newID() string { return uuid.Must(uuid.NewV7()).String() }
