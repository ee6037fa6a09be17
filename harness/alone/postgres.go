package alone

import (
	"context"
	"errors"
	"net/url"
	"os"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// forget takes the variables of Postgres' client out of this process, for good. The client reads them whenever it is given
// a URL, and some cannot be overruled there: PGSERVICE makes it read a file whatever the URL says. No connection of
// rehearse needs one; each is told everything.
func forget() {
	for _, kv := range os.Environ() {
		if name, _, _ := strings.Cut(kv, "="); strings.HasPrefix(name, "PG") {
			_ = os.Unsetenv(name) // fails for malformed names only
		}
	}
}

// Conn is how to connect to the server that a URL names: as the URL says, and nobody else. The URL gives host, user and
// database, and says sslmode=disable.
func Conn(text string) (*pgx.ConnConfig, error) {
	told, password, err := tell(text)
	if err != nil {
		return nil, err
	}
	config, err := pgx.ParseConfig(told)
	if err != nil {
		return nil, err
	}
	config.Password = password
	return config, nil
}

// Connect opens a connection as [Conn] says.
func Connect(ctx context.Context, text string) (*pgx.Conn, error) {
	config, err := Conn(text)
	if err != nil {
		return nil, err
	}
	return pgx.ConnectConfig(ctx, config)
}

// Pool is how to open a pool of such connections.
func Pool(text string) (*pgxpool.Config, error) {
	told, password, err := tell(text)
	if err != nil {
		return nil, err
	}
	config, err := pgxpool.ParseConfig(told)
	if err != nil {
		return nil, err
	}
	config.ConnConfig.Password = password
	return config, nil
}

// tell adds to a URL that there are no certificates, which the client would read from the user's home even where none is
// asked for, and takes the variables away. The password is the URL's, also where it gives none: the client knows a file
// of those as well.
func tell(text string) (told, password string, err error) {
	forget()
	u, err := url.Parse(text)
	if err != nil {
		return "", "", errors.New("a connection URL cannot be parsed") // the error would show the password
	}
	query := u.Query()
	for _, key := range []string{"sslcert", "sslkey", "sslrootcert", "passfile"} {
		query.Set(key, "")
	}
	u.RawQuery = query.Encode()
	password, _ = u.User.Password()
	return u.String(), password, nil
}
