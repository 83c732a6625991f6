package office

import (
	"html/template"
	"time"
)

// lookRoutes are those of saved cards, of the logs and of the settings.
func lookRoutes() []route {
	set := func(o *Office) bool { return o.Settings != nil }
	checks := func(o *Office) bool { return o.Settings != nil && o.Check != nil }
	return []route{
		{get, "cards", See, (*desk).cards, nil},
		{get, "cards/{id}/remove", Charge, (*desk).askRemove, nil},
		{post, "cards/{id}/remove", Charge, (*desk).removeCard, nil},
		{get, "logs", See, (*desk).operations, nil},
		{get, "logs/csv", See, (*desk).operationsCSV, nil},
		{get, "logs/charges", See, (*desk).chargeLog, nil},
		{get, "logs/charges/csv", See, (*desk).chargeLogCSV, nil},
		{get, "settings", Settings, (*desk).settings, set},
		{post, "settings/check", Settings, (*desk).startCheck, checks},
	}
}

// lookFuncs are what the templates of these pages can call.
func (o *Office) lookFuncs() template.FuncMap {
	return template.FuncMap{
		"day":     func(t time.Time) string { return t.In(o.zone).Format("2 Jan 2006") },
		"outcome": func(n int) standing { return outcomeWords[n] },
		"holder":  holderName,
		"prior":   func(n int) int { return n - 1 },
	}
}
