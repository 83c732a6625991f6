package splynxtest

import (
	"html/template"
	"net/http"
)

// The pages stand in for the portal, so that a demo can be clicked and a proxy has something to pass through to.
var pagesTemplate = template.Must(template.New("pages").Parse(`<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Splynx simulator</title></head><body>
<h1>Splynx simulator &mdash; provider portal</h1>
<p>This is a simulator. No money moves here, nothing is kept, nobody needs to sign in.</p>
{{if .Listing}}
<h2>Invoices</h2>
<table><tr><th>Number</th><th>Customer</th><th>Total</th><th>Due</th><th>Status</th><th></th></tr>
{{range .Invoices}}<tr><td>{{.Number}}</td><td>{{.CustomerID}}</td><td>{{.Total}}</td><td>{{.Due}}</td><td>{{.Status}}</td>
<td>{{if eq .Status "not_paid"}}<a href="/paymentexpress/direct-pay-invoice?item_id={{.Number}}">Pay</a>{{end}}</td></tr>
{{end}}</table>
<h2>Payments</h2>
<table><tr><th>Receipt</th><th>Customer</th><th>Amount</th><th>Date</th></tr>
{{range .Payments}}{{if not .Deleted}}<tr><td>{{.Receipt}}</td><td>{{.CustomerID}}</td><td>{{.Amount}}</td><td>{{.Date}}</td></tr>
{{end}}{{end}}</table>
{{else}}<p>This page of Splynx is not simulated: {{.Path}}</p><p><a href="/portal/">Portal</a></p>
{{end}}</body></html>
`))

// listings are the paths that show documents and payments.
var listings = map[string]bool{
	"/": true, "/portal": true, "/portal/": true, "/portal/finance/invoices": true, "/portal/finance/payments/list": true,
}

func (s *Server) pages(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=UTF-8")
	w.Header().Set("Cache-Control", "no-store")
	data := struct {
		Path     string
		Listing  bool
		Invoices []Invoice
		Payments []Payment
	}{Path: r.URL.Path, Listing: listings[r.URL.Path]}
	if data.Listing {
		data.Invoices, data.Payments = s.Invoices(), s.Payments()
	}
	_ = pagesTemplate.Execute(w, data)
}
