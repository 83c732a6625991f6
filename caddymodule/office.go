package caddymodule

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	officepages "github.com/caddy-paymentexpress/paymentexpress/web/office"
)

// Office names, for each right, the roles that have it, as Splynx calls them, such as
// financial-manager. Where none is named, whoever may add payments in Splynx has the right.
type Office struct {
	// May look at payments and customers. Whoever may charge or refund may too.
	See []string `json:"see,omitempty"`
	// May charge saved cards, end payments that wait for a person, and make payment links; only
	// who may add payments in Splynx.
	Charge []string `json:"charge,omitempty"`
	// May give money back; only who may add payments in Splynx.
	Refund []string `json:"refund,omitempty"`
	// May look at the settings, and open payment links again.
	Settings []string `json:"settings,omitempty"`
}

func (o *Office) parse(d *caddyfile.Dispenser) error {
	if d.NextArg() {
		return d.ArgErr()
	}
	return words{"see": list(&o.See), "charge": list(&o.Charge), "refund": list(&o.Refund), "settings": list(&o.Settings)}.read(d, "office")
}

// office is what the office's pages are to be.
func (a *App) office() (officepages.Config, error) {
	c := officepages.Config{
		Rights:   officepages.Rights{officepages.See: a.Office.See, officepages.Charge: a.Office.Charge, officepages.Refund: a.Office.Refund, officepages.Settings: a.Office.Settings},
		AddMoney: a.EntryPoints.AddMoneyByAdmin == "on", Charge: a.EntryPoints.Charge == "on",
		Runs: a.host.Runs, DespiteCredit: a.Charge.DespiteCredit, Closing: a.closing,
		ConfirmAbove: a.Charge.ConfirmAbove.limit(),
	}
	a.overseen(&c)
	for right, roles := range c.Rights {
		if slices.ContainsFunc(roles, func(role string) bool { return strings.TrimSpace(role) == "" }) {
			return c, fmt.Errorf("paymentexpress: office: %s: a role has no name", right)
		}
	}
	for _, text := range a.AdminFrom {
		network, err := parseNetwork(text)
		if err != nil {
			return c, fmt.Errorf("paymentexpress: admin_from %q: want a network such as 203.0.113.0/24, or an address", text)
		}
		c.From = append(c.From, network)
	}
	return c, nil
}

// parseNetwork reads a CIDR, or an address alone.
func parseNetwork(text string) (netip.Prefix, error) {
	if p, err := netip.ParsePrefix(text); err == nil {
		return p.Masked(), nil
	}
	at, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Prefix{}, err
	}
	at = at.Unmap().WithZone("")
	return at.Prefix(at.BitLen())
}
