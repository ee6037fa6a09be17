package target_test

import (
	"fmt"

	"github.com/rehearse-dev/rehearse/fixtures/echo"
	"github.com/rehearse-dev/rehearse/harness/target"
	"github.com/rehearse-dev/rehearse/scenarios"
)

// What a scenario asks of a system is known before anything is booted.
func Example() {
	var system target.Target = echo.Target{}
	described := system.Describe()
	text := "version: 1\nname: noon\nsystem: {name: echo, data: {messages: 500}}\ntraffic: {stages: [{name: peak, hold: 100/s, for: 10s}]}\n"
	s, err := scenarios.Parse("noon.yaml", []byte(text), described.Vocabulary)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("rows to seed:", system.Data(s).Rows)
	plan := s.Plan()
	costed, _ := system.(target.Costed)
	for _, state := range described.States() {
		of := target.Expected(costed, s, plan, state, plan.Count(0), plan.Duration())
		fmt.Printf("%s: %v statements on the primary. %s\n", state, of, described.Sentences[state])
	}
	// Output:
	// rows to seed: 500
	// baseline: 1000 statements on the primary. The service reads and writes the primary.
	// replica: 100 statements on the primary. The service reads the replica and writes the primary.
}
