package control

import (
	"context"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/store"
)

// SecretAudit reads what was decided about a secret, refusals included. A secret that is there is found by its id or
// name, one that was deleted by its id: who deleted it is what is asked then. Another one that once had the same name is
// another one. It asks for the right to read the whole audit log, because an entry in one environment may name others.
func (c *Control) SecretAudit(ctx context.Context, who access.Principal, ref string, f AuditFilter) (list []audit.Entry, next string, err error) {
	q, limit, err := f.query()
	if err != nil {
		return nil, "", err
	}
	err = c.read(ctx, who, access.AuditRead, onSecret(ref, ""), func(v *visit) error {
		q.TargetKind, q.TargetID = "secret", v.target.ID
		if v.target.ID == "" {
			q.TargetID = ref
			there, err := v.Audit(ctx, store.AuditFilter{TargetKind: q.TargetKind, TargetID: ref, Limit: 1})
			if err != nil {
				return err
			}
			if len(there) == 0 || ref == "" {
				return fault.New(fault.NotFound, "no such secret")
			}
		}
		list, next, err = v.entries(ctx, f, q, limit)
		return err
	})
	return list, next, err
}
