package secret_test

import (
	"testing"

	"github.com/lockage/lockage/internal/secret"
)

func TestGuessable(t *testing.T) {
	m := secret.NewMarker(make([]byte, 32))
	for value, want := range map[string]bool{
		"x": true, "hunter2": true, "password123": true, "Tr0ub4dor&3": true, "correct horse battery staple": true,
		"2026-11-27": true, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa": true, "sk_test_production_key": true,
		"123456789012345678901234567890": true, "test_test_test_test_test_test_1": true,
		"sk_live_4eC39HqLyjWDarjtT1zdp7dc": false, "9f86d081884c7d659a2feaa0c55ad015": false,
		"GOCSPX-Xq7Lk2vR9tPz4mWd8sHy": false, "\x8a\x01\xfe\x33\x90\x12\x77\xd1\x0b\x4e\xc6\x99\x5a\x21\xee\x07\xb4\x68": false,
	} {
		if got := m.Mark("acme", secret.NewPlaintext([]byte(value))).Guessable; got != want {
			t.Errorf("%q: got guessable %v, want %v", value, got, want)
		}
	}
}
