package caddymodule

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/internal/payer"
	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
)

// said is what a command wrote, and how it ended.
type said struct {
	out, err string
	code     int
}

// command runs `caddy paymentexpress`.
func (s *site) command(args ...string) said {
	s.tb.Helper()
	cmd := exec.Command(os.Args[0], append([]string{"paymentexpress"}, args...)...)
	cmd.Env = append(os.Environ(), asCaddy+"=1", "XDG_CONFIG_HOME="+s.dir, "XDG_DATA_HOME="+s.dir)
	cmd.Dir = s.dir
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	err := cmd.Run()
	var ended *exec.ExitError
	if err != nil && !errors.As(err, &ended) {
		s.tb.Fatal(err)
	}
	return said{out.String(), errOut.String(), cmd.ProcessState.ExitCode()}
}

// ask runs a command that asks the site's Caddy.
func (s *site) ask(args ...string) said {
	s.tb.Helper()
	return s.command(append(args, "--address", "unix/"+s.admin)...)
}

// wants tells what is missing from what was said.
func (s *site) wants(got said, code int, words ...string) {
	s.tb.Helper()
	if got.code != code {
		s.tb.Errorf("ended with %d, not %d\n%s%s", got.code, code, got.out, got.err)
	}
	for _, w := range words {
		if text := strings.Join(strings.Fields(got.out+got.err), " "); !strings.Contains(text, w) {
			s.tb.Errorf("does not say %q\n%s%s", w, got.out, got.err)
		}
	}
}

// listed is what list tells for machines.
func (s *site) listed(args ...string) listAnswer {
	s.tb.Helper()
	got := s.ask(append([]string{"list", "--json"}, args...)...)
	s.wants(got, 0)
	var list listAnswer
	s.must(json.Unmarshal([]byte(got.out), &list))
	return list
}

func (s *site) hour() context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	s.tb.Cleanup(cancel)
	return ctx
}

// Two invoices are paid, and the office looks at them.
func TestCommandsThatRead(t *testing.T) {
	t.Parallel()
	s := newSite(t, siteOptions{})
	s.start("")
	s.until("the journal is open", func() bool { return s.ask("list").code == 0 })
	s.wants(s.ask("list"), 0, "No payment yet.")
	second := s.addInvoice("2026/0043", "12.00")
	s.must(s.payInvoice(s.hour(), s.invoice.Number))
	person := payer.New()
	page, err := person.Start(s.hour(), s.link(second.Number))
	s.must(err)
	back := s.payOn(page)
	_, err = person.ComeBack(s.hour(), back, "Paid")
	s.must(err)
	s.paid(second.ID)
	s.until("both are recorded", func() bool { return len(s.listed("--state", "recorded").Payments) == 2 })

	list := s.listed()
	newest := string(list.Payments[0].ID)
	all := s.ask("list")
	s.wants(all, 0, "SINCE (UTC)", "invoice 2026/0042", "57.50 NZD", "invoice 2026/0043", "12.00 NZD", "recorded booked")
	s.wants(s.ask("list", "--limit", "1"), 0, "invoice 2026/0043", "There are more", "--after "+newest)
	if older := s.listed("--after", newest); len(older.Payments) != 1 || older.Payments[0].DocumentNumber != "2026/0042" || older.Next != "" {
		t.Errorf("after the newest: %+v", older)
	}
	if one := s.listed("--limit", "2"); one.Next != "" {
		t.Error("it says that there are more than all")
	}
	s.wants(s.ask("list", "--customer", "424242"), 0, "No such payment.")
	s.wants(s.ask("list", "--state", "sunk"), 1, `state "sunk" is none of created, not_offered`)
	s.wants(s.ask("list", "--attention", "--fail"), 0, "Nothing needs a person.")

	shown := s.ask("show", strings.ToLower(newest))
	s.wants(shown, 0, "recorded since", "on the document", "DpsTxnRef", "UTC and in Pacific/Auckland", "created -> offered", "approved -> recorded", "a guest, by a payment link")
	s.wants(s.ask("show", "AAAABBBBCCCCDDDD"), 1, "no such payment")
	s.wants(s.ask("show", "x"), 1, "want 16 capitals and digits")
	asJSON := s.ask("show", newest, "--json")
	well := s.ask("health")
	s.wants(well, 0, "All is well.", s.journal()+", open", "none unfinished", "admin_commands read")

	token := query(t, back).Get("result")
	pageToken := page[strings.LastIndexAny(page, "/=")+1:]
	for what, secret := range map[string]string{"result token": token, "page": pageToken, "key": pxPayKey, "password": pxPostKey, "secret": splynxSecret, "holder": cardHolder, "customer": "Private Person", "form": "form_key"} {
		for _, got := range []said{all, shown, asJSON, well, s.ask("list", "--json"), s.ask("health", "--json")} {
			if secret == "" || strings.Contains(got.out+got.err, secret) {
				t.Errorf("the %s (%q) is told:\n%s%s", what, secret, got.out, got.err)
			}
		}
	}
	other := strings.Replace(s.caddyfile("paymentexpress"), s.journal(), filepath.Join(s.dir, "other.db"), 1)
	s.must(s.load(other))
	s.until("the other journal is asked", func() bool { return strings.Contains(s.ask("health").out, "other.db, open, made anew") })
	s.stop()
	s.check()
}

// Splynx refuses a booking for good; the office mends it and sends the payment on.
func TestCommandSettles(t *testing.T) {
	t.Parallel()
	s := newSite(t, siteOptions{})
	s.start("")
	s.splynx.Inject(splynxtest.Fault{Op: "POST payments", Kind: splynxtest.Status, Status: http.StatusUnprocessableEntity, Times: -1})
	buyer := payer.New()
	page, err := buyer.Start(s.hour(), s.link(s.invoice.Number))
	s.must(err)
	_, _ = buyer.Open(s.hour(), s.payOn(page))
	s.until("it is parked", func() bool { return len(s.listed("--attention").Payments) == 1 })
	id := string(s.listed("--attention").Payments[0].ID)
	s.wants(s.ask("list", "--attention"), 0, "parked booking_refused", "caddy paymentexpress show ID")
	s.wants(s.ask("list", "--attention", "--fail"), 1)
	s.wants(s.ask("health"), 0, "1 parked", "oldest money "+id)
	s.wants(s.ask("show", id), 0, "parked since", "settle "+id, "not-paid", "422")

	s.wants(s.ask("settle", id, "--as", "again", "--reason", "mended"), 1, "set admin_commands all")
	s.words = "admin_commands all"
	s.must(s.load(s.caddyfile("paymentexpress")))
	s.wants(s.ask("settle", id, "--as", "gone", "--reason", "mended"), 1, "again, recorded, refunded or not-paid")
	s.wants(s.ask("settle", id, "--as", "again"), 1, `required flag(s) "reason" not set`)
	s.wants(s.ask("settle", id, "--as", "again", "--reason", " "), 1, "say why")
	s.wants(s.ask("settle", id, "--as", "not-paid", "--reason", "x"), 1, "the gateway has approved it")
	if p := s.listed(); p.Payments[0].State != payment.Parked {
		t.Fatalf("it is %s", p.Payments[0].State)
	}
	s.splynx.ClearFaults()
	s.wants(s.ask("settle", id, "--as", "again", "--reason", "the method was mended"), 0, "57.50 NZD", "It was parked since", "It goes back to where it came from", "Done. It is")
	s.paid(s.invoice.ID)
	s.until("it is recorded", func() bool { return len(s.listed("--state", "recorded").Payments) == 1 })
	me, err := person()
	s.must(err)
	s.wants(s.ask("show", id), 0, "the method was mended", "a person has sent it back (settled_again); by "+me)
	refused := s.ask("settle", id, "--as", "refunded", "--reason", "x")
	if s.wants(refused, 1, "only a parked payment can be settled"); refused.out != "" {
		t.Errorf("beside the error it says\n%s", refused.out)
	}
	s.settled()
}

// A backup is made while three payments are approved and not booked yet. All are booked and a
// fourth invoice is paid; then Caddy stops and the backup is put back. Nothing is charged or
// booked again.
func TestCommandsBackUpAndRestore(t *testing.T) {
	t.Parallel()
	s := newSite(t, siteOptions{})
	s.words = "admin_commands all"
	s.start("")
	s.splynx.Inject(splynxtest.Fault{Op: "POST payments", Kind: splynxtest.Status, Status: http.StatusServiceUnavailable, Times: -1})
	invoices := []splynxtest.Invoice{s.invoice, s.addInvoice("2026/0043", "12.00"), s.addInvoice("2026/0044", "13.00")}
	for _, i := range invoices {
		person := payer.New()
		page, err := person.Start(s.hour(), s.link(i.Number))
		s.must(err)
		_, _ = person.Open(s.hour(), s.payOn(page))
	}
	s.until("all are approved", func() bool { return len(s.listed("--state", "approved").Payments) == len(invoices) })
	file := filepath.Join(s.dir, "backup.db")
	s.wants(s.ask("journal", "backup", "backup.db"), 0, "The journal stands in "+file) // the command's own folder
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Error(info, err)
	}
	s.wants(s.ask("journal", "backup", file), 1, "file already exists")
	s.wants(s.ask("journal", "backup", filepath.Join(s.dir, "nowhere", "b.db")), 1, "no such file or directory")
	config := filepath.Join(s.dir, "Caddyfile")
	s.wants(s.command("journal", "restore", file, "--config", config), 1, "stop Caddy first")
	s.splynx.ClearFaults()
	for _, i := range invoices {
		s.paid(i.ID)
	}
	later := s.addInvoice("2026/0045", "14.00")
	s.must(s.payInvoice(s.hour(), later.Number))
	invoices = append(invoices, later)
	s.until("all are recorded", func() bool { return len(s.listed("--state", "recorded").Payments) == len(invoices) })
	s.stop()

	s.wants(s.command("journal", "restore", config, "--journal", s.journal()), 1, "not a whole journal")
	s.wants(s.command("journal", "restore", file), 1, "at least one of the flags")
	s.wants(s.command("journal", "restore", file, "--config", config), 0, s.journal()+" is the backup", "It has 3 payments; the last move", s.journal()+".before-", "no payment starts before")
	s.start("")
	for _, i := range invoices {
		page, err := payer.New().Open(s.hour(), s.link(i.Number))
		s.must(err)
		if page.HasForm() {
			t.Errorf("%s can be paid again: %q", i.Number, page.Title)
		}
	}
	s.until("all are recorded anew", func() bool { return len(s.listed("--state", "recorded").Payments) == len(invoices) })
	s.until("the journal is compared", func() bool { return strings.Contains(s.ask("health").out, "compared with Splynx 2") })
	s.wants(s.ask("journal", "accept"), 0, "Accepted: 1 payment ")
	s.wants(s.ask("health"), 0, "All is well.")
	if n := len(s.gateway.Charges()); n != len(invoices) {
		t.Errorf("%d charges", n)
	}
	s.stop()
	s.check()
}

// Splynx has a payment of ours that the journal does not know.
func TestCommandAccepts(t *testing.T) {
	t.Parallel()
	s := newSite(t, siteOptions{})
	s.words = "admin_commands all"
	s.splynx.InsertPayment(splynxtest.Payment{CustomerID: s.invoice.CustomerID, Receipt: "AAAABBBBCCCCDDDD", Amount: "1.00"})
	s.start("")
	s.until("the journal is compared", func() bool { return strings.Contains(s.ask("health").out, "compared with Splynx 2") })
	s.wants(s.ask("health"), 1, "Splynx has 1 of our payments that the journal does not know", "caddy paymentexpress journal accept", "made anew")
	resp, err := s.adminClient().Get("http://caddy/paymentexpress/health")
	s.must(err)
	if resp.StatusCode != http.StatusServiceUnavailable {
		t.Error(resp.Status)
	}
	_ = resp.Body.Close()
	s.wants(s.ask("journal", "accept"), 0, "Accepted: 1 payment")
	s.wants(s.ask("journal", "accept"), 0, "nothing to accept")
	s.wants(s.ask("health"), 0, "All is well.", "accepted by ")
	s.stop()
}

// Splynx does not answer, and the journal is another process's.
func TestHealthSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	s := newSite(t, siteOptions{})
	s.splynx.SetOutage(true)
	s.start("")
	s.until("the gate is open", func() bool { return strings.Contains(s.ask("health").out, "Splynx does not answer") })
	s.wants(s.ask("health"), 1, "no payment can start before it is compared with Splynx")
	// A second Caddy on the same journal.
	other := &site{tb: t, dir: t.TempDir(), splynx: s.splynx, backend: s.backend, pay: s.pay, method: 3, auth: "token", public: "http://" + free(t)}
	other.admin = filepath.Join(other.dir, "admin.sock")
	config := strings.Replace(other.caddyfile("paymentexpress"), other.journal(), s.journal(), 1)
	file := filepath.Join(other.dir, "Caddyfile")
	s.must(os.WriteFile(file, []byte(config), 0o600))
	other.run(file, "")
	other.wants(other.ask("health"), 1, "is not open, and no payment can be taken until it is", "journal is open in another process")
	other.wants(other.ask("list"), 1, "the journal is not open", "journal is open in another process")
	other.stop()
	s.stop()
}

// Each way in which the running Caddy cannot be asked is said, with what to do.
func TestCaddyCannotBeAsked(t *testing.T) {
	t.Parallel()
	s := newSite(t, siteOptions{})
	off, socket := filepath.Join(s.dir, "off.Caddyfile"), filepath.Join(s.dir, "on.Caddyfile")
	text := s.caddyfile("paymentexpress")
	s.must(os.WriteFile(off, []byte(strings.Replace(text, "admin unix/"+s.admin, "admin off", 1)), 0o600))
	s.must(os.WriteFile(socket, []byte(text), 0o600))
	s.wants(s.command("list", "--config", off), 1, "has `admin off`", "Set an admin address")
	s.wants(s.command("list", "--config", socket), 1, "no Caddy answers at unix/"+s.admin, "no such file", "--address")
	s.wants(s.command("list", "--address", strings.TrimPrefix(s.public, "http://")), 1, "no Caddy answers at", "connection refused")
	s.wants(s.command("list", "--config", filepath.Join(s.dir, "none")), 1, "cannot be read")
	s.wants(s.command("list", "--address", "localhost:1-9"), 1, "is no admin address")

	without := httptest.NewServer(http.NotFoundHandler()) // as a Caddy without the module
	t.Cleanup(without.Close)
	s.wants(s.command("health", "--address", strings.TrimPrefix(without.URL, "http://")), 1, "knows no paymentexpress", "list-modules")

	s.start("")
	s.until("all is well", func() bool { return s.ask("health").code == 0 })
	well := s.command("health", "--config", socket, "--adapter", "caddyfile")
	s.wants(well, 0, "All is well.")
	if well.err != "" {
		t.Errorf("Caddy's own log is in between: %s", well.err)
	}
	s.wants(s.command("health", "--address", "unix/"+s.admin, "--config", off), 0, "All is well.")
	s.must(s.load("{\n\tadmin unix/" + s.admin + "\n}\n"))
	s.wants(s.ask("health"), 1, "no paymentexpress in its configuration")
	s.wants(s.ask("list"), 1, "no paymentexpress in its configuration")
	tcp := free(t)
	s.must(s.load(strings.Replace(text, "admin unix/"+s.admin, "admin "+tcp, 1)))
	s.until("it is asked over TCP", func() bool { return s.command("health", "--address", tcp).code == 0 })
	s.stop()
}
