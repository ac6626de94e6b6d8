package wire

import "encoding/json"

// Environment is one isolated level of the account's pipeline; level 0 is where changes begin, the highest is
// production.
type Environment struct {
	ID                    string          `json:"id"`
	Name                  string          `json:"name"`
	DisplayName           string          `json:"display_name"`
	Description           string          `json:"description"`
	Color                 string          `json:"color"`
	IsDefault             bool            `json:"is_default"`
	Level                 int             `json:"level"`
	Protected             bool            `json:"protected"`
	ObfuscateCustomerData bool            `json:"obfuscate_customer_data"`
	ShowMessageContents   bool            `json:"show_message_contents"`
	DistinctValues        string          `json:"distinct_values"` // "off", "warn" or "block"
	RootHash              string          `json:"root_hash"`
	Head                  int64           `json:"head"`
	Hold                  *Hold           `json:"hold"`
	Protection            json.RawMessage `json:"protection"`
	Logs                  LogSettings     `json:"logs"`
	CreatedAt             Time            `json:"created_at"`
	UpdatedAt             Time            `json:"updated_at"`
}

// EnvironmentCreate is the body of POST /v1/environments.
type EnvironmentCreate struct {
	Name        string `json:"name"`
	DisplayName string `json:"display_name,omitempty"`
	Description string `json:"description,omitempty"`
	Color       string `json:"color,omitempty"`
	IsDefault   bool   `json:"is_default,omitempty"`
}

// EnvironmentUpdate is the body of PATCH /v1/environments/{id}; absent fields stay as they are.
type EnvironmentUpdate struct {
	Name                  *string         `json:"name,omitempty"`
	DisplayName           *string         `json:"display_name,omitempty"`
	Description           *string         `json:"description,omitempty"`
	Color                 *string         `json:"color,omitempty"`
	IsDefault             *bool           `json:"is_default,omitempty"`
	ObfuscateCustomerData *bool           `json:"obfuscate_customer_data,omitempty"`
	ShowMessageContents   *bool           `json:"show_message_contents,omitempty"`
	DistinctValues        *string         `json:"distinct_values,omitempty"`
	Protected             *bool           `json:"protected,omitempty"`
	Protection            json.RawMessage `json:"protection,omitempty"`
	Logs                  *LogUpdate      `json:"logs,omitempty"`
}

// LogSettings say what is recorded of an environment's calls, and for how long they are kept: Retention is like "30d" or
// "36h0m0s". RecordContent holds where a route does not say otherwise. Cut are the fields that are cut out of what is
// recorded, besides those that always are: names, or paths in JSON such as $.customer.iban.
type LogSettings struct {
	Retention     string   `json:"retention"`
	RecordContent bool     `json:"record_content"`
	Cut           []string `json:"cut"`
}

// LogUpdate changes LogSettings; absent fields stay as they are.
type LogUpdate struct {
	Retention     *string   `json:"retention,omitempty"`
	RecordContent *bool     `json:"record_content,omitempty"`
	Cut           *[]string `json:"cut,omitempty"`
}
