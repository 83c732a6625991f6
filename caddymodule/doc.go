// Package caddymodule is the Caddy face of the payment module.
package caddymodule
