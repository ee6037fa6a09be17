package record

import (
	"bytes"
	"encoding/json"
	"strconv"
)

// Count is how many answers there were of a kind, by the name of the kind.
type Count struct {
	Name string
	N    uint64
}

// Counts are numbers of answers by name, each name once; what is not there is zero. In JSON they are members of the object
// that has them, those that are zero left out: so any member that is a whole number, and nothing else that is known, is one.
type Counts []Count

// Of is the number called name.
func (c Counts) Of(name string) uint64 {
	for i := range c {
		if c[i].Name == name {
			return c[i].N
		}
	}
	return 0
}

// Set gives the number called name.
func (c *Counts) Set(name string, n uint64) {
	for i := range *c {
		if (*c)[i].Name == name {
			(*c)[i].N = n
			return
		}
	}
	*c = append(*c, Count{name, n})
}

// Add adds other numbers.
func (c *Counts) Add(other Counts) {
	for _, one := range other {
		if one.N > 0 {
			c.Set(one.Name, c.Of(one.Name)+one.N)
		}
	}
}

// plain and plainAPI are windows without their methods, as JSON knows them by itself.
type plain Window

type plainAPI struct {
	API string `json:"api"`
	plain
}

// MarshalJSON implements [json.Marshaler].
func (w Window) MarshalJSON() ([]byte, error) { return w.Counts.join(json.Marshal(plain(w))) }

// UnmarshalJSON implements [json.Unmarshaler].
func (w *Window) UnmarshalJSON(text []byte) error {
	if err := json.Unmarshal(text, (*plain)(w)); err != nil {
		return err
	}
	w.Counts.collect(text)
	return nil
}

// MarshalJSON implements [json.Marshaler].
func (w APIWindow) MarshalJSON() ([]byte, error) {
	return w.Counts.join(json.Marshal(plainAPI{w.API, plain(w.Window)}))
}

// UnmarshalJSON implements [json.Unmarshaler].
func (w *APIWindow) UnmarshalJSON(text []byte) error {
	var read plainAPI
	if err := json.Unmarshal(text, &read); err != nil {
		return err
	}
	w.API, w.Window = read.API, Window(read.plain)
	w.Counts.collect(text)
	return nil
}

// join adds the numbers to an object, which has members of its own.
func (c Counts) join(object []byte, err error) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	object = bytes.TrimSuffix(object, []byte("}"))
	for _, one := range c {
		if one.N == 0 {
			continue
		}
		name, err := json.Marshal(one.Name)
		if err != nil {
			return nil, err
		}
		object = append(append(append(object, ','), name...), ':')
		object = strconv.AppendUint(object, one.N, 10)
	}
	return append(object, '}'), nil
}

// collect takes the numbers out of an object, which is sound: a second look, and several times as fast as one that decodes
// what it passes.
func (c *Counts) collect(object []byte) {
	*c = nil
	depth := 0
	for i := 0; i < len(object); i++ {
		switch object[i] {
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		case '"':
			name := quoted(object[i:])
			i += len(name) - 1
			n, is := member(object[i+1:])
			if name = name[1 : len(name)-1]; depth == 1 && is && !ownMember(name) && !bytes.ContainsRune(name, '\\') {
				c.Set(string(name), n)
			}
		}
	}
}

// quoted is the text that begins with a quote, up to the one that ends it.
func quoted(text []byte) []byte {
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return text[:i+1]
		}
	}
	return text
}

// member is the whole number that follows the name of a member, if one does.
func member(text []byte) (n uint64, is bool) {
	text = bytes.TrimLeft(text, " \t\r\n")
	if len(text) == 0 || text[0] != ':' {
		return 0, false
	}
	text = bytes.TrimLeft(text[1:], " \t\r\n")
	digits := 0
	for digits < len(text) && text[digits] >= '0' && text[digits] <= '9' {
		digits++
	}
	if digits == 0 || digits < len(text) && bytes.IndexByte([]byte(".eE"), text[digits]) >= 0 {
		return 0, false
	}
	n, err := strconv.ParseUint(string(text[:digits]), 10, 64)
	return n, err == nil
}

// ownMember tells whether a member of a window is known to all.
func ownMember(name []byte) bool {
	switch string(name) {
	case "api", "trial", "stage", "op", "second", "offered", "sent", "missed", "completed", "failed", "errors", "failed_seconds",
		"reconnected", "resent", "rechecked", "acknowledged", "first_rechecks", "response", "service", "lag":
		return true
	}
	return false
}

// check finds what is out of bounds, and holds each name once, however often it is read.
func (c Counts) check(f *frame, p *problems) {
	p.amount("counts", len(c), mostNames)
	for _, one := range c {
		p.name("count", one.Name)
		p.count("count "+printable(one.Name), one.N)
	}
	if len(p.found) > 0 {
		return
	}
	for i := range c {
		c[i].Name = f.once(c[i].Name)
	}
}

// Check is something that every answer of the system has to be, as the system declares it: so a record is judged and shown
// without the system.
type Check struct {
	// Name is the count of the answers that broke it, Chances that of those which could have.
	Name    string `json:"name"`
	Chances string `json:"chances"`
	// Says what the metric of that name is, in a sentence.
	Says string `json:"says"`
	// Promise is what holds where it is kept.
	Promise string `json:"promise"`
	// Broken is said of answers that broke it, behind their number; Short says it in a list, and Title above a column.
	Broken string `json:"broken"`
	Short  string `json:"short"`
	Title  string `json:"title"`
	// Tested is what the answers are called that could have broken it.
	Tested string `json:"tested"`
	// Untested says what is not known where none was, although the system acknowledged something; empty says nothing.
	Untested string `json:"untested,omitempty"`
	// Counted tells that answers which break it fail no run by themselves.
	Counted bool `json:"counted,omitempty"`
}

// Alias is another name of a metric of one operation, as the system declares it.
type Alias struct {
	Name      string `json:"name"`
	Metric    string `json:"metric"`
	Operation string `json:"operation"`
	// Says what it is, in a sentence.
	Says string `json:"says"`
}

// Acknowledged says how the system speaks of what it acknowledges and is held to later. The zero value acknowledges nothing.
type Acknowledged struct {
	// Says what rechecked counts, in a sentence.
	Says string `json:"says,omitempty"`
	// Called is what the system acknowledges, and None what is said where there was nothing.
	Called string `json:"called,omitempty"`
	None   string `json:"none,omitempty"`
}

// Application is who acts for the hits, among all that count what they do.
type Application struct {
	// Roles are those of the database whose statements are caused by hits.
	Roles []string `json:"roles,omitempty"`
	// Services are the sources of what services count themselves, and Entrance the one of them that takes the requests.
	Services []string `json:"services,omitempty"`
	Entrance string   `json:"entrance,omitempty"`
}
