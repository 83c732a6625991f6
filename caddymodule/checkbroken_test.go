package caddymodule

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment/journal"
	"github.com/caddy-paymentexpress/paymentexpress/splynx"
	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
	"github.com/caddy-paymentexpress/paymentexpress/windcave/windcavetest"
)

// brokenInstallation is a good one with one thing broken, and a part of the line that says so.
type brokenInstallation struct {
	what    string
	options func(*checkedOptions)
	broken  func(*checked)
	level   checkLevel
	says    string
}

func brokenInstallations() []brokenInstallation {
	var all []brokenInstallation
	for _, some := range [][]brokenInstallation{
		brokenConfigurations(), brokenJournals(), brokenWays(), brokenKeys(), brokenBooks(), brokenCards(), brokenPortals(), brokenEntryPoints(), brokenGateways(),
	} {
		all = append(all, some...)
	}
	return all
}

func brokenConfigurations() []brokenInstallation {
	return []brokenInstallation{
		{"the configuration file is not there", nil, func(k *checked) { k.c.options.config = k.dir + "/Caddyfile" }, levelWrong, "no such file"},
		{"a word in the Caddyfile is mistyped", nil, func(k *checked) { k.replace("currency NZD", "curency NZD") }, levelWrong, `unknown word "curency"`},
		{"the paymentexpress block is missing", nil, func(k *checked) { k.config = ":80 {\n\trespond hello\n}\n" }, levelWrong, "no settings of this module"},
		{"a setting that is required is missing", nil, func(k *checked) { k.replace("\t\tpayment_method 3\n", "") }, levelWrong, "payment_method is missing"},
		{"an environment variable is not set", nil, func(k *checked) { k.replace("CHECKED_SECRET", "NOBODY_SETS_THIS") }, levelWrong, "variable NOBODY_SETS_THIS is not set"},
		{"the file of a secret is not there", nil, func(k *checked) { k.replace("{env.CHECKED_SECRET}", "{file."+k.dir+"/secret}") }, levelWrong, "/secret"},
		{"the --envfile is not there", nil, func(k *checked) { k.c.options.envfiles = []string{k.dir + "/paymentexpress.env"} }, levelWrong, "environment file cannot be read"},
		{"a secret stands in the Caddyfile", nil, func(k *checked) { k.replace("{env.CHECKED_SECRET}", splynxSecret) }, levelWarn, "a secret stands in the configuration itself"},
		{"no site has the word `paymentexpress`", nil, func(k *checked) { k.replace(":80 {\n\tpaymentexpress\n}", "") }, levelWarn, "no site has the word"},
		{"`time_zone` is not set", nil, func(k *checked) { k.replace("\t\ttime_zone Pacific/Auckland\n", "") }, levelWarn, "time_zone is not set"},
	}
}

func brokenJournals() []brokenInstallation {
	return []brokenInstallation{
		{"the journal's folder is not there", nil, func(k *checked) { k.replace(k.journal(), k.dir+"/new/paymentexpress.db") }, levelWrong, "is not there"},
		{"this user may not write in the journal's folder", nil, func(k *checked) {
			k.c.writable = func(path string) error {
				if path == k.dir {
					return syscall.EACCES
				}
				return nil
			}
		}, levelWrong, "may not write in"},
		{"this user may not write the journal", nil, func(k *checked) {
			k.c.writable = func(path string) error {
				if path == k.journal() {
					return syscall.EACCES
				}
				return nil
			}
		}, levelWrong, "may not write /"},
		{"the journal is empty", nil, func(k *checked) { k.must(os.Truncate(k.journal(), 0)) }, levelWrong, "is empty"},
		{"the journal is gone, its -wal file is not", nil, func(k *checked) { k.must(os.Rename(k.journal(), k.journal()+"-wal")) }, levelWrong, "its other half, is there"},
		{"another file stands where the journal should be", nil, func(k *checked) { k.must(os.WriteFile(k.journal(), []byte("a file of somebody else"), 0o600)) }, levelWrong, "is no journal"},
		{"the disk is nearly full", nil, func(k *checked) { k.c.free = func(string) (uint64, error) { return 100 << 20, nil } }, levelWrong, "100 MiB are free"},
		{"nothing: a Caddy runs and has the journal open", nil, func(k *checked) {
			store, err := journal.Open(k.t.Context(), k.journal())
			k.must(err)
			k.t.Cleanup(func() { _ = store.Close() })
		}, levelOK, "a running Caddy uses it"},
	}
}

func brokenWays() []brokenInstallation {
	return []brokenInstallation{
		{"Splynx does not run", nil, func(k *checked) {
			old := k.address
			k.address = nobodyThere(k.t)
			k.replace(old, k.address)
		}, levelWrong, "nothing listens there"},
		{"the name of Splynx is not found", nil, func(k *checked) { k.replace("splynx "+k.address, "splynx https://splynx.invalid") }, levelWrong, "is not found"},
		{"Splynx's certificate is of an unknown authority", nil, func(k *checked) {
			s := httptest.NewTLSServer(http.NotFoundHandler())
			k.t.Cleanup(s.Close)
			old := k.address
			k.address = s.URL
			k.replace(old, s.URL)
		}, levelWrong, "from nobody that this machine trusts"},
		{"Splynx does not answer in time", nil, func(k *checked) {
			k.c.patience = 50 * time.Millisecond
			k.front = func(_ http.ResponseWriter, r *http.Request) bool {
				<-r.Context().Done()
				return true
			}
		}, levelWrong, "no answer in time"},
		{"the address redirects", nil, fault(splynxtest.Fault{Op: "*", Kind: splynxtest.ToLogin, Times: -1}), levelWrong, "answers with a redirect"},
		{"another web server answers at the address", nil, fault(splynxtest.Fault{Op: "*", Kind: splynxtest.LoginPage, Times: -1}), levelWrong, "not as Splynx's API does"},
		{"Splynx is broken", nil, fault(splynxtest.Fault{Op: "*", Kind: splynxtest.Status, Status: 500, Times: -1}), levelWrong, "answers HTTP 500"},
		{"this machine's clock is 2 minutes slow", nil, func(k *checked) { k.dated(2 * time.Minute) }, levelWarn, "behind Splynx's"},
		{"this machine's clock is 10 minutes fast", nil, func(k *checked) { k.dated(-10 * time.Minute) }, levelWrong, "ahead of Splynx's"},
	}
}

// fault makes a fault of the simulator what is broken.
func fault(f splynxtest.Fault) func(*checked) { return func(k *checked) { k.splynx.Inject(f) } }

// dated has Splynx's web server tell another time.
func (k *checked) dated(by time.Duration) {
	k.front = func(w http.ResponseWriter, _ *http.Request) bool {
		w.Header().Set("Date", k.c.now().Add(by).UTC().Format(http.TimeFormat))
		return false
	}
}

func (k *checked) must(err error) {
	k.t.Helper()
	if err != nil {
		k.t.Fatal(err)
	}
}

// mostly are all permissions of README.md but one.
func mostly(without string) func(*checkedOptions) {
	return func(o *checkedOptions) {
		o.key.Permissions = make(map[string][]string)
		for _, p := range strings.Fields("Invoices:index Invoices:view Customer:index Customer:view CustomerBilling:update Mail:add Payments:index Payments:view Payments:add BankStatements:index BankStatements:add " +
			"BankStatementsRecords:index BankStatementsRecords:view BankStatementsRecords:add BankStatementsRecords:update PaymentMethods:index CompanyInfo:view " +
			"Administrators:view Partners:index EntryPoints:index Config:view CustomerPaymentAccounts:index CustomerPaymentAccounts:view " +
			"CustomerPaymentAccounts:update CustomerPaymentAccounts:delete") {
			if controller, action, _ := strings.Cut(p, ":"); p != without {
				o.key.Permissions[controller] = append(o.key.Permissions[controller], action)
			}
		}
	}
}

func brokenKeys() []brokenInstallation {
	all := []brokenInstallation{
		{"the API key or its secret is wrong", func(o *checkedOptions) { o.key.Secret = "another secret" }, nil, levelWrong, "key, secret, white list"},
		{"this machine is not on the key's white list", func(o *checkedOptions) {
			o.key.WhiteList, o.splynx.ForbidAddress = []string{"192.0.2.1"}, true
		}, nil, levelWrong, "does not let it in from here"},
		{"a password stands before Splynx", nil, func(k *checked) {
			k.front = func(w http.ResponseWriter, r *http.Request) bool {
				if strings.HasSuffix(r.URL.Path, "/check") {
					return false
				}
				w.WriteHeader(http.StatusUnauthorized)
				return true
			}
		}, levelWrong, "without a code of Splynx's"},
		{"Splynx takes signatures only", nil, fault(splynxtest.Fault{Op: "POST tokens", Kind: splynxtest.Status, Status: 401, Times: -1}), levelWrong, "by auth signature it does"},
		{"a nonce is refused: another program uses the key, or the clock was set back", func(o *checkedOptions) { o.key.CheckNonce = true }, func(k *checked) {
			other, err := splynx.New(splynx.Config{URL: k.address, Key: checkedKey, Secret: splynxSecret, Now: func() time.Time { return time.Now().Add(5 * time.Minute) }})
			k.must(err)
			k.must(other.CheckSignature(k.t.Context()))
		}, levelWrong, "refused a nonce, not the key"},
		{"the key's list of permissions is wrong", nil, fault(splynxtest.Fault{Op: "VIEW payments", Kind: splynxtest.Status, Status: 403, Times: -1}), levelWrong, "refused when tried"},
		{"the key is bound to one partner", func(o *checkedOptions) { o.key.PartnerID = 1 }, func(k *checked) { k.replace("\t\tpartner 2 {\n\t\t\tname North\n\t\t}\n", "") }, levelWarn, "bound to one partner"},
	}
	for _, p := range []string{
		"Invoices:index", "Invoices:view", "Customer:view", "Payments:index", "Payments:view", "Payments:add", "BankStatements:index", "BankStatements:add",
		"BankStatementsRecords:index", "BankStatementsRecords:view", "BankStatementsRecords:add", "BankStatementsRecords:update", "PaymentMethods:index",
	} {
		name := strings.Replace(p, ":", " ", 1)
		all = append(all, brokenInstallation{"the key lacks " + name, mostly(p), nil, levelWrong, "permission " + name + ": missing"})
	}
	return append(all,
		brokenInstallation{"the key lacks CompanyInfo view, and `name` is not set", mostly("CompanyInfo:view"), nil, levelWarn, "permission CompanyInfo view: missing"},
		brokenInstallation{"the key lacks ProformaInvoices index", mostly("ProformaInvoices:index"), nil, levelWarn, "permission ProformaInvoices index: missing"},
		brokenInstallation{"the key lacks ProformaInvoices view", mostly("ProformaInvoices:view"), nil, levelWarn, "permission ProformaInvoices view: missing"},
		brokenInstallation{"the key lacks Customer index", mostly("Customer:index"), nil, levelWarn, "permission Customer index: missing"},
		brokenInstallation{"the key lacks CustomerBilling view", mostly("CustomerBilling:view"), nil, levelWarn, "permission CustomerBilling view: missing"},
		brokenInstallation{"the key lacks Administrators view", mostly("Administrators:view"), nil, levelWarn, "permission Administrators view: missing"},
		brokenInstallation{"the key lacks CustomerPaymentAccounts index", mostly("CustomerPaymentAccounts:index"), nil, levelWarn, "permission CustomerPaymentAccounts index: missing"},
		brokenInstallation{"the key lacks CustomerPaymentAccounts view", mostly("CustomerPaymentAccounts:view"), nil, levelWarn, "permission CustomerPaymentAccounts view: missing"},
		brokenInstallation{"the key lacks CustomerPaymentAccounts update", mostly("CustomerPaymentAccounts:update"), nil, levelWarn, "permission CustomerPaymentAccounts update: missing"},
		brokenInstallation{"the key lacks CustomerPaymentAccounts delete", mostly("CustomerPaymentAccounts:delete"), nil, levelWarn, "permission CustomerPaymentAccounts delete: missing"},
		brokenInstallation{"the key lacks CustomerBilling update, and `cards { payment_method }` is set", mostly("CustomerBilling:update"), func(k *checked) {
			k.replace("currency NZD", "currency NZD\n\t\tcards {\n\t\t\tpayment_method 3\n\t\t}")
		}, levelWarn, "permission CustomerBilling update: missing"},
		brokenInstallation{"the key lacks Mail add, and `cards { tell }` is set", mostly("Mail:add"), func(k *checked) {
			k.replace("currency NZD", "currency NZD\n\t\tcards {\n\t\t\ttell office@isp.example\n\t\t}")
		}, levelWarn, "permission Mail add: missing"},
		brokenInstallation{"the key lacks Partners index, which only this check uses", mostly("Partners:index"), nil, levelSkipped, "lacks the permission Partners index"},
	)
}

func brokenBooks() []brokenInstallation {
	return []brokenInstallation{
		{"Splynx ignores the conditions of a search", nil, func(k *checked) {
			k.splynx.InsertPayment(splynxtest.Payment{CustomerID: 1, Receipt: "2020-01-00002", Amount: "2.00"})
			k.splynx.Inject(splynxtest.Fault{Op: "LIST payments", Kind: splynxtest.IgnoreFilter, Skip: 2, Times: -1})
		}, levelWrong, "rows that were not searched for"},
		{"the search does not find what is there", nil, fault(splynxtest.Fault{Op: "LIST payments", Kind: splynxtest.EmptySearch, Skip: 3, Times: -1}), levelWrong, "is not found by its receipt number"},
		{"no payment is in Splynx yet", nil, func(k *checked) { k.splynx.DeletePayment(1) }, levelWarn, "cannot be proven"},
		{"`payment_method` is none of Splynx's", nil, func(k *checked) { k.replace("payment_method 3", "payment_method 9") }, levelWrong, "9 (default, partner 2) is none of Splynx's"},
		{"a partner's `payment_method` is none of Splynx's", nil, func(k *checked) { k.replace("name North", "payment_method 9") }, levelWrong, "9 (partner 2) is none of Splynx's"},
		{"the payment method is switched off in Splynx", nil, func(k *checked) { k.switchedOff() }, levelWarn, "is switched off in Splynx"},
		{"a partner block has a wrong id", nil, func(k *checked) { k.replace("partner 2", "partner 7") }, levelWrong, "partner 7 has a block"},
		{"the old add-on took another currency", nil, func(k *checked) {
			k.splynx.SetConfig(splynxtest.ConfigValue{Module: "add-on", Path: addOnModule, Key: "currency", Value: "AUD"})
		}, levelWrong, `settings say "AUD"`},
		{"nothing tells the currency", nil, func(k *checked) {
			k.splynx.SetConfig(splynxtest.ConfigValue{Module: "add-on", Path: addOnModule, Key: "currency", Value: ""})
		}, levelWarn, "nobody can check it"},
		{"Splynx has no company name, and `name` is not set", nil, func(k *checked) { k.splynx.SetCompany(1, "", "") }, levelWarn, "no company name"},
	}
}

// switchedOff has Splynx show payment method 3 as not active.
func (k *checked) switchedOff() {
	k.front = func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.HasSuffix(r.URL.Path, "/payment-methods") {
			return false
		}
		w.Header().Set("Content-Type", "application/json")
		k.must(json.NewEncoder(w).Encode([]map[string]string{{"id": "1", "name": "Cash", "is_active": "1"}, {"id": "3", "name": "Credit card", "is_active": "0"}}))
		return true
	}
}

func brokenPortals() []brokenInstallation {
	return []brokenInstallation{
		{"the portal's session cookie has another name", nil, func(k *checked) { k.replace("session_cookie PHPSESSID", "session_cookie SPLYNX") }, levelWrong, "but the portal sets PHPSESSID"},
		{"the portal sets no cookie on its sign-in page", nil, func(k *checked) {
			k.front = func(w http.ResponseWriter, r *http.Request) bool { return strings.HasPrefix(r.URL.Path, "/portal/") }
		}, levelWarn, "sets no cookie"},
		{"another web server answers at `public_url`", nil, func(k *checked) {
			k.replace(k.public, k.address)
			k.public = k.address
		}, levelWarn, "but not by this module"},
		{"nothing answers at `public_url`", nil, func(k *checked) {
			old := k.public
			k.public = nobodyThere(k.t)
			k.replace(old, k.public)
		}, levelWarn, "cannot be reached from here"},
	}
}

func brokenGateways() []brokenInstallation {
	return []brokenInstallation{
		{"the PxPay key is wrong", func(o *checkedOptions) { o.gateway.PxPayKey = strings.Repeat("0", 64) }, nil, levelWrong, "does not take user SitePxPay with this key"},
		{"the PxPay user may not use PxPay 2.0", func(o *checkedOptions) { o.gateway.NotEnabled = true }, nil, levelWrong, "code NQ"},
		{"the PxPost password is wrong", func(o *checkedOptions) { o.gateway.PostPassword = "another" }, nil, levelWrong, "does not take user SitePxPost with this password"},
		{"the PxPost user is wrong", func(o *checkedOptions) { o.gateway.PostUser = "Another" }, nil, levelWrong, "does not take user SitePxPost with this password"},
		{"`pxpost` is not configured", nil, func(k *checked) { k.replace("\t\t\tpxpost SitePxPost {env.CHECKED_PXPOST}\n", "") }, levelWarn, "PxPost: not configured"},
		{"a partner has `pxpay` of its own and no `pxpost`", nil, func(k *checked) {
			k.replace("name North", "pxpay SitePxPay {env.CHECKED_PXPAY}")
		}, levelWarn, "PxPost of partner 2: not configured"},
		{"Windcave cannot be reached", nil, func(k *checked) {
			old := k.pay
			k.pay = nobodyThere(k.t)
			k.replace(old, k.pay)
		}, levelWrong, "PxPay: http://windcave cannot be reached"},
		{"another web server answers in Windcave's place", nil, func(k *checked) {
			k.gateway.Inject(windcavetest.Fault{Kind: windcavetest.HTML, Times: -1})
		}, levelWrong, "not as Windcave does"},
		{"the endpoint is not the live host", nil, nil, levelWarn, "is not the live host"},
	}
}
