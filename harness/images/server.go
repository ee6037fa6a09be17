package images

import (
	"fmt"
	"regexp"
	"strconv"

	"github.com/rehearse-dev/rehearse/harness/stack/engine"
)

// searchPath is where Debian looks for commands.
const searchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// server is what is to know of one of the two to make its image.
type server struct {
	// title is its name for people, repository its image's.
	title, repository string
	// packages are what to install; user with home are whom it runs as.
	packages, user, home string
	// says finds the version in what the server says of itself.
	says *regexp.Regexp
	// settings are its image's, for a version.
	settings func(version string) engine.Settings
}

// version is the part of a server's own words that makes a tag.
func (s server) version(words string) (string, error) {
	found := s.says.FindStringSubmatch(words)
	if found == nil {
		return "", fmt.Errorf("%s says of itself %q, which has no version in it", s.title, words)
	}
	return found[1], nil
}

func postgres(repository string) server {
	return server{
		title: "PostgreSQL", repository: repository, packages: "postgresql", user: "postgres", home: "/var/lib/postgresql",
		says: regexp.MustCompile(`PostgreSQL\) (\d+[\w.]*)`), settings: postgresSettings,
	}
}

// postgresSettings are those of the official image, where the data moved with version 18.
func postgresSettings(version string) engine.Settings {
	major := regexp.MustCompile(`^\d+`).FindString(version)
	data, volume := "/var/lib/postgresql/data", "/var/lib/postgresql/data"
	if n, err := strconv.Atoi(major); err == nil && n >= 18 {
		data, volume = "/var/lib/postgresql/"+major+"/docker", "/var/lib/postgresql"
	}
	return engine.Settings{
		Env: []string{
			"PATH=" + searchPath + ":/usr/lib/postgresql/" + major + "/bin",
			"LANG=C.UTF-8", "PG_MAJOR=" + major, "PG_VERSION=" + version, "PGDATA=" + data,
		},
		Command: []string{"postgres"}, Volumes: []string{volume}, Ports: []int{5432},
		// Fast shutdown: clients are not waited for.
		StopSignal: "SIGINT",
	}
}

func redis(repository string) server {
	return server{
		title: "Redis", repository: repository, packages: "redis-server", user: "redis", home: "/home/redis",
		says: regexp.MustCompile(`v=(\d+[\w.]*)`),
		settings: func(version string) engine.Settings {
			return engine.Settings{
				Env:     []string{"PATH=" + searchPath, "REDIS_VERSION=" + version},
				Command: []string{"redis-server"}, WorkDir: "/data", Volumes: []string{"/data"}, Ports: []int{6379},
			}
		},
	}
}
