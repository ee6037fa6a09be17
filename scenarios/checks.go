package scenarios

// MostChecks is how many checks a system may have: each answer has a bit for each.
const MostChecks = 32

// Check is something that every answer of a system must be.
type Check struct {
	// Name is that of the metric which counts the answers that broke it, such as wrong_answers, and Chances that of the count of
	// answers which could have.
	Name, Chances string
	// Says what the metric is, in a sentence.
	Says string
	// Promise is what holds where it is kept: answers name the right user.
	Promise string
	// Broken is said of answers that broke it, behind their number: answers named the wrong user. Short says it in a list, and
	// Title above a column.
	Broken, Short, Title string
	// Tested is what the answers are called that could have broken it: answers that name a user.
	Tested string
	// Untested says what is not known where none was, although the system acknowledged something; empty says nothing.
	Untested string
	// Counted tells that answers which break it are counted for budgets, and fail no run by themselves.
	Counted bool
}

// Acknowledged says how a system speaks of what it acknowledges, and is held to later in the run. The zero value acknowledges
// nothing.
type Acknowledged struct {
	// Says what the metric rechecked counts, in a sentence.
	Says string
	// Called is what the system acknowledges, and None what is said where there was nothing.
	Called, None string
}

// Application is who acts for the hits, among all that count what they do.
type Application struct {
	// Roles are those of the database whose statements are caused by hits.
	Roles []string
	// Services count what they do themselves; Entrance is the one among them that takes the requests.
	Services []string
	Entrance string
}

// Alias is another name of a metric of one operation.
type Alias struct {
	Name, Metric, Operation string
	// Says what it is, in a sentence.
	Says string
}
