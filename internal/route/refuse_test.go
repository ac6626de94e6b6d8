package route_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/route"
)

// refusals are members of a body, with the fields that are refused. Where the value matters, it has what slipped.
var refusals = map[string]struct {
	members string
	want    []string
}{
	"unknown field":           {`"target": "sk_live_slipped"`, []string{"target"}},
	"unknown, long":           {`"` + strings.Repeat("x", 65) + `sk_live_slipped": 1`, []string{"?"}},
	"unknown, unprintable":    {`"sk_live_slipped\u0000": 1`, []string{"?"}},
	"unknown, empty":          {`"": 1`, []string{"?"}},
	"capitals":                {`"Name": "sk_live_slipped"`, []string{"Name"}},
	"name type":               {`"name": ["sk_live_slipped"]`, []string{"name"}},
	"empty name":              {`"name": ""`, []string{"name"}},
	"long name":               {`"name": "sk_live_slipped` + strings.Repeat("n", 255) + `"`, []string{"name"}},
	"control in name":         {`"name": "sk_live_slipped\n"`, []string{"name"}},
	"description type":        {`"description": 5`, []string{"description"}},
	"long description":        {`"description": "` + strings.Repeat("d", 1001) + `"`, []string{"description"}},
	"control in description":  {`"description": "sk_live_slipped\u001b"`, []string{"description"}},
	"public type":             {`"public": "sk_live_slipped"`, []string{"public"}},
	"public number":           {`"public": 1`, []string{"public"}},
	"active environment":      {`"active_environment": "sk_live_slipped"`, []string{"active_environment"}},
	"active environment type": {`"active_environment": 1`, []string{"active_environment"}},
	"active environment form": {`"active_environment": "production "`, []string{"active_environment"}},
	"methods type":            {`"methods": "sk_live_slipped"`, []string{"methods"}},
	"no methods":              {`"methods": []`, []string{"methods"}},
	"unknown methods":         {`"methods": ["GET", "sk_live_slipped", "TRACE", "CONNECT", 5, null]`, []string{"methods[1]", "methods[2]", "methods[3]", "methods[4]", "methods[5]"}},
	"method twice":            {`"methods": ["GET", "get"]`, []string{"methods[1]"}},
	"rate limit type":         {`"rate_limit": "sk_live_slipped"`, []string{"rate_limit"}},
	"empty rate limit":        {`"rate_limit": {}`, []string{"rate_limit.requests", "rate_limit.window"}},
	"rate limit null members": {`"rate_limit": {"requests": null, "window": null}`, []string{"rate_limit.requests", "rate_limit.window"}},
	"rate limit too low":      {`"rate_limit": {"requests": 0, "window": "999ms", "burst": -1}`, []string{"rate_limit.requests", "rate_limit.window", "rate_limit.burst"}},
	"rate limit too high":     {`"rate_limit": {"requests": 1000001, "window": "24h1s", "burst": 1000001}`, []string{"rate_limit.requests", "rate_limit.window", "rate_limit.burst"}},
	"rate limit not whole":    {`"rate_limit": {"requests": 1.5, "window": 60, "burst": "5"}`, []string{"rate_limit.requests", "rate_limit.window", "rate_limit.burst"}},
	"rate limit unknown":      {`"rate_limit": {"requests": 1, "window": "1s", "per": "sk_live_slipped"}`, []string{"rate_limit.per"}},
	"window form":             {`"rate_limit": {"requests": 1, "window": "sk_live_slipped"}`, []string{"rate_limit.window"}},
	"timeout form":            {`"timeout": "sk_live_slipped"`, []string{"timeout"}},
	"timeout type":            {`"timeout": 30`, []string{"timeout"}},
	"timeout too short":       {`"timeout": "999us"`, []string{"timeout"}},
	"timeout too long":        {`"timeout": "10m1ms"`, []string{"timeout"}},
	"timeout negative":        {`"timeout": "-1s"`, []string{"timeout"}},
	"headers type":            {`"inject_headers": ["sk_live_slipped"]`, []string{"inject_headers"}},
	"header type":             {`"inject_headers": {"A": {"b": "sk_live_slipped"}}`, []string{"inject_headers.A"}},
	"header null in the base": {`"inject_headers": {"b": null, "a": null}`, []string{"inject_headers.A", "inject_headers.B"}},
	"header twice":            {`"inject_headers": {"x-a": "1", "X-A": "2"}`, []string{"inject_headers.X-A"}},
	"header value injection":  {`"inject_headers": {"A": "sk_live_slipped\r\nB: c"}`, []string{"inject_headers.A"}},
	"header value control":    {`"inject_headers": {"A": "{{environment}}\u007f"}`, []string{"inject_headers.A"}},
	"header value too long":   {`"inject_headers": {"A": "` + strings.Repeat("a", 8193) + `"}`, []string{"inject_headers.A"}},
	"query type":              {`"inject_query": "sk_live_slipped"`, []string{"inject_query"}},
	"query value type":        {`"inject_query": {"a": 1}`, []string{"inject_query.a"}},
	"query null in the base":  {`"inject_query": {"a": null}`, []string{"inject_query.a"}},
	"query name empty":        {`"inject_query": {"": "1"}`, []string{"inject_query"}},
	"query name long":         {`"inject_query": {"` + strings.Repeat("q", 257) + `": "1"}`, []string{"inject_query"}},
	"query name control":      {`"inject_query": {"sk_live_slipped\n": "1"}`, []string{"inject_query"}},
	"query name placeholder":  {`"inject_query": {"{{secret:a}}": "1"}`, []string{"inject_query"}},
	"query template":          {`"inject_query": {"a": "{{sk_live_slipped}}"}`, []string{"inject_query.a"}},
	"body type":               {`"inject_body": ["sk_live_slipped"]`, []string{"inject_body"}},
	"body template":           {`"inject_body": {"a": [{"b": "{{secret:sk live_slipped"}]}`, []string{"inject_body.a[0].b"}},
	"body name placeholder":   {`"inject_body": {"a": {"{{route}}": 1}}`, []string{"inject_body.a"}},
	"body numbers":            {`"inject_body": {"a": 9007199254740993, "b": 1e400, "c": 1e-400, "d": 1e99999999999999999999, "e": 0.1000000000000000055}`, []string{"inject_body.a", "inject_body.b", "inject_body.c", "inject_body.d", "inject_body.e"}},
	"body too long":           {`"inject_body": {"a": "` + strings.Repeat("a", 64<<10) + `"}`, []string{"inject_body"}},
	"body far too long":       {`"inject_body": {"a": "` + strings.Repeat("a", 1<<20) + `"}`, []string{"inject_body"}},
	"environments type":       {`"environments": ["sk_live_slipped"]`, []string{"environments"}},
	"unknown environment":     {`"environments": {"sk_live_slipped": {}}`, []string{"environments"}},
	"environment in capitals": {`"environments": {"Production ": {}}`, []string{"environments"}},
	"environment path":        {`"environments": {"../": {}}`, []string{"environments"}},
	"environment long":        {`"environments": {"` + strings.Repeat("e", 300) + `": null}`, []string{"environments"}},
	"overlay type":            {`"environments": {"staging": "sk_live_slipped"}`, []string{"environments.staging"}},
	"overlay unknown":         {`"environments": {"staging": {"public": true}}`, []string{"environments.staging.public"}},
	"overlay target":          {`"environments": {"staging": {"target_url": "sk_live_slipped"}}`, []string{"environments.staging.target_url"}},
	"overlay target empty":    {`"environments": {"staging": {"target_url": ""}}`, []string{"environments.staging.target_url"}},
	"overlay methods":         {`"environments": {"staging": {"methods": ["sk_live_slipped"]}}`, []string{"environments.staging.methods[0]"}},
	"overlay header":          {`"environments": {"staging": {"inject_headers": {"Host": null}}}`, []string{"environments.staging.inject_headers.Host"}},
	"overlay header template": {`"environments": {"staging": {"inject_headers": {"A": "{{vars:a}}"}}}`, []string{"environments.staging.inject_headers.A"}},
	"overlay query":           {`"environments": {"staging": {"inject_query": []}}`, []string{"environments.staging.inject_query"}},
	"overlay body":            {`"environments": {"staging": {"inject_body": "sk_live_slipped"}}`, []string{"environments.staging.inject_body"}},
	"overlay rate limit":      {`"environments": {"staging": {"rate_limit": {"requests": 1}}}`, []string{"environments.staging.rate_limit.window"}},
	"overlay timeout":         {`"environments": {"staging": {"timeout": "sk_live_slipped"}}`, []string{"environments.staging.timeout"}},
	"certificate, plain":      {`"client_certificate": "sk_live_slipped"`, []string{"client_certificate"}},
	"certificate, more":       {`"client_certificate": "{{secret:a}}b"`, []string{"client_certificate"}},
	"certificate, filtered":   {`"client_certificate": "{{secret:a | base64}}"`, []string{"client_certificate"}},
	"certificate, variable":   {`"client_certificate": "{{var:a}}"`, []string{"client_certificate"}},
	"echo guard":              {`"echo_guard": "sk_live_slipped"`, []string{"echo_guard"}},
	"signature in the query":  {`"inject_query": {"s": "{{hmac_sha256: a, path}}"}`, []string{"inject_query.s"}},
	"signature in the body":   {`"inject_body": {"s": "{{hmac_sha256: a, path}}"}`, []string{"inject_body.s"}},
	"several at once":         {`"name": 1, "timeout": 2, "environments": {"nowhere": {}, "staging": {"methods": []}}`, []string{"name", "timeout", "environments", "environments.staging.methods"}},
}

func TestDecodeRefuses(t *testing.T) {
	base := wantEverything()
	for name, tt := range refusals {
		t.Run(name, func(t *testing.T) {
			body := fmt.Sprintf(`{"key":"k","target_url":"http://a",%s}`, tt.members)
			key, r, err := route.DecodeCreate([]byte(body), pipeline)
			if diff := cmp.Diff(tt.want, refusedFields(t, err)); diff != "" {
				t.Errorf("DecodeCreate: refused fields (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(route.Route{}, r); diff != "" || key != "" {
				t.Errorf("DecodeCreate: a refused route came back, key %q (-want +got):\n%s", key, diff)
			}

			r, err = route.DecodeUpdate([]byte("{"+tt.members+"}"), base, pipeline)
			if diff := cmp.Diff(tt.want, refusedFields(t, err)); diff != "" {
				t.Errorf("DecodeUpdate: refused fields (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(route.Route{}, r); diff != "" {
				t.Errorf("DecodeUpdate: a refused route came back (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(wantEverything(), base); diff != "" {
				t.Fatalf("DecodeUpdate: the base was modified (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDecodeRefusesTheBody(t *testing.T) {
	tests := map[string]struct {
		body string
		want []string
	}{
		"nothing":          {``, []string{"body"}},
		"white space":      {` `, []string{"body"}},
		"no object":        {`["sk_live_slipped"]`, []string{"body"}},
		"null":             {`null`, []string{"body"}},
		"cut off":          {`{"key":"sk_live_slipped`, []string{"body"}},
		"trailing comma":   {`{"key":"k",}`, []string{"body"}},
		"trailing data":    {`{"key":"k","target_url":"http://a"} sk_live_slipped`, []string{"body"}},
		"two objects":      {`{"key":"k","target_url":"http://a"}{}`, []string{"body"}},
		"broken UTF-8":     {"{\"key\":\"sk_live_slipped\xff\"}", []string{"body"}},
		"lone surrogate":   {`{"key":"\ud800"}`, []string{"body"}},
		"byte order mark":  {"\ufeff{}", []string{"body"}},
		"nested too deep":  {strings.Repeat(`{"a":`, 10_001), []string{"body"}},
		"name twice":       {`{"key":"sk_live_slipped","key":"b"}`, []string{"key"}},
		"name twice below": {`{"environments":{"staging":{"inject_headers":{"A":"sk_live_slipped","A":"2"}}}}`, []string{"environments.staging.inject_headers.A"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, _, err := route.DecodeCreate([]byte(tt.body), pipeline)
			if diff := cmp.Diff(tt.want, refusedFields(t, err)); diff != "" {
				t.Errorf("DecodeCreate: refused fields (-want +got):\n%s", diff)
			}
			_, err = route.DecodeUpdate([]byte(tt.body), wantEverything(), pipeline)
			if diff := cmp.Diff(tt.want, refusedFields(t, err)); diff != "" {
				t.Errorf("DecodeUpdate: refused fields (-want +got):\n%s", diff)
			}
			if _, err := route.FromContent([]byte(tt.body)); err == nil {
				t.Error("FromContent: got no error, want one")
			}
		})
	}
}

func TestDecodeCreateRequires(t *testing.T) {
	tests := map[string]struct {
		body string
		want []string
	}{
		"key and target": {`{}`, []string{"key", "target_url"}},
		"null":           {`{"key":null,"target_url":null}`, []string{"key", "target_url"}},
		"a good key":     {`{"key":"sk_live_slipped!","target_url":"http://a"}`, []string{"key"}},
		"a text as key":  {`{"key":{"a":1},"target_url":"http://a"}`, []string{"key"}},
		"a base target":  {`{"key":"k","environments":{"staging":{"target_url":"http://a"}}}`, []string{"target_url"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, _, err := route.DecodeCreate([]byte(tt.body), pipeline)
			if diff := cmp.Diff(tt.want, refusedFields(t, err)); diff != "" {
				t.Errorf("refused fields (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDecodeUpdateKeepsWhatIsRequired(t *testing.T) {
	for _, field := range []string{"key", "name", "target_url"} {
		_, err := route.DecodeUpdate([]byte(`{"`+field+`":null}`), wantEverything(), pipeline)
		if diff := cmp.Diff([]string{field}, refusedFields(t, err)); diff != "" {
			t.Errorf("%s: refused fields (-want +got):\n%s", field, diff)
		}
	}
	_, err := route.DecodeUpdate([]byte(`{"key":"stripe"}`), wantEverything(), pipeline)
	if diff := cmp.Diff([]string{"key"}, refusedFields(t, err)); diff != "" {
		t.Errorf("a key: refused fields (-want +got):\n%s", diff)
	}
}

func TestFromContentRefuses(t *testing.T) {
	for _, content := range []string{
		`{}`, `{"name":"n"}`, `{"name":"n","target_url":"http://a","later":1}`, `{"key":"k","name":"n","target_url":"http://a"}`,
		`{"name":"n","target_url":"http://a","active_environment":""}`, `{"name":"n","target_url":null}`,
	} {
		r, err := route.FromContent([]byte(content))
		if got := fault.KindOf(err); got != fault.Internal {
			t.Errorf("FromContent(%s): got kind %q, want %q: a caller is not to blame", content, got, fault.Internal)
		}
		if diff := cmp.Diff(route.Route{}, r); diff != "" {
			t.Errorf("FromContent(%s): a refused route came back (-want +got):\n%s", content, diff)
		}
	}
}

// A person mends a template by the position in the message.
func TestTemplateErrorsTellThePosition(t *testing.T) {
	_, _, err := route.DecodeCreate([]byte(`{"key":"k","target_url":"http://a","inject_headers":{"A":"Bearer {{sekret:a}}"}}`), pipeline)
	if err == nil || !strings.Contains(err.Error(), "position 8") || !strings.HasPrefix(err.Error(), "inject_headers.A: ") {
		t.Errorf("got %v, want the field inject_headers.A and position 8", err)
	}
}

func TestACertificateNeedsTLS(t *testing.T) {
	for members, want := range map[string][]string{
		`"target_url":"http://a","client_certificate":"{{secret:a}}"`:                                                       {"client_certificate"},
		`"target_url":"http://a","environments":{"staging":{"client_certificate":"{{secret:a}}"}}`:                          {"environments.staging.client_certificate"},
		`"target_url":"https://a","client_certificate":"{{secret:a}}","environments":{"staging":{"target_url":"HTTP://a"}}`: {"environments.staging.client_certificate"},
	} {
		_, _, err := route.DecodeCreate([]byte(`{"key":"k",`+members+`}`), pipeline)
		if diff := cmp.Diff(want, refusedFields(t, err)); diff != "" {
			t.Errorf("%s: refused fields (-want +got):\n%s", members, diff)
		}
	}
}
