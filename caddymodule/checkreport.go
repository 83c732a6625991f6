package caddymodule

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os/user"
	"strings"

	"github.com/caddyserver/caddy/v2"
)

// checkLevel is how bad a finding is.
type checkLevel string

const (
	levelOK      checkLevel = "ok"
	levelWarn    checkLevel = "warn"
	levelWrong   checkLevel = "WRONG"
	levelSkipped checkLevel = "skipped" // something before it failed
)

// finding is one line of the report.
type finding struct {
	Level checkLevel `json:"level"`
	About string     `json:"about"`
	Found string     `json:"found"`
	Do    string     `json:"do,omitempty"`
}

func good(format string, args ...any) finding {
	return finding{Level: levelOK, Found: fmt.Sprintf(format, args...)}
}

func warned(do, format string, args ...any) finding {
	return finding{Level: levelWarn, Found: fmt.Sprintf(format, args...), Do: do}
}

func wrong(do, format string, args ...any) finding {
	return finding{Level: levelWrong, Found: fmt.Sprintf(format, args...), Do: do}
}

// about names the thing looked at where it is not that of the step.
func (f finding) about(format string, args ...any) finding {
	f.About = fmt.Sprintf(format, args...)
	return f
}

// String is the line of the report.
func (f finding) String() string {
	line := f.About + ": " + f.Found
	if f.Do != "" {
		line += ". To do: " + f.Do
	}
	line = strings.Join(strings.Fields(line), " ") // errors of others may have several lines
	return fmt.Sprintf("%-8s%s", f.Level, line)
}

// checkReport is the whole, for machines.
type checkReport struct {
	User     string    `json:"user"`
	Config   string    `json:"config"`
	Journal  string    `json:"journal,omitempty"`
	Data     string    `json:"data"`
	Findings []finding `json:"findings"`
	Wrong    int       `json:"wrong"`
	Warned   int       `json:"warned"`
	Skipped  int       `json:"skipped"`
}

// runCheck makes all steps and writes what they find as they go.
func runCheck(ctx context.Context, c *checker, w io.Writer) error {
	if ctx == nil {
		ctx = context.Background()
	}
	var r checkReport
	for i, s := range checkSteps() {
		found := c.take(ctx, s)
		if i == 0 {
			r = c.head()
			r.begin(w, c.options.json)
		}
		for _, f := range found {
			r.add(f)
			if !c.options.json {
				fmt.Fprintln(w, f)
			}
		}
	}
	if err := r.end(w, c.options.json); err != nil {
		return err
	}
	if r.Wrong > 0 {
		return errWrong
	}
	return nil
}

// head says what the rest depends on: Caddy usually runs as another user.
func (c *checker) head() checkReport {
	r := checkReport{User: "unknown", Config: c.options.config, Data: caddy.AppDataDir()}
	if u, err := user.Current(); err == nil {
		r.User = fmt.Sprintf("%s (uid %s)", u.Username, u.Uid)
	}
	if c.app != nil {
		r.Journal = c.app.hostKey
	}
	return r
}

func (r *checkReport) begin(w io.Writer, asJSON bool) {
	if asJSON {
		return
	}
	journal := r.Journal
	if journal == "" {
		journal = "not known: the configuration cannot be read"
	}
	fmt.Fprintf(w, "run as:      %s\nconfig:      %s\njournal:     %s\ndata folder: %s\n", r.User, r.Config, journal, r.Data)
	fmt.Fprintf(w, "If Caddy runs as another user, run this as that one too: what it may read and write is looked at as the user above.\n\n")
}

func (r *checkReport) add(f finding) {
	r.Findings = append(r.Findings, f)
	switch f.Level {
	case levelWrong:
		r.Wrong++
	case levelWarn:
		r.Warned++
	case levelSkipped:
		r.Skipped++
	case levelOK:
	}
}

func (r *checkReport) end(w io.Writer, asJSON bool) error {
	if asJSON {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		e.SetEscapeHTML(false)
		return e.Encode(r)
	}
	_, err := fmt.Fprintf(w, "\n%d wrong, %d warned, %d skipped\n", r.Wrong, r.Warned, r.Skipped)
	return err
}
