package windcavetest

import (
	"bytes"
	_ "embed"
	"html/template"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A page is one hosted payment page. It can be paid until it was, or is over.
type page struct {
	account  *Account
	doc      document
	amount   amount
	currency string
	token    string
	url      string
	made     time.Time
	closes   time.Time // by Opt TO; zero without
	outlives bool
	again    bool // payable after an approval
	saved    *storedCard
	attempts int
	paid     *attempt
}

// An attempt is one press of Pay or Cancel, with a result token of its own. txn is
// nil after Cancel.
type attempt struct {
	page   *page
	token  string
	txn    *txn
	buyer  string // the address
	target string // UrlSuccess or UrlFail
}

// newPage needs the lock.
func (s *Server) newPage(account *Account, doc document, now time.Time) *page {
	p := &page{account: account, doc: doc, currency: doc.get("CurrencyInput"), token: strings.ToUpper(s.hexText(80)), made: now}
	p.amount, _ = parseAmount(doc.get("AmountInput"), currencies[p.currency].digits)
	p.closes, _ = closingTime(doc.get("Opt"))
	if stored := s.cards[doc.get("DpsBillingId")]; stored != nil && stored.account == account {
		p.saved = stored
	}
	if id := doc.get("TxnId"); id != "" {
		s.used[txnKey{account, id}] = true
	}
	s.pages[p.token] = p
	return p
}

func (p *page) over(s *Server, now time.Time) bool {
	closes := p.closes
	if closes.IsZero() || p.outlives || s.opt.IgnoreTimeout {
		closes = p.made.Add(s.opt.PageLife)
	}
	return !now.Before(closes)
}

// back is where the buyer is sent.
func (a *attempt) back() string { return a.address(a.target) }

func (a *attempt) address(target string) string {
	return target + "?result=" + a.token + "&userid=" + url.QueryEscape(a.page.account.PxPayUser)
}

// pageView is what the page shows.
type pageView struct {
	Token, Amount, Currency, Reference, Error string
	State                                     string // pay, paid, over, or done when ResultPage tells an outcome
	Saved, Back, Outcome                      string
	Fill                                      Card
	Cards                                     []testCard
	Expiry                                    string
}

//go:embed page.html
var pageText string

var pageTemplate = template.Must(template.New("page").Funcs(template.FuncMap{
	"fill": func(i int) int { return i + 1 },
}).Parse(pageText))

func (s *Server) servePage(w http.ResponseWriter, r *http.Request, token string) {
	s.mu.Lock()
	p := s.pages[token]
	s.mu.Unlock()
	if p == nil {
		http.NotFound(w, r)
		return
	}
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		fill, _ := strconv.Atoi(r.URL.Query().Get("card"))
		s.mu.Lock()
		out := s.showPage(p, "", Card{}, fill)
		s.mu.Unlock()
		write(w, out)
	case http.MethodPost:
		s.submitPage(w, r, p)
	default:
		w.Header().Set("Allow", "GET, HEAD, POST")
		http.Error(w, "get or post", http.StatusMethodNotAllowed)
	}
}

// showPage needs the lock. fill counts test cards from 1.
func (s *Server) showPage(p *page, fault string, typed Card, fill int) reply {
	v := s.view(p)
	v.Error, v.Fill = fault, Card{Number: typed.Number, Holder: typed.Holder, Expiry: typed.Expiry}
	if fill > 0 && fill <= len(testCards) {
		v.Fill = testCards[fill-1].filled(s.now())
	}
	switch {
	case p.paid != nil && !p.again:
		v.State, v.Back = "paid", p.paid.back()
	case p.over(s, s.now()):
		v.State = "over"
	}
	return render(v)
}

func (s *Server) view(p *page) pageView {
	v := pageView{
		Token: p.token, Amount: p.amount.String(), Currency: p.currency, Reference: p.doc.get("MerchantReference"),
		State: "pay", Cards: testCards, Expiry: Card{}.filled(s.now()).Expiry,
	}
	if p.saved != nil {
		v.Saved = p.saved.card.masked()
	}
	return v
}

func render(v pageView) reply {
	var b bytes.Buffer
	if err := pageTemplate.Execute(&b, v); err != nil {
		panic(err)
	}
	return htmlReply(b.String())
}

// submitPage takes Pay and Cancel. What the page itself finds wrong is no call.
func (s *Server) submitPage(w http.ResponseWriter, r *http.Request, p *page) {
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	if err := r.ParseForm(); err != nil {
		http.Error(w, "bad form", http.StatusBadRequest)
		return
	}
	cancel := r.PostForm.Get("action") == "cancel"
	card := Card{
		Number: digits(r.PostForm.Get("card")), Holder: strings.TrimSpace(r.PostForm.Get("holder")),
		Expiry: digits(r.PostForm.Get("expiry")), CVC: strings.TrimSpace(r.PostForm.Get("cvc")),
	}
	s.mu.Lock()
	if card.Number == "" && p.saved != nil {
		card = Card{p.saved.card.Number, p.saved.card.Holder, p.saved.card.Expiry, card.CVC}
	}
	fault, shut := card.fault(s.now()), p.over(s, s.now())
	if shut || fault != "" && !cancel && (p.paid == nil || p.again) {
		out := s.showPage(p, fault, card, 0)
		s.mu.Unlock()
		out.header = [2]string{errorHeader, fault}
		if shut {
			out.header[1] = "page is over"
		}
		write(w, out)
		return
	}
	s.mu.Unlock()
	buyer := r.RemoteAddr
	if host, _, err := net.SplitHostPort(buyer); err == nil {
		buyer = host
	}
	e := Entry{User: p.account.PxPayUser}
	p.describe(&e)
	c := s.begin(OpPage, e)
	c.run(w, func() reply { return c.attempt(p, card, cancel, buyer) })
}

func (p *page) describe(e *Entry) {
	e.TxnID, e.TxnType, e.Amount = p.doc.get("TxnId"), p.doc.get("TxnType"), p.doc.get("AmountInput")
	e.Currency, e.Reference = p.currency, p.doc.get("MerchantReference")
}

func (s *Server) describe(e *Entry, token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a := s.results[token]; a != nil {
		a.page.describe(e)
	}
}

func digits(text string) string {
	return string(slices.DeleteFunc([]byte(text), func(b byte) bool { return b == ' ' || b == '-' || b == '/' }))
}
