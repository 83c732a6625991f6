// Package splynxtest is a Splynx to run against: a stateful server that speaks the provider's API 2.0 as far as taking
// payments needs it, keeps books, misbehaves on demand and lets everything it was asked be read back. It shares no code
// with any client.
//
// # What it keeps
//
// Partners, administrators, customers with their balance and payment accounts (saved cards), invoices, proforma
// invoices, payments, transactions, payment statements and their records, entry points of add-ons, settings, and browser
// sessions. Amounts are exact decimals with four places, as the database keeps them. There is no unique key on payments:
// the same receipt number books twice, as it does on a real system. Of each customer and payment account there is one
// row at most.
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
// # Pages
//
// A portal and an admin can be clicked through: sign-in, own invoices with the pay icons of the entry points and their
// dialogs, payments, a dashboard with what entry points put there, add-on pages of the menu; in the admin customers, their
// payment accounts, and "Login as customer". Everything works without script. Signing in sets the session cookie; a
// portal and an admin sign-in in one browser are in one session (Options.SeparateCookies: in two).
// "/" lists everything in the simulator to anybody, which no real Splynx does.
//
// # Where nothing is documented
//
// These are choices, not facts; a client should live with each of them and with their opposites.
//
//   - A payment is refused with 422 when the customer, invoice, proforma or payment method does not exist, when the
//     document is deleted or another customer's, when both documents are named, when the amount is not above zero, when a
//     text is longer than its column, when one of customer_id, payment_type, receipt_number, date, amount and field_1 to
//     field_5 is missing, and when the customer is a sub-account. For those, changing an invoice or proforma and deleting a
//     payment are refused likewise, records of statements are not (they are no finance documents), nor what staff do. The
//     setting main/api/disable_working_with_finance_documents_for_sub_accounts lifts that with 0, as does
//     Options.SubAccounts.
//   - An empty receipt number gets one of the pattern year-type-counter.
//   - The body of a 422 is the usual error object, or a list of {field, message} with Options.ErrorLists.
//   - A search by an attribute that does not exist ignores it. LIKE without a wildcard means "contains".
//   - A deleted payment answers 404. An invoice that staff deleted stays visible with status deleted.
//   - Renewing a token replaces both tokens; the old access token lives to its end, the old refresh token is banned.
//   - Payment accounts: a PUT for a customer or an account that is not there is 404, as is a DELETE of a row that is not
//     there and an id that cannot be read or stands in the path; reading such rows gives an empty list. A value longer than
//     255 characters is 422, and nothing of the call is kept. A PUT without fields makes an empty row; emptied rows stay.
//     Reading by ?id= needs the permission CustomerPaymentAccounts view, the rest index, PUT update even where it creates.
//     The rows of a customer who was removed stay. The definition that the add-on left, its id and labels are invented.
//   - Wrong passwords are counted with Options.MaxAttempts alone, at the API and not on the pages.
//   - admin/api/check asks for no authorisation (Options.CheckNeedsAuth), and answers 404 when the setting
//     main/api/disable_check_api_url is 1.
//   - The cookie is PHPSESSID (Options.SessionCookie). Each sign-in on a page gives the session a new id and ends the old
//     one; "Login as customer" keeps the id. A session ends by itself only with Options.SessionLife. A sign-out does not
//     end tokens that were made from the session.
//   - A session that holds a customer and an administrator is exchanged for the customer (Options.BothIs). A blocked or
//     disabled customer signs in as any other (Options.RefusedStatuses). The exchange does not look at the caller's
//     address and User-Agent (Options.PinSessions); the token that it gives is pinned to them.
//   - A customer's token reads rows of the own account alone, of sub-accounts too with Options.MainSeesSubs. The bodies
//     of portal/dashboard/dashboard and portal/profile/additional-attributes are empty lists; billing-info has three
//     attributes and none with the customer's id.
//   - An address that is missing in a key's white list answers 401 UNAUTHORIZED, or 403 with Options.ForbidAddress. The
//     list holds single addresses.
//   - admin/config/config answers a list of {module, path, key, value, partner_id}, or {key: value} with
//     Options.ConfigMap; with a partner_id, the partner's own settings and everybody's where it has none. Hidden values
//     are empty (Options.ConfigInClear). PUT takes {value}, the key in the query or the body. Reading needs the permission
//     Config index or view. The four settings that anybody may read are not known: without authorisation none is.
//   - portal/login/entry-points lists the portal's enabled entry points to every caller that is signed in. The size names
//     between extra_small and extra_large and their widths are invented.
//   - An administrator's pay link carries the document's number, or its id with Options.AdminLinksByID.
//   - Twig is not run, but for {{ customer.id }}: other code on the dashboard shows the unpaid invoices with their icons,
//     or the proforma invoices when the entry point's name has "request" in it.
//   - A menu entry of the portal opens /portal/add-on?module=M&name=N, by analogy with the admin's.
//   - AddAddOnEntryPoints knows the names and addresses that are public; see there for those that are not.
//   - filter_partner_id restricts nothing, timeout ends nothing.
//   - A record of another partner answers 403 by id and is left out of lists.
//
// # Reading it back
//
// Log has one entry per call of the API, in the order in which they ended; a commit that came after its call was given
// up has an entry of its own with Late set. Payments has every payment that ever was, deleted ones included. A checker
// compares these with what a gateway approved; both are exact text. AccountChanges has every change of a payment
// account's row.
package splynxtest
