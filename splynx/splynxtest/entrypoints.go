package splynxtest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// EntryPoint is a place in the portal or the admin where an add-on shows itself.
type EntryPoint struct {
	ID     int64 // AddEntryPoint: 0 for the next one
	Module string
	Name   string
	// Place is portal or admin. AddEntryPoint: default portal.
	Place string
	// Type is menu_link, action_link, code or tab. AddEntryPoint: default menu_link.
	Type string
	// Size is that of the dialog, extra_small to extra_large (300 to 1200 px). AddEntryPoint: default extra_large.
	Size  string
	Title string
	Root  string // the page's controller; not of an action_link
	// Model is Invoices or Requests (proforma invoices); of an action_link only.
	Model            string
	Icon, Background string
	// URL is the add-on's path. None for code.
	URL string
	// Code is Twig. The pages here show code without Twig as it stands; see the package's documentation.
	Code string
	// Location is before_content or after_content. AddEntryPoint: default before_content.
	Location string
	// Partners, Locations and PaymentTypes are the ids of those it is for; none: all.
	Partners, Locations, PaymentTypes []int64
	PaymentAccountID                  string
	Disabled                          bool
}

// AddEntryPoint registers an entry point, as an add-on's installation does, and returns its id. It panics when a value
// cannot be kept.
func (s *Server) AddEntryPoint(e EntryPoint) int64 { return must(s.addEntryPoint(e)) }

func (s *Server) addEntryPoint(e EntryPoint) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.entryPoints.byID[e.ID] != nil {
		return 0, fmt.Errorf("entry point id %d is taken", e.ID)
	}
	r := s.entryPoints.blank()
	r.setInt("id", e.ID)
	if err := r.putEntryPoint(e); err != nil {
		return 0, err
	}
	return s.entryPoints.insert(r), nil
}

func (r *row) putEntryPoint(e EntryPoint) error {
	r.set("partners", joinIDs(e.Partners))
	r.set("location_geo", joinIDs(e.Locations))
	r.set("payment_type", joinIDs(e.PaymentTypes))
	enabled := "1"
	if e.Disabled {
		enabled = "0"
	}
	return r.put(map[string]string{
		"module": e.Module, "name": e.Name, "place": or(e.Place, "portal"), "type": or(e.Type, "menu_link"),
		"size": or(e.Size, "extra_large"), "title": e.Title, "root": e.Root, "model": e.Model, "icon": e.Icon,
		"background": e.Background, "url": e.URL, "code": e.Code, "location": or(e.Location, "before_content"),
		"payment_account_id": e.PaymentAccountID, "enabled": enabled,
	})
}

func joinIDs(ids []int64) string {
	texts := make([]string, len(ids))
	for i, id := range ids {
		texts[i] = strconv.FormatInt(id, 10)
	}
	return strings.Join(texts, ",")
}

func splitIDs(text string) []int64 {
	var ids []int64
	for part := range strings.SplitSeq(text, ",") {
		if id, err := strconv.ParseInt(part, 10, 64); err == nil {
			ids = append(ids, id)
		}
	}
	return ids
}

func entryPointOf(r *row) EntryPoint {
	return EntryPoint{
		ID: r.id(), Module: r.text("module"), Name: r.text("name"), Place: r.text("place"), Type: r.text("type"),
		Size: r.text("size"), Title: r.text("title"), Root: r.text("root"), Model: r.text("model"), Icon: r.text("icon"),
		Background: r.text("background"), URL: r.text("url"), Code: r.text("code"), Location: r.text("location"),
		Partners: splitIDs(r.text("partners")), Locations: splitIDs(r.text("location_geo")),
		PaymentTypes: splitIDs(r.text("payment_type")), PaymentAccountID: r.text("payment_account_id"),
		Disabled: r.text("enabled") != "1",
	}
}

// EntryPoints is every entry point, in the order of their making.
func (s *Server) EntryPoints() []EntryPoint {
	s.mu.Lock()
	defer s.mu.Unlock()
	return collect(s.entryPoints, entryPointOf)
}

// ChangeEntryPoint changes an entry point as staff can: switch it off, bind it to partners, rename it. It panics when
// there is no such entry point or a value cannot be kept.
func (s *Server) ChangeEntryPoint(id int64, change func(*EntryPoint)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.entryPoints.find(id)
	if r == nil {
		panic(fmt.Sprintf("splynxtest: no entry point %d", id))
	}
	e := entryPointOf(r)
	change(&e)
	must(0, r.putEntryPoint(e))
}

// shownInPortal is what portal/login/entry-points lists.
func shownInPortal(r *row) bool { return r.text("place") == "portal" && r.text("enabled") == "1" }

// offered are the entry points that a customer of the partner is to be shown at a place.
func (s *Server) offered(place string, partner int64) []EntryPoint {
	return slices.DeleteFunc(s.EntryPoints(), func(e EntryPoint) bool {
		return e.Disabled || e.Place != place || (len(e.Partners) > 0 && !slices.Contains(e.Partners, partner))
	})
}
