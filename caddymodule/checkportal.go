package caddymodule

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/caddy-paymentexpress/paymentexpress/web"
)

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
