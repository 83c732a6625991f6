package splynxtest

import (
	"net/http"
	"strconv"
)

// ownPages answers the customer's own API, which is closed to everybody else. Its answers do not name the customer:
// none that is documented does.
func (s *Server) ownPages(c *call) answer {
	if c.who.kind != "customer" {
		return refused(forbidden)
	}
	b := s.billing.find(c.who.id)
	var body any
	switch {
	case b == nil:
		return refused(notFound)
	case c.path == "portal/services/billing-info":
		body = s.billingInfo(b)
	case c.path == "portal/dashboard/dashboard", c.path == "portal/profile/additional-attributes":
		body = []string{}
	default:
		return refused(notFound)
	}
	if c.method != http.MethodGet {
		return refused(methodDisabled)
	}
	return answer{status: http.StatusOK, body: []byte(encode(body))}
}

func (s *Server) billingInfo(billing *row) map[string]any {
	left := 0
	info := map[string]any{
		"deposit": billing.text("deposit"), "blocking_date": billing.text("blocking_date"), "howManyDaysLeft": left,
	}
	if s.opts.Style == V4 {
		info["howManyDaysLeft"] = strconv.Itoa(left)
	}
	return info
}
