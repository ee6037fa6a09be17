package plot

import "io"

// Timeline is the picture of a whole run: the rates of primary and replica, and what was offered, over the bands of the
// states.
type Timeline struct {
	// Title is the finding, Subtitle what it was found on.
	Title, Subtitle string
	// Bands and Marks are on the axis of seconds elapsed. Bands carry names; marks are the stretches the finding
	// speaks of, and MarkName says what they are.
	Bands    []Band
	Marks    []Span
	MarkName string
	// Primary and Replica are rates per second, in pieces: what was not measured is a gap.
	Primary, Replica []Piece
	// Offered is the rate of requests that were due, a piece for each band; it is drawn as a dashed line.
	Offered []Piece
	// PrimaryName, ReplicaName and OfferedName stand beside the lines.
	PrimaryName, ReplicaName, OfferedName string
	Size                                  Size
	// Fonts are those of the system if nil.
	Fonts *Fonts
}

// Write draws the picture. Where neither server was read, what was offered says nothing about them.
func (t Timeline) Write(w io.Writer, format Format) error {
	l := Lines{Title: t.Title, Subtitle: t.Subtitle, Unit: "per second", Bands: t.Bands, Highlights: t.Marks,
		HighlightName: t.MarkName, Size: t.Size, Fonts: t.Fonts}
	if len(t.Primary)+len(t.Replica) > 0 {
		l.Series = []Series{{t.ReplicaName, Replica, false, t.Replica}, {t.PrimaryName, Primary, false, t.Primary},
			{t.OfferedName, Ink, true, t.Offered}}
	}
	return l.Write(w, format)
}
