package caddymodule

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"text/tabwriter"

	"github.com/spf13/cobra"
)

// listOptions are the flags of list.
type listOptions struct {
	attention, json, fail bool
	states                []string
	kind, since, before   string
	customer, partner     int64
	document              int64
	limit                 int
	after                 string
}

func listCommand() *cobra.Command {
	var a asker
	var o listOptions
	cmd := &cobra.Command{
		Use:   "list [--attention] [--state STATE] [--customer ID] [--since DAY] [--limit N] [--json]",
		Short: "Lists payments, the newest first",
		Long: `Lists the payments in the journal of the running Caddy, the newest first.

With --attention only those that wait for a person, and money that is not booked an hour
after it last moved. SINCE is when a payment last moved, in UTC.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var list listAnswer
			if err := a.ask(http.MethodGet, "payments?"+o.query().Encode(), nil, &list); err != nil {
				return err
			}
			if err := o.print(cmd.OutOrStdout(), list); err != nil {
				return err
			}
			if o.fail && len(list.Payments) > 0 {
				cmd.SilenceErrors = true
				return errWrong
			}
			return nil
		},
	}
	a.flags(cmd)
	f := cmd.Flags()
	f.BoolVar(&o.attention, "attention", false, "Only what needs a person")
	o.filters(cmd)
	f.IntVar(&o.limit, "limit", listDefault, fmt.Sprintf("How many at most, up to %d", listMost))
	f.StringVar(&o.after, "after", "", "Go on below this payment")
	f.BoolVar(&o.json, "json", false, "Say it as JSON")
	f.BoolVar(&o.fail, "fail", false, "End with exit code 1 if there are any")
	return cmd
}

// filters adds what selects payments.
func (o *listOptions) filters(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringSliceVar(&o.states, "state", nil, "Only these states: "+joined(allStates))
	f.StringVar(&o.kind, "kind", "", "Only this kind: "+joined(allKinds))
	f.Int64Var(&o.customer, "customer", 0, "Only of the customer with this id in Splynx")
	f.Int64Var(&o.partner, "partner", 0, "Only of the partner with this id in Splynx")
	f.Int64Var(&o.document, "document", 0, "Only of the document with this id in Splynx")
	f.StringVar(&o.since, "since", "", "Only those that last moved then or later: a day in the provider's zone, or a time such as 2026-11-25T10:58:00Z")
	f.StringVar(&o.before, "before", "", "Only those that last moved before")
}

func (o listOptions) query() url.Values {
	q := url.Values{"limit": {strconv.Itoa(o.limit)}}
	for _, s := range o.states {
		q.Add("state", s)
	}
	if o.attention {
		q.Set("attention", "true")
	}
	for name, id := range map[string]int64{"customer": o.customer, "partner": o.partner, "document": o.document} {
		if id != 0 {
			q.Set(name, strconv.FormatInt(id, 10))
		}
	}
	for name, text := range map[string]string{"kind": o.kind, "since": o.since, "before": o.before, "after": o.after} {
		if text != "" {
			q.Set(name, text)
		}
	}
	return q
}

func (o listOptions) print(w io.Writer, list listAnswer) error {
	if o.json {
		return printJSON(w, list)
	}
	if len(list.Payments) == 0 {
		_, err := fmt.Fprintln(w, o.none())
		return err
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "ID\tSTATE\tWHY\tAMOUNT\tDOCUMENT\tCUSTOMER\tSINCE (UTC)")
	for _, p := range list.Payments {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%d\t%s\n", p.ID, p.State, p.Reason, p.money(), short(plain(p.document())), p.Customer, p.MovedAt.UTC().Format("2006-01-02 15:04"))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	p := printer{w: w}
	if list.Next != "" {
		p.line("")
		p.line("There are more. To see them, repeat it with --after %s, or with a higher --limit.", list.Next)
	}
	if o.attention {
		p.line("")
		p.line("What to do about one: caddy paymentexpress show ID")
	}
	return p.err
}

func (o listOptions) none() string {
	switch {
	case o.after != "":
		return "No payment below that one."
	case o.attention:
		return "Nothing needs a person."
	case len(o.states) > 0 || o.kind+o.since+o.before != "" || o.customer != 0 || o.partner != 0 || o.document != 0:
		return "No such payment."
	}
	return "No payment yet."
}

// short cuts what would make a table wider than a terminal.
func short(s string) string {
	const most = 27
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}
