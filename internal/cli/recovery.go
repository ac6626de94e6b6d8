package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/lockage/lockage/internal/server"
)

// recoveryFlags are those of the two commands that work on the key without a server.
func recoveryFlags(cmd *cobra.Command, passphraseFile *string) {
	d := server.Defaults()
	cmd.Flags().String("data", "", "the data `FOLDER` (default "+d.Data+")")
	cmd.Flags().String("config", "", "a YAML `FILE` of the server's settings")
	cmd.Flags().StringVar(passphraseFile, "passphrase-file", "", "a `FILE` whose first line is the passphrase (default: it is asked for)")
}

func (p *program) keysExportRecovery() *cobra.Command {
	var output, passphraseFile string
	cmd := &cobra.Command{
		Use: "export-recovery", Short: "Write the key-encryption key under a passphrase, for the safe", Args: arguments(0),
		Long: `Writes the key-encryption key as an age file under a passphrase, to be kept apart from the database
and from the passphrase. It works without a server, on the key in the data folder or the one that
--kek names as serve knows it. A key that stays in a service cannot be exported.

"age --decrypt" opens the file too. Keep a copy of pepper.key beside the database's backups: it opens
no value, but the server does not start without it.`,
		Example: `  lockage keys export-recovery --data /var/lib/lockage
  lockage keys export-recovery --kek file:/etc/lockage/kek.key --output /media/safe/lockage.age`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := server.LoadConfig(serveFlags(cmd), os.LookupEnv)
			if err != nil {
				return misused(cmd, "%s", err)
			}
			if err := server.CanExport(cfg); err != nil {
				return err
			}
			passphrase, err := p.passphrase(cmd.Context(), passphraseFile, true)
			if err != nil {
				return err
			}
			file, id, err := server.ExportRecovery(cfg, passphrase)
			if err != nil {
				return err
			}
			return p.writeRecovery(file, id, output)
		},
	}
	recoveryFlags(cmd, &passphraseFile)
	cmd.Flags().String("kek", "", "the `URL` of the key, as of serve (default: kek.key in the data folder)")
	cmd.Flags().StringVarP(&output, "output", "o", "", "the `FILE` to write, - for standard output (default: one here that is named after the key)")
	return cmd
}

// recovery tells about a recovery file.
type recovery struct {
	Key  string `json:"key"`
	File string `json:"file"`
}

func (p *program) writeRecovery(file []byte, id, output string) error {
	if output == "-" { // what stands in it is sealed: it may be seen
		_, err := p.out.Write(file)
		return err
	}
	if output == "" {
		output = "lockage-kek-" + strings.ReplaceAll(id, ":", "-") + ".age"
	}
	if err := server.WriteNew(output, file); err != nil {
		return err
	}
	return p.printDone(recovery{id, output}, nil, "the key %s is in %s, under the passphrase; keep the two apart", id, output)
}

func (p *program) keysImportRecovery() *cobra.Command {
	var passphraseFile string
	cmd := &cobra.Command{
		Use: "import-recovery FILE", Short: "Write kek.key from a recovery file", Args: arguments(0, "FILE"),
		Long: `Opens what export-recovery wrote and puts the key at kek.key in the data folder, readable for you
alone. It refuses to put it in place of a key that is there. FILE - is standard input.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg, err := server.LoadConfig(serveFlags(cmd), os.LookupEnv)
			if err != nil {
				return misused(cmd, "%s", err)
			}
			file, err := p.recoveryFile(args[0], passphraseFile)
			if err != nil {
				return err
			}
			passphrase, err := p.passphrase(cmd.Context(), passphraseFile, false)
			if err != nil {
				return err
			}
			id, path, err := server.ImportRecovery(cfg, file, passphrase)
			return p.printDone(recovery{id, path}, err, "the key %s is in %s", id, path)
		},
	}
	recoveryFlags(cmd, &passphraseFile)
	return cmd
}

func (p *program) recoveryFile(name, passphraseFile string) ([]byte, error) {
	if name != "-" {
		return os.ReadFile(name) //nolint:gosec // the person's own choice
	}
	if passphraseFile == "" {
		return nil, errors.New("with the recovery file on standard input give the passphrase in --passphrase-file")
	}
	return io.ReadAll(io.LimitReader(p.in, maxInput))
}

// passphrase is that of a recovery file: the first line of a file, or what is typed, twice for a new one.
func (p *program) passphrase(ctx context.Context, file string, fresh bool) (string, error) {
	if file != "" {
		content, err := os.ReadFile(file) //nolint:gosec // the person's own choice
		if err != nil {
			return "", fmt.Errorf("read the passphrase: %w", err)
		}
		line, _, _ := strings.Cut(string(content), "\n")
		return strings.TrimSuffix(line, "\r"), nil
	}
	typed, err := p.hidden(ctx, "Passphrase: ", "passphrase")
	if err != nil {
		return "", fmt.Errorf("%w; give the passphrase at a terminal, or in --passphrase-file", err)
	}
	if !fresh {
		return typed, nil
	}
	if err := server.CheckPassphrase(typed); err != nil {
		return "", err
	}
	again, err := p.hidden(ctx, "Once more: ", "passphrase")
	if err == nil && again != typed {
		err = errors.New("the two are not the same: nothing was written")
	}
	return typed, err
}
