package journaltest

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	_ "modernc.org/sqlite" // the database/sql driver "sqlite"

	"github.com/caddy-paymentexpress/paymentexpress/internal/money"
	"github.com/caddy-paymentexpress/paymentexpress/payment"
)

// What Fill writes.
const (
	FilledCustomers = 80_000
	FilledRuns      = 250
)

// FilledRun is the n-th charge run of Fill, from 0. Its row is not in the journal.
func FilledRun(n int) payment.ID { return payment.ID(fmt.Sprintf("R%015d", n)) }

// Fill writes payments into the journal at path, which is closed: spread over a year from begin
// on, of three partners and FilledCustomers; three of five are of a charge run. Of 1,000 are 880 in
// Splynx, 80 declined by class, 30 cancelled, 9 expired, 1 needs a person.
func Fill(path string, payments int, begin time.Time) (err error) {
	db, err := sql.Open("sqlite", path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	amount, err := money.Parse("57.50", "NZD")
	if err != nil {
		return err
	}
	detail, err := json.Marshal(&payment.Payment{
		Kind: payment.KindInvoice, Way: payment.WaySavedCard, Reason: payment.ReasonStarted, Site: "https://isp.example/", Amount: amount,
		Endpoint: "https://sec.windcave.com", PxPayUser: "ExampleIsp", PxPostUser: "ExamplePost", TxnType: "Purchase", Reference: "Invoice 2026/0042 of customer 7",
		Card:    payment.CardUsed{Key: "0123456789abcdef0123456789abcdef", Brand: "Visa", Ends: "11"},
		Booking: payment.Booking{StatementID: 1, RecordID: 2, RecordStatus: "ok", To: payment.ToDocument, PaymentID: 3, Looks: 2},
	})
	if err != nil {
		return err
	}
	_, err = db.Exec(`INSERT INTO payments (id, txn_id, dps_txn_ref, form_key, state, kind, partner, customer, document, payer, created_at, moved_at,
			next_at, lease_until, detail, origin, class, money, currency, minor, run, number)
		WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i+1 FROM n WHERE i+1<?1),
		some AS (SELECT i, printf('A%015d', i) id, i*7919%1000 r, ?2+i*(31536000000000/?1) at, i*104729%?4 customer,
			iif(i%5<3, printf('R%015d', i*?5/?1), '') run FROM n),
		p AS (SELECT *, 1+customer%3 partner, printf('2026/%07d', i) number, iif(i%7=0, 'top_up', 'invoice') kind, iif(run='', 'customer', 'run') origin,
			iif(r<880, printf('%016d', i), '') dps,
			CASE WHEN r<880 THEN 'recorded' WHEN r<960 THEN 'declined' WHEN r<990 THEN 'cancelled' WHEN r<999 THEN 'expired' ELSE 'parked' END state,
			CASE WHEN r<880 THEN 'approved' WHEN r<930 THEN 'soft' WHEN r<945 THEN 'declined' WHEN r<955 THEN 'card' WHEN r<959 THEN 'token' WHEN r<960 THEN 'config' ELSE '' END class
			FROM some)
		SELECT id, id, dps, '', state, kind, partner, 1+customer, 1+i, '', at, at, 0, 0,
			json_set(?3, '$.id', id, '$.txn_id', id, '$.state', state, '$.kind', kind, '$.partner', partner, '$.customer', 1+customer, '$.document_id', 1+i,
				'$.document_number', number, '$.origin', origin, '$.run', run, '$.class', class, '$.dps_txn_ref', dps,
				'$.created_at', strftime('%Y-%m-%dT%H:%M:%SZ', at/1000000, 'unixepoch'), '$.moved_at', strftime('%Y-%m-%dT%H:%M:%SZ', at/1000000, 'unixepoch')),
			origin, class, dps<>'', 'NZD', 5750, run, number FROM p`, payments, begin.UnixMicro(), string(detail), FilledCustomers, FilledRuns)
	return err
}
