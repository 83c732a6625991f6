package splynx

import "context"

// EntryPoint is a place in Splynx's pages from which an add-on is opened. They are made by
// the add-on's own set-up; the API only reads them.
type EntryPoint struct {
	ID           int64
	Module, Name string
	Place        string // portal or admin
	Type         string // menu_link, action_link, code or tab
	Title        string
	Root         string // the page it stands on; empty for an action_link
	Model        string // Invoices or Requests, for an action_link
	URL          string // empty for code
	Enabled      bool
}

type wireEntryPoint struct {
	wireKey
	Module  wireText `json:"module"`
	Name    wireText `json:"name"`
	Place   wireText `json:"place"`
	Type    wireText `json:"type"`
	Title   wireText `json:"title"`
	Root    wireText `json:"root"`
	Model   wireText `json:"model"`
	URL     wireText `json:"url"`
	Enabled wireFlag `json:"enabled"`
}

func (w wireEntryPoint) value() (EntryPoint, error) {
	return EntryPoint{
		ID: int64(w.ID), Module: string(w.Module), Name: string(w.Name), Place: string(w.Place), Type: string(w.Type),
		Title: string(w.Title), Root: string(w.Root), Model: string(w.Model), URL: string(w.URL), Enabled: bool(w.Enabled),
	}, nil
}

// EntryPoints lists the entry points of all add-ons.
func (c *Client) EntryPoints(ctx context.Context) ([]EntryPoint, error) {
	return everything[wireEntryPoint](ctx, c, opEntryPoints)
}
