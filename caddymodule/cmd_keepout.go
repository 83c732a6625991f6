package caddymodule

import (
	"fmt"
	"io"
	"net/http"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/caddy-paymentexpress/paymentexpress/payment/charge"
)

func keepOutCommand() *cobra.Command {
	cmd, q := keepingCommand("keep-out", "Keeps a customer or a partner out of charge runs", `Keeps a customer, or all customers of a partner, out of charge runs until they are let in
again; runs that are under way leave them out too. With --automatic they are kept out only
of runs that a schedule or the retry plan has made. Who is kept out already is so in the new
way from then on. What is charged one by one, the customers' own payments and payment links
go on.

From all runs to automatic ones only needs admin_commands all in the paymentexpress block of
the global options; the rest does not.`)
	cmd.Flags().BoolVar(&q.Automatic, "automatic", false, "Only out of runs that a schedule or the retry plan has made")
	return cmd
}

func letInCommand() *cobra.Command {
	cmd, _ := keepingCommand("let-in", "Lets a customer or a partner into charge runs again", `Has charge runs charge a customer, or the customers of a partner, again. A customer of a
partner that is kept out stays out with it.

It needs admin_commands all in the paymentexpress block of the global options.`)
	return cmd
}

// keepingCommand keeps out or lets in, and says how they stand then.
func keepingCommand(word, short, long string) (*cobra.Command, *keepRequest) {
	var a asker
	q := new(keepRequest)
	cmd := &cobra.Command{
		Use: word + ` customer|partner ID --reason "…"`, Short: short, Long: long,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if err := q.name(args[0], args[1]); err != nil {
				return err
			}
			if q.Who == "" {
				if q.Who, err = person(); err != nil {
					return err
				}
			}
			var list keptAnswer
			if err := a.ask(http.MethodPost, "charge/"+word, q, &list); err != nil {
				return err
			}
			return q.print(cmd.OutOrStdout(), list)
		},
	}
	a.flags(cmd)
	cmd.Flags().StringVar(&q.Reason, "reason", "", "Why, for the list and the log")
	cmd.Flags().StringVar(&q.Who, "by", "", "Who does it, for the list and the log; default: your user name")
	_ = cmd.MarkFlagRequired("reason") // it is there
	return cmd, q
}

// name reads whom the command is about.
func (q *keepRequest) name(kind, id string) (err error) {
	q.Kind = charge.KeptKind(kind)
	if q.ID, err = strconv.ParseInt(id, 10, 64); err != nil || q.ID < 1 || q.Kind != charge.KeptCustomer && q.Kind != charge.KeptPartner {
		return fmt.Errorf("%s %q: want customer or partner, then the id in Splynx, which is a number", kind, id)
	}
	return nil
}

func (q *keepRequest) print(w io.Writer, list keptAnswer) error {
	p := &printer{w: w}
	if k := list.of(q.Kind, q.ID); k != nil {
		p.kept(*k)
	} else {
		p.line("The %s %d is not kept out of charge runs any more.", q.Kind, q.ID)
	}
	return p.err
}

// kept says how somebody is kept out.
func (p *printer) kept(k charge.Keeping) {
	runs := "all runs"
	if k.Automatic {
		runs = "automatic runs only"
	}
	p.folded(0, "", fmt.Sprintf("%s %d: out of %s since %s, by %s", k.Kind, k.ID, runs, utc(k.At), k.Who))
	p.folded(4, "", k.Reason)
}

func keptOutCommand() *cobra.Command {
	var a asker
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "kept-out [--json]",
		Short: "Lists who is kept out of charge runs",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var list keptAnswer
			if err := a.ask(http.MethodGet, "charge/kept-out", nil, &list); err != nil {
				return err
			}
			return list.print(cmd.OutOrStdout(), asJSON)
		},
	}
	a.flags(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "Say it as JSON")
	return cmd
}

func (a keptAnswer) print(w io.Writer, asJSON bool) error {
	if asJSON {
		return printJSON(w, a)
	}
	if len(a.Kept) == 0 {
		_, err := fmt.Fprintln(w, "Nobody is kept out of charge runs.")
		return err
	}
	p := &printer{w: w}
	for _, k := range a.Kept {
		p.kept(k)
	}
	return p.err
}
