package processes

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"syscall"

	"golang.org/x/sync/errgroup"

	"github.com/rehearse-dev/rehearse/harness/stack"
	"github.com/rehearse-dev/rehearse/harness/stack/home"
)

// copyTree copies a data directory of a stopped server: same content, private modes, owned by the account. Where the
// file system can share content it does.
func copyTree(ctx context.Context, dst, src string, as home.Account) error {
	from, err := os.OpenRoot(src)
	if err != nil {
		return err
	}
	defer from.Close()
	into, err := newTree(dst, as)
	if err != nil {
		return err
	}
	defer into.Close()
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(max(2, runtime.NumCPU()))
	walk := filepath.WalkDir(src, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		rel, err := filepath.Rel(src, path)
		if err != nil {
			return err
		}
		switch {
		case rel == ".":
			return nil
		case entry.IsDir():
			return as.MkdirIn(into, rel)
		case !entry.Type().IsRegular():
			return fmt.Errorf("stack: %s is no plain file and cannot be copied; keep the data without tablespaces", path)
		}
		g.Go(func() error { return copyFile(into, from, rel, as) })
		return nil
	})
	err = errors.Join(walk, g.Wait())
	if errors.Is(err, syscall.ENOSPC) {
		return stack.NotReady("the disk filled up while copying to "+dst, "free some, or point REHEARSE_HOME at a larger disk")
	}
	return err
}

// newTree makes a directory of the account's and opens it. Nothing outside of it is reached through what it returns, though
// the account may put links in it meanwhile.
func newTree(path string, as home.Account) (*os.Root, error) {
	if err := as.Mkdir(path); err != nil {
		return nil, err
	}
	return os.OpenRoot(path)
}

func copyFile(into, from *os.Root, name string, as home.Account) (err error) {
	in, err := from.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := into.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	if !cloneFile(out, in) {
		if _, err := io.Copy(out, in); err != nil { // the kernel copies; no byte passes through here
			return err
		}
	}
	return as.GiveFile(out)
}

// treeSize is the bytes of all files below dir.
func treeSize(dir string) (total int64, err error) {
	err = filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err == nil {
			total += info.Size()
		}
		return err
	})
	return total, err
}
