package main_test

import (
	"regexp"
	"testing"
)

// tampering changes the audit log behind the server's back.
func tampering(t *testing.T, s *story) {
	for _, c := range []struct {
		name, do, undo string
		says           *regexp.Regexp
	}{
		{
			"an entry is changed", `UPDATE audit_entries SET target_name = 'another' || target_name WHERE sequence = 5 RETURNING sequence`,
			`UPDATE audit_entries SET target_name = substr(target_name, 8) WHERE sequence = 5 RETURNING sequence`,
			regexp.MustCompile(`entry 5\b`),
		},
		{
			"an entry is taken out", `UPDATE audit_entries SET sequence = 100007 WHERE sequence = 7 RETURNING sequence`,
			`UPDATE audit_entries SET sequence = 7 WHERE sequence = 100007 RETURNING sequence`,
			regexp.MustCompile(`entry 8\b.*number 7 was expected`),
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			if n := s.query(t, c.do); len(n) != 1 {
				t.Fatalf("%d entries were changed, want 1", len(n))
			}
			s.serve(t)
			if said := s.refused(t, 1, "", "audit", "verify"); !c.says.MatchString(said) {
				t.Errorf("audit verify says %q, want %s", said, c.says)
			}
			s.stop(t)
			if n := s.query(t, c.undo); len(n) != 1 {
				t.Fatalf("%d entries were restored, want 1", len(n))
			}
			s.serve(t)
			s.runs(t, "", "audit", "verify")
			s.stop(t)
		})
	}
}
