package caddymodule

import (
	"cmp"
	"fmt"
	"io"
	"net/http"

	"github.com/spf13/cobra"
)

func guestsCommand() *cobra.Command {
	cmd := guestsStatusCommand("guests [status|close|open]", "Says whether payment links take new payments, closes and opens them")
	cmd.AddCommand(guestsStatusCommand("status", "Says whether payment links take new payments"), guestsCloseCommand(), guestsOpenCommand())
	return cmd
}

func guestsStatusCommand(use, short string) *cobra.Command {
	var a asker
	var asJSON bool
	cmd := &cobra.Command{
		Use:   use,
		Short: short,
		Long: `Payment links close by themselves for an hour when too many payments of guests were declined
within an hour: somebody may be trying out cards. What is open, receipts and the portal go on.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var g guestsAnswer
			if err := a.ask(http.MethodGet, "guests", nil, &g); err != nil {
				return err
			}
			return g.print(cmd.OutOrStdout(), asJSON)
		},
	}
	a.flags(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "Say it as JSON")
	return cmd
}

func guestsCloseCommand() *cobra.Command {
	var a asker
	var q closeRequest
	cmd := &cobra.Command{
		Use:   `close [--for 2h] [--reason "…"]`,
		Short: "Closes payment links to new payments for a while",
		Long: `Closes payment links to new payments; what is open goes on, and customers can pay in the
portal. Closing them again sets the time anew.

It needs admin_commands all in the paymentexpress block of the global options.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if q.Who, err = person(); err != nil {
				return err
			}
			return a.tellGuests(cmd.OutOrStdout(), "guests/close", q)
		},
	}
	a.flags(cmd)
	cmd.Flags().StringVar(&q.For, "for", "1h", "How long, such as 30m or 24h")
	cmd.Flags().StringVar(&q.Reason, "reason", "", "Why, for whoever asks; payers are not told")
	return cmd
}

func guestsOpenCommand() *cobra.Command {
	var a asker
	cmd := &cobra.Command{
		Use:   "open",
		Short: "Opens payment links again",
		Long: `Opens payment links to new payments. Declines of before do not close them again.

It needs admin_commands all in the paymentexpress block of the global options.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			who, err := person()
			if err != nil {
				return err
			}
			return a.tellGuests(cmd.OutOrStdout(), "guests/open", whoRequest{who})
		},
	}
	a.flags(cmd)
	return cmd
}

// tellGuests has links closed or opened, and says how they are then.
func (a *asker) tellGuests(w io.Writer, path string, question any) error {
	var g guestsAnswer
	if err := a.ask(http.MethodPost, path, question, &g); err != nil {
		return err
	}
	return g.print(w, false)
}

func (g guestsAnswer) print(w io.Writer, asJSON bool) error {
	if asJSON {
		return printJSON(w, g)
	}
	p := &printer{w: w}
	p.folded(0, "", "Payment links are "+g.words()+".")
	return p.err
}

// words say how payment links are.
func (g guestsAnswer) words() string {
	if !g.Closed {
		return "open"
	}
	text := fmt.Sprintf("closed until %s, by %s since %s", utc(g.Until), cmp.Or(g.Who, "itself"), utc(g.Since))
	if g.Why != "" {
		text += ": " + g.Why
	}
	return text
}
