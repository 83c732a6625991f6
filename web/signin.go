package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/caddy-paymentexpress/paymentexpress/internal/secret"
	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/splynx"
)

// What Config.SignIn may be.
const (
	SignInSplynx = ""
	SignInOwn    = "own"
)

const (
	ownSignInPath = Prefix + "/sign-in"
	signOutPath   = Prefix + "/sign-out"

	signInPace = time.Second // a refusal takes a multiple of it
	backMost   = 2048        // bytes of the way back
)

// sealedSign is what the forms of signing in and out carry.
type sealedSign struct {
	Back     string    `json:"b,omitempty"`
	Customer int64     `json:"c,omitempty"` // who is to be signed out
	Made     time.Time `json:"m"`
}

// askSignIn shows the form.
func (h *Handler) askSignIn(w http.ResponseWriter, r *http.Request) {
	e := h.engine(w, r)
	if e == nil {
		return
	}
	if wait := h.Limits.View(h.ClientIP(r), h.Now()); wait > 0 {
		h.show(w, r, tooMany(wait))
		return
	}
	h.signInForm(w, r, e, ownWay(r.URL.Query().Get("return")), page{Status: http.StatusOK})
}

// signInForm shows the form, which leads back to an address of ours; p says what happened.
func (h *Handler) signInForm(w http.ResponseWriter, r *http.Request, e *payment.Engine, back string, p page) {
	var err error
	p.Form, err = sealBox(r.Context(), e, signBox, sealedSign{Back: back, Made: h.Now().UTC()})
	if err != nil {
		h.closed(w, r, err)
		return
	}
	p.Key, p.Template, p.Action = "sign_in", "sign_in", ownSignInPath
	h.show(w, r, p)
}

// ownWay is a way back if it leads to a page of ours, else the list of payments: whoever makes
// up the address of the sign-in page must not choose where it leads.
func ownWay(back string) string {
	u, err := url.Parse(back)
	if err != nil || len(back) > backMost || u.Scheme != "" || u.Host != "" || u.User != nil || u.Opaque != "" ||
		strings.Contains(back, `\`) || path.Clean(u.Path) != strings.TrimSuffix(u.Path, "/") || !Ours(u.Path) ||
		u.Path == ownSignInPath || u.Path == signOutPath {
		return paymentsPath
	}
	return (&url.URL{Path: u.Path, RawPath: u.RawPath, RawQuery: u.RawQuery}).String()
}

// readSignForm reads a form of signing in or out; old tells that its time is over. Where it is
// not ours that was answered and ok is false.
func (h *Handler) readSignForm(w http.ResponseWriter, r *http.Request, e *payment.Engine) (f sealedSign, old, ok bool) {
	bad := page{Status: http.StatusBadRequest, Key: "bad_form", Customer: true}
	if err := r.ParseForm(); err != nil {
		if tooLarge(err) {
			bad.Status = http.StatusRequestEntityTooLarge
		}
		h.show(w, r, bad)
		return f, false, false
	}
	err := openBox(r.Context(), e, signBox, r.PostForm.Get("form"), &f)
	if err == nil {
		err = ageOf(f.Made, h.Now())
	}
	switch {
	case errors.Is(err, errSeal):
		h.show(w, r, bad)
	case err != nil && !errors.Is(err, errOld):
		h.closed(w, r, err)
	default:
		return f, err != nil, true
	}
	return f, false, false
}

// takeSignIn takes the form.
func (h *Handler) takeSignIn(w http.ResponseWriter, r *http.Request) {
	e := h.engine(w, r)
	if e == nil {
		return
	}
	f, old, ok := h.readSignForm(w, r, e)
	if !ok {
		return
	}
	login, password := strings.TrimSpace(r.PostForm.Get("login")), secret.New(r.PostForm.Get("password"))
	again := page{Status: http.StatusUnprocessableEntity, Value: login}
	switch {
	case old:
		again.Status, again.Notice = http.StatusConflict, "old_sign_in"
	case login == "":
		again.Wrong, again.Field = "wrong.no_login", "login"
	case password.Empty():
		again.Wrong, again.Field = "wrong.no_password", "password"
	default:
		h.signInWith(w, r, e, f.Back, login, password)
		return
	}
	h.signInForm(w, r, e, f.Back, again)
}

// signInWith asks Splynx about a login and its password. Whatever is wrong is answered with the
// same page, after the same time.
func (h *Handler) signInWith(w http.ResponseWriter, r *http.Request, e *payment.Engine, back, login string, password secret.Secret) {
	begun := h.Now()
	try, wait := h.Limits.SignIn(login, h.ClientIP(r), begun)
	if wait > 0 {
		h.Logger.Warn("a sign-in has to wait: too many were wrong", zap.Stringer("from", h.ClientIP(r)), zap.Duration("wait", wait))
		h.show(w, r, page{Status: http.StatusTooManyRequests, Key: "sign_in_wait", RetryAfter: wait})
		return
	}
	who, err := h.proveLogin(context.WithoutCancel(r.Context()), login, password)
	shut := errors.Is(err, splynx.ErrTooManyAttempts)
	switch {
	case err == nil && who.customer != 0:
		try.right()
		h.signedInNow(w, r, e, who, back)
		return
	case err == nil, shut, errors.Is(err, splynx.ErrSignIn):
		h.Logger.Info("a sign-in was refused", zap.Stringer("from", h.ClientIP(r)))
		if try.wrong(!shut) {
			h.Logger.Warn("splynx looks at no more sign-ins from this machine: nobody is signed in for a while", zap.Duration("for", restFor))
		}
		h.pace(r.Context(), begun)
		h.signInForm(w, r, e, back, page{Status: http.StatusUnprocessableEntity, Value: login, Wrong: "wrong.sign_in", Field: "login"})
	default:
		try.void()
		h.logUnable(r, err)
		h.show(w, r, page{Status: http.StatusServiceUnavailable, Key: "sign_in_closed", RetryAfter: comeAgain})
	}
}

// proveLogin has Splynx prove whose a login is; one whom we serve not is nobody.
func (h *Handler) proveLogin(ctx context.Context, login string, password secret.Secret) (caller, error) {
	var id int64
	err := h.turn(ctx, func(ctx context.Context) error {
		c, err := h.Generation.Splynx.SignIn(ctx, login, password)
		if err == nil {
			id = c.ID
		}
		return err
	})
	if err != nil {
		return caller{}, err
	}
	return h.stillCustomer(ctx, id)
}

// pace waits until a whole number of seconds has gone by: how long Splynx takes to say no may
// tell whether a login is there.
func (h *Handler) pace(ctx context.Context, begun time.Time) {
	took := h.Now().Sub(begun)
	rest := time.NewTimer(time.Duration(ceil(max(took, 1), signInPace))*signInPace - took)
	defer rest.Stop()
	select {
	case <-rest.C:
	case <-ctx.Done():
	}
}

// signedInNow leads back to where the sign-in was asked for, with a cookie.
func (h *Handler) signedInNow(w http.ResponseWriter, r *http.Request, e *payment.Engine, who caller, back string) {
	epoch, err := signOuts(r.Context(), e, who.customer)
	if err == nil {
		err = h.giveSession(w, r, e, ownSession{Site: h.public.String(), Customer: who.customer, Main: who.main, Epoch: epoch, Born: h.Now().UTC()})
	}
	if err != nil {
		h.closed(w, r, err)
		return
	}
	http.Redirect(w, r, marked(back), http.StatusSeeOther)
}

// marked is an address with the mark that a sign-in page led there.
func marked(back string) string { return adding(back, signedInMark, "1") }

// adding is an address of ours with one thing more in its query.
func adding(address, name, value string) string {
	separator := "?"
	if u, err := url.Parse(address); err == nil && u.RawQuery != "" {
		separator = "&"
	}
	return address + separator + name + "=" + value
}

// takeSignOut makes all sign-ins of the customer on our own page useless.
func (h *Handler) takeSignOut(w http.ResponseWriter, r *http.Request) {
	e := h.engine(w, r)
	if e == nil {
		return
	}
	f, _, ok := h.readSignForm(w, r, e) // however old: it only ends something
	if !ok {
		return
	}
	err := h.signOut(r.Context(), e, f.Customer) // the sealed form proves enough, also once the cookie has ended
	h.setCustomerCookie(w, "", -1)
	if err != nil {
		h.closed(w, r, err)
		return
	}
	h.show(w, r, page{Status: http.StatusOK, Key: "sign_out", Customer: true, Kind: payment.KindTopUp, SignIn: ownSignInPath})
}

func (h *Handler) signOut(ctx context.Context, e *payment.Engine, customer int64) error {
	ctx = context.WithoutCancel(ctx)
	epoch, err := signOuts(ctx, e, customer)
	if err != nil {
		return err
	}
	return e.SetMark(ctx, signOutMark(customer), strconv.Itoa(epoch+1))
}

// signOutForm is the sealed form with which who has signed in on our own page signs out; empty
// for anybody else.
func (h *Handler) signOutForm(r *http.Request) string {
	all, err := h.ownSessions(r)
	if err != nil || len(all) == 0 {
		return ""
	}
	e, err := h.Engine(r.Context())
	if err != nil {
		return ""
	}
	form, err := sealBox(r.Context(), e, signBox, sealedSign{Customer: all[0].Customer, Made: h.Now().UTC()})
	if err != nil {
		return ""
	}
	return form
}
