package splynx

import "context"

// Customer is the little that is read of a customer. Splynx also sends the password and the
// address; they are not decoded.
type Customer struct {
	ID         int64
	Name       string
	Status     string // new, active, blocked or disabled
	PartnerID  int64
	LocationID int64
	ParentID   int64  // the main account of a sub-account; 0 for none
	Category   string // person or company
	Deleted    bool
}

type wireCustomer struct {
	wireKey
	Name       wireText `json:"name"`
	Status     wireText `json:"status"`
	PartnerID  wireID   `json:"partner_id"`
	LocationID wireID   `json:"location_id"`
	ParentID   wireID   `json:"parent_id"`
	Category   wireText `json:"category"`
	Deleted    wireFlag `json:"deleted"`
}

func (w wireCustomer) value() (Customer, error) {
	return Customer{
		ID: int64(w.ID), Name: string(w.Name), Status: string(w.Status), PartnerID: int64(w.PartnerID), LocationID: int64(w.LocationID),
		ParentID: int64(w.ParentID), Category: string(w.Category), Deleted: bool(w.Deleted),
	}, nil
}

// Customer reads a customer.
func (c *Client) Customer(ctx context.Context, id int64) (*Customer, error) {
	return read[wireCustomer](ctx, c, opCustomer, id)
}
