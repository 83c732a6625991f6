package office

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/caddy-paymentexpress/paymentexpress/payment/charge"
	"github.com/caddy-paymentexpress/paymentexpress/splynx"
	"github.com/caddy-paymentexpress/paymentexpress/web"
)

// keptView is the list of who is kept out of charge runs.
type keptView struct {
	Rows        []keptRow
	Next, First string
	Changes     bool     // the administrator may
	Partners    []choice // those that may be kept out, by their names from Splynx; none: an id is typed
	Typed       string
	Wrong       string
}

// keptRow is somebody in that list.
type keptRow struct {
	charge.Keeping
	Name string
}

// KeepOut is where it is changed, below web.AdminPath.
func (r keptRow) KeepOut() string { return keepingPath(r.Kind, decimalOf(r.ID), false) }

// LetIn is where it is ended.
func (r keptRow) LetIn() string { return keepingPath(r.Kind, decimalOf(r.ID), true) }

// keptPath is the list of who is kept out of charge runs, below web.AdminPath.
const keptPath = "charge/kept-out"

// keptRoutes are those of keeping somebody out of charge runs.
func keptRoutes() []route {
	on := (*Office).chargesMany
	all := []route{
		{get, keptPath, See, (*desk).keptOut, on},
		{get, "partners", Charge, (*desk).findPartner, on},
	}
	for _, kind := range []charge.KeptKind{charge.KeptCustomer, charge.KeptPartner} {
		for _, letIn := range []bool{false, true} {
			path := keepingPath(kind, "{id}", letIn)
			all = append(all,
				route{get, path, Charge, func(d *desk) error { return d.askKeeping(kind, letIn) }, on},
				route{post, path, Charge, func(d *desk) error { return d.changeKeeping(kind, letIn) }, on})
		}
	}
	return all
}

// keptOut lists who is kept out of charge runs, the newest first.
func (d *desk) keptOut() error { return d.showKept(page{}, "", "") }

func (d *desk) showKept(p page, typed, wrong string) error {
	list, err := d.keepings()
	if err != nil {
		return err
	}
	v := &keptView{Changes: d.may(Charge), Typed: typed, Wrong: wrong}
	q := d.r.URL.Query()
	p.Notice = d.changedTo(list, q.Get("changed"))
	if at := slices.IndexFunc(list, func(k charge.Keeping) bool { return keptKey(k.Kind, k.ID) == q.Get("after") }); at >= 0 {
		list, v.First = list[at+1:], web.AdminPath+keptPath
	}
	if len(list) > pageRows {
		list = list[:pageRows]
		v.Next = web.AdminPath + keptPath + "?after=" + keptKey(list[pageRows-1].Kind, list[pageRows-1].ID)
	}
	partners := d.partnerNames()
	v.Rows = d.keptRows(list, partners)
	if v.Changes {
		v.Partners = partnerChoices(partners, typed)
	}
	p.Title, p.Template, p.Data = "Kept out of charge runs", "keptout", v
	d.show(p)
	return nil
}

// keepings are those whom the administrator may see. Whose a customer is is asked of Splynx for who
// is held to one partner: without an answer nobody is listed.
func (d *desk) keepings() ([]charge.Keeping, error) {
	mine, err := d.partners()
	if err != nil {
		return nil, err
	}
	runs, err := d.runs()
	if err != nil {
		return nil, err
	}
	list, err := runs.KeptOut(d.r.Context())
	if err != nil || mine == nil {
		return list, err
	}
	ctx, cancel := context.WithTimeout(d.r.Context(), splynxTimeout)
	defer cancel()
	holders := map[int64]splynx.Customer{}
	if ids := keptCustomers(list); len(ids) > 0 {
		if holders, err = d.Generation.Splynx.CustomersByID(ctx, ids); err != nil {
			return nil, err
		}
	}
	return slices.DeleteFunc(list, func(k charge.Keeping) bool {
		partner := k.ID
		if k.Kind == charge.KeptCustomer {
			partner = holders[k.ID].PartnerID
		}
		return !slices.Contains(mine, partner)
	}), nil
}

func keptCustomers(list []charge.Keeping) (ids []int64) {
	for _, k := range list {
		if k.Kind == charge.KeptCustomer {
			ids = append(ids, k.ID)
		}
	}
	return ids
}

// keptRows are keepings with names, as far as Splynx tells them.
func (d *desk) keptRows(list []charge.Keeping, partners []splynx.Partner) []keptRow {
	names := d.named(keptCustomers(list)...)
	rows := make([]keptRow, 0, len(list))
	for _, k := range list {
		r := keptRow{Keeping: k, Name: withID(names[k.ID].Name, k.ID)}
		if k.Kind == charge.KeptPartner {
			r.Name = nameOfPartner(partners, k.ID)
		}
		rows = append(rows, r)
	}
	return rows
}

// partnerNames are the partners that the administrator may see; none, if Splynx does not tell.
func (d *desk) partnerNames() []splynx.Partner {
	ctx, cancel := context.WithTimeout(d.r.Context(), namesTimeout)
	defer cancel()
	all, err := d.Generation.Splynx.Partners(ctx)
	if err != nil {
		return nil
	}
	return slices.DeleteFunc(all, func(p splynx.Partner) bool { return !sees(d.staff, p.ID) })
}

// partnerChoices are partners to choose from.
func partnerChoices(partners []splynx.Partner, typed string) (all []choice) {
	for _, p := range partners {
		value := strconv.FormatInt(p.ID, 10)
		all = append(all, choice{value, withID(p.Name, p.ID), value == typed})
	}
	return all
}

func nameOfPartner(partners []splynx.Partner, id int64) string {
	for _, p := range partners {
		if p.ID == id {
			return withID(p.Name, id)
		}
	}
	return withID("", id)
}

// findPartner leads to the page that keeps a partner out.
func (d *desk) findPartner() error {
	typed := trimmed(d.r.URL.Query().Get("id"))
	if id, err := strconv.ParseInt(typed, 10, 64); err == nil && id > 0 {
		return d.to(keepingPath(charge.KeptPartner, decimalOf(id), false))
	}
	const wrong = "Partners are looked for by their ids in Splynx, which are numbers."
	return d.showKept(page{Status: http.StatusUnprocessableEntity, Errors: []link{{wrong, "#id"}}}, typed, wrong)
}

// keptKey names somebody in an address.
func keptKey(kind charge.KeptKind, id int64) string { return string(kind) + "-" + decimalOf(id) }

// keepingPath is where somebody is kept out or let in, below web.AdminPath.
func keepingPath(kind charge.KeptKind, id string, letIn bool) string {
	word := "keep-out"
	if letIn {
		word = "let-in"
	}
	return string(kind) + "s/" + id + "/" + word
}

// changedTo says how somebody stands who was kept out or let in just now; nil: nobody was.
func (d *desk) changedTo(list []charge.Keeping, key string) *notice {
	word, number, _ := strings.Cut(key, "-")
	kind := charge.KeptKind(word)
	id, err := strconv.ParseInt(number, 10, 64)
	if err != nil || kind != charge.KeptCustomer && kind != charge.KeptPartner {
		return nil
	}
	who := upperFirst(word) + " " + decimalOf(id)
	if k := keepingOf(list, kind, id); k != nil {
		return &notice{markDone, who + " is kept out of " + runsWords(k.Automatic) + "."}
	}
	if held, ok := onlyPartner(d.staff); !ok || held != 0 && (kind == charge.KeptCustomer || held != id) {
		return nil
	}
	return &notice{markDone, who + " is not kept out of charge runs."}
}

// keepingOf is how somebody is kept out; nil: not at all.
func keepingOf(list []charge.Keeping, kind charge.KeptKind, id int64) *charge.Keeping {
	for i, k := range list {
		if k.Kind == kind && k.ID == id {
			return &list[i]
		}
	}
	return nil
}
