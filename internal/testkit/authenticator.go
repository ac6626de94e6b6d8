package testkit

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"testing"

	"github.com/fxamacker/cbor/v2"
)

// Authenticator is a device that holds passkeys (ES256, no attestation), and the browser around it. A test changes its
// fields to have it lie.
type Authenticator struct {
	Origin string // of the page
	RPID   string // "": the one that is asked for
	NoUser bool   // nobody verified who uses it
	Handle []byte // whose passkey it claims to be; nil: whose it is
	Count  uint32 // of its answers

	challenge string // in place of the one that is asked for
	keys      []devicekey
}

type devicekey struct {
	id, handle []byte
	key        *ecdsa.PrivateKey
}

// NewAuthenticator is a device on a page of an origin.
func NewAuthenticator(origin string) *Authenticator { return &Authenticator{Origin: origin} }

// Challenge has the device answer another challenge than the one it is asked; "" is none other.
func (a *Authenticator) Challenge(c string) { a.challenge = c }

// Copy is a device with the same passkeys, as a thief would make one.
func (a *Authenticator) Copy() *Authenticator {
	b := *a
	b.keys = append([]devicekey(nil), a.keys...)
	return &b
}

// Newest has the device use the passkey it made last alone.
func (a *Authenticator) Newest() { a.keys = a.keys[len(a.keys)-1:] }

const (
	userPresent  = 1 << 0
	userVerified = 1 << 2
	attested     = 1 << 6
)

// Create makes a passkey as navigator.credentials.create does, and answers what the page sends.
func (a *Authenticator) Create(t testing.TB, options []byte) []byte {
	t.Helper()
	var o struct {
		Challenge string `json:"challenge"`
		RP        struct {
			ID string `json:"id"`
		} `json:"rp"`
		User struct {
			ID string `json:"id"`
		} `json:"user"`
	}
	must(t, json.Unmarshal(options, &o))
	handle, err := base64.RawURLEncoding.DecodeString(o.User.ID)
	must(t, err)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	id := make([]byte, 16)
	_, _ = rand.Read(id)
	a.keys = append(a.keys, devicekey{id, handle, key})
	point, err := key.PublicKey.Bytes() // 4, x, y
	must(t, err)
	public, err := cbor.Marshal(map[int]any{1: 2, 3: -7, -1: 1, -2: point[1:33], -3: point[33:]})
	must(t, err)
	data := a.data(o.RP.ID, attested)
	data = append(data, make([]byte, 16)...) // no model is told
	data = binary.BigEndian.AppendUint16(data, uint16(len(id)))
	data = append(append(data, id...), public...)
	object, err := cbor.Marshal(map[string]any{"fmt": "none", "attStmt": map[string]any{}, "authData": data})
	must(t, err)
	return answer(t, id, map[string]any{
		"clientDataJSON": text(a.client(t, "webauthn.create", o.Challenge)), "attestationObject": text(object), "transports": []string{"internal"},
	})
}

// Get proves who its user is as navigator.credentials.get does, with the passkey it made last of those that are asked
// for, and answers what the page sends.
func (a *Authenticator) Get(t testing.TB, options []byte) []byte {
	t.Helper()
	var o struct {
		Challenge string `json:"challenge"`
		RPID      string `json:"rpId"`
	}
	must(t, json.Unmarshal(options, &o))
	if len(a.keys) == 0 {
		t.Fatal("the device has no passkey")
	}
	k := a.keys[len(a.keys)-1]
	client := a.client(t, "webauthn.get", o.Challenge)
	data := a.data(o.RPID, 0)
	hash := sha256.Sum256(client)
	sum := sha256.Sum256(append(append([]byte(nil), data...), hash[:]...))
	signature, err := ecdsa.SignASN1(rand.Reader, k.key, sum[:])
	must(t, err)
	handle := k.handle
	if a.Handle != nil {
		handle = a.Handle
	}
	return answer(t, k.id, map[string]any{
		"clientDataJSON": text(client), "authenticatorData": text(data), "signature": text(signature), "userHandle": text(handle),
	})
}

func (a *Authenticator) client(t testing.TB, kind, challenge string) []byte {
	t.Helper()
	if a.challenge != "" {
		challenge = a.challenge
	}
	raw, err := json.Marshal(map[string]any{"type": kind, "challenge": challenge, "origin": a.Origin, "crossOrigin": false})
	must(t, err)
	return raw
}

// data is the beginning of an authenticator's data: whom it answers, what the user did, and how often it answered.
func (a *Authenticator) data(rp string, flags byte) []byte {
	if a.RPID != "" {
		rp = a.RPID
	}
	flags |= userPresent
	if !a.NoUser {
		flags |= userVerified
	}
	a.Count++
	hash := sha256.Sum256([]byte(rp))
	return binary.BigEndian.AppendUint32(append(hash[:], flags), a.Count)
}

func answer(t testing.TB, id []byte, response map[string]any) []byte {
	t.Helper()
	raw, err := json.Marshal(map[string]any{
		"id": text(id), "rawId": text(id), "type": "public-key", "authenticatorAttachment": "platform",
		"clientExtensionResults": map[string]any{}, "response": response,
	})
	must(t, err)
	return raw
}

func text(raw []byte) string { return base64.RawURLEncoding.EncodeToString(raw) }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
