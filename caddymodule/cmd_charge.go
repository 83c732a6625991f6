package caddymodule

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/caddy-paymentexpress/paymentexpress/payment/charge"
)

func chargeCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "charge",
		Short: "Charges the saved cards of many customers",
		Long: `Charges the saved cards of many customers, in three steps: preview says who would be charged
and how much, and who not and why; start has exactly that charged; status tells how far it is.
The office's pages show the same runs.`,
		Args: cobra.NoArgs,
	}
	cmd.AddCommand(
		previewCommand(), startCommand(), statusCommand(),
		moveCommand("pause", "Has a run begin nothing more", `Has a run begin nothing more until it is resumed. What is under way at Windcave is finished. A
run that is paused for 12 hours waits for a person: then it must be resumed or stopped.`),
		moveCommand("resume", "Has a paused or waiting run go on", `Has a paused or waiting run go on where it was.

It needs admin_commands all in the paymentexpress block of the global options.`),
		moveCommand("stop", "Ends a run", `Ends a run: what is under way at Windcave is finished, and what was not begun is left out for
good. It can also drop a preview. Of a run that was made by itself and could not be planned it
says that somebody has seen it.`),
		keepOutCommand(), letInCommand(), keptOutCommand(),
	)
	return cmd
}

// runPath is where the admin API has a run.
func runPath(id string) string {
	return "charge/runs/" + url.PathEscape(strings.ToUpper(strings.TrimSpace(id)))
}

// lookAgain is how often a command looks at a run that it waits for.
const lookAgain = 300 * time.Millisecond

// waitFor looks at a run until its state is one that was waited for.
func (a *asker) waitFor(ctx context.Context, r runAnswer, done func(charge.State) bool) (runAnswer, error) {
	tick := time.NewTicker(lookAgain)
	defer tick.Stop()
	for !done(r.Run.State) {
		select {
		case <-ctx.Done():
			return r, ctx.Err()
		case <-tick.C:
		}
		var now runAnswer // not into r: what is left out in JSON would stay
		if err := a.ask(http.MethodGet, runPath(string(r.Run.ID)), nil, &now); err != nil {
			return r, err
		}
		r = now
	}
	return r, nil
}

func moveCommand(word, short, long string) *cobra.Command {
	var a asker
	var q moveRequest
	var asJSON bool
	cmd := &cobra.Command{
		Use: word + ` RUN [--reason "…"] [--json]`, Short: short, Long: long,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if q.Who, err = person(); err != nil {
				return err
			}
			var r runAnswer
			if err := a.ask(http.MethodPost, runPath(args[0])+"/"+word, q, &r); err != nil {
				return err
			}
			return r.print(cmd.OutOrStdout(), asJSON)
		},
	}
	a.flags(cmd)
	cmd.Flags().StringVar(&q.Note, "reason", "", "Why, for its history")
	cmd.Flags().BoolVar(&asJSON, "json", false, "Say it as JSON")
	return cmd
}
