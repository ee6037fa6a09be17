package scenarios

import (
	"slices"
	"testing"
	"time"
)

// carshare is the vocabulary of the reference system, as far as this package has to know it.
func carshare() Vocabulary {
	return Vocabulary{
		System: "carshare",
		Phases: []string{"extract-main", "extract-reads", "extract-writes", "cache", "archive"},
		Nodes:  map[string]int64{"primary": 384 << 20, "replica": 384 << 20, "redis": 16 << 20, "auth": 32 << 20, "callers": 32 << 20},
		Operations: []Operation{
			{Name: "verify", Share: 0.80},
			{Name: "profile", Share: 0.08},
			{Name: "login", Share: 0.04},
			{Name: "refresh", Share: 0.05, Consumes: true},
			{Name: "logout", Share: 0.03, Consumes: true},
		},
		APIs: []API{
			{"GET main/v1/home", "verify", 60}, {"GET rental/v1/cars/status", "verify", 20}, {"GET main/v1/me", "profile", 8},
			{"POST main/v1/login", "login", 4}, {"POST main/v1/token/refresh", "refresh", 5}, {"POST main/v1/logout", "logout", 3},
		},
		Roles: Roles{Login: "login", Refresh: "refresh", Logout: "logout"},
		Keys: []Key{
			{Path: "data.users", Least: 1, Most: 1_000_000_000, Standard: "50000", Small: "2000", Says: "Accounts that can log in."},
			{Path: "data.dead_tokens", Most: 1_000_000_000, Standard: "2000000", Small: "20000", Says: "Tokens of past years."},
			{Path: "data.live_tokens", Least: 2, Most: 1_000_000_000, Standard: "200000", Small: "30000", Says: "Tokens that are valid."},
			{Path: "password_iterations", Least: 1, Most: 10_000_000, Standard: "1000", Says: "What a login costs."},
		},
		Checks: []Check{
			{Name: "wrong_user", Chances: "named", Says: "Answers that named the wrong user."},
			{Name: "rejected_valid", Chances: "presented_valid", Says: "Acknowledged tokens that were rejected."},
			{Name: "accepted_revoked", Chances: "presented_revoked", Says: "Revoked tokens that were accepted later than the bound."},
		},
		Acknowledged: Acknowledged{Says: "Hits that tested a token."},
		Aliases:      []Alias{{"primary_statements_per_verify", "primary_statements", "verify", "The same as primary_statements with op: verify."}},
		Supply:       Supply{Key: "data.live_tokens", Called: "live tokens", Kept: 0.5}, Records: "tokens",
	}
}

func read(t *testing.T, name string) *Scenario {
	t.Helper()
	text, found := ReadShipped(name)
	if !found {
		t.Fatalf("no shipped scenario %q", name)
	}
	s, err := Parse(name+".yaml", text, carshare())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// vary is a shipped scenario with flags.
func vary(t *testing.T, name string, flags func(*File)) *Scenario {
	t.Helper()
	s, err := try(name, flags)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return s
}

func try(name string, flags func(*File)) (*Scenario, error) {
	text, _ := ReadShipped(name)
	f := Open(name, text, carshare())
	f.Beside(ShippedFiles())
	flags(f)
	return f.Read()
}

// small is --data small, which is always known.
func small(f *File) { _ = f.Data("small") }

// reseeded is s with another seed.
func reseeded(s *Scenario) *Scenario {
	other := *s
	other.Seed++
	return &other
}

// Every shipped scenario is valid as it is, quick, and quick on small data: the three ways the help page offers.
func TestShipped(t *testing.T) {
	if !slices.Contains(Shipped(), "stay-launch") {
		t.Fatalf("got %v, want stay-launch among them", Shipped())
	}
	for _, name := range Shipped() {
		s := read(t, name)
		if s.Name != name {
			t.Errorf("%s.yaml is named %s", name, s.Name)
		}
		quick := vary(t, name, (*File).Quick)
		vary(t, name, small)
		vary(t, name, func(f *File) { small(f); f.Quick() })
		if expected := quick.Plan().Expected(); expected > 90*time.Second {
			t.Errorf("%s: a quick run takes %v, want at most 90s", name, expected)
		}
	}
}

// The promise of stay-launch: a sixfold rise within two seconds, then a plateau.
func TestStayLaunch(t *testing.T) {
	stages := read(t, "stay-launch").Traffic.Stages
	i := slices.IndexFunc(stages, func(s Stage) bool { return s.From != s.To })
	rise, plateau := stages[i], stages[i+1]
	if rise.To != 6*rise.From || rise.Duration > 2*time.Second || plateau.From != rise.To || plateau.To != rise.To {
		t.Errorf("got a rise %+v and a plateau %+v", rise, plateau)
	}
}
