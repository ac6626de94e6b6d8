package kek

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/logging"

	"github.com/lockage/lockage/internal/secret"
)

const awsService = "AWS KMS"

// awsKey is a symmetric key of AWS KMS. The additional data is the member lockage of the encryption context, which KMS
// binds and writes to CloudTrail.
type awsKey struct {
	arn    string
	client *kms.Client
	pace   pace
}

// keyARN is the name of a key or of an alias; its region is where it is asked.
var keyARN = regexp.MustCompile(`^arn:aws[a-z-]*:kms:([a-z0-9-]+):\d{12}:(key/[A-Za-z0-9-]+|alias/[A-Za-z0-9/_-]+)$`)

// readAWSURL reads an ARN, and behind it ?endpoint=, which is for endpoints inside a network of one's own.
func readAWSURL(rest string) (opener, error) {
	arn, query, more := strings.Cut(rest, "?")
	m := keyARN.FindStringSubmatch(arn)
	if m == nil {
		return nil, errors.New("aws-kms: must be followed by the ARN of a key or an alias, like arn:aws:kms:eu-central-1:111122223333:key/1234abcd-…")
	}
	endpoint := ""
	if more {
		values, err := url.ParseQuery(query)
		if err != nil || len(values) != 1 || len(values["endpoint"]) != 1 {
			return nil, errors.New("aws-kms: takes ?endpoint= and nothing else")
		}
		u, err := readAddress(values.Get("endpoint"))
		if err != nil {
			return nil, fmt.Errorf("aws-kms: the endpoint %w", err)
		}
		endpoint = u.String()
	}
	return func(ctx context.Context, o Options) (secret.KEK, error) {
		client, err := awsClient(ctx, o, m[1], endpoint)
		if err != nil {
			return nil, err
		}
		k := &awsKey{arn: arn, client: client, pace: o.pace()}
		if strings.HasPrefix(m[2], "alias/") { // it may name another key tomorrow; this one is held
			if k.arn, err = k.resolve(ctx); err != nil {
				return nil, err
			}
		}
		return k, nil
	}, nil
}

// awsClient takes its credentials as every program of AWS does: variables, profiles, web identity, container, instance.
func awsClient(ctx context.Context, o Options, region, endpoint string) (*kms.Client, error) {
	p := o.pace()
	cfg, err := config.LoadDefaultConfig(ctx, config.WithRegion(region), config.WithLogger(logging.Nop{}),
		config.WithHTTPClient(awshttp.NewBuildableClient().WithTimeout(p.attempt)))
	if err != nil {
		return nil, errors.New("aws-kms: the configuration of AWS in the environment or in ~/.aws cannot be read")
	}
	return kms.NewFromConfig(cfg, func(k *kms.Options) {
		k.HTTPClient = guarded{k.HTTPClient}
		if o.Transport != nil {
			k.HTTPClient = guarded{&http.Client{Transport: o.Transport, Timeout: p.attempt}}
		}
		k.Retryer = retry.NewStandard(func(s *retry.StandardOptions) {
			s.MaxAttempts, s.MaxBackoff = p.attempts, 10*p.wait
			s.Retryables = append(s.Retryables, retry.RetryableHTTPStatusCode{Codes: map[int]struct{}{http.StatusTooManyRequests: {}}},
				retry.IsErrorRetryableFunc(func(err error) aws.Ternary { // broken off in the middle of the answer
					if errors.Is(err, io.ErrUnexpectedEOF) {
						return aws.TrueTernary
					}
					return aws.UnknownTernary
				}))
			s.Backoff = retry.NewExponentialJitterBackoff(s.MaxBackoff)
		})
		if endpoint != "" {
			k.BaseEndpoint = aws.String(endpoint)
		}
	}), nil
}

// guarded makes of the client that the configuration yields one that sends nothing in clear and takes no large answers:
// AWS_ENDPOINT_URL may lead anywhere.
type guarded struct{ kms.HTTPClient }

func (g guarded) Do(r *http.Request) (*http.Response, error) {
	if !secure(r.URL) {
		return nil, errClear
	}
	a, err := g.HTTPClient.Do(r)
	if a != nil && a.Body != nil {
		a.Body = &limited{a.Body, maxAnswer}
	}
	return a, err
}

// ID is "aws-kms:" and the ARN of the key, also where it was opened by an alias.
func (k *awsKey) ID() string { return "aws-kms:" + k.arn }

// Wrap encrypts a data key; it is KMS's ciphertext.
func (k *awsKey) Wrap(ctx context.Context, key, additional []byte) ([]byte, error) {
	out, err := k.encrypt(ctx, key, additional)
	switch {
	case err != nil:
		return nil, err
	case len(out.CiphertextBlob) == 0 || aws.ToString(out.KeyId) != k.arn:
		return nil, errGarbage(awsService)
	}
	return out.CiphertextBlob, nil
}

// Unwrap decrypts a data key.
func (k *awsKey) Unwrap(ctx context.Context, wrapped, additional []byte) ([]byte, error) {
	if len(wrapped) == 0 { // KMS would call it a bad request
		return nil, notSealed(awsService)
	}
	ctx, cancel := context.WithTimeout(ctx, k.pace.whole)
	defer cancel()
	out, err := k.client.Decrypt(ctx, &kms.DecryptInput{
		CiphertextBlob: wrapped, EncryptionContext: encryptionContext(additional), KeyId: &k.arn,
	})
	switch {
	case err != nil:
		return nil, awsError(ctx, err)
	case len(out.Plaintext) == 0 || aws.ToString(out.KeyId) != k.arn:
		clear(out.Plaintext)
		return nil, errGarbage(awsService)
	}
	return out.Plaintext, nil
}

// resolve asks which key an alias names, with no other right than wrapping needs.
func (k *awsKey) resolve(ctx context.Context) (string, error) {
	out, err := k.encrypt(ctx, []byte("lockage-probe"), nil)
	if err != nil {
		return "", err
	}
	arn := aws.ToString(out.KeyId)
	if m := keyARN.FindStringSubmatch(arn); m == nil || !strings.HasPrefix(m[2], "key/") {
		return "", errGarbage(awsService)
	}
	return arn, nil
}

func (k *awsKey) encrypt(ctx context.Context, key, additional []byte) (*kms.EncryptOutput, error) {
	ctx, cancel := context.WithTimeout(ctx, k.pace.whole)
	defer cancel()
	out, err := k.client.Encrypt(ctx, &kms.EncryptInput{KeyId: &k.arn, Plaintext: key, EncryptionContext: encryptionContext(additional)})
	if err != nil {
		return nil, awsError(ctx, err)
	}
	return out, nil
}

func encryptionContext(additional []byte) map[string]string {
	return map[string]string{"lockage": base64.StdEncoding.EncodeToString(place(additional))}
}

// awsError sorts what the SDK answers. Its own text is not used: it has what KMS wrote.
func awsError(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ofTransport(ctx, awsService, ctx.Err())
	}
	var (
		ciphertext  *types.InvalidCiphertextException
		otherKey    *types.IncorrectKeyException
		disabled    *types.DisabledException
		missing     *types.NotFoundException
		state       *types.KMSInvalidStateException
		usage       *types.InvalidKeyUsageException
		unavailable *types.KeyUnavailableException
		dependency  *types.DependencyTimeoutException
		internal    *types.KMSInternalException
		api         smithy.APIError
		response    *awshttp.ResponseError
	)
	switch {
	case errors.As(err, &ciphertext), errors.As(err, &otherKey):
		return notSealed(awsService)
	case errors.As(err, &disabled):
		return refused(awsService, "has disabled the key; enable it")
	case errors.As(err, &missing):
		return refused(awsService, "has no such key in this account and region")
	case errors.As(err, &state):
		return refused(awsService, "says that the key is in no state to be used; is it to be deleted?")
	case errors.As(err, &usage):
		return refused(awsService, "says that the key is not for this; use a symmetric key for encrypting and decrypting")
	case errors.As(err, &unavailable), errors.As(err, &dependency), errors.As(err, &internal):
		return unreachable(awsService, "fails by itself or by what it leans on")
	case errors.As(err, &api):
		if throttled(api.ErrorCode()) {
			return unreachable(awsService, "answers that there are too many requests")
		}
	}
	if errors.As(err, &response) {
		if known := ofStatus(awsService, response.HTTPStatusCode()); known != nil {
			return known
		}
		if response.HTTPStatusCode() >= 400 {
			return refused(awsService, "denies it (status %d); the role needs kms:Encrypt and kms:Decrypt on the key, and credentials that are valid", response.HTTPStatusCode())
		}
	}
	if strings.Contains(err.Error(), "get identity") { // the SDK has no type for it
		const text = "cannot be asked: there are no credentials for it; set them as for any program of AWS, or run with a role"
		var network net.Error
		if errors.As(err, &network) {
			return unreachable(awsService, text)
		}
		return refused(awsService, text)
	}
	return ofTransport(ctx, awsService, err)
}

func throttled(code string) bool {
	_, known := retry.DefaultThrottleErrorCodes[code]
	return known
}
