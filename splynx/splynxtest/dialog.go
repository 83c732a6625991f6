package splynxtest

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// frame is the dialog's inside: an add-on's page.
type frame struct {
	Title, Src string
	Width      int // px
}

// widths are those of the sizes. Only the smallest and the largest are documented.
var widths = map[string]int{"extra_small": 300, "small": 500, "medium": 700, "large": 900, "extra_large": 1200}

func frameOf(e EntryPoint, query string) frame {
	f := frame{Title: or(e.Title, e.Name), Src: e.URL, Width: widths[e.Size]}
	if f.Width == 0 {
		f.Width = widths["extra_large"]
	}
	switch {
	case query == "":
	case strings.Contains(e.URL, "?"):
		f.Src += "&" + query
	default:
		f.Src += "?" + query
	}
	return f
}

// actionLink holds the frame of an icon, for one of the customer's own documents. A script asks for the dialog's
// inside alone.
func (s *Server) actionLink(w http.ResponseWriter, r *http.Request, c Customer) {
	q := r.URL.Query()
	e, found := pick(s.offered("portal", c.PartnerID), q.Get("module"), q.Get("name"))
	own := found && e.Type == "action_link" &&
		slices.ContainsFunc(s.documents(c, e.Model), func(d document) bool { return d.Number == q.Get("id") })
	if !own {
		s.show(w, http.StatusNotFound, "missing", s.portalScreen("Not found", c, nil))
		return
	}
	f := frameOf(e, pairs("module", e.Module, "model", e.Model, "item_id", q.Get("id")))
	s.showFrame(w, r, s.portalScreen(f.Title, c, f))
}

// portalAddOn holds an add-on's page of the portal's menu. Its address is by analogy with the admin's.
func (s *Server) portalAddOn(w http.ResponseWriter, r *http.Request, c Customer) {
	q := r.URL.Query()
	e, found := pick(s.offered("portal", c.PartnerID), q.Get("module"), q.Get("name"))
	if !found || e.Type != "menu_link" || e.URL == "" {
		s.show(w, http.StatusNotFound, "missing", s.portalScreen("Not found", c, nil))
		return
	}
	f := frameOf(e, pairs("module", e.Module))
	s.showFrame(w, r, s.portalScreen(f.Title, c, f))
}

// showFrame shows the frame as a page, or alone to a script that has a dialog for it.
func (s *Server) showFrame(w http.ResponseWriter, r *http.Request, p screen) {
	name := "dialog"
	if r.Header.Get("X-Requested-With") == "XMLHttpRequest" {
		name = "frame"
	}
	s.show(w, http.StatusOK, name, p)
}

func pick(all []EntryPoint, module, name string) (EntryPoint, bool) {
	i := slices.IndexFunc(all, func(e EntryPoint) bool { return e.Module == module && e.Name == name })
	if i < 0 {
		return EntryPoint{}, false
	}
	return all[i], true
}

// addOnPage holds an add-on's page in the admin; with an id, one that pays a document.
func (s *Server) addOnPage(w http.ResponseWriter, r *http.Request, who identity) {
	q := r.URL.Query()
	e, found := pick(s.offeredToStaff(who), q.Get("module"), q.Get("name"))
	if !found || e.URL == "" {
		s.show(w, http.StatusNotFound, "missing", s.adminScreen("Not found", who, nil))
		return
	}
	query := pairs("module", e.Module)
	if e.Type == "action_link" {
		query = pairs("module", e.Module, "model", e.Model, "item_id", q.Get("id"))
	}
	f := frameOf(e, query)
	s.showFrame(w, r, s.adminScreen(f.Title, who, f))
}

// adminLink is the page that holds an administrator's frame. Whether Splynx passes a number or an id is not known.
func (s *Server) adminLink(e EntryPoint, d document) string {
	id := d.Number
	if s.opts.AdminLinksByID {
		id = strconv.FormatInt(d.ID, 10)
	}
	return "/admin/config/add-on?" + pairs("module", e.Module, "name", e.Name, "id", id)
}
