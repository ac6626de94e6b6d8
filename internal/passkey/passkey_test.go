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

// enrolled is somebody with a passkey on a device.
func enrolled(t *testing.T, p *passkey.Party, who passkey.Person) (passkey.Person, *testkit.Authenticator) {
	t.Helper()
	device := testkit.NewAuthenticator(origin)
	c, err := p.Register(who)
	if err != nil {
		t.Fatal(err)
	}
	made, err := p.Registered(who, c.Kept, device.Create(t, c.Options))
	if err != nil {
		t.Fatal(err)
	}
	who.Records = append(who.Records, made.Record)
	return who, device
}

func TestAPasskeyProvesItsPerson(t *testing.T) {
	p := party(t, origin)
	who, device := enrolled(t, p, ada)
	for name, ask := range map[string]func() (passkey.Ceremony, error){
		"of anyone": p.Ask, "of one": func() (passkey.Ceremony, error) { return p.AskOf(who) },
	} {
		c, err := ask()
		if err != nil {
			t.Fatal(err)
		}
		a, err := passkey.Read(device.Get(t, c.Options))
		if err != nil || a.Challenge != c.Challenge || a.Person != ada.ID {
			t.Fatalf("%s: got %+v and %v, want the challenge and the person", name, a, err)
		}
		used, err := p.Answered(who, c.Kept, a)
		if err != nil || used.Count != device.Count || !bytes.Equal(used.ID, a.ID) {
			t.Errorf("%s: got %+v and %v, want it taken, with its count %d", name, used, err, device.Count)
		}
	}
}

func TestWhatIsAskedFor(t *testing.T) {
	p := party(t, origin)
	who, _ := enrolled(t, p, ada)
	register, err := p.Register(who)
	if err != nil {
		t.Fatal(err)
	}
	login, err := p.Ask()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"id":"lockage.example.com"`, `"residentKey":"required"`, `"userVerification":"required"`, `"excludeCredentials":[{`} {
		if !strings.Contains(string(register.Options), want) {
			t.Errorf("registration asks %s, want %s", register.Options, want)
		}
	}
	for _, want := range []string{`"rpId":"lockage.example.com"`, `"userVerification":"required"`} {
		if !strings.Contains(string(login.Options), want) {
			t.Errorf("login asks %s, want %s", login.Options, want)
		}
	}
	if strings.Contains(string(login.Options), "allowCredentials") {
		t.Errorf("login asks %s: it names passkeys to strangers", login.Options)
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
		c, err := p.AskOf(who)
		if err != nil {
			t.Fatal(err)
		}
		liar := device.Copy()
		liar.Count += 10
		lie(liar)
		a, err := passkey.Read(liar.Get(t, c.Options))
		if err == nil {
			_, err = p.Answered(who, c.Kept, a)
		}
		if !errors.Is(err, passkey.ErrRefused) {
			t.Errorf("login with %s: got %v, want it refused", name, err)
		}
		c, err = p.Register(who)
		if err != nil {
			t.Fatal(err)
		}
		liar = testkit.NewAuthenticator(origin)
		lie(liar)
		if _, err := p.Registered(who, c.Kept, liar.Create(t, c.Options)); !errors.Is(err, passkey.ErrRefused) {
			t.Errorf("registration with %s: got %v, want it refused", name, err)
		}
	}
}

func TestAnotherPersonsPasskeyIsRefused(t *testing.T) {
	p := party(t, origin)
	who, _ := enrolled(t, p, ada)
	eve, device := enrolled(t, p, passkey.Person{ID: "018f0000-0000-7000-8000-00000000e0e0", Email: "eve@example.com"})
	for name, ask := range map[string]func() (passkey.Ceremony, error){
		"of anyone": p.Ask, "of one": func() (passkey.Ceremony, error) { return p.AskOf(who) },
	} {
		for _, claims := range []string{who.ID, eve.ID} {
			c, err := ask()
			if err != nil {
				t.Fatal(err)
			}
			device.Handle = []byte(claims)
			a, err := passkey.Read(device.Get(t, c.Options))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := p.Answered(who, c.Kept, a); !errors.Is(err, passkey.ErrRefused) {
				t.Errorf("%s, claiming to be %s: got %v, want it refused", name, claims, err)
			}
		}
	}
	// and what eve was asked to register does not become ada's
	c, err := p.Register(eve)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Registered(who, c.Kept, device.Create(t, c.Options)); !errors.Is(err, passkey.ErrRefused) {
		t.Errorf("a registration of another: got %v, want it refused", err)
	}
}

func TestACopyOfADeviceIsMet(t *testing.T) {
	p := party(t, origin)
	who, device := enrolled(t, p, ada)
	thief := device.Copy()
	get := func(d *testkit.Authenticator) error {
		c, err := p.Ask()
		if err != nil {
			t.Fatal(err)
		}
		a, err := passkey.Read(d.Get(t, c.Options))
		if err != nil {
			t.Fatal(err)
		}
		used, err := p.Answered(who, c.Kept, a)
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
	c, err := p.Ask()
	if err != nil {
		t.Fatal(err)
	}
	good := device.Get(t, c.Options)
	for _, raw := range [][]byte{nil, []byte("{}"), []byte("null"), []byte("[]"), good[:len(good)/2], bytes.ReplaceAll(good, []byte("public-key"), []byte("private-key"))} {
		if _, err := passkey.Read(raw); !errors.Is(err, passkey.ErrRefused) {
			t.Errorf("%.40s: got %v, want it refused", raw, err)
		}
		if _, err := p.Registered(who, c.Kept, raw); !errors.Is(err, passkey.ErrRefused) {
			t.Errorf("%.40s as a registration: got %v, want it refused", raw, err)
		}
		if _, err := passkey.ReadRegistration(raw); !errors.Is(err, passkey.ErrRefused) {
			t.Errorf("%.40s as a registration's challenge: got %v, want it refused", raw, err)
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
		_, err = p.Answered(who, c.Kept, a)
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

func TestNothingOfTheMakerIsKept(t *testing.T) {
	who, _ := enrolled(t, party(t, origin), ada)
	if s := string(who.Records[0]); strings.Contains(s, `"object"`) || strings.Contains(s, "clientDataJSON") || len(s) > 1000 {
		t.Errorf("got the record %s, want the key and the counter alone", s)
	}
}
