package kek

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azkeys"

	"github.com/lockage/lockage/internal/secret"
)

const azureService = "Azure Key Vault"

// azureKey is an RSA key of Azure Key Vault or Managed HSM. Each version of it has an id of its own, for each is another
// pair of keys; one version wraps for as long as the key is held, and all of them unwrap.
//
// Wrapping takes no additional data there, so that its SHA-256 is wrapped together with the data key and compared when
// both come back. What is stored is
//
//	length of the version in one byte, version, RSA-OAEP-256(data key, SHA-256 of the additional data)
type azureKey struct {
	vault   string // https://HOST
	name    string
	version string
	http    *http.Client
	client  *azkeys.Client
	pace    pace
}

// errNotWrapped says that the vault refuses the request to unwrap as such.
var errNotWrapped = errors.New("not wrapped by this key")

var (
	azureName    = regexp.MustCompile(`^[A-Za-z0-9-]{1,127}$`)
	azureVersion = regexp.MustCompile(`^[A-Za-z0-9]{1,64}$`)
)

// readAzureURL reads https://HOST/keys/NAME, and behind it a version.
func readAzureURL(rest string) (opener, error) {
	u, err := readAddress(rest)
	if err != nil {
		return nil, fmt.Errorf("azure-keyvault: %w", err)
	}
	parts := strings.Split(strings.TrimPrefix(u.Path, "/"), "/")
	version := ""
	if len(parts) == 3 {
		version = parts[2]
	}
	if u.Scheme != "https" || len(parts) < 2 || len(parts) > 3 || parts[0] != "keys" || !azureName.MatchString(parts[1]) ||
		len(parts) == 3 && !azureVersion.MatchString(version) {
		return nil, errors.New("azure-keyvault: must be followed by https://VAULT.vault.azure.net/keys/NAME, and /VERSION where one is meant")
	}
	return func(ctx context.Context, o Options) (secret.KEK, error) {
		k := &azureKey{vault: "https://" + u.Host, name: parts[1], version: version, http: o.client(), pace: o.pace()}
		if k.client, err = azureClient(k.http, k.pace, k.vault); err != nil {
			return nil, err
		}
		if k.version == "" { // the one of today, which is asked for with no other right than wrapping needs
			out, err := k.wrap(ctx, []byte("lockage-probe"))
			if err != nil {
				return nil, err
			}
			if k.version, err = k.versionOf(out); err != nil {
				return nil, err
			}
		}
		return k, nil
	}, nil
}

// azureClient takes its credentials as a server has them, one kind, decided by what is set: a client's, a workload's
// token, or the machine's identity. (The SDK's chain would also run the az program and others.)
func azureClient(c *http.Client, p pace, vault string) (*azkeys.Client, error) {
	options := azcore.ClientOptions{
		Transport: c,
		Retry: policy.RetryOptions{
			MaxRetries: int32(p.attempts - 1), TryTimeout: p.attempt, RetryDelay: p.wait, MaxRetryDelay: 10 * p.wait, //nolint:gosec // a small number
		},
		Telemetry: policy.TelemetryOptions{Disabled: true},
	}
	// another authority is the operator's word; it need not be asked of Microsoft
	_, own := os.LookupEnv("AZURE_AUTHORITY_HOST")
	var credential azcore.TokenCredential
	var err error
	switch {
	case os.Getenv("AZURE_CLIENT_SECRET") != "" || os.Getenv("AZURE_CLIENT_CERTIFICATE_PATH") != "":
		credential, err = azidentity.NewEnvironmentCredential(&azidentity.EnvironmentCredentialOptions{ClientOptions: options, DisableInstanceDiscovery: own})
	case os.Getenv("AZURE_FEDERATED_TOKEN_FILE") != "":
		credential, err = azidentity.NewWorkloadIdentityCredential(&azidentity.WorkloadIdentityCredentialOptions{ClientOptions: options, DisableInstanceDiscovery: own})
	default:
		of := &azidentity.ManagedIdentityCredentialOptions{ClientOptions: options}
		if id := os.Getenv("AZURE_CLIENT_ID"); id != "" {
			of.ID = azidentity.ClientID(id)
		}
		credential, err = azidentity.NewManagedIdentityCredential(of)
	}
	if err != nil {
		return nil, errors.New("azure-keyvault: the credentials in the environment are not whole; set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET, or none of them to use the machine's identity")
	}
	return azkeys.NewClient(vault, credential, &azkeys.ClientOptions{ClientOptions: options})
}

// ID is "azure-keyvault:" and the address of the version that wraps.
func (k *azureKey) ID() string { return k.family() + k.version }

func (k *azureKey) family() string { return "azure-keyvault:" + k.vault + "/keys/" + k.name + "/" }

// Holds says whether an id is that of a version of this key: what it wrapped can be unwrapped.
func (k *azureKey) Holds(id string) bool {
	version, ok := strings.CutPrefix(id, k.family())
	return ok && azureVersion.MatchString(version)
}

// Version is the key as it wraps with another of its versions, which Holds holds.
func (k *azureKey) Version(id string) secret.KEK {
	of := *k
	of.version = strings.TrimPrefix(id, k.family())
	return &of
}

// Wrap encrypts a data key with the version that the id names.
func (k *azureKey) Wrap(ctx context.Context, key, additional []byte) ([]byte, error) {
	both := append(append(make([]byte, 0, len(key)+32), key...), place(additional)...)
	defer clear(both)
	out, err := k.wrap(ctx, both)
	if err != nil {
		return nil, err
	}
	if version, err := k.versionOf(out); err != nil || version != k.version || len(out.Result) == 0 {
		return nil, errGarbage(azureService)
	}
	return append(append([]byte{byte(len(k.version))}, k.version...), out.Result...), nil
}

func (k *azureKey) wrap(ctx context.Context, what []byte) (out azkeys.KeyOperationResult, err error) {
	return k.call(ctx, func(ctx context.Context) (azkeys.KeyOperationResult, error) {
		a, err := k.client.WrapKey(ctx, k.name, k.version, rsaOAEP(what), nil)
		return a.KeyOperationResult, err
	})
}

// Unwrap decrypts a data key with the version that wrapped it.
func (k *azureKey) Unwrap(ctx context.Context, wrapped, additional []byte) ([]byte, error) {
	if len(wrapped) < 1 || len(wrapped) <= 1+int(wrapped[0]) {
		return nil, notSealed(azureService)
	}
	version, ciphertext := string(wrapped[1:1+wrapped[0]]), wrapped[1+wrapped[0]:]
	if !azureVersion.MatchString(version) {
		return nil, notSealed(azureService)
	}
	out, err := k.call(ctx, func(ctx context.Context) (azkeys.KeyOperationResult, error) {
		a, err := k.client.UnwrapKey(ctx, k.name, version, rsaOAEP(ciphertext), nil)
		var answered *azcore.ResponseError
		if errors.As(err, &answered) && (answered.StatusCode == http.StatusBadRequest || answered.StatusCode == http.StatusNotFound && version != k.version) {
			return a.KeyOperationResult, errNotWrapped // no version of a key is ever lost alone
		}
		return a.KeyOperationResult, err
	})
	if err != nil {
		return nil, err
	}
	at := place(additional)
	end := len(out.Result) - len(at)
	if end <= 0 {
		clear(out.Result)
		return nil, errGarbage(azureService)
	}
	if subtle.ConstantTimeCompare(out.Result[end:], at) != 1 {
		clear(out.Result)
		return nil, notSealed(azureService)
	}
	return out.Result[:end:end], nil
}

func rsaOAEP(value []byte) azkeys.KeyOperationParameters {
	algorithm := azkeys.EncryptionAlgorithmRSAOAEP256
	return azkeys.KeyOperationParameters{Algorithm: &algorithm, Value: value}
}

// versionOf is the version that an answer names, of this key.
func (k *azureKey) versionOf(out azkeys.KeyOperationResult) (string, error) {
	if out.KID == nil {
		return "", errGarbage(azureService)
	}
	version, ok := strings.CutPrefix(string(*out.KID), k.vault+"/keys/"+k.name+"/")
	if !ok || !azureVersion.MatchString(version) {
		return "", errGarbage(azureService)
	}
	return version, nil
}

// call bounds what is asked. The SDK cuts an answer's header into pieces without counting them, so that a service which
// is none could end the program.
func (k *azureKey) call(ctx context.Context, ask func(context.Context) (azkeys.KeyOperationResult, error)) (out azkeys.KeyOperationResult, err error) {
	ctx, cancel := context.WithTimeout(ctx, k.pace.whole)
	defer cancel()
	defer func() {
		if recover() != nil {
			err = errGarbage(azureService)
		}
	}()
	for range k.pace.attempts {
		if out, err = ask(ctx); !errors.Is(err, io.ErrUnexpectedEOF) {
			break // the SDK has tried again whatever else may pass
		}
	}
	if err != nil {
		err = k.error(ctx, err)
	}
	return out, err
}

// error sorts what the SDK answers. Its text is not used: it has what the vault wrote.
func (k *azureKey) error(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ofTransport(ctx, azureService, ctx.Err())
	}
	if errors.Is(err, errNotWrapped) {
		return notSealed(azureService)
	}
	var (
		answered *azcore.ResponseError
		login    *azidentity.AuthenticationFailedError
	)
	switch {
	case errors.As(err, &answered):
		if known := ofStatus(azureService, answered.StatusCode); known != nil {
			return known
		}
		switch answered.StatusCode {
		case http.StatusUnauthorized, http.StatusForbidden:
			return refused(azureService, "denies it (status %d); the identity needs keys/wrapKey and keys/unwrapKey (role Key Vault Crypto Service Encryption User), and the key must be enabled", answered.StatusCode)
		case http.StatusNotFound:
			return refused(azureService, "has no such key or version (status 404)")
		}
		return refused(azureService, "does not take it (status %d); the key must be an RSA key that may wrapKey and unwrapKey", answered.StatusCode)
	case errors.As(err, &login) && login.RawResponse != nil && login.RawResponse.StatusCode >= 400 && !again(login.RawResponse.StatusCode):
		return refused(azureService, "cannot be asked: Microsoft Entra gives no token for these credentials (status %d)", login.RawResponse.StatusCode)
	case errors.As(err, &login):
		return unreachable(azureService, "cannot be asked: Microsoft Entra gives no token now; %s", reason(errors.Join(lastOf(k.http), err)))
	}
	return ofTransport(ctx, azureService, errors.Join(lastOf(k.http), err))
}
