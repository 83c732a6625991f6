//go:build !unix

package caddymodule

import "errors"

func freeBytes(string) (uint64, error) { return 0, errors.ErrUnsupported }
