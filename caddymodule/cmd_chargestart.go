package caddymodule

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/caddy-paymentexpress/paymentexpress/payment/charge"
)

// startOptions are the flags of start.
type startOptions struct {
	seen           []string
	any, off, json bool
	wait           bool
}

func startCommand() *cobra.Command {
	var a asker
	var o startOptions
	cmd := &cobra.Command{
		Use:   "start RUN --seen COUNT:AMOUNT:CURRENCY | --any [--handler-off] [--wait] [--json]",
		Short: "Has a previewed run charged",
		Long: `Has the charges of a preview made, by the running Caddy, which goes on without this command.
--seen names what the preview has said, one for each currency; if it is not that any more,
nothing is started. --any starts whatever it comes to, up to confirm_above. Started twice it
is one run.

The first run of a journal also needs --handler-off: you state that Splynx's own charge
handler and automatic charge do not charge these cards too. It is remembered with your name.

With --wait it ends when the run does: with 0 when all was begun, with 1 when the run stands
still or was stopped.

It needs admin_commands all in the paymentexpress block of the global options.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := o.start(cmd.Context(), &a, args[0])
			if err != nil {
				return err
			}
			return o.tell(cmd, r)
		},
	}
	a.flags(cmd)
	f := cmd.Flags()
	f.StringSliceVar(&o.seen, "seen", nil, "What the preview has said: how many, what they come to, the currency")
	f.BoolVar(&o.any, "any", false, "Whatever it comes to, up to confirm_above")
	f.BoolVar(&o.off, "handler-off", false, "State that Splynx's own charge handler and automatic charge are off")
	f.BoolVar(&o.wait, "wait", false, "Wait until the run stands still or has ended")
	f.BoolVar(&o.json, "json", false, "Say it as JSON")
	return cmd
}

func (o startOptions) start(ctx context.Context, a *asker, run string) (r runAnswer, err error) {
	q := startRequest{Any: o.any, HandlerOff: o.off}
	if q.Seen, err = parseSeen(o.seen); err != nil {
		return r, err
	}
	if q.Any == (len(q.Seen) > 0) {
		return r, errors.New("name what the preview has said, such as --seen 12:512.50:NZD, or --any; not both")
	}
	if q.Who, err = person(); err != nil {
		return r, err
	}
	if err := a.ask(http.MethodPost, runPath(run)+"/start", q, &r); err != nil || !o.wait {
		return r, err
	}
	return a.waitFor(ctx, r, func(s charge.State) bool { return s != charge.Running })
}

// tell says how the run is, and ends with 1 where a wait was in vain.
func (o startOptions) tell(cmd *cobra.Command, r runAnswer) error {
	if err := r.print(cmd.OutOrStdout(), o.json); err != nil {
		return err
	}
	if o.wait && r.Run.State != charge.Done {
		cmd.SilenceErrors = true
		return errWrong
	}
	return nil
}

// parseSeen reads COUNT:AMOUNT:CURRENCY, as seenSum writes it.
func parseSeen(list []string) (seen []seenSum, err error) {
	for _, text := range list {
		count, rest, _ := strings.Cut(text, ":")
		amount, code, ok := strings.Cut(rest, ":")
		n, err := strconv.ParseInt(count, 10, 64)
		if err != nil || !ok {
			return nil, fmt.Errorf("--seen %q: want a number of charges, what they come to, and the currency, such as 12:512.50:NZD", text)
		}
		seen = append(seen, seenSum{n, amount, strings.ToUpper(code)})
	}
	return seen, nil
}

func (s seenSum) String() string { return fmt.Sprintf("%d:%s:%s", s.Count, s.Amount, s.Currency) }
