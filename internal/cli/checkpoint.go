package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/wire"
)

func (p *program) auditCheckpoint() *cobra.Command {
	return &cobra.Command{
		Use: "checkpoint", Short: "Print a signed statement of how far the audit log has come", Args: arguments(0),
		Long: `Prints a checkpoint: the number of entries and the hash of the last, signed by the server. Keep it
where nobody who can change the database can change it; "lockage audit verify --checkpoint" holds
the log against it later. The server's --audit-checkpoint does so by itself.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := p.connect()
			if err != nil {
				return err
			}
			made, err := c.AuditCheckpoint(cmd.Context())
			if err != nil {
				return err
			}
			if _, err := audit.OpenCheckpoint([]byte(made.Checkpoint), made.Key); err != nil {
				return fmt.Errorf("the server's checkpoint does not verify with the key it gives: %w", err)
			}
			if p.json {
				return encode(p.out, made)
			}
			_, err = io.WriteString(p.out, made.Checkpoint)
			return err
		},
	}
}

func (p *program) auditKey() *cobra.Command {
	return &cobra.Command{
		Use: "key", Short: "Print the public key that verifies checkpoints", Args: arguments(0),
		Long: `Prints the public key of this account's checkpoints. Keep it when the server is new: a key that is
asked for after the damage proves nothing.`,
		Example: `  lockage audit key > lockage.pub`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := p.connect()
			if err != nil {
				return err
			}
			made, err := c.AuditCheckpoint(cmd.Context())
			if err != nil {
				return err
			}
			if err := audit.CheckKey(made.Key); err != nil {
				return fmt.Errorf("what the server gave %w", err)
			}
			return p.printDone(struct {
				Key string `json:"key"`
			}{made.Key}, nil, "%s", made.Key)
		},
	}
}

// checkpointFlags say what a log is held against.
type checkpointFlags struct{ checkpoint, key string }

func (f *checkpointFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.checkpoint, "checkpoint", "", "hold the log against the checkpoints in this `FILE`, or - for standard input")
	cmd.Flags().StringVar(&f.key, "key", "", "the `KEY` that verifies them and the anchor of a pruned log, or a file with it")
}

// keptCheckpoints are checkpoints, and the key that verifies them and the log's anchor.
type keptCheckpoints struct {
	audit.Checkpoints
	key string
}

// kept is what the flags name; nothing without flags.
func (p *program) kept(cmd *cobra.Command, f checkpointFlags) (list keptCheckpoints, err error) {
	switch {
	case f.checkpoint == "" && f.key == "":
		return list, nil
	case f.key == "":
		return list, misused(cmd, "--key is missing: the key that \"lockage audit key\" printed when the checkpoints were made")
	}
	key := f.key
	if audit.CheckKey(key) != nil {
		raw, err := os.ReadFile(key)
		if err != nil {
			return list, misused(cmd, "--key is neither a key nor a file: a key looks like lockage/ACCOUNT+HASH+KEY")
		}
		key = strings.TrimSpace(string(raw))
		if err := audit.CheckKey(key); err != nil {
			return list, fmt.Errorf("what is in the file of --key %w", err)
		}
	}
	if list.key = key; f.checkpoint == "" {
		return list, nil
	}
	var file []byte
	if f.checkpoint == "-" {
		file, err = io.ReadAll(p.in)
	} else {
		file, err = os.ReadFile(f.checkpoint)
	}
	if err != nil {
		return list, fmt.Errorf("read the checkpoints: %w", err)
	}
	if list.Checkpoints, err = audit.ReadCheckpoints(file, key); err != nil {
		return list, err
	}
	if list.Torn > 0 {
		p.note("%s of the file left out: it ends before its signature does, as after a crash", count(list.Torn, "note"))
	}
	return list, nil
}

// compared is what checkpoints say of a log. The checkpoint shown is the one of the most entries, of those that do not
// hold where there are such.
type compared struct {
	State       string    `json:"state"` // "holds", "cut_off", "rewritten", "early" or "unproven"
	Entries     int64     `json:"entries"`
	Hash        string    `json:"hash"`
	Time        wire.Time `json:"time"`
	From        int64     `json:"from,omitempty"` // what is not what it was
	To          int64     `json:"to,omitempty"`
	Left        int64     `json:"left,omitempty"` // the last that is left, and when it was recorded
	LeftAt      wire.Time `json:"left_at"`
	GoesOn      bool      `json:"goes_on"` // the log has other entries behind it
	Checkpoints int       `json:"checkpoints"`
	Torn        int       `json:"torn"`
	Foreign     int       `json:"foreign"`
	Pruned      int       `json:"pruned"` // checkpoints of entries that were pruned
}

func comparedOf(f audit.Finding, kept audit.Checkpoints) *compared {
	return &compared{
		State: string(f.State), Entries: f.Checkpoint.Entries, Hash: f.Checkpoint.Hash, Time: wire.Time(f.Checkpoint.Time),
		From: f.From, To: f.To, Left: f.Left, LeftAt: wire.Time(f.LeftAt), GoesOn: f.GoesOn,
		Checkpoints: len(kept.List), Torn: kept.Torn, Foreign: kept.Foreign, Pruned: f.Pruned,
	}
}

// holding words that every checkpoint holds.
func holding(c compared) string {
	if c.Pruned > 0 {
		return fmt.Sprintf("%s; the newest, of entry %d, was made %s; %s of pruned entries", checkpointsHold(c.Checkpoints-c.Pruned), c.Entries, at(c.Time, ""),
			othersAre(c.Pruned))
	}
	if c.Checkpoints == 1 {
		return fmt.Sprintf("the checkpoint of entry %d, made %s, holds", c.Entries, at(c.Time, ""))
	}
	return fmt.Sprintf("all %d checkpoints hold; the newest, of entry %d, was made %s", c.Checkpoints, c.Entries, at(c.Time, ""))
}

func checkpointsHold(n int) string {
	if n == 1 {
		return "1 checkpoint holds"
	}
	return strconv.Itoa(n) + " checkpoints hold"
}

func othersAre(n int) string {
	if n == 1 {
		return "1 other is"
	}
	return strconv.Itoa(n) + " others are"
}

// findingError words what is gone, or is nil.
func findingError(f audit.Finding) error {
	what := "entries " + strconv.FormatInt(f.From, 10) + " to " + strconv.FormatInt(f.To, 10)
	was, are := "were", "are"
	if f.From == f.To {
		what, was, are = "entry "+strconv.FormatInt(f.To, 10), "was", "is"
	}
	made := at(wire.Time(f.Checkpoint.Time), "")
	var text string
	switch f.State {
	case audit.Holds:
		return nil
	case audit.CutOff:
		text = fmt.Sprintf("%s %s cut off: the checkpoint made %s has %d entries", what, was, made, f.To)
		if f.Left > 0 {
			text += fmt.Sprintf("; the last that is left, entry %d, was recorded %s", f.Left, at(wire.Time(f.LeftAt), ""))
		} else {
			text += "; none of them is left"
		}
		if f.GoesOn {
			text += fmt.Sprintf("; what the log has from entry %d on was recorded later", f.From)
		}
	case audit.Early:
		text = fmt.Sprintf("entries were pruned too early: the checkpoint made %s has %d entries, so that from entry %d on they were younger than any account may have them pruned", made, f.Checkpoint.Entries, f.From)
	case audit.Unproven:
		text = fmt.Sprintf("the checkpoints prove nothing of what is left: the newest, made %s, is of entry %d, which was pruned", made, f.Checkpoint.Entries)
	case audit.Rewritten:
		text = fmt.Sprintf("the log was rewritten: %s %s not what the checkpoint made %s saw", what, are, made)
		if f.Left > 0 {
			text += fmt.Sprintf("; entry %d, recorded %s, is the last that a checkpoint proves", f.Left, at(wire.Time(f.LeftAt), ""))
		}
	}
	return errors.New(text)
}
