package windcavetest

import (
	"bytes"
	"context"
	"net/http"
	"slices"
	"strconv"

	"go.uber.org/zap"
)

// A call is one thing that the host is asked, from arrival to answer.
type call struct {
	s      *Server
	op     Op
	entry  *Entry
	orders []*Order
	life   context.Context
}

// reply is what a call is answered with, before damage.
type reply struct {
	status   int
	mime     string
	location string
	header   [2]string
	body     []byte
	notices  []*notice
}

const (
	mimeXML  = "application/xhtml+xml; charset=utf-8"
	mimeHTML = "text/html; charset=utf-8"
)

func xmlReply(body []byte) reply { return reply{status: http.StatusOK, mime: mimeXML, body: body} }

func htmlReply(body string) reply {
	return reply{status: http.StatusOK, mime: mimeHTML, body: []byte(body)}
}

var notAcceptable = htmlReply("<html><body><p>Error - Not acceptable input XML.</p></body></html>")

// begin logs the arrival and finds the faults.
func (s *Server) begin(op Op, e Entry, users ...string) *call {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := &call{s: s, op: op, entry: &e, life: s.life}
	if s.closed {
		c.orders = []*Order{newOrder(s, Fault{Kind: CutBefore})}
		return c
	}
	e.Seq, e.At, e.Op = len(s.log)+1, s.now(), op
	c.orders = s.match(op, e.TxnID, append(users, e.User)...)
	for _, o := range c.orders {
		e.Faults = append(e.Faults, o.fault.Kind)
	}
	s.log = append(s.log, &e)
	return c
}

// fault gives the first order of one of these kinds.
func (c *call) fault(kinds ...Kind) (Fault, bool) {
	for _, o := range c.orders {
		if slices.Contains(kinds, o.fault.Kind) {
			return o.fault, true
		}
	}
	return Fault{}, false
}

func (c *call) has(kinds ...Kind) bool {
	_, ok := c.fault(kinds...)
	return ok
}

// run carries the call out. work does what was asked, under the lock. A client that
// went away does not stop it; a fault, Reset or Close may.
func (c *call) run(w http.ResponseWriter, work func() reply) {
	whole, replaced := c.fault(HTTPStatus, HTML, Empty)
	switch {
	case c.has(Refuse, CutBefore), !c.pause(DelayBefore):
		c.drop()
		panic(http.ErrAbortHandler)
	case replaced && !whole.Recorded:
		c.drop()
		replace(w, whole)
		return
	}
	out := c.work(work)
	if !c.notify(out.notices) || !c.pause(DelayAfter) || c.has(RecordThenCut) {
		panic(http.ErrAbortHandler)
	}
	if replaced {
		replace(w, whole)
		return
	}
	c.answer(w, out)
}

func (c *call) pause(kind Kind) bool {
	if kind == DelayBefore && c.s.opt.Latency != nil && !sleep(c.life, c.s.opt.Latency(c.op)) {
		return false
	}
	for _, o := range c.orders {
		if o.fault.Kind == kind && !o.wait(c.life) {
			return false
		}
	}
	return true
}

func (c *call) drop() {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	c.entry.Outcome, c.entry.Done = Dropped, c.s.now()
	c.note()
}

func (c *call) work(work func() reply) reply {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	if c.life.Err() != nil {
		c.entry.Outcome = Dropped
		panic(http.ErrAbortHandler) // closed or reset: nothing is recorded any more
	}
	out := work()
	c.entry.Done = c.s.now()
	c.note()
	return out
}

func (c *call) note() {
	e := c.entry
	c.s.opt.Log.Info("windcave simulator", zap.String("op", string(e.Op)), zap.String("user", e.User),
		zap.String("txn_id", e.TxnID), zap.String("amount", e.Amount), zap.String("currency", e.Currency),
		zap.String("outcome", string(e.Outcome)), zap.String("reco", e.ReCo), zap.Any("faults", e.Faults))
}

// notify sends what a page payment brings about; false when the server closes.
func (c *call) notify(notices []*notice) bool {
	for _, n := range notices {
		first := c.s.startNotice(n)
		if !n.first {
			continue
		}
		select {
		case <-first:
		case <-c.life.Done():
			return false
		}
	}
	return true
}

func (c *call) answer(w http.ResponseWriter, out reply) {
	h := w.Header()
	out.head(h)
	if f, ok := c.fault(BigHeader); ok {
		h.Set("X-Padding", string(bytes.Repeat([]byte("x"), f.count(defaultHeaderK)<<10)))
	}
	body, damaged := c.damage(h, out.body)
	if f, ok := c.fault(HugeBody); ok {
		w.WriteHeader(out.status)
		pour(w, body, f.count(defaultHugeMB))
		return
	}
	c.answered(!damaged && !c.has(BigHeader))
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(out.status)
	if _, err := w.Write(body); err != nil {
		c.answered(false)
	}
}

// answered is noted ahead, so that whoever has the answer finds it in the log.
func (c *call) answered(whole bool) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	c.entry.Answered = whole
}

// head sets what the real host sends too, and what Buyer looks for.
func (out reply) head(h http.Header) {
	h.Set("Server", "DPS_PX_SERVER")
	h.Set("Cache-Control", "private")
	h.Set("Content-Type", out.mime)
	if out.location != "" {
		h.Set("Location", out.location)
	}
	if out.header[0] != "" {
		h.Set(out.header[0], out.header[1])
	}
}

// write answers what is no call.
func write(w http.ResponseWriter, out reply) {
	out.head(w.Header())
	w.WriteHeader(out.status)
	_, _ = w.Write(out.body)
}
