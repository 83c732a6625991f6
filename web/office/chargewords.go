package office

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/internal/meaning"
	"github.com/caddy-paymentexpress/paymentexpress/payment/charge"
)

// itemStandings say how an item of a run stands.
var itemStandings = itemsMarked(map[charge.ItemState]string{
	charge.ItemPlanned: markWait, charge.ItemCharging: markWait, charge.ItemUnknown: markWait, charge.ItemApproved: markDone, charge.ItemRecorded: markDone,
	charge.ItemGivenBack: markStop, charge.ItemDeclined: markStop, charge.ItemNotCharged: markStop, charge.ItemNeedsYou: markNeed, charge.ItemLeftOut: "out",
})

func itemsMarked(marks map[charge.ItemState]string) map[charge.ItemState]standing {
	all := make(map[charge.ItemState]standing, len(marks))
	for s, mark := range marks {
		all[s] = standing{Mark: mark, Word: meaning.Item(s)}
	}
	return all
}

// runStanding is how a run stands, with the title of its page.
type runStanding struct {
	Title string
	standing
}

// standingOfRun says how a run stands. One that was stopped before it was started is a preview
// that was dropped.
func standingOfRun(r *charge.Run) runStanding {
	if r.State == charge.Stopped && r.StartedAt.IsZero() {
		return runStanding{"The preview was dropped", standing{"out", "dropped", "Nothing was charged."}}
	}
	return runStandings[r.State]
}

// runStandings say how a run stands: the title of its page, the mark in lists, and a sentence.
var runStandings = map[charge.State]runStanding{
	charge.Planning: {"A preview is being made", standing{markWait, "planning", "Splynx is being read. Nothing is charged before you have seen the preview and started it."}},
	charge.Planned:  {"Look before you charge", standing{markNeed, "preview", "Nothing has been charged. The run waits to be started."}},
	charge.Running:  {"Charging", standing{markWait, "running", "Cards are being charged. You may leave this page: the run goes on."}},
	charge.Paused:   {"Charging is paused", standing{markNeed, "paused", "Nothing new is charged. What was under way is finished."}},
	charge.Waiting:  {"Charging waits for you", standing{markNeed, "waits for you", "Nothing new is charged before somebody resumes or stops the run."}},
	charge.Stopped:  {"Charging was stopped", standing{markStop, "stopped", "What was not begun is not charged any more."}},
	charge.Done:     {"Charging is done", standing{markDone, "done", "Nothing is left to charge."}},
	charge.Failed:   {"The preview could not be made", standing{markStop, "failed", "Nothing was charged."}},
}

// whyStill says why a run stands still, and what is to be done; empty where it simply took its
// course.
func whyStill(w charge.Why) string {
	switch w {
	case charge.WhyAsked, charge.WhyPlanned, charge.WhyAllBegun:
		return ""
	}
	return meaning.RunStill(w)
}

var sourceWords = map[charge.Source]string{
	charge.Administrator: "by hand", charge.Command: "by command", charge.Schedule: "automatic", charge.Retry: "automatic, again",
}

// again says whether what has failed is worth trying again, and when. The limits are the card
// schemes': Visa fines each try after a hard code and more than 15 in 30 days, Mastercard more
// than 10 declines a day.
type again struct{ Mark, Word, When string }

var (
	againLater = again{markWait, "later", "Another day, and not more than 4 times in all: Visa allows 15 tries of a card in 30 days, Mastercard 10 declines a day."}
	againNever = again{markStop, "no", "Not with this card: each further try is fined. The customer needs to save another one."}
)

// advice is what to do about one charge.
func (a again) advice() string {
	switch a.Word {
	case "later":
		return "Try again on another day."
	case "perhaps":
		return "Try once more on another day, then ask the customer for another card."
	case "no":
		return "Do not try this card again: the customer needs to save another one."
	}
	return a.When
}

// againWords are by the class of the gateway's answer.
var againWords = map[string]again{
	"soft":      againLater,
	"declined":  {markWait, "perhaps", "The bank gives no reason. Once more on another day; then ask the customer for another card."},
	"card":      againNever,
	"token":     {markStop, "no", "Not with this card: the customer needs to save it anew."},
	"config":    {markWait, "once mended", "Nothing is wrong with the cards. Set our account or credentials right, then charge again at once."},
	"request":   {markWait, "once mended", "Windcave did not take the request. Look at one of them first."},
	"duplicate": {markDone, "yes", "Nothing was charged. It may be charged again at once."},
	"not_found": {markDone, "yes", "Nothing was charged. It may be charged again at once."},
	"":          {markDone, "yes", "It never came to the bank. It may be charged again at once."},
}

// againOf is for an item that has failed. A hard code rules its class.
func againOf(class, code string) again {
	if charge.HardCode(code) {
		return againNever
	}
	return cmp.Or(againWords[class], again{markWait, "look first", "Look at one of them first."})
}

// reasonOf says why an item is not charged.
func reasonOf(i charge.Item) string {
	switch {
	case i.State == charge.ItemLeftOut:
		return meaning.Out(i.Out)
	case i.State == charge.ItemNotCharged && i.Class == "", i.State == charge.ItemNeedsYou:
		return meaning.Reason(i.Reason)
	case i.State == charge.ItemDeclined, i.State == charge.ItemNotCharged:
		return meaning.Class(i.Class)
	}
	return ""
}

// runsWords say which runs somebody is kept out of.
func runsWords(automatic bool) string {
	if automatic {
		return "automatic charge runs"
	}
	return "all charge runs"
}

// counted is a number of what a run charges.
func counted(n int64, sort charge.Sort) string {
	one, many := "invoice", "invoices"
	if sort == charge.Balances {
		one, many = "balance", "balances"
	}
	if n == 1 {
		return "1 " + one
	}
	return grouped(n) + " " + many
}

// grouped is a number with its thousands apart.
func grouped(n int64) string {
	text := strconv.FormatInt(n, 10)
	for at := len(text) - 3; at > 0 && n >= 1000; at -= 3 {
		text = text[:at] + "," + text[at:]
	}
	return text
}

// about is a time that is left, in words.
func about(d time.Duration) string {
	switch {
	case d <= 0:
		return ""
	case d < 90*time.Second:
		return fmt.Sprintf("about %d s left", max(d.Round(5*time.Second), 5*time.Second)/time.Second)
	case d < 2*time.Hour:
		return fmt.Sprintf("about %d min left", d.Round(time.Minute)/time.Minute)
	}
	return fmt.Sprintf("about %d h left", d.Round(time.Hour)/time.Hour)
}

// shortened is a text of at most so many characters.
func shortened(text string, most int) string {
	if all := []rune(text); len(all) > most {
		return strings.TrimRight(string(all[:most]), " ,") + "…"
	}
	return text
}

// listed joins words as a sentence does.
func listed(words []string) string {
	words = slices.DeleteFunc(words, func(w string) bool { return w == "" })
	return strings.Join(words, ", ")
}
