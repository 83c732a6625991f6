// Package splynxtest is a Splynx to run against: a stateful server that speaks the provider's API 2.0 as far as taking
// payments needs it, keeps books, misbehaves on demand and lets everything it was asked be read back. It shares no code
// with any client.
//
// # What it keeps
//
// Partners, administrators, customers with their balance, invoices, proforma invoices, payments, transactions, payment
// statements and their records. Amounts are exact decimals with four places, as the database keeps them. There is no
// unique key on payments: the same receipt number books twice, as it does on a real system.
//
// # What a payment does
//
//   - With invoice_id: the invoice's due falls by the amount, never below zero. At zero it becomes paid and carries
//     payment_id and date_payment. What is left of the amount raises the customer's balance and stands in remind_amount.
//   - With request_id: the proforma becomes paid, whatever the amount; the whole amount stays unallocated: remind_amount
//     is the amount, and the balance rises by it.
//   - With neither: the balance rises by the amount.
//   - Each makes a credit transaction of category 3. DELETE takes all of it back.
//
// The balance here is only what payments left unallocated plus what a test gave: making an invoice does not lower it.
//
// # Where nothing is documented
//
// These are choices, not facts; a client should live with each of them and with their opposites.
//
//   - A payment is refused with 422 when the customer, invoice, proforma or payment method does not exist, when the
//     document is deleted or another customer's, when both documents are named, when the amount is not above zero, when a
//     text is longer than its column, when one of customer_id, payment_type, receipt_number, date, amount and field_1 to
//     field_5 is missing, and when the customer is a sub-account (Options.SubAccounts lifts that).
//   - An empty receipt number gets one of the pattern year-type-counter.
//   - The body of a 422 is the usual error object, or a list of {field, message} with Options.ErrorLists.
//   - A search by an attribute that does not exist ignores it. LIKE without a wildcard means "contains".
//   - A deleted payment answers 404. An invoice that staff deleted stays visible with status deleted.
//   - Renewing a token replaces both tokens; the old access token lives to its end, the old refresh token is banned.
//   - admin/api/check asks for no authorisation.
//   - A record of another partner answers 403 by id and is left out of lists.
//
// # Reading it back
//
// Log has one entry per call of the API, in the order in which they ended; a commit that came after its call was given
// up has an entry of its own with Late set. Payments has every payment that ever was, deleted ones included. A checker
// compares these with what a gateway approved; both are exact text.
package splynxtest
