// Package diskfault makes disks fail, for tests: of this process, by a filter of system calls
// that the kernel keeps until the process ends, or of a folder, by a small disk of its own.
// Only tests use it.
package diskfault

import (
	"fmt"
	"os"
	"path/filepath"
	"unsafe"

	"golang.org/x/sys/unix"
)

// FailSync has every fsync of this process fail with EIO from now on, as on a disk that has
// lost a write.
func FailSync() error {
	calls := []uint32{unix.SYS_FSYNC, unix.SYS_FDATASYNC}
	filter := []unix.SockFilter{{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS}} // the number of the call
	for i, nr := range calls {
		filter = append(filter, unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jt: uint8(len(calls) - i), K: nr})
	}
	filter = append(filter,
		unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
		unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ERRNO | uint32(unix.EIO)},
	)
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("give up new privileges: %w", err)
	}
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	// TSYNC: all threads, whichever of them syncs.
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&program)))
	if errno != 0 {
		return fmt.Errorf("set a filter of system calls: %w", errno)
	}
	return nil
}

// Mount puts a disk of so many bytes on a folder. It needs root.
func Mount(dir string, bytes int) (unmount func(), err error) {
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%d,mode=0700", bytes)); err != nil {
		return nil, fmt.Errorf("mount a small disk: %w", err)
	}
	return func() { _ = unix.Unmount(dir, unix.MNT_DETACH) }, nil
}

// ReadOnly makes the disk on a folder one that cannot be written, or can again.
func ReadOnly(dir string, on bool) error {
	flags := uintptr(unix.MS_REMOUNT)
	if on {
		flags |= unix.MS_RDONLY
	}
	if err := unix.Mount("tmpfs", dir, "tmpfs", flags, ""); err != nil {
		return fmt.Errorf("remount a small disk: %w", err)
	}
	return nil
}

// Fill takes all the room on the disk of a folder, to the last byte; free gives it back.
func Fill(dir string) (free func() error, err error) {
	f, err := os.Create(filepath.Join(dir, "filler"))
	if err != nil {
		return nil, err
	}
	for block := make([]byte, 64<<10); len(block) > 0; {
		if _, err := f.Write(block); err != nil {
			block = block[:len(block)/2] // what does not fit any more in one piece
		}
	}
	if err := f.Close(); err != nil {
		return nil, err
	}
	return func() error { return os.Remove(f.Name()) }, nil
}
