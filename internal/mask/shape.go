package mask

import (
	"bytes"
	"encoding/binary"
	"strconv"
	"unicode"
	"unicode/utf8"
)

// class is a Class in the size that a passage over a document wants.
type class uint8

const (
	none class = iota
	email
	phone
	person
	address
	card
	text
)

var classOf = map[Class]class{Email: email, Phone: phone, Name: person, Address: address, Card: card, FreeText: text}

const (
	bullet = "•"
	hidden = "••••"
)

// letters are those of tags. They are consonants, so that a tag is no word; and no digits, so that nobody takes the end of
// a masked number for the end of the number.
const letters = "bcdfghjkmnpqrstvwxyz"

const (
	tagLetters  = 3  // of a tag: 8,000 of them
	fewDigits   = 7  // shorter numbers have no tag: somebody could try all of them
	mostWords   = 12 // that a mask shows
	mostDigits  = 40 // more are no number
	longestZone = 4  // the end of a domain that is shown: .com, .info
)

// tag is what tells values apart: three letters of HMAC-SHA-256 over the class and the value's normal form.
func (r *run) tag(c class, normal []byte) [tagLetters]byte {
	n := r.number(c, normal)
	var t [tagLetters]byte
	for i := range t {
		t[i] = letters[n%uint64(len(letters))]
		n /= uint64(len(letters))
	}
	return t
}

func (r *run) number(c class, normal []byte) uint64 {
	r.mac.Reset()
	r.sum[0] = byte(c)
	r.mac.Write(r.sum[:1])
	r.mac.Write(normal)
	return binary.BigEndian.Uint64(r.mac.Sum(r.sum[:0]))
}

// domainOf is the class under which an e-mail's domain alone is marked, so that people of one company are seen to be.
const domainOf = email | 0x80

// email masks an address: a••••@e••••.com, with three letters for the whole and one for the domain.
func (r *run) email(dst, local, domain []byte) []byte {
	r.lower = appendLower(r.lower[:0], local)
	at := len(r.lower)
	r.lower = append(r.lower, '@')
	r.lower = appendLower(r.lower, domain)
	whole, part := r.tag(email, r.lower), r.tag(domainOf, r.lower[at+1:])
	dst = append(dst, whole[:]...)
	dst = append(dst, hidden+"@"...)
	dst = append(dst, part[0])
	dst = append(dst, hidden...)
	if dot := bytes.LastIndexByte(r.lower, '.'); dot > at {
		dst = append(dst, '.')
		if zone := r.lower[dot+1:]; len(zone) >= 2 && len(zone) <= longestZone && only(zone, 'a', 'z') {
			return append(dst, zone...)
		}
		dst = append(dst, hidden...)
	}
	return dst
}

// digits masks a number of a phone, a card or an account: a bullet for each digit or letter, a tag for the last three.
func (r *run) digits(dst []byte, c class, s []byte) []byte {
	r.lower = r.lower[:0]
	total := 0
	for _, x := range string(s) {
		if unicode.IsLetter(x) || unicode.IsDigit(x) {
			total++
			r.lower = utf8.AppendRune(r.lower, unicode.ToLower(x))
		}
	}
	if total > mostDigits || total == 0 {
		return r.words(dst, c, s)
	}
	tag, at := [tagLetters]byte{}, total
	if total >= fewDigits {
		tag, at = r.tag(c, r.lower), total-tagLetters
	}
	n := 0
	for _, x := range string(s) {
		switch {
		case unicode.IsLetter(x) || unicode.IsDigit(x):
			if n++; n > at {
				dst = append(dst, tag[n-at-1])
				continue
			}
			dst = append(dst, bullet...)
		case x == '+' || x == '-' || x == '(' || x == ')' || x == '.' || x == '/' || unicode.IsSpace(x):
			dst = utf8.AppendRune(dst, x)
		default:
			dst = append(dst, bullet...)
		}
	}
	return dst
}

// words masks a name, an address or a text: four bullets for each word, a tag before the first.
func (r *run) words(dst []byte, c class, s []byte) []byte {
	r.lower = appendLower(r.lower[:0], bytes.TrimSpace(s))
	characters := utf8.RuneCount(r.lower)
	tag := []byte{}
	if characters >= tagLetters {
		t := r.tag(c, r.lower)
		tag = t[:]
	}
	words, inside := 0, false
	for _, x := range string(s) {
		if separates(x) {
			dst = utf8.AppendRune(dst, x)
			inside = false
			continue
		}
		if inside {
			continue
		}
		inside = true
		if words++; words > mostWords {
			dst = append(dst, "… [about "...)
			dst = strconv.AppendInt(dst, int64(characters+9)/10*10, 10)
			return append(dst, " characters]"...)
		}
		if words == 1 && len(tag) > 0 {
			if unicode.IsUpper(x) {
				tag[0] -= 'a' - 'A'
			}
			dst = append(dst, tag...)
		}
		dst = append(dst, hidden...)
	}
	return dst
}

// separates says what stands between words and is shown. More than spaces and commas would tell of the text.
func separates(x rune) bool { return x == ' ' || x == ',' || x == '\n' || x == '\r' || x == '\t' }

// numeral masks a JSON number: as many digits, a nine and zeros, the last three drawn where there are enough.
func (r *run) numeral(dst []byte, c class, s []byte) []byte {
	if exponent := bytes.IndexAny(s, "eE"); exponent >= 0 {
		s = s[:exponent]
	}
	r.lower = r.lower[:0]
	for _, x := range s {
		if x >= '0' && x <= '9' {
			r.lower = append(r.lower, x)
		}
	}
	total, drawn := len(r.lower), uint64(0)
	if total >= fewDigits {
		drawn = r.number(c, r.lower)
	}
	n := 0
	for _, x := range s {
		if x < '0' || x > '9' {
			dst = append(dst, x) // a sign or the point
			continue
		}
		n++
		switch {
		case total >= fewDigits && n > total-tagLetters:
			dst = append(dst, '0'+byte(drawn%10))
			drawn /= 10
		case n == 1 && total > 1:
			dst = append(dst, '9')
		default:
			dst = append(dst, '0')
		}
	}
	return dst
}

// apply masks a whole value of a class. What is another thing by its pattern is masked as that, so that it is known again
// wherever it stands.
func (r *run) apply(dst []byte, c class, s []byte) []byte {
	trimmed := bytes.TrimSpace(s)
	if len(trimmed) == 0 {
		return append(dst, s...)
	}
	found := whole(trimmed)
	if found == none {
		found = c
	}
	switch found {
	case email:
		if at, width := at(trimmed); at > 0 && whole(trimmed) == email {
			return r.email(dst, trimmed[:at], trimmed[at+width:])
		}
		return r.words(dst, email, s)
	case phone, card:
		return r.digits(dst, found, s)
	default:
		return r.words(dst, found, s)
	}
}

func appendLower(dst, s []byte) []byte {
	for i := 0; i < len(s); {
		if c := s[i]; c < utf8.RuneSelf {
			if c >= 'A' && c <= 'Z' {
				c += 'a' - 'A'
			}
			dst = append(dst, c)
			i++
			continue
		}
		x, size := utf8.DecodeRune(s[i:])
		dst = utf8.AppendRune(dst, unicode.ToLower(x))
		i += size
	}
	return dst
}

// only says whether every byte is from one to the other.
func only(s []byte, from, to byte) bool {
	for _, c := range s {
		if c < from || c > to {
			return false
		}
	}
	return true
}
