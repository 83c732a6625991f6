package splynxtest

import (
	"bytes"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

const loginPage = `<!DOCTYPE html><html><head><title>Login</title></head><body><form method="post" action="/portal/login/">` +
	`<input name="login"><input name="password" type="password"></form></body></html>`

// spoil answers a call as its fault says. a is the right answer, zero when the call was not done.
func (s *Server) spoil(w http.ResponseWriter, c *call, a answer) {
	f := c.fault
	status := a.status
	if status == 0 {
		status = fitting[c.method]
	}
	switch f.Kind {
	case Status:
		status = f.Status
	case LoginPage:
		status = http.StatusOK
	case ToLogin:
		status = http.StatusFound
	}
	s.note(c, a, status)
	switch f.Kind {
	case Status:
		answer{status: status, body: plain(status).body(false)}.write(w)
	case ToLogin:
		w.Header().Set("Location", "/portal/login/?return=%2F")
		w.WriteHeader(status)
	case LoginPage:
		sendHTML(w, status, loginPage)
	case Garbage:
		body := f.Body
		if body == "" {
			body = "<br />\n<b>Warning</b>: {\"id\":"
		}
		sendHTML(w, status, body)
	case NoID:
		answer{status: status, body: []byte(`{"result":"ok"}`)}.write(w)
	case Empty:
		answer{status: status}.write(w)
	case Huge, HugeHeader, Deep:
		f.flood(w, status)
	case Truncated:
		w.Header().Set("Content-Length", strconv.Itoa(len(a.body)+1))
		answer{status: status, body: a.body[:len(a.body)/2]}.write(w)
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	default:
		a.write(w)
	}
}

// fitting is the status that a call with the method has when all is well.
var fitting = map[string]int{
	"GET": 200, "OPTIONS": 200, "HEAD": 204, "POST": 201, "PUT": 202, "DELETE": 204,
}

func sendHTML(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "text/html; charset=UTF-8")
	w.WriteHeader(status)
	_, _ = fmt.Fprint(w, body)
}

// flood sends more than a caller should read.
func (f *Fault) flood(w http.ResponseWriter, status int) {
	size := f.Size
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	switch f.Kind {
	case HugeHeader:
		if size == 0 {
			size = 1 << 20
		}
		w.Header().Set("X-Filler", strings.Repeat("x", size))
		w.WriteHeader(status)
		return
	case Deep:
		if size == 0 {
			size = 1_000_000
		}
		w.WriteHeader(status)
		repeat(w, '[', size)
		repeat(w, ']', size)
		return
	}
	if size == 0 {
		size = 100 << 20
	}
	w.WriteHeader(status)
	repeat(w, ' ', size)
}

func repeat(w http.ResponseWriter, c byte, n int) {
	block := bytes.Repeat([]byte{c}, min(n, 64<<10))
	for n > 0 {
		m, err := w.Write(block[:min(n, len(block))])
		if err != nil {
			return
		}
		n -= m
	}
}
