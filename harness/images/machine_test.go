package images

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What the distributions themselves write.
func TestParseRelease(t *testing.T) {
	for name, tt := range map[string]struct {
		text string
		want release
	}{
		"Debian": {
			"PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nVERSION_CODENAME=bookworm\nID=debian\n",
			release{name: "Debian GNU/Linux 12 (bookworm)", codename: "bookworm", ids: []string{"debian"}},
		},
		"Ubuntu": {
			"PRETTY_NAME='Ubuntu 24.04.2 LTS'\nVERSION_CODENAME=noble\nID=ubuntu\nID_LIKE=debian\nUBUNTU_CODENAME=noble",
			release{name: "Ubuntu 24.04.2 LTS", codename: "noble", ids: []string{"ubuntu", "debian"}},
		},
		"a derivative": {
			"PRETTY_NAME=\"Linux Mint 22\"\nID=linuxmint\nID_LIKE=\"ubuntu debian\"\nVERSION_CODENAME=wilma\nUBUNTU_CODENAME=noble\n",
			release{name: "Linux Mint 22", codename: "noble", ids: []string{"linuxmint", "ubuntu", "debian"}},
		},
		"no packages of this kind": {
			"PRETTY_NAME=\"Some Linux 42\"\nID=some\n",
			release{name: "Some Linux 42", ids: []string{"some"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, parseRelease(tt.text), cmp.AllowUnexported(release{})); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
		})
	}
}

func TestChooseSources(t *testing.T) {
	debian := release{codename: "bookworm", ids: []string{"debian"}}
	const main, extra = "/etc/apt/sources.list.d/debian.sources", "/etc/apt/sources.list.d/extra.list"
	for name, tt := range map[string]struct {
		targets []string
		want    []string
	}{
		"each file once": {
			[]string{main + ":1\tbookworm\tDebian", main + ":1\tbookworm-updates\tDebian", main + ":8\tbookworm-security\tDebian"},
			[]string{main},
		},
		"security in a file of its own": {
			[]string{main + ":1\tbookworm\tDebian", extra + ":1\tbookworm-security\tDebian"},
			[]string{main, extra},
		},
		"somebody else's packages for this release": {
			[]string{main + ":1\tbookworm\tDebian", extra + ":1\tbookworm\tSomebody Else"},
			[]string{main},
		},
		"other suites": {
			[]string{main + ":1\tbookworm\tDebian", extra + ":1\tnodistro\tDebian", extra + ":2\tbookworm-backports\tDebian"},
			[]string{main},
		},
		"lists not fetched yet": {
			[]string{main + ":1\tbookworm\t$(ORIGIN)", extra + ":1\tbookworm\t"},
			[]string{main, extra},
		},
		"nothing": {[]string{"", "apt says something else"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			if got := debian.chooseSources(strings.Join(tt.targets, "\n") + "\n"); !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// What is fetched and checked elsewhere must be fetched and checked here; everything else is mmdebstrap's business.
func TestAptSettings(t *testing.T) {
	const dump = `APT::Architecture "amd64";
Acquire::http::Proxy "http://proxy:3128";
Acquire::Retries "3";
Acquire::Languages:: "none";
Acquire::IndexTargets::deb::Packages::Optional "0";
DPkg::Post-Invoke:: "rm -f /var/cache/apt/archives/*.deb";
`
	const want = `Acquire::http::Proxy "http://proxy:3128";
Acquire::Retries "3";
Dir::Etc::netrc "/etc/apt/auth.conf";
Dir::Etc::netrcparts "/etc/apt/auth.conf.d";
`
	if diff := cmp.Diff(want, aptSettings(dump)); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}

// A machine without the tools is told apart from one where something broke, and told what to type.
func TestCheckWithoutTools(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if err := Check(t.Context()); !errors.Is(err, ErrNotReady) || !strings.Contains(err.Error(), "docker load") {
		t.Errorf("without apt: %v", err)
	}
	stub(t, "apt-get", "exit 0")
	err := Check(t.Context())
	if !errors.Is(err, ErrNotReady) {
		t.Fatalf("without mmdebstrap: %v", err)
	}
	if _, debian := releaseHere(t); debian && !strings.Contains(err.Error(), "apt-get install -y --no-install-recommends mmdebstrap") {
		t.Errorf("without mmdebstrap: %v", err)
	}
}
