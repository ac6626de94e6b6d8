package wire

// ExportForm is the form of an export in JSON lines.
const ExportForm = "lockage-audit-export-1"

// ExportTrailer is the HTTP trailer behind a whole export: how many entries it has. One that ends without it was cut short.
const ExportTrailer = "Lockage-Export-Entries"

// AuditExportLine is the first or the last line of GET /v1/audit-logs/export in JSON lines; each line between them is an
// AuditEntry, oldest first.
type AuditExportLine struct {
	Begin *AuditExportBegin `json:"begin,omitempty"`
	End   *AuditExportEnd   `json:"end,omitempty"`
}

// AuditExportBegin says what follows. Whole says that no filter narrows it, so that it can be verified. To is the number
// of the entry that records the export itself. Anchor is there where the log was pruned: the signed note that says up to
// which entry.
type AuditExportBegin struct {
	Form    string `json:"form"`
	Account string `json:"account"`
	Time    Time   `json:"time"`
	To      int64  `json:"to"`
	Whole   bool   `json:"whole"`
	Anchor  string `json:"anchor,omitempty"`
}

// AuditExportEnd says that nothing was left out: how many entries there are, and which was the last. A file that ends
// without it was cut short.
type AuditExportEnd struct {
	Entries int64  `json:"entries"`
	Last    int64  `json:"last"` // its sequence; 0 without entries
	Hash    string `json:"hash"` // of the last; "" without entries
}
