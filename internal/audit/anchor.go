package audit

import (
	"crypto/ed25519"
	"errors"
	"time"
)

// Anchor says up to where the log of an account was pruned because its time was over, and what the hash of the last
// entry was that went. A log that begins behind it is verified from it on. Signed, it is a note like that of a checkpoint
// with one line more:
//
//	lockage/ACCOUNT
//	NUMBER OF THE LAST ENTRY THAT WAS PRUNED
//	ITS HASH, base64
//	time RFC 3339, UTC, milliseconds
//	pruned
//
//	— lockage/ACCOUNT SIGNATURE
//
// Without that line whoever can write to the database could take entries out and show a checkpoint that is of the last
// of them.
type Anchor Checkpoint

// Sign answers the anchor as a signed note.
func (a Anchor) Sign(key ed25519.PrivateKey) ([]byte, error) { return Checkpoint(a).sign(key, true) }

// OpenAnchor verifies a signed note with the public key of an account's checkpoints, and answers what it says.
func OpenAnchor(signed []byte, key string) (Anchor, error) {
	c, err := openNote(signed, key, true)
	if errors.Is(err, errForm) {
		err = errors.New("it is not an anchor of an audit log")
	}
	return Anchor(c), err
}

// From is a verifier of a log that begins behind an anchor: its first entry must be the one that followed.
func From(a Anchor) *Verifier { return &Verifier{sequence: a.Entries, hash: a.Hash} }

// Prunable takes the entries behind an anchor, oldest first, and says how many of them may go. It computes every hash: a
// log that somebody changed is not pruned, or the proof of that would go too.
type Prunable struct {
	verifier *Verifier
	before   time.Time
	hashes   []string // of the entries that may go
	times    []time.Time
	over     bool
}

// NewPrunable begins behind an anchor, whose zero value is the beginning of the log, with entries from before a time.
func NewPrunable(a Anchor, before time.Time) *Prunable {
	return &Prunable{verifier: From(a), before: before}
}

// Next takes the entry that follows, and answers false at the first one that stays: all that come after it stay too. It
// answers a *BadEntry for one that does not fit.
func (p *Prunable) Next(e Entry) (goes bool, err error) {
	if p.over || !e.Time.Before(p.before) {
		p.over = true
		return false, nil
	}
	if err := p.verifier.Next(e); err != nil {
		return false, err
	}
	p.hashes, p.times = append(p.hashes, e.Hash), append(p.times, e.Time)
	return true, nil
}

// Count is how many entries may go.
func (p *Prunable) Count() int64 { return int64(len(p.hashes)) }

// Hash is the hash of the nth of them, counted from 1.
func (p *Prunable) Hash(n int64) string { return p.hashes[n-1] }

// Before is how many of them, from the first on, were recorded before a time.
func (p *Prunable) Before(t time.Time) int64 {
	for i, at := range p.times {
		if !at.Before(t) {
			return int64(i)
		}
	}
	return p.Count()
}
