package charge

import "sync"

// gate holds how many charges of a run are at the gateway at a time. A gateway that does not say
// what became of one gets half as many from then on, and one more for each round that it answers.
type gate struct {
	mu    sync.Mutex
	moved *sync.Cond

	most  int // places
	open  int // of which charges may take so many now
	taken int
	round int // charges answered since open changed
}

func newGate(places int) *gate {
	g := &gate{most: places, open: places}
	g.moved = sync.NewCond(&g.mu)
	return g
}

// enter waits for a place.
func (g *gate) enter() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for g.taken >= g.open {
		g.moved.Wait()
	}
	g.taken++
}

// leave gives a place back.
func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.taken--
	g.moved.Signal()
}

// answered notes that the gateway has said what became of a charge.
func (g *gate) answered() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.round++; g.round >= g.open && g.open < g.most {
		g.open, g.round = g.open+1, 0
		g.moved.Signal()
	}
}

// unclear notes that it has not, and tells how many charges may be there at a time from now on.
func (g *gate) unclear() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.open, g.round = max(1, g.open/2), 0
	return g.open
}
