package splynx

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
)

// The bytes that queue a mail.
func TestSendMail(t *testing.T) {
	t.Parallel()
	s := setup(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, `{"id":7}`)
	})
	id, err := s.client.SendMail(t.Context(), Mail{"office@isp.example", "A card was saved", "<p>x</p>"})
	if id != 7 || err != nil {
		t.Errorf("got %d, %v", id, err)
	}
	calls := s.seen(false)
	if want := `{"message":"\u003cp\u003ex\u003c/p\u003e","recipient":"office@isp.example","subject":"A card was saved","type":"add-on"}`; len(calls) != 1 || calls[0].method != "POST" || calls[0].path != "admin/config/mail" || calls[0].body != want {
		t.Errorf("calls are %+v", calls)
	}
}

// What cannot be a mail is not sent at all; whatever Splynx answers, nothing is sent again.
func TestSendMailThatCannotBe(t *testing.T) {
	t.Parallel()
	s := setup(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	for name, m := range map[string]Mail{
		"no address": {"", "a", "b"}, "with a name": {"Office <office@isp.example>", "a", "b"}, "two": {"a@isp.example, b@isp.example", "a", "b"}, "more lines": {"a@isp.example\r\nBcc: b@isp.example", "a", "b"},
		"no subject": {"a@isp.example", "", "b"}, "no text": {"a@isp.example", "a", ""}, "long subject": {"a@isp.example", strings.Repeat("a", MaxComment+1), "b"}, "lines in the subject": {"a@isp.example", "a\nBcc: b", "b"},
	} {
		if _, err := s.client.SendMail(t.Context(), m); err == nil {
			t.Errorf("%s is sent", name)
		}
	}
	if n := len(s.seen(false)); n != 0 {
		t.Errorf("%d calls", n)
	}
	_, err := s.client.SendMail(t.Context(), Mail{"a@isp.example", "a", "b"})
	if failed, ok := errors.AsType[*Error](err); !ok || failed.SurelyNot() || len(s.seen(false)) != 1 {
		t.Errorf("got %v after %d calls", err, len(s.seen(false)))
	}
}
