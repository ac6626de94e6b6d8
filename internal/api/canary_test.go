package api_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/lockage/lockage/wire"
)

// canary stands for a secret that was sent to the wrong place. No refusal and no line of the log may repeat it, nor a
// part of it.
const canary = "cAnArY_4eC39HqLyjWDarjtT1zdp7dc_8f0aBQokikJOvBiI2HlWgH4olfQ2_Vh7Zr5tYx2"

// TestNothingRefusedIsRepeated sends wrong input of many kinds to every operation of the description.
func TestNothingRefusedIsRepeated(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.do("POST", "/v1/environments", `{"name":"staging"}`).data(201, nil)
	var k wire.APIKey
	r.do("POST", "/v1/api-keys", `{"environment":"production","type":"secret"}`).data(201, &k)
	doc, err := openapi3.NewLoader().LoadFromData([]byte(r.do("GET", "/openapi.json", nil).body))
	must(t, err)
	member := r.admin()

	for _, path := range slices.Sorted(maps.Keys(doc.Paths.Map())) {
		for method, op := range doc.Paths.Value(path).Operations() {
			c := canaries{rig: r, t: t, method: method, op: op, path: path}
			if strings.HasPrefix(path, "/admin/") {
				c.rig = member
			}
			c.place = fill(path, k.ID)
			c.prepare()
			c.parameters()
			c.bodies()
		}
	}
	if strings.Contains(r.logged(), canary) {
		t.Error("the log repeats what was refused")
	}
	if strings.Contains(r.logged(), `"level":"ERROR"`) {
		t.Error("the log has errors of ours")
	}
}

// fill puts things that exist into a path.
func fill(path, keyID string) string {
	id := "staging"
	switch {
	case strings.Contains(path, "/api-keys/"):
		id = keyID
	case strings.Contains(path, "/secrets/"):
		id = "key"
	}
	return strings.NewReplacer("{id}", id, "{key}", "pay", "{secret_id}", "key", "{environment}", "staging",
		"{environment_name}", "staging", "{source}", "production", "{source_env}", "production", "{kind}", "route", "{override}", "none").Replace(path)
}

type canaries struct {
	rig                 *rig
	t                   *testing.T
	method, path, place string
	op                  *openapi3.Operation
}

// prepare makes what the operation before may have taken away; what is still there is refused, which is as well.
func (c canaries) prepare() {
	r := *c.rig
	r.token = machineToken
	r.do("POST", "/v1/environments", `{"name":"staging"}`)
	r.do("POST", "/v1/secrets", `{"name":"key"}`)
	r.do("PUT", "/v1/secrets/key/environments/production", `{"value":"v"}`)
	r.do("POST", "/v1/routes?commit=again", `{"key":"pay","target_url":"https://example.com"}`)
}

// refused sends one wrong request.
func (c canaries) refused(what, path string, body any, headers ...string) {
	c.t.Helper()
	a := c.rig.do(c.method, path, body, headers...)
	if a.status < 400 || a.status >= 500 || a.status == http.StatusUnprocessableEntity {
		c.t.Errorf("%s %s, %s: got %d %.300s, want a refusal", c.method, c.path, what, a.status, a.body)
	}
	c.silent(what, a)
}

// silent checks that an answer, in whatever part, does not repeat the canary.
func (c canaries) silent(what string, a answer) {
	c.t.Helper()
	if a.status < 400 {
		return
	}
	all := strings.ToLower(fmt.Sprint(a.body, a.header))
	for _, part := range []string{canary[:12], canary[12:]} {
		if strings.Contains(all, strings.ToLower(part)) {
			c.t.Errorf("%s %s, %s: %d repeats what was sent: %.300s", c.method, c.path, what, a.status, a.body)
		}
	}
}

func (c canaries) parameters() {
	var body any
	if c.op.RequestBody != nil {
		body = `{}`
	}
	c.refused("unknown query parameter", c.place+"?"+canary+"=1", body)
	c.refused("value of an unknown query parameter", c.place+"?x="+canary, body)
	c.refused("malformed query", c.place+"?"+canary+"%zz", body)
	if c.op.Security != nil {
		c.refused("credential", c.place, body, "Authorization", "Bearer "+canary)
		c.refused("token", c.place, body, "Authorization", "Bearer tk_"+canary)
		c.refused("scheme", c.place, body, "Authorization", canary)
	}
	for _, p := range c.op.Parameters {
		name := p.Value.Name
		switch p.Value.In {
		case "path":
			for _, value := range []string{canary + "x", canary + "%20", "..%2f" + canary, canary + "%00", canary + "%ff", strings.Repeat(canary, 20)} {
				segments := strings.Split(c.path, "/")
				segments[slices.Index(segments, "{"+name+"}")] = value
				c.refused("path parameter "+name, fill(strings.Join(segments, "/"), "x"), valid(c.op))
			}
		case "query":
			for _, value := range []string{canary, canary + "%00", canary + "%ff", strings.Repeat(canary, 100)} {
				a := c.rig.do(c.method, c.place+"?"+name+"="+value, body)
				c.silent("query parameter "+name, a)
				if a.status >= 500 {
					c.t.Errorf("%s %s: %s: got %d %s", c.method, c.path, name, a.status, a.body)
				}
			}
			c.refused("repeated "+name, c.place+"?"+name+"="+canary+"&"+name+"="+canary, body)
		case "header":
			// a reason to override a freeze may be any text, but not a broken one
			c.refused("header "+name, c.place, body, name, canary+" "+canary+"\x01")
		}
	}
}

// valid is a body that the operation would take.
func valid(op *openapi3.Operation) any {
	if op.RequestBody == nil {
		return nil
	}
	return map[string]string{
		"update-environment": `{"description":"d"}`, "update-api-key": `{"description":"d"}`, "update-secret": `{"description":"d"}`,
		"set-secret-value": `{"value":"v"}`, "admin-set-secret-value": `{"value":"v"}`,
		"duplicate-secret-value": `{"target_environment":"development"}`, "admin-duplicate-secret-value": `{"target_environment":"development"}`,
		"approve-promotion": `{}`, "reject-promotion": `{}`, "create-rollback": `{"to":0}`, "plan-rollback": `{"to":0}`,
		"update-route": `{"description":"d"}`, "switch-route": `{"active":true}`, "rotate-api-key": `{}`,
	}[op.OperationID]
}

func (c canaries) bodies() {
	if c.op.RequestBody == nil {
		return
	}
	for what, body := range map[string]string{
		"not JSON":                canary,
		"a string":                `"` + canary + `"`,
		"an array":                `["` + canary + `"]`,
		"null":                    `null`,
		"unknown field":           `{"unknown":"` + canary + `"}`,
		"unknown name":            `{"` + canary + `":1}`,
		"broken off in a value":   `{"name":"` + canary,
		"broken off in a name":    `{"` + canary,
		"broken off after a name": `{"` + canary + `"`,
		"bad literal":             `{"name":` + canary + `}`,
		"bad escape":              `{"name":"\` + canary + `"}`,
		"trailing data":           `{} ` + canary,
		"trailing object":         `{}{"x":"` + canary + `"}`,
		"broken UTF-8":            `{"name":"` + canary + "\xff" + `"}`,
		"broken UTF-8 in a name":  `{"` + canary + "\xff" + `":1}`,
		"lone surrogate":          `{"name":"` + canary + `\ud800"}`,
		"duplicate name":          `{"` + canary + `":1,"` + canary + `":2}`,
		"deep nesting":            `{"name":` + strings.Repeat("[", 20000) + `"` + canary,
		"deep and closed":         `{"name":` + strings.Repeat(`{"a":`, 3000) + `"` + canary + `"` + strings.Repeat("}", 3000) + `}`,
		"byte order mark":         "\ufeff" + `{"name":"` + canary + `"}`,
	} {
		c.refused(what, c.place, body)
	}
	c.refused("too large", c.place, `{"name":"`+strings.Repeat(canary, 20000)+`"}`)
	c.refused("another content type", c.place, `{"name":"`+canary+`"}`, "Content-Type", "text/plain")
	c.refused("form", c.place, `name=`+canary, "Content-Type", "application/x-www-form-urlencoded")
	c.refused("canary as content type", c.place, `{}`, "Content-Type", canary+"/"+canary)
	c.refused("charset", c.place, `{}`, "Content-Type", "application/json; charset="+canary)

	schema := c.op.RequestBody.Value.Content["application/json"].Schema.Value
	for name, property := range schema.Properties {
		for _, value := range []string{
			`{"` + canary + `":"` + canary + `"}`, `["` + canary + `"]`, `[{"` + canary + `":1}]`, `{"x":{"` + canary + `":{}}}`,
		} {
			a := c.rig.do(c.method, c.place, fmt.Sprintf(`{%q:%s}`, name, value))
			c.silent("wrong type of "+name, a)
			if t := property.Value.Type; t != nil && (t.Includes("string") || t.Includes("boolean")) && a.status != 400 {
				c.t.Errorf("%s %s: %s as %s: got %d, want 400", c.method, c.path, name, value, a.status)
			}
		}
		for _, value := range []string{canary, canary + "\\u0000", strings.Repeat(canary, 1500), "{{secret:" + canary, "{{" + canary + "}}"} {
			a := c.rig.do(c.method, c.place, fmt.Sprintf(`{%q:"%s"}`, name, value))
			c.silent("text of "+name, a)
			if a.status >= 500 {
				c.t.Errorf("%s %s: %s: got %d %s", c.method, c.path, name, a.status, a.body)
			}
		}
	}
}
