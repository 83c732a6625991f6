package caddymodule

import (
	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// parseGlobalOption reads the paymentexpress block of the global options.
func parseGlobalOption(d *caddyfile.Dispenser, existing any) (any, error) {
	if existing != nil {
		d.Next()
		return nil, d.Err("paymentexpress is set already; it has one block")
	}
	a := new(App)
	if err := a.UnmarshalCaddyfile(d); err != nil {
		return nil, err
	}
	a.setDefaults() // so that adapt shows what will run
	return httpcaddyfile.App{Name: "paymentexpress", Value: caddyconfig.JSON(a, nil)}, nil
}

// parseHandler reads the directive, which is one word.
func parseHandler(h httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
	handler := new(Handler)
	return handler, handler.UnmarshalCaddyfile(h.Dispenser)
}

// UnmarshalCaddyfile reads the directive. Syntax:
//
//	paymentexpress
func (h *Handler) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next()
	if d.NextArg() {
		return d.ArgErr()
	}
	if d.NextBlock(0) {
		return d.Err("the directive takes no block; the settings are in the paymentexpress global option")
	}
	return nil
}

// UnmarshalCaddyfile reads the global option. Syntax:
//
//	paymentexpress {
//		splynx <address> {
//			public_url <address>
//			api_key <key>
//			api_secret <secret>
//			plain_http
//			tls_server_name <name>
//			tls_ca <file>
//			auth token|signature
//			session_cookie <name...>
//			sign_in splynx|own
//		}
//		windcave {
//			endpoint <address>
//			pxpay <user> <key>
//			pxpost <user> <password>
//			retired pxpay|pxpost <user> <secret>
//		}
//		currency <code>
//		payment_method <id>
//		partner <id> {
//			pxpay <user> <key>
//			pxpost <user> <password>
//			retired pxpay|pxpost <user> <secret>
//			currency <code>
//			payment_method <id>
//			top_up <least> <most> [<suggested...>]
//			name <text>
//			logo <file>
//			accent <colour>
//		}
//		cards {
//			account <title or id>
//			field token|number|expires|brand|user <1 to 10>
//			check purchase|auth
//			check_amount <amount>
//			payment_method <id>
//			mode save|customer|staff|run <indicator>
//			tell <mail address>
//		}
//		cannot_book balance|refund
//		second_approval balance|refund
//		refund_in_splynx task|payment
//		top_up <least> <most> [<suggested...>]
//		entry_points {
//			invoice on|off
//			request on|off
//			dashboard_invoices on|off
//			dashboard_requests on|off
//			add_money_on_dashboard on|off
//			card on|off
//			direct_pay on|off
//			add_money_by_admin on|off
//			charge on|off
//		}
//		charge {
//			concurrency <number>
//			per_second <number>
//			stop_after <number>
//			confirm_above <number> [<amount>]
//			despite_credit
//			schedule <name> {
//				on issue|due|after_issue <days>|before_due <days>|after_due <days>
//				at <hh:mm>
//				start preview|charge
//				partner <id...>
//				despite_credit
//			}
//			retry {
//				soft|declined <duration...>
//				at <hh:mm>
//				most <number>
//				cool_down <duration>
//			}
//		}
//		office {
//			see|charge|refund|settings <role...>
//		}
//		admin_from <network...>
//		statements monthly|daily
//		time_zone <name>
//		name <text>
//		logo <file>
//		accent <colour>
//		language <tag>
//		messages <folder>
//		page_life <duration>
//		booking_quiet_time <duration>
//		marker_field 1|2|3|4|5
//		guest_limit <document> <address> <all>
//		guest_declines <number>
//		signed_links off|by_id|all
//		admin_commands read|all
//		journal sqlite <path>
//		journal_reserve <size>
//	}
func (a *App) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next()
	if d.NextArg() {
		return d.ArgErr()
	}
	return words{
		"splynx":             a.Splynx.parse,
		"windcave":           a.Windcave.parse,
		"currency":           text(&a.Currency),
		"payment_method":     whole(&a.PaymentMethod),
		"partner":            a.parsePartner,
		"entry_points":       a.EntryPoints.parse,
		"top_up":             a.TopUp.parse,
		"admin_commands":     text(&a.AdminCommands),
		"admin_from":         list(&a.AdminFrom),
		"charge":             a.Charge.parse,
		"office":             a.Office.parse,
		"statements":         text(&a.Statements),
		"time_zone":          text(&a.TimeZone),
		"name":               text(&a.Name),
		"logo":               text(&a.Look.Logo),
		"accent":             colour(&a.Look.Accent),
		"language":           text(&a.Language),
		"messages":           text(&a.Messages),
		"cards":              a.Cards.parse,
		"cannot_book":        text(&a.CannotBook),
		"second_approval":    text(&a.SecondApproval),
		"refund_in_splynx":   text(&a.RefundInSplynx),
		"page_life":          duration(&a.PageLife),
		"booking_quiet_time": duration(&a.BookingQuietTime),
		"marker_field":       whole(&a.MarkerField),
		"guest_limit":        whole(&a.GuestLimit.Document, &a.GuestLimit.Address, &a.GuestLimit.All),
		"guest_declines":     whole(&a.GuestDeclines),
		"signed_links":       text(&a.SignedLinks),
		"journal":            text(&a.Journal.Backend, &a.Journal.Path),
		"journal_reserve":    size(&a.JournalReserve),
	}.read(d, "paymentexpress", "partner")
}

func (s *Splynx) parse(d *caddyfile.Dispenser) error {
	if err := text(&s.URL)(d); err != nil {
		return err
	}
	return words{
		"public_url":      text(&s.PublicURL),
		"api_key":         text(&s.Key),
		"api_secret":      text(&s.Secret),
		"plain_http":      set(&s.PlainHTTP),
		"tls_server_name": text(&s.TLSServerName),
		"tls_ca":          text(&s.TLSCA),
		"auth":            text(&s.Auth),
		"session_cookie":  list(&s.SessionCookies),
		"sign_in":         text(&s.SignIn),
	}.read(d, "splynx")
}

func (w *Windcave) parse(d *caddyfile.Dispenser) error {
	if d.NextArg() {
		return d.ArgErr()
	}
	return words{
		"endpoint": text(&w.Endpoint),
		"pxpay":    text(&w.PxPay.User, &w.PxPay.Secret),
		"pxpost":   text(&w.PxPost.User, &w.PxPost.Secret),
		"retired":  retired(&w.Retired),
	}.read(d, "windcave", "retired")
}

// parsePartner reads a partner's block. Each partner has one.
func (a *App) parsePartner(d *caddyfile.Dispenser) error {
	var id int64
	if err := whole(&id)(d); err != nil {
		return err
	}
	if _, ok := a.Partners[id]; ok {
		return d.Errf("partner %d is set twice", id)
	}
	var p Partner
	if err := (words{
		"pxpay":          text(&p.PxPay.User, &p.PxPay.Secret),
		"pxpost":         text(&p.PxPost.User, &p.PxPost.Secret),
		"retired":        retired(&p.Retired),
		"currency":       text(&p.Currency),
		"payment_method": whole(&p.PaymentMethod),
		"top_up":         p.TopUp.parse,
		"name":           text(&p.Name),
		"logo":           text(&p.Look.Logo),
		"accent":         colour(&p.Look.Accent),
	}).read(d, "partner", "retired"); err != nil {
		return err
	}
	if a.Partners == nil {
		a.Partners = make(map[int64]Partner)
	}
	a.Partners[id] = p
	return nil
}

// parse reads the bounds, and what is suggested between them.
func (t *TopUp) parse(d *caddyfile.Dispenser) error {
	args := d.RemainingArgs()
	if len(args) < 2 {
		return d.Errf("top_up takes the least and the most, and amounts to suggest after them, not %d", len(args))
	}
	t.Least, t.Most, t.Suggest = args[0], args[1], args[2:]
	return nil
}

func (e *EntryPoints) parse(d *caddyfile.Dispenser) error {
	if d.NextArg() {
		return d.ArgErr()
	}
	return words{
		"invoice": text(&e.Invoice), "request": text(&e.Request),
		"dashboard_invoices": text(&e.DashboardInvoices), "dashboard_requests": text(&e.DashboardRequests),
		"add_money_on_dashboard": text(&e.AddMoney), "card": text(&e.Card), "direct_pay": text(&e.DirectPay),
		"add_money_by_admin": text(&e.AddMoneyByAdmin), "charge": text(&e.Charge),
	}.read(d, "entry_points")
}

// retired reads one pair of credentials more.
func retired(into *[]Retired) func(*caddyfile.Dispenser) error {
	return func(d *caddyfile.Dispenser) error {
		var r Retired
		if err := text(&r.Interface, &r.User, &r.Secret)(d); err != nil {
			return err
		}
		if r.Interface != "pxpay" && r.Interface != "pxpost" {
			return d.Errf("retired %q: pxpay or pxpost", r.Interface)
		}
		*into = append(*into, r)
		return nil
	}
}

// colour reads a colour. Behind a blank, # begins a comment: then there is no argument.
func colour(field *string) func(*caddyfile.Dispenser) error {
	return func(d *caddyfile.Dispenser) error {
		word := d.Val()
		args := d.RemainingArgs()
		if len(args) != 1 {
			return d.Errf("%s takes a colour, such as 0b5cad; # begins a comment here, so write it without, or in quotes", word)
		}
		*field = args[0]
		return nil
	}
}

// Interface guards.
var (
	_ caddyfile.Unmarshaler = (*App)(nil)
	_ caddyfile.Unmarshaler = (*Handler)(nil)
)
