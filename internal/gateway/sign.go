package gateway

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strconv"

	"github.com/lockage/lockage/internal/secret"
	"github.com/lockage/lockage/internal/snapshot"
)

// signed is what of a call a signature can be over, as it goes upstream.
type signed struct {
	method, path, query, host string
	bodyHash                  string // SHA-256, in lower-case hex
}

// noBody is the hash of a body without a byte.
var noBody = hex.EncodeToString(sha256.New().Sum(nil))

// sign renders the headers that hold a signature, now that everything they are over is known.
func (d *Decision) sign(over signed, h http.Header) *Refusal {
	d.signed = over
	if d.signed.bodyHash == "" {
		d.signed.bodyHash = noBody
	}
	for i := range d.Plan.Headers {
		f := &d.Plan.Headers[i]
		if !f.Template.Signs() {
			continue
		}
		from := len(d.plain.b)
		if r := d.header(f); r != nil {
			return r
		}
		d.headers[i] = span{from, len(d.plain.b)}
		h[f.Name] = []string{string(d.Header(i))}
	}
	return nil
}

// signature appends HMAC-SHA-256 (RFC 2104) of the parts of the call that the template names.
func (d *Decision) signature(to *buffer, p *snapshot.Part) *Refusal {
	key := &d.work[0]
	defer key.reset()
	if r := d.raw(key, &snapshot.Part{Kind: secret.SecretName, Value: p.Value}); r != nil {
		return r
	}
	over := &d.work[1] // an injected value may stand in the query
	defer over.reset()
	for i, part := range p.Sign.Parts {
		if i > 0 {
			over.addString(p.Sign.Separator)
		}
		over.addString(d.signs(part))
	}
	mac := hmac.New(sha256.New, key.b)
	_, _ = mac.Write(over.b) // a hash takes everything
	var sum [sha256.Size]byte
	mac.Sum(sum[:0])
	if len(p.Filters) > 0 {
		to.grow(base64.StdEncoding.EncodedLen(len(sum)))
		to.b = base64.StdEncoding.AppendEncode(to.b, sum[:])
		return nil
	}
	to.grow(hex.EncodedLen(len(sum)))
	to.b = hex.AppendEncode(to.b, sum[:])
	return nil
}

func (d *Decision) signs(p secret.SignPart) string {
	switch p.Kind {
	case secret.SignMethod:
		return d.signed.method
	case secret.SignPath:
		return d.signed.path
	case secret.SignQuery:
		return d.signed.query
	case secret.SignHost:
		return d.signed.host
	case secret.SignTimestamp:
		return strconv.FormatInt(d.Time.Unix(), 10)
	case secret.SignRequestID:
		return d.RequestID
	case secret.SignBodyHash:
		return d.signed.bodyHash
	default:
		return p.Text
	}
}
