package caddymodule

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"

	"github.com/spf13/cobra"
)

func exportCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Writes payments, or the charges of a run, as CSV",
		Args:  cobra.NoArgs,
	}
	cmd.AddCommand(exportPaymentsCommand(), exportRunCommand())
	return cmd
}

// exporter asks for rows and writes them as they come.
type exporter struct {
	asker
	file string
	json bool
}

func (x *exporter) flags(cmd *cobra.Command) {
	x.asker.flags(cmd)
	cmd.Flags().StringVarP(&x.file, "output", "o", "", "Write a new file that only you can read, in place of the terminal")
	cmd.Flags().BoolVar(&x.json, "json", false, "One JSON object in each line, in place of CSV")
}

const exportLong = `

Cells that a spreadsheet would take for a formula begin with an apostrophe. Times are in UTC.
Names are not told. Who wrote an export is kept in the journal.`

func exportPaymentsCommand() *cobra.Command {
	var x exporter
	var o listOptions
	cmd := &cobra.Command{
		Use:   "payments [--state STATE] [--since DAY] [--before DAY] [--output FILE] [--json]",
		Short: "Writes payments as CSV, the newest first",
		Long:  "Writes the payments in the journal of the running Caddy as CSV, the newest first." + exportLong,
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			q := o.query()
			q.Del("limit")
			return x.export(cmd.OutOrStdout(), "export/payments?"+q.Encode())
		},
	}
	x.flags(cmd)
	o.filters(cmd)
	return cmd
}

func exportRunCommand() *cobra.Command {
	var x exporter
	var state string
	var customer int64
	cmd := &cobra.Command{
		Use:   "run RUN [--state STATE] [--customer ID] [--output FILE] [--json]",
		Short: "Writes the charges of a run as CSV: its result file",
		Long:  "Writes each charge of a run as CSV, planned, left out or begun, in the order of the plan." + exportLong,
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			q := url.Values{}
			if state != "" {
				q.Set("state", state)
			}
			if customer != 0 {
				q.Set("customer", strconv.FormatInt(customer, 10))
			}
			path := "export/runs/" + runPath(args[0])[len("charge/runs/"):]
			return x.export(cmd.OutOrStdout(), path+"?"+q.Encode())
		},
	}
	x.flags(cmd)
	cmd.Flags().StringVar(&state, "state", "", "Only charges in this state, such as declined or left_out")
	cmd.Flags().Int64Var(&customer, "customer", 0, "Only of the customer with this id in Splynx")
	return cmd
}

func (x *exporter) export(w io.Writer, path string) (err error) {
	q := exportRequest{Format: "csv"}
	if x.json {
		q.Format = "json"
	}
	if q.Who, err = person(); err != nil {
		return err
	}
	return x.stream(path, q, func(body io.Reader) error {
		if x.file == "" {
			return copied(w, body)
		}
		f, err := os.OpenFile(x.file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return err
		}
		if err := errors.Join(copied(f, body), f.Sync(), f.Close()); err != nil {
			return errors.Join(err, os.Remove(x.file))
		}
		_, err = fmt.Fprintf(w, "Written: %s\n", x.file)
		return err
	})
}

// copied tells what was cut off from what is whole.
func copied(w io.Writer, body io.Reader) error {
	out := bufio.NewWriter(w)
	_, err := io.Copy(out, body)
	if err != nil {
		err = fmt.Errorf("the export is not whole, Caddy has ended it before its end; look at its log: %w", err)
	}
	return errors.Join(err, out.Flush())
}

func recheckCommand() *cobra.Command {
	var a asker
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "recheck ID [--json]",
		Short: "Has Windcave asked, or Splynx tried, at once",
		Long: `Has the running Caddy look at once at a payment whose outcome is not known, or that is approved
and not in Splynx yet. It does so by itself anyhow, with growing pauses; nothing is sent twice.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			var q whoRequest
			if q.Who, err = person(); err != nil {
				return err
			}
			var d detailAnswer
			if err := a.ask(http.MethodPost, paymentPath(args[0])+"/recheck", q, &d); err != nil {
				return err
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), d)
			}
			p := &printer{w: cmd.OutOrStdout()}
			p.rechecked(d.Payment)
			return p.err
		},
	}
	a.flags(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "Say it as JSON")
	return cmd
}

func (p *printer) rechecked(v paymentView) {
	p.folded(0, "", fmt.Sprintf("Payment %s, %s, is %s and looked at now. What has come of it, in a moment: caddy paymentexpress show %s", v.ID, v.money(), v.State, v.ID))
}
