package cli

import (
	"errors"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/lockage/lockage/client"
	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/wire"
)

// verified is what a walk through the audit log found.
type verified struct {
	Intact int64     `json:"intact"` // how many entries, from the first one on
	Head   string    `json:"head"`   // the hash of the last of them
	Bad    *badEntry `json:"bad,omitempty"`
}

type badEntry struct {
	Sequence int64  `json:"sequence"`
	Reason   string `json:"reason"`
}

func (p *program) auditVerify() *cobra.Command {
	return &cobra.Command{
		Use:   "verify",
		Short: "Prove that no entry of the audit log was changed, moved or taken out",
		Long: `Reads the whole audit log in order and recomputes the hash of every entry here, without trusting
the server's word. Keep the number and hash it prints: they show later that nothing was cut off the end.`,
		Args: arguments(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := p.connect()
			if err != nil {
				return err
			}
			var v audit.Verifier
			var bad *audit.BadEntry
			for e, err := range c.Audit(cmd.Context(), client.AuditFilter{Ascending: true}) {
				if err == nil {
					err = v.Next(entry(e))
				}
				if err != nil && !errors.As(err, &bad) {
					return err
				}
				if bad != nil {
					break
				}
			}
			return p.printVerified(v, bad)
		},
	}
}

func (p *program) printVerified(v audit.Verifier, bad *audit.BadEntry) error {
	var result verified
	result.Intact, result.Head = v.Head()
	if bad != nil {
		result.Bad = &badEntry{bad.Sequence, bad.Reason}
	}
	err := p.printDone(result, nil, "%s intact; the last has the hash %s", entries(result.Intact), result.Head)
	if bad != nil {
		return bad
	}
	return err
}

// entry turns what the API told into what the hash is computed of.
func entry(e wire.AuditEntry) audit.Entry {
	return audit.Entry{
		Sequence:      e.Sequence,
		Time:          time.Time(e.Time),
		Actor:         audit.Actor(e.Actor),
		Action:        e.Action,
		Outcome:       audit.Outcome(e.Outcome),
		EnvironmentID: e.EnvironmentID,
		Environment:   e.Environment,
		Target:        audit.Target(e.Target),
		Detail:        e.Detail,
		RequestID:     e.RequestID,
		Address:       e.Address,
		Prev:          e.Prev,
		Hash:          e.Hash,
	}
}

func entries(n int64) string {
	if n == 1 {
		return "1 entry is"
	}
	return strconv.FormatInt(n, 10) + " entries are"
}
