package variable_test

import (
	"strings"
	"testing"

	"github.com/lockage/lockage/internal/variable"
)

func TestCheckKey(t *testing.T) {
	for key, ok := range map[string]bool{
		"region": true, "API-HOST_2": true, strings.Repeat("k", 128): true,
		"": false, "a b": false, "a.b": false, "ключ": false, "a\n": false, strings.Repeat("k", 129): false,
	} {
		if err := variable.CheckKey(key); (err == nil) != ok {
			t.Errorf("%.20q: got %v, want it taken: %v", key, err, ok)
		}
	}
}

func TestCheckValue(t *testing.T) {
	for value, says := range map[string]string{
		"eu-west-1": "", "two\nlines\tand a tab": "", "grüße": "", strings.Repeat("v", 8<<10): "",
		"":                           "must not be empty",
		strings.Repeat("v", 8<<10+1): "8 KiB",
		"a\xffb":                     "UTF-8",
		"a\rb":                       "control characters",
		"a\x00b":                     "control characters",
	} {
		err := variable.CheckValue("values.production", value)
		if says == "" && err != nil || says != "" && (err == nil || !strings.Contains(err.Error(), says)) {
			t.Errorf("%.20q: got %v, want %q", value, err, says)
		}
		if err != nil && value != "" && strings.Contains(err.Error(), value) {
			t.Errorf("%.20q: the refusal repeats the value: %v", value, err)
		}
	}
}
