package kek_test

import (
	"bytes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/lockage/lockage/internal/kek"
	"github.com/lockage/lockage/internal/secret"
)

const (
	awsARN   = "arn:aws:kms:eu-central-1:111122223333:"
	awsOne   = awsARN + "key/11111111-1111-1111-1111-111111111111"
	awsTwo   = awsARN + "key/22222222-2222-2222-2222-222222222222"
	awsAlias = awsARN + "alias/lockage"
)

// awsKMS is AWS KMS in one region, as far as symmetric keys are used.
type awsKMS struct {
	t       *testing.T
	mu      sync.Mutex
	keys    map[string]cipher.AEAD // by ARN
	aliases map[string]string
	failure string // what every call answers; "": it is done
	status  int
}

func newAWS(t *testing.T) (*standin, *awsKMS) {
	t.Helper()
	a := &awsKMS{t: t, keys: map[string]cipher.AEAD{awsOne: newAEAD(), awsTwo: newAEAD()}, aliases: map[string]string{awsAlias: awsOne}}
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "canary-of-aws", "AWS_EC2_METADATA_DISABLED": "true",
		"AWS_CONFIG_FILE": "/nowhere", "AWS_SHARED_CREDENTIALS_FILE": "/nowhere", "AWS_PROFILE": "", "AWS_REGION": "us-east-1",
	} {
		t.Setenv(name, value)
	}
	return newStandin(t, a, "kms.eu-central-1.amazonaws.com", "kms.internal.example.com"), a
}

func awsProvider(t *testing.T) provider {
	s, a := newAWS(t)
	return provider{
		urls: [2]string{"aws-kms:" + awsOne, "aws-kms:" + awsTwo}, options: s.options(), prefix: "aws-kms:arn:", standin: s,
		deny: func() { a.answers(http.StatusBadRequest, "AccessDeniedException") }, secrets: []string{"canary-of-aws"},
	}
}

func (a *awsKMS) answers(status int, failure string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.status, a.failure = status, failure
}

var sigV4 = regexp.MustCompile(`^AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/\d{8}/eu-central-1/kms/aws4_request, SignedHeaders=[a-z0-9;-]*x-amz-target[a-z0-9;-]*, Signature=[0-9a-f]{64}$`)

func (a *awsKMS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	refuse := func(status int, kind string) {
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(map[string]string{"__type": kind, "message": "canary"})
	}
	var in struct {
		KeyId             string //nolint:revive // as AWS spells it
		Plaintext         []byte
		CiphertextBlob    []byte
		EncryptionContext map[string]string
	}
	switch {
	case r.Method != http.MethodPost || r.URL.Path != "/" || r.Header.Get("Content-Type") != "application/x-amz-json-1.1":
		a.t.Errorf("got %s %s of %s, want JSON 1.1", r.Method, r.URL, r.Header.Get("Content-Type"))
		refuse(http.StatusNotFound, "UnknownOperationException")
		return
	case !sigV4.MatchString(r.Header.Get("Authorization")) || r.Header.Get("X-Amz-Date") == "":
		a.t.Errorf("got the signature %q", r.Header.Get("Authorization"))
		refuse(http.StatusBadRequest, "MissingAuthenticationTokenException")
		return
	case json.NewDecoder(r.Body).Decode(&in) != nil:
		refuse(http.StatusBadRequest, "SerializationException")
		return
	case a.failure != "":
		refuse(a.status, a.failure)
		return
	}
	if arn, ok := a.aliases[in.KeyId]; ok {
		in.KeyId = arn
	}
	key := a.keys[in.KeyId]
	if key == nil {
		refuse(http.StatusBadRequest, "NotFoundException")
		return
	}
	out := map[string]any{"KeyId": in.KeyId, "EncryptionAlgorithm": "SYMMETRIC_DEFAULT"}
	switch r.Header.Get("X-Amz-Target") {
	case "TrentService.Encrypt":
		nonce := make([]byte, 12)
		_, _ = rand.Read(nonce)
		sealed := key.Seal(nonce, nonce, in.Plaintext, contextBytes(in.EncryptionContext))
		out["CiphertextBlob"] = slices.Concat([]byte(in.KeyId), []byte{0}, sealed)
	case "TrentService.Decrypt":
		arn, sealed, ok := bytes.Cut(in.CiphertextBlob, []byte{0})
		if !ok || a.keys[string(arn)] == nil || len(sealed) < 12 {
			refuse(http.StatusBadRequest, "InvalidCiphertextException")
			return
		}
		if string(arn) != in.KeyId {
			refuse(http.StatusBadRequest, "IncorrectKeyException")
			return
		}
		plain, err := key.Open(nil, sealed[:12], sealed[12:], contextBytes(in.EncryptionContext))
		if err != nil {
			refuse(http.StatusBadRequest, "InvalidCiphertextException")
			return
		}
		out["Plaintext"] = plain
	default:
		refuse(http.StatusNotFound, "UnknownOperationException")
		return
	}
	_ = json.NewEncoder(w).Encode(out)
}

func contextBytes(c map[string]string) []byte {
	var b []byte
	for _, name := range slices.Sorted(maps.Keys(c)) {
		b = append(b, name+"="+c[name]+"\n"...)
	}
	return b
}

// An alias may name another key tomorrow: what is held, and named by the id, is the key it names today.
func TestAWSAlias(t *testing.T) {
	s, a := newAWS(t)
	k, err := kek.Open(t.Context(), "aws-kms:"+awsAlias, s.options())
	if err != nil {
		t.Fatal(err)
	}
	if k.ID() != "aws-kms:"+awsOne {
		t.Errorf("got the id %q, want the key's", k.ID())
	}
	a.mu.Lock()
	a.aliases[awsAlias] = awsTwo
	a.mu.Unlock()
	key := dataKey()
	wrapped := wrap(t, k, key, "place")
	direct, err := kek.Open(t.Context(), "aws-kms:"+awsOne, s.options())
	if err != nil {
		t.Fatal(err)
	}
	if got, err := direct.Unwrap(t.Context(), wrapped, []byte("place")); err != nil || !bytes.Equal(got, key) {
		t.Errorf("wrapped after the alias was moved: got an equal key %v, %v", bytes.Equal(got, key), err)
	}
	moved, err := kek.Open(t.Context(), "aws-kms:"+awsAlias, s.options())
	if err != nil || moved.ID() != "aws-kms:"+awsTwo {
		t.Errorf("opened again: got %v, %v; want the other key", moved, err)
	}
	s.then("500")
	if _, err := kek.Open(t.Context(), "aws-kms:"+awsAlias, s.options()); !errors.Is(err, kek.ErrUnreachable) {
		t.Errorf("an alias that cannot be asked for: got %v, want ErrUnreachable", err)
	}
}

func TestAWSRefusals(t *testing.T) {
	s, a := newAWS(t)
	k, err := kek.Open(t.Context(), "aws-kms:"+awsOne, s.options())
	if err != nil {
		t.Fatal(err)
	}
	wrapped := wrap(t, k, dataKey(), "place")
	for failure, tt := range map[string]struct {
		status int
		want   error
		says   string
	}{
		"ThrottlingException":         {400, kek.ErrUnreachable, "too many requests"},
		"KMSInternalException":        {500, kek.ErrUnreachable, "fails"},
		"DependencyTimeoutException":  {503, kek.ErrUnreachable, "fails"},
		"KeyUnavailableException":     {500, kek.ErrUnreachable, "fails"},
		"DisabledException":           {400, kek.ErrRefused, "disabled the key"},
		"NotFoundException":           {400, kek.ErrRefused, "no such key"},
		"KMSInvalidStateException":    {400, kek.ErrRefused, "to be deleted"},
		"InvalidKeyUsageException":    {400, kek.ErrRefused, "symmetric"},
		"AccessDeniedException":       {400, kek.ErrRefused, "kms:Decrypt"},
		"ExpiredTokenException":       {400, kek.ErrRefused, "credentials that are valid"},
		"UnrecognizedClientException": {400, kek.ErrRefused, "credentials that are valid"},
		"InvalidCiphertextException":  {400, secret.ErrSeal, ""},
		"IncorrectKeyException":       {400, secret.ErrSeal, ""},
		"CanaryException":             {418, kek.ErrRefused, "status 418"},
	} {
		a.answers(tt.status, failure)
		_, err := k.Unwrap(t.Context(), wrapped, []byte("place"))
		if !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.says) || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: got %v, want %v that says %q", failure, err, tt.want, tt.says)
		}
	}
}

// An endpoint of one's own is asked instead; none is asked without TLS, not even one that the environment names.
func TestAWSEndpoint(t *testing.T) {
	s, _ := newAWS(t)
	k, err := kek.Open(t.Context(), "aws-kms:"+awsOne+"?endpoint=https%3A%2F%2Fkms.internal.example.com", s.options())
	if err != nil {
		t.Fatal(err)
	}
	if err := kek.Prove(t.Context(), k); err != nil || k.ID() != "aws-kms:"+awsOne {
		t.Errorf("got the id %q, %v; want that of the key", k.ID(), err)
	}
	t.Setenv("AWS_ENDPOINT_URL_KMS", "http://kms.internal.example.com")
	if k, err = kek.Open(t.Context(), "aws-kms:"+awsOne, s.options()); err != nil {
		t.Fatal(err)
	}
	s.then("")
	if err := kek.Prove(t.Context(), k); !errors.Is(err, kek.ErrUnreachable) || !strings.Contains(err.Error(), "without TLS") || s.count() != 0 {
		t.Errorf("without TLS: got %v and %d calls, want a refusal and none", err, s.count())
	}
}

func TestAWSWithoutCredentials(t *testing.T) {
	s, _ := newAWS(t)
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "")
	k, err := kek.Open(t.Context(), "aws-kms:"+awsOne, s.options())
	if err != nil {
		t.Fatal(err)
	}
	if err := kek.Prove(t.Context(), k); !errors.Is(err, kek.ErrRefused) || !strings.Contains(err.Error(), "no credentials") {
		t.Errorf("got %v, want ErrRefused that says so", err)
	}
}

// What KMS gets and logs of a place is a hash.
func TestAWSEncryptionContextTellsNothing(t *testing.T) {
	s, _ := newAWS(t)
	var seen string
	inner := s.Config.Handler
	s.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body bytes.Buffer
		_, _ = body.ReadFrom(r.Body)
		seen = body.String()
		r.Body = http.NoBody
		inner.ServeHTTP(w, r)
	})
	k, err := kek.Open(t.Context(), "aws-kms:"+awsOne, s.options())
	if err != nil {
		t.Fatal(err)
	}
	_, _ = k.Wrap(t.Context(), dataKey(), []byte("the account and the secret"))
	want := `"EncryptionContext":{"lockage":"` + base64.StdEncoding.EncodeToString(kek.Place([]byte("the account and the secret"))) + `"}`
	if !strings.Contains(seen, want) || strings.Contains(seen, "account") {
		t.Errorf("got %s, want %s in it", seen, want)
	}
}

func TestAWSURLs(t *testing.T) {
	for _, url := range []string{
		awsOne, awsAlias, "arn:aws-cn:kms:cn-north-1:111122223333:key/mrk-1234", awsOne + "?endpoint=https://vpce-1.kms.eu-central-1.vpce.amazonaws.com", awsOne + "?endpoint=http://127.0.0.1:4566",
	} {
		if err := kek.Check("aws-kms:" + url); err != nil {
			t.Errorf("%s: %v", url, err)
		}
	}
	for _, url := range []string{
		"canary", "arn:aws:s3:::canary", awsARN + "key/../canary", awsOne + "?canary=1", awsOne + "?endpoint=http://canary.example.com", awsOne + "?endpoint=https://u:canary@example.com",
		awsOne + "?endpoint=https://kms.example.com&canary=1", awsOne + "?endpoint=%zzcanary",
	} {
		if err := kek.Check("aws-kms:" + url); err == nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: got %v, want a refusal that repeats nothing", url, err)
		}
	}
}
