package office

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"
)

// SettingsTable is what is in force, for a page that only shows it. No value is a secret.
type SettingsTable struct {
	Partners []int64 // those with settings of their own; each is a column behind that of all others
	Groups   []SettingsGroup
}

// SettingsGroup are settings that belong together.
type SettingsGroup struct {
	Name string
	Rows []SettingsRow
}

// Apart tells that partners can have settings of their own in it.
func (g SettingsGroup) Apart() bool { return len(g.Rows) > 0 && len(g.Rows[0].Cells) > 1 }

// SettingsRow is one setting.
type SettingsRow struct {
	Name  string         // as the configuration has it
	From  string         // where the value for all comes from: "Caddyfile", "default", "Splynx"
	Cells []SettingsCell // one for all or, behind it, one for each of the table's partners too
}

// SettingsCell is a setting's value for one column.
type SettingsCell struct {
	Value  string // empty: none
	Differ bool   // from that of all others
}

// Finding is one line of what a check has found.
type Finding struct {
	Level string // ok, warn, WRONG or skipped
	About string
	Found string
	Do    string // what can be done; empty: nothing needs to be
}

// checkTime is what a check may take at most.
const checkTime = 3 * time.Minute

// checkup keeps the last check; there is one at a time.
type checkup struct {
	mu      sync.Mutex
	running bool
	began   time.Time
	ended   time.Time // zero: none was made yet
	found   []Finding
}

// settingsView is the page of the settings.
type settingsView struct {
	SettingsTable
	Checks  bool // a check can be made
	Form    string
	Running bool
	Began   time.Time
	Ended   time.Time
	Found   []findingRow
}

type findingRow struct {
	Finding
	standing
}

// findingStandings give each level its mark.
var findingStandings = map[string]standing{
	"ok": {Mark: markDone, Word: "ok"}, "warn": {Mark: markWait, Word: "warning"}, "WRONG": {Mark: markStop, Word: "wrong"}, "skipped": {Mark: "out", Word: "skipped"},
}

// only are the settings as they are for one partner: those of the others are not to be seen.
func (t SettingsTable) only(partner int64) SettingsTable {
	at := slices.Index(t.Partners, partner) + 1 // without settings of its own: those of all others
	one := SettingsTable{Groups: make([]SettingsGroup, 0, len(t.Groups))}
	for _, g := range t.Groups {
		mine := SettingsGroup{Name: g.Name}
		for _, r := range g.Rows {
			cell := r.Cells[0]
			if at < len(r.Cells) {
				cell = r.Cells[at]
			}
			if cell.Differ {
				r.From = "Caddyfile"
			}
			mine.Rows = append(mine.Rows, SettingsRow{Name: r.Name, From: r.From, Cells: []SettingsCell{{Value: cell.Value}}})
		}
		one.Groups = append(one.Groups, mine)
	}
	return one
}

// settings shows what is in force, and what the last check has found.
func (d *desk) settings() (err error) {
	v := settingsView{SettingsTable: d.Settings(), Checks: d.Check != nil && d.ofAll()}
	if held, ok := onlyPartner(d.staff); !ok {
		v.SettingsTable = SettingsTable{}
	} else if held != 0 {
		v.SettingsTable = v.only(held)
	}
	if !v.Checks {
		d.show(page{Title: "Settings", Template: "settings", Data: v})
		return nil
	}
	d.checked.mu.Lock()
	v.Running, v.Began, v.Ended = d.checked.running, d.checked.began, d.checked.ended
	for _, f := range d.checked.found {
		v.Found = append(v.Found, findingRow{f, findingStandings[f.Level]})
	}
	d.checked.mu.Unlock()
	if !v.Running {
		if v.Form, err = d.seal(form{Act: actCheck}); err != nil {
			return err
		}
	}
	d.show(page{Title: "Settings", Template: "settings", Data: v, Refresh: v.Running})
	return nil
}

// startCheck begins a check, unless one is under way. It goes on when the page is left.
func (d *desk) startCheck() error {
	if _, err := d.form(actCheck); err != nil {
		return err
	}
	if !d.ofAll() {
		return problem{status: http.StatusForbidden, key: "no_right", detail: ofAllWords}
	}
	c := &d.checked
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.running {
		c.running, c.began = true, d.Now()
		ctx, cancel := context.WithTimeout(context.WithoutCancel(d.r.Context()), checkTime)
		check, now, log := d.Check, d.Now, d.Logger
		go func() {
			defer cancel()
			found, err := check(ctx)
			if err != nil {
				log.Error("the check of the settings could not be made", zap.Error(err))
				found = append(found, Finding{Level: "WRONG", About: "check", Found: "it could not be made; the log says why", Do: "run caddy paymentexpress check"})
			}
			c.mu.Lock()
			defer c.mu.Unlock()
			c.running, c.ended, c.found = false, now(), found
		}()
		d.did("began a check of the settings")
	}
	return d.to("settings")
}

const actCheck act = "check"
