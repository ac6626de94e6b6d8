package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/lockage/lockage/client"
	"github.com/lockage/lockage/wire"
)

// protectionFlags say what a protected environment asks for.
type protectionFlags struct {
	protected  bool
	approvals  int
	freezeFile string
}

func (f *protectionFlags) register(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.BoolVar(&f.protected, "protected", false, "only owners and admins promote into it and roll it back")
	fs.IntVar(&f.approvals, "approvals", 0, "the `NUMBER` of others who must approve a promotion into it")
	fs.StringVar(&f.freezeFile, "freeze-file", "",
		"a .yaml or .json `FILE` with the list of its freeze windows, or - for standard input; an empty list ends them")
}

// protection is the part of an environment's form that these flags set. What only one of them says leaves the other as
// it stands.
func (p *program) protection(cmd *cobra.Command, c *client.Client, ref string, f *protectionFlags) (json.RawMessage, error) {
	approvals, windows := cmd.Flags().Changed("approvals"), cmd.Flags().Changed("freeze-file")
	if !approvals && !windows {
		return nil, nil
	}
	fields := map[string]json.RawMessage{}
	if !approvals || !windows {
		e, err := c.GetEnvironment(cmd.Context(), ref)
		if err != nil {
			return nil, err
		}
		if len(e.Protection) > 0 && json.Unmarshal(e.Protection, &fields) != nil {
			return nil, errors.New("the server tells the environment's protection in a form this program does not know")
		}
		if fields == nil { // it was null
			fields = map[string]json.RawMessage{}
		}
	}
	if approvals {
		fields["approvals"] = fmt.Appendf(nil, "%d", f.approvals)
	}
	if windows {
		list, err := p.windows(cmd, f.freezeFile)
		if err != nil {
			return nil, err
		}
		fields["freeze"] = list
	}
	return json.Marshal(fields)
}

// windows reads a file of windows: a list, or an object with the list in "freeze" as the API tells it.
func (p *program) windows(cmd *cobra.Command, file string) (json.RawMessage, error) {
	body, err := p.readBody(cmd, "freeze-file", file)
	if err != nil {
		return nil, err
	}
	var object map[string]json.RawMessage
	if json.Unmarshal(body, &object) == nil {
		if list, has := object["freeze"]; has && len(object) == 1 {
			return list, nil
		}
		return nil, errors.New("the file must hold a list of windows, or an object with only \"freeze\"")
	}
	return body, nil
}

// protectionLine words a protection for people.
func protectionLine(e wire.Environment) string {
	var of struct {
		Approvals int `json:"approvals"`
		Freeze    []struct {
			Start  string `json:"start"`
			End    string `json:"end"`
			Reason string `json:"reason"`
			Weekly *struct {
				Days     []string `json:"days"`
				From     string   `json:"from"`
				To       string   `json:"to"`
				TimeZone string   `json:"time_zone"`
			} `json:"weekly"`
		} `json:"freeze"`
	}
	if len(e.Protection) == 0 || json.Unmarshal(e.Protection, &of) != nil {
		return "none"
	}
	lines := []string{count(of.Approvals, "approval")}
	for _, w := range of.Freeze {
		when := "from " + w.Start + " to " + w.End
		if w.Weekly != nil {
			when = strings.Join(w.Weekly.Days, ", ") + " " + w.Weekly.From + " to " + w.Weekly.To
			if w.Weekly.TimeZone != "" {
				when += " " + w.Weekly.TimeZone
			}
		}
		lines = append(lines, "frozen "+when+": "+w.Reason)
	}
	return strings.Join(lines, "\n")
}

// holdLine words a hold for people.
func holdLine(e wire.Environment) string {
	if e.Hold == nil {
		return "no"
	}
	return "since " + at(e.Hold.At, "?") + " by " + e.Hold.By + ": " + e.Hold.Reason
}
