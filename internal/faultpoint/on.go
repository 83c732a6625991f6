//go:build faultpoints

// Package faultpoint names the places where a process may die in the middle of a payment,
// so that tests can kill it there.
package faultpoint

import (
	"os"
	"os/signal"
	"syscall"
)

// Env names the environment variable that holds the point at which this process kills
// itself, as the kernel would: no deferred call, no flush.
const Env = "PAYMENTEXPRESS_FAULTPOINT"

// Hit kills the process if name is the point that was ordered.
func Hit(name string) {
	if os.Getenv(Env) != name {
		return
	}
	signal.Reset()
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {} // the signal is on its way; nothing may run past the point
}
