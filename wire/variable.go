package wire

// Variable is a named plain value with one value per environment, which definitions refer to as {{var:KEY}}.
type Variable struct {
	Key         string          `json:"key"`
	Description string          `json:"description"`
	Values      []VariableValue `json:"values"` // of every environment the caller may see variables of
	CreatedAt   Time            `json:"created_at"`
	CreatedBy   string          `json:"created_by"`
	UpdatedAt   Time            `json:"updated_at"`
}

// VariableValue is what a variable holds in one environment.
type VariableValue struct {
	Environment string     `json:"environment"`
	Configured  bool       `json:"configured"`
	Value       *string    `json:"value"` // null: not configured
	RouteCount  int        `json:"route_count"`
	Routes      []RouteRef `json:"routes"`
	UpdatedAt   Time       `json:"updated_at"`
	UpdatedBy   string     `json:"updated_by"`
}

// VariablePut is the body of PUT /v1/variables/{key}: environments that are not named stay, null takes a value away.
type VariablePut struct {
	Values      map[string]*string `json:"values,omitempty"`
	Description *string            `json:"description,omitempty"`
}
