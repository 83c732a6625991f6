package web

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"
)

// headers are the same on every answer.
func (h *Handler) headers(header http.Header) {
	header.Set("Cache-Control", "no-store")
	header.Set("Content-Security-Policy", h.csp)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("X-Robots-Tag", "noindex, nofollow")
	// Not no-referrer: with that a browser says "Origin: null" of our own form.
	header.Set("Referrer-Policy", "same-origin")
}

// contentSecurity lets nothing in but our style sheet, and lets forms lead to us and to where
// the gateway has its pages: without that a browser stops at the redirect after our form.
func contentSecurity(endpoints []string) (string, error) {
	forms := []string{"'self'"}
	for _, endpoint := range endpoints {
		origins, err := pageOrigins(endpoint)
		if err != nil {
			return "", err
		}
		for _, o := range origins {
			if !slices.Contains(forms, o) {
				forms = append(forms, o)
			}
		}
	}
	return "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'self'; form-action " +
		strings.Join(forms, " "), nil
}

// pageOrigins lists where a gateway may have its hosted pages: on its own host, and by https
// anywhere on the domain that is registered to it.
func pageOrigins(endpoint string) ([]string, error) {
	u, err := url.Parse(endpoint)
	if err != nil || u.Host == "" {
		return nil, fmt.Errorf("gateway %q: want an address such as https://sec.windcave.com", endpoint)
	}
	own := []string{u.Scheme + "://" + strings.ToLower(u.Host)}
	host := strings.ToLower(u.Hostname())
	if u.Scheme != "https" || net.ParseIP(host) != nil {
		return own, nil
	}
	domain, err := publicsuffix.EffectiveTLDPlusOne(host)
	if err != nil { // localhost, or a public suffix itself: nobody's domain
		return own, nil
	}
	for _, port := range []string{"", u.Port()} {
		if port != "" {
			port = ":" + port
		}
		own = append(own, "https://"+domain+port, "https://*."+domain+port)
	}
	return own, nil
}
