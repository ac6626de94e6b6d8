package cli

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/lockage/lockage/client"
	"github.com/lockage/lockage/wire"
)

const (
	testWait  = 30 * time.Second // for what becomes of a test
	testAgain = 200 * time.Millisecond
)

func (p *program) alertTest() *cobra.Command {
	return &cobra.Command{
		Use: "test ID", Short: "Send every receiver a test, and tell what became of it", Args: arguments(0, "ID"),
		Long: `Sends every receiver of an alert a message that says it is a test, and waits until each one has
taken it or an attempt has failed. What failed for now is tried again; alerts history tells how it went on.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := p.connect()
			if err != nil {
				return err
			}
			e, err := c.TestAlert(cmd.Context(), args[0])
			if err == nil {
				e, err = attempted(cmd.Context(), c, args[0], e)
			}
			switch {
			case err != nil:
				return err
			case p.json:
				err = encode(p.out, e)
			default:
				err = printList(p, e.Deliveries, nil, deliveryColumns())
			}
			if err == nil && slices.ContainsFunc(e.Deliveries, func(d wire.AlertDelivery) bool { return d.State != "delivered" }) {
				return &exit{code: exitFailure}
			}
			return err
		},
	}
}

// attempted waits until each message of an event was tried, or for a while.
func attempted(ctx context.Context, c *client.Client, id string, e wire.AlertEvent) (wire.AlertEvent, error) {
	tried := func() bool {
		for _, d := range e.Deliveries {
			if d.State == "pending" && d.Error == "" {
				return false
			}
		}
		return true
	}
	ctx, cancel := context.WithTimeout(ctx, testWait)
	defer cancel()
	again := time.NewTicker(testAgain)
	defer again.Stop()
	for !tried() {
		select {
		case <-ctx.Done():
			return e, nil // what is known
		case <-again.C:
		}
		list, _, err := c.ListAlertHistory(ctx, id, client.Page{})
		if ctx.Err() != nil {
			return e, nil
		}
		if err != nil {
			return e, err
		}
		for _, found := range list {
			if found.ID == e.ID {
				e = found
			}
		}
	}
	return e, nil
}

func (p *program) alertHistory() *cobra.Command {
	var limit int
	cmd := &cobra.Command{
		Use: "history ID", Short: "List when an alert fired, and what became of its messages, newest first", Args: arguments(0, "ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if limit < 0 {
				return misused(cmd, "--limit cannot be negative; 0 is no limit")
			}
			c, err := p.connect()
			if err != nil {
				return err
			}
			list, err := collect(c.AlertHistory(cmd.Context(), args[0]), limit)
			return printList(p, list, err, historyColumns())
		},
	}
	cmd.Flags().IntVar(&limit, "limit", 50, "at most this `NUMBER`; 0 is no limit")
	return cmd
}

func alertColumns() []column[wire.Alert] {
	return []column[wire.Alert]{
		{head: "id", cell: func(a wire.Alert) string { return a.ID }},
		{head: "environment", cell: func(a wire.Alert) string { return a.Environment }},
		{head: "name", cell: func(a wire.Alert) string { return a.Name }},
		{head: "kind", cell: func(a wire.Alert) string { return a.Kind }},
		{head: "route", cell: func(a wire.Alert) string { return cmp.Or(a.Route, "all") }},
		{head: "threshold", cell: func(a wire.Alert) string { return number(a.Threshold) }},
		{head: "state", cell: func(a wire.Alert) string {
			if !a.Active {
				return "off"
			}
			return a.State
		}},
		{head: "since", cell: func(a wire.Alert) string { return at(a.Since, "") }},
		{head: "value", cell: func(a wire.Alert) string { return number(a.Value) }},
		{head: "looked at", single: true, cell: func(a wire.Alert) string { return at(a.LookedAt, "never") }},
		{head: "window", single: true, cell: func(a wire.Alert) string { return a.Window }},
		{head: "minimum calls", single: true, cell: func(a wire.Alert) string { return strconv.FormatInt(a.MinimumCalls, 10) }},
		{head: "quiet", single: true, cell: func(a wire.Alert) string { return a.Quiet }},
		{head: "to", single: true, cell: func(a wire.Alert) string {
			lines := make([]string, len(a.To))
			for i, t := range a.To {
				lines[i] = t.ID + "  " + t.Email + t.Webhook
			}
			return strings.Join(lines, "\n")
		}},
		{head: "keys", single: true, cell: func(a wire.Alert) string {
			var lines []string
			for _, t := range a.To {
				if t.Key != "" {
					lines = append(lines, t.ID+"  "+t.Key)
				}
			}
			return strings.Join(lines, "\n")
		}},
		{head: "created", single: true, cell: func(a wire.Alert) string { return at(a.CreatedAt, "") + " by " + a.CreatedBy }},
	}
}

func number(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

func deliveryColumns() []column[wire.AlertDelivery] {
	return []column[wire.AlertDelivery]{
		{head: "to", cell: func(d wire.AlertDelivery) string { return d.To }},
		{head: "state", cell: func(d wire.AlertDelivery) string { return d.State }},
		{head: "attempts", cell: func(d wire.AlertDelivery) string { return strconv.FormatInt(d.Attempts, 10) }},
		{head: "error", cell: func(d wire.AlertDelivery) string { return d.Error }},
		{head: "next attempt", cell: func(d wire.AlertDelivery) string { return at(d.NextAt, "") }},
	}
}

func historyColumns() []column[wire.AlertEvent] {
	return []column[wire.AlertEvent]{
		{head: "started", cell: func(e wire.AlertEvent) string { return at(e.StartedAt, "") }},
		{head: "ended", cell: func(e wire.AlertEvent) string { return at(e.EndedAt, "") }},
		{head: "state", cell: func(e wire.AlertEvent) string { return e.State }},
		{head: "value", cell: func(e wire.AlertEvent) string { return number(e.Value) }},
		{head: "details", cell: func(e wire.AlertEvent) string { return strings.Join(e.Details, "; ") }},
		{head: "messages", cell: messages},
	}
}

// messages says what became of those of an event: how many, and why some failed.
func messages(e wire.AlertEvent) string {
	count := map[string]int{}
	for _, d := range e.Deliveries {
		count[d.State]++
	}
	var parts []string
	for _, state := range []string{"delivered", "pending", "failed"} {
		if count[state] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", count[state], state))
		}
	}
	for _, d := range e.Deliveries {
		if d.Error != "" {
			parts = append(parts, d.To+": "+d.Error)
		}
	}
	return cmp.Or(strings.Join(parts, ", "), "none: it was the quiet time")
}
