package caddymodule

import (
	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"
)

func init() {
	caddycmd.RegisterCommand(caddycmd.Command{
		Name:  "paymentexpress",
		Short: "Looks after card payments by Windcave for Splynx",
		CobraFunc: func(cmd *cobra.Command) {
			cmd.AddCommand(subcommands()...)
		},
	})
}

// subcommands are what `caddy paymentexpress` can do.
func subcommands() []*cobra.Command {
	return []*cobra.Command{
		checkCommand(),
		listCommand(),
		showCommand(),
		settleCommand(),
		recheckCommand(),
		refundCommand(),
		chargeCommand(),
		exportCommand(),
		journalCommand(),
		linkCommand(),
		guestsCommand(),
		healthCommand(),
	}
}
