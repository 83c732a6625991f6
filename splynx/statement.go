package splynx

import "context"

// Statement is a batch of payment records, as staff see it under the payment statements.
type Statement struct {
	ID     int64
	Title  string
	Status string // new, fail or success
	At     Date   // when it was made, by Splynx's clock
}

type wireStatement struct {
	wireKey
	Title  wireText `json:"title"`
	Status wireText `json:"status"`
	At     Date     `json:"date_time"`
}

func (w wireStatement) value() (Statement, error) {
	return Statement{ID: int64(w.ID), Title: string(w.Title), Status: string(w.Status), At: w.At}, nil
}

// StatementsByTitle finds the statements of a title, lowest id first. Two processes can make
// two of one title; by agreement the first one is used.
func (c *Client) StatementsByTitle(ctx context.Context, title string) ([]Statement, error) {
	if title == "" {
		return nil, inputError(opStatements, "the title is empty")
	}
	return find[wireStatement](ctx, c, opStatements, query{}.equal(mainAttributes, "title", title),
		func(v Statement) verdict { return sameText(v.Title, title) })
}

// CreateStatement makes a statement in the state success and returns its id.
func (c *Client) CreateStatement(ctx context.Context, title string) (int64, error) {
	if title == "" {
		return 0, inputError(opCreateStatement, "the title is empty")
	}
	if err := checkText("the title", title, MaxComment); err != nil {
		return 0, inputError(opCreateStatement, "%w", err)
	}
	return c.create(ctx, opCreateStatement, map[string]string{"title": title, "status": "success"})
}
