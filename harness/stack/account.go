package stack

import (
	"os"
	"os/user"
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

// write writes a file only the account can read.
func (a account) write(path, text string) error {
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		return err
	}
	return a.give(path)
}
