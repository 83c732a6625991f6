package caddymodule

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"

	"github.com/caddyserver/caddy/v2"
	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"github.com/caddy-paymentexpress/paymentexpress/payment/journal"
)

func journalCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "journal",
		Short: "Backs the journal up, puts a backup back, accepts one that does not know everything",
		Args:  cobra.NoArgs,
	}
	cmd.AddCommand(backupCommand(), restoreCommand(), acceptCommand())
	return cmd
}

func backupCommand() *cobra.Command {
	var a asker
	cmd := &cobra.Command{
		Use:   "backup FILE",
		Short: "Has the running Caddy write a copy of its journal into a new file",
		Long: `Has the running Caddy write its journal, as it stands at one moment, into a new file. Payments
go on meanwhile.

FILE is made by Caddy: on its machine or in its container, as its user, who must be able to
write there. Under systemd with PrivateTmp, /tmp is another folder than yours. The file holds
keys, like the journal: nobody but its owner can read it.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			file, err := filepath.Abs(args[0])
			if err != nil {
				return err
			}
			var made backupAnswer
			if err := a.ask(http.MethodPost, "journal/backup", backupRequest{file}, &made); err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "The journal stands in %s, %s.\n", made.File, humanize.IBytes(uint64(made.Bytes)))
			return err
		},
	}
	a.flags(cmd)
	return cmd
}

func acceptCommand() *cobra.Command {
	var a asker
	cmd := &cobra.Command{
		Use:   "accept",
		Short: "Takes the journal for the right one though Splynx has payments that it does not know",
		Long: `After a journal was lost or an old one was put back, Splynx may have payments of ours that
the journal does not know; caddy paymentexpress health says so. If the right journal is still
to be had, put it back. Else accept this one: what is not known up to now does not count any
more.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			who, err := person()
			if err != nil {
				return err
			}
			var done acceptAnswer
			if err := a.ask(http.MethodPost, "journal/accept", acceptRequest{who}, &done); err != nil {
				return err
			}
			return done.print(cmd.OutOrStdout())
		},
	}
	a.flags(cmd)
	return cmd
}

func (d acceptAnswer) print(w io.Writer) error {
	if d.Accepted == 0 {
		_, err := fmt.Fprintln(w, "There is nothing to accept: Splynx has no payment of ours that the journal does not know.")
		return err
	}
	_, err := fmt.Fprintf(w, "Accepted: %s that the journal does not know, up to the id %d in Splynx.\n", counted(d.Accepted, "payment", "payments"), d.UpTo)
	return err
}

func restoreCommand() *cobra.Command {
	var config, adapter, path string
	cmd := &cobra.Command{
		Use:   "restore FILE --config CADDYFILE | --journal PATH",
		Short: "Puts a backup in the place of the journal, with Caddy stopped",
		Long: `Puts a backup in the place of the journal. Caddy must be stopped. The journal that is there is
kept under another name, and the backup is only read. Run it as Caddy's user, so that the file
is Caddy's.

At the next start the journal is compared with Splynx and Windcave before any payment starts:
what was paid after the backup is not charged again.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			path, err := journalOf(path, config, adapter)
			if err != nil {
				return err
			}
			done, err := journal.Restore(cmd.Context(), args[0], path)
			if err != nil {
				return err
			}
			return printRestored(cmd.OutOrStdout(), args[0], path, done)
		},
	}
	f := cmd.Flags()
	f.StringVarP(&config, "config", "c", "", "Configuration file to read the journal's place from")
	f.StringVarP(&adapter, "adapter", "a", "", "Name of the config adapter")
	f.StringVar(&path, "journal", "", "The journal's place")
	cmd.MarkFlagsMutuallyExclusive("config", "journal")
	cmd.MarkFlagsOneRequired("config", "journal")
	return cmd
}

// journalOf is the journal's place, as named or as the configuration says. No secret is needed
// for it.
func journalOf(path, config, adapter string) (string, error) {
	if path != "" {
		return filepath.Abs(path)
	}
	text, err := loadQuietly(config, adapter)
	if err != nil {
		return "", err
	}
	var c caddy.Config
	if err := json.Unmarshal(text, &c); err != nil {
		return "", fmt.Errorf("%s: %w", config, err)
	}
	raw := c.AppsRaw["paymentexpress"]
	if raw == nil {
		return "", fmt.Errorf("%s has no paymentexpress block in its global options; name the journal with --journal", config)
	}
	var a App
	if err := json.Unmarshal(raw, &a); err != nil {
		return "", fmt.Errorf("%s: %w", config, err)
	}
	if a.Journal.Path != "" {
		if a.journal, err = a.resolve("journal", a.Journal.Path); err != nil {
			return "", fmt.Errorf("%s: %w; name the journal with --journal", config, err)
		}
	}
	return a.journalPath()
}

// printRestored says what was kept, and what comes next.
func printRestored(w io.Writer, from, path string, done journal.Restored) error {
	p := &printer{w: w}
	p.line("The journal %s is the backup %s now.", path, from)
	newest := ""
	if !done.Newest.IsZero() {
		newest = "; the last move in it was at " + utc(done.Newest)
	}
	p.line("It has %s%s.", counted(int(done.Payments), "payment", "payments"), newest)
	if done.Aside == "" {
		p.line("There was none before.")
	} else {
		p.line("The one that was there is kept as %s.", done.Aside)
	}
	if owner, caddys := owners(path); owner != caddys {
		p.folded(0, "", fmt.Sprintf("It belongs to %s, its folder to %s. If Caddy runs as %s: chown %s %s %s.lock", owner, caddys, caddys, caddys, path, path))
	}
	p.line("")
	p.folded(0, "", "At the next start it is compared with Splynx and Windcave; no payment starts before that is through, and what was paid after the backup is not charged again. Start Caddy, then look at: caddy paymentexpress health")
	return p.err
}

// owners are whom the journal and its folder belong to; the same where it cannot be told.
func owners(path string) (file, folder string) {
	f, err1 := os.Stat(path)
	d, err2 := os.Stat(filepath.Dir(path))
	if errors.Join(err1, err2) != nil {
		return "", ""
	}
	return ownerOf(f), ownerOf(d)
}
