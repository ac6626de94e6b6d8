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
	Intact     int64     `json:"intact"`           // how many entries, from the first one on that is left
	Head       string    `json:"head"`             // the hash of the last of them
	Pruned     *pruned   `json:"pruned,omitempty"` // what a signed anchor says of the entries before
	Bad        *badEntry `json:"bad,omitempty"`
	Checkpoint *compared `json:"checkpoint,omitempty"` // with --checkpoint, when no entry is bad
}

type pruned struct {
	Entries int64     `json:"entries"`
	Hash    string    `json:"hash"`
	Time    wire.Time `json:"time"`
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

A log that was pruned begins later. It is verified from its anchor on, a statement of the server, signed
like a checkpoint, of which entry was the last that went. For FILEs that takes --key; a server's log is
verified with the server's own key where none is given.

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
			log, err := p.auditLog(cmd, files, list.key)
			if err != nil {
				return err
			}
			return p.verify(log, list.Checkpoints)
		},
	}
	against.add(cmd)
	return cmd
}

// auditLog is a whole audit log, oldest entry first: of the server, or of files.
type auditLog struct {
	entries iter.Seq2[wire.AuditEntry, error]
	anchor  func() (audit.Anchor, error) // where it begins, when that is not with the first entry; zero: nothing says so
	moves   bool                         // it may be pruned while it is read
}

func (p *program) auditLog(cmd *cobra.Command, files []string, key string) (auditLog, error) {
	if len(files) > 0 {
		return exported(cmd, files, key)
	}
	c, err := p.connect()
	if err != nil {
		return auditLog{}, err
	}
	anchor := func() (a audit.Anchor, err error) {
		made, err := c.AuditCheckpoint(cmd.Context())
		if err != nil || made.Anchor == "" {
			return a, err
		}
		with := key
		if with == "" {
			with = made.Key
		}
		return openAnchor(made.Anchor, with)
	}
	return auditLog{c.Audit(cmd.Context(), client.AuditFilter{Ascending: true}), anchor, true}, nil
}

func openAnchor(note, key string) (audit.Anchor, error) {
	a, err := audit.OpenAnchor([]byte(note), key)
	if err != nil {
		return a, fmt.Errorf("the anchor that says which entries were pruned does not hold: %w", err)
	}
	return a, nil
}

// walk is one reading of a log.
type walk struct {
	verified   *audit.Verifier
	anchor     audit.Anchor
	bad        *audit.BadEntry
	comparison *audit.Comparison
}

// walk reads a log as far as it is intact.
func (l auditLog) walk(kept audit.Checkpoints) (w walk, err error) {
	w = walk{verified: new(audit.Verifier), comparison: audit.Compare(kept.List)}
	begun := false
	for e, err := range l.entries {
		if err != nil {
			return w, err
		}
		if !begun && e.Sequence > 1 {
			if w.anchor, err = l.anchor(); err != nil {
				return w, err
			}
			w.verified = audit.From(w.anchor)
			w.comparison.Pruned(w.anchor)
		}
		begun = true
		if err := w.verified.Next(entry(e)); errors.As(err, &w.bad) {
			return w, nil
		}
		w.comparison.Next(entry(e))
	}
	return w, nil
}

// read reads a log, and again where it turns out that it was pruned meanwhile.
func (l auditLog) read(kept audit.Checkpoints) (w walk, err error) {
	for range 5 {
		w, err = l.walk(kept)
		if err != nil || w.bad == nil || !w.bad.Place || !l.moves {
			return w, err
		}
		if now, err := l.anchor(); err != nil || now.Entries == w.anchor.Entries {
			return w, nil //nolint:nilerr // the entry is bad whatever the server says now
		}
	}
	return w, err
}

// verify walks through a log, and holds it against checkpoints where there are some.
func (p *program) verify(log auditLog, kept audit.Checkpoints) error {
	w, err := log.read(kept)
	if err != nil {
		return err
	}
	var result verified
	sequence, head := w.verified.Head()
	if result.Intact = sequence - w.anchor.Entries; result.Intact > 0 {
		result.Head = head
	}
	if w.anchor.Entries > 0 {
		result.Pruned = &pruned{w.anchor.Entries, w.anchor.Hash, wire.Time(w.anchor.Time)}
	}
	var failed error
	switch {
	case w.bad != nil:
		result.Bad, failed = &badEntry{w.bad.Sequence, w.bad.Reason}, w.bad
	case len(kept.List) > 0:
		f := w.comparison.Finding()
		result.Checkpoint, failed = comparedOf(f, kept), findingError(f)
	}
	text := fmt.Sprintf("%s intact; the last has the hash %s", entries(result.Intact), result.Head)
	if result.Intact == 0 {
		text = "no entry is intact"
	}
	err = p.printDone(result, nil, "%s", text)
	if result.Pruned != nil && !p.json {
		fmt.Fprintln(p.out, clean(prunedText(*result.Pruned)))
	}
	if failed != nil {
		return failed
	}
	if result.Checkpoint != nil && !p.json {
		fmt.Fprintln(p.out, clean(holding(*result.Checkpoint)))
	}
	return err
}

// prunedText words what an anchor says.
func prunedText(r pruned) string {
	if r.Entries == 1 {
		return "entry 1 was pruned " + at(r.Time, "") + ", as the signed anchor says"
	}
	return fmt.Sprintf("entries 1 to %d were pruned until %s, as the signed anchor says", r.Entries, at(r.Time, ""))
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
