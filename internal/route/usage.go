package route

import (
	"maps"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/lockage/lockage/internal/secret"
)

// Usage is one reference to a secret or a variable that is in force in an environment, with the field it stands in
// ("inject_headers.Authorization", "inject_body.payment.keys[0]").
type Usage struct {
	EnvironmentID string
	Field         string
	Reference     secret.Reference
}

// Usages lists the references of what is in force in each of the environments, each once a field: by environment as
// given, then headers and query parameters by name, then the body in order.
func (r Route) Usages(environmentIDs []string) []Usage {
	var usages []Usage
	for _, id := range environmentIDs {
		add := func(field, text string) {
			t, err := secret.ParseTemplate(text)
			if err != nil {
				return // refused when the route was decoded; the gateway will not send it either
			}
			for _, ref := range t.References() {
				u := Usage{EnvironmentID: id, Field: field, Reference: ref}
				if !slices.Contains(usages, u) {
					usages = append(usages, u)
				}
			}
		}
		e := r.Effective(id)
		add("target_url", e.TargetURL)
		add("client_certificate", e.ClientCertificate)
		for _, name := range slices.Sorted(maps.Keys(e.InjectHeaders)) {
			add(within("inject_headers", name), e.InjectHeaders[name])
		}
		for _, name := range slices.Sorted(maps.Keys(e.InjectQuery)) {
			add(within("inject_query", name), e.InjectQuery[name])
		}
		eachText("inject_body", jsontext.Value(e.InjectBody), add)
	}
	return usages
}
