// Package office is what the provider's staff see: who may do what, paying for a customer, one
// payment with all that is known of it, giving money back, and the list of what waits for a
// person.
//
// It stands below web.AdminPath. Package web has done its part when a request comes here: headers,
// early data, the form's origin, the host, the size of the body, and a panic is caught there. Who
// calls is asked of Splynx for every page, and anew before anything that changes something.
//
// Its texts are English and are not translated: they stand in the templates and in words.go. What
// the keys of payments mean is in internal/meaning, which the commands use too.
package office
