package caddymodule

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/caddy-paymentexpress/paymentexpress/splynx"
)

// checkPartnerBlocks compares the partner blocks with Splynx's partners.
func (c *checker) checkPartnerBlocks(ctx context.Context) []finding {
	found := c.boundKey(ctx)
	reading, cancel := c.call(ctx)
	defer cancel()
	partners, err := c.api.Partners(reading)
	if err != nil {
		return append(found, refusedTo("Splynx's partners cannot be read, which only this check does", err))
	}
	names := make(map[int64]string)
	var byDefault []string
	for _, p := range partners {
		names[p.ID] = printable(p.Name)
		if _, block := c.app.generation.Partners[p.ID]; !block {
			byDefault = append(byDefault, fmt.Sprintf("%d %s", p.ID, printable(p.Name)))
		}
	}
	for _, id := range c.blocks() {
		if name, there := names[id]; there {
			found = append(found, good("%d %s has a block", id, name))
			continue
		}
		found = append(found, wrong("correct the id of the block; the partners without one are "+listed(byDefault), "partner %d has a block, and Splynx shows no such partner to this key", id))
	}
	return append(found, good("served by the default account: %s", listed(byDefault)))
}

func listed(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

// probes is how many of the oldest customers and companies are asked for.
const probes = 5

// boundKey tells of a key that may see one partner's records only. Splynx does not say so;
// it refuses the records of others.
func (c *checker) boundKey(ctx context.Context) []finding {
	ctx, cancel := c.call(ctx)
	defer cancel()
	for id := range int64(probes) {
		_, customer := c.api.Customer(ctx, id+1)
		_, company := c.api.CompanyInfo(ctx, id+1)
		for _, err := range []error{customer, company} {
			failed, ok := errors.AsType[*splynx.Error](err)
			if ok && failed.InternalCode == "NOT_ALLOWED_BY_PARTNER_RESTRICTION" {
				return []finding{warned("if customers of other partners are to pay too, use a key without a partner (Administration, API keys)", "the API key is bound to one partner: invoices of others are not found").about("partner of the key")}
			}
		}
	}
	return nil
}
