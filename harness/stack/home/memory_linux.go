package home

import "golang.org/x/sys/unix"

// InMemory tells whether dir lies on a file system without a disk.
func InMemory(dir string) bool {
	var fsys unix.Statfs_t
	if unix.Statfs(dir, &fsys) != nil {
		return false
	}
	return int64(fsys.Type) == unix.TMPFS_MAGIC || int64(fsys.Type) == unix.RAMFS_MAGIC
}
