package windcavetest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"syscall"
	"time"
)

const mostTries = 6

// finalStatuses end the tries; every other answer, and none, is tried again.
var finalStatuses = []int{200, 201, 302, 303, 404, 502}

// States of a Notification.
const (
	NoticeHeld    = "held"    // HoldNotifications or a hold is waiting for its release
	NoticeSending = "sending" // tried, or waiting for the next try
	NoticeDone    = "done"    // answered with a final status
	NoticeGivenUp = "given up"
	NoticeDropped = "dropped"
)

// A Try is one sending. Status 0 means that no answer came.
type Try struct {
	At     time.Time `json:"at"`
	Status int       `json:"status"`
}

// A Notification (FPRN) is the host's own word of a finished attempt. URL holds
// the result token.
type Notification struct {
	Index int    `json:"index"`
	TxnID string `json:"txn_id"`
	User  string `json:"user"`
	URL   string `json:"url"`
	State string `json:"state"`
	Tries []Try  `json:"tries"`
}

type notice struct {
	Notification
	life   context.Context
	orders []*Order
	first  bool // the browser waits for the first answer
	copies int
	once   chan struct{}
}

// notices makes the notification of an attempt. The lock is held.
func (c *call) notices(a *attempt) []*notice {
	target := a.target
	if callback := a.page.doc.get("UrlCallback"); callback != "" {
		target = callback
	}
	n := &notice{life: c.life, copies: 1, first: c.s.opt.Notify == NotifyBefore, once: make(chan struct{})}
	n.Index, n.TxnID, n.User = len(c.s.notices), a.page.doc.get("TxnId"), a.page.account.PxPayUser
	n.URL, n.State = a.address(target), NoticeSending
	n.orders = c.s.match(OpNotify, n.TxnID, n.User)
	for _, o := range n.orders {
		switch o.fault.Kind {
		case NotifyDrop:
			n.State = NoticeDropped
		case NotifyRepeat:
			n.copies += o.fault.count(1)
		case NotifyFirst:
			n.first = true
		}
	}
	if n.State == NoticeSending && c.s.holding {
		n.State = NoticeHeld
	}
	c.s.notices = append(c.s.notices, n)
	if n.State != NoticeSending {
		n.first = false
	}
	return []*notice{n}
}

// startNotice gives a channel that is closed after the first try.
func (s *Server) startNotice(n *notice) <-chan struct{} {
	s.mu.Lock()
	send := n.State == NoticeSending
	s.mu.Unlock()
	for i := range n.copies {
		if !send || !s.spawn(func() { s.deliver(n, i == 0) }) {
			break
		}
	}
	return n.once
}

// deliver waits as ordered and tries until a final answer.
func (s *Server) deliver(n *notice, original bool) {
	if s.opt.Notify == NotifyAfter && !sleep(n.life, s.opt.NotifyDelay) {
		return
	}
	for _, o := range n.orders {
		if o.fault.Kind == NotifyDelay && !o.wait(n.life) {
			return
		}
	}
	for try := range mostTries {
		if try > 0 && !sleep(n.life, s.opt.NotifySpacing) {
			return
		}
		status, _ := s.try(n)
		if original && try == 0 {
			close(n.once)
		}
		if slices.Contains(finalStatuses, status) {
			return
		}
	}
	s.setState(n, NoticeGivenUp)
}

func (s *Server) setState(n *notice, state string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n.State != NoticeDone {
		n.State = state
	}
}

// try sends once: no cookies, no body, no redirects followed.
func (s *Server) try(n *notice) (int, error) {
	status, err := s.get(n)
	s.mu.Lock()
	defer s.mu.Unlock()
	if n.life.Err() != nil {
		return 0, fmt.Errorf("notification %d: the server was closed or reset", n.Index)
	}
	n.Tries = append(n.Tries, Try{s.now(), status})
	if slices.Contains(finalStatuses, status) {
		n.State = NoticeDone
	}
	s.log = append(s.log, &Entry{
		Seq: len(s.log) + 1, At: s.now(), Done: s.now(), Op: OpNotify, User: n.User, TxnID: n.TxnID, Outcome: Sent,
		Status: status, Answered: err == nil,
	})
	return status, err
}

func (s *Server) get(n *notice) (int, error) {
	r, err := http.NewRequestWithContext(n.life, http.MethodGet, n.URL, nil)
	if err != nil {
		return 0, fmt.Errorf("notification %d: bad address", n.Index)
	}
	r.Header.Set("User-Agent", "PXL1")
	r.Header.Set("Accept", "*/*")
	res, err := s.client.Do(r)
	if err != nil {
		return 0, fmt.Errorf("notification %d: %w", n.Index, withoutAddress(err))
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 1<<20))
	return res.StatusCode, res.Body.Close()
}

// Notifications gives all notifications so far, oldest first.
func (s *Server) Notifications() []Notification {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]Notification, len(s.notices))
	for i, n := range s.notices {
		all[i] = n.Notification
		all[i].Tries = slices.Clone(n.Tries)
	}
	return all
}

// HoldNotifications keeps later notifications back, or sends those kept back.
func (s *Server) HoldNotifications(hold bool) {
	s.mu.Lock()
	s.holding = hold
	var kept []*notice
	for _, n := range s.notices {
		if !hold && n.State == NoticeHeld {
			n.State = NoticeSending
			kept = append(kept, n)
		}
	}
	s.mu.Unlock()
	for _, n := range kept {
		s.startNotice(n)
	}
}

// SendNotification sends notification i once, now, whatever its state, and gives
// the status of the answer. It may be called again and again.
func (s *Server) SendNotification(i int) (int, error) {
	s.mu.Lock()
	if i < 0 || i >= len(s.notices) {
		s.mu.Unlock()
		return 0, fmt.Errorf("no notification %d", i)
	}
	n := s.notices[i]
	s.mu.Unlock()
	return s.try(n)
}

// withoutAddress drops the URL, and with it the token, from an error.
func withoutAddress(err error) error {
	if outer := (*url.Error)(nil); errors.As(err, &outer) {
		return outer.Err
	}
	return err
}

// loopbackTransport never leaves this machine.
func loopbackTransport() *http.Transport {
	dialer := net.Dialer{Control: func(_, address string, _ syscall.RawConn) error {
		host, _, err := net.SplitHostPort(address)
		if err != nil || !net.ParseIP(host).IsLoopback() {
			return errors.New("the simulator notifies loopback addresses only")
		}
		return nil
	}}
	return &http.Transport{DialContext: dialer.DialContext, IdleConnTimeout: time.Second, DisableCompression: true}
}
