package house

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// faults are what the module has to hold against, by number. Each is tested by functions named
// TestF and its number, in the packages that are named; or it says what it waits for.
var faults = []struct {
	number int
	words  string
	where  string // packages, parted by blanks
	later  string // why it is not tested yet, or which half
}{
	{1, "killed before the intent is written", "caddymodule", ""},
	{2, "killed between the intent and the call for the page", "caddymodule payment", ""},
	{3, "killed before the page that was had is stored", "caddymodule payment", ""},
	{4, "killed while the buyer is on the page", "caddymodule", ""},
	{5, "killed before the outcome is stored", "caddymodule", ""},
	{6, "killed before the payment is posted to Splynx", "caddymodule", ""},
	{7, "killed when Splynx has booked, before that is noted", "caddymodule payment", ""},
	{8, "killed in a charge run, the charge without its answer", "payment payment/charge caddymodule", ""},
	{9, "killed between the charge of a card check and its refund", "payment", ""},
	{10, "power lost: what was not synced is gone", "payment payment/journal", ""},
	{11, "a sync fails", "caddymodule payment/journal", ""},
	{12, "the disk is full when the intent is to be written", "caddymodule payment payment/journal web", ""},
	{13, "the disk is full after the approval", "caddymodule payment", ""},
	{14, "the journal is damaged", "caddymodule payment/journal", ""},
	{15, "approved, and the connection breaks before the answer", "payment", ""},
	{16, "the gateway answers after we gave up", "payment", ""},
	{17, "the gateway cannot be reached, or is not who it says", "payment windcave", ""},
	{18, "not found, while the charge is still at the bank", "payment", ""},
	{19, "not final yet, then final", "payment", ""},
	{20, "a page in place of an answer, nothing, half of one, two", "payment", ""},
	{21, "success that authorised nothing", "payment", ""},
	{22, "another amount, currency, id or reference than was asked for", "payment windcave", ""},
	{23, "a surcharge of the page", "payment", ""},
	{24, "the gateway slows down during a charge run", "payment/charge", ""},
	{25, "wrong credentials that look like a decline", "payment windcave payment/charge", ""},
	{26, "a saved card that is dead, expired or stolen", "payment windcave", ""},
	{27, "no clear answer to a POST that was not booked", "payment", ""},
	{28, "no answer to a POST that was booked", "payment", ""},
	{29, "created, and the answer cannot be read", "payment", ""},
	{30, "Splynx is away for a day", "payment", ""},
	{31, "the invoice was paid, changed or deleted meanwhile", "payment", ""},
	{32, "Splynx refuses a booking for good", "payment", ""},
	{33, "one statement looked up and made by two at once", "payment", ""},
	{34, "notification and browser in the same moment", "payment", ""},
	{35, "the notification six times, early, a day late", "payment web", ""},
	{36, "the notification is lost; the browser too", "payment", ""},
	{37, "double click, reload, two tabs, two devices", "payment web", ""},
	{38, "two people start a charge run, or one and the customer pays", "payment/charge", ""},
	{39, "a charge run is started again", "payment/charge", ""},
	{40, "two nodes on one database", "", "no PostgreSQL"},
	{41, "a node is stopped for longer than its claim", "", "no PostgreSQL"},
	{42, "the database is lost between the call and the answer", "", "no PostgreSQL"},
	{43, "reloads in the middle of everything, fifty of them", "caddymodule", ""},
	{44, "a partner is removed with payments open", "payment web", ""},
	{45, "stopped, and not given the time to finish", "caddymodule", ""},
	{46, "the clock jumps; days of other zones", "payment web", ""},
	{47, "a result token that is forged, or of another payment or partner", "payment web", ""},
	{48, "one result a thousand times", "payment", ""},
	{49, "the address says that it was paid", "web", ""},
	{50, "amount, currency, customer or document changed in the form", "payment web", ""},
	{51, "what belongs to somebody else is asked for", "web", ""},
	{52, "payment links walked by number", "web", ""},
	{53, "another site presses the button; a GET that moves money", "web", ""},
	{54, "led elsewhere by an address, a Host or a way back", "web", ""},
	{55, "a session that is forged, has ended, or is remembered too long", "web", ""},
	{56, "an administrator without the right, or who lost it", "web/office", ""},
	{57, "cards tried out on a payment link", "web", ""},
	{58, "answers made to break whoever reads them", "payment splynx windcave", ""},
	{59, "control signs, strange letters and formulas in names and numbers", "web windcave web/office", ""},
	{60, "secrets in whatever comes out", "caddymodule web", ""},
	{61, "clients that hang on the return address", "caddymodule", ""},
	{62, "amounts at every limit, in every kind of currency", "payment web windcave", ""},
	{63, "partly paid, paid too much, a balance below nothing", "payment web", ""},
	{64, "the refund of a card check is refused or unknown", "payment", ""},
	{65, "the gateway has a charge that Splynx lacks, or the reverse", "", "no nightly comparison"},
	{66, "a POST is booked after we gave it up", "payment", ""},
	{67, "a search that ignores its filter, or sees nothing", "payment", ""},
	{68, "two rows with our number appear later", "payment", ""},
	{69, "staff pair a record between our read and our POST", "payment", ""},
	{70, "one TxnId approved twice on one page", "payment", ""},
	{71, "approved an hour after it was not known", "payment", ""},
	{72, "a page outlives its end and is paid hours later", "payment", "the real Status has not been seen to know pages"},
	{73, "the PxPost user is replaced while a payment is open", "payment", ""},
	{74, "the journal is lost, or an older one", "payment", ""},
	{75, "a reload names another journal", "caddymodule", ""},
	{76, "another customer signs in with the same browser", "web", ""},
	{77, "a booking is parked, and the same is to be charged again", "payment", ""},
	{78, "what is due changes between the page and the button", "web payment/charge", ""},
	{79, "a rest below the smallest coin", "payment web", ""},
	{80, "credit on the account covers the invoice", "payment/charge", ""},
	{81, "a refund whose outcome is unknown; two at once", "payment", ""},
	{82, "a reload in which something else fails", "caddymodule", ""},
	{83, "the journal is locked, full or read-only at the start", "caddymodule payment/journal", ""},
}

var faultTest = regexp.MustCompile(`^TestF(\d+)`)

// Each fault is tested where the table says so, or the table says why it is not; and no test is
// named after one that is not in it.
func TestFaultsAreTested(t *testing.T) {
	found := map[string][]string{} // number: packages
	eachFile(t, func(dir, file string, _ []string) {
		if strings.HasSuffix(file, "_test.go") {
			for _, number := range faultTests(t, file) {
				found[number] = append(found[number], dir)
			}
		}
	})
	for i, f := range faults {
		number := fmt.Sprintf("%02d", f.number)
		if f.number != i+1 || f.words == "" || f.where == "" && f.later == "" {
			t.Errorf("row %d of the table: %+v", i+1, f)
		}
		if f.where == "" && len(found[number]) > 0 {
			t.Errorf("F%s (%s) is tested in %v: say so in the table", number, f.words, found[number])
		}
		for _, dir := range strings.Fields(f.where) {
			if !slices.Contains(found[number], dir) {
				t.Errorf("F%s (%s) has no test TestF%s… in %s", number, f.words, number, dir)
			}
		}
		delete(found, number)
	}
	for number, dirs := range found {
		t.Errorf("TestF%s… in %v is of a fault that is not in the table", number, dirs)
	}
}

// faultTests are the numbers of the faults that a file's tests are named after. A test says in
// its comment which fault it is about.
func faultTests(t *testing.T, file string) (numbers []string) {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), filepath.Join("..", "..", file), nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range f.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok || fn.Recv != nil {
			continue
		}
		if m := faultTest.FindStringSubmatch(fn.Name.Name); m != nil {
			numbers = append(numbers, m[1])
			if !strings.Contains(fn.Doc.Text(), "F"+m[1]) {
				t.Errorf("%s: the comment of %s does not name the fault", path.Base(file), fn.Name.Name)
			}
		}
	}
	return numbers
}
