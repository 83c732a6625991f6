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
// restored from a backup: a person resumes or stops it.
//
// Each item of a run is charged at most once, whatever is killed when: the payment has a form
// key made from run and item, and the journal writes payment and item in one transaction, only
// while the run is running and the item is planned. What becomes of the payment later reaches
// the item in the transaction that writes the payment.
package charge
