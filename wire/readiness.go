package wire

// Readiness is what an environment has of everything its definitions refer to: GET /v1/readiness?environment=. Ready says
// that nothing which is switched on lacks anything.
type Readiness struct {
	Environment string            `json:"environment"`
	Ready       bool              `json:"ready"`
	Definitions []ReadyDefinition `json:"definitions"`
}

// ReadyDefinition is a definition that is live in the environment, with the state of each thing it refers to.
type ReadyDefinition struct {
	Kind       string          `json:"kind"`
	Key        string          `json:"key"`
	ID         string          `json:"id"`
	Name       string          `json:"name"`
	Active     bool            `json:"active"`
	Ready      bool            `json:"ready"`
	References []PlanReference `json:"references"`
	Problems   []Finding       `json:"problems"`
}
