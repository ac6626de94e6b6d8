package control_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	curve "crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/apikey"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/store"
)

var noFields apikey.Fields

// signing opens the newest key that signs sessions, as only the server can.
func (x *fixture) signing(t *testing.T) (id string, key ed25519.PrivateKey) {
	t.Helper()
	var list []store.SigningKey
	err := x.store.ReadAll(t.Context(), func(tx *store.Tx) (err error) {
		list, err = tx.SigningKeys(t.Context())
		return err
	})
	if err != nil || len(list) == 0 {
		t.Fatalf("got %d keys and %v", len(list), err)
	}
	stored := list[len(list)-1]
	opener, err := x.settings.Sealer.Open(t.Context(), stored.Binding(), stored.Key)
	if err != nil {
		t.Fatal(err)
	}
	seed, err := opener.AppendTo(nil)
	if err != nil {
		t.Fatal(err)
	}
	x.hide("the signing key", string(seed))
	return stored.ID, ed25519.NewKeyFromSeed(seed)
}

func segment(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return base64.RawURLEncoding.EncodeToString(raw)
}

// sign makes a JWT with a header and claims of the test's choice.
func sign(t *testing.T, algorithm jose.SignatureAlgorithm, key any, id string, claims map[string]any) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: jose.JSONWebKey{Key: key, KeyID: id}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := signer.Sign(raw)
	if err != nil {
		t.Fatal(err)
	}
	text, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestSessions(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		token, _, err := logIn(t.Context(), x.Control, ownerEmail, ownerPassword, access.Request{})
		if err != nil {
			t.Fatal(err)
		}
		who, err := x.AuthenticateMember(t.Context(), token, access.Request{})
		if err != nil {
			t.Fatal(err)
		}
		id, key := x.signing(t)
		_, other, err := ed25519.GenerateKey(nil)
		if err != nil {
			t.Fatal(err)
		}
		elliptic, err := ecdsa.GenerateKey(curve.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		modulus, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			t.Fatal(err)
		}
		now := x.clock.Now()
		good := map[string]any{
			"iss": "lockage", "aud": []string{"lockage"}, "sub": who.ID, "account": x.account, "jti": "j", "sid": who.Session,
			"iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(time.Hour).Unix(),
		}
		but := func(name string, value any) map[string]any {
			claims := maps.Clone(good)
			if claims[name] = value; value == nil {
				delete(claims, name)
			}
			return claims
		}
		eddsa := func(claims map[string]any) string { return sign(t, jose.EdDSA, key, id, claims) }
		for what, bearer := range map[string]string{
			"the same claims": eddsa(good), "an audience that is a string": eddsa(but("aud", "lockage")),
			"one audience of two": eddsa(but("aud", []string{"other", "lockage"})),
		} {
			if got, err := x.AuthenticateMember(t.Context(), bearer, access.Request{}); err != nil || got.ID != who.ID {
				t.Errorf("%s: got %v and %v, want the member", what, got, err)
			}
		}
		parts := strings.Split(token, ".")
		public := key.Public().(ed25519.PublicKey)
		bad := map[string]string{
			"no signature":               parts[0] + "." + parts[1] + ".",
			"two parts":                  parts[0] + "." + parts[1],
			"other claims":               parts[0] + "." + segment(but("sub", "m")) + "." + parts[2],
			"alg none":                   segment(map[string]string{"alg": "none", "kid": id}) + "." + segment(good) + ".",
			"alg none with a signature":  segment(map[string]string{"alg": "none", "kid": id}) + "." + segment(good) + "." + parts[2],
			"HS256 with the public key":  sign(t, jose.HS256, []byte(public), id, good),
			"another key":                sign(t, jose.EdDSA, other, id, good),
			"another key, its own id":    sign(t, jose.EdDSA, other, "another", good),
			"another key id":             sign(t, jose.EdDSA, key, "another", good),
			"no key id":                  sign(t, jose.EdDSA, key, "", good),
			"another issuer":             eddsa(but("iss", "other")),
			"a wrong audience":           eddsa(but("aud", "other")),
			"wrong audiences":            eddsa(but("aud", []string{"other", "lockage.example"})),
			"no audiences":               eddsa(but("aud", []string{})),
			"an expired one":             eddsa(but("exp", now.Unix())),
			"one of the future":          eddsa(but("nbf", now.Unix()+1)),
			"issued in the future":       eddsa(but("iat", now.Unix()+1)),
			"an unknown member":          eddsa(but("sub", "018f0000-0000-7000-8000-000000000009")),
			"another account":            eddsa(but("account", x.foreign.account)),
			"every account":              eddsa(but("account", "*")),
			"an unknown account":         eddsa(but("account", "none")),
			"an unknown session":         eddsa(but("sid", "018f0000-0000-7000-8000-000000000009")),
			"no text as a session":       eddsa(but("sid", "\x00")),
			"audiences that are no text": eddsa(but("aud", []any{1, "lockage"})),
			"an issuer that is a list":   eddsa(but("iss", []string{"lockage"})),
			"times that are texts":       eddsa(but("exp", "tomorrow")),
			"ES256":                      sign(t, jose.ES256, elliptic, id, good),
			"RS256":                      sign(t, jose.RS256, modulus, id, good),
			"an empty key id and none":   segment(map[string]string{"alg": "none", "kid": ""}) + "." + segment(good) + ".",
			"NONE":                       segment(map[string]string{"alg": "NONE", "kid": id}) + "." + segment(good) + ".",
			"its own key in the header":  signEmbedded(t, other, id, good),
			"1 MB":                       token + strings.Repeat("A", 1<<20),
		}
		for claim := range good {
			bad["without "+claim] = eddsa(but(claim, nil))
		}
		bad["with a foreign crit"] = signCritical(t, key, id, good)
		for what, bearer := range bad {
			for name, authenticate := range map[string]func() (access.Principal, error){
				"a member":    func() (access.Principal, error) { return x.AuthenticateMember(t.Context(), bearer, access.Request{}) },
				"a principal": func() (access.Principal, error) { return x.Authenticate(t.Context(), bearer, access.Request{}) },
			} {
				if got, err := authenticate(); !fault.Is(err, fault.Unauthenticated) || got.ID != "" {
					t.Errorf("%s as %s: got %v and %v, want unauthenticated", what, name, got, err)
				}
			}
		}
	})
}

// signEmbedded signs with a key that the header brings along.
func signEmbedded(t *testing.T, key ed25519.PrivateKey, id string, claims map[string]any) string {
	t.Helper()
	public, _ := key.Public().(ed25519.PublicKey)
	jwk := map[string]string{"kty": "OKP", "crv": "Ed25519", "x": base64.RawURLEncoding.EncodeToString(public)}
	text := segment(map[string]any{"alg": "EdDSA", "kid": id, "jwk": jwk}) + "." + segment(claims)
	return text + "." + base64.RawURLEncoding.EncodeToString(ed25519.Sign(key, []byte(text)))
}

// signCritical signs with a header that says it must be understood.
func signCritical(t *testing.T, key ed25519.PrivateKey, id string, claims map[string]any) string {
	t.Helper()
	text := segment(map[string]any{"alg": "EdDSA", "kid": id, "crit": []string{"zebra"}, "zebra": true}) + "." + segment(claims)
	return text + "." + base64.RawURLEncoding.EncodeToString(ed25519.Sign(key, []byte(text)))
}
