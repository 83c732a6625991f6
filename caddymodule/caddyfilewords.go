package caddymodule

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/dustin/go-humanize"
)

// words are the settings of one block: what reads each.
type words map[string]func(*caddyfile.Dispenser) error

// read reads a block. A word that is not known is an error, since a mistyped safety setting
// must not be silent; so is one that comes twice, but for those that may.
func (w words) read(d *caddyfile.Dispenser, block string, often ...string) error {
	seen := make(map[string]bool)
	for nesting := d.Nesting(); d.NextBlock(nesting); {
		word := d.Val()
		parse := w[word]
		if parse == nil {
			var known []string
			for k := range w {
				known = append(known, k)
			}
			slices.Sort(known)
			return d.Errf("unknown word %q in %s; it takes %s", word, block, strings.Join(known, ", "))
		}
		if seen[word] && !slices.Contains(often, word) {
			return d.Errf("%s is set twice in %s", word, block)
		}
		seen[word] = true
		if err := parse(d); err != nil {
			return err
		}
	}
	return nil
}

// list reads one argument or more.
func list(into *[]string) func(*caddyfile.Dispenser) error {
	return func(d *caddyfile.Dispenser) error {
		word := d.Val()
		if *into = d.RemainingArgs(); len(*into) == 0 {
			return d.Errf("%s takes one argument or more", word)
		}
		return nil
	}
}

// text reads as many arguments as there are fields.
func text(fields ...*string) func(*caddyfile.Dispenser) error {
	return func(d *caddyfile.Dispenser) error {
		word := d.Val()
		args := d.RemainingArgs()
		if len(args) != len(fields) {
			return d.Errf("%s takes %s, not %d", word, arguments(len(fields)), len(args))
		}
		for i, arg := range args {
			*fields[i] = arg
		}
		return nil
	}
}

func arguments(n int) string {
	if n == 1 {
		return "one argument"
	}
	return fmt.Sprintf("%d arguments", n)
}

func set(field *bool) func(*caddyfile.Dispenser) error {
	return func(d *caddyfile.Dispenser) error {
		*field = true
		return text()(d)
	}
}

// whole reads whole numbers above 0.
func whole[T int | int64](fields ...*T) func(*caddyfile.Dispenser) error {
	return func(d *caddyfile.Dispenser) error {
		word := d.Val()
		args := make([]string, len(fields))
		into := make([]*string, len(fields))
		for i := range args {
			into[i] = &args[i]
		}
		if err := text(into...)(d); err != nil {
			return err
		}
		for i, arg := range args {
			n, err := strconv.ParseInt(arg, 10, 32)
			if err != nil || n < 1 {
				return d.Errf("%s: %q is not a whole number above 0", word, arg)
			}
			*fields[i] = T(n)
		}
		return nil
	}
}

func duration(field *caddy.Duration) func(*caddyfile.Dispenser) error {
	return func(d *caddyfile.Dispenser) error {
		word := d.Val()
		var arg string
		if err := text(&arg)(d); err != nil {
			return err
		}
		parsed, err := caddy.ParseDuration(arg)
		if err != nil || parsed <= 0 {
			return d.Errf("%s: %q is not a duration such as 60m", word, arg)
		}
		*field = caddy.Duration(parsed)
		return nil
	}
}

func size(field *int64) func(*caddyfile.Dispenser) error {
	return func(d *caddyfile.Dispenser) error {
		word := d.Val()
		var arg string
		if err := text(&arg)(d); err != nil {
			return err
		}
		n, err := humanize.ParseBytes(arg)
		if err != nil || n == 0 || n > 1<<50 {
			return d.Errf("%s: %q is not a size such as 256MiB", word, arg)
		}
		*field = int64(n)
		return nil
	}
}
