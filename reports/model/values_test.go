package model

import "testing"

func TestVerdictsTogether(t *testing.T) {
	var zero Verdict
	if zero != Inconclusive {
		t.Error("a forgotten verdict is not inconclusive")
	}
	for _, c := range []struct{ a, b, want Verdict }{
		{Pass, Pass, Pass}, {Pass, Inconclusive, Inconclusive}, {Inconclusive, Fail, Fail}, {Pass, Fail, Fail},
		{Inconclusive, Inconclusive, Inconclusive},
	} {
		if c.a.And(c.b) != c.want || c.b.And(c.a) != c.want {
			t.Errorf("%v and %v: got %v and %v, want %v", c.a, c.b, c.a.And(c.b), c.b.And(c.a), c.want)
		}
	}
	var v Verdict
	if err := v.UnmarshalText([]byte("passed")); err == nil {
		t.Error("an unknown verdict was read")
	}
}
