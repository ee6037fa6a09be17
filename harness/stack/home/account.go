package home

import (
	"errors"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"

	"github.com/rehearse-dev/rehearse/harness/stack"
)

// Account is who the children run as.
type Account struct {
	uid, gid int
	name     string
	// drop is true when rehearse is root and must shed its rights for them.
	drop bool
}

// accountNames are the accounts root looks for, in this order.
func accountNames() []string { return []string{"postgres", "redis", "nobody"} }

// ChooseAccount keeps a plain user as is and never lets a server run as root: Postgres refuses to, and it should.
func ChooseAccount() (Account, error) {
	if os.Geteuid() != 0 {
		return Account{uid: os.Geteuid(), gid: os.Getegid(), name: "the current user"}, nil
	}
	for _, name := range accountNames() {
		if u, err := user.Lookup(name); err == nil {
			return toAccount(u)
		}
	}
	return Account{}, stack.NotReady("root must not run the servers, and there is no user postgres", "type: useradd --system postgres")
}

func toAccount(u *user.User) (Account, error) {
	uid, err := strconv.Atoi(u.Uid)
	if err != nil {
		return Account{}, err
	}
	gid, err := strconv.Atoi(u.Gid)
	return Account{uid: uid, gid: gid, name: "user " + u.Username, drop: true}, err
}

// Credential is what a child is started with; nil keeps rehearse's own.
func (a Account) Credential() *syscall.Credential {
	if !a.drop {
		return nil
	}
	return &syscall.Credential{Uid: uint32(a.uid), Gid: uint32(a.gid)}
}

// give hands a path to the account.
func (a Account) give(path string) error {
	if !a.drop {
		return nil
	}
	return os.Lchown(path, a.uid, a.gid)
}

// Mkdir makes a directory only the account can enter.
func (a Account) Mkdir(path string) error {
	if err := os.Mkdir(path, 0o700); err != nil {
		return err
	}
	return a.give(path)
}

// Write writes a file only the account can read, at a path below base, which belongs to us. On the way there are
// directories of the account, which it may have replaced by links: none that leads out of base is followed, a file that is
// there is replaced and never written to, and what is handed over is what was opened.
func (a Account) Write(base, path, text string) (err error) {
	root, rel, err := below(base, path)
	if err != nil {
		return err
	}
	defer root.Close()
	if err := root.Remove(rel); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := root.OpenFile(rel, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if _, err := f.WriteString(text); err != nil {
		return err
	}
	return a.GiveFile(f)
}

// MkdirIn makes a directory below another that only the account can enter.
func (a Account) MkdirIn(root *os.Root, name string) error {
	if err := root.Mkdir(name, 0o700); err != nil {
		return err
	}
	dir, err := root.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(a.GiveFile(dir), dir.Close())
}

// GiveFile hands an open file to the account.
func (a Account) GiveFile(f *os.File) error {
	if !a.drop {
		return nil
	}
	return f.Chown(a.uid, a.gid)
}

// below opens base and says what path is called from there.
func below(base, path string) (*os.Root, string, error) {
	rel, err := filepath.Rel(base, path)
	if err != nil {
		return nil, "", err
	}
	root, err := os.OpenRoot(base)
	return root, rel, err
}
