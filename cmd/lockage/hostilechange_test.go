package main_test

// hostileChanges are about what is saved, committed, promoted and rolled back.
func hostileChanges() []hostile {
	const (
		promotions, plan, rollback = "/v1/promotions", "/v1/promotions/plan", "/v1/environments/production/rollback"
		production                 = "/v1/environments/production"
	)
	var list []hostile
	for _, path := range []string{promotions, plan} {
		list = append(list,
			hostile{"POST", path, `{"to":"production","message":"m","through":"` + canary + `"}`, 404, "", "environment"},
			hostile{"POST", path, `{"to":"production","message":"m","commits":["` + canary + `"]}`, 404, "", "commits[0]"},
			hostile{"POST", path, `{"to":"production","message":"m","definitions":[{"kind":"route","key":"` + canary + `"}]}`, 404, "", ""},
			hostile{"POST", path, `{"to":"production","message":"m","definitions":[{"kind":"` + canary + `","key":"victim"}]}`, 404, "", ""},
			hostile{"POST", path, `{"to":"production","force":"` + canary + `"}`, 400, "force", ""},
			hostile{"POST", path, `{"to":"development","message":"m"}`, 400, "to", "first"},
			hostile{"POST", path, `{}`, 400, "to", "required"})
	}
	list = append(list, hostile{"POST", promotions, `{"to":"production","message":"` + canary + `\u0007"}`, 400, "message", "control"},
		hostile{"POST", rollback, `{"to":"0","message":"` + canary + `\u0007"}`, 400, "message", "control"})
	for _, path := range []string{rollback, rollback + "/plan"} {
		list = append(list,
			hostile{"POST", path, `{"to":"` + canary + `","message":"m"}`, 404, "", "commit"},
			hostile{"POST", path, `{"to":"-1","message":"m"}`, 404, "", "commit"},
			hostile{"POST", path, `{"to":7,"message":"m"}`, 404, "", "commit"},
			hostile{"POST", path, `{"message":"m"}`, 400, "to", "required"},
			hostile{"POST", path, `{"to":"0","unknown":"` + canary + `"}`, 400, "unknown", ""})
	}
	for _, protection := range []struct{ body, field string }{
		{`{"approvals":-1}`, "protection.approvals"},
		{`{"approvals":"` + canary + `"}`, "protection.approvals"},
		{`{"` + canary + `":1}`, ""},
		{`{"freeze":[{"start":"` + canary + `","end":"2099-01-01T00:00:00Z"}]}`, "protection.freeze[0].start"},
		{`{"freeze":[{"start":"2099-01-01T00:00:00Z","end":"2098-01-01T00:00:00Z","reason":"` + canary + `"}]}`, "protection.freeze[0].end"},
		{`{"freeze":[{"weekly":{"days":["` + canary + `"],"from":"16:00","to":"24:00"}}]}`, "protection.freeze[0].weekly.days[0]"},
		{`{"freeze":[{"weekly":{"days":["friday"],"from":"` + canary + `","to":"24:00"}}]}`, "protection.freeze[0].weekly.from"},
		{`{"freeze":[{"weekly":{"days":["friday"],"from":"16:00","to":"24:00","time_zone":"../` + canary + `"}}]}`, "protection.freeze[0].weekly.time_zone"},
	} {
		list = append(list, hostile{"PATCH", production, `{"protection":` + protection.body + `}`, 400, protection.field, ""})
	}
	return append(list,
		hostile{"PATCH", production, `{"protected":"` + canary + `"}`, 400, "protected", ""},
		hostile{"PATCH", production, `{"hold":null}`, 400, "hold", ""},
		hostile{"DELETE", production + "/hold", "", 404, "", "hold"},
		hostile{"POST", production + "/freeze/overrides/" + canary + "/acknowledge", "", 404, "", ""},
		hostile{"POST", promotions + "/" + canary + "/approve", "{}", 404, "", "promotion"},
		hostile{"POST", promotions + "/" + canary + "/reject", "{}", 404, "", "promotion"},
		hostile{"GET", promotions + "/" + canary, "", 404, "", "promotion"},
		hostile{"GET", promotions + "?state=" + canary, "", 400, "state", ""},
		hostile{"GET", "/v1/commits/" + canary, "", 404, "", "commit"},
		hostile{"GET", "/v1/commits?cause=" + canary, "", 400, "cause", ""},
		hostile{"GET", "/v1/commits?definition=" + canary, "", 400, "definition", ""},
		hostile{"GET", "/v1/commits?environment=" + canary, "", 404, "", "environment"},
		hostile{"GET", "/v1/diff?from=" + canary + "&to=production", "", 404, "", "environment"},
		hostile{"GET", "/v1/diff?from=production@" + canary + "&to=production", "", 404, "", "commit"},
		hostile{"GET", "/v1/diff?from=production", "", 400, "to", ""},
		hostile{"GET", production + "/tree?at=" + canary, "", 404, "", "commit"},
		hostile{"DELETE", "/v1/changes/route/" + canary, "", 404, "", ""},
		hostile{"DELETE", "/v1/changes/" + canary + "/victim", "", 404, "", ""},
		hostile{"PATCH", "/v1/account", `{"commit_message_required":"` + canary + `"}`, 400, "commit_message_required", ""},
		hostile{"PATCH", "/v1/account", `{"name":"` + canary + `"}`, 400, "name", ""},
		hostile{"PUT", "/v1/definitions", `{"definitions":[{"kind":"route","key":"new","content":{"target_url":"/` + canary + `"}}]}`, 400, "definitions[0].content.target_url", ""},
		hostile{"PUT", "/v1/definitions", `{"definitions":[{"kind":"` + canary + `","key":"new","content":{}}]}`, 400, "definitions[0].kind", ""})
}
