// Package caddymodule is the thin shell that knows Caddy: the app "paymentexpress", configured
// in the global options, and the handler that a site names with one word. Payments are made
// by package payment, pages by package web.
package caddymodule

import (
	_ "time/tzdata" // a provider's zone decides dates; bare containers have no zone files

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
)

func init() {
	caddy.RegisterModule(App{})
	caddy.RegisterModule(Handler{})
	caddy.OnExit(Close)
	httpcaddyfile.RegisterGlobalOption("paymentexpress", parseGlobalOption)
	httpcaddyfile.RegisterHandlerDirective("paymentexpress", parseHandler)
	// After encode is also before handle, respond and reverse_proxy: a site needs no order.
	httpcaddyfile.RegisterDirectiveOrder("paymentexpress", httpcaddyfile.After, "encode")
}
