//go:build unix

package caddymodule

import (
	"io/fs"
	"os/user"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// mayWrite asks the system without writing.
func mayWrite(path string) error { return unix.Access(path, unix.W_OK) }

// ownerOf is the name of a file's owner.
func ownerOf(info fs.FileInfo) string {
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return "somebody"
	}
	id := strconv.FormatUint(uint64(s.Uid), 10)
	if u, err := user.LookupId(id); err == nil {
		return u.Username
	}
	return "user " + id
}
