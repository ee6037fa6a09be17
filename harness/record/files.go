package record

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// ErrLarge says that a file of a run directory is larger than any that rehearse writes.
var ErrLarge = errors.New("it is larger than what is read of such a file")

// Files are the files of a run directory, which may be anybody's: none outside of it is opened, whatever links there are,
// and nothing but a file: a pipe would be waited for, and a device never ends. What is read at once is bounded.
type Files struct{ dir string }

// FilesOf are those of dir.
func FilesOf(dir string) Files { return Files{dir} }

// Open implements [fs.FS].
func (f Files) Open(name string) (fs.File, error) {
	// A pipe would be waited for here as well.
	if info, err := os.Stat(f.dir); err != nil || !info.IsDir() {
		return nil, cmp.Or(err, error(&fs.PathError{Op: "open", Path: f.dir, Err: errors.New("it is no directory")}))
	}
	root, err := os.OpenRoot(f.dir)
	if err != nil {
		return nil, err
	}
	// What is open stays open without its root.
	defer root.Close()
	file, err := root.OpenFile(filepath.FromSlash(name), os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = &fs.PathError{Op: "open", Path: filepath.Join(f.dir, name), Err: fmt.Errorf("it is no file but %s", kindOf(info.Mode()))}
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// Read is the whole of a file of at most so many bytes; [ErrLarge] if it has more.
func (f Files) Read(name string, most int64) ([]byte, error) {
	file, err := f.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, most+1))
	if err == nil && int64(len(text)) > most {
		err = fmt.Errorf("%s: %w, %d bytes", filepath.Join(f.dir, name), ErrLarge, most)
	}
	return text, err
}

// ReadFile is the whole of a file that a user named, wherever it lies, of at most so many bytes; [ErrLarge] if it has more.
// It is read under the same conditions as those of a run directory.
func ReadFile(path string, most int64) ([]byte, error) {
	resolved, err := filepath.EvalSymlinks(path)
	if _, named := errors.AsType[*fs.PathError](err); err != nil && !named {
		err = &fs.PathError{Op: "open", Path: path, Err: err}
	}
	if err != nil {
		return nil, err
	}
	return FilesOf(filepath.Dir(resolved)).Read(filepath.Base(resolved), most)
}

func kindOf(mode fs.FileMode) string {
	switch {
	case mode.IsDir():
		return "a directory"
	case mode&fs.ModeNamedPipe != 0:
		return "a pipe"
	case mode&fs.ModeSocket != 0:
		return "a socket"
	}
	return "a device"
}
