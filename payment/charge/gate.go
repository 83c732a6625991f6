package charge

import "sync"

// gate holds how many charges of a run may be claimed at a time: those at the gateway, and some
// that wait for their turn there. A gateway that does not say what became of a charge gets half as
// many from then on, and one more for each that it answers. What is claimed already is not held up:
// a claim lapses.
type gate struct {
	mu    sync.Mutex
	moved *sync.Cond

	most, open, taken int
}

func newGate(most int) *gate {
	g := &gate{most: most, open: most}
	g.moved = sync.NewCond(&g.mu)
	return g
}

// enter waits until some may be claimed, and takes places for up to n of them. It tells how many.
func (g *gate) enter(n int) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	for g.taken >= g.open {
		g.moved.Wait()
	}
	n = min(n, g.open-g.taken)
	g.taken += n
	return n
}

// leave gives n places back.
func (g *gate) leave(n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.taken -= n
	g.moved.Broadcast()
}

// answered notes that the gateway has said what became of a charge.
func (g *gate) answered() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.open < g.most {
		g.open++
		g.moved.Signal()
	}
}

// unclear notes that it has not, and tells how many may be claimed at a time from now on.
func (g *gate) unclear() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.open = max(1, g.open/2)
	return g.open
}
