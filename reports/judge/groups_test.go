package judge

import "testing"

func TestLetters(t *testing.T) {
	for i, want := range map[int]string{0: "A", 25: "Z", 26: "AA", 51: "AZ", 52: "BA", 702: "AAA"} {
		if got := letter(i); got != want {
			t.Errorf("%d: got %s, want %s", i, got, want)
		}
	}
}
