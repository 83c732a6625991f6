package caddymodule

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/web"
)

// Handler answers every path under /paymentexpress and passes all others on, untouched. It
// has no settings of its own: those are in the `paymentexpress` global option.
type Handler struct {
	pages *web.Handler
}

// CaddyModule returns the Caddy module information.
func (Handler) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.paymentexpress", New: func() caddy.Module { return new(Handler) }}
}

// Provision finds the app.
func (h *Handler) Provision(ctx caddy.Context) error {
	app, err := ctx.AppIfConfigured("paymentexpress")
	if errors.Is(err, caddy.ErrNotConfigured) {
		return errors.New("paymentexpress: the global options have no paymentexpress block; it holds the settings of this directive")
	}
	if err != nil {
		return fmt.Errorf("paymentexpress: %w", err)
	}
	h.pages = app.(*App).pages
	if server, ok := ctx.Value(caddyhttp.ServerCtxKey).(*caddyhttp.Server); ok {
		// A page that is watched would hold up a shutdown, and a reload's old server, for good.
		server.RegisterOnShutdown(app.(*App).unwatch)
	}
	return nil
}

// ServeHTTP implements caddyhttp.MiddlewareHandler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	if !web.Ours(r.URL.Path) {
		return next.ServeHTTP(w, r)
	}
	if strings.HasPrefix(r.URL.Path, payment.ReturnPath) {
		// The address holds a result token; the pages write a line of their own.
		caddyhttp.SetVar(r.Context(), caddyhttp.LogSkipVar, true)
	}
	h.pages.ServeHTTP(w, r)
	return nil
}

// clientIP is the payer's address as Caddy knows it, trusted_proxies considered.
func clientIP(r *http.Request) netip.Addr {
	text, _ := caddyhttp.GetVar(r.Context(), caddyhttp.ClientIPVarKey).(string)
	addr, err := netip.ParseAddr(text)
	if err != nil {
		port, _ := netip.ParseAddrPort(r.RemoteAddr)
		addr = port.Addr()
	}
	return addr.WithZone("").Unmap()
}

// Interface guards.
var (
	_ caddy.Provisioner           = (*Handler)(nil)
	_ caddyhttp.MiddlewareHandler = (*Handler)(nil)
)
