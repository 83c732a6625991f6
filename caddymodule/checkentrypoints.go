package caddymodule

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/caddy-paymentexpress/paymentexpress/splynx"
	"github.com/caddy-paymentexpress/paymentexpress/web"
)

// servedEntryPoint is a place in Splynx's pages that this version answers.
type servedEntryPoint struct {
	what, place string
	model, path string   // of an action link or a menu link
	below       bool     // the pages below path too
	name        []string // parts of the name, for code, which has no address
	off         string   // why it is not served; empty: it is
	mend        string   // how it would be
	spare       bool     // staff find its page without it
	added       bool     // the add-on's set-up does not make it
	instead     []string // parts of the name of one that does as well
}

// Code is known by its name. The add-on's own are public for adding money only: the others are
// known by what they are for.
var (
	dashboardInvoices = []string{"dashboard", "invoice"}
	dashboardRequests = []string{"dashboard", "request"}
	dashboardWidget   = []string{"paymentexpress_widget"}
)

// officeEntry is the menu entry of the office, or one that leads to a page of it.
var officeEntry = servedEntryPoint{what: "menu entry of the office", place: "admin", path: strings.TrimRight(web.AdminPath, "/"), below: true, spare: true}

func (c *checker) servedEntryPoints() []servedEntryPoint {
	inv, mendInv := configured(c.app.EntryPoints.Invoice)
	req, mendReq := configured(c.app.EntryPoints.Request)
	add, mendAdd := configured(c.app.EntryPoints.AddMoney)
	dashInv, mendDashInv := configured(c.app.EntryPoints.DashboardInvoices)
	dashReq, mendDashReq := configured(c.app.EntryPoints.DashboardRequests)
	card, mendCard := configured(c.app.EntryPoints.Card)
	byAdmin, mendByAdmin := configured(c.app.EntryPoints.AddMoneyByAdmin)
	list, mendList := dashInv, mendDashInv
	if dashReq == "" {
		list, mendList = "", ""
	}
	if !c.savesCards() {
		card, mendCard = cardsOff, "write windcave pxpost"
	}
	return []servedEntryPoint{
		{what: "pay icon of invoices", place: "portal", model: "Invoices", path: web.Prefix + "/pay-invoice", off: inv, mend: mendInv},
		{what: "pay icon of proforma invoices", place: "portal", model: "Requests", path: web.Prefix + "/pay-request", off: req, mend: mendReq},
		{what: "unpaid invoices on the dashboard", place: "portal", name: dashboardInvoices, off: dashInv, mend: mendDashInv, instead: dashboardWidget},
		{what: "unpaid proforma invoices on the dashboard", place: "portal", name: dashboardRequests, off: dashReq, mend: mendDashReq, instead: dashboardWidget},
		{what: "widget of all that is unpaid on the dashboard", place: "portal", name: dashboardWidget, off: list, mend: mendList, added: true, instead: dashboardInvoices},
		{what: "form to add money on the dashboard", place: "portal", name: []string{"add_money", "dashboard"}, off: add, mend: mendAdd},
		{what: "menu entry of the saved card", place: "portal", path: web.Prefix + "/card", off: card, mend: mendCard},
		{what: "pay icon of invoices", place: "admin", model: "Invoices", path: web.Prefix + "/pay-invoice", spare: true},
		{what: "pay icon of proforma invoices", place: "admin", model: "Requests", path: web.Prefix + "/pay-request", spare: true},
		{what: "button to add money on a customer's page", place: "admin", name: []string{"add_money", "admin"}, off: byAdmin, mend: mendByAdmin, spare: true},
		officeEntry,
	}
}

// configured tells why an entry point is not served, and how it would be.
func configured(value string) (off, mend string) {
	if value == "on" {
		return "", ""
	}
	return "off in the configuration", "on in the configuration"
}

func (s servedEntryPoint) is(p splynx.EntryPoint) bool {
	if len(s.name) > 0 {
		return p.Place == s.place && p.Type == "code" && hasParts(p, s.name)
	}
	return p.Place == s.place && p.Model == s.model && s.leads(p)
}

// leads tells whether p leads to its page, wherever p stands.
func (s servedEntryPoint) leads(p splynx.EntryPoint) bool {
	path := pathOf(p)
	return path == s.path || s.below && strings.HasPrefix(path, s.path+"/")
}

func hasParts(p splynx.EntryPoint, parts []string) bool {
	return !slices.ContainsFunc(parts, func(part string) bool { return !strings.Contains(strings.ToLower(p.Name), part) })
}

// checkEntryPoints compares what Splynx's pages lead to with what is served.
func (c *checker) checkEntryPoints(ctx context.Context) []finding {
	ctx, cancel := c.call(ctx)
	defer cancel()
	all, err := c.api.EntryPoints(ctx)
	if err != nil {
		return []finding{refusedTo("Splynx's entry points cannot be read, which only this check does", err)}
	}
	ours := slices.DeleteFunc(all, func(p splynx.EntryPoint) bool {
		return p.Module != addOnModule && !web.Ours(pathOf(p)) && !strings.HasPrefix(p.Name, "paymentexpress_")
	})
	// Ours may be kept under the add-on's name; the widget and the office were never its own.
	c.addOn = slices.ContainsFunc(ours, func(p splynx.EntryPoint) bool {
		return p.Module == addOnModule && !hasParts(p, dashboardWidget) && !officeEntry.leads(p)
	})
	var found []finding
	for _, s := range c.servedEntryPoints() {
		found = append(found, s.compare(ours))
	}
	idle, misplaced := c.unserved(ours)
	if len(misplaced) > 0 {
		found = append(found, warned("switch them off at "+edited+", and have them made with the place admin, as in "+onTheHost, "enabled in Splynx where customers see them, and lead to the office, which no customer may open: %s", strings.Join(misplaced, ", ")))
	}
	if len(idle) > 0 {
		found = append(found, warned("switch them off at Config, Integrations, Modules list, "+addOnModule+", Edit entry points", "enabled in Splynx, and not served by this version: %s", strings.Join(idle, ", ")))
	}
	return found
}

// edited is where Splynx's pages have entry points switched on and off.
const edited = "Config, Integrations, Modules list, Edit entry points"

// compare looks for one that is served among those in Splynx.
func (s servedEntryPoint) compare(ours []splynx.EntryPoint) finding {
	i := slices.IndexFunc(ours, s.is)
	enabled := slices.ContainsFunc(ours, func(p splynx.EntryPoint) bool { return s.is(p) && p.Enabled })
	other := slices.IndexFunc(ours, func(p splynx.EntryPoint) bool {
		return len(s.instead) > 0 && p.Enabled && p.Place == s.place && hasParts(p, s.instead)
	})
	switch {
	case s.off == "" && enabled:
		return good("%s, in the %s: there", s.what, s.place)
	case s.off == "" && other >= 0:
		return good("%s, in the %s: not shown; %s is", s.what, s.place, printable(ours[other].Name))
	case s.off == "" && i >= 0:
		return warned("switch it on at "+edited, "%s, in the %s: there, but switched off in Splynx", s.what, s.place)
	case s.off == "" && s.spare:
		return good("%s, in the %s: not shown; the page is below %s", s.what, s.place, web.AdminPath)
	case s.off == "": // the API only reads them
		return warned(s.make(), "%s, in the %s: not there", s.what, s.place)
	case enabled:
		return warned(s.switchOff(), "%s, in the %s: enabled in Splynx, and %s", s.what, s.place, s.off)
	case s.mend == "on in the configuration":
		return good("%s, in the %s: off", s.what, s.place)
	}
	return good("%s, in the %s: off; %s", s.what, s.place, s.off)
}

func (s servedEntryPoint) make() string {
	if s.added {
		return "have it made on the Splynx host, as in " + onTheHost
	}
	return "keep the package splynx-paymentexpress, whose set-up makes it, or have it made on the Splynx host, as in " + onTheHost
}

func (s servedEntryPoint) switchOff() string {
	return "switch it off at " + edited + ", or " + s.mend
}

// unserved are those that would lead to an error page, and those that would lead a customer to
// the office.
func (c *checker) unserved(ours []splynx.EntryPoint) (idle, misplaced []string) {
	served := c.servedEntryPoints()
	for _, p := range ours {
		if !p.Enabled || slices.ContainsFunc(served, func(s servedEntryPoint) bool { return s.is(p) }) {
			continue
		}
		name := fmt.Sprintf("%s (%s)", printable(p.Name), p.Place)
		if p.Place == "portal" && officeEntry.leads(p) {
			misplaced = append(misplaced, name)
		} else {
			idle = append(idle, name)
		}
	}
	slices.Sort(idle)
	slices.Sort(misplaced)
	return idle, misplaced
}

// pathOf is where an entry point leads on this host; the add-on's set-up stores addresses
// escaped.
func pathOf(p splynx.EntryPoint) string {
	address := p.URL
	if plain, err := url.PathUnescape(address); err == nil {
		address = plain
	}
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return strings.TrimRight("/"+strings.TrimLeft(u.Path, "/"), "/")
}
