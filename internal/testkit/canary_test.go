package testkit_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/lockage/lockage/internal/testkit"
)

func TestCanariesAreFound(t *testing.T) {
	const value = "cAn4ry/with \"quotes\"+and&<=ümläuts\nAnd_a_second_line"
	var c testkit.Canaries
	c.Add("the canary", value)
	c.Add("another", "another value, which is nowhere here")
	if c.Len() != 2 {
		t.Errorf("got %d values, want 2", c.Len())
	}
	quoted, err := json.Marshal(map[string]string{"value": "x" + value})
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{
		"as it is": "before" + value + "behind", "a half": value[:len(value)/2+1], "the other half": value[len(value)-30:], "JSON": string(quoted),
		"hex": hex.EncodeToString([]byte("x" + value)), "HEX": strings.ToUpper(hex.EncodeToString([]byte(value))), "bytes": fmt.Sprint([]byte("x" + value)),
		"%q": fmt.Sprintf("%q", value), "%+q": fmt.Sprintf("%+q", value), "query": url.Values{"a": {value}}.Encode(), "path": url.PathEscape(value),
	}
	for at, before := range []string{"", "u", "u:", "us:"} {
		texts[fmt.Sprint("base64 at ", at)] = base64.StdEncoding.EncodeToString([]byte(before + value + "behind"))
		texts[fmt.Sprint("base64url at ", at)] = base64.RawURLEncoding.EncodeToString([]byte(before + value))
	}
	for what, text := range texts {
		found := c.Find([]byte(text))
		if len(found) == 0 || !strings.HasPrefix(found[0], "the canary (") {
			t.Errorf("%s: got %v, want it to be found", what, found)
		}
		if strings.Contains(strings.Join(found, ""), "cAn4ry") {
			t.Errorf("%s: the canary is repeated: %v", what, found)
		}
	}
	for what, text := range map[string]string{"nothing": "", "short": "cAn4ry", "something else": strings.Repeat("cAn4ry/with 'quotes' ", 100)} {
		if found := c.Find([]byte(text)); len(found) > 0 {
			t.Errorf("%s: got %v, want nothing", what, found)
		}
	}
}
