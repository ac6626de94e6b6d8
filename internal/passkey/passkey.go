// Package passkey holds the rules of passkeys (WebAuthn): what a browser is asked for, and whether what it answers
// proves a person. It keeps nothing; a ceremony that began is text, which its caller keeps, hands back once and forgets.
// A proof is of this server's own origin and name alone, is bound to one challenge, and says that the person was there
// and verified by the device (a PIN, a finger, a face), so that it is two factors at once. Of a refusal the outside
// learns nothing but that it is one.
package passkey

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
)

// MaxAnswer bounds what a browser answers, in bytes.
const MaxAnswer = 16 << 10

var (
	// ErrRefused says that an answer proves nobody; the error around it tells why, for the log.
	ErrRefused = errors.New("the answer of the passkey does not prove who it is")
	// ErrCloned says that an answer is right, but that another device seems to hold the same key: its counter went back.
	ErrCloned = errors.New("the passkey's counter went back: another device may hold a copy of it")
)

// Party is who asks: this server, under the name and the origin browsers know it by.
type Party struct{ web *webauthn.WebAuthn }

// New makes a Party of the URL where browsers reach the server. Browsers know passkeys of names alone, so that a URL with
// an address is refused, and of secure origins: https, or http on localhost.
func New(publicURL string) (*Party, error) {
	u, err := url.Parse(publicURL)
	if err != nil || u.Host == "" {
		return nil, errors.New("the public URL is none")
	}
	host := strings.ToLower(u.Hostname()) // as browsers write names, whatever the operator wrote
	if _, err := netip.ParseAddr(host); err == nil {
		return nil, errors.New("the public URL has an address in place of a name")
	}
	if u.Scheme != "https" && (u.Scheme != "http" || host != "localhost") {
		return nil, errors.New("the public URL is neither https nor http on localhost")
	}
	web, err := webauthn.New(&webauthn.Config{
		RPID: host, RPDisplayName: "Lockage", RPOrigins: []string{u.Scheme + "://" + u.Host},
		AttestationPreference: protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			ResidentKey: protocol.ResidentKeyRequirementRequired, RequireResidentKey: protocol.ResidentKeyRequired(),
			UserVerification: protocol.VerificationRequired,
		},
	})
	if err != nil {
		return nil, fmt.Errorf("passkeys of the public URL: %w", err)
	}
	return &Party{web}, nil
}

// Person is somebody who has passkeys, or gets one.
type Person struct {
	ID      string // a device keeps it and hands it back
	Email   string
	Name    string
	Records [][]byte // of the passkeys they have
}

// Passkey is what is kept of a passkey.
type Passkey struct {
	ID       []byte // the credential's
	Record   []byte // the public key, the counter and what else checking an answer needs
	Count    uint32 // of answers, where the device counts
	BackedUp bool   // the passkey is kept beyond one device
}

// Register asks for a new passkey: it answers what navigator.credentials.create is given.
func (p *Party) Register(who Person, challenge []byte) (json.RawMessage, error) {
	u, err := userOf(who)
	if err != nil {
		return nil, err
	}
	options, _, err := p.register(u, challenge)
	if err != nil {
		return nil, err
	}
	return json.Marshal(options.Response)
}

func (p *Party) register(u user, challenge []byte) (*protocol.CredentialCreation, *webauthn.SessionData, error) {
	return p.web.BeginRegistration(u, webauthn.WithExclusions(webauthn.Credentials(u.credentials).CredentialDescriptors()),
		func(o *protocol.PublicKeyCredentialCreationOptions) error {
			o.Challenge = challenge
			return nil
		})
}

// Registration is what a browser answered to Register, before it was checked.
type Registration struct {
	parsed    *protocol.ParsedCredentialCreationData
	Challenge []byte // that it repeats
}

// ReadRegistration takes an answer to Register apart. Nothing is proved yet.
func ReadRegistration(answer []byte) (Registration, error) {
	parsed, err := protocol.ParseCredentialCreationResponseBytes(answer)
	if err != nil {
		return Registration{}, refused(err)
	}
	challenge, err := challengeOf(parsed.Response.CollectedClientData)
	return Registration{parsed, challenge}, err
}

// Registered checks the answer to Register; that its challenge was this person's is the caller's to say.
func (p *Party) Registered(who Person, r Registration) (Passkey, error) {
	u, err := userOf(who)
	if err != nil {
		return Passkey{}, err
	}
	_, session, err := p.register(u, r.Challenge)
	if err != nil {
		return Passkey{}, err
	}
	made, err := p.web.CreateCredential(u, *session, r.parsed)
	if err != nil {
		return Passkey{}, refused(err)
	}
	return passkeyOf(made)
}

// Ask asks for a passkey: it answers what navigator.credentials.get is given. With nobody given it asks anyone, and the
// device says whose it is.
func (p *Party) Ask(who *Person, challenge []byte) (json.RawMessage, error) {
	options, _, err := p.ask(who, challenge)
	if err != nil {
		return nil, err
	}
	return json.Marshal(options.Response)
}

func (p *Party) ask(who *Person, challenge []byte) (*protocol.CredentialAssertion, *webauthn.SessionData, error) {
	more := []webauthn.LoginOption{webauthn.WithUserVerification(protocol.VerificationRequired), webauthn.WithChallenge(challenge)}
	if who == nil {
		return p.web.BeginDiscoverableLogin(more...)
	}
	u, err := userOf(*who)
	if err != nil {
		return nil, nil, err
	}
	return p.web.BeginLogin(u, more...)
}

// Answer is what a browser answered to Ask, before it was checked: it says whose it claims to be.
type Answer struct {
	parsed    *protocol.ParsedCredentialAssertionData
	Challenge []byte // that it repeats
	ID        []byte // the credential's
	Person    string // "" where the device does not say
}

// Read takes an answer to Ask apart. Nothing is proved yet.
func Read(answer []byte) (Answer, error) {
	parsed, err := protocol.ParseCredentialRequestResponseBytes(answer)
	if err != nil {
		return Answer{}, refused(err)
	}
	challenge, err := challengeOf(parsed.Response.CollectedClientData)
	return Answer{parsed: parsed, Challenge: challenge, ID: parsed.RawID, Person: string(parsed.Response.UserHandle)}, err
}

func challengeOf(c protocol.CollectedClientData) ([]byte, error) {
	challenge, err := base64.RawURLEncoding.Strict().DecodeString(c.Challenge)
	if err != nil {
		return nil, fmt.Errorf("%w: its challenge is none", ErrRefused)
	}
	return challenge, nil
}

// Answered checks an answer against a person's passkeys, and answers the one it was, as it is to be kept from now on; that
// the answer's challenge is fresh and was not answered before is the caller's to say. It fails with ErrRefused, and with
// ErrCloned where the passkey must not be used any more.
func (p *Party) Answered(who Person, a Answer) (Passkey, error) {
	u, err := userOf(who)
	if err != nil {
		return Passkey{}, err
	}
	if a.Person != who.ID {
		return Passkey{}, fmt.Errorf("%w: the passkey is another person's", ErrRefused)
	}
	_, session, err := p.ask(nil, a.Challenge)
	if err != nil {
		return Passkey{}, fmt.Errorf("%w: its challenge is none", ErrRefused)
	}
	used, err := p.web.ValidateDiscoverableLogin(func([]byte, []byte) (webauthn.User, error) { return u, nil }, *session, a.parsed)
	if err != nil {
		return Passkey{}, refused(err)
	}
	if used.Authenticator.CloneWarning {
		return Passkey{}, ErrCloned
	}
	return passkeyOf(used)
}

func passkeyOf(c *webauthn.Credential) (Passkey, error) {
	c.Attestation = webauthn.CredentialAttestation{} // none is asked for, and nothing of a device's maker is kept
	record, err := json.Marshal(c)
	return Passkey{ID: c.ID, Record: record, Count: c.Authenticator.SignCount, BackedUp: c.Flags.BackupState}, err
}

// user is a Person as the library asks for one.
type user struct {
	Person
	credentials []webauthn.Credential
}

func userOf(p Person) (user, error) {
	u := user{Person: p}
	for _, record := range p.Records {
		var c webauthn.Credential
		if err := json.Unmarshal(record, &c); err != nil {
			return u, fmt.Errorf("a passkey that was kept cannot be read: %w", err)
		}
		u.credentials = append(u.credentials, c)
	}
	return u, nil
}

func (u user) WebAuthnID() []byte                         { return []byte(u.ID) }
func (u user) WebAuthnName() string                       { return u.Email }
func (u user) WebAuthnCredentials() []webauthn.Credential { return u.credentials }

func (u user) WebAuthnDisplayName() string {
	if u.Name == "" {
		return u.Email
	}
	return u.Name
}

// refused keeps the library's reason for the log.
func refused(err error) error {
	reason := err.Error()
	if told, ok := errors.AsType[*protocol.Error](err); ok && told.DevInfo != "" {
		reason += ": " + told.DevInfo
	}
	return fmt.Errorf("%w: %s", ErrRefused, reason)
}
