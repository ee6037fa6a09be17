package stack

import (
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"pgregory.net/rapid"
)

// TestURL: whatever role and password, the driver reads from the URL what was put in.
func TestURL(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		role := rapid.StringMatching(`[^\x00]{1,20}`).Draw(t, "role")
		password := rapid.StringMatching(`[^\x00]{1,20}`).Draw(t, "password")
		e := Endpoints{PrimaryAddr: "127.0.0.1:15000", Database: "carshare", Passwords: map[string]string{role: password}}
		if _, err := url.Parse(e.PrimaryURL(role)); err != nil {
			t.Fatal(err)
		}
		cfg, err := pgx.ParseConfig(e.PrimaryURL(role))
		if err != nil {
			t.Fatal(err)
		}
		if cfg.User != role || cfg.Password != password || cfg.Database != "carshare" || cfg.Port != 15000 || cfg.TLSConfig != nil {
			t.Fatalf("read back %q %q %q %d", cfg.User, cfg.Password, cfg.Database, cfg.Port)
		}
	})
}

func TestLimitText(t *testing.T) {
	for want, limit := range map[string]Limit{
		"unlimited": {}, "1 CPU": {CPUs: 1}, "0.25 CPUs": {CPUs: 0.25}, "2 CPUs, 1 GiB memory": {CPUs: 2, MemoryBytes: 1 << 30},
		"1.5 GiB memory": {MemoryBytes: 3 << 29}, "953 MiB memory": {MemoryBytes: 1e9},
	} {
		if got := limit.String(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	for _, bad := range []map[string]Limit{{"../x": {CPUs: 1}}, {"": {}}, {"a": {CPUs: -1}}, {"a": {MemoryBytes: -1}}} {
		err := Config{Database: "carshare", Limits: bad}.Check()
		if name := slices.Collect(maps.Keys(bad))[0]; err == nil || !strings.Contains(err.Error(), strconv.Quote(name)) {
			t.Errorf("%v: got %v", bad, err)
		}
	}
}
