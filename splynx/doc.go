// Package splynx is a client of the Splynx REST API 2.0, for programs that book payments.
//
// It does what such a program needs and nothing else: read customers, invoices, payments,
// payment methods, statements and what there is to know of the installation, write payments
// and statement records, keep what belongs to a saved card in a customer's payment account,
// and find out who is signed in. It decides nothing about money; it tells exactly what is
// known after a call, and what is not.
//
// # What is known after a call
//
// Splynx has no unique key on payments: a repeated POST books twice. So this package never
// repeats a write on its own, but for one case: a 401 answer surely wrote nothing, and the
// call is sent once more with a fresh access token or signature. Every failure is an *Error, and its Kind
// says what the caller may conclude:
//
//	KindInput        refused here, nothing was sent
//	KindUnavailable  nothing was written; try again later
//	KindAuth         nothing was written; a person must look at the API key
//	KindRefused      Splynx said no to a write, for good
//	KindNotFound     there is no object with this id (reads of one object only)
//	KindUnclear      a write may have happened; of a read, nothing was learnt
//	KindFilter       a search answered rows that were not asked for; nothing was learnt
//
// A search that finds nothing is an empty slice without an error. It is never the answer
// of a Splynx that did not honour the search: each row is compared here with every filter,
// and one that does not match makes the whole answer a KindFilter error.
//
// # Access
//
// The client makes an access token from the API key and its secret on first use, renews it
// before it ends and drops it on Close. Splynx binds a token to the User-Agent and the
// address that made it, so both have to stay the same.
//
// With AuthSignature each call is signed instead, with a number that has to grow from call to
// call: see Nonces. A 401 is then answered by one more try with a number far ahead.
//
// WhoIs tells whose a browser session of Splynx is, and SignIn whose a login and password
// are. Everything else is done with the API key.
//
// # Saved cards
//
// Splynx keeps what add-ons need to know of a card in payment accounts: a PaymentAccount has
// a title and the labels of ten fields, and AccountData has a customer's values. Staff can
// read and change them, and so can any API key that may: they are no place for a card number.
//
// # Numbers
//
// Money is a Decimal, made from the text of the JSON token, never a floating-point number.
// Ids, flags, amounts and dates are read as Splynx 4 writes them (strings) and as Splynx 5
// does (numbers).
package splynx
