package caddymodule

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/caddy-paymentexpress/paymentexpress/internal/upstream"
	"github.com/caddy-paymentexpress/paymentexpress/payment"
	officepages "github.com/caddy-paymentexpress/paymentexpress/web/office"
)

// Where a setting comes from.
const (
	fromConfiguration = "Caddyfile"
	fromDefault       = "default"
	fromSplynx        = "Splynx"
)

// overseen gives the office what its pages about the whole show.
func (a *App) overseen(c *officepages.Config) {
	c.Upstreams = func() []upstream.State { return []upstream.State{a.gates.windcave.State(), a.gates.splynx.State()} }
	c.Settings, c.Check = a.settingsTable, a.findings
}

// findings makes the steps of `caddy paymentexpress check` on the configuration in force.
func (a *App) findings(ctx context.Context) ([]officepages.Finding, error) {
	c := newChecker(checkOptions{})
	c.app = a
	var err error
	if c.api, c.client, err = c.clients(); err != nil {
		return nil, err
	}
	found := c.literals()
	for _, s := range checkSteps() {
		if s.name == stepConfiguration { // it is in force
			continue
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		found = append(found, c.take(ctx, s)...)
	}
	list := make([]officepages.Finding, 0, len(found))
	for _, f := range found {
		list = append(list, officepages.Finding{Level: string(f.Level), About: f.About, Found: oneLine(f.Found), Do: oneLine(f.Do)})
	}
	return list, nil
}

// oneLine is a text of others, which may have several lines.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// settingRow tells one setting of an app.
type settingRow struct {
	name    string
	of      func(*App) string // for all
	instead string            // of an empty value
	from    string            // where that comes from then
}

// settingsTable is what is in force. Each value is named here: none is a secret, of which is only
// told whether they are set.
func (a *App) settingsTable() officepages.SettingsTable {
	fresh := new(App) // says what the defaults are
	fresh.setDefaults()
	t := officepages.SettingsTable{Partners: slices.Sorted(maps.Keys(a.Partners))}
	t.Groups = append(t.Groups, officepages.SettingsGroup{Name: "Partners", Rows: a.partnerSettings(t.Partners)})
	for _, g := range settingGroups {
		group := officepages.SettingsGroup{Name: g.name}
		for _, r := range g.rows {
			value, from := r.of(a), fromConfiguration
			if value == r.of(fresh) {
				from = fromDefault
			}
			if value == "" {
				value, from = cmp.Or(r.instead, "none"), cmp.Or(r.from, fromDefault)
			}
			group.Rows = append(group.Rows, officepages.SettingsRow{Name: r.name, From: from, Cells: []officepages.SettingsCell{{Value: value}}})
		}
		t.Groups = append(t.Groups, group)
	}
	return t
}

// partnerSettings are the settings that a partner can have of its own.
func (a *App) partnerSettings(partners []int64) (rows []officepages.SettingsRow) {
	for _, r := range []struct {
		name, from string
		of         func(partner int64) string
	}{
		{"pxpay", fromConfiguration, func(id int64) string { return userOf(a.generation.Partner(id).PxPayUser, "key") }},
		{"pxpost", fromConfiguration, func(id int64) string { return userOf(a.generation.Partner(id).PxPostUser, "password") }},
		{"retired", fromConfiguration, func(id int64) string { return retiredOf(a.generation.Partner(id).Retired) }},
		{"currency", fromConfiguration, func(id int64) string { return a.generation.Partner(id).Currency }},
		{"payment_method", fromConfiguration, func(id int64) string { return strconv.FormatInt(a.generation.Partner(id).PaymentMethod, 10) }},
		{"top_up", a.since(a.TopUp.Least+a.TopUp.Most == "1"+"10000" && len(a.TopUp.Suggest) == 0), func(id int64) string { return topUpOf(TopUp(a.topUp(id))) }},
		{"name", a.nameFrom(), func(id int64) string { return cmp.Or(a.Partners[id].Name, a.Name, "as in Splynx") }},
		{"logo", a.since(a.Logo == ""), func(id int64) string { return cmp.Or(a.Partners[id].Logo, a.Logo, "none") }},
		{"accent", a.since(a.Accent == ""), func(id int64) string { return cmp.Or(a.Partners[id].Accent, a.Accent, "blue") }},
	} {
		row := officepages.SettingsRow{Name: r.name, From: r.from, Cells: []officepages.SettingsCell{{Value: r.of(0)}}}
		if row.Cells[0].Value == "none" {
			row.From = fromDefault
		}
		for _, id := range partners {
			value := r.of(id)
			row.Cells = append(row.Cells, officepages.SettingsCell{Value: value, Differ: value != row.Cells[0].Value})
		}
		rows = append(rows, row)
	}
	return rows
}

func (a *App) since(isDefault bool) string {
	if isDefault {
		return fromDefault
	}
	return fromConfiguration
}

func (a *App) nameFrom() string {
	if a.Name == "" {
		return fromSplynx
	}
	return fromConfiguration
}

func userOf(user, secret string) string {
	if user == "" {
		return "none"
	}
	return user + ", " + secret + " set"
}

func retiredOf(all []payment.Credentials) string {
	var users []string
	for _, c := range all {
		users = append(users, cmp.Or(c.PxPayUser, c.PxPostUser))
	}
	return cmp.Or(strings.Join(users, ", "), "none")
}

func topUpOf(t TopUp) string {
	text := t.Least + " to " + t.Most
	if len(t.Suggest) > 0 {
		text += ", suggested " + strings.Join(t.Suggest, ", ")
	}
	return text
}

// isSet tells of a secret that it is there.
func isSet(text string) string {
	if text == "" {
		return ""
	}
	return "set"
}

// decimal writes one; 0 is none.
func decimal[T int | int64](n T) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(int64(n), 10)
}

func yes(set bool) string {
	if set {
		return "on"
	}
	return "off"
}

func span[T ~int64](d T) string { return time.Duration(d).String() }

func cardFieldsOf(f CardFields) string {
	var list []string
	for _, one := range []struct {
		name string
		n    int
	}{{"token", f.Token}, {"number", f.Number}, {"expires", f.Expires}, {"brand", f.Brand}, {"user", f.User}} {
		if one.n != 0 {
			list = append(list, fmt.Sprintf("%s %d", one.name, one.n))
		}
	}
	return strings.Join(list, ", ")
}

// settingGroups are the settings that are the same for all partners, in the words of the Caddyfile.
var settingGroups = []struct {
	name string
	rows []settingRow
}{
	{"Splynx", []settingRow{
		{name: "splynx", of: func(a *App) string { return a.address }},
		{name: "public_url", of: func(a *App) string { return a.public }},
		{name: "api_key", of: func(a *App) string { return isSet(a.Splynx.Key) }},
		{name: "api_secret", of: func(a *App) string { return isSet(a.Splynx.Secret) }},
		{name: "auth", of: func(a *App) string { return a.Splynx.Auth }},
		{name: "session_cookie", of: func(a *App) string { return strings.Join(a.Splynx.SessionCookies, ", ") }},
		{name: "sign_in", of: func(a *App) string { return a.Splynx.SignIn }},
		{name: "plain_http", of: func(a *App) string { return yes(a.Splynx.PlainHTTP) }},
		{name: "tls_server_name", of: func(a *App) string { return a.serverName }, instead: "the host of the address"},
		{name: "tls_ca", of: func(a *App) string { return a.authority }, instead: "those of the machine"},
	}},
	{"Windcave", []settingRow{
		{name: "endpoint", of: func(a *App) string { return cmp.Or(a.endpoint, a.Windcave.Endpoint) }},
		{name: "page_life", of: func(a *App) string { return span(a.PageLife) }},
	}},
	{"Saved cards", []settingRow{
		{name: "cards account", of: func(a *App) string { return a.Cards.Account }, instead: "the payment account that names Payment Express or Windcave", from: fromSplynx},
		{name: "cards field", of: func(a *App) string { return cardFieldsOf(a.Cards.Fields) }, instead: "as the labels of the account’s fields say", from: fromSplynx},
		{name: "cards check", of: func(a *App) string { return a.Cards.Check }},
		{name: "cards check_amount", of: func(a *App) string { return a.Cards.CheckAmount }},
		{name: "cards payment_method", of: func(a *App) string { return decimal(a.Cards.PaymentMethod) }, instead: "the customer’s stays"},
		{name: "cards tell", of: func(a *App) string { return a.Cards.Tell }, instead: "nobody"},
		{name: "cards mode save", of: func(a *App) string { return a.Cards.Modes.Save }},
		{name: "cards mode customer", of: func(a *App) string { return a.Cards.Modes.Customer }},
		{name: "cards mode staff", of: func(a *App) string { return a.Cards.Modes.Staff }},
		{name: "cards mode run", of: func(a *App) string { return a.Cards.Modes.Run }},
	}},
	{"Money", []settingRow{
		{name: "cannot_book", of: func(a *App) string { return a.CannotBook }},
		{name: "second_approval", of: func(a *App) string { return a.SecondApproval }},
		{name: "refund_in_splynx", of: func(a *App) string { return a.RefundInSplynx }},
		{name: "statements", of: func(a *App) string { return a.Statements }},
		{name: "time_zone", of: func(a *App) string { return a.TimeZone }, instead: "the machine’s, " + time.Local.String()},
		{name: "booking_quiet_time", of: func(a *App) string { return span(a.BookingQuietTime) }},
		{name: "marker_field", of: func(a *App) string { return decimal(a.MarkerField) }},
	}},
	{"Charging many customers", []settingRow{
		{name: "charge concurrency", of: func(a *App) string { return decimal(a.Charge.Concurrency) }},
		{name: "charge per_second", of: func(a *App) string { return decimal(a.Charge.PerSecond) }, instead: "no limit"},
		{name: "charge stop_after", of: func(a *App) string { return decimal(a.Charge.StopAfter) }},
		{name: "charge confirm_above", of: func(a *App) string { return a.Charge.ConfirmAbove.String() }},
		{name: "charge despite_credit", of: func(a *App) string { return yes(a.Charge.DespiteCredit) }},
		{name: "charge schedule", of: func(a *App) string { return a.Charge.schedulesSaid() }},
		{name: "charge retry", of: func(a *App) string { return a.Charge.Retry.String() }},
	}},
	{"What is offered", []settingRow{
		{name: "entry_points invoice", of: func(a *App) string { return a.EntryPoints.Invoice }},
		{name: "entry_points request", of: func(a *App) string { return a.EntryPoints.Request }},
		{name: "entry_points dashboard_invoices", of: func(a *App) string { return a.EntryPoints.DashboardInvoices }},
		{name: "entry_points dashboard_requests", of: func(a *App) string { return a.EntryPoints.DashboardRequests }},
		{name: "entry_points add_money_on_dashboard", of: func(a *App) string { return a.EntryPoints.AddMoney }},
		{name: "entry_points card", of: func(a *App) string { return a.EntryPoints.Card }},
		{name: "entry_points direct_pay", of: func(a *App) string { return a.EntryPoints.DirectPay }},
		{name: "entry_points add_money_by_admin", of: func(a *App) string { return a.EntryPoints.AddMoneyByAdmin }},
		{name: "entry_points charge", of: func(a *App) string { return a.EntryPoints.Charge }},
		{name: "language", of: func(a *App) string { return a.Language }, instead: "the reader’s"},
		{name: "messages", of: func(a *App) string { return a.Messages }},
	}},
	{"Guests and staff", []settingRow{
		{name: "guest_limit", of: func(a *App) string {
			return fmt.Sprintf("%d for a document, %d from an address, %d over all, an hour", a.GuestLimit.Document, a.GuestLimit.Address, a.GuestLimit.All)
		}},
		{name: "guest_declines", of: func(a *App) string { return decimal(a.GuestDeclines) }},
		{name: "signed_links", of: func(a *App) string { return a.SignedLinks }},
		{name: "office see", of: func(a *App) string { return strings.Join(a.Office.See, ", ") }, instead: mayPay},
		{name: "office charge", of: func(a *App) string { return strings.Join(a.Office.Charge, ", ") }, instead: mayPay},
		{name: "office refund", of: func(a *App) string { return strings.Join(a.Office.Refund, ", ") }, instead: mayPay},
		{name: "office settings", of: func(a *App) string { return strings.Join(a.Office.Settings, ", ") }, instead: mayPay},
		{name: "admin_from", of: func(a *App) string { return strings.Join(a.AdminFrom, ", ") }, instead: "any network"},
		{name: "admin_commands", of: func(a *App) string { return a.AdminCommands }},
	}},
	{"Journal", []settingRow{
		{name: "journal", of: func(a *App) string { return a.Journal.Backend + " " + a.hostKey }},
		{name: "journal_reserve", of: func(a *App) string { return humanize.IBytes(uint64(max(a.JournalReserve, 0))) }},
	}},
}

const mayPay = "whoever may add payments in Splynx"
