package route

import (
	"encoding/binary"
	"encoding/json"
	"errors"
)

// MaxRecordedPath is how many bytes of a path are recorded.
const MaxRecordedPath = 2048

// MaxRecorded is how many bytes of a body are recorded.
const MaxRecorded = 64 << 10

// Content is what is recorded of a call beside the Call, where its environment or its route asks for it. Credentials
// are cut out before a Content leaves the goroutine of its call; RecordedMark stands in their place.
type Content struct {
	Query           string        // as called, without the question mark
	RequestHeaders  []HeaderField // as the caller sent them
	ResponseHeaders []HeaderField // as the caller was answered
	RequestBody     Body          // as the caller sent it, before anything was injected
	ResponseBody    Body          // as the caller was answered: what the echo guard lets through
	Cut             int           // how many values were cut out
}

// RecordedMark stands where a value was cut out; the echo guard leaves the same.
const RecordedMark = "[redacted]"

// HeaderField is one header line.
type HeaderField struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Body is what is recorded of a body.
type Body struct {
	Bytes     []byte `json:"-"` // at most MaxRecorded, decoded from its Content-Encoding
	Size      int64  // as it went by, in bytes
	Truncated bool   // there was more than Bytes, or the rest never came
	Type      string // the Content-Type; "": none was sent
	Omitted   string // why there are no Bytes; "": there are all that are recorded
}

// Why nothing is kept of a body: where no credential could be found in it, it is not recorded.
const (
	OmittedBinary   = "binary"   // it is no text
	OmittedEncoding = "encoding" // its Content-Encoding is not one that is decoded here
	OmittedUpgraded = "upgraded" // the connection switched to another protocol
	OmittedMemory   = "memory"   // too much was waiting to be stored
	OmittedMasked   = "masked"   // it could not be read to mask what is in it; of what is shown, never of what is stored
)

// Marshal is the content as it is sealed:
//
//	the length of the head in 4 bytes, big-endian, and the head, which is JSON without the bodies' bytes;
//	the same for the bytes of the request's body; the bytes of the response's
func (c *Content) Marshal() ([]byte, error) {
	head, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	out := make([]byte, 0, 8+len(head)+len(c.RequestBody.Bytes)+len(c.ResponseBody.Bytes))
	for _, part := range [][]byte{head, c.RequestBody.Bytes} {
		out = binary.BigEndian.AppendUint32(out, uint32(len(part))) //nolint:gosec // far shorter
		out = append(out, part...)
	}
	return append(out, c.ResponseBody.Bytes...), nil
}

// UnmarshalContent reads what Marshal wrote.
func UnmarshalContent(b []byte) (*Content, error) {
	var parts [2][]byte
	for i := range parts {
		if len(b) < 4 {
			return nil, errContent
		}
		n := int64(binary.BigEndian.Uint32(b))
		if b = b[4:]; n > int64(len(b)) {
			return nil, errContent
		}
		parts[i], b = b[:n:n], b[n:]
	}
	c := new(Content)
	if err := json.Unmarshal(parts[0], c); err != nil {
		return nil, errContent // the decoder's own words could repeat a part
	}
	c.RequestBody.Bytes, c.ResponseBody.Bytes = parts[1], b
	return c, nil
}

var errContent = errors.New("what was recorded of a call is not in its form")
