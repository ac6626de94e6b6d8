package mask_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/mask"
)

func masker(b byte, rules mask.Rules) *mask.Masker {
	return mask.New(bytes.Repeat([]byte{b}, 32), rules)
}

// The masks are written out: a change of one is a change of what people compare by eye.
func TestJSON(t *testing.T) {
	m := masker(0, mask.Rules{})
	for name, tt := range map[string]struct{ in, want string }{
		"an e-mail":             {`{"email":"ada@example.com"}`, `{"email":"mtd••••@v••••.com"}`},
		"in capitals":           {`{"email":"Ada@Example.COM"}`, `{"email":"mtd••••@v••••.com"}`},
		"by its pattern":        {`{"id":"ada@example.com"}`, `{"id":"mtd••••@v••••.com"}`},
		"in a text":             {`["to ada@example.com, now"]`, `["to mtd••••@v••••.com, now"]`},
		"with its name":         {`["Ada Lovelace <ada@example.com>"]`, `["Rtg•••• •••• <mtd••••@v••••.com>"]`},
		"with its name, quoted": {`["\"Ada Lovelace\" <ada@example.com>"]`, `["\"Rtg•••• ••••\" <mtd••••@v••••.com>"]`},
		"as a name of a field":  {`{"ada@example.com":1}`, `{"mtd••••@v••••.com":1}`},
		"escaped":               {`["\u0061da\u0040example.com"]`, `["mtd••••@v••••.com"]`},
		"beside a lone half":    {`["\ud83d ada\u0040example.com"]`, `["` + "\ufffd" + ` mtd••••@v••••.com"]`},
		"in a URL":              {`["https://x.io/?a=1&email=ada%40example.com#f"]`, `["https://x.io/?a=1&email=mtd••••@v••••.com#f"]`},
		"in a document in it":   {`{"raw":"{\"first_name\":\"Ada\"}"}`, `{"raw":"{\"first_name\":\"Ymw••••\"}"}`},
		"no dot, no address":    {`["root@localhost","pkg@1.2.3","@ada","a@"]`, `["root@localhost","pkg@1.2.3","@ada","a@"]`},
		"a phone":               {`{"phone":"+49 170 1234567"}`, `{"phone":"+•• ••• ••••ddx"}`},
		"a phone as a number":   {`{"phone":491701234567}`, `{"phone":900000000248}`},
		"a short one":           {`{"phone":"1234"}`, `{"phone":"••••"}`},
		"phones in a text":      {`["+491701234567, (030) 1234567, 0170/1234567, 555-123-4567."]`, `["+•••••••••ddx, (•••) ••••znp, ••••/••••sqp, •••-•••-•zwb."]`},
		"no phones": {
			`["2026-11-29T12:30:01Z","01.02.2026 10:15","1764383127000","10.0.0.1","01a1fc04-7e82-7000-8000-000000000001","v1.22.333","0.123456789","#12345678","ord_0301234567"]`,
			`["2026-11-29T12:30:01Z","01.02.2026 10:15","1764383127000","10.0.0.1","01a1fc04-7e82-7000-8000-000000000001","v1.22.333","0.123456789","#12345678","ord_0301234567"]`,
		},
		"a card":               {`{"x":"4242 4242 4242 4242"}`, `{"x":"•••• •••• •••• •fvp"}`},
		"a card as a number":   {`{"x":4242424242424242}`, `{"x":9000000000000303}`},
		"no card":              {`{"x":4242424242424241,"y":"1234567812345670","z":"4242 4242 4242 4241"}`, `{"x":4242424242424241,"y":"1234567812345670","z":"4242 4242 4242 4241"}`},
		"its code":             {`{"card":{"cvc":"123","brand":"visa","exp_month":12}}`, `{"card":{"cvc":"•••","brand":"visa","exp_month":90}}`},
		"an IBAN":              {`["pay DE89 3704 0044 0532 0130 00."]`, `["pay •••• •••• •••• •••• •••t bq."]`},
		"an address":           {`{"shipping_address":{"line1":"Invalidenstr. 117","zip":10115,"country":"DE","id":"adr_1"}}`, `{"shipping_address":{"line1":"Rns•••• ••••","zip":90000,"country":"DE","id":"adr_1"}}`},
		"a name":               {`{"customer":{"name":"Ada Lovelace"}}`, `{"customer":{"name":"Rtg•••• ••••"}}`},
		"names of things":      {`{"product":{"name":"Widget"},"items":[{"name":"Widget","price":{"name":"p"}}],"file_name":"a.txt"}`, `{"product":{"name":"Widget"},"items":[{"name":"Widget","price":{"name":"p"}}],"file_name":"a.txt"}`},
		"names of people":      {`{"customerName":"Ada","USER_NAME":"ada","billing-first-name":"Ada"}`, `{"customerName":"Ymw••••","USER_NAME":"ymw••••","billing-first-name":"Ymw••••"}`},
		"in other scripts":     {`{"имя":"Ада","名前":"山田 太郎","الاسم":"آدا لوفلايس"}`, `{"имя":"Gxt••••","名前":"xzt•••• ••••","الاسم":"fsq•••• ••••"}`},
		"free text":            {`{"message":"Hello Ada, it is late"}`, `{"message":"Zkk•••• ••••, •••• •••• ••••"}`},
		"a long one":           {`{"note":"` + strings.Repeat("so ", 40) + `on"}`, `{"note":"yfz•••• •••• •••• •••• •••• •••• •••• •••• •••• •••• •••• •••• … [about 130 characters]"}`},
		"lists":                {`{"emails":["ada@example.com","x"],"notes":[["a b c"]]}`, `{"emails":["mtd••••@v••••.com","••••"],"notes":[["rtw•••• •••• ••••"]]}`},
		"what is no text":      {`{"email":null,"phone":true,"name":false,"note":{},"address":[]}`, `{"email":null,"phone":true,"name":false,"note":{},"address":[]}`},
		"empty":                {`{"email":"","name":" "}`, `{"email":"","name":" "}`},
		"odd numbers":          {`{"phone":-12.5e3,"zip":1E400,"address":[0,-0.0]}`, `{"phone":-90.0,"zip":0,"address":[0,-9.0]}`},
		"spaces are kept":      {"{\n  \"email\" : \"ada@example.com\" ,\r\n\t\"a\":[ 1 , 2 ] }\n", "{\n  \"email\" : \"mtd••••@v••••.com\" ,\r\n\t\"a\":[ 1 , 2 ] }\n"},
		"a name twice":         {`{"email":"ada@example.com","email":"ada@example.com"}`, `{"email":"mtd••••@v••••.com","email":"mtd••••@v••••.com"}`},
		"several":              {"{\"first_name\":\"Ada\"}\n{\"first_name\":\"Ada\"}", "{\"first_name\":\"Ymw••••\"}\n{\"first_name\":\"Ymw••••\"}"},
		"a text alone":         {`"ada@example.com"`, `"mtd••••@v••••.com"`},
		"broken":               {`{"first_name":"Ada", oops ada@example.com`, `{"first_name":"Ymw••••", oops mtd••••@v••••.com`},
		"broken by a bracket":  {`{"first_name":"Ada"] ada@example.com`, `{"first_name":"Ymw••••"] mtd••••@v••••.com`},
		"cut in a text":        {`{"a":"x","first_name":"Ada Lo`, `{"a":"x","first_name":"Dzn•••• ••••"`},
		"cut in an address":    {`{"id":"ada@exam`, `{"id":"qpc••••"`},
		"cut in an escape":     {`{"id":"ada\`, `{"id":"kbv••••"`},
		"no JSON":              {`Call ada@example.com`, `Call mtd••••@v••••.com`},
		"quotes in what stays": {`["say \"hi\"\n to ada@example.com\\"]`, `["say \"hi\"\n to mtd••••@v••••.com\\"]`},
		"percent twice":        {`["/u/ada%40example.com","/u/%2B491701234567"]`, `["/u/mtd••••@v••••.com","/u/%2B•••••••••ddx"]`},
	} {
		if diff := cmp.Diff(tt.want, string(m.JSON([]byte(tt.in)))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestPaths(t *testing.T) {
	m := masker(0, mask.Rules{})
	for in, want := range map[string]string{
		"/v1/users/ada@example.com/orders/4711": "/v1/users/mtd••••@v••••.com/orders/4711",
		"/v1/users/ada%40example.com":           "/v1/users/mtd••••@v••••.com",
		"/v1/users/ada%2540example.com":         "/v1/users/mtd••••@v••••.com",
		"/v1/users/ada%252540example.com/x":     "/v1/users/mtd••••@v••••.com/x",
		"/contacts/+491701234567":               "/contacts/+•••••••••ddx",
		"/contacts/%2B491701234567":             "/contacts/+•••••••••ddx",
		"/contacts/01701234567":                 "/contacts/••••••••sqp",
		"/cards/4242424242424242":               "/cards/•••••••••••••fvp",
		"/by-phone/4711/x":                      "/by-phone/••••/x",
		"/by-name/Ada%20Lovelace":               "/by-name/Rtg••••%20••••",
		"/first_name/Ada":                       "/first_name/Ymw••••",
		"/v3/mail/send":                         "/v3/mail/send",
		"/v1/messages/4711":                     "/v1/messages/4711",
		"/v1/charges/ch_3Nabc":                  "/v1/charges/ch_3Nabc",
		"/2026/11/29/%zz%":                      "/2026/11/29/%zz%",
		"/a;email=ada%40example.com":            "/a;email=mtd••••@v••••.com",
		"":                                      "",
		"/":                                     "/",
	} {
		if got := m.Path(in); got != want {
			t.Errorf("%s: got %s, want %s", in, got, want)
		}
	}
}

func TestQueries(t *testing.T) {
	m := masker(0, mask.Rules{})
	for in, want := range map[string]string{
		"email=ada%40example.com&page=2":          "email=mtd••••@v••••.com&page=2",
		"q=ada%40example.com":                     "q=mtd••••@v••••.com",
		"q=ada%2540example.com":                   "q=mtd••••@v••••.com",
		"name=Ada+Lovelace&x=%zz":                 "name=Rtg••••+••••&x=%zz",
		"customer%5Bfirst_name%5D=Ada":            "customer%5Bfirst_name%5D=Ymw••••",
		"customer.phone=%2B49+170+1234567":        "customer.phone=%2B••+•••+••••ddx",
		"ada%40example.com=1&a&=b":                "mtd••••@v••••.com=1&a&=b",
		"next=%2Fp%3Femail%3Dada%2540example.io":  "next=/p?email%3Dzdd••••@z••••.io",
		"filter=%7B%22first_name%22:%22Ada%22%7D": `filter={"first_name":"Ymw••••"}`,
		"": "",
	} {
		if got := m.Query(in); got != want {
			t.Errorf("%s: got %s, want %s", in, got, want)
		}
	}
}

func TestFieldsByName(t *testing.T) {
	m := masker(0, mask.Rules{})
	for _, tt := range []struct{ name, in, want string }{
		{"X-Customer-Email", "ada@example.com", "mtd••••@v••••.com"},
		{"From", "Ada Lovelace <ada@example.com>", "Rtg•••• •••• <mtd••••@v••••.com>"},
		{"Referer", "https://x.io/?first_name=Ada", "https://x.io/?first_name=Ymw••••"},
		{"X-Forwarded-For", "203.0.113.9", "nyh••••"},
		{"Content-Type", "application/json; charset=utf-8", "application/json; charset=utf-8"},
		{"Date", "Sun, 29 Nov 2026 02:25:27 GMT", "Sun, 29 Nov 2026 02:25:27 GMT"},
		{"Traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"},
		{"User-Agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36"},
		{"Etag", `"33a64df551425fcc55e4d42a148795d9f25f89d4"`, `"33a64df551425fcc55e4d42a148795d9f25f89d4"`},
		{"useremail", "x", "••••"},
		{"address_line_2", "c/o Bob", "vnw•••• ••••"},
		{"status", "ok", "ok"},
		{"", "ada@example.com", "mtd••••@v••••.com"},
		{strings.Repeat("long", 50) + "_email", "hello", "hello"},
	} {
		if got := m.Field(tt.name, tt.in); got != tt.want {
			t.Errorf("%s: %s: got %s, want %s", tt.name, tt.in, got, tt.want)
		}
	}
	if got, want := m.Text("ask ada@example.com"), "ask mtd••••@v••••.com"; got != want {
		t.Errorf("text: got %s, want %s", got, want)
	}
}

func TestBodies(t *testing.T) {
	m := masker(0, mask.Rules{})
	form := func(parts ...string) string {
		return "--XX\r\n" + strings.Join(parts, "\r\n--XX\r\n") + "\r\n--XX--\r\n"
	}
	for name, tt := range map[string]struct {
		kind, in string
		cut      bool
		want     string
	}{
		"JSON by another name":  {"application/vnd.api+json", `{"first_name":"Ada"}`, false, `{"first_name":"Ymw••••"}`},
		"JSON without a name":   {"", ` {"first_name":"Ada"}`, false, ` {"first_name":"Ymw••••"}`},
		"JSON called text":      {"text/plain", `[{"first_name":"Ada"}]`, false, `[{"first_name":"Ymw••••"}]`},
		"JSON, cut":             {"application/json", `{"id":"ada@ex`, true, `{"id":"myj••••"`},
		"JSON, cut in a letter": {"application/json", "{\"first_name\":\"Ad\xc3", true, `{"first_name":"••••"`},
		"a form":                {"application/x-www-form-urlencoded", "first_name=Ada&a=1", false, "first_name=Ymw••••&a=1"},
		"a form, cut":           {"application/x-www-form-urlencoded", "a=1&q=ada%40ex", true, "a=1&q=••••"},
		"a form, cut at once":   {"application/x-www-form-urlencoded", "ada", true, "••••"},
		"a text":                {"text/plain; charset=utf-8", "Dear Ada,\nask ada@example.com", false, "Dear Ada,\nask mtd••••@v••••.com"},
		"a text, cut":           {"text/plain", "ask ada@exam", true, "ask ••••"},
		"a text, all one word":  {"text/plain", "ada", true, "••••"},
		"events":                {"text/event-stream", "event: x\ndata: {\"first_name\":\"Ada\"}\n\ndata: ada@example.com\n", false, "event: x\ndata: {\"first_name\":\"Ymw••••\"}\n\ndata: mtd••••@v••••.com\n"},
		"XML": {
			"application/xml", `<?xml version="1.0"?><a><s:Customer name="Ada Lovelace" id='3'><FirstName>Ada</FirstName><e>ada@example.com</e><n><![CDATA[to ada@example.com]]></n><br/></s:Customer><!-- ada@example.com --><product><name>A &amp; B</name></product></a>`,
			false,
			`<?xml version="1.0"?><a><s:Customer name="Rtg•••• ••••" id='3'><FirstName>Ymw••••</FirstName><e>mtd••••@v••••.com</e><n><![CDATA[to mtd••••@v••••.com]]></n><br/></s:Customer><!-- mtd••••@v••••.com --><product><name>A &amp; B</name></product></a>`,
		},
		"XML, cut": {"text/xml", `<a><FirstName>Ada</FirstName><x y="ada@example.com`, true, `<a><FirstName>Ymw••••</FirstName><x y="mtd••••@v••••.com`},
		"parts": {
			"multipart/form-data; boundary=XX",
			form("Content-Disposition: form-data; name=\"first_name\"\r\n\r\nAda",
				"Content-Disposition: form-data; name=\"q\"\r\n\r\nada@example.com",
				"Content-Disposition: form-data; name=\"f\"; filename=\"ada.pdf\"\r\nContent-Type: application/pdf\r\n\r\n%PDF Ada",
				"Content-Disposition: form-data; name=\"j\"\r\nContent-Type: application/json\r\n\r\n{\"first_name\":\"Ada\"}"),
			false,
			form("Content-Disposition: form-data; name=\"first_name\"\r\n\r\nYmw••••",
				"Content-Disposition: form-data; name=\"q\"\r\n\r\nmtd••••@v••••.com",
				"Content-Disposition: form-data; name=\"f\"; filename=\"••••\"\r\nContent-Type: application/pdf\r\n\r\n[8 bytes that are not shown]",
				"Content-Disposition: form-data; name=\"j\"\r\nContent-Type: application/json\r\n\r\n{\"first_name\":\"Ymw••••\"}"),
		},
		"parts, cut": {"multipart/form-data; boundary=XX", "--XX\r\nContent-Disposition: form-data; name=\"q\"\r\n\r\nto ada@ex", true, "--XX\r\nContent-Disposition: form-data; name=\"q\"\r\n\r\nto ••••"},
		"nothing":    {"application/json", "", false, ""},
	} {
		got, shown := m.Body(tt.kind, []byte(tt.in), tt.cut)
		if diff := cmp.Diff(tt.want, string(got)); diff != "" || !shown {
			t.Errorf("%s: shown %v (-want +got):\n%s", name, shown, diff)
		}
	}
	for _, in := range []string{"\x00ada", "\xff\xfeada", "\x89PNG\r\n\x1a\n", "ada\x1b[0m"} {
		if got, shown := m.Body("application/octet-stream", []byte(in), false); shown || len(got) > 0 {
			t.Errorf("%q: got %q, %v, want nothing shown", in, got, shown)
		}
	}
}

// Under one key equal values are seen to be equal wherever they stand; under another nothing is known again.
func TestMasksOfTwoEnvironmentsAreUnrelated(t *testing.T) {
	one, again, other := masker(1, mask.Rules{}), masker(1, mask.Rules{}), masker(2, mask.Rules{})
	same := 0
	for i := range 300 {
		address := fmt.Sprintf("customer%d@example.com", i)
		a := one.Text(address)
		if b := again.Field("email", address); a != b {
			t.Fatalf("%s: got %s and %s under one key, want the same", address, a, b)
		}
		if b := one.Path("/users/" + address); b != "/users/"+a {
			t.Fatalf("in a path: got %s, want %s", b, a)
		}
		if a == other.Text(address) {
			same++
		}
	}
	if same > 1 { // of 300, with 160,000 masks
		t.Errorf("%d of 300 masks are the same under another key", same)
	}
}

func TestMasksTellValuesApart(t *testing.T) {
	m := masker(3, mask.Rules{})
	seen := map[string]int{}
	for i := range 300 {
		seen[m.Text(fmt.Sprintf("customer%d@example.com", i))]++
	}
	if len(seen) < 285 { // 8,000 tags: about 5 to 6 pairs are expected
		t.Errorf("300 addresses have %d masks, want nearly as many", len(seen))
	}
}

func TestDepth(t *testing.T) {
	m := masker(0, mask.Rules{Fields: []mask.Field{{Path: "$..ref", Class: mask.Name}}, Keep: []string{"$.*.*.*.id"}})
	const depth = 10_000
	for _, open := range []string{`[`, `{"a":`} {
		shut := map[string]string{`[`: `]`, `{"a":`: `}`}[open]
		got := string(m.JSON([]byte(strings.Repeat(open, depth) + `{"first_name":"Ada"}` + strings.Repeat(shut, depth))))
		want := strings.Repeat(open, depth) + `{"first_name":"Ymw••••"}` + strings.Repeat(shut, depth)
		if got != want {
			t.Errorf("%d times %s: got %d bytes, want %d with the name masked", depth, open, len(got), len(want))
		}
		m.JSON([]byte(strings.Repeat(open, depth))) // cut off
	}
	nested := `{"first_name":"Ada"}`
	for range 5 {
		nested = `{"x":` + string(quoted(nested)) + `}`
	}
	if got := string(m.JSON([]byte(nested))); len(got) != len(nested) {
		t.Errorf("too deep in texts: got %s, want it as it was", got)
	}
	xml := strings.Repeat("<a>", depth) + "ada@example.com"
	if got, _ := m.Body("text/xml", []byte(xml), false); bytes.Contains(got, []byte("ada@")) {
		t.Error("XML, deep: the address is still there")
	}
}
