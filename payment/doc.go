// Package payment is the engine: what a payment is, the states it moves through, asking the
// gateway, and booking in Splynx.
//
// It keeps three promises, through crashes, time-outs, double clicks, repeated
// notifications, reloads and several nodes:
//
//  1. One intent charges a card at most once.
//  2. Every approved charge that is kept is recorded in Splynx exactly once.
//  3. Nothing is recorded that the gateway did not approve, for that amount, currency and
//     reference.
//
// A payment is one intent to move money once. It is written to the journal before anything
// is asked of anybody, and it moves only along these lines:
//
//	created     -> offered not_offered submitted not_started approved parked
//	offered     -> approved declined cancelled expired parked
//	submitted   -> approved declined unknown not_done parked
//	unknown     -> approved declined not_done parked
//	not_offered -> approved parked
//	not_started -> approved parked
//	declined    -> approved parked
//	cancelled   -> approved parked
//	expired     -> approved parked
//	not_done    -> approved parked
//	approved    -> recorded refunded settled parked
//	recorded    -> parked
//	refunded    -> parked
//	settled     -> parked
//
// A parked payment waits for a person. It goes back to where it came from, or to an end; and
// to approved, if the gateway says so after all.
//
// Where to read what happens when
//
//   - the payer starts: Engine.Start (start.go)
//   - a browser or a notification comes back: Engine.Result (result.go)
//   - the gateway says something, whoever asked: Engine.apply (verdict.go), the only way to
//     approved
//   - nobody comes back: Engine.ask (ask.go)
//   - the gateway is asked about what was sent, and decides nothing: Engine.unknownEnds
//     (chargeask.go)
//   - money must get into Splynx: Engine.book (book.go), Engine.found (found.go)
//   - the process dies anywhere: what was journaled is claimed by the worker (worker.go) at
//     the next start, and goes on from there
package payment
