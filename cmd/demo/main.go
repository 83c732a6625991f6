// Command demo runs the whole thing on one machine: Caddy with the module, in front of a
// simulated Splynx, with a simulated Windcave. It takes free ports on loopback, writes
// nothing outside a temporary folder, and moves no money.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	var o options
	flag.BoolVar(&o.once, "once", false, "click through by itself: pay three invoices, decline one, cancel one; exit 0 only if all sides agree")
	flag.Uint64Var(&o.seed, "seed", 0, "make the simulators misbehave, the same way for the same number")
	flag.StringVar(&o.only, "only", "", "run one simulator alone: windcave or splynx")
	flag.StringVar(&o.addr, "addr", "127.0.0.1:0", "where -only listens; loopback only")
	flag.BoolVar(&o.verbose, "v", false, "show Caddy's log")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

type options struct {
	once    bool
	seed    uint64
	only    string
	addr    string
	verbose bool
}

func run(ctx context.Context, o options) error {
	if flag.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q; see -h", flag.Arg(0))
	}
	switch o.only {
	case "":
	case "windcave", "splynx":
		return alone(ctx, o)
	default:
		return fmt.Errorf("-only %q: windcave or splynx", o.only)
	}
	h, err := open(o)
	if err != nil {
		return err
	}
	defer h.close()
	if o.once {
		return h.once(ctx)
	}
	h.explain(os.Stdout)
	<-ctx.Done()
	return nil
}
