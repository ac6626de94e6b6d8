package kek_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"filippo.io/age"
	"filippo.io/age/armor"

	"github.com/lockage/lockage/internal/kek"
)

const passphrase = "four words in a row"

// sealed is an age file of any text under the passphrase.
func sealed(t *testing.T, text string) []byte {
	t.Helper()
	recipient, err := age.NewScryptRecipient(passphrase)
	if err != nil {
		t.Fatal(err)
	}
	recipient.SetWorkFactor(10)
	var out bytes.Buffer
	armored := armor.NewWriter(&out)
	w, err := age.Encrypt(armored, recipient)
	if err == nil {
		_, err = w.Write([]byte(text))
		err = errors.Join(err, w.Close(), armored.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestRecovery(t *testing.T) {
	key := bytes.Repeat([]byte{7}, 32)
	var file bytes.Buffer
	id, err := kek.WriteRecovery(&file, key, passphrase)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(file.Bytes(), key) || !strings.HasPrefix(file.String(), "-----BEGIN AGE ENCRYPTED FILE-----\n") {
		t.Error("the file is no armored age file, or holds the key in the clear")
	}
	got, gotID, err := kek.ReadRecovery(bytes.NewReader(file.Bytes()), passphrase)
	if err != nil || !bytes.Equal(got, key) || gotID != id {
		t.Errorf("got %s, %v; want the key and its id %s", gotID, err, id)
	}
	for _, wrong := range []string{"", "four words in a row ", "Four words in a row"} {
		if _, _, err := kek.ReadRecovery(bytes.NewReader(file.Bytes()), wrong); !errors.Is(err, kek.ErrPassphrase) {
			t.Errorf("a wrong passphrase: got %v, want ErrPassphrase", err)
		}
	}
}

func TestWhatIsNoRecovery(t *testing.T) {
	const encoded = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc="
	whole := "lockage key-encryption key 1\nid  local:0000000000000000\nkey " + encoded + "\n"
	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"nothing":        {nil, "no recovery file"},
		"a text":         {[]byte("hello\n"), "no recovery file"},
		"another text":   {sealed(t, "hello\n"), "something else than a key of lockage"},
		"another id":     {sealed(t, whole), "not the one whose id it tells"},
		"no base64":      {sealed(t, strings.Replace(whole, "Bwc", "???", 1)), "not in base64"},
		"a shorter key":  {sealed(t, strings.Replace(whole, encoded, "BwcH", 1)), "not the one whose id it tells"},
		"a later format": {sealed(t, strings.Replace(whole, "key 1", "key 2", 1)), "something else than a key of lockage"},
	} {
		t.Run(name, func(t *testing.T) {
			key, _, err := kek.ReadRecovery(bytes.NewReader(c.file), passphrase)
			if err == nil || !strings.Contains(err.Error(), c.want) || key != nil {
				t.Errorf("got %v, want an error with %q and no key", err, c.want)
			}
			if err != nil && strings.Contains(err.Error(), encoded) {
				t.Error("the key is repeated")
			}
		})
	}
}

func TestAKeyOfAServiceIsNotRevealed(t *testing.T) {
	if _, err := kek.Reveal("vault:https://vault.example.com:8200/transit/lockage", kek.Options{}); err == nil || !strings.Contains(err.Error(), "cannot be exported") {
		t.Errorf("got %v, want a refusal that says so", err)
	}
}
