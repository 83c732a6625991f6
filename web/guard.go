package web

import (
	"fmt"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
)

// refuse answers what no route may see: early data that could be replayed, forms of other
// origins, and another host's name.
func (h *Handler) refuse(w http.ResponseWriter, r *http.Request) bool {
	safe := r.Method == http.MethodGet || r.Method == http.MethodHead
	switch {
	case !safe && early(r):
		h.show(w, r, page{Status: http.StatusTooEarly, Key: "too_early"})
	case !safe && h.origin.Check(r) != nil:
		h.show(w, r, page{Status: http.StatusForbidden, Key: "other_origin"})
	case strings.EqualFold(withoutDefaultPort(h.public.Scheme, r.Host), h.public.Host):
		return false
	case safe:
		to := *h.public
		to.Path, to.RawPath, to.RawQuery = r.URL.Path, r.URL.RawPath, r.URL.RawQuery
		http.Redirect(w, r, to.String(), http.StatusFound)
	default:
		h.show(w, r, page{Status: http.StatusMisdirectedRequest, Key: "other_host"})
	}
	return true
}

// early tells that a request came before its handshake was done, here or at a proxy in
// front (RFC 8470): somebody may have recorded it and send it again.
func early(r *http.Request) bool {
	return r.TLS != nil && !r.TLS.HandshakeComplete || r.Header.Get("Early-Data") == "1"
}

// noRoute tells a wrong method from a wrong address.
func (h *Handler) noRoute(w http.ResponseWriter, r *http.Request) {
	var allow []string
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost} {
		other := r.Clone(r.Context())
		other.Method = method
		if _, pattern := h.routes.Handler(other); pattern != "" {
			allow = append(allow, method)
		}
	}
	if len(allow) == 0 {
		h.show(w, r, page{Status: http.StatusNotFound, Key: "no_page"})
		return
	}
	w.Header().Set("Allow", strings.Join(allow, ", "))
	h.show(w, r, page{Status: http.StatusMethodNotAllowed, Key: "method"})
}

// recovered answers where a page panicked: the payer gets a page, not a dropped connection,
// and a notification is asked to come again.
func (h *Handler) recovered(w http.ResponseWriter, r *http.Request) {
	cause := recover()
	if cause == nil {
		return
	}
	if cause == http.ErrAbortHandler {
		panic(cause)
	}
	h.Logger.Error("a page failed", zap.String("path", r.URL.Path), zap.String("cause", fmt.Sprint(cause)), zap.ByteString("stack", debug.Stack()))
	defer func() {
		if again := recover(); again != nil { // what failed is needed for every page
			h.Logger.Error("the page that says so failed too", zap.String("cause", fmt.Sprint(again)))
			http.Error(w, lastWords, http.StatusServiceUnavailable)
		}
	}()
	if text, ok := strings.CutPrefix(r.URL.Path, payment.ReturnPath); ok {
		id, _ := payment.ParseID(text)
		h.answerReturn(w, r, id, fmt.Errorf("panic: %v", cause))
		return
	}
	h.show(w, r, page{Status: http.StatusInternalServerError, Key: "failed"})
}

// lastWords are what is said when no page can be made. Whatever was asked for, they are true.
const lastWords = "This page could not be made. If you have just paid, do not pay again: open this address once more in a few minutes."

// logUnable logs why a page cannot be had, unless nobody waits for it any more.
func (h *Handler) logUnable(r *http.Request, err error) {
	if r.Context().Err() == nil {
		h.Logger.Error("a payment page could not be made", zap.String("path", r.URL.Path), zap.Error(err))
	}
}

// closed says that no payment can be taken now, and logs why. It is for where the engine was
// not asked for a payment; what comes after that is cannotShow.
func (h *Handler) closed(w http.ResponseWriter, r *http.Request, err error) {
	h.logUnable(r, err)
	h.show(w, r, page{Status: http.StatusServiceUnavailable, Key: "closed", RetryAfter: comeAgain})
}

// cannotShow is for what may hide a payment, and logs why: whoever has just paid must not
// read that nothing was charged.
func (h *Handler) cannotShow(r *http.Request, err error) page {
	h.logUnable(r, err)
	return page{Status: http.StatusServiceUnavailable, Key: "cannot_show", Mark: markWait, RetryAfter: comeAgain, Refresh: true}
}

// tooMany says when to come back.
func tooMany(wait time.Duration) page {
	return page{Status: http.StatusTooManyRequests, Key: "too_many", RetryAfter: wait}
}

// comeAgain is when a page that could not be made is worth another try.
const comeAgain = 2 * time.Minute
