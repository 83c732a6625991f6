package splynx

import "context"

// AccountFields is how many fields a payment account has.
const AccountFields = 10

// PaymentAccount is a kind of account that customers may have, such as a saved card. It is
// made by whoever installs an add-on; the API cannot make one.
type PaymentAccount struct {
	ID     int64
	Title  string
	Fields [AccountFields]string // the labels of field_1 to field_10; "" when unused
}

// wireFields are field_1 to field_10, in a PaymentAccount its labels and in AccountData its
// values.
type wireFields struct {
	Field1  wireText `json:"field_1"`
	Field2  wireText `json:"field_2"`
	Field3  wireText `json:"field_3"`
	Field4  wireText `json:"field_4"`
	Field5  wireText `json:"field_5"`
	Field6  wireText `json:"field_6"`
	Field7  wireText `json:"field_7"`
	Field8  wireText `json:"field_8"`
	Field9  wireText `json:"field_9"`
	Field10 wireText `json:"field_10"`
}

func (w wireFields) texts() [AccountFields]string {
	return [AccountFields]string{
		string(w.Field1), string(w.Field2), string(w.Field3), string(w.Field4), string(w.Field5),
		string(w.Field6), string(w.Field7), string(w.Field8), string(w.Field9), string(w.Field10),
	}
}

type wirePaymentAccount struct {
	wireKey
	Title wireText `json:"title"`
	wireFields
}

func (w wirePaymentAccount) value() (PaymentAccount, error) {
	return PaymentAccount{ID: int64(w.ID), Title: string(w.Title), Fields: w.texts()}, nil
}

// PaymentAccounts lists the kinds of accounts.
func (c *Client) PaymentAccounts(ctx context.Context) ([]PaymentAccount, error) {
	return everything[wirePaymentAccount](ctx, c, opAccounts)
}
