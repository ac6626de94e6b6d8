package wire

// SecretAuditEntry is one decision about a secret: GET /v1/secrets/{id}/audit, newest first. Sequence is its number in the
// account's audit log, which has the entry whole. Version is the one that was set, copied, changed, activated, deleted or
// retired; a refusal and what concerns no version have none.
type SecretAuditEntry struct {
	Sequence    int64             `json:"sequence"`
	Time        Time              `json:"time"`
	Operation   string            `json:"operation"` // like "secret.value.set"
	Outcome     string            `json:"outcome"`   // "allowed" or "refused"
	Environment string            `json:"environment"`
	Version     int64             `json:"version,omitempty"`
	Actor       AuditActor        `json:"actor"`
	Address     string            `json:"address"` // where the request came from
	Detail      map[string]string `json:"detail"`  // further facts; of a refusal the kind, under "error"
	RequestID   string            `json:"request_id"`
}
