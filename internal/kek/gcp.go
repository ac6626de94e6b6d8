package kek

import (
	"context"
	"encoding/json"
	"errors"
	"hash/crc32"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/google"

	"github.com/lockage/lockage/internal/secret"
)

const (
	gcpService = "Google Cloud KMS"
	gcpAddress = "https://cloudkms.googleapis.com/v1/"
	gcpScope   = "https://www.googleapis.com/auth/cloudkms"
)

// gcpKey is a symmetric key of Google Cloud KMS. Its versions are Google's affair: the primary one wraps, and what was
// wrapped names the one that unwraps.
type gcpKey struct {
	name   string
	tokens oauth2.TokenSource
	client *http.Client
	pace   pace
}

var gcpName = regexp.MustCompile(`^projects/[a-z0-9.:-]+/locations/[a-z0-9-]+/keyRings/[A-Za-z0-9_-]+/cryptoKeys/[A-Za-z0-9_-]+$`)

// readGCPURL reads the name of a key.
func readGCPURL(name string) (opener, error) {
	if !gcpName.MatchString(name) {
		return nil, errors.New("gcp-kms: must be followed by projects/PROJECT/locations/LOCATION/keyRings/RING/cryptoKeys/KEY, without a version")
	}
	return func(ctx context.Context, o Options) (secret.KEK, error) {
		client := o.client()
		// what fetches tokens lives as long as the key
		ctx = context.WithValue(context.WithoutCancel(ctx), oauth2.HTTPClient, client)
		found, err := google.FindDefaultCredentials(ctx, gcpScope)
		if err != nil {
			return nil, errors.New("gcp-kms: there are no credentials of Google that can be read; set GOOGLE_APPLICATION_CREDENTIALS to a file of them, or run with a service account")
		}
		return &gcpKey{name: name, tokens: found.TokenSource, client: client, pace: o.pace()}, nil
	}, nil
}

// ID is "gcp-kms:" and the name of the key. Google never gives a name again.
func (k *gcpKey) ID() string { return "gcp-kms:" + k.name }

// Wrap encrypts a data key; it is KMS's ciphertext. Checksums show that KMS got what was sent, and that what came back
// is what KMS made.
func (k *gcpKey) Wrap(ctx context.Context, key, additional []byte) ([]byte, error) {
	at := place(additional)
	a, err := k.call(ctx, "encrypt", struct {
		Plaintext        []byte `json:"plaintext"`
		PlaintextCRC     string `json:"plaintextCrc32c"`
		AdditionalData   []byte `json:"additionalAuthenticatedData"`
		AdditionalCRCSum string `json:"additionalAuthenticatedDataCrc32c"`
	}{key, checksum(key), at, checksum(at)})
	if err != nil {
		return nil, err
	}
	var out struct {
		Name               string      `json:"name"`
		Ciphertext         []byte      `json:"ciphertext"`
		CiphertextCRC      json.Number `json:"ciphertextCrc32c"`
		VerifiedPlaintext  bool        `json:"verifiedPlaintextCrc32c"`
		VerifiedAdditional bool        `json:"verifiedAdditionalAuthenticatedDataCrc32c"`
	}
	switch {
	case a.status != http.StatusOK:
		return nil, k.denied(a)
	case !a.decode(&out), len(out.Ciphertext) == 0, !strings.HasPrefix(out.Name, k.name+"/cryptoKeyVersions/"):
		return nil, errGarbage(gcpService)
	case !out.VerifiedPlaintext, !out.VerifiedAdditional, out.CiphertextCRC.String() != checksum(out.Ciphertext):
		return nil, errDamaged(gcpService)
	}
	return out.Ciphertext, nil
}

// Unwrap decrypts a data key.
func (k *gcpKey) Unwrap(ctx context.Context, wrapped, additional []byte) ([]byte, error) {
	at := place(additional)
	a, err := k.call(ctx, "decrypt", struct {
		Ciphertext       []byte `json:"ciphertext"`
		CiphertextCRC    string `json:"ciphertextCrc32c"`
		AdditionalData   []byte `json:"additionalAuthenticatedData"`
		AdditionalCRCSum string `json:"additionalAuthenticatedDataCrc32c"`
	}{wrapped, checksum(wrapped), at, checksum(at)})
	if err != nil {
		return nil, err
	}
	defer clear(a.body)
	var out struct {
		Plaintext    []byte      `json:"plaintext"`
		PlaintextCRC json.Number `json:"plaintextCrc32c"`
	}
	switch {
	case a.status == http.StatusBadRequest && gcpStatus(a) == "INVALID_ARGUMENT":
		return nil, notSealed(gcpService)
	case a.status != http.StatusOK:
		return nil, k.denied(a)
	case !a.decode(&out), len(out.Plaintext) == 0:
		return nil, errGarbage(gcpService)
	case out.PlaintextCRC.String() != checksum(out.Plaintext):
		clear(out.Plaintext)
		return nil, errDamaged(gcpService)
	}
	return out.Plaintext, nil
}

func (k *gcpKey) call(ctx context.Context, what string, in any) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, k.pace.whole)
	defer cancel()
	body, err := json.Marshal(in)
	if err != nil {
		return answer{}, err
	}
	token, err := k.token(ctx)
	if err != nil {
		clear(body)
		return answer{}, err
	}
	a, err := post(ctx, k.client, k.pace, gcpAddress+k.name+":"+what, http.Header{"Authorization": {token.Type() + " " + token.AccessToken}}, body)
	if err != nil {
		return a, ofTransport(ctx, gcpService, err)
	}
	return a, ofStatus(gcpService, a.status)
}

// token answers a token, fetched again when that may help. What fetches it knows no context, so that it is left behind
// when ctx ends; it ends with the time limit of the client.
func (k *gcpKey) token(ctx context.Context) (token *oauth2.Token, err error) {
	for attempt := range k.pace.attempts {
		if attempt > 0 && sleep(ctx, k.pace.wait<<(attempt-1)) != nil {
			break
		}
		done := make(chan struct{})
		var fetched *oauth2.Token
		var fetchErr error
		go func() {
			defer close(done)
			fetched, fetchErr = k.tokens.Token()
		}()
		select {
		case <-ctx.Done():
			return nil, ofTransport(ctx, gcpService, ctx.Err())
		case <-done:
		}
		if fetchErr == nil {
			return fetched, nil
		}
		if err = k.tokenError(ctx, fetchErr); errors.Is(err, ErrRefused) {
			break
		}
	}
	return nil, err
}

func (k *gcpKey) tokenError(ctx context.Context, err error) error {
	var answered *oauth2.RetrieveError
	switch {
	case errors.As(err, &answered) && answered.Response != nil && answered.Response.StatusCode >= 400 && !again(answered.Response.StatusCode):
		return refused(gcpService, "cannot be asked: Google gives no token for these credentials; look whether the service account or its key still exists")
	case errors.As(err, &answered):
		return unreachable(gcpService, "cannot be asked: Google gives no token now")
	}
	return ofTransport(ctx, gcpService, errors.Join(lastOf(k.client), err))
}

// gcpStatus is the kind of a refusal, one of Google's own words.
func gcpStatus(a answer) string {
	var out struct {
		Error struct {
			Status string `json:"status"`
		} `json:"error"`
	}
	if !a.decode(&out) {
		return ""
	}
	return out.Error.Status
}

func (k *gcpKey) denied(a answer) error {
	switch {
	case a.status == http.StatusForbidden || a.status == http.StatusUnauthorized:
		return refused(gcpService, "denies it (status %d); the service account needs roles/cloudkms.cryptoKeyEncrypterDecrypter on the key", a.status)
	case a.status == http.StatusNotFound:
		return refused(gcpService, "has no such key (status 404)")
	case gcpStatus(a) == "FAILED_PRECONDITION":
		return refused(gcpService, "says that the key's version is disabled or destroyed, or not for this; enable it, and use a key for symmetric encryption")
	}
	return refused(gcpService, "does not take it (status %d)", a.status)
}

// checksum is the CRC32C as Google writes it: the number as a text.
func checksum(b []byte) string {
	return strconv.FormatUint(uint64(crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli))), 10)
}
