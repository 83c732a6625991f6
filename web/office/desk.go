package office

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strconv"

	"go.uber.org/zap"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/splynx"
	"github.com/caddy-paymentexpress/paymentexpress/web"
)

// desk is one request of an administrator who may make it.
type desk struct {
	*Office
	w     http.ResponseWriter
	r     *http.Request
	staff *splynx.Administrator // as Splynx has just said, where something is changed
	e     *payment.Engine

	methods map[int64]string // Splynx's payment types by id, once they were read
}

// guarded lets in who has a route's right, and has what went wrong told.
func (o *Office) guarded(at route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d := &desk{Office: o, w: w, r: r}
		err := d.enter(at.right)
		if err == nil {
			err = at.serve(d)
		}
		if err != nil {
			d.tell(err)
		}
	})
}

// enter asks who calls and whether that one may.
func (d *desk) enter(right Right) (err error) {
	if !d.from() {
		return problem{status: http.StatusForbidden, key: "network"}
	}
	staff, err := d.Staff(d.r, d.r.Method == http.MethodPost)
	switch {
	case errors.Is(err, web.ErrNobody):
		return d.nobody()
	case errors.Is(err, web.ErrNotStaff):
		return problem{status: http.StatusForbidden, key: "not_staff"}
	case errors.Is(err, web.ErrTwoStaff):
		return problem{status: http.StatusForbidden, key: "two_staff"}
	case err != nil && web.Wait(err) > 0:
		return problem{status: http.StatusTooManyRequests, key: "too_many"}
	case err != nil:
		return fmt.Errorf("ask who is signed in: %w", err)
	case !d.Rights.Has(staff, right):
		d.Logger.Info("an administrator has not the right for a page", zap.Int64("administrator", staff.ID), zap.String("right", string(right)), zap.String("path", d.r.URL.Path))
		return problem{status: http.StatusForbidden, key: "no_right", detail: "What is missing is the right " + rightWords[right] + "."}
	}
	d.staff = staff
	if d.e, err = d.Engine(d.r.Context()); err != nil {
		return fmt.Errorf("%w: %w", errShut, err)
	}
	return nil
}

// errNotSame tells that whoever reads has signed out meanwhile, or may see something else by now.
var errNotSame = errors.New("who reads is another one, or may see something else by now")

// same asks again who reads what takes long, a stream or a file; the answer may be a minute old, as
// for each page. errNotSame.
func (d *desk) same() error {
	staff, err := d.Staff(d.r, false)
	if err != nil || *staff != *d.staff {
		return errNotSame
	}
	return nil
}

// from tells whether the request's network may open the office.
func (d *desk) from() bool {
	at := d.ClientIP(d.r).Unmap()
	return len(d.From) == 0 || slices.ContainsFunc(d.From, func(p netip.Prefix) bool { return p.Contains(at) })
}

// nobody sends who is not signed in to Splynx's sign-in, and from there back.
func (d *desk) nobody() error {
	switch {
	case d.r.Method == http.MethodPost:
		return problem{status: http.StatusForbidden, key: "signed_out", link: link{"Sign in", "/admin/login/"}}
	case web.SignedIn(d.r):
		return problem{status: http.StatusForbidden, key: "no_session", link: link{"Sign in", d.pages.StaffSignIn(d.r.URL.Path)}}
	}
	return problem{status: http.StatusFound, link: link{address: d.pages.StaffSignIn(d.r.URL.RequestURI())}}
}

// may tells whether the administrator has a right.
func (d *desk) may(right Right) bool { return d.Rights.Has(d.staff, right) }

// who is the administrator in histories: no name.
func (d *desk) who() string { return "administrator " + strconv.FormatInt(d.staff.ID, 10) }

// did writes into the log who did what: no names.
func (d *desk) did(what string, fields ...zap.Field) {
	d.Logger.Info("office: "+what, append(fields, zap.Int64("administrator", d.staff.ID))...)
}

// notes writes down what was done where the engine does not do so itself; note is an amount, a
// document or the like. It is done whether it can be written down or not.
func (d *desk) notes(a payment.Act) {
	a.Who = d.who()
	if err := d.e.Note(d.r.Context(), a); err != nil {
		d.Logger.Error("what was done could not be written down", zap.String("what", string(a.What)), zap.String("who", a.Who), zap.Error(err))
	}
}

// to leads on to an address of the office.
func (d *desk) to(path string) error {
	http.Redirect(d.w, d.r, web.AdminPath+path, http.StatusSeeOther)
	return nil
}

// id reads the number in the address.
func (d *desk) id() (int64, error) {
	id, err := strconv.ParseInt(d.r.PathValue("id"), 10, 64)
	if err != nil || id <= 0 {
		return 0, errNoPage
	}
	return id, nil
}

// noRoute tells a wrong method from a wrong address.
func (o *Office) noRoute(w http.ResponseWriter, r *http.Request) {
	d := &desk{Office: o, w: w, r: r}
	for _, method := range []string{get, post} {
		other := r.Clone(r.Context())
		other.Method = method
		if _, pattern := o.routes.Handler(other); pattern != "" {
			w.Header().Set("Allow", method)
			d.tell(problem{status: http.StatusMethodNotAllowed, key: "method"})
			return
		}
	}
	d.tell(errNoPage)
}
