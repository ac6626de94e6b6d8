// Package kek opens the key-encryption key that a URL names: a file, a variable, or a key that stays in a service. It is
// the one place that speaks to such services. A key it opened is safe for concurrent use, keeps its id for as long as it
// is held, and binds what it wraps to the additional data, which Prove checks. It refuses a URL that holds a credential,
// and no error of it repeats a URL, a credential or what a service wrote.
package kek

import (
	"context"
	"errors"
	"net/http"
	"os"
	"strings"

	"github.com/lockage/lockage/internal/secret"
)

// Options is what opening a key leans on; the zero value is right for a program.
type Options struct {
	Lookup    func(name string) (string, bool) // reads a variable; nil: of this process
	Unset     func(name string) error          // forgets one; nil: of this process
	Transport http.RoundTripper                // carries the calls to a service; nil: one of its own

	hurry pace // set by tests
}

func (o Options) lookup(name string) (string, bool) {
	if o.Lookup != nil {
		return o.Lookup(name)
	}
	return os.LookupEnv(name)
}

func (o Options) unset(name string) error {
	if o.Unset != nil {
		return o.Unset(name)
	}
	return os.Unsetenv(name)
}

// opener opens the key of a URL that was understood.
type opener func(context.Context, Options) (secret.KEK, error)

// forms are the readers of a URL, by what it begins with.
var forms = []struct {
	scheme, example string
	read            func(rest string) (opener, error)
}{
	{"file", "file:PATH", readFileURL},
	{"env", "env:VARIABLE", readVariableURL},
	{"aws-kms", "aws-kms:ARN", readAWSURL},
	{"gcp-kms", "gcp-kms:projects/…/cryptoKeys/KEY", readGCPURL},
	{"azure-keyvault", "azure-keyvault:https://VAULT.vault.azure.net/keys/NAME", readAzureURL},
	{"vault", "vault:https://HOST/MOUNT/KEY", readVaultURL},
}

// Open opens the key that a URL names. A key of a service may be asked for what it is, so that Open fails as Wrap does.
func Open(ctx context.Context, url string, o Options) (secret.KEK, error) {
	open, err := read(url)
	if err != nil {
		return nil, err
	}
	return open(ctx, o)
}

// Check says what is wrong with the form of a URL, without opening anything.
func Check(url string) error {
	_, err := read(url)
	return err
}

func read(url string) (opener, error) {
	scheme, rest, _ := strings.Cut(url, ":")
	var examples []string
	for _, f := range forms {
		if f.scheme == scheme && rest != "" {
			return f.read(rest)
		}
		examples = append(examples, f.example)
	}
	return nil, errors.New("must name a key in one of the forms " + strings.Join(examples, ", "))
}
