package control_test

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/environment"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/mask"
	"github.com/lockage/lockage/internal/route"
)

// customers are what must not be seen, of whom and of what; each is long enough that no random id has it by chance.
var customers = []string{"ada@", "ada%40", "Ada Lovelace", "Lovelace", "170 1234567", "Invaliden", `"10115"`, "42424242", "walks with a stick"}

// customerCall is a call full of a customer's data.
func (x *fixture) customerCall(n int, environmentID string) route.Call {
	const body = `{"id":"ch_1","customer":{"email":"ada@example.com","name":"Ada Lovelace","phone":"+49 170 1234567","ref":"K-4711"},` +
		`"address":{"line1":"Invalidenstr. 117","zip":"10115","country":"DE"},"note":"walks with a stick","number":"4242424242424242"}`
	c := x.contentCall(n, environmentID)
	c.Path = "/charges/v1/customers/ada%40example.com"
	c.Content = &route.Content{
		Query: "email=ada%40example.com&page=2",
		RequestHeaders: []route.HeaderField{
			{Name: "X-Customer-Email", Value: "ada@example.com"}, {Name: "Content-Type", Value: "application/json"},
		},
		ResponseHeaders: []route.HeaderField{{Name: "Location", Value: "/customers/ada@example.com"}},
		RequestBody:     route.Body{Bytes: []byte(body), Size: int64(len(body)), Type: "application/json"},
		ResponseBody:    route.Body{Bytes: []byte("no mail to ada@example.com, nor to ada@ex"), Size: 100, Truncated: true, Type: "text/plain"},
	}
	return c
}

// wantNoCustomer looks for customers' data in anything.
func wantNoCustomer(t *testing.T, what string, v any) {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	text := string(b)
	if d, ok := v.(control.CallDetail); ok && d.Content != nil {
		text += string(d.Content.RequestBody.Bytes) + string(d.Content.ResponseBody.Bytes)
	}
	for _, secret := range customers {
		if strings.Contains(strings.ToLower(text), strings.ToLower(secret)) {
			t.Errorf("%s tells %q: %s", what, secret, text)
		}
	}
}

func (x *fixture) show(t *testing.T, environmentRef string, obfuscate, contents bool) {
	t.Helper()
	f := environment.Fields{ObfuscateCustomerData: &obfuscate, ShowMessageContents: &contents}
	if _, err := x.UpdateEnvironment(t.Context(), x.owner, environmentRef, f); err != nil {
		t.Fatal(err)
	}
}

func (x *fixture) call(t *testing.T, who access.Principal, id string) control.CallDetail {
	t.Helper()
	d, err := x.GetCall(t.Context(), who, id)
	if err != nil {
		t.Fatalf("get call as %s: %v", who.Name, err)
	}
	return d
}

func TestDefaultsOfObfuscation(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		x.createEnvironment(t, "staging")
		got := map[string][2]bool{}
		list, err := x.ListEnvironments(t.Context(), x.viewer)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range list {
			got[e.Name] = [2]bool{e.ObfuscateCustomerData, e.ShowMessageContents}
		}
		want := map[string][2]bool{"development": {false, true}, "staging": {false, true}, "production": {true, false}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("obfuscate, show (-want +got):\n%s", diff)
		}
		for _, who := range []access.Principal{x.developer, x.support, x.viewer} {
			_, err := x.UpdateEnvironment(t.Context(), who, "production", environment.Fields{ObfuscateCustomerData: ptr(false)})
			wantFault(t, "switched off as "+who.Name, err, fault.Forbidden, "")
		}
	})
}

// Every role sees the same masks: they are the environment's, not a person's.
func TestPeopleSeeMasks(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		in, below := x.customerCall(1, x.production), x.customerCall(2, x.development)
		x.record(t, in, below)
		for _, who := range []access.Principal{x.owner, x.admin, x.developer, x.support, x.viewer} {
			list, _, err := x.ListCalls(t.Context(), who, control.CallFilter{Environment: "production"})
			if err != nil || len(list) != 1 || !regexp.MustCompile(`^/charges/v1/customers/[a-z]{3}••••@[a-z]••••\.com$`).MatchString(list[0].Path) {
				t.Fatalf("list as %s: got %+v and %v, want the path with a mask", who.Name, list, err)
			}
			wantNoCustomer(t, "the list", list)
			d := x.call(t, who, in.ID)
			if !d.ContentsHidden || d.Content != nil || !d.Obfuscated || d.Path != list[0].Path {
				t.Errorf("as %s: got %+v, want a mask and no content", who.Name, d)
			}
			wantNoCustomer(t, "the record", d)
			if d := x.call(t, who, below.ID); d.Path != below.Path || !cmp.Equal(d.Content, below.Content) || d.Obfuscated || d.ContentsHidden || d.Revealable {
				t.Errorf("below, as %s: got %+v, want all of it", who.Name, d)
			}
		}
		x.show(t, "production", true, true)
		d := x.call(t, x.support, in.ID)
		wantNoCustomer(t, "the content", d)
		if d.ContentsHidden || d.Content == nil || !d.Obfuscated {
			t.Fatalf("with contents: got %+v, want them masked", d)
		}
		tag := strings.TrimPrefix(d.Path, "/charges/v1/customers/")
		for what, ok := range map[string]bool{
			"one mask in the query":           d.Content.Query == "email="+tag+"&page=2",
			"one mask in the request's head":  d.Content.RequestHeaders[0].Value == tag,
			"one mask in the response's head": d.Content.ResponseHeaders[0].Value == "/customers/"+tag,
			"one mask in the body":            strings.Contains(string(d.Content.RequestBody.Bytes), `"email":"`+tag+`"`),
			"what is left of an address gone": string(d.Content.ResponseBody.Bytes) == "no mail to "+tag+", nor to ••••",
			"what is nobody's data stays":     strings.Contains(string(d.Content.RequestBody.Bytes), `"id":"ch_1"`) && strings.Contains(string(d.Content.RequestBody.Bytes), `"country":"DE"`),
			"the structure stays":             json.Valid(d.Content.RequestBody.Bytes),
		} {
			if !ok {
				t.Errorf("%s: not so in %+v, %s", what, d.Content, d.Content.RequestBody.Bytes)
			}
		}
		x.show(t, "development", true, true)
		other := strings.TrimPrefix(x.call(t, x.support, below.ID).Path, "/charges/v1/customers/")
		if other == tag || !strings.HasSuffix(other, "••••.com") {
			t.Errorf("below: got the mask %s, want another than %s", other, tag)
		}
		if got := strings.TrimPrefix(x.call(t, x.owner, in.ID).Path, "/charges/v1/customers/"); got != tag {
			t.Errorf("later: got %s, want %s again", got, tag)
		}
		x.show(t, "development", false, false)
		if d := x.call(t, x.owner, below.ID); d.Path != below.Path || d.Content != nil || !d.ContentsHidden || !d.Revealable {
			t.Errorf("only contents hidden: got %+v", d)
		}
	})
}

func TestTheAccountsOwnFields(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		in := x.customerCall(1, x.production)
		x.record(t, in)
		x.show(t, "production", true, true)
		body := func() string { return string(x.call(t, x.viewer, in.ID).Content.RequestBody.Bytes) }
		if !strings.Contains(body(), `"ref":"K-4711"`) || strings.Contains(body(), "Ada") {
			t.Fatalf("without a list: got %s", body())
		}
		a, err := x.UpdateAccount(t.Context(), x.admin, control.AccountFields{
			ObfuscationFields: &[]mask.Field{{Path: "$.customer.ref", Class: mask.FreeText}}, ObfuscationKeep: &[]string{"$.customer.name"},
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := body(); strings.Contains(got, "4711") || !strings.Contains(got, `"name":"Ada Lovelace"`) || strings.Contains(got, "ada@") {
			t.Errorf("with a list: got %s", got)
		}
		// one list is replaced, the other stays; nothing leaves both
		kept, err := x.UpdateAccount(t.Context(), x.admin, control.AccountFields{ObfuscationKeep: &[]string{}})
		if err != nil || len(kept.Obfuscation.Keep) != 0 || !cmp.Equal(kept.Obfuscation.Fields, a.Obfuscation.Fields) {
			t.Errorf("keep emptied: got %+v and %v", kept, err)
		}
		if got := body(); strings.Contains(got, "4711") || strings.Contains(got, "Ada") {
			t.Errorf("with nothing kept: got %s", got)
		}
		if _, err = x.UpdateAccount(t.Context(), x.admin, control.AccountFields{CommitMessageRequired: ptr(false)}); err != nil {
			t.Fatal(err)
		}
		if got, err := x.GetAccount(t.Context(), x.viewer); err != nil || !cmp.Equal(got.Obfuscation, kept.Obfuscation) {
			t.Errorf("got %+v and %v, want the lists as they were", got, err)
		}
		_, err = x.UpdateAccount(t.Context(), x.owner, control.AccountFields{ObfuscationKeep: &[]string{"order"}})
		wantFault(t, "a path that is none", err, fault.Invalid, "obfuscation.keep[0]: must begin with $, like $.customer.ref")
		_, err = x.UpdateAccount(t.Context(), x.developer, control.AccountFields{ObfuscationKeep: &[]string{"$.order"}})
		wantFault(t, "as a developer", err, fault.Forbidden, "")
	})
}

// A path that was too long to be recorded whole, a body that cannot be read, and an odd path.
func TestWhatCannotBeReadIsNotShown(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		long, odd := x.customerCall(1, x.production), x.customerCall(2, x.production)
		long.Path = "/" + strings.Repeat("a", route.MaxRecordedPath-8) + "/ada@ex"
		long.Content.RequestBody.Bytes = []byte("\x00\x01ada@example.com")
		odd.Path = "/%zz/%/ada%2540example.com"
		odd.Content.RequestBody = route.Body{Bytes: []byte(`{"email":"ada@example.com","name":"Ada Lov`), Truncated: true, Type: "application/json"}
		x.record(t, long, odd)
		x.show(t, "production", true, true)
		d := x.call(t, x.owner, long.ID)
		if b := d.Content.RequestBody; len(d.Content.RequestBody.Bytes) > 0 || b.Omitted != route.OmittedMasked || !strings.HasSuffix(d.Path, "a/••••") {
			t.Errorf("got %s and %+v, want the end and the body left out", d.Path, b)
		}
		wantNoCustomer(t, "an odd one", x.call(t, x.owner, odd.ID))
	})
}
