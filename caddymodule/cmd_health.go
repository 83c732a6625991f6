package caddymodule

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"github.com/caddy-paymentexpress/paymentexpress/internal/upstream"
)

func healthCommand() *cobra.Command {
	var a asker
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "health [--json]",
		Short: "Says how the running Caddy is doing with payments",
		Long: `Says whether the journal is open, Splynx and Windcave answer, and no money is stuck. It
ends with 0 when all is well, else with 1.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			h, err := a.health()
			if err != nil {
				return err
			}
			if err := h.print(cmd.OutOrStdout(), asJSON); err != nil {
				return err
			}
			if !h.Well {
				cmd.SilenceErrors = true
				return errWrong
			}
			return nil
		},
	}
	a.flags(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "Say it as JSON")
	return cmd
}

// health asks how it is; a 503 tells too.
func (a *asker) health() (h health, err error) {
	err = a.ask(http.MethodGet, "health", nil, &h)
	var r *refused
	if errors.As(err, &r) && json.Unmarshal(r.body, &h) == nil && len(h.Problems) > 0 {
		return h, nil
	}
	return h, err
}

func (h health) print(w io.Writer, asJSON bool) error {
	if asJSON {
		return printJSON(w, h)
	}
	p := &printer{w: w}
	if h.Well {
		p.line("All is well.")
		if h.Payments != nil && h.Payments.Parked > 0 {
			p.line("But %s for a person: caddy paymentexpress list --attention", counted(h.Payments.Parked, "payment waits", "payments wait"))
		}
	}
	for _, problem := range h.Problems {
		p.folded(2, "!", problem)
	}
	p.line("")
	field := func(name, format string, args ...any) { p.folded(12, name, fmt.Sprintf(format, args...)) }
	field("journal", "%s", h.Journal.words())
	if h.Payments != nil {
		field("payments", "%s", h.Payments.words())
	}
	if len(h.Runs) > 0 {
		field("charging", "%s", runWords(h.Runs))
	}
	if h.Guests != nil {
		field("links", "%s", h.Guests.words())
	}
	field("Splynx", "%s", gateWords(h.Splynx))
	field("Windcave", "%s, %s", gateWords(h.Windcave), h.Configuration.Endpoint)
	field("settings", "%s", h.Configuration.words())
	return p.err
}

func (j healthJournal) words() string {
	parts := []string{j.Path + ", not open"}
	if j.Open {
		parts = []string{j.Path + ", open"}
	}
	if j.Fresh {
		parts = append(parts, "made anew at this start")
	}
	if j.Free != nil {
		parts = append(parts, humanize.IBytes(*j.Free)+" free")
	}
	if j.JournalHealth != nil && j.Compared {
		parts = append(parts, "compared with Splynx "+utc(j.ComparedAt))
	}
	if j.JournalHealth != nil && j.Accepted != nil {
		parts = append(parts, "accepted by "+j.Accepted.Who+" "+utc(j.Accepted.At))
	}
	return strings.Join(parts, ", ")
}

func (n healthPayments) words() string {
	var parts []string
	for _, s := range allStates {
		if count := n.Unfinished[s]; count > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", count, s))
		}
	}
	text := cmp.Or(strings.Join(parts, ", "), "none unfinished")
	if n.Unjudged > 0 {
		text += fmt.Sprintf("; %s to be judged", counted(n.Unjudged, "result waits", "results wait"))
	}
	if n.Oldest != nil {
		text += fmt.Sprintf("; oldest money %s, %s %s, since %s", n.Oldest.Payment, n.Oldest.Amount, n.Oldest.Currency, utc(n.Oldest.Since))
	}
	return text
}

func gateWords(s upstream.State) string {
	last := "no call has failed"
	if !s.LastFailure.IsZero() {
		last = "last failure " + utc(s.LastFailure)
	}
	switch s.Gate {
	case "open":
		return "does not answer and is left alone for a moment, " + last
	case "half-open":
		return "did not answer; the next call tries, " + last
	}
	return "calls pass, " + last
}

func (c healthConfiguration) words() string {
	text := c.PublicURL + ", admin_commands " + c.AdminCommands
	for _, partner := range c.WithoutPxPost {
		if partner == 0 {
			text += ", no pxpost"
			continue
		}
		text += fmt.Sprintf(", no pxpost for partner %d", partner)
	}
	return text
}
