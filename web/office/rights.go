package office

import (
	"slices"
	"strings"

	"github.com/caddy-paymentexpress/paymentexpress/splynx"
)

// Right is something that an administrator may do.
type Right string

// The rights.
const (
	See      Right = "see"      // pages of payments and of customers
	Charge   Right = "charge"   // charge saved cards, end payments that wait for a person, make links
	Refund   Right = "refund"   // give money back
	Settings Right = "settings" // see the settings, open payment links again
)

// Rights names the roles, as Splynx calls them, that have each right. A right without a role is
// of everybody who may add payments in Splynx. Money moves only for those in any case: a role
// that is named for charge or refund needs that permission too.
type Rights map[Right][]string

// Has tells whether an administrator has a right. Whoever may charge or refund may see.
func (r Rights) Has(who *splynx.Administrator, right Right) bool {
	if right == See && (r.has(who, Charge) || r.has(who, Refund)) {
		return true
	}
	return r.has(who, right)
}

func (r Rights) has(who *splynx.Administrator, right Right) bool {
	if (right == Charge || right == Refund || len(r[right]) == 0) && !who.MayAddPayments {
		return false
	}
	return len(r[right]) == 0 || slices.ContainsFunc(r[right], func(role string) bool { return strings.EqualFold(role, who.Role) })
}

// sees tells whether an administrator may see and touch what is of a partner: not, if bound to
// another one, and not while another one is chosen in Splynx.
func sees(who *splynx.Administrator, partner int64) bool {
	return (who.PartnerID == 0 || who.PartnerID == partner) && (who.FilterPartnerID == 0 || who.FilterPartnerID == partner)
}

// onlyPartner is the one partner that an administrator is held to; 0: none. With two that differ
// nothing is left, and ok is false.
func onlyPartner(who *splynx.Administrator) (partner int64, ok bool) {
	partner = max(who.PartnerID, who.FilterPartnerID)
	return partner, partner == 0 || sees(who, partner)
}
