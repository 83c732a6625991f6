package web

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"go.uber.org/zap"

	"github.com/caddy-paymentexpress/paymentexpress/internal/secret"
	"github.com/caddy-paymentexpress/paymentexpress/payment"
)

// comeBack is where the gateway sends the browser, and where it sends its notification.
// Both have the gateway asked and the outcome stored; they differ only in what they are
// shown. A notification is answered 200 only after that, and else 503, so that it comes
// again: never 404, 500 or 502, which would end it.
func (h *Handler) comeBack(w http.ResponseWriter, r *http.Request, path string) {
	id, errID := payment.ParseID(path)
	token, user, errToken := returned(r)
	log := h.Logger.With(zap.String("payment", string(id)), zap.Bool("notification", isMachine(r)))
	if errID != nil || errToken != nil {
		log.Info("return address called without a result", zap.NamedError("id", errID), zap.NamedError("token", errToken))
		h.answerReturn(w, r, id, nil)
		return
	}
	e, err := h.Engine(r.Context())
	if err == nil {
		_, err = e.Result(r.Context(), id, token, user)
	}
	switch {
	case errors.Is(err, payment.ErrNotFound):
		log.Warn("result for a payment that neither the journal nor the gateway knows")
		err = nil
	case err != nil:
		log.Warn("result could not be stored yet", zap.Error(err))
	default:
		log.Info("result stored")
	}
	h.answerReturn(w, r, id, err)
}

// answerReturn sends a browser on to the payment's page, which tells what is known; id is
// empty where the address had none.
func (h *Handler) answerReturn(w http.ResponseWriter, r *http.Request, id payment.ID, err error) {
	switch {
	case !isMachine(r) && id == "":
		h.show(w, r, page{Status: http.StatusBadRequest, Key: "no_payment"}) // not 404: it might be a notification after all
	case !isMachine(r) && err != nil: // what it brought is not stored: the page must not say that nothing came
		http.Redirect(w, r, h.paymentURL(id)+"?"+cameBack+"=1", http.StatusSeeOther)
	case !isMachine(r):
		http.Redirect(w, r, h.paymentURL(id), http.StatusSeeOther)
	case err != nil:
		w.Header().Set("Retry-After", "30")
		w.WriteHeader(http.StatusServiceUnavailable)
	default:
		w.WriteHeader(http.StatusOK)
	}
}

// cameBack stands in the address of a payment's page for a browser whose result could not be
// stored. Only what is said to that browser hangs on it.
const cameBack = "came_back"

// isMachine tells the gateway's notification from a browser; it decides only what is shown.
func isMachine(r *http.Request) bool {
	return strings.HasPrefix(r.UserAgent(), "PX") || !strings.Contains(r.Header.Get("Accept"), "text/html")
}

// returned reads the result token from the query, or from a posted form.
func returned(r *http.Request) (secret.Secret, string, error) {
	query := r.URL.RawQuery
	if r.Method == http.MethodPost && query == "" {
		r.Body = http.MaxBytesReader(nil, r.Body, formLimit)
		if err := r.ParseForm(); err != nil {
			return secret.Secret{}, "", errors.New("the form cannot be read")
		}
		query = r.PostForm.Encode()
	}
	return payment.ReturnQuery(query)
}

// paymentURL is the clean address of a payment's page.
func (h *Handler) paymentURL(id payment.ID) string {
	u := url.URL{Scheme: h.public.Scheme, Host: h.public.Host, Path: Prefix + "/payment/" + string(id)}
	return u.String()
}
