package images

import (
	"slices"
	"testing"
)

// What the servers of several releases print.
func TestVersion(t *testing.T) {
	for _, tt := range []struct {
		server server
		words  string
		want   string
	}{
		{postgres("p"), "postgres (PostgreSQL) 15.20 (Debian 15.20-0+deb12u1)", "15.20"},
		{postgres("p"), "postgres (PostgreSQL) 16.9 (Ubuntu 16.9-0ubuntu0.24.04.1)", "16.9"},
		{postgres("p"), "postgres (PostgreSQL) 19beta1 (Debian 19~beta1-1)", "19beta1"},
		{redis("r"), "Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64 build=ae4d7c971a948f0", "7.0.15"},
		{redis("r"), "", ""},
		{postgres("p"), "sh: postgres: not found", ""},
	} {
		got, err := tt.server.version(tt.words)
		if got != tt.want || (err == nil) != (tt.want != "") {
			t.Errorf("%q: got %q, %v, want %q", tt.words, got, err, tt.want)
		}
	}
}

// The data directory moved with version 18; its volume must hold it in every version.
func TestPostgresSettings(t *testing.T) {
	for version, want := range map[string][2]string{
		"15.20":   {"/var/lib/postgresql/data", "/var/lib/postgresql/data"},
		"18.1":    {"/var/lib/postgresql/18/docker", "/var/lib/postgresql"},
		"19beta1": {"/var/lib/postgresql/19/docker", "/var/lib/postgresql"},
	} {
		s := postgresSettings(version)
		if !slices.Contains(s.Env, "PGDATA="+want[0]) || !slices.Equal(s.Volumes, []string{want[1]}) {
			t.Errorf("%s: got %q and volumes %q, want %q", version, s.Env, s.Volumes, want)
		}
	}
}
