package caddymodule

import "context"

// chargeHandlers is where Splynx's host keeps the code that Finance, Invoices, Charge runs. The
// API does not show it.
const chargeHandlers = "/var/www/splynx/system/external_handlers/finance/charge/"

// checkAddOn looks for signs of the old add-on, whose charge handler knows nothing of the
// payments here. Only the host itself shows the handler.
func (c *checker) checkAddOn(ctx context.Context) []finding {
	ctx, cancel := c.call(ctx)
	defer cancel()
	settings, err := c.api.AddOnConfig(ctx, addOnModule, 0)
	var sign string
	switch {
	case err == nil && len(settings) > 0:
		sign = "settings of module " + addOnModule + " are in Splynx"
	case c.addOn:
		sign = "module " + addOnModule + " is still there: its entry points may stay, they lead here"
	case err != nil:
		return []finding{refusedTo("whether Splynx has its settings cannot be told, which only this check reads", err)}
	default:
		return []finding{good("neither settings nor entry points of it are in Splynx")}
	}
	return []finding{warned(
		"run paymentexpress-host.sh of "+onTheHost+" on the Splynx host; it moves the handler aside. Until then never choose paymentexpress at Finance, Invoices, Charge, nor in an automatic charge",
		"%s. So may be its charge handler, in %s on the Splynx host: Splynx's API does not show files. It would charge cards of invoices that are being paid here", sign, chargeHandlers)}
}
