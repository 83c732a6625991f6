package upstream

import (
	"time"

	"github.com/sony/gobreaker/v2"
	"go.uber.org/zap"
)

// State is where a Gate stands, for a page about health.
type State struct {
	Name        string    `json:"name"`
	Gate        string    `json:"gate"`                  // closed: calls pass; open: none; half-open: one tries
	Since       time.Time `json:"since"`                 // of the present state
	LastFailure time.Time `json:"last_failure,omitzero"` // zero: none yet
}

// State returns where the gate stands.
func (g *Gate) State() State {
	now := g.breaker.State() // may itself turn open to half-open
	g.mu.Lock()
	defer g.mu.Unlock()
	return State{Name: g.name, Gate: now.String(), Since: g.since, LastFailure: g.lastFail}
}

// changed is called by the breaker under its lock. Only the ends of an outage are worth a
// line that people see; the tries between come every few seconds.
func (g *Gate) changed(_ string, from, to gobreaker.State) {
	g.mu.Lock()
	g.since = time.Now()
	last := g.lastFail
	g.mu.Unlock()
	fields := []zap.Field{zap.String("upstream", g.name), zap.Time("last_failure", last)}
	switch {
	case from == gobreaker.StateClosed:
		g.log.Warn("an upstream does not answer and is left alone", fields...)
	case to == gobreaker.StateClosed:
		g.log.Info("an upstream answers again", fields...)
	default:
		g.log.Debug("an upstream is tried again", append(fields, zap.Stringer("gate", to))...)
	}
}
