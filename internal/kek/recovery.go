package kek

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"filippo.io/age"
	"filippo.io/age/armor"

	"github.com/lockage/lockage/internal/secret"
)

// PassphraseLeast is how many characters the passphrase of a recovery file must have.
const PassphraseLeast = 12

// ErrPassphrase says that a recovery file does not open with a passphrase.
var ErrPassphrase = errors.New("the passphrase is not that of this recovery file")

// Reveal answers the key itself that a URL names, which the caller wipes, for a file or a variable. The key of a service
// cannot be taken out of it.
func Reveal(url string, o Options) ([]byte, error) {
	scheme, rest, _ := strings.Cut(url, ":")
	if err := Check(url); err != nil {
		return nil, err
	}
	switch scheme {
	case "file":
		return ReadFile(rest)
	case "env":
		return readVariable(rest, o)
	default:
		return nil, errors.New("the key stays in the service that holds it and cannot be exported; back it up there, and keep the service from deleting it")
	}
}

// recoveryFormat is the first line of what a recovery file holds:
//
//	lockage key-encryption key 1
//	id  local:0123456789abcdef
//	key (32 bytes in base64)
//
// as an age file, armored, under a passphrase. Lockage is not needed to open it: age --decrypt does.
const recoveryFormat = "lockage key-encryption key 1"

// CheckPassphrase refuses what is too short to keep a key that may lie in a safe for years.
func CheckPassphrase(passphrase string) error {
	if utf8.RuneCountInString(passphrase) < PassphraseLeast {
		return fmt.Errorf("the passphrase must have at least %d characters; several words in a row are easy to type and hard to guess", PassphraseLeast)
	}
	return nil
}

// WriteRecovery writes a key under a passphrase, and answers the key's id.
func WriteRecovery(to io.Writer, key []byte, passphrase string) (id string, err error) {
	if err := CheckPassphrase(passphrase); err != nil {
		return "", err
	}
	k, err := secret.NewLocalKEK(key)
	if err != nil {
		return "", err
	}
	recipient, err := age.NewScryptRecipient(passphrase)
	if err != nil {
		return "", err
	}
	armored := armor.NewWriter(to)
	plain, err := age.Encrypt(armored, recipient)
	if err != nil {
		return "", err
	}
	text := fmt.Appendf(nil, "%s\nid  %s\nkey %s\n", recoveryFormat, k.ID(), base64.StdEncoding.EncodeToString(key))
	defer clear(text)
	_, err = plain.Write(text)
	return k.ID(), errors.Join(err, plain.Close(), armored.Close())
}

// maxRecovery is more than any recovery file has.
const maxRecovery = 64 << 10

// ReadRecovery opens a recovery file, and answers the key, which the caller wipes, with its id.
func ReadRecovery(from io.Reader, passphrase string) (key []byte, id string, err error) {
	identity, err := age.NewScryptIdentity(passphrase)
	if err != nil {
		return nil, "", ErrPassphrase // an empty one
	}
	opened, err := age.Decrypt(armor.NewReader(bufio.NewReader(io.LimitReader(from, maxRecovery))), identity)
	var wrong *age.NoIdentityMatchError
	switch {
	case errors.As(err, &wrong):
		return nil, "", ErrPassphrase
	case err != nil:
		return nil, "", errors.New("this is no recovery file, or it is damaged: it is not an armored age file with a passphrase")
	}
	text, err := io.ReadAll(opened)
	defer clear(text)
	if err != nil {
		return nil, "", errors.New("the recovery file is damaged: its end does not fit its beginning")
	}
	return parseRecovery(text)
}

func parseRecovery(text []byte) (key []byte, id string, err error) {
	lines := bytes.Split(text, []byte("\n"))
	if len(lines) != 4 || string(lines[0]) != recoveryFormat {
		return nil, "", errors.New("the file opens, but holds something else than a key of lockage")
	}
	told := string(bytes.TrimPrefix(lines[1], []byte("id  ")))
	encoded := bytes.TrimPrefix(lines[2], []byte("key "))
	key = make([]byte, base64.StdEncoding.DecodedLen(len(encoded)))
	n, err := base64.StdEncoding.Decode(key, encoded)
	if err != nil {
		return nil, "", errors.New("the file opens, but the key in it is not in base64")
	}
	key = key[:n]
	k, err := secret.NewLocalKEK(key)
	if err != nil || k.ID() != told {
		clear(key)
		return nil, "", errors.New("the file opens, but the key in it is not the one whose id it tells")
	}
	return key, told, nil
}
