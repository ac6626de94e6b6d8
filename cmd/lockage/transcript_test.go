package main_test

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"sync"
	"testing"
)

// transcript keeps what somebody was shown, and what must never be in it. It is safe for concurrent use.
type transcript struct {
	mu      sync.Mutex
	pieces  []piece
	secrets map[string]string // what each one is
}

type piece struct{ where, text string }

// add keeps a text. A credential in it that is shown this one time is taken out first.
func (s *transcript) add(where, text string, shownOnce ...string) {
	for _, credential := range shownOnce {
		text = strings.ReplaceAll(text, credential, "[shown once]")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pieces = append(s.pieces, piece{where, text})
}

// answer keeps an answer whole.
func (s *transcript) answer(where string, a reply, shownOnce ...string) {
	var text strings.Builder
	_ = a.Header.Write(&text)
	s.add(where, fmt.Sprintf("%s\n%s\n%s", a.Status, text.String(), a.body), shownOnce...)
}

// secret remembers what must be in no text.
func (s *transcript) secret(what, value string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.secrets == nil {
		s.secrets = map[string]string{}
	}
	s.secrets[value] = what
}

// check fails the test for each secret in each text, in clear or in an encoding that hides nothing.
func (s *transcript) check(t testing.TB) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.secrets) == 0 || len(s.pieces) == 0 {
		t.Fatalf("there are %d secrets and %d texts: nothing was checked", len(s.secrets), len(s.pieces))
	}
	for value, what := range s.secrets {
		forms := []string{
			value, hex.EncodeToString([]byte(value)), strings.TrimRight(base64.StdEncoding.EncodeToString([]byte(value)), "="),
		}
		for _, p := range s.pieces {
			for _, form := range forms {
				if at := strings.Index(p.text, form); at >= 0 {
					t.Errorf("%s is in %s, at byte %d", what, p.where, at)
				}
			}
		}
	}
}
