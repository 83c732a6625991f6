// Package windcave is a client of Windcave (once Payment Express): PxPay 2.0, whose hosted
// page takes the card, and PxPost, which charges saved cards, gives money back, and is asked
// what became of a payment. It stands alone: it knows nothing of shops, invoices or web
// frameworks, and keeps no state. Card data never passes through it.
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
// # A saved card
//
//	GenerateRequest.EnableAddBillCard   has a hosted page save the card that pays on it
//	Result.SavedCard                    the card's DpsBillingId, once the payment is approved
//	PxPost.Purchase, PxPost.Auth        charge it, or hold money on it, without its holder
//	PxPost.Complete                     takes what an Auth holds
//	PxPost.Refund, PxPost.Void          give back what was taken or held
//	PxPost.Status                       what became of any of these but Void, by TxnId
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
// (Error.MaySent). GenerateRequest and whatever moves money are never repeated by this
// package; ProcessResponse and Status, which only read, are repeated twice at most when no
// byte of an answer came.
//
// No error text, log line or String method holds a key, a password, a result token, a
// DpsBillingId, a card holder's name or more of an address than its host.
package windcave
