package cli

import (
	"errors"
	"fmt"
	"iter"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/lockage/lockage/client"
	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/wire"
)

// verified is what a walk through the audit log found.
type verified struct {
	Intact     int64     `json:"intact"` // how many entries, from the first one on
	Head       string    `json:"head"`   // the hash of the last of them
	Bad        *badEntry `json:"bad,omitempty"`
	Checkpoint *compared `json:"checkpoint,omitempty"` // with --checkpoint, when no entry is bad
}

type badEntry struct {
	Sequence int64  `json:"sequence"`
	Reason   string `json:"reason"`
}

func (p *program) auditVerify() *cobra.Command {
	var against checkpointFlags
	cmd := &cobra.Command{
		Use:   "verify [FILE…]",
		Short: "Prove that no entry of the audit log was changed, moved, taken out or cut off",
		Long: `Reads the whole audit log in order and recomputes the hash of every entry here, without trusting
the server's word. With FILEs it reads the log from them and needs no server: what "lockage audit
list --limit 0 --json" prints, or answers of the API, in any order.

What that cannot show is that the newest entries were cut off, or that all hashes were computed
anew. With --checkpoint it can: the log is held against signed checkpoints that were kept where
nobody who can change the database could change them. One checkpoint is enough; the file that the
server's --audit-checkpoint makes has many, and narrows down where the log was cut. Only the public
key is needed, as "lockage audit key" printed it back then.`,
		Example: `  lockage audit verify
  lockage audit verify --checkpoint /mnt/witness/audit.txt --key lockage.pub
  lockage audit verify november.json december.json --checkpoint audit.txt --key lockage.pub`,
		RunE: func(cmd *cobra.Command, files []string) error {
			list, err := p.kept(cmd, against)
			if err != nil {
				return err
			}
			log, err := p.auditLog(cmd, files)
			if err != nil {
				return err
			}
			return p.verify(log, list)
		},
	}
	against.add(cmd)
	return cmd
}

// auditLog is the whole log, oldest first: of the server, or of files.
func (p *program) auditLog(cmd *cobra.Command, files []string) (iter.Seq2[wire.AuditEntry, error], error) {
	if len(files) > 0 {
		return exported(files)
	}
	c, err := p.connect()
	if err != nil {
		return nil, err
	}
	return c.Audit(cmd.Context(), client.AuditFilter{Ascending: true}), nil
}

// verify walks through a log, and holds it against checkpoints where there are some.
func (p *program) verify(log iter.Seq2[wire.AuditEntry, error], kept audit.Checkpoints) error {
	var v audit.Verifier
	var bad *audit.BadEntry
	comparison := audit.Compare(kept.List)
	for e, err := range log {
		if err == nil {
			err = v.Next(entry(e))
		}
		if err != nil && !errors.As(err, &bad) {
			return err
		}
		if bad != nil {
			break
		}
		comparison.Next(entry(e))
	}
	var result verified
	result.Intact, result.Head = v.Head()
	var failed error
	switch {
	case bad != nil:
		result.Bad, failed = &badEntry{bad.Sequence, bad.Reason}, bad
	case len(kept.List) > 0:
		f := comparison.Finding()
		result.Checkpoint, failed = comparedOf(f, kept), findingError(f)
	}
	text := fmt.Sprintf("%s intact; the last has the hash %s", entries(result.Intact), result.Head)
	if result.Intact == 0 {
		text = "no entry is intact"
	}
	err := p.printDone(result, nil, "%s", text)
	if failed != nil {
		return failed
	}
	if result.Checkpoint != nil && !p.json {
		fmt.Fprintln(p.out, clean(holding(*result.Checkpoint)))
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
