package journal

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
)

// killed is a journal of so many payments as a process that was killed leaves it: the file and
// its log.
func killed(t *testing.T, payments int) map[string][]byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "journal.db")
	s := open(t, path)
	for n := range payments {
		if err := create(s, n); err != nil {
			t.Fatal(err)
		}
	}
	files := map[string][]byte{}
	for _, tail := range []string{"", "-wal"} {
		data, err := os.ReadFile(path + tail)
		if err != nil {
			t.Fatal(err)
		}
		files[tail] = data
	}
	return files
}

// reopened puts the files into a folder and counts the payments that are found there.
func reopened(t *testing.T, files map[string][]byte) (found []*payment.Payment, err error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "journal.db")
	for tail, data := range files {
		if err := os.WriteFile(path+tail, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s, err := Open(ctx, path)
	if err != nil {
		return nil, err
	}
	found, err = s.Find(ctx, payment.Filter{Limit: 1000})
	if closed := s.Close(); err == nil && closed != nil {
		t.Errorf("close: %v", closed)
	}
	return found, err
}

// F14: the tail of the log is torn, or a bit of it has flipped. What was written before that
// place is there, in its order, and nothing that is half.
func TestF14TornLog(t *testing.T) {
	t.Parallel()
	const payments = 40
	files := killed(t, payments)
	wal := files["-wal"]
	for i := range 40 {
		at := len(wal) * i / 40
		for name, spoil := range map[string]func() []byte{
			"torn": func() []byte { return wal[:at] },
			"flipped": func() []byte {
				data := append([]byte(nil), wal...)
				data[at] ^= 0x10
				return data
			},
		} {
			t.Run(fmt.Sprint(name, " at ", at), func(t *testing.T) {
				t.Parallel()
				found, err := reopened(t, map[string][]byte{"": files[""], "-wal": spoil()})
				if err != nil {
					t.Log(err) // refused, with the reason
					return
				}
				for _, p := range found {
					if n := p.Customer; n >= int64(len(found)) || p.ID != sample(int(n)).ID {
						t.Errorf("of %d payments, %s is one", len(found), p.ID)
					}
				}
				if at > len(wal)/2 && len(found) < payments/4 {
					t.Errorf("%d of %d payments are left", len(found), payments)
				}
			})
		}
	}
}

// F14: a bit has flipped somewhere in the file. Either that is noticed, or every payment is
// still there: never is a journal taken that has lost some.
func TestF14FlippedBit(t *testing.T) {
	t.Parallel()
	const payments = 60
	path := filepath.Join(t.TempDir(), "journal.db")
	s := open(t, path)
	for n := range payments {
		if err := create(s, n); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 200 {
		at := len(whole) * i / 200
		t.Run(fmt.Sprint(at), func(t *testing.T) {
			t.Parallel()
			data := append([]byte(nil), whole...)
			data[at] ^= 0x10
			if found, err := reopened(t, map[string][]byte{"": data}); err == nil && len(found) != payments {
				t.Errorf("%d of %d payments were taken for all", len(found), payments)
			}
		})
	}
}
