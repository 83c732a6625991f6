package splynx

import "context"

// Partner is one of the companies that share an installation.
type Partner struct {
	ID   int64
	Name string
}

type wirePartner struct {
	wireKey
	Name wireText `json:"name"`
}

func (w wirePartner) value() (Partner, error) {
	return Partner{ID: int64(w.ID), Name: string(w.Name)}, nil
}

// Partners lists the partners, as far as the API key may see them.
func (c *Client) Partners(ctx context.Context) ([]Partner, error) {
	return everything[wirePartner](ctx, c, opPartners)
}
