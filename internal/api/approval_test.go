package api_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/wire"
)

func TestApprovals(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.protect("production", `{"approvals":2}`)
	r.route("pay", "")
	var p wire.Promotion
	r.do("POST", "/v1/promotions", `{"to":"production","message":"please"}`).data(201, &p)
	if p.State != "open" || p.Needed != 2 || p.Commit != nil || p.Plan == nil || p.Plan.Hash != p.PlanHash ||
		p.Plan.Steps[0].Policy.Approvals != 2 {
		t.Fatalf("got %+v, want an open promotion with its plan", p)
	}
	path := "/v1/promotions/" + p.ID
	approve := fmt.Sprintf(`{"plan":%q}`, p.PlanHash)
	r.do("POST", path+"/approve", approve).problem(403, "forbidden")
	r.as(everywhere(access.Developer)).do("POST", path+"/approve", approve).problem(403, "forbidden")
	r.as(everywhere(access.Viewer)).do("POST", path+"/reject", nil).problem(403, "forbidden")

	ann, ben := r.as(everywhere(access.Admin)), r.as(everywhere(access.Owner))
	ann.do("POST", path+"/approve", approve).data(200, &p)
	ann.do("POST", path+"/approve", approve).data(200, &p)
	if p.State != "open" || len(p.Approvals) != 1 || p.Approvals[0].By != "machine" || p.Approvals[0].Void != "" {
		t.Errorf("approved twice by one: got %+v, want it open with one approval", p)
	}

	// What was approved changes: the approval is void and says why.
	r.do("PATCH", "/v1/routes/pay?commit=more", `{"description":"more"}`).data(200, nil)
	problem := ben.do("POST", path+"/approve", approve).problem(409, "stale")
	ben.do("GET", path, nil).data(200, &p)
	differ(t, "stale: plan", p.Plan, problem.Plan)
	if len(p.Approvals) != 1 || !strings.Contains(p.Approvals[0].Void, "has changed since") {
		t.Errorf("after a change: got %+v, want the approval void", p.Approvals)
	}
	ben.do("POST", path+"/approve", nil).data(200, &p)
	if p.State != "open" || len(p.Approvals) != 2 || p.Approvals[1].Void != "" {
		t.Errorf("got %+v, want it open: the first approval is void", p)
	}
	ann.do("POST", path+"/approve", fmt.Sprintf(`{"plan":%q}`, p.Plan.Hash)).data(200, &p)
	if p.State != "done" || p.Commit == nil || p.Commit.Author == "" || p.Plan != nil {
		t.Errorf("approved by both: got %+v, want it done", p)
	}
	ben.do("POST", path+"/approve", nil).problem(409, "conflict")
	ben.do("POST", path+"/reject", `{"reason":"late"}`).problem(409, "conflict")
	ben.do("POST", "/v1/promotions/none/approve", nil).problem(404, "not_found")
	ben.do("POST", "/v1/promotions/none/reject", nil).problem(404, "not_found")
	ben.do("POST", path+"/approve", `{"plan":1}`).problem(400, "validation_error", "plan")
}

func TestRejections(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.protect("production", `{"approvals":1}`)
	r.route("pay", "")
	var p wire.Promotion
	r.do("POST", "/v1/promotions", `{"to":"production"}`).data(201, &p)
	ann := r.as(everywhere(access.Admin))
	ann.do("POST", "/v1/promotions/"+p.ID+"/reject", `{"reason":"\u0000"}`).problem(400, "validation_error")
	ann.do("POST", "/v1/promotions/"+p.ID+"/reject", `{"reason":"not now"}`).data(200, &p)
	if p.State != "rejected" || p.Reason != "not now" || p.Plan != nil || p.Commit != nil {
		t.Errorf("got %+v, want it rejected with the reason", p)
	}
	var list []wire.Promotion
	if r.do("GET", "/v1/promotions?state=open", nil).data(200, &list); len(list) != 0 {
		t.Errorf("open: got %+v, want none", list)
	}
	r.do("POST", "/v1/promotions", `{"to":"production"}`).data(201, &p)
	r.do("POST", "/v1/promotions/"+p.ID+"/reject", nil).data(200, &p)
	if r.do("GET", "/v1/promotions?state=rejected", nil).data(200, &list); len(list) != 2 {
		t.Errorf("rejected, one by its author: got %d, want 2", len(list))
	}
}

// TestAProposalOutlivesNames keeps proposals readable whatever becomes of what they name.
func TestAProposalOutlivesNames(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.environment("staging")
	r.protect("production", `{"approvals":1}`)
	r.route("pay", "")
	var p wire.Promotion
	r.do("POST", "/v1/promotions", `{"to":"production","through":"staging"}`).data(201, &p)
	ann := r.as(everywhere(access.Admin))
	ann.do("POST", "/v1/promotions/"+p.ID+"/approve", nil) // done: staging and production have one tree
	r.do("PATCH", "/v1/routes/pay?commit=", `{"description":"d"}`).data(200, nil)
	r.do("POST", "/v1/promotions", `{"to":"production","through":"staging"}`).data(201, &p)
	r.do("PATCH", "/v1/environments/production", `{"name":"live"}`).data(200, nil)
	ann.do("GET", "/v1/promotions/"+p.ID, nil).data(200, &p)
	if p.State != "open" || p.To != "live" || p.Plan == nil {
		t.Errorf("after its target was renamed: got %+v, want it open with a plan into live", p)
	}
	r.do("DELETE", "/v1/environments/staging", nil)
	r.do("PUT", "/v1/routes/pay/environments/staging/status", `{"active":false}`)
	r.do("DELETE", "/v1/environments/staging", nil).data(200, nil)
	var list []wire.Promotion
	r.do("GET", "/v1/promotions", nil).data(200, &list)
	if len(list) != 2 || list[0].State != "open" || list[0].Plan != nil || len(list[1].Commits) != 1 {
		t.Errorf("after staging was deleted: got %+v, want both, the open one without a plan", list)
	}
	ann.do("POST", "/v1/promotions/"+p.ID+"/approve", nil).problem(404, "not_found")
	ann.do("POST", "/v1/promotions/"+p.ID+"/reject", nil).data(200, nil)
}
