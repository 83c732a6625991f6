// Package windcave is a client of Windcave (once Payment Express): PxPay 2.0, whose hosted
// page takes the card, and PxPost, which is asked what became of a payment. It stands alone:
// it knows nothing of shops, invoices or web frameworks, and keeps no state.
//
// # A hosted payment
//
//	PxPay.GenerateRequest   a TxnId of the caller's, amount and return addresses go out; the
//	                        address of a page comes back, and the buyer is sent there
//	ReturnQuery             the buyer, and Windcave's own servers, come back with a token:
//	                        a hint that says nothing by itself
//	PxPay.ProcessResponse   the token is turned into a Result
//	Result.Judge            what the Result means for what was asked
//	PxPost.Status           the same question by TxnId, for a page nobody came back from
//	Transaction.Judge       what that answer means
//
// # Four outcomes
//
// Decoding is lenient: order, repeats, missing elements, white space and the case of names
// do not matter. Judging is strict. Approved needs every flag and every value to be as sent;
// Declined needs flags that agree on no; Failed is a fault of set-up or request, a wrong
// password that looks like a decline included; everything else is Unknown, the zero value.
// An Unknown payment must not be charged anew: ask Status.
//
// # Errors
//
// Every error is an *Error. Its Kind tells whether the request can have reached the gateway
// (Error.MaySent). GenerateRequest is never repeated by this package; ProcessResponse and
// Status, which only read, are repeated twice at most when no byte of an answer came.
//
// No error text, log line or String method holds a key, a password, a result token, a card
// holder's name or more of an address than its host.
//
// PxPost operations that move money belong beside Status in pxpost.go, their documents
// beside its own in status.go, and their repeat rules in operation.go.
package windcave
