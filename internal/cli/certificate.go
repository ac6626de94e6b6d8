package cli

import (
	"encoding/base64"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/lockage/lockage/wire"
)

// passphraseVariable holds the passphrase of a key, which is never an argument.
const passphraseVariable = "LOCKAGE_PASSPHRASE"

func (p *program) secretsCertificate() *cobra.Command {
	var environment, cert, key, file, ca string
	var encrypted, stage bool
	var terms termsFlags
	cmd := &cobra.Command{
		Use:   "certificate NAME --environment ENVIRONMENT [flags]",
		Short: "Set a certificate secret's value in one environment, from files",
		Long: `Sets a client certificate and its key, from PEM files or one PKCS#12 file. They are checked: the key
must belong to the certificate, which must be valid and for client authentication. The key cannot be
read back. With --passphrase the passphrase is asked for, or taken from LOCKAGE_PASSPHRASE.`,
		Example: `  lockage secrets certificate bank_mtls_cert -e production --cert bank.crt --key bank.key --ca bank-ca.crt
  lockage secrets certificate bank_mtls_cert -e staging --pkcs12 bank.p12 --passphrase`,
		Args: arguments(0, "NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := required(cmd, "environment"); err != nil {
				return err
			}
			v := wire.SecretCertificate{Stage: stage}
			var err error
			if v.SecretTerms, err = terms.read(cmd); err != nil {
				return err
			}
			for _, f := range []struct {
				path string
				to   *string
			}{{cert, &v.Cert}, {key, &v.Key}, {file, &v.PKCS12}, {ca, &v.CA}} {
				if *f.to, err = p.fileText(f.path); err != nil {
					return err
				}
			}
			v.PKCS12 = base64.StdEncoding.EncodeToString([]byte(v.PKCS12))
			c, err := p.connect()
			if err != nil {
				return err
			}
			if v.Passphrase = os.Getenv(passphraseVariable); v.Passphrase == "" && encrypted {
				if v.Passphrase, err = p.confidential(cmd.Context(), "Passphrase: ", "passphrase"); err != nil {
					return err
				}
			}
			s, err := c.PutCertificate(cmd.Context(), args[0], environment, v)
			p.warn(s.Warnings)
			if err == nil && s.Certificate != nil && !p.json {
				p.note("%s, issued by %s, serial %s, valid until %s\nSHA-256 %s", clean(s.Certificate.Subject), clean(s.Certificate.Issuer),
					s.Certificate.Serial, at(s.Certificate.NotAfter, ""), s.Certificate.SHA256)
			}
			return p.printDone(s, err, "%s has a certificate in %s (version %d)", args[0], s.Environment, max(s.Version, s.StagedVersion))
		},
	}
	fs := cmd.Flags()
	fs.StringVarP(&environment, "environment", "e", "", "the `ENVIRONMENT` where it gets the value")
	fs.StringVar(&cert, "cert", "", "a `FILE` with the certificate and its chain in PEM")
	fs.StringVar(&key, "key", "", "a `FILE` with the private key in PEM, or - for standard input")
	fs.StringVar(&file, "pkcs12", "", "a `FILE` in PKCS#12 with both, instead")
	fs.StringVar(&ca, "ca", "", "a `FILE` with the authorities to trust as the upstream, in PEM")
	fs.BoolVar(&encrypted, "passphrase", false, "ask for the passphrase of the key or the PKCS#12 file")
	fs.BoolVar(&stage, "stage", false, "test calls may try it; the version in force stays")
	terms.register(cmd)
	return cmd
}

// fileText reads a file as it is; "" is none, - is standard input.
func (p *program) fileText(path string) (string, error) {
	switch path {
	case "":
		return "", nil
	case "-":
		b, err := io.ReadAll(io.LimitReader(p.in, maxInput))
		return string(b), err
	}
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxInput+1))
	if err == nil && len(b) > maxInput {
		err = fmt.Errorf("%s is larger than %d KiB", path, maxInput>>10)
	}
	return string(b), err
}
