package gateway

import (
	"bufio"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"io"
	"net/http"
	"net/textproto"
	"strings"
)

const (
	// maxRatio is how many times as large a body may become when it is decoded; text rarely gets a tenth of it. It counts
	// from freeDecoded bytes on.
	maxRatio    = 256
	freeDecoded = 16 << 20
)

var errInflated = errors.New("the upstream's answer becomes far too large when it is decoded")

// decode is an answer's body without its content coding, and whether it had one; nil for a coding that cannot be taken
// off. Upstreams are asked for none, but some use one all the same.
func decode(answer *http.Response, h http.Header) (_ io.Reader, decoded bool) {
	coding := strings.ToLower(textproto.TrimString(strings.Join(h["Content-Encoding"], ",")))
	switch coding {
	case "", "identity":
		return answer.Body, false
	case "gzip", "x-gzip", "deflate":
		if answer.StatusCode == http.StatusPartialContent {
			return nil, false // a part cannot be decoded
		}
		return &decoder{coded: bufio.NewReader(answer.Body), deflate: coding == "deflate"}, true
	default:
		return nil, false
	}
}

// decoder decodes a body. It begins with the first Read, for before that the head of the answer is sent.
type decoder struct {
	coded   *bufio.Reader
	deflate bool
	in, out int64
	plain   io.Reader
}

// Read reads on. It reads what stands behind the coded text away, so that trailers are there at the end.
func (d *decoder) Read(p []byte) (n int, err error) {
	if d.plain == nil {
		if d.plain, err = d.open(); err != nil {
			return 0, err
		}
	}
	n, err = d.plain.Read(p)
	d.out += int64(n)
	if d.out > freeDecoded && d.out/maxRatio > d.in {
		return n, errInflated
	}
	if err == io.EOF { //nolint:errorlint // as io.Reader says
		const rest = 4 << 10
		_, _ = io.CopyN(io.Discard, d.coded, rest)
	}
	return n, err
}

func (d *decoder) open() (io.Reader, error) {
	counted := &countedReader{from: d.coded, count: &d.in}
	if !d.deflate {
		return gzip.NewReader(counted)
	}
	// zlib's form is meant by the name, and some send what is inside it
	head, err := d.coded.Peek(2)
	switch {
	case len(head) == 0:
		return nil, err
	case len(head) == 2 && head[0]&0x0F == 8 && (int(head[0])<<8|int(head[1]))%31 == 0:
		return zlib.NewReader(counted)
	default:
		return flate.NewReader(counted), nil
	}
}

// countedReader counts. It reads byte by byte for the decoders, which else would read too much.
type countedReader struct {
	from  *bufio.Reader
	count *int64
}

func (c *countedReader) Read(p []byte) (int, error) {
	n, err := c.from.Read(p)
	*c.count += int64(n)
	return n, err
}

func (c *countedReader) ReadByte() (byte, error) {
	b, err := c.from.ReadByte()
	if err == nil {
		*c.count++
	}
	return b, err
}
