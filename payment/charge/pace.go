package charge

import (
	"sync"
	"time"
)

// pace counts what ended in each second of the last minute.
type pace struct {
	begun   time.Time
	mu      sync.Mutex
	seconds [60]int
	at      int64 // the second that was counted last
}

func (p *pace) forward(now time.Time) {
	second := now.Unix()
	for s := max(p.at+1, second-59); s <= second; s++ {
		p.seconds[s%60] = 0
	}
	p.at = max(p.at, second)
}

func (p *pace) count(now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.forward(now)
	p.seconds[now.Unix()%60]++
}

// perMinute is how many end in a minute, by the last one, or by what there is of it.
func (p *pace) perMinute(now time.Time) (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.forward(now)
	for _, s := range p.seconds {
		n += s
	}
	if since := now.Sub(p.begun); since > time.Second && since < time.Minute {
		n = int(time.Duration(n) * time.Minute / since)
	}
	return n
}
