package caddymodule

import (
	"errors"
	"os"
	"testing"

	"github.com/caddyserver/caddy/v2"
	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	_ "github.com/caddyserver/caddy/v2/modules/standard"
)

// asCaddy makes this test binary be Caddy: the tests run real processes, with the same build.
const asCaddy = "PAYMENTEXPRESS_TEST_AS_CADDY"

func TestMain(m *testing.M) {
	if os.Getenv(asCaddy) != "" {
		caddycmd.Main()
		return
	}
	os.Exit(m.Run())
}

// failing is an app that cannot start, to see what a reload with it leaves behind.
type failing struct{}

func init() { caddy.RegisterModule(failing{}) }

func (failing) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "failing", New: func() caddy.Module { return new(failing) }}
}

func (failing) Start() error { return errors.New("this app never starts") }
func (failing) Stop() error  { return nil }
