package windcavetest

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"time"
)

// anyCall are the faults that Rate orders for each operation that is a call.
var anyCall = []Fault{
	{Kind: Refuse},
	{Kind: CutBefore},
	{Kind: RecordThenCut},
	{Kind: HTTPStatus, N: 500},
	{Kind: HTTPStatus, N: 503},
	{Kind: HTML, Recorded: true},
	{Kind: Empty, Recorded: true},
	{Kind: HalfXML},
	{Kind: DelayAfter, Delay: 200 * time.Millisecond},
}

// ownFaults are added for some operations. Nothing here lies for good: an
// approved charge can always be found in the end.
var ownFaults = map[Op][]Fault{
	OpPurchase: {{Kind: StatusRequired, N: 2}, {Kind: StatusRequired}, {Kind: Decline}},
	OpRefund:   {{Kind: StatusRequired, N: 2}},
	OpStatus:   {{Kind: StatusRequired}},
	OpPage:     {{Kind: Decline}, {Kind: RecordThenCut}, {Kind: DelayAfter, Delay: 200 * time.Millisecond}},
	OpNotify:   {{Kind: NotifyDrop}, {Kind: NotifyRepeat, N: 2}, {Kind: NotifyFirst}},
}

// mischief draws from the seed. The draw depends on the operation, the TxnId and
// how often this was asked, so parallel calls do not disturb one another and the
// same calls meet the same faults again. The lock is held.
func (s *Server) mischief(op Op, txnID string) []*Order {
	if s.opt.Rate <= 0 && s.opt.MaxDelay <= 0 {
		return nil
	}
	key := string(op) + " " + txnID
	s.asked[key]++
	h := fnv.New64a()
	_, _ = fmt.Fprint(h, key, s.asked[key])
	rng := rand.New(rand.NewPCG(s.seed, h.Sum64()))

	var orders []*Order
	draw := rng.IntN(100)
	if draw < s.opt.Rate && (len(s.opt.RateOps) == 0 || slices.Contains(s.opt.RateOps, op)) {
		choice := ownFaults[op]
		if op != OpPage && op != OpNotify {
			choice = slices.Concat(anyCall, choice)
		}
		orders = append(orders, newOrder(s, choice[rng.IntN(len(choice))]))
	}
	if s.opt.MaxDelay > 0 && (op == OpPage || op == OpNotify) {
		kind := map[Op]Kind{OpPage: DelayBefore, OpNotify: NotifyDelay}[op]
		orders = append(orders, newOrder(s, Fault{Kind: kind, Delay: time.Duration(rng.Int64N(int64(s.opt.MaxDelay)))}))
	}
	return orders
}
