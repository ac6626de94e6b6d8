package cli

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/lockage/lockage/client"
	"github.com/lockage/lockage/wire"
)

// pushFlags say how far a push goes.
type pushFlags struct {
	commit, planOnly, prune bool
	message                 string
}

func (p *program) push() *cobra.Command {
	var f pushFlags
	cmd := &cobra.Command{
		Use:   "push [FOLDER]",
		Short: "Save the definitions of a folder of YAML files, all or none",
		Long: `Saves each routes/KEY.yaml of the folder (default: the one you are in) as the route's definition, in
one transaction: all of them or, when one is refused, none. What a file does not say is at its
default. With --commit it is live in the first environment at once, as one commit.

A route without a file stays, and with --prune is deleted.

` + scriptCodes + ` Content that is refused is 3, too.`,
		Example: `  lockage push definitions --plan
  lockage push definitions --prune --commit -m "from the repository"`,
		Args:        arguments(1, "FOLDER"),
		Annotations: map[string]string{scripted: "yes"},
		RunE: func(cmd *cobra.Command, args []string) error {
			if cmd.Flags().Changed("message") && !f.commit {
				return misused(cmd, "--message is of a commit: give --commit too")
			}
			if f.commit && f.planOnly {
				return misused(cmd, "--plan only shows: leave --commit out")
			}
			c, err := p.connect()
			if err != nil {
				return err
			}
			return p.pushFrom(cmd.Context(), c, append(args, ".")[0], f)
		},
	}
	fs := cmd.Flags()
	fs.BoolVar(&f.commit, "commit", false, "commit it at once")
	fs.StringVarP(&f.message, "message", "m", "", "a `MESSAGE` for the commit that says why")
	fs.BoolVar(&f.planOnly, "plan", false, "show what it would change, and do nothing")
	fs.BoolVar(&f.prune, "prune", false, "delete routes that have no file")
	p.remote(p.writing(cmd))
	return cmd
}

func (p *program) pushFrom(ctx context.Context, c *client.Client, dir string, f pushFlags) error {
	files, err := readFolder(dir, p.progress("reading"))
	if errors.Is(err, fs.ErrNotExist) {
		return errors.New("there is no folder " + routesFolder + " in there: \"lockage pull\" makes one")
	}
	if err != nil {
		return refusedContent(err)
	}
	body := wire.Push{Plan: f.planOnly}
	if f.commit {
		body.Commit = &f.message
	}
	mine := map[string]bool{}
	for _, file := range files {
		delete(file.content, "key") // the file's name
		raw, err := json.Marshal(file.content)
		if err != nil {
			return err
		}
		mine[file.key] = true
		body.Definitions = append(body.Definitions, wire.PushDefinition{Kind: "route", Key: file.key, Content: raw})
	}
	others, err := p.without(ctx, c, mine)
	if err != nil {
		return err
	}
	for _, key := range others {
		if f.prune {
			body.Definitions = append(body.Definitions, wire.PushDefinition{Kind: "route", Key: key, Delete: true})
		} else {
			p.note("route %s has no file: --prune deletes it", clean(key))
		}
	}
	answer, err := c.Push(ctx, body)
	if err != nil {
		return refusedContent(placed(err, files))
	}
	return p.printPushed(answer, f)
}

// without are the keys of the routes that have no file.
func (p *program) without(ctx context.Context, c *client.Client, mine map[string]bool) ([]string, error) {
	live, err := definitions(ctx, c, "")
	if err != nil {
		return nil, err
	}
	maps.DeleteFunc(live, func(key string, _ content) bool { return mine[key] })
	return slices.Sorted(maps.Keys(live)), nil
}

func (p *program) printPushed(a wire.PushAnswer, f pushFlags) error {
	switch {
	case p.json:
		if err := encode(p.out, a); err != nil {
			return err
		}
	default:
		g := newPage(p.out)
		for _, d := range a.Changes {
			g.change(d.Kind, d.Key, d.Change, d.Edits)
		}
		switch {
		case a.Commit != nil:
			p.printCommit(*a.Commit)
		case len(a.Changes) == 0 && f.commit:
			p.note("nothing to do: the files say what is saved already; \"lockage status\" tells what of it is uncommitted")
		case len(a.Changes) == 0:
			p.note("nothing to do: the files say what is there already")
		case f.planOnly:
			p.note("%s; nothing is saved yet", count(len(a.Changes), "change"))
		default:
			p.note("saved %s; \"lockage commit\" makes what is saved live", count(len(a.Changes), "change"))
		}
	}
	if len(a.Changes) > 0 || a.Commit != nil {
		return &exit{code: exitChanges}
	}
	return nil
}

// pushedField is where the server finds a mistake: the definition's place in the push, and the field in it.
var pushedField = regexp.MustCompile(`^definitions\[(\d+)\](?:\.content)?(?:\.(.*))?$`)

// placed puts the file and the line in the place of the server's path.
func placed(err error, files []*definitionFile) error {
	var refused *client.Error
	if !errors.As(err, &refused) || len(refused.Fields) == 0 {
		return err
	}
	var content contentError
	for _, field := range refused.Fields {
		m := pushedField.FindStringSubmatch(field.Field)
		if m == nil {
			return err
		}
		i, tooLarge := strconv.Atoi(m[1])
		if tooLarge != nil || i >= len(files) {
			return err
		}
		message := field.Message
		if m[2] != "" {
			message = strings.TrimPrefix(m[2], ".") + ": " + message
		}
		content.add(files[i].path, files[i].line(m[2]), message)
	}
	return &content
}
