package scenarios

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
)

// mix checks the shares at path.
func (c *checker) mix(path string, mix map[string]float64) {
	var sum float64
	names := slices.Sorted(maps.Keys(mix))
	for _, name := range names {
		sum += mix[name]
		known := c.s.Vocabulary.operationNames()
		c.must(slices.Contains(known, name), path+"."+brief(name), oneOf(name, known), "operation %q is unknown", brief(name))
	}
	// Shares are typed with a few decimals; anything nearer than a millionth is rounding.
	c.must(len(names) == 0 || math.Abs(sum-1) < 1e-6, path, c.shares(mix, names, sum), "the shares sum to %s%%", trim(math.Round(sum*1e6)/1e4))
}

// shares is the remedy for a mix that does not add up. Numbers from one on were meant as weights.
func (c *checker) shares(mix map[string]float64, names []string, sum float64) string {
	var parts []string
	for _, name := range names {
		if weight := mix[name]; weight >= 1 && len(names) <= len(c.s.Vocabulary.Operations) {
			parts = append(parts, brief(name)+": "+trim(math.Round(weight/sum*1e8)/1e6)+"%")
		}
	}
	if len(parts) < max(len(names), 2) {
		return "make the shares sum to 100%"
	}
	return "write weights as shares: {" + strings.Join(parts, ", ") + "}"
}

// apis checks the weights of the APIs, and that each operation that occurs has one to cause it.
func (c *checker) apis() {
	const path = "traffic.apis"
	apis := c.s.Traffic.APIs
	if len(apis) == 0 {
		return
	}
	known := c.s.Vocabulary.apiNames()
	var sum float64
	for _, name := range slices.Sorted(maps.Keys(apis)) {
		sum += apis[name]
		c.must(slices.Contains(known, name), path+"."+brief(name), meantAPI(name, known), "API %q is unknown", brief(name))
	}
	if !c.must(sum > 0, path, "give one of them a weight above 0", "no API has a weight") || !c.legible("mix") || !c.sound(path, "traffic.mix", "traffic.sessions") {
		return
	}
	caused := map[string]bool{}
	for _, api := range c.s.Vocabulary.APIs {
		caused[api.Operation] = caused[api.Operation] || apis[api.Name] > 0
	}
	for _, op := range c.s.operations() {
		c.must(caused[op.Name], path, "give a weight to an API that causes it: "+c.s.Vocabulary.causes(op.Name),
			"operation %q occurs, and no API with a weight causes it", op.Name)
	}
}

// meantAPI is the remedy for an unknown API: the method or the service is easily left out, and all of them are too many to
// list.
func meantAPI(name string, known []string) string {
	if i := slices.IndexFunc(known, func(api string) bool { return strings.HasSuffix(api, name) }); i >= 0 {
		return "did you mean " + known[i] + "?"
	}
	if near := Nearest(name, known); near != "" || len(known) == 0 {
		return oneOf(name, known)
	}
	return "write names such as " + known[0] + "; rehearse schema --format markdown lists them"
}

// causes are the first few APIs that cause an operation.
func (v Vocabulary) causes(operation string) string {
	var names []string
	for _, api := range v.APIs {
		if api.Operation == operation {
			names = append(names, api.Name)
		}
	}
	return strings.Join(names[:min(len(names), 3)], ", ")
}

func (v Vocabulary) apiNames() []string {
	var names []string
	for _, api := range v.APIs {
		names = append(names, api.Name)
	}
	return names
}

// sessions checks what follows a login.
func (c *checker) sessions() {
	const path = "traffic.sessions"
	s, roles := c.s.Traffic.Sessions, c.s.Vocabulary.Roles
	if s == nil || !c.must(roles != Roles{}, path, "remove them", "system %q has no sessions", c.s.Vocabulary.System) {
		return
	}
	steps := c.s.Vocabulary.steps()
	c.must(len(s.Steps) > 0, path+".steps", "list some of "+strings.Join(steps, ", "), "there are no steps")
	for i, name := range s.Steps {
		c.must(slices.Contains(steps, name), fmt.Sprintf("%s.steps[%d]", path, i), c.insteadOf(name, steps), "%q is no step of a session", name)
	}
	c.must(s.Think > 0 && s.Think <= MaxTrial, path+".think", "write a time such as 3s", "%v is no pause", s.Think)
	c.must(s.Logout <= 1, path+".logout", "write at most 100%", "more than everybody cannot log out")
	c.must(s.Jitter < 1, path+".jitter", "write less than 100%", "a token cannot be exchanged before it is there")
	c.must(s.Jitter == 0 || s.TokenLife > 0, path+".jitter", "add token_life, such as token_life: 30s", "there is nothing to spread: the token is never exchanged")
	c.must(s.TokenLife == 0 || s.TokenLife >= shortestLife, path+".token_life", fmt.Sprintf("write at least %v", shortestLife), "%v is no life", s.TokenLife)
	c.crowd()
}

// someSteps is an example of what a session does.
func (v Vocabulary) someSteps() string {
	steps := v.steps()
	if len(steps) == 0 {
		return "[...]"
	}
	return "[" + steps[len(steps)-1] + ", " + steps[0] + ", " + steps[0] + "]"
}

// steps are the operations of which a session's steps may be.
func (v Vocabulary) steps() []string {
	return slices.DeleteFunc(v.operationNames(), func(name string) bool {
		return name == v.Roles.Login || name == v.Roles.Refresh || name == v.Roles.Logout
	})
}

// insteadOf is the remedy for what is no step.
func (c *checker) insteadOf(name string, steps []string) string {
	switch name {
	case c.s.Vocabulary.Roles.Login:
		return "remove it: the session begins with its login"
	case c.s.Vocabulary.Roles.Refresh:
		return "remove it, and write token_life: when the token is exchanged"
	case c.s.Vocabulary.Roles.Logout:
		return "remove it, and write logout: the share of people who do that at the end"
	default:
		return oneOf(name, steps)
	}
}

// crowd checks that sessions begin at all, and that their hits can be sent.
func (c *checker) crowd() {
	const path = "traffic.sessions"
	if !c.sound("rounds", "traffic", "system.name", "phases", "only") || !c.legible("for") {
		return
	}
	p := c.s.plan()
	var logins uint64
	if p.Sessions.login >= 0 {
		logins = p.dealt()[p.Sessions.login]
	}
	if !c.must(logins > 0, path, "give "+c.s.Vocabulary.Roles.Login+" a share of the mix, or remove the sessions", "nobody logs in, so no session begins") {
		return
	}
	// Whoever cannot send the mean cannot send the peak.
	rate := float64(logins) * p.Sessions.most(p.Duration()) / p.Duration().Seconds()
	c.must(rate <= MaxRate, path, "let fewer people log in, or make their sessions shorter",
		"%s/s in the mean are beyond what one generator can pace", trim(math.Round(rate)))
}
