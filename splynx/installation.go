package splynx

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
)

// PaymentMethod is a way of paying that this installation knows. Ids differ between
// installations.
type PaymentMethod struct {
	ID     int64
	Name   string
	Active bool
	Labels [5]string // what field_1 to field_5 of its payments mean; "" when unused
}

type wirePaymentMethod struct {
	wireKey
	Name   wireText `json:"name"`
	Active wireFlag `json:"is_active"`
	Name1  wireText `json:"name_1"`
	Name2  wireText `json:"name_2"`
	Name3  wireText `json:"name_3"`
	Name4  wireText `json:"name_4"`
	Name5  wireText `json:"name_5"`
}

func (w wirePaymentMethod) value() (PaymentMethod, error) {
	return PaymentMethod{
		ID: int64(w.ID), Name: string(w.Name), Active: bool(w.Active),
		Labels: [5]string{string(w.Name1), string(w.Name2), string(w.Name3), string(w.Name4), string(w.Name5)},
	}, nil
}

// PaymentMethods lists the ways of paying.
func (c *Client) PaymentMethods(ctx context.Context) ([]PaymentMethod, error) {
	return everything[wirePaymentMethod](ctx, c, opPaymentMethods)
}

// CompanyInfo is the company that a partner's documents are from.
type CompanyInfo struct {
	CompanyName string
	SplynxURL   string // the address of Splynx as configured there
}

// CompanyInfo reads the company of a partner.
func (c *Client) CompanyInfo(ctx context.Context, partnerID int64) (*CompanyInfo, error) {
	if partnerID <= 0 {
		return nil, inputError(opCompanyInfo, "the id %d is not positive", partnerID)
	}
	a, err := c.do(ctx, opCompanyInfo, request{element: strconv.FormatInt(partnerID, 10)})
	if err != nil {
		return nil, err
	}
	var w *struct {
		CompanyName wireText `json:"company_name"`
		SplynxURL   wireText `json:"splynx_url"`
	}
	if err := decode(a.body, &w); err != nil {
		return nil, unreadable(opCompanyInfo, a, err)
	}
	if w == nil {
		return nil, unreadable(opCompanyInfo, a, errors.New("it is empty"))
	}
	return &CompanyInfo{CompanyName: strings.TrimSpace(string(w.CompanyName)), SplynxURL: string(w.SplynxURL)}, nil
}

// Check proves that Splynx answers at the address and takes the API key. An installation can
// switch the first question off, so only the second one has to be answered well; but an
// answer to the first that is not Splynx's shows a wrong address.
func (c *Client) Check(ctx context.Context) error {
	a, err := c.exchange(ctx, opCheck, request{})
	if e, ok := errors.AsType[*Error](err); ok && (e.HTTPStatus == 0 || e.HTTPStatus/100 == 3) {
		return err
	}
	if err == nil {
		var w map[string]json.RawMessage
		if decode(a.body, &w) != nil {
			return unreadable(opCheck, a, errors.New("it is not Splynx's"))
		}
	}
	_, err = c.PaymentMethods(ctx)
	return err
}
