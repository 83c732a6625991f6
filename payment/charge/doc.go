// Package charge runs charges of many customers' saved cards: it plans who would be charged and
// who not, waits for a person to say so, and has the engine charge one item after another.
//
// A run moves only along these lines:
//
//	planning -> planned failed stopped
//	planned  -> running stopped
//	running  -> paused waiting stopped done
//	paused   -> running waiting stopped
//	waiting  -> running stopped
//
// Done, stopped and failed are ends. A waiting run has not moved for long, or its journal was
// restored from a backup: a person resumes or stops it. A run that was made by itself and cannot be
// planned is tried again for the rest of its day; then it fails, and stands on the work list until
// a person says that it was seen.
//
// Runs may be made by a schedule, once on each of the provider's days, and by the retry plan,
// which charges declined ones again. Both are off until a configuration has them. What is due is
// told by the clock and by the form keys that stand in the journal, never by a timer: a restart, a
// reload or another node makes no run twice. Such a run starts by itself only if somebody has
// stated that Splynx charges nothing by itself, no other run is open, the journal is trusted, and
// it is not above its schedule's limit; else it stays planned, and a person starts or stops it.
//
// Each item of a run is charged at most once, whatever is killed when: the payment has a form
// key made from run and item, and the journal writes payment and item in one transaction, only
// while the run is running and the item is planned. What becomes of the payment later reaches
// the item in the transaction that writes the payment.
package charge
