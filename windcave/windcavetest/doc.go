// Package windcavetest is a Windcave to run against: PxPay 2.0 with its hosted
// card page and notifications, and PxPost, on one stateful back end. It is no
// mock: it keeps transactions, refuses what the real host refuses, and can be
// ordered to misbehave. It shares no code with the client it judges.
//
// A Server is an http.Handler. It works behind httptest, over net.Pipe, inside
// a testing/synctest bubble, and in process through Server.Transport. Server.Start
// serves it on loopback, and on nothing else. Whoever made a Server calls Close.
//
//	srv := windcavetest.New(windcavetest.Options{Accounts: []windcavetest.Account{acc}})
//	defer srv.Close()
//	client := &http.Client{Transport: srv.Transport()}
//	... GenerateRequest through client gives page ...
//	back, err := srv.Pay(page, windcavetest.CardApproved)
//
// # What it was asked, and what it did
//
// Three histories can be read back. They are the ground truth for a checker:
//
//   - Server.Log has one Entry per call, in the order of arrival. Entries are
//     never removed or moved. While a call is held its Outcome is empty; once
//     set it does not change. Outcome is what happened at the gateway, whatever
//     became of the answer: a charge whose answer was cut is "approved" with
//     Answered false.
//   - Server.Charges has every approval that took or held money, whether or not
//     anybody was told. Two of them with the same TxnID are a double charge, unless
//     ApproveTwice or PayAgain was ordered. A Complete takes what its Auth held,
//     and names it by Original.
//   - Server.Refunds has every approved refund, each naming the charge it gives
//     back by Original.
//
// Keys, passwords, card numbers, stored-card tokens and holders' names are in
// none of them.
//
// # Misbehaviour
//
// A Server has no faults until they are ordered with Inject, over /_control/, or
// as a share of all calls with Options.Rate. Every order whose Op, TxnID and User
// fit a call applies to it, so several combine; Skip lets earlier calls pass.
// A fault that changes a transaction (OtherAmount, StatusRequired, ...) is kept
// with the transaction when it is ordered for the call that makes it, and changes
// one answer only when ordered for a call that reads it.
//
// # Where nothing is known of the real host
//
// Decided here, so that a client cannot rely on the friendlier guess: a page can
// be paid again after a decline and after Cancel; Validate is refused on the page;
// a query string in UrlSuccess or UrlFail is refused; a cancelled attempt is no
// transaction, so Status says AF; a refused request does not use up its TxnId;
// Status tells the first approval of a TxnId, else its latest attempt; another
// account's TxnId is AF and its token undecodable; a declined page that should
// have stored the card still returns a DpsBillingId; a repeated PxPost TxnId is
// refused with W4 (Options.Repeat has the other two possibilities).
package windcavetest
