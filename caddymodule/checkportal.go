package caddymodule

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/caddy-paymentexpress/paymentexpress/splynx"
	"github.com/caddy-paymentexpress/paymentexpress/web"
)

// servedEntryPoint is a place in Splynx's pages that this version answers.
type servedEntryPoint struct {
	what, place, model, path string
	on                       bool
}

// addMoneyWidget is the add-on's form on the dashboard. It is code without an address, and
// posts to Prefix.
const addMoneyWidget = "paymentexpress_add_money_on_dashboard"

func (c *checker) servedEntryPoints() []servedEntryPoint {
	return []servedEntryPoint{
		{"pay icon of invoices", "portal", "Invoices", web.Prefix + "/pay-invoice", c.app.EntryPoints.Invoice == "on"},
		{"pay icon of proforma invoices", "portal", "Requests", web.Prefix + "/pay-request", c.app.EntryPoints.Request == "on"},
	}
}

func (s servedEntryPoint) is(p splynx.EntryPoint) bool {
	return p.Place == s.place && p.Model == s.model && pathOf(p) == s.path
}

// checkEntryPoints compares what Splynx's pages lead to with what is served.
func (c *checker) checkEntryPoints(ctx context.Context) []finding {
	ctx, cancel := c.call(ctx)
	defer cancel()
	all, err := c.api.EntryPoints(ctx)
	if err != nil {
		return []finding{refusedTo("Splynx's entry points cannot be read, which only this check does", err)}
	}
	ours := slices.DeleteFunc(all, func(p splynx.EntryPoint) bool { return p.Module != addOnModule && !web.Ours(pathOf(p)) })
	var found []finding
	for _, s := range c.servedEntryPoints() {
		found = append(found, s.compare(ours))
	}
	if idle := c.unserved(ours); len(idle) > 0 {
		found = append(found, warned("switch them off at Config, Integrations, Modules list, "+addOnModule+", Edit entry points", "enabled in Splynx, and not served by this version: %s", strings.Join(idle, ", ")))
	}
	if slices.ContainsFunc(ours, func(p splynx.EntryPoint) bool { return p.Module == addOnModule }) {
		found = append(found, warned("never choose paymentexpress as the handler at Finance, Invoices, Charge, nor in an automatic charge: it would still charge through the add-on", "module %s is still there: its entry points may stay, they lead here", addOnModule).about("old add-on"))
	}
	return found
}

// compare looks for one that is served among those in Splynx.
func (s servedEntryPoint) compare(ours []splynx.EntryPoint) finding {
	i := slices.IndexFunc(ours, s.is)
	enabled := slices.ContainsFunc(ours, func(p splynx.EntryPoint) bool { return s.is(p) && p.Enabled })
	const where = "Config, Integrations, Modules list, Edit entry points"
	switch {
	case s.on && enabled:
		return good("%s, in the %s: there", s.what, s.place)
	case s.on && i >= 0:
		return warned("switch it on at "+where, "%s, in the %s: there, but switched off in Splynx", s.what, s.place)
	case s.on: // the API only reads them
		return warned(fmt.Sprintf("keep the package splynx-paymentexpress, whose set-up makes it, or have it made on the Splynx host: place %s, type action_link, model %s, address %s", s.place, s.model, s.path), "%s, in the %s: not there", s.what, s.place)
	case enabled:
		return warned("switch it off at "+where+", or on in the configuration", "%s, in the %s: enabled in Splynx, and off in the configuration", s.what, s.place)
	}
	return good("%s, in the %s: off", s.what, s.place)
}

// unserved are those that would lead to an error page.
func (c *checker) unserved(ours []splynx.EntryPoint) []string {
	var names []string
	for _, p := range ours {
		serves := p.Name == addMoneyWidget && c.app.EntryPoints.AddMoney == "on" ||
			slices.ContainsFunc(c.servedEntryPoints(), func(s servedEntryPoint) bool { return s.is(p) })
		if p.Enabled && !serves {
			names = append(names, fmt.Sprintf("%s (%s)", printable(p.Name), p.Place))
		}
	}
	slices.Sort(names)
	return names
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

// checkCookie asks for the sign-in page of the portal, once, and looks what cookies come.
func (c *checker) checkCookie(ctx context.Context) []finding {
	ctx, cancel := c.call(ctx)
	defer cancel()
	configured := strings.Join(c.app.Splynx.SessionCookies, ", ")
	names, err := c.cookiesOf(ctx, "/portal/login/")
	const look = "sign in to the portal with a browser and look for the name of its session cookie"
	switch {
	case err != nil:
		return []finding{warned(look, "%s is configured; the portal's sign-in page cannot be read: %s", configured, wordOf(err))}
	case len(names) == 0:
		return []finding{warned(look, "%s is configured; the portal's sign-in page sets no cookie, so the name cannot be compared", configured)}
	}
	theirs := strings.Join(names, ", ")
	for _, name := range names {
		if slices.Contains(c.app.Splynx.SessionCookies, name) {
			return []finding{good("%s is configured, and the portal sets it", name)}
		}
	}
	if slices.ContainsFunc(names, func(name string) bool { return strings.Contains(strings.ToLower(name), "sess") }) {
		return []finding{wrong("write session_cookie "+theirs+" in the splynx block", "%s is configured, but the portal sets %s: nobody who is signed in is recognised", configured, theirs)}
	}
	return []finding{warned(look, "%s is configured, but the portal sets %s", configured, theirs)}
}

func (c *checker) cookiesOf(ctx context.Context, path string) ([]string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimRight(c.app.address, "/")+path, http.NoBody)
	if err != nil {
		return nil, err
	}
	public, err := url.Parse(c.app.public)
	if err != nil {
		return nil, err
	}
	req.Host = public.Host
	req.Header.Set("X-Forwarded-Proto", public.Scheme)
	resp, err := c.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<20))
	var names []string
	for _, cookie := range resp.Cookies() {
		if !slices.Contains(names, cookie.Name) {
			names = append(names, printable(cookie.Name))
		}
	}
	slices.Sort(names)
	return names, nil
}

// checkPublic looks at what customers see. It warns only: Caddy may not run yet, and the name
// may lead elsewhere from here than from outside.
func (c *checker) checkPublic(ctx context.Context) []finding {
	ctx, cancel := c.call(ctx)
	defer cancel()
	u, err := url.Parse(c.app.public)
	if err != nil {
		return []finding{wrong("correct public_url", "%v", err)}
	}
	var found []finding
	if u.Scheme != "https" && !isLoopback(u.Hostname()) {
		found = append(found, warned("use https", "%s is plain http: whoever can listen in between can read and change the payment pages", c.app.public))
	}
	client := &http.Client{Timeout: c.patience, CheckRedirect: c.client.CheckRedirect}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.app.public+web.Prefix+"/check", http.NoBody)
	if err != nil {
		return append(found, wrong("correct public_url", "%v", err))
	}
	resp, err := client.Do(req)
	if err != nil {
		what, do := noWay(err, u.Hostname())
		return append(found, warned(do+"; if no Caddy runs yet, start it and run this again", "%s cannot be reached from here: %s", c.app.public, what))
	}
	_ = resp.Body.Close()
	if !isOurs(resp) {
		return append(found, warned("look at the site's paymentexpress line, and at what stands before Caddy; if Caddy does not run with this configuration yet, start it and run this again", "%s%s/ is answered (HTTP %d), but not by this module", c.app.public, web.Prefix, resp.StatusCode))
	}
	return append(found, good("%s%s/ is answered by this module", c.app.public, web.Prefix))
}

// isOurs knows the headers that all our answers have.
func isOurs(resp *http.Response) bool {
	policy := resp.Header.Get("Content-Security-Policy")
	return resp.Header.Get("Referrer-Policy") == "same-origin" && resp.Header.Get("X-Robots-Tag") == "noindex, nofollow" &&
		strings.Contains(policy, "frame-ancestors 'self'; form-action 'self'")
}
