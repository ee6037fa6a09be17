package alone

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// strange is a home and an environment in which Postgres' client finds everything it looks for.
func strange(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	for name, text := range map[string]string{
		".pgpass": "*:*:*:*:stolen", ".pg_service.conf": "[nowhere]\nhost=nowhere\n", ".postgresql/root.crt": "nonsense",
		".postgresql/postgresql.crt": "nonsense", ".postgresql/postgresql.key": "nonsense",
	} {
		path := filepath.Join(home, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, value := range map[string]string{
		"PGSERVICE": "nowhere", "PGOPTIONS": "-c x=y", "PGSSLROOTCERT": "/nowhere", "PGSSLMODE": "verify-full", "PGTZ": "Nowhere", "PGPASSFILE": "/nowhere",
		"PGAPPNAME": "nobody", "PGCONNECT_TIMEOUT": "soon", "PGTARGETSESSIONATTRS": "nonsense", "PGREQUIREAUTH": "nonsense", "PGHOST": "nowhere",
		"PGMINPROTOCOLVERSION": "9", "PGSSLCERTMODE": "", "PGANYTHING": "new in the next release",
	} {
		t.Setenv(name, value)
	}
}

// A connection is as its URL says, wherever rehearse was started.
func TestConnectionsAreAlone(t *testing.T) {
	const url = "postgres://owner:s3cr%26t@127.0.0.1:5433/carshare?sslmode=disable&application_name=rehearse"
	for _, text := range []string{url, strings.Replace(url, ":s3cr%26t", "", 1)} {
		strange(t)
		conn, err := Conn(text)
		if err != nil {
			t.Fatal(err)
		}
		strange(t)
		pool, err := Pool(text)
		if err != nil {
			t.Fatal(err)
		}
		want := []string{"127.0.0.1", "owner", "carshare", "", "rehearse"}
		if text == url {
			want[3] = "s3cr&t"
		}
		if diff := cmp.Diff(want, []string{conn.Host, conn.User, conn.Database, conn.Password, conn.RuntimeParams["application_name"]}); diff != "" {
			t.Errorf("%s (-want +got):\n%s", text, diff)
		}
		if len(conn.RuntimeParams) != 1 || conn.Port != 5433 || conn.TLSConfig != nil || len(conn.Fallbacks) != 0 || conn.ValidateConnect != nil ||
			conn.ConnectTimeout == 0 && pool.ConnConfig.ConnectTimeout != 0 || pool.ConnConfig.Password != want[3] || len(pool.ConnConfig.RuntimeParams) != 1 {
			t.Errorf("%s: got %+v", text, conn.Config)
		}
	}
	if _, err := Conn("postgres://a:hunter2@%zz/"); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("got %v", err)
	}
}

// What rehearse was started with and has no use for is not there any more, for any library; what Go's runtime has read by
// then is told.
func TestEnter(t *testing.T) {
	strange(t)
	gone := []string{"CI_JOB_TOKEN", "LC_ALL", "LANG", "TZ", "LD_PRELOAD", "AWS_SECRET_ACCESS_KEY", "REQUEST_METHOD"}
	for _, name := range append(gone, "REHEARSE_HOME", "DOCKER_HOST", "HTTPS_PROXY", "http_proxy") {
		t.Setenv(name, "x")
	}
	for _, name := range settings() {
		t.Setenv(name, "")
	}
	if leave() {
		t.Error("something acts already, and nothing was set")
	}
	var left []string
	for _, kv := range os.Environ() {
		name, _, _ := strings.Cut(kv, "=")
		if strings.HasPrefix(name, "PG") || slices.Contains(append(gone, settings()...), name) {
			left = append(left, name)
		}
	}
	if left != nil || os.Getenv("REHEARSE_HOME")+os.Getenv("DOCKER_HOST")+os.Getenv("HTTPS_PROXY")+os.Getenv("http_proxy") != "xxxx" {
		t.Errorf("%v are left, and what is wanted is in %v", left, os.Environ())
	}
	t.Setenv("PATH", "")
	leave()
	if _, err := exec.LookPath("sh"); err != nil {
		t.Errorf("without a PATH nothing is found: %v", err)
	}
	for _, name := range settings() {
		t.Setenv(name, "1")
		if acting, value := leave(), os.Getenv(name); !acting || value != "" {
			t.Errorf("%s: told %v, left %q", name, acting, value)
		}
	}
}

// Children get what a list says, and no request goes to a proxy.
func TestChildren(t *testing.T) {
	strange(t)
	t.Setenv("PATH", "/somewhere")
	t.Setenv("HTTPS_PROXY", "http://proxy:3128")
	for name, tt := range map[string]struct{ got, want []string }{
		"server":  {Server("/data"), []string{"PATH=/somewhere", "HOME=/data", "LC_ALL=C", "LANG=C", "TZ=UTC"}},
		"service": {Service(), []string{"LC_ALL=C", "LANG=C", "TZ=UTC"}},
	} {
		if diff := cmp.Diff(tt.want, tt.got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if tool := Tool("A=b"); !slices.Contains(tool, "HTTPS_PROXY=http://proxy:3128") || !slices.Contains(tool, "A=b") || strings.Contains(strings.Join(tool, " "), "PG") {
		t.Errorf("a tool gets %v", tool)
	}
	if transport := Transport(); transport.Proxy != nil || http.DefaultTransport.(*http.Transport).Proxy == nil {
		t.Error("a request to the system goes to the caller's proxy")
	}
}
