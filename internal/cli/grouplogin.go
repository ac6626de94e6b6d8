package cli

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/lockage/lockage/wire"
)

// groupLogin reads the flags of the login provider; nil where none is given. The groups are in the order in which they are
// first named. The server knows the roles.
func groupLogin(cmd *cobra.Command, groups []string, only *bool) (*wire.GroupLoginUpdate, error) {
	l := &wire.GroupLoginUpdate{Only: only}
	if cmd.Flags().Changed("group") {
		l.Groups = &[]wire.GroupGrants{}
	}
	place := map[string]int{}
	for _, text := range groups {
		if text == "" {
			continue
		}
		i := strings.LastIndexByte(text, '=') // the name of a group may have one
		environment, role, ok := strings.Cut(text[i+1:], ":")
		if i <= 0 || !ok {
			return nil, misused(cmd, "--group looks like 'engineers=staging:developer'")
		}
		at, there := place[text[:i]]
		if !there {
			at = len(*l.Groups)
			place[text[:i]] = at
			*l.Groups = append(*l.Groups, wire.GroupGrants{Group: text[:i]})
		}
		(*l.Groups)[at].Grants = append((*l.Groups)[at].Grants, wire.Grant{Environment: environment, Role: role})
	}
	if l.Groups == nil && l.Only == nil {
		return nil, nil //nolint:nilnil // as documented
	}
	return l, nil
}

func groupLines(a wire.Account) string {
	var lines []string
	for _, g := range a.OIDC.Groups {
		for _, grant := range g.Grants {
			lines = append(lines, g.Group+"="+grant.Environment+":"+grant.Role)
		}
	}
	return strings.Join(lines, "\n")
}
