package stack

import (
	"errors"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
)

// account is who the children run as.
type account struct {
	uid, gid int
	name     string
	// drop is true when rehearse is root and must shed its rights for them.
	drop bool
}

// servants are the accounts root looks for, in this order.
func servants() []string { return []string{"postgres", "redis", "nobody"} }

// chooseAccount keeps a plain user as is and never lets a server run as root: Postgres refuses to, and it should.
func chooseAccount() (account, error) {
	if os.Geteuid() != 0 {
		return account{uid: os.Geteuid(), gid: os.Getegid(), name: "the current user"}, nil
	}
	for _, name := range servants() {
		if u, err := user.Lookup(name); err == nil {
			return toAccount(u)
		}
	}
	return account{}, notReady("root must not run the servers, and there is no user postgres", "type: useradd --system postgres")
}

func toAccount(u *user.User) (account, error) {
	uid, err := strconv.Atoi(u.Uid)
	if err != nil {
		return account{}, err
	}
	gid, err := strconv.Atoi(u.Gid)
	return account{uid: uid, gid: gid, name: "user " + u.Username, drop: true}, err
}

// give hands a path to the account.
func (a account) give(path string) error {
	if !a.drop {
		return nil
	}
	return os.Lchown(path, a.uid, a.gid)
}

// mkdir makes a directory only the account can enter.
func (a account) mkdir(path string) error {
	if err := os.Mkdir(path, 0o700); err != nil {
		return err
	}
	return a.give(path)
}

// write writes a file only the account can read, at a path below base, which belongs to us. On the way there are
// directories of the account, which it may have replaced by links: none that leads out of base is followed, a file that is
// there is replaced and never written to, and what is handed over is what was opened.
func (a account) write(base, path, text string) (err error) {
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
	return a.giveFile(f)
}

// mkdirIn makes a directory below another that only the account can enter.
func (a account) mkdirIn(root *os.Root, name string) error {
	if err := root.Mkdir(name, 0o700); err != nil {
		return err
	}
	dir, err := root.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(a.giveFile(dir), dir.Close())
}

// giveFile hands an open file to the account.
func (a account) giveFile(f *os.File) error {
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
