package factor_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pquerna/otp"
	"pgregory.net/rapid"

	"github.com/lockage/lockage/internal/factor"
)

// The key and the codes of RFC 6238, appendix B, cut to six digits.
var rfcKey = []byte("12345678901234567890")

func TestCodesAreThoseOfTheRFC(t *testing.T) {
	for at, code := range map[int64]string{
		59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037", 20000000000: "353130",
	} {
		step, ok := factor.CheckCode(rfcKey, code, time.Unix(at, 0), 0)
		if !ok || step != at/30 {
			t.Errorf("at %d: got step %d and %t, want %d", at, step, ok, at/30)
		}
	}
}

func TestACodeIsTakenOneStepEarlyAndLate(t *testing.T) {
	const code, at = "081804", 1111111109
	for off, want := range map[int64]bool{-61: false, -60: false, -30: true, 0: true, 30: true, 60: false, 61: false} {
		if _, ok := factor.CheckCode(rfcKey, code, time.Unix(at/30*30+off, 0), 0); ok != want {
			t.Errorf("%d seconds off: got %t, want %t", off, ok, want)
		}
	}
}

func TestACodeCountsOnce(t *testing.T) {
	at := time.Unix(1111111109, 0)
	step, ok := factor.CheckCode(rfcKey, "081804", at, 0)
	if !ok {
		t.Fatal("the code is refused")
	}
	for _, again := range []string{"081804", " 081804", "081 804", "081\t804\n", "081-804", "081\u00a0804", "\u200b081804", "081\u2013804"} {
		if _, ok := factor.CheckCode(rfcKey, again, at, step); ok {
			t.Errorf("%q is taken a second time", again)
		}
		if _, ok := factor.CheckCode(rfcKey, again, at, step-1); !ok {
			t.Errorf("%q is refused the first time", again)
		}
	}
	if _, ok := factor.CheckCode(rfcKey, "081804", at, step+1); ok {
		t.Error("a step before the last one is taken")
	}
}

func TestWhatIsNoCodeIsRefused(t *testing.T) {
	at := time.Unix(1111111109, 0)
	for _, code := range []string{"", " ", "0", "81804", "0081804", "08180４", "+81804", "0x0804", "081804\x00", strings.Repeat(" ", 200) + "081804", strings.Repeat("0", 1<<20)} {
		if _, ok := factor.CheckCode(rfcKey, code, at, 0); ok {
			t.Errorf("%.20q is taken", code)
		}
	}
}

func TestTheURLSaysWhatAnAuthenticatorNeeds(t *testing.T) {
	k, err := otp.NewKeyFromURL(factor.KeyURL("Lockage", "owner+x@example.com", rfcKey))
	if err != nil {
		t.Fatal(err)
	}
	got := []any{k.Type(), k.Issuer(), k.AccountName(), k.Secret(), k.Period(), k.Digits(), k.Algorithm()}
	want := []any{"totp", "Lockage", "owner+x@example.com", factor.KeyText(rfcKey), uint64(30), otp.DigitsSix, otp.AlgorithmSHA1}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the key's URL (-want +got):\n%s", diff)
	}
}

func TestKeysDiffer(t *testing.T) {
	if a, b := factor.NewKey(), factor.NewKey(); len(a) != 20 || string(a) == string(b) {
		t.Errorf("got %d bytes, the same twice: %t", len(a), string(a) == string(b))
	}
}

func TestRecoveryCodesDifferAndAreReadAsTyped(t *testing.T) {
	seen := map[string]bool{}
	for range 50 {
		codes := factor.NewRecoveryCodes()
		if len(codes) != factor.RecoveryCodes {
			t.Fatalf("got %d codes, want %d", len(codes), factor.RecoveryCodes)
		}
		for _, code := range codes {
			n := factor.NormalRecovery(code)
			if seen[n] || n == "" || len(code) != 17 || factor.LooksLikeCode(code) {
				t.Errorf("%q: got the normal form %q, seen before: %t", code, n, seen[n])
			}
			seen[n] = true
			for _, typed := range []string{
				strings.ToUpper(code), " " + code + "\r\n", strings.ReplaceAll(code, "-", ""), strings.ReplaceAll(code, "-", " "),
				strings.ReplaceAll(code, "0", "O"), strings.ReplaceAll(code, "1", "l"), strings.ReplaceAll(code, "1", "I"),
			} {
				if got := factor.NormalRecovery(typed); got != n {
					t.Errorf("%q is read as %q, want %q", typed, got, n)
				}
			}
		}
	}
}

func TestWhatCannotBeARecoveryCodeHasNoForm(t *testing.T) {
	for _, typed := range []string{"", "081804", "abcde-abcde", strings.Repeat("a", 16), strings.Repeat("-", 15)} {
		if got := factor.NormalRecovery(typed); got != "" {
			t.Errorf("%q: got %q, want nothing", typed, got)
		}
	}
}

// Nothing that people type makes a panic, and the normal form is its own normal form.
func TestTheNormalFormIsOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		typed := rapid.String().Draw(t, "typed")
		n := factor.NormalRecovery(typed)
		if n != "" && factor.NormalRecovery(n) != n {
			t.Fatalf("%q: %q is read as %q", typed, n, factor.NormalRecovery(n))
		}
		factor.CheckCode(rfcKey, typed, time.Unix(1111111109, 0), 0)
	})
}

func TestNamesOfFactors(t *testing.T) {
	for name, want := range map[string]bool{
		"phone": true, "YubiKey 5": true, "Schlüssel": true, strings.Repeat("ü", 64): true,
		"": false, " phone": false, "phone ": false, "a\nb": false, "\u202ephone": false, strings.Repeat("a", 65): false,
	} {
		if err := factor.CheckName(name); (err == nil) != want {
			t.Errorf("%q: got %v, want it taken: %t", name, err, want)
		}
	}
}
