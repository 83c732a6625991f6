package web

import (
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
	"github.com/caddy-paymentexpress/paymentexpress/windcave/windcavetest"
)

// notified is the gateway's own call.
func notified(q *http.Request) {
	q.Header.Set("User-Agent", "PXL1")
	q.Header.Set("Accept", "*/*")
	q.Header.Del("Cookie")
}

func TestPaidFromLinkToReceipt(t *testing.T) {
	inBubble(t, setup{}, func(r *rig) {
		back := r.back(r.Gateway.Pay(r.pay(), windcavetest.CardApproved))
		a := r.get(back)
		if a.Code != http.StatusSeeOther || strings.Contains(a.location(), "?") {
			r.Fatalf("return gives %d %s", a.Code, a.location())
		}
		at := strings.TrimPrefix(a.location(), rigPublic)
		time.Sleep(time.Minute) // virtual
		r.wants(r.get(at), 200, "Paid")
		if body := r.get(at).Body.String(); !strings.Contains(body, "received and booked") || !strings.Contains(body, r.Number) {
			r.Errorf("receipt is\n%s", body)
		}
		r.wants(r.get(r.link()), 200, "Already paid")
	})
}

// A notification is answered 200 once the outcome is stored, 503 until then, and never with
// what would end its tries.
func TestNotificationRules(t *testing.T) {
	inBubble(t, setup{}, func(r *rig) {
		r.Gateway.HoldNotifications(true)
		back := r.back(r.Gateway.Pay(r.pay(), windcavetest.CardApproved))
		for _, status := range []int{500, 503, 404} {
			r.Gateway.Inject(windcavetest.Fault{Kind: windcavetest.HTTPStatus, Op: windcavetest.OpProcess, N: status, Times: 3})
		}
		if a := r.get(back, notified); a.Code != http.StatusServiceUnavailable || a.Header().Get("Retry-After") == "" {
			r.Errorf("while the gateway does not say, a notification gets %d", a.Code)
		}
		p := r.journal()[0]
		r.wants(r.get(Prefix+"/payment/"+string(p.ID)), 200, "Waiting for the answer")
		time.Sleep(10 * time.Minute) // virtual: the worker asks again
		if a := r.get(back, notified); a.Code != http.StatusOK || a.Body.Len() != 0 {
			r.Errorf("once it is stored, a notification gets %d %q", a.Code, a.Body)
		}
		r.wants(r.get(Prefix+"/payment/"+string(p.ID)), 200, "Paid")
	})
}

// Whatever is sent there, the return address answers machines with 200 or 503 and browsers
// with a way on.
func TestReturnIsNeverFinalByMistake(t *testing.T) {
	inBubble(t, setup{}, func(r *rig) {
		r.pay()
		id := string(r.journal()[0].ID)
		token := "0000840000aaaaaaaaaaaaaaaaaaaaaa"
		for _, rest := range []string{
			"", "/", "x", "..", id, id + "/", id + "?", id + "?result=", id + "?result=" + token, id + "?result=%3Cscript%3E", id + "?result=" + strings.Repeat("a", 3000),
			id + "?result=" + token + "&result=other", id + "?a=1?result=" + token + "&userid=RigPxPay", id + "?userid=" + strings.Repeat("u", 400),
			"ZZZZZZZZZZZZZZZZ?result=" + token, strings.ToLower(id) + "?result=" + token, id + "%2f?result=" + token, "%00?result=" + token, strings.Repeat("A", 5000),
		} {
			for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut} {
				if a := r.send(method, payment.ReturnPath+rest, nil, notified); a.Code != http.StatusOK && a.Code != http.StatusServiceUnavailable {
					r.Errorf("%s %.60s: a notification gets %d", method, rest, a.Code)
				}
				a := r.send(method, payment.ReturnPath+rest, nil)
				if a.Code != http.StatusSeeOther && a.Code != http.StatusBadRequest {
					r.Errorf("%s %.60s: a browser gets %d", method, rest, a.Code)
				}
				if strings.Contains(a.location(), "?") || strings.Contains(a.Body.String(), token) {
					r.Errorf("%s %.60s: the token goes on to %s", method, rest, a.location())
				}
			}
		}
		if p := r.journal()[0]; p.State != payment.Offered {
			r.Errorf("payment is %s", p.State)
		}
	})
}

// The gateway adds its query with a second question mark where there is one already, and some
// set-ups post the result.
func TestReturnTakesSecondQuestionMarkAndPost(t *testing.T) {
	for name, turn := range map[string]func(*rig, string) answer{
		"second ?": func(r *rig, back string) answer { return r.get(strings.Replace(back, "?", "?lang=en?", 1)) },
		"post": func(r *rig, back string) answer {
			u, err := url.Parse(back)
			r.must(err)
			return r.send(http.MethodPost, u.Path, u.Query(), header("Origin", "https://sec.windcave.com"), header("Sec-Fetch-Site", "cross-site"))
		},
		"head":       func(r *rig, back string) answer { return r.send(http.MethodHead, back, nil) },
		"early data": func(r *rig, back string) answer { return r.get(back, header("Early-Data", "1")) },
		"other host": func(r *rig, back string) answer {
			return r.get(back, func(q *http.Request) { q.Host = "other.example" })
		},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, setup{}, func(r *rig) {
				r.Gateway.HoldNotifications(true)
				back := r.back(r.Gateway.Pay(r.pay(), windcavetest.CardApproved))
				if a := turn(r, back); a.Code != http.StatusSeeOther {
					r.Errorf("answer %d", a.Code)
				}
				if p := r.journal()[0]; !p.HasMoney() {
					r.Errorf("payment is %s", p.State)
				}
			})
		})
	}
}

// Who the user agent says it is decides only what is shown.
func TestMachinesAndBrowsers(t *testing.T) {
	inBubble(t, setup{}, func(r *rig) {
		at := payment.ReturnPath + "AAAAAAAAAAAAAAAA"
		for _, c := range []struct {
			agent, accept string
			want          int
		}{
			{"PXL1", "*/*", 200},
			{"PXL1", "text/html", 200},
			{"PXHOST1", "text/html", 200},
			{"curl/8", "*/*", 200},
			{"Mozilla/5.0", "", 200},
			{"Mozilla/5.0", "text/html,*/*", 303},
			{"", "text/html", 303},
			{"Mozilla/5.0 PXL1", "text/html", 303},
		} {
			a := r.get(at, header("User-Agent", c.agent), header("Accept", c.accept))
			if a.Code != c.want {
				r.Errorf("%q, %q: %d, want %d", c.agent, c.accept, a.Code, c.want)
			}
		}
	})
}

// F35: ten notifications and the browser at once store one outcome.
func TestF35TenNotificationsAtOnce(t *testing.T) {
	inBubble(t, setup{}, func(r *rig) {
		r.Gateway.HoldNotifications(true)
		back := r.back(r.Gateway.Pay(r.pay(), windcavetest.CardApproved))
		codes := make(chan int, 11)
		for range 10 {
			go func() { codes <- r.get(back, notified).Code }()
		}
		go func() { codes <- r.get(back).Code }()
		seen := map[int]int{}
		for range 11 {
			seen[<-codes]++
		}
		if seen[200] != 10 || seen[303] != 1 {
			r.Errorf("answers are %v", seen)
		}
		synctest.Wait()
		time.Sleep(time.Minute) // virtual
		if all := r.Splynx.Payments(); len(all) != 1 {
			r.Errorf("%d payments in Splynx", len(all))
		}
	})
}

// F60: neither the token nor the address of the hosted page may be found in the log.
func TestF60LogHasNoToken(t *testing.T) {
	inBubble(t, setup{}, func(r *rig) {
		hosted := r.pay()
		back := r.back(r.Gateway.Pay(hosted, windcavetest.Card{Number: windcavetest.CardApproved.Number, Holder: "MARKED HOLDER"}))
		u, err := url.Parse(back)
		r.must(err)
		r.get(back)
		r.get(u.Path + "?result=" + u.Query().Get("result") + "&result=x")
		r.Splynx.Inject(splynxtest.Fault{Op: "*", Kind: splynxtest.Refuse, Times: 3})
		r.get(r.link())
		time.Sleep(time.Hour) // virtual
		if r.Logs.Len() == 0 {
			r.Fatal("nothing was logged at all")
		}
		for _, e := range r.Logs.All() {
			for _, secret := range []string{u.Query().Get("result"), hosted, "MARKED HOLDER", rigPxPay, "rig-secret", "rig-password", rigCookie} {
				for _, f := range e.Context {
					if strings.Contains(f.String, secret) || f.Interface != nil && strings.Contains(sprint(f.Interface), secret) {
						r.Errorf("%q logs %s with %q", e.Message, f.Key, secret)
					}
				}
				if strings.Contains(e.Message, secret) {
					r.Errorf("log says %q", e.Message)
				}
			}
		}
	})
}

// The disk is full when the payer comes back: the page does not say that nothing came, nor
// does it lead to the gateway once more.
func TestCameBackAndCouldNotBeStored(t *testing.T) {
	inBubble(t, setup{}, func(r *rig) {
		r.Gateway.HoldNotifications(true)
		back := r.back(r.Gateway.Pay(r.pay(), windcavetest.CardApproved))
		r.Gateway.Inject(windcavetest.Fault{Kind: windcavetest.HTTPStatus, Op: windcavetest.OpProcess, N: 500, Times: 1})
		r.shut = errors.New("disk is full")
		a := r.get(back)
		r.shut = nil
		at := strings.TrimPrefix(a.location(), rigPublic)
		b := r.get(at)
		r.wants(b, 200, "Waiting for the answer")
		if body := b.Body.String(); strings.Contains(body, "hosted") || !strings.Contains(body, "Do not pay again") {
			r.Errorf("the page is\n%s", body)
		}
		refresh := regexp.MustCompile(`url=([^"]+)"`).FindStringSubmatch(b.Body.String())
		if refresh == nil {
			r.Fatal("the page does not renew itself")
		}
		r.wants(r.get(strings.ReplaceAll(refresh[1], "&amp;", "&")), 200, "Waiting for the answer")
		time.Sleep(time.Hour) // virtual: the gateway is asked
		r.wants(r.get(at), 200, "Paid")
	})
}
