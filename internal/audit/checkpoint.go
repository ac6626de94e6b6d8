package audit

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
)

// Checkpoint says how far an account's log had come, and what it was until there. Kept where whoever can change the
// database cannot, it shows later that entries were cut off or replaced. Signed, it is a note in the form of a
// tlog-checkpoint (c2sp.org/tlog-checkpoint):
//
//	lockage/ACCOUNT
//	NUMBER OF ENTRIES
//	HASH OF THE LAST ENTRY, base64
//	time RFC 3339, UTC, milliseconds
//
//	— lockage/ACCOUNT SIGNATURE
//
// The hash is the head of the chain, not the root of a Merkle tree: it proves a log that is read from its first entry on,
// and there are no proofs of inclusion for it.
type Checkpoint struct {
	Account string
	Entries int64
	Hash    string // of the entry with the number Entries, in lower-case hex
	Time    time.Time
}

// The parts of a checkpoint's text.
const (
	originPrefix = "lockage/"
	timePrefix   = "time "
	timeForm     = "2006-01-02T15:04:05.000Z"
)

// prunedLine ends the text of an anchor, so that neither a checkpoint can be taken for an anchor nor the other way round.
const prunedLine = "pruned"

// origin is the account's name in notes, and the name of its key.
func origin(account string) string { return originPrefix + account }

// text is what is signed.
func (c Checkpoint) text(pruned bool) (string, error) {
	hash, err := hex.DecodeString(c.Hash)
	if err != nil {
		return "", fmt.Errorf("audit: the hash of entry %d is not hexadecimal", c.Entries)
	}
	text := fmt.Sprintf("%s\n%d\n%s\n%s%s\n", origin(c.Account), c.Entries, base64.StdEncoding.EncodeToString(hash),
		timePrefix, c.Time.UTC().Truncate(time.Millisecond).Format(timeForm))
	if pruned {
		text += prunedLine + "\n"
	}
	return text, nil
}

// Sign answers the checkpoint as a signed note. It refuses one that OpenCheckpoint would not take.
func (c Checkpoint) Sign(key ed25519.PrivateKey) ([]byte, error) { return c.sign(key, false) }

func (c Checkpoint) sign(key ed25519.PrivateKey, pruned bool) ([]byte, error) {
	text, err := c.text(pruned)
	if err != nil {
		return nil, err
	}
	if _, err := readText(text, pruned); err != nil {
		return nil, err
	}
	public, ok := key.Public().(ed25519.PublicKey)
	if !ok {
		return nil, errors.New("audit: the key of checkpoints is broken")
	}
	encoded, err := CheckpointKey(c.Account, public)
	if err != nil {
		return nil, err
	}
	verifier, err := note.NewVerifier(encoded)
	if err != nil {
		return nil, err
	}
	return note.Sign(&note.Note{Text: text}, signer{verifier, key})
}

// signer signs notes with a key under the name and hash of its verifier.
type signer struct {
	note.Verifier
	key ed25519.PrivateKey
}

func (s signer) Sign(text []byte) ([]byte, error) { return ed25519.Sign(s.key, text), nil }

// CheckpointKey is the public key of an account's checkpoints as verifiers take it: NAME+HASH+BASE64. The name is the
// origin of the account's checkpoints, so that a checkpoint of another account does not verify with it.
func CheckpointKey(account string, public ed25519.PublicKey) (string, error) {
	return note.NewEd25519VerifierKey(origin(account), public)
}

// CheckKey says whether a text has the form of a public key of checkpoints.
func CheckKey(key string) error {
	v, err := note.NewVerifier(key)
	if err != nil || !strings.HasPrefix(v.Name(), originPrefix) {
		return errors.New("is not a key of checkpoints: it looks like lockage/ACCOUNT+HASH+KEY, as lockage audit key prints it")
	}
	return nil
}

// What Open answers for a note that is none of the account's.
var (
	errForm      = errors.New("it is not a checkpoint of an audit log")
	errSignature = errors.New("its signature is not one of this key: it was changed, or another key made it")
	errOrigin    = errors.New("it is of another account than the key")
)

// OpenCheckpoint verifies a signed note with the public key of an account and answers what it says.
func OpenCheckpoint(signed []byte, key string) (Checkpoint, error) {
	return openNote(signed, key, false)
}

func openNote(signed []byte, key string, pruned bool) (Checkpoint, error) {
	verifier, err := note.NewVerifier(key)
	if err != nil {
		return Checkpoint{}, errors.New("the key is not one of checkpoints")
	}
	n, err := note.Open(signed, note.VerifierList(verifier))
	var unsigned *note.UnverifiedNoteError
	var invalid *note.InvalidSignatureError
	switch {
	case errors.As(err, &unsigned) && !strings.HasPrefix(unsigned.Note.Text, verifier.Name()+"\n"):
		return Checkpoint{}, errOrigin
	case errors.As(err, &unsigned), errors.As(err, &invalid):
		return Checkpoint{}, errSignature
	case err != nil:
		return Checkpoint{}, errForm
	}
	c, err := readText(n.Text, pruned)
	if err == nil && origin(c.Account) != verifier.Name() {
		err = errOrigin
	}
	return c, err
}

// readText reads what was signed. It takes what text makes and nothing else.
func readText(s string, pruned bool) (Checkpoint, error) {
	lines := strings.Split(s, "\n")
	if len(lines) < 5 {
		return Checkpoint{}, errForm
	}
	account, ours := strings.CutPrefix(lines[0], originPrefix)
	entries, err := strconv.ParseInt(lines[1], 10, 64)
	hash, badHash := base64.StdEncoding.Strict().DecodeString(lines[2])
	at, timed := strings.CutPrefix(lines[3], timePrefix)
	when, badTime := time.Parse(timeForm, at)
	if !ours || account == "" || err != nil || badHash != nil || !timed || badTime != nil || entries < 1 || len(hash) != 32 {
		return Checkpoint{}, errForm
	}
	c := Checkpoint{Account: account, Entries: entries, Hash: hex.EncodeToString(hash), Time: when}
	if again, err := c.text(pruned); err != nil || again != s {
		return Checkpoint{}, errForm
	}
	return c, nil
}

// Checkpoints are those of one account that a file held.
type Checkpoints struct {
	List    []Checkpoint // in the order of the file
	Torn    int          // notes that end before their signature does: what a crash leaves of the last one
	Foreign int          // notes of other accounts
}

// BadCheckpoint is a note in a file that does not verify.
type BadCheckpoint struct {
	Number int // of the note in the file, from 1 on
	Reason error
}

func (e *BadCheckpoint) Error() string {
	return fmt.Sprintf("checkpoint %d of the file: %v", e.Number, e.Reason)
}

func (e *BadCheckpoint) Unwrap() error { return e.Reason }

// ReadCheckpoints verifies all notes of a file that are of the account of the key. It answers a *BadCheckpoint for a note
// that is whole and does not verify, and fails where there is none that does.
func ReadCheckpoints(file []byte, key string) (c Checkpoints, err error) {
	for i, signed := range split(file) {
		if !whole(signed) {
			c.Torn++
			continue
		}
		one, err := OpenCheckpoint(signed, key)
		switch {
		case errors.Is(err, errOrigin):
			c.Foreign++
		case err != nil:
			return c, &BadCheckpoint{Number: i + 1, Reason: err}
		default:
			c.List = append(c.List, one)
		}
	}
	switch {
	case len(c.List) > 0:
		return c, nil
	case c.Foreign > 0:
		return c, errors.New("the file has only checkpoints of other accounts than the key")
	case c.Torn > 0:
		return c, errors.New("the file has no checkpoint that is whole")
	default:
		return c, errors.New("the file has no checkpoint")
	}
}

var signatureLine = []byte("— ")

// split finds the notes of a file: paragraphs of text, each with a paragraph of signatures behind it unless it is torn.
func split(file []byte) (notes [][]byte) {
	signed := true // the note before, so that the next paragraph begins one
	for paragraph := range bytes.SplitSeq(bytes.ReplaceAll(file, []byte("\r\n"), []byte("\n")), []byte("\n\n")) {
		paragraph = bytes.Trim(paragraph, "\n")
		if len(paragraph) == 0 {
			continue
		}
		paragraph = append(bytes.Clone(paragraph), '\n')
		if signature := bytes.HasPrefix(paragraph, signatureLine); signature && !signed {
			last := len(notes) - 1
			notes[last] = append(append(notes[last], '\n'), paragraph...)
			signed = true
		} else {
			notes = append(notes, paragraph)
			signed = signature
		}
	}
	return notes
}

// whole says whether a note ends with signatures, the last of which is no shorter than an Ed25519 one: the hash of the
// key, and 64 bytes.
func whole(signed []byte) bool {
	_, signatures, found := bytes.Cut(signed, []byte("\n\n"))
	if !found {
		return false
	}
	lines := bytes.Split(bytes.TrimSuffix(signatures, []byte("\n")), []byte("\n"))
	last := lines[len(lines)-1]
	encoded := last[bytes.LastIndexByte(last, ' ')+1:]
	raw, err := base64.StdEncoding.DecodeString(string(encoded))
	return err == nil && len(raw) >= 4+ed25519.SignatureSize
}
