package scenarios

import (
	"container/heap"
	"iter"
	"math/rand/v2"
	"slices"
	"time"
)

// Sessions is what people do after they have logged in: each login of the traffic begins a session, whose hits come on
// top of those of the stages. How many people come, and when, never depends on how fast the system answers them.
type Sessions struct {
	// Steps are the operations done one after the other; the whole list is gone through Repeat times.
	Steps  []string
	Repeat int
	// Think is the mean pause before each step, and before the person leaves. With even arrivals each pause is as long; else
	// half of it is, since nobody acts at once, and the other half is exponential.
	Think time.Duration
	// Logout is the share of people who log out when they leave; the others just go.
	Logout float64
	// TokenLife is how old a token gets before it is exchanged for a new one, as long as the person is there; 0 is for
	// ever. It is this that gives a surge of logins its echo.
	TokenLife time.Duration
	// Jitter spreads the exchanges: each comes earlier by up to this share of TokenLife, all of that equally likely.
	Jitter float64
}

// Roles are the operations that a session is made of besides its steps; the zero value knows no sessions.
type Roles struct {
	// Login begins a session, Refresh exchanges its token, and Logout ends it.
	Login, Refresh, Logout string
}

// PlannedSessions are [Sessions] by the operations of the plan.
type PlannedSessions struct {
	Sessions
	login, refresh, logout int
	steps                  []int
}

// shortestLife of a token: people who do nothing but exchange tokens are no scenario.
const shortestLife = 10 * time.Millisecond

// most is how many hits follow the login of a person who comes when a trial of that length begins, in the mean.
func (s *PlannedSessions) most(trial time.Duration) float64 {
	hits := float64(len(s.steps) * s.Repeat)
	stay := min((hits+1)*s.Think.Seconds(), trial.Seconds())
	hits = min(hits+s.Logout, stay/s.Think.Seconds())
	if s.TokenLife > 0 {
		hits += stay / (s.TokenLife.Seconds() * (1 - s.Jitter/2))
	}
	return hits
}

func (s *Scenario) sessions(ops []Operation) *PlannedSessions {
	roles := s.Vocabulary.Roles
	if s.Traffic.Sessions == nil {
		return nil
	}
	index := func(name string) int {
		return slices.IndexFunc(ops, func(op Operation) bool { return op.Name == name })
	}
	p := &PlannedSessions{
		Sessions: *s.Traffic.Sessions, login: index(roles.Login), refresh: index(roles.Refresh), logout: index(roles.Logout),
	}
	for _, name := range p.Steps {
		p.steps = append(p.steps, index(name))
	}
	return p
}

// does tells whether people in sessions do the operation called name.
func (s *Sessions) does(name string, roles Roles) bool {
	return s != nil && (slices.Contains(s.Steps, name) || name == roles.Refresh && s.TokenLife > 0 || name == roles.Logout && s.Logout > 0)
}

// session is one person's way through the trial, from one hit to the next.
type session struct {
	*PlannedSessions
	random *rand.Rand
	// even makes all pauses equal.
	even bool
	// end is that of the trial, after which nobody is looked at any more.
	end time.Duration
	// next is the hit that comes next, as long as there is one.
	next Hit
	over bool
	// gone tells that the person has left, and cut that the trial ended before.
	gone, cut bool
	// left counts the steps still to come.
	left int
	// step is when the next of them is due or, without one left, when the person leaves.
	step time.Duration
	// renew is when the token is exchanged next.
	renew time.Duration
}

// begin is the session that a login begins; it is over at once if nothing follows before the end of the trial.
func (s *PlannedSessions) begin(login Hit, even bool, end time.Duration, random *rand.Rand) *session {
	person := &session{PlannedSessions: s, random: random, even: even, end: end, left: len(s.steps) * s.Repeat}
	person.next = Hit{N: login.N, Session: true}
	person.step = login.Due + person.pause()
	person.renew = login.Due + person.lifetime()
	person.advance()
	return person
}

// advance finds the next hit.
func (s *session) advance() {
	s.next.Step++
	switch {
	case s.gone:
		s.over = true
	case s.TokenLife > 0 && s.renew < s.step:
		s.next.Due, s.next.Operation = s.renew, s.refresh
		s.renew += s.lifetime()
	case s.left > 0:
		s.next.Due, s.next.Operation = s.step, s.steps[(len(s.steps)*s.Repeat-s.left)%len(s.steps)]
		s.left--
		s.step += s.pause()
	default:
		s.gone = true
		s.next.Due, s.next.Operation = s.step, s.logout
		s.over = s.random.Float64() >= s.Logout
	}
	s.cut = !s.over && s.next.Due >= s.end
	s.over = s.over || s.cut
}

// rest is how much longer a person whom the end of the trial cut off would have stayed, as far as pauses are at their mean.
func (s *session) rest() time.Duration {
	return max(s.next.Due, s.step+time.Duration(s.left)*s.Think) - s.end
}

// Tail is what sessions would still do when a trial ends, and what is neither sent nor measured.
type Tail struct {
	// People are how many of Of have not left by then; the last of them would have stayed for Longest, pauses at their mean.
	People, Of uint64
	Longest    time.Duration
}

// Tail is that of a trial; the zero value where there are no sessions.
func (p *Plan) Tail(trial int) (tail Tail) {
	if p.Sessions == nil {
		return tail
	}
	people := p.random(p.Trials[trial].Round, "sessions")
	for hit := range p.arrivals(trial) {
		if hit.Operation != p.Sessions.login {
			continue
		}
		s := p.join(hit, people)
		for !s.over {
			s.advance()
		}
		tail.Of++
		if s.cut {
			tail.People, tail.Longest = tail.People+1, max(tail.Longest, s.rest())
		}
	}
	return tail
}

func (s *session) pause() time.Duration {
	if s.even {
		return s.Think
	}
	return time.Duration((1 + s.random.ExpFloat64()) / 2 * float64(s.Think))
}

// lifetime is how old the token gets that the person has now.
func (s *session) lifetime() time.Duration {
	return time.Duration(float64(s.TokenLife) * (1 - s.Jitter*s.random.Float64()))
}

// crowd has the sessions under way, the one whose hit comes next on top.
type crowd []*session

func (c crowd) Len() int      { return len(c) }
func (c crowd) Swap(i, j int) { c[i], c[j] = c[j], c[i] }
func (c *crowd) Push(s any)   { *c = append(*c, s.(*session)) }

// Less orders hits of one moment by who came first, so that a seed always gives the same hits.
func (c crowd) Less(i, j int) bool {
	a, b := c[i].next, c[j].next
	return a.Due < b.Due || a.Due == b.Due && a.N < b.N
}

func (c *crowd) Pop() any {
	last := len(*c) - 1
	s := (*c)[last]
	(*c)[last] = nil
	*c = (*c)[:last]
	return s
}

// take returns the hit that comes next, and moves on the session it belongs to.
func (c *crowd) take() Hit {
	s := (*c)[0]
	hit := s.next
	s.advance()
	if hit.Last = s.over; s.over {
		heap.Pop(c)
	} else {
		heap.Fix(c, 0)
	}
	return hit
}

// each visits every hit of a trial with sessions, in no order, which is several times faster than [Plan.Hits] and enough to
// count them.
func (p *Plan) each(trial int, visit func(Hit)) {
	people := p.random(p.Trials[trial].Round, "sessions")
	for hit := range p.arrivals(trial) {
		visit(hit)
		if hit.Operation != p.Sessions.login {
			continue
		}
		stage := hit.Stage
		for s := p.join(hit, people); !s.over; s.advance() {
			for s.next.Due >= p.Stages[stage].End {
				stage++
			}
			next := s.next
			next.Stage = stage
			visit(next)
		}
	}
}

// join is the session that a login begins, with random numbers of its own.
func (p *Plan) join(login Hit, people *rand.Rand) *session {
	one := rand.New(rand.NewPCG(people.Uint64(), people.Uint64()))
	return p.Sessions.begin(login, p.Arrivals == Even, p.Duration(), one)
}

// withSessions puts what follows each login among the arrivals, in memory for the sessions under way. Who does what when
// follows from the seed and the round alone, as the arrivals do.
func (p *Plan) withSessions(trial int) iter.Seq[Hit] {
	return func(yield func(Hit) bool) {
		var there crowd
		var seq uint64
		stage := 0
		emit := func(hit Hit) bool {
			for hit.Due >= p.Stages[stage].End {
				stage++
			}
			hit.Seq, hit.Stage = seq, stage
			seq++
			return yield(hit)
		}
		people := p.random(p.Trials[trial].Round, "sessions")
		for hit := range p.arrivals(trial) {
			for len(there) > 0 && there[0].next.Due < hit.Due {
				if !emit(there.take()) {
					return
				}
			}
			if hit.Operation == p.Sessions.login {
				if s := p.join(hit, people); !s.over {
					hit.Session = true
					heap.Push(&there, s)
				}
			}
			if !emit(hit) {
				return
			}
		}
		for len(there) > 0 && emit(there.take()) {
		}
	}
}
