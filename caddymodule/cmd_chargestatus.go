package caddymodule

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
)

// statusOptions are the flags of status.
type statusOptions struct {
	open, fail, json bool
	limit            int
	after            string
}

func statusCommand() *cobra.Command {
	var a asker
	var o statusOptions
	cmd := &cobra.Command{
		Use:   "status [RUN] [--open] [--fail] [--json]",
		Short: "Tells how far a run is, or lists runs",
		Long: `Tells how far a run is, with its sums and its history; without a run it lists runs, the
newest first.

With --fail it ends with 1 if the run, or one of those listed, waits for a person: it stands
still, or was made by itself and could not be planned.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			still, err := o.say(cmd.OutOrStdout(), &a, strings.Join(args, ""))
			if err == nil && o.fail && still {
				cmd.SilenceErrors = true
				return errWrong
			}
			return err
		},
	}
	a.flags(cmd)
	f := cmd.Flags()
	f.BoolVar(&o.open, "open", false, "Only runs that were started and have not ended")
	f.IntVar(&o.limit, "limit", 20, fmt.Sprintf("How many at most, up to %d", runsMost))
	f.StringVar(&o.after, "after", "", "Go on below this run")
	f.BoolVar(&o.fail, "fail", false, "End with exit code 1 if one waits for a person")
	f.BoolVar(&o.json, "json", false, "Say it as JSON")
	return cmd
}

// say tells of one run, or of all, and whether one stands still.
func (o statusOptions) say(w io.Writer, a *asker, run string) (still bool, err error) {
	if run != "" {
		var r runAnswer
		if err := a.ask(http.MethodGet, runPath(run), nil, &r); err != nil {
			return false, err
		}
		return r.Run.stands(), r.print(w, o.json)
	}
	q := url.Values{"limit": {strconv.Itoa(o.limit)}, "open": {strconv.FormatBool(o.open)}}
	if o.after != "" {
		q.Set("after", o.after)
	}
	var list runsAnswer
	if err := a.ask(http.MethodGet, "charge/runs?"+q.Encode(), nil, &list); err != nil {
		return false, err
	}
	return slices.ContainsFunc(list.Runs, func(b runBrief) bool { return b.Run.stands() }), list.print(w, o.json)
}

func (l runsAnswer) print(w io.Writer, asJSON bool) error {
	if asJSON {
		return printJSON(w, l)
	}
	return l.table(w)
}
