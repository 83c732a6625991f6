package splynx

import "context"

// Administrator is the little that is read of a member of the staff.
type Administrator struct {
	ID              int64
	PartnerID       int64  // 0: of no single partner
	FilterPartnerID int64  // the partner whose customers are shown; 0 for all
	Role            string // such as super-administrator or financial-manager
	Login, Name     string
	// MayAddPayments is told by WhoIs only.
	MayAddPayments bool
}

type wireAdministrator struct {
	wireKey
	PartnerID       wireID   `json:"partner_id"`
	FilterPartnerID wireID   `json:"filter_partner_id"`
	Role            wireText `json:"role_name"`
	Login           wireText `json:"login"`
	Name            wireText `json:"name"`
}

func (w wireAdministrator) value() (Administrator, error) {
	return Administrator{
		ID: int64(w.ID), PartnerID: int64(w.PartnerID), FilterPartnerID: int64(w.FilterPartnerID),
		Role: string(w.Role), Login: string(w.Login), Name: string(w.Name),
	}, nil
}

// Administrators lists the staff.
func (c *Client) Administrators(ctx context.Context) ([]Administrator, error) {
	return everything[wireAdministrator](ctx, c, opAdministrators)
}
