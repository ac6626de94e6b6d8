package mask

import (
	"bytes"
	"unicode"
	"unicode/utf8"
)

// What a byte may begin.
const (
	nothing = iota
	anAt
	aPercent
	aPlus
	aParenthesis
	aDigit
	aCapital
)

var begins = func() (t [256]uint8) {
	t['@'], t['%'], t['+'], t['('] = anAt, aPercent, aPlus, aParenthesis
	for c := '0'; c <= '9'; c++ {
		t[c] = aDigit
	}
	for c := 'A'; c <= 'Z'; c++ {
		t[c] = aCapital
	}
	return t
}()

// patterns masks what it finds in a text, and says whether it found anything; else dst is as it was.
func (r *run) patterns(dst, s []byte) (out []byte, changed bool) {
	last := 0 // what comes before is in dst
	for i := 0; i < len(s); {
		from, to, found := i, 0, none
		switch begins[s[i]] {
		case nothing:
			i++
			continue
		case anAt:
			from, to = emailAround(s, last, i, 1)
			found = email
		case aPercent: // a text may be a part of a URL
			switch {
			case escape(s, i, '4', '0'):
				from, to = emailAround(s, last, i, 3)
				found = email
			case escape(s, i, '2', 'b') && begun(s, i):
				from = i + 3
				to, found = phoneAt(s, from, true)
			}
		case aPlus:
			if begun(s, i) {
				to, found = phoneAt(s, i+1, true)
			}
		case aParenthesis:
			to, found = phoneAt(s, i, false)
		case aDigit:
			if !begun(s, i) {
				for i++; i < len(s) && isDigit(s[i]); i++ { // the rest of it begins nothing
				}
				continue
			}
			if to, found = cardAt(s, i), card; to == 0 {
				to, found = phoneAt(s, i, false)
			}
		case aCapital:
			if begun(s, i) {
				to, found = ibanAt(s, i), card
			}
		}
		if to == 0 {
			i++
			continue
		}
		if found == email {
			from = r.called(&dst, s, last, from)
			at, width := at(s[from:to])
			dst = r.email(dst, s[from:from+at], s[from+at+width:to])
		} else {
			dst = append(dst, s[last:from]...)
			dst = r.digits(dst, found, s[from:to])
		}
		last, i = to, to
	}
	if last == 0 {
		return dst, false
	}
	return append(dst, s[last:]...), true
}

// called masks the name in front of an address in angle brackets. It appends all of s from last to where the address
// begins, and answers that place.
func (r *run) called(dst *[]byte, s []byte, last, from int) int {
	end := from - 1
	if end < last || s[end] != '<' {
		*dst = append(*dst, s[last:from]...)
		return from
	}
	begin, named := end, false
	for begin > last {
		x, size := utf8.DecodeLastRune(s[last:begin])
		switch {
		case unicode.IsLetter(x) || unicode.IsMark(x):
			named = true
		case x == ' ' || x == '.' || x == '\'' || x == '-' || x == '"' || x == '\\':
		default:
			size = 0
		}
		if size == 0 {
			break
		}
		begin -= size
	}
	if !named {
		*dst = append(*dst, s[last:from]...)
		return from
	}
	before := s[begin:end]
	front := bytes.TrimLeft(before, ` "\`)
	name := bytes.TrimRight(front, ` "\`)
	*dst = append(*dst, s[last:begin]...)
	*dst = append(*dst, before[:len(before)-len(front)]...)
	*dst = r.words(*dst, person, name)
	*dst = append(*dst, front[len(name):]...)
	*dst = append(*dst, '<')
	return from
}

// whole says what a text is, if all of it is one thing.
func whole(s []byte) class {
	if len(s) > 320 { // longer than any address
		return none
	}
	if at, width := at(s); at > 0 {
		if from, to := emailAround(s, 0, at, width); from == 0 && to == len(s) {
			return email
		}
		return none
	}
	if len(s) < fewDigits {
		return none
	}
	if to := cardAt(s, 0); to == len(s) {
		return card
	}
	if to := ibanAt(s, 0); to == len(s) {
		return card
	}
	begin, plus := 0, s[0] == '+'
	if plus {
		begin = 1
	}
	if to, found := phoneAt(s, begin, plus); to == len(s) {
		return found
	}
	return none
}

// at finds the first @, which in a URL may be escaped.
func at(s []byte) (at, width int) {
	for i, c := range s {
		if c == '@' {
			return i, 1
		}
		if c == '%' && escape(s, i, '4', '0') {
			return i, 3
		}
	}
	return -1, 0
}

func escape(s []byte, i int, high, low byte) bool {
	return i+2 < len(s) && s[i] == '%' && s[i+1] == high && s[i+2]|0x20 == low|0x20
}

// begun says whether something begins at i: no letter, digit or part of a longer name stands before it.
func begun(s []byte, i int) bool {
	if i == 0 {
		return true
	}
	switch c := s[i-1]; {
	case isDigit(c), c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '_', c == '-', c == '.', c == '/' && s[i] != '+' && s[i] != '%',
		c == '@', c == '#', c == '$', c == '%', c == '+':
		return false
	case c >= utf8.RuneSelf:
		x, _ := utf8.DecodeLastRune(s[:i])
		return !unicode.IsLetter(x) && !unicode.IsDigit(x)
	}
	return true
}

// ended says whether nothing goes on at i.
func ended(s []byte, i int) bool {
	if i >= len(s) {
		return true
	}
	c := s[i]
	if c >= utf8.RuneSelf {
		x, _ := utf8.DecodeRune(s[i:])
		return !unicode.IsLetter(x) && !unicode.IsDigit(x)
	}
	return !isDigit(c) && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && c != '_' && c != '@'
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// emailAround finds the address around an @ at i; to is 0 when there is none.
func emailAround(s []byte, low, i, width int) (from, to int) {
	from = i
	for from > low && (named(s[from-1]) || s[from-1] == '%' || s[from-1] == '+' || s[from-1] == '\'') && !endsBullet(s[:from]) {
		from--
	}
	for from < i && (s[from] == '.' || s[from] == '-' || s[from] == '%' || s[from] == '\'') {
		from++
	}
	to = i + width
	for to < len(s) && named(s[to]) && s[to] != '_' && !bytes.HasPrefix(s[to:], []byte(bullet)) {
		to++
	}
	for to > i+width && (s[to-1] == '.' || s[to-1] == '-') {
		to--
	}
	domain := s[i+width : to]
	dot := bytes.LastIndexByte(domain, '.')
	if from == i || dot <= 0 || isDigit(domain[dot+1]) { // pkg@1.2.3 is none
		return 0, 0
	}
	return from, to
}

// named says whether a byte may stand in both halves of an address.
func named(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || isDigit(c) || c == '.' || c == '-' || c == '_' || c >= utf8.RuneSelf
}

func endsBullet(s []byte) bool { return bytes.HasSuffix(s, []byte(bullet)) }

// groups reads digits in groups from i on, as people write numbers. It calls each after every group, with the end and
// the digits so far, and stops where each says so.
func groups(s []byte, i, most int, separator func(byte) bool, each func(end, digits, group int) bool) {
	digits := 0
	for i < len(s) {
		group := 0
		for i < len(s) && isDigit(s[i]) {
			group++
			digits++
			i++
		}
		if group == 0 || digits > most || !each(i, digits, group) {
			return
		}
		for n := 0; i < len(s) && separator(s[i]) && n < 3; n++ {
			i++
		}
	}
}

// cardAt finds the number of a payment card that begins at i, by its issuer's prefix, its length and its check digit.
func cardAt(s []byte, i int) (to int) {
	if i >= len(s) || !isDigit(s[i]) {
		return 0
	}
	separated := func(c byte) bool { return c == ' ' || c == '-' }
	groups(s, i, 19, separated, func(end, digits, _ int) bool {
		if digits >= 13 && ended(s, end) && luhn(s[i:end]) && issued(s[i:end], digits) {
			to = end
		}
		return true
	})
	return to
}

func issued(s []byte, digits int) bool {
	var d [4]int
	n := 0
	for _, c := range s {
		if isDigit(c) {
			if d[n] = int(c - '0'); n == 3 {
				break
			}
			n++
		}
	}
	two, four := d[0]*10+d[1], d[0]*1000+d[1]*100+d[2]*10+d[3]
	switch d[0] {
	case 4:
		return digits == 13 || digits == 16 || digits == 19
	case 5:
		return digits == 16 || (two == 50 || two >= 56) && digits >= 13
	case 2:
		return four >= 2200 && four <= 2720 && digits == 16
	case 3:
		return (two == 34 || two == 37) && digits == 15 || (two == 30 || two == 36 || two == 38 || two == 39) && digits == 14 || two == 35 && digits == 16
	case 6:
		return digits >= 16
	}
	return false
}

func luhn(s []byte) bool {
	sum, double := 0, false
	for i := len(s) - 1; i >= 0; i-- {
		if !isDigit(s[i]) {
			continue
		}
		d := int(s[i] - '0')
		if double {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
		double = !double
	}
	return sum%10 == 0
}

// ibanAt finds the number of a bank account that begins at i, by its form and its check digits.
func ibanAt(s []byte, i int) (to int) {
	if i+15 > len(s) || !isUpper(s[i]) || !isUpper(s[i+1]) || !isDigit(s[i+2]) || !isDigit(s[i+3]) {
		return 0
	}
	n := 0
	for j := i; j < len(s) && n <= 34; j++ {
		switch c := s[j]; {
		case isDigit(c) || isUpper(c):
			n++
			if n >= 15 && ended(s, j+1) && mod97(s[i:j+1]) {
				to = j + 1
			}
		case c == ' ' && j+1 < len(s) && (isDigit(s[j+1]) || isUpper(s[j+1])):
		default:
			return to
		}
	}
	return to
}

func isUpper(c byte) bool { return c >= 'A' && c <= 'Z' }

func mod97(s []byte) bool {
	rest := 0
	add := func(c byte) {
		switch {
		case isDigit(c):
			rest = (rest*10 + int(c-'0')) % 97
		case isUpper(c):
			rest = (rest*100 + int(c-'A') + 10) % 97
		}
	}
	for _, c := range s[4:] {
		add(c)
	}
	for _, c := range s[:4] {
		add(c)
	}
	return rest == 1
}

// phoneAt finds a telephone number whose digits begin at i: with a plus before them, with a zero, with an area code in
// parentheses, or in the North American groups. Other digits are numbers of other things.
func phoneAt(s []byte, i int, plus bool) (to int, c class) {
	parenthesis := i < len(s) && s[i] == '('
	if parenthesis {
		i++
	}
	if i >= len(s) || !isDigit(s[i]) {
		return 0, none
	}
	separated := func(c byte) bool { return c == ' ' || c == '-' || c == '(' || c == ')' || c == '/' || c == '.' }
	var sizes [8]int
	n := 0
	groups(s, i, 15, separated, func(end, digits, group int) bool {
		if n == len(sizes) {
			to = 0
			return false
		}
		sizes[n] = group
		n++
		if ended(s, end) && dialled(s[i:end], sizes[:n], digits, plus, parenthesis) {
			to = end
		}
		return true
	})
	if to == 0 {
		return 0, none
	}
	return to, phone
}

func dialled(s []byte, sizes []int, digits int, plus, parenthesis bool) bool {
	first, n := sizes[0], len(sizes)
	switch {
	case plus:
		return digits >= 8
	case parenthesis:
		return n > 1 && first >= 2 && first <= 6 && digits >= 7 && digits <= 13 && s[first] == ')'
	case s[0] == '0' && n == 1 && len(s) > 2 && s[1] == '0':
		return s[2] != '0' && digits >= 11
	case s[0] == '0' && n == 1:
		return len(s) > 1 && s[1] != '0' && digits >= 10 && digits <= 12
	case s[0] == '0':
		return (first >= 3 && first <= 6 || first == 2 && s[1] == '0') && digits >= 8
	case first == 1 && n == 4:
		return s[0] == '1' && sizes[1] == 3 && sizes[2] == 3 && sizes[3] == 4
	case n == 3:
		return s[0] >= '2' && first == 3 && sizes[1] == 3 && sizes[2] == 4
	}
	return false
}
