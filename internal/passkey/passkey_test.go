package passkey_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/lockage/lockage/internal/passkey"
	"github.com/lockage/lockage/internal/testkit"
)

const origin = "https://lockage.example.com"

var ada = passkey.Person{ID: "018f0000-0000-7000-8000-00000000ada0", Email: "ada@example.com"}

func party(t *testing.T, url string) *passkey.Party {
	t.Helper()
	p, err := passkey.New(url)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// challenge is what is asked everywhere.
var challenge = []byte("a challenge that is long enough")

func register(t *testing.T, p *passkey.Party, who passkey.Person, device *testkit.Authenticator) (passkey.Passkey, error) {
	t.Helper()
	options, err := p.Register(who, challenge)
	if err != nil {
		t.Fatal(err)
	}
	r, err := passkey.ReadRegistration(device.Create(t, options))
	if err != nil {
		return passkey.Passkey{}, err
	}
	if !bytes.Equal(r.Challenge, challenge) {
		return passkey.Passkey{}, passkey.ErrRefused // as the caller does
	}
	return p.Registered(who, r)
}

// prove has a device answer as a person; asked says of whom a passkey is asked for, nil being anyone.
func prove(t *testing.T, p *passkey.Party, asked *passkey.Person, who passkey.Person, device *testkit.Authenticator) (passkey.Passkey, error) {
	t.Helper()
	options, err := p.Ask(asked, challenge)
	if err != nil {
		t.Fatal(err)
	}
	a, err := passkey.Read(device.Get(t, options))
	if err != nil {
		return passkey.Passkey{}, err
	}
	if !bytes.Equal(a.Challenge, challenge) {
		return passkey.Passkey{}, passkey.ErrRefused // as the caller does
	}
	return p.Answered(who, a)
}

// enrolled is somebody with a passkey on a device.
func enrolled(t *testing.T, p *passkey.Party, who passkey.Person) (passkey.Person, *testkit.Authenticator) {
	t.Helper()
	device := testkit.NewAuthenticator(origin)
	made, err := register(t, p, who, device)
	if err != nil {
		t.Fatal(err)
	}
	who.Records = append(who.Records, made.Record)
	return who, device
}

func TestAPasskeyProvesItsPerson(t *testing.T) {
	p := party(t, origin)
	who, device := enrolled(t, p, ada)
	for name, asked := range map[string]*passkey.Person{"of anyone": nil, "of one": &who} {
		used, err := prove(t, p, asked, who, device)
		if err != nil || used.Count != device.Count || len(used.ID) == 0 {
			t.Errorf("%s: got %+v and %v, want it taken, with its count %d", name, used, err, device.Count)
		}
	}
}

func TestWhatIsAskedFor(t *testing.T) {
	p := party(t, origin)
	who, _ := enrolled(t, p, ada)
	register, err := p.Register(who, challenge)
	if err != nil {
		t.Fatal(err)
	}
	login, err := p.Ask(nil, challenge)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"id":"lockage.example.com"`, `"residentKey":"required"`, `"userVerification":"required"`, `"excludeCredentials":[{`} {
		if !strings.Contains(string(register), want) {
			t.Errorf("registration asks %s, want %s", register, want)
		}
	}
	for _, want := range []string{`"rpId":"lockage.example.com"`, `"userVerification":"required"`} {
		if !strings.Contains(string(login), want) {
			t.Errorf("login asks %s, want %s", login, want)
		}
	}
	if strings.Contains(string(login), "allowCredentials") {
		t.Errorf("login asks %s: it names passkeys to strangers", login)
	}
}

// lies are what a device, a page or a thief may do to an answer.
var lies = map[string]func(*testkit.Authenticator){
	"another origin":             func(a *testkit.Authenticator) { a.Origin = "https://lockage.example.com.evil.example" },
	"another port":               func(a *testkit.Authenticator) { a.Origin = origin + ":8443" },
	"clear text":                 func(a *testkit.Authenticator) { a.Origin = "http://lockage.example.com" },
	"no origin":                  func(a *testkit.Authenticator) { a.Origin = "" },
	"another party":              func(a *testkit.Authenticator) { a.RPID = "example.com" },
	"another challenge":          func(a *testkit.Authenticator) { a.Challenge("b3RoZXIgY2hhbGxlbmdlIG9mIHNvbWVib2R5") },
	"nobody verified their user": func(a *testkit.Authenticator) { a.NoUser = true },
}

func TestLiesAreRefused(t *testing.T) {
	p := party(t, origin)
	who, device := enrolled(t, p, ada)
	for name, lie := range lies {
		liar := device.Copy()
		liar.Count += 10
		lie(liar)
		if _, err := prove(t, p, &who, who, liar); !errors.Is(err, passkey.ErrRefused) {
			t.Errorf("login with %s: got %v, want it refused", name, err)
		}
		liar = testkit.NewAuthenticator(origin)
		lie(liar)
		if _, err := register(t, p, who, liar); !errors.Is(err, passkey.ErrRefused) {
			t.Errorf("registration with %s: got %v, want it refused", name, err)
		}
	}
}

func TestAnotherPersonsPasskeyIsRefused(t *testing.T) {
	p := party(t, origin)
	who, _ := enrolled(t, p, ada)
	eve, device := enrolled(t, p, passkey.Person{ID: "018f0000-0000-7000-8000-00000000e0e0", Email: "eve@example.com"})
	for name, asked := range map[string]*passkey.Person{"of anyone": nil, "of one": &who} {
		for _, claims := range []string{who.ID, eve.ID, ""} {
			device.Handle = []byte(claims)
			if _, err := prove(t, p, asked, who, device); !errors.Is(err, passkey.ErrRefused) {
				t.Errorf("%s, claiming to be %q: got %v, want it refused", name, claims, err)
			}
		}
	}
}

func TestACopyOfADeviceIsMet(t *testing.T) {
	p := party(t, origin)
	who, device := enrolled(t, p, ada)
	thief := device.Copy()
	get := func(d *testkit.Authenticator) error {
		used, err := prove(t, p, nil, who, d)
		if err == nil {
			who.Records = [][]byte{used.Record}
		}
		return err
	}
	if err := errors.Join(get(device), get(device)); err != nil {
		t.Fatal(err)
	}
	if err := get(thief); !errors.Is(err, passkey.ErrCloned) {
		t.Errorf("the copy: got %v, want it met", err)
	}
}

func TestWhatIsNoAnswerIsRefused(t *testing.T) {
	p := party(t, origin)
	who, device := enrolled(t, p, ada)
	options, err := p.Ask(nil, challenge)
	if err != nil {
		t.Fatal(err)
	}
	good := device.Get(t, options)
	for _, raw := range [][]byte{nil, []byte("{}"), []byte("null"), []byte("[]"), good[:len(good)/2], bytes.ReplaceAll(good, []byte("public-key"), []byte("private-key"))} {
		if _, err := passkey.Read(raw); !errors.Is(err, passkey.ErrRefused) {
			t.Errorf("%.40s: got %v, want it refused", raw, err)
		}
		if _, err := passkey.ReadRegistration(raw); !errors.Is(err, passkey.ErrRefused) {
			t.Errorf("%.40s as a registration: got %v, want it refused", raw, err)
		}
	}
	var fields map[string]any
	if err := json.Unmarshal(good, &fields); err != nil {
		t.Fatal(err)
	}
	response, _ := fields["response"].(map[string]any)
	response["signature"] = "AAAA"
	spoilt, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	a, err := passkey.Read(spoilt)
	if err == nil {
		_, err = p.Answered(who, a)
	}
	if !errors.Is(err, passkey.ErrRefused) {
		t.Errorf("another signature: got %v, want it refused", err)
	}
}

func TestWhereThereArePasskeys(t *testing.T) {
	for url, want := range map[string]bool{
		origin: true, "http://localhost:7070": true, "https://lockage.example.com:8443": true,
		"http://127.0.0.1:7070": false, "https://192.0.2.1": false, "https://[::1]:7070": false, "http://lockage.example.com": false, "": false, "lockage": false,
	} {
		if _, err := passkey.New(url); (err == nil) != want {
			t.Errorf("%q: got %v, want passkeys there: %t", url, err, want)
		}
	}
}

// Browsers refuse a name in capitals.
func TestNamesAreAskedForAsBrowsersWriteThem(t *testing.T) {
	options, err := party(t, "https://Lockage.Example.com/").Register(ada, challenge)
	if err != nil {
		t.Fatal(err)
	}
	var asked struct{ RP struct{ ID string } }
	if err := json.Unmarshal(options, &asked); err != nil || asked.RP.ID != "lockage.example.com" {
		t.Errorf("got the name %q (%v), want lockage.example.com", asked.RP.ID, err)
	}
}

func TestNothingOfTheMakerIsKept(t *testing.T) {
	who, _ := enrolled(t, party(t, origin), ada)
	if s := string(who.Records[0]); strings.Contains(s, `"object"`) || strings.Contains(s, "clientDataJSON") || len(s) > 1000 {
		t.Errorf("got the record %s, want the key and the counter alone", s)
	}
}
