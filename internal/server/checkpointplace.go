package server

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/lockage/lockage/internal/control"
)

// placeOf is the file or URL of a setting. Whom a URL's certificate must be of: roots, nil for the system's.
func placeOf(setting string, roots *x509.CertPool) (place, error) {
	if !strings.Contains(setting, "://") {
		return fileOf(setting)
	}
	u, err := url.Parse(setting)
	if err != nil {
		return nil, errors.New("audit-checkpoint: is not a URL")
	}
	transport := &http.Transport{
		Proxy: http.ProxyFromEnvironment, TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots},
		TLSHandshakeTimeout: checkpointLimit, ForceAttemptHTTP2: true, MaxResponseHeaderBytes: 64 << 10, DisableKeepAlives: true,
	}
	return &postPlace{url: u, client: &http.Client{
		Transport: transport, Timeout: checkpointLimit,
		// what is signed goes where the operator said, and a redirect is no receipt
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// filePlace appends checkpoints to a file, a blank line between two. It is opened each time, so that it can be moved away.
type filePlace struct{ path string }

// fileOf refuses at the start a file that cannot be written.
func fileOf(path string) (place, error) {
	f, err := openAppend(path)
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("audit-checkpoint: %w", err)
	}
	return &filePlace{path}, nil
}

func (p *filePlace) String() string { return p.path }

// openAppend opens a file for appending and reading. One that is made is there after a crash.
func openAppend(path string) (*os.File, error) {
	const flags = os.O_RDWR | os.O_APPEND | os.O_CREATE
	_, err := os.Stat(path)
	fresh := errors.Is(err, fs.ErrNotExist)
	f, err := os.OpenFile(path, flags, 0o600)
	if err != nil || !fresh {
		return f, err
	}
	folder, err := os.Open(filepath.Dir(path))
	if err == nil {
		err = errors.Join(folder.Sync(), folder.Close())
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// put appends in one write, so that checkpoints of several processes do not mix. What a crash left of the last one is
// ended first: the next must begin in a line of its own.
func (p *filePlace) put(_ context.Context, s control.SignedCheckpoint) error {
	f, err := openAppend(p.path)
	if err != nil {
		return err
	}
	before, err := ending(f)
	if err == nil {
		_, err = f.Write(append([]byte(before), s.Note...))
	}
	return errors.Join(err, f.Sync(), f.Close())
}

// ending is what goes between the end of a file and the next note.
func ending(f *os.File) (string, error) {
	info, err := f.Stat()
	if err != nil || info.Size() == 0 {
		return "", err
	}
	var last [1]byte
	if _, err := f.ReadAt(last[:], info.Size()-1); err != nil {
		return "", err
	}
	if last[0] != '\n' {
		return "\n\n", nil
	}
	return "\n", nil
}

// postPlace posts checkpoints to a URL.
type postPlace struct {
	url    *url.URL
	client *http.Client
}

// String leaves out what may be a credential: the user, the path and the query.
func (p *postPlace) String() string { return p.url.Scheme + "://" + p.url.Host }

func (p *postPlace) put(ctx context.Context, s control.SignedCheckpoint) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url.String(), bytes.NewReader(s.Note))
	if err != nil {
		return errors.New("the request cannot be made")
	}
	r.Header.Set("Content-Type", "text/plain; charset=utf-8")
	r.Header.Set("User-Agent", "lockage/"+Version)
	answer, err := p.client.Do(r)
	var told *url.Error
	if errors.As(err, &told) { // it repeats the URL
		err = told.Err
	}
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	_, _ = io.CopyN(io.Discard, answer.Body, 64<<10) // what it says beside the status is of no interest
	if answer.StatusCode < 200 || answer.StatusCode > 299 {
		return fmt.Errorf("the answer has the status %d", answer.StatusCode)
	}
	return nil
}
