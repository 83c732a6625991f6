package caddymodule

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/caddy-paymentexpress/paymentexpress/splynx"
)

// errWrong ends the command with exit code 1; what is wrong has been said by then.
var errWrong = errors.New("something is wrong")

func checkCommand() *cobra.Command {
	var o checkOptions
	cmd := &cobra.Command{
		Use:   "check --config FILE [--adapter NAME] [--envfile FILE] [--json]",
		Short: "Says what is wrong with an installation",
		Long: `Looks at the configuration, Splynx, Windcave and the place of the journal, and says
in words what is wrong and what to do.

It asks no running Caddy, opens no journal, moves no money and writes nothing. Run it as
the user that Caddy runs as, with the same environment: what may be read and written
depends on both. It ends with 0 when nothing is WRONG, else with 1.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cmd.SilenceErrors = true
			return runCheck(cmd.Context(), newChecker(o), cmd.OutOrStdout())
		},
	}
	cmd.Flags().StringVarP(&o.config, "config", "c", "", "Configuration file (default: Caddyfile in this folder)")
	cmd.Flags().StringVarP(&o.adapter, "adapter", "a", "", "Name of the config adapter")
	cmd.Flags().StringSliceVar(&o.envfiles, "envfile", nil, "Environment file(s) to load")
	cmd.Flags().BoolVar(&o.json, "json", false, "Say it as JSON")
	return cmd
}

// checkOptions are the flags of the command.
type checkOptions struct {
	config, adapter string
	envfiles        []string
	json            bool
}

// checker looks at one installation, step by step; what a step has learnt is kept for later
// ones.
type checker struct {
	options  checkOptions
	now      func() time.Time
	patience time.Duration                    // longest time of one call
	writable func(path string) error          // whether this user may write there
	free     func(dir string) (uint64, error) // bytes on its disk
	zone     *time.Location                   // this machine's
	failed   map[string]bool                  // steps that found something WRONG, or were skipped

	app    *App
	api    *splynx.Client // without nonce file and gate: those are the running Caddy's
	client *http.Client   // follows no redirect
	addOn  bool           // entry points of the old add-on are in Splynx
}

func newChecker(o checkOptions) *checker {
	return &checker{
		options: o, now: time.Now, patience: 15 * time.Second, writable: mayWrite, free: freeBytes, zone: time.Local, failed: make(map[string]bool),
	}
}

// checkStep looks at one thing. It is skipped when one that it needs has failed.
type checkStep struct {
	name  string
	needs string
	run   func(*checker, context.Context) []finding
}

// The steps that others need.
const (
	stepConfiguration = "configuration"
	stepSplynx        = "Splynx"
	stepKey           = "API key"
)

// checkSteps are all steps, in the order of the report.
func checkSteps() []checkStep {
	return []checkStep{
		{stepConfiguration, "", (*checker).checkConfiguration},
		{"journal", stepConfiguration, (*checker).checkJournal},
		{"disk", stepConfiguration, (*checker).checkDisk},
		{"time zone", stepConfiguration, (*checker).checkZone},
		{stepSplynx, stepConfiguration, (*checker).checkSplynx},
		{"clock", stepSplynx, (*checker).checkClock},
		{stepKey, stepSplynx, (*checker).checkKey},
		{"permissions", stepKey, (*checker).checkPermissions},
		{"search", stepKey, (*checker).checkSearch},
		{"payment method", stepKey, (*checker).checkMethods},
		{"partners", stepKey, (*checker).checkPartnerBlocks},
		{"currency", stepKey, (*checker).checkCurrency},
		{"provider's name", stepKey, (*checker).checkName},
		{"saved cards", stepKey, (*checker).checkCards},
		{"entry points", stepKey, (*checker).checkEntryPoints},
		{"old add-on", stepKey, (*checker).checkAddOn},
		{"session cookie", stepSplynx, (*checker).checkCookie},
		{"Windcave address", stepConfiguration, (*checker).checkEndpoint},
		{"PxPay", stepConfiguration, (*checker).checkPxPay},
		{"PxPost", stepConfiguration, (*checker).checkPxPost},
		{"public_url", stepConfiguration, (*checker).checkPublic},
	}
}

// take makes one step.
func (c *checker) take(ctx context.Context, s checkStep) []finding {
	var found []finding
	if s.needs != "" && c.failed[s.needs] {
		found = []finding{{Level: levelSkipped, Found: s.needs + " comes first, see above"}}
		c.failed[s.name] = true
	} else {
		found = s.run(c, ctx)
	}
	for i := range found {
		if found[i].About == "" {
			found[i].About = s.name
		}
		if found[i].Level == levelWrong {
			c.failed[s.name] = true
		}
	}
	return found
}

// call gives one call its time.
func (c *checker) call(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, c.patience)
}

// refusedTo makes a finding of an error of Splynx's client: skipped where a permission is
// missing, which a line of its own tells.
func refusedTo(what string, err error) finding {
	var failed *splynx.Error
	if !errors.As(err, &failed) {
		return wrong("run it again", "%s: %v", what, err)
	}
	if failed.HTTPStatus == http.StatusForbidden && failed.Permission != "" {
		return finding{Level: levelSkipped, Found: fmt.Sprintf("%s: the API key lacks the permission %s", what, failed.Permission)}
	}
	return wrong(failed.Advice(), "%s: %v", what, err)
}
