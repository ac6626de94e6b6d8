package control

import (
	"fmt"
	"testing"
	"time"
)

// An internal test: the limiter's clock is its parameter, which Login does not pass on.

func TestAttempts(t *testing.T) {
	a, now := newAttempts(), time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range attemptsPerPerson {
		if wait, _ := a.allow("ada@example.com", "192.0.2.1", now); wait != 0 {
			t.Fatalf("attempt %d: told to wait %s", i, wait)
		}
	}
	for range 3 {
		if wait, _ := a.allow("ada@example.com", "192.0.2.2", now); wait <= 0 || wait > personEvery {
			t.Errorf("one too many of a person: wait %s, want up to %s", wait, personEvery)
		}
	}
	if wait, _ := a.allow("bob@example.com", "192.0.2.1", now); wait != 0 {
		t.Errorf("somebody else from there: wait %s", wait)
	}
	now = now.Add(personEvery)
	if wait, refused := a.allow("ada@example.com", "192.0.2.2", now); wait != 0 || refused != 3 {
		t.Errorf("later: wait %s, %d refused before; want none and 3", wait, refused)
	}
}

func TestAttemptsPerAddress(t *testing.T) {
	a, now := newAttempts(), time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range attemptsPerAddress {
		if wait, _ := a.allow(fmt.Sprint(i), "192.0.2.1", now); wait != 0 {
			t.Fatalf("attempt %d: told to wait %s", i, wait)
		}
	}
	if wait, _ := a.allow("another", "192.0.2.1", now); wait <= 0 || wait > addressEvery {
		t.Errorf("one too many of an address: wait %s, want up to %s", wait, addressEvery)
	}
}

func TestAttemptsAreForgotten(t *testing.T) {
	a, now := newAttempts(), time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range attemptsKept + 10 {
		a.allow(fmt.Sprint(i), fmt.Sprint(i), now)
	}
	if n := len(a.people); n > attemptsKept {
		t.Errorf("%d people are kept, want at most %d", n, attemptsKept)
	}
}
