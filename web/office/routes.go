package office

import (
	"net/http"
	"slices"

	"github.com/caddy-paymentexpress/paymentexpress/web"
)

// route is an address of the office, and what may open it.
type route struct {
	method string
	path   string // below web.AdminPath
	right  Right
	serve  func(*desk) error
	on     func(*Office) bool // nil: always
}

const (
	get  = http.MethodGet
	post = http.MethodPost
)

// all are the routes that there may be.
func (o *Office) all() []route {
	money, links := (*Office).addsMoney, (*Office).makesLinks
	return append([]route{
		{get, "{$}", See, (*desk).overview, nil},
		{get, "find", See, (*desk).find, nil},
		{get, "pay", Charge, (*desk).findDocument, nil},
		{get, "pay/{kind}/{id}", Charge, (*desk).askDocument, nil},
		{post, "pay/{kind}/{id}", Charge, (*desk).payDocument, nil},
		{get, "customers/{id}", See, (*desk).customerPage, nil},
		{get, "customers/{id}/balance", Charge, (*desk).askBalance, money},
		{post, "customers/{id}/balance", Charge, (*desk).payBalance, money},
		{get, "payments", See, (*desk).list, nil},
		{get, "payments/{id}", See, (*desk).paymentPage, nil},
		{post, "payments/{id}/ask", See, (*desk).askAgain, nil},
		{get, "payments/{id}/refund", Refund, (*desk).askRefund, nil},
		{post, "payments/{id}/refund", Refund, (*desk).refund, nil},
		{get, "payments/{id}/settle/{how}", Charge, (*desk).askSettle, nil},
		{post, "payments/{id}/settle/{how}", Charge, (*desk).settle, nil},
		{get, "payments/{id}/rebook", Charge, (*desk).askRebook, nil},
		{post, "payments/{id}/rebook", Charge, (*desk).rebook, nil},
		{post, "payments/{id}/seen", Charge, (*desk).seen, nil},
		{get, "work", See, (*desk).work, nil},
		{get, "links", Charge, (*desk).askLink, links},
		{post, "links", Charge, (*desk).makeLink, links},
		{get, "guests", Settings, (*desk).askGuests, links},
		{post, "guests", Settings, (*desk).openGuests, links},
	}, slices.Concat(chargeRoutes(), lookRoutes())...)
}

func (o *Office) addsMoney() bool   { return o.AddMoney }
func (o *Office) chargesMany() bool { return o.Charge && o.Runs != nil }
func (o *Office) makesLinks() bool  { return len(o.pages.OpensForGuests()) > 0 }

// place is an entry of the list of places. One without an address that is served is not shown.
type place struct {
	Name  string
	Path  string // below web.AdminPath
	right Right
	Or    string // where it leads if Path is not served; a page below it is Here too
	Here  bool
}

// places are those that the office is to have, in their order.
var places = []place{
	{Name: "Overview", Path: "", right: See},
	{Name: "Charge", Path: "charge", right: Charge},
	{Name: "History", Path: "history", Or: "payments", right: See},
	{Name: "Work list", Path: "work", right: See},
	{Name: "Cards", Path: "cards", right: See},
	{Name: "Links", Path: "links", right: Charge},
	{Name: "Logs", Path: "logs", right: See},
	{Name: "Settings", Path: "settings", right: Settings},
}

// standing are the places whose address is served.
func (o *Office) standing() (all []place) {
	served := map[string]bool{}
	for _, r := range o.all() {
		served[r.path] = r.method == get && (r.on == nil || r.on(o)) || served[r.path]
	}
	for _, p := range places {
		if !served[p.Path] && p.Or != "" {
			p.Path, p.Or = p.Or, ""
		}
		if served[p.Path] || p.Path == "" {
			p.Path = web.AdminPath + p.Path
			all = append(all, p)
		}
	}
	return all
}
