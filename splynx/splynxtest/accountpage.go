package splynxtest

import (
	"net/http"
	"strconv"
)

// accountForm is a payment account on a customer's page.
type accountForm struct {
	ID     int64
	Title  string
	Fields []accountField
}

type accountField struct{ Name, Label, Value string }

// formsOf are the customer's payment accounts as the administrator may see them; fields without a label are not shown.
func (s *Server) formsOf(customer int64, who identity) []accountForm {
	if !who.may("CustomerPaymentAccounts", "view") {
		return nil
	}
	var all []accountForm
	for _, a := range s.PaymentAccounts() {
		form := accountForm{ID: a.ID, Title: a.Title}
		data, _ := s.AccountData(customer, a.ID)
		for i, label := range a.Fields {
			if label != "" {
				form.Fields = append(form.Fields, accountField{fieldName(i + 1), label, data.Fields[i]})
			}
		}
		all = append(all, form)
	}
	return all
}

// changeAccount takes what an administrator typed into a payment account. It is kept as it is: the add-on's checks do
// not apply here.
func (s *Server) changeAccount(w http.ResponseWriter, r *http.Request, who identity) {
	c, ok := s.theirs(r, who)
	account, err := strconv.ParseInt(r.FormValue("account"), 10, 64)
	switch {
	case !ok || !who.may("CustomerPaymentAccounts", "update") || r.Method == http.MethodPost && err != nil:
		s.show(w, http.StatusNotFound, "missing", s.adminScreen("Not found", who, nil))
		return
	case r.Method == http.MethodPost:
		typed := map[int]string{}
		for n := 1; n <= 10; n++ {
			if r.PostForm.Has(fieldName(n)) {
				typed[n] = r.PostForm.Get(fieldName(n))
			}
		}
		if err := s.typeAccountData(c.ID, account, typed); err != nil {
			s.showCustomer(w, http.StatusUnprocessableEntity, who, c, err.Error())
			return
		}
	}
	http.Redirect(w, r, "/admin/customers/view?id="+strconv.FormatInt(c.ID, 10)+"#payment-accounts", http.StatusFound)
}
