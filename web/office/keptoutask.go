package office

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/caddy-paymentexpress/paymentexpress/payment/charge"
	"github.com/caddy-paymentexpress/paymentexpress/splynx"
	"github.com/caddy-paymentexpress/paymentexpress/web"
)

const (
	actKeepOut act = "keep_out"
	actLetIn   act = "let_in"
)

// The words of the form for which runs somebody is kept out of.
const (
	allRuns       = "all"
	automaticRuns = "automatic"
)

var errNoSuchPartner = problem{status: http.StatusNotFound, key: "unknown_partner", link: link{"Kept out of charge runs", web.AdminPath + keptPath}}

// keepingView is the page on which somebody is kept out of charge runs, or let in.
type keepingView struct {
	Kind    charge.KeptKind
	ID      int64
	Name    string
	Partner int64           // a customer's
	Now     *charge.Keeping // nil: not kept out
	LetIn   bool
	Action  string
	Back    string // below web.AdminPath: where it is seen how they stand
	Form    string
	Runs    []choice
	Typed   string
	Wrong   string
}

// Who is whom the page is about, in short.
func (v *keepingView) Who() string { return string(v.Kind) + " " + decimalOf(v.ID) }

// keeping reads whom the address is about, and how they stand.
func (d *desk) keeping(ctx context.Context, kind charge.KeptKind, letIn bool) (*keepingView, error) {
	id, err := d.id()
	if err != nil {
		return nil, err
	}
	runs, err := d.runs()
	if err != nil {
		return nil, err
	}
	list, err := runs.KeptOut(ctx)
	if err != nil {
		return nil, err
	}
	v := &keepingView{Kind: kind, ID: id, Now: keepingOf(list, kind, id), LetIn: letIn, Action: web.AdminPath + keepingPath(kind, decimalOf(id), letIn)}
	if kind == charge.KeptPartner {
		return v, d.keptPartner(ctx, v)
	}
	return v, d.keptCustomer(ctx, v)
}

// keptPartner names the partner of a page. While Splynx tells no partners, each is taken.
func (d *desk) keptPartner(ctx context.Context, v *keepingView) error {
	if _, err := d.partners(); err != nil {
		return err
	}
	v.Back = keptPath
	if !sees(d.staff, v.ID) {
		return errNoSuchPartner
	}
	all, err := d.Generation.Splynx.Partners(ctx)
	if err == nil && v.Now == nil && !slices.ContainsFunc(all, func(p splynx.Partner) bool { return p.ID == v.ID }) {
		return errNoSuchPartner
	}
	v.Name = nameOfPartner(all, v.ID)
	return nil
}

// keptCustomer names the customer of a page. One whom Splynx has no more can still be let in, by
// who is held to no partner.
func (d *desk) keptCustomer(ctx context.Context, v *keepingView) error {
	v.Back = "customers/" + decimalOf(v.ID)
	c, err := d.customer(ctx, v.ID)
	held, ok := onlyPartner(d.staff)
	switch {
	case errors.Is(err, errNoCustomer) && v.Now != nil && ok && held == 0:
		v.Name, v.Back = withID("", v.ID), keptPath
	case err != nil:
		return err
	default:
		v.Name, v.Partner = holderName(*c), c.PartnerID
	}
	return nil
}

// askKeeping asks why somebody is to be kept out, or let in.
func (d *desk) askKeeping(kind charge.KeptKind, letIn bool) error {
	ctx, cancel := context.WithTimeout(d.r.Context(), splynxTimeout)
	defer cancel()
	v, err := d.keeping(ctx, kind, letIn)
	if err != nil {
		return err
	}
	if letIn && v.Now == nil { // it was done already
		return d.seenAt(v)
	}
	runs := allRuns
	if v.Now != nil && v.Now.Automatic {
		runs = automaticRuns
	}
	return d.showKeeping(v, runs, page{})
}

func (d *desk) showKeeping(v *keepingView, runs string, p page) (err error) {
	f := form{Act: actKeepOut, Kept: charge.Keeping{Kind: v.Kind, ID: v.ID, At: v.since()}}
	p.Title, p.Template, p.Data = "Keep out of charge runs", "keeping", v
	if v.LetIn {
		f.Act, p.Title = actLetIn, "Let into charge runs again"
	}
	v.Runs = []choice{{allRuns, upperFirst(runsWords(false)), runs == allRuns}, {automaticRuns, "Automatic charge runs only", runs == automaticRuns}}
	if v.Form, err = d.seal(f); err != nil {
		return err
	}
	d.show(p)
	return nil
}

// changeKeeping keeps out or lets in whom the page has shown, as long as they stand so.
func (d *desk) changeKeeping(kind charge.KeptKind, letIn bool) error {
	what := actKeepOut
	if letIn {
		what = actLetIn
	}
	f, err := d.form(what)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(d.r.Context(), splynxTimeout)
	defer cancel()
	v, err := d.keeping(ctx, kind, letIn)
	if err != nil {
		return err
	}
	if f.Kept.Kind != v.Kind || f.Kept.ID != v.ID {
		return errBadForm
	}
	runs := d.r.PostForm.Get("runs")
	if !letIn && runs != allRuns && runs != automaticRuns {
		return errBadForm
	}
	v.Typed = d.typedReason()
	switch {
	case v.done(d.who(), runs == automaticRuns): // pressed twice
		return d.seenAt(v)
	case !f.Kept.At.Equal(v.since()):
		return v.changed()
	case !isReason(v.Typed):
		v.Wrong = "Say why, in at most 500 characters: it is shown to other staff."
		return d.showKeeping(v, runs, page{Status: http.StatusUnprocessableEntity, Errors: []link{{v.Wrong, "#reason"}}})
	}
	return d.keeps(v, runs == automaticRuns)
}

// changed tells that somebody else was faster.
func (v *keepingView) changed() error {
	return problem{status: http.StatusConflict, key: "kept_changed", link: link{"Look at it", web.AdminPath + v.Back}}
}

// done tells whether they stand as was asked for.
func (v *keepingView) done(who string, automatic bool) bool {
	if v.LetIn || v.Now == nil {
		return v.LetIn && v.Now == nil
	}
	return v.Now.Who == who && v.Now.Automatic == automatic && v.Now.Reason == v.Typed
}

// since is when they were kept out; the zero value: they are not.
func (v *keepingView) since() (at time.Time) {
	if v.Now != nil {
		at = v.Now.At
	}
	return at
}

// keeps does what the page has asked for, and leads to where it is seen.
func (d *desk) keeps(v *keepingView, automatic bool) error {
	runs, err := d.runs()
	if err != nil {
		return err
	}
	k := charge.Keeping{Kind: v.Kind, ID: v.ID, Partner: v.Partner, Automatic: automatic, Who: d.who(), Reason: v.Typed}
	did := "kept somebody out of charge runs"
	if v.LetIn {
		did = "let somebody into charge runs again"
		err = runs.LetIn(d.r.Context(), k, v.since())
	} else {
		err = runs.KeepOut(d.r.Context(), k, v.since())
	}
	if errors.Is(err, charge.ErrKeepingChanged) {
		list, err := runs.KeptOut(d.r.Context())
		if v.Now = keepingOf(list, v.Kind, v.ID); err == nil && v.done(d.who(), automatic) { // pressed twice at once
			return d.seenAt(v)
		}
		return v.changed()
	}
	if err != nil {
		return err
	}
	d.did(did, zap.Int64(string(v.Kind), v.ID), zap.Bool("automatic", automatic && !v.LetIn))
	return d.seenAt(v)
}

// seenAt leads to where it is seen how they stand now.
func (d *desk) seenAt(v *keepingView) error {
	if v.Back == keptPath {
		return d.to(keptPath + "?changed=" + keptKey(v.Kind, v.ID))
	}
	return d.to(v.Back)
}

// standingInRuns is how a customer stands in charge runs.
type standingInRuns struct {
	Customer, Partner *charge.Keeping // nil: not kept out
}

// inRuns tells whether charge runs leave a customer out.
func (d *desk) inRuns(c *splynx.Customer) (s standingInRuns, err error) {
	runs, err := d.runs()
	if err != nil {
		return s, err
	}
	list, err := runs.KeptOut(d.r.Context())
	s.Customer, s.Partner = keepingOf(list, charge.KeptCustomer, c.ID), keepingOf(list, charge.KeptPartner, c.PartnerID)
	return s, err
}
