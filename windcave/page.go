package windcave

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"

	"golang.org/x/net/publicsuffix"
)

// HostedPage is where the buyer is to be sent. Whoever knows the address can pay there, so
// printing a HostedPage shows its host alone.
type HostedPage struct {
	// URL was checked: https on a host of the endpoint's own registrable domain (of
	// sec.windcave.com: windcave.com and what is below it). Where the endpoint is a loopback
	// host, so is this, by http or https.
	URL string
}

// String returns scheme and host.
func (h HostedPage) String() string {
	u, err := url.Parse(h.URL)
	if err != nil || u.Host == "" {
		return "[no page]"
	}
	return u.Scheme + "://" + u.Host + "/..."
}

// Format implements fmt.Formatter, so that no verb shows the path.
func (h HostedPage) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(h.String())) }

var errPageAddress = errors.New("the address of the page is not one to follow")

const maxPageURL = 4096

// checkPage tells whether the buyer may be sent to address by a gateway at endpoint.
func checkPage(address string, endpoint *url.URL) error {
	u, err := url.Parse(address)
	if err != nil || !visible(address, maxPageURL) || strings.ContainsAny(address, `"'<>\`+"`") ||
		u.User != nil || u.Hostname() == "" {
		return errPageAddress
	}
	host, own := strings.ToLower(u.Hostname()), endpoint.Hostname()
	if loopback(own) {
		if loopback(host) && (u.Scheme == "http" || u.Scheme == "https") {
			return nil
		}
		return errPageAddress
	}
	if u.Scheme != "https" || (u.Port() != "" && u.Port() != "443" && u.Port() != endpoint.Port()) {
		return errPageAddress
	}
	if domain := ownDomain(own); host != own && host != domain && (domain == "" || !strings.HasSuffix(host, "."+domain)) {
		return errPageAddress
	}
	return nil
}

// ownDomain returns the registrable domain of a host: windcave.com of sec.windcave.com. An IP
// address, and a name that is itself a public suffix, have none.
func ownDomain(host string) string {
	if net.ParseIP(host) != nil {
		return ""
	}
	domain, err := publicsuffix.EffectiveTLDPlusOne(host)
	if err != nil {
		return ""
	}
	return domain
}
