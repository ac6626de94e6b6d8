package matrix_test

import "time"

// recipe is how an operation is called where its kinds alone do not make a call that succeeds. Kinds in braces stand for
// what is in the environment that is asked about.
type recipe struct {
	in     map[string]string // parameters
	body   string
	header []string
	before []string // made by an owner before each call: method, path and body

	wait time.Duration // between two calls of one caller, where they are limited
	// other is the status of an owner's call, by place, where it cannot be one of 2xx.
	other map[string]int
	// reaches is why the call may succeed although what it names is foreign: it names nothing that has to exist.
	reaches string
	// unrefused is why nobody is ever refused, so that no audit entry shows what is decided.
	unrefused string
}

const duplicateBody = `{"target_environment":"{below}","overwrite":true}`

var recipes = map[string]recipe{
	"login": {body: `{"email":"maker@example.com","password":"` + password + `"}`},

	"list-accounts":          {unrefused: "everybody may know which accounts they belong to, and what is only read leaves no entry"},
	"create-account":         {body: `{"name":"fresh","email":"fresh@example.com"}`, wait: 6 * time.Second},
	"confirm-account":        {body: `{"token":"acc_unknown","password":"a horse that is correct"}`, other: map[string]int{"open": 404}}, // a link is mailed, and control's tests use one
	"accept-invitation":      {body: `{"token":"{invitation token}","password":"` + password + `"}`},
	"invite-member":          {body: `{"email":"fresh@example.com","grants":[{"environment":"{environment}","role":"viewer"}]}`},
	"resend-invitation":      {in: map[string]string{"id": "{invited}"}},
	"create-token":           {body: `{"name":"fresh","grants":[{"environment":"{environment}","role":"viewer"}]}`},
	"who-am-i":               {unrefused: "everybody may know who they are, and what is only read leaves no entry"},
	"login-with-passkey":     {body: `{"credential":{}}`, other: map[string]int{"open": 401}}, // a browser answers, of which the tests of control have one
	"create-passkey":         {body: `{"name":"fresh","credential":{}}`, other: map[string]int{"everywhere": 400, "own": 400}},
	"create-totp":            {body: `{"name":"fresh"}`},
	"confirm-totp":           {body: `{"code":"123456"}`, other: map[string]int{"everywhere": 409, "own": 409}}, // it is confirmed already
	"prove":                  {body: `{"password":"` + password + `"}`, wait: 6 * time.Second},
	"change-password":        {body: `{"current":"` + password + `","password":"a horse that is correct"}`, wait: 6 * time.Second},
	"request-password-reset": {body: `{"email":"maker@example.com"}`, wait: 6 * time.Second},
	"reset-password":         {body: `{"token":"rst_unknown","password":"a horse that is correct"}`, wait: 6 * time.Second, other: map[string]int{"open": 404}}, // a link is made for one person, and control's tests use one
	"begin-provider-login":   {other: map[string]int{"open": 409}},                                                                                              // there is no provider: the tests of control have one
	"login-at-provider":      {body: `{"code":"c","state":"s","secret":"t"}`, other: map[string]int{"open": 409}},
	"take-lent-session":      {body: `{"code":"c","verifier":"v"}`, other: map[string]int{"open": 401}}, // a browser has it: the tests of cmd/lockage have one
	"begin-provider-link":    {other: map[string]int{"everywhere": 409, "own": 409}},
	"link-provider":          {body: `{"code":"c","state":"s","secret":"t"}`, other: map[string]int{"everywhere": 409, "own": 409}},
	"unlink-provider":        {other: map[string]int{"everywhere": 409, "own": 409}},

	"refresh": {unrefused: "whoever has a session may have another token of it, and a token of the API is no credential there"},

	"create-environment": {body: `{"name":"fresh"}`},
	"delete-environment": {
		before: []string{`PUT /v1/routes/{route}/environments/{environment}/status {"active":false}`},
		other:  map[string]int{"protected": 400}, // nobody deletes production
	},
	"create-alert":           {body: `{"environment":"{environment}","name":"fresh","kind":"hard_fail","to":[{"email":"oncall@example.com"}]}`},
	"create-audit-stream":    {body: `{"name":"fresh","kind":"webhook","url":"https://hooks.example.com/fresh"}`},
	"create-secret":          {body: `{"name":"fresh"}`},
	"delete-secret":          {in: map[string]string{"id": "{spare}"}},
	"set-secret-value":       {body: `{"value":"another value"}`},
	"set-oauth2-value":       {in: map[string]string{"id": "{oauth2}"}, body: oauth2Body},
	"set-certificate-value":  {in: map[string]string{"id": "{tls}"}, body: "{{certificate fields}}"},
	"authorize-oauth2":       {in: map[string]string{"id": "{oauth2}"}},
	"delete-secret-value":    {in: map[string]string{"id": "{spare}"}},
	"duplicate-secret-value": {body: duplicateBody},
	"compare-secret-values":  {in: map[string]string{"to": "{below}"}, wait: 16 * time.Second},
	"create-route":           {body: `{"key":"fresh","target_url":"https://api.example.com"}`},
	"update-route":           {body: `{"timeout":"9s"}`},
	"push-definitions":       {body: `{"definitions":[{"kind":"route","key":"fresh","content":{"target_url":"https://api.example.com"}}]}`},
	"put-variable":           {body: `{"values":{"{environment}":"us"}}`},
	"reveal-log": {
		body:   `{"reason":"the customer has called"}`,
		before: []string{`PATCH /v1/environments/{environment} {"obfuscate_customer_data":true}`}, // or nothing would be hidden
	},
	"replay-log": {
		body:   `{"environment":"{below}"}`,
		before: []string{`PATCH /v1/environments/{environment} {"show_message_contents":true}`}, // or nothing would be sent
	},
	"create-rollback": {body: `{"to":"{moment}"}`},
	"plan-rollback":   {body: `{"to":"{moment}"}`},
	"lift-hold":       {before: []string{`POST /v1/environments/{environment}/rollback {"to":"{moment}"}`}},

	"admin-set-secret-value":       {body: `{"value":"another value"}`},
	"admin-set-oauth2-value":       {in: map[string]string{"secret_id": "{oauth2}"}, body: oauth2Body},
	"admin-set-certificate-value":  {in: map[string]string{"secret_id": "{tls}"}, body: "{{certificate fields}}"},
	"admin-duplicate-secret-value": {body: duplicateBody},
	"admin-delete-secret-value":    {in: map[string]string{"secret_id": "{spare}"}},
}
