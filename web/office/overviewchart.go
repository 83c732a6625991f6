package office

import (
	"slices"
	"strconv"
	"time"

	"github.com/bojanz/currency"

	"github.com/caddy-paymentexpress/paymentexpress/web"
)

// chart is what came of the payments of each of some days, in one currency.
type chart struct {
	Currency   string
	Days       []chartDay // oldest first
	Sum        tallies
	Most       currency.Amount // what the highest bar stands for
	Top, Below int             // heights above and below the line, in the picture's units
}

// chartDay is one day: its figures and its bar.
type chartDay struct {
	Day   time.Time
	Sum   tallies
	X     int
	Parts []chartPart
}

// chartPart is a piece of a bar.
type chartPart struct {
	Class   string
	Y, High int
}

// The picture's units. It is stretched to its place; there is no text in it.
const (
	chartStep   = 20
	chartBar    = 14
	chartHeight = 200
)

// Width is the picture's.
func (c *chart) Width() int { return len(c.Days) * chartStep }

// Height is the picture's.
func (c *chart) Height() int { return c.Top + c.Below }

// Bar is how wide a bar is.
func (c *chart) Bar() int { return chartBar }

// First and Last name the days at its ends.
func (c *chart) First() time.Time { return c.Days[0].Day }
func (c *chart) Last() time.Time  { return c.Days[len(c.Days)-1].Day }

// Says tells in words what the picture shows.
func (c *chart) Says() string {
	says := ""
	for o, t := range c.Sum {
		if t.N > 0 {
			says += outcomeWords[o].Word + " " + web.Money(t.Amount) + " (" + strconv.Itoa(t.N) + "), "
		}
	}
	return "In all: " + says + "at most " + web.Money(c.Most) + " on a day. The table below has the figures of each day."
}

// outcomeWords name outcomes, with their marks.
var outcomeWords = [outcomes]standing{
	tookIn: {Mark: markDone, Word: "money in"}, needsYou: {Mark: markNeed, Word: "needs you"}, waits: {Mark: markWait, Word: "waiting"},
	refused: {Mark: markStop, Word: "declined"}, gaveBack: {Mark: "back", Word: "given back"},
}

// draw gives each day its bar: what came in, waits or was declined above the line, what went back
// below it. All in whole numbers of the smallest coin.
func (c *chart) draw() error {
	var most, back int64
	sums := make([][outcomes]int64, len(c.Days))
	for i := range c.Days {
		up := int64(0)
		for o, t := range c.Days[i].Sum {
			if t.N == 0 {
				continue
			}
			n, err := t.Amount.Round().Int64()
			if err != nil {
				return err
			}
			if sums[i][o] = n; outcome(o) != gaveBack {
				up += n
			}
		}
		most, back = max(most, up), max(back, sums[i][gaveBack])
	}
	var err error
	if c.Most, err = currency.NewAmountFromInt64(max(most, back), c.Currency); err != nil {
		return err
	}
	scale := max(most+back, 1)
	c.Top = high(most, scale)
	c.Below = chartHeight - c.Top
	for i := range c.Days {
		day := &c.Days[i]
		day.X = i*chartStep + (chartStep-chartBar)/2
		y := c.Top
		for o := range gaveBack {
			if h := high(sums[i][o], scale); h > 0 {
				y -= h
				day.Parts = append(day.Parts, chartPart{outcomeWords[o].Mark, y, h})
			}
		}
		if h := high(sums[i][gaveBack], scale); h > 0 {
			day.Parts = append(day.Parts, chartPart{outcomeWords[gaveBack].Mark, c.Top, h})
		}
	}
	return nil
}

// high is the height of a sum; what is there at all is seen.
func high(sum, scale int64) int {
	if sum <= 0 {
		return 0
	}
	for scale > 1<<50 { // no product below goes over
		sum, scale = sum>>1, scale>>1
	}
	return max(int(sum*chartHeight/scale), 1)
}

// Newest are the days, the newest first.
func (c *chart) Newest() []chartDay {
	days := slices.Clone(c.Days)
	slices.Reverse(days)
	return days
}
