package plot

import (
	"image/png"
	"os"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/plot/font"
)

// nanum is where Debian's fonts-nanum lie, which .ci/setup installs.
const nanum = "/usr/share/fonts/truetype/nanum"

// hangul are fonts that have it.
func hangul(t testing.TB) *Fonts {
	t.Helper()
	if _, err := os.Stat(nanum); err != nil {
		t.Skipf("no Korean font is installed: %v; apt-get install fonts-nanum", err)
	}
	return &Fonts{Dirs: []string{nanum}}
}

// bare is a machine without a font.
func bare(t testing.TB) *Fonts { return &Fonts{Dirs: []string{t.TempDir()}} }

const mixed = "before 캐시 → after"

func TestMissing(t *testing.T) {
	if got := string(bare(t).Missing("캐시 캐 → µ é Ж peak ~ −\u200b")); got != "캐시" {
		t.Errorf("got %q, want each letter that the built-in font does not have, once", got)
	}
	if got := (&Fonts{Dirs: []string{"/nowhere"}}).Missing("캐"); len(got) != 1 {
		t.Errorf("got %q, want what was not looked for to be missing", got)
	}
	if got := hangul(t).Missing(mixed + " 뷁"); len(got) != 0 {
		t.Errorf("got %q, want nothing missing beside a Korean font", got)
	}
}

// A machine that has the font draws it wherever it is installed.
func TestSystemFonts(t *testing.T) {
	hangul(t)
	if got := Missing(mixed); len(got) != 0 {
		t.Errorf("got %q, want nothing missing where fonts-nanum is installed", got)
	}
}

// The line is cut where the font changes and nowhere else, and no letter is lost.
func TestPieces(t *testing.T) {
	own := font.DefaultCache.Lookup(letters(labelSize, ink(), false).Font, labelSize)
	list := hangul(t).pieces(own, mixed)
	var got []string
	for _, p := range list {
		got = append(got, p.letters)
	}
	if want := []string{"before ", "캐시", " → after"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if boxes := bare(t).pieces(own, mixed); len(boxes) != 1 || boxes[0].letters != "before □□ → after" {
		t.Errorf("got %+v, want boxes", boxes)
	}
}

// In bold the same letters come from a bold font, where there is one.
func TestBoldHangul(t *testing.T) {
	fonts := hangul(t)
	if regular, bold := fonts.font('캐', false), fonts.font('캐', true); regular == nil || bold == nil || regular == bold {
		t.Errorf("got %p and %p, want two fonts", regular, bold)
	}
}

// named is a picture with a name where users put theirs.
func named(name string, fonts *Fonts) []picture {
	bars, timeline, lines, d, traffic := example(), exampleTimeline(), exampleLines(), exampleDistribution(), exampleTraffic()
	bars.Panels[0].Pairs[0].Name, bars.Title, bars.Fonts = name, name, fonts
	timeline.Bands[0].Name, timeline.Fonts = name, fonts
	lines.Series[0].Name, lines.Marks[0].Name, lines.Bands[1].Name, lines.Fonts = name, name, name, fonts
	d.Curves[0].Name, d.Fonts = name, fonts
	traffic.Stages[2].Name, traffic.Layers[0].Name, traffic.Fonts = name, name, fonts
	return []picture{bars, timeline, lines, d, traffic}
}

// Text of users is text: whole in an SVG, in one piece, and with families that have it.
func TestNamesInSVG(t *testing.T) {
	const name = "<script>캐시</script>"
	for _, p := range named(name, bare(t)) {
		svg := drawn(t, p, SVG)
		if !slices.Contains(words(t, svg), name) || strings.Contains(svg, "<script") || !strings.Contains(svg, "'Noto Sans KR'") {
			t.Errorf("%T: %q is not there as text, or no family for it", p, name)
		}
	}
}

// A PNG shows the letters where a font has them, and boxes where none has: something else than a picture without them.
func TestNamesInPNG(t *testing.T) {
	fonts := hangul(t)
	seen := named("캐시", fonts)
	boxes, plain, blank := named("캐시", bare(t)), named("□□", fonts), named("  ", fonts)
	for i := range seen {
		shown, boxed, none := drawn(t, seen[i], PNG), drawn(t, boxes[i], PNG), drawn(t, blank[i], PNG)
		if shown == boxed || shown == none || boxed == none {
			t.Errorf("%T: letters, boxes and nothing look alike", seen[i])
		}
		if drawn(t, plain[i], PNG) == none {
			t.Errorf("%T: a box is not seen", seen[i])
		}
	}
}

// What is written in Hangul has ink of its own where it stands.
func TestHangulHasInk(t *testing.T) {
	dark := func(name string, fonts *Fonts) (n int) {
		bars := Bars{Title: name, Fonts: fonts}
		picture, err := png.Decode(strings.NewReader(drawn(t, bars, PNG)))
		if err != nil {
			t.Fatal(err)
		}
		for y := range 140 {
			for x := range picture.Bounds().Dx() {
				if r, _, _, _ := picture.At(x, y).RGBA(); r < 0x8000 {
					n++
				}
			}
		}
		return n
	}
	without, with := dark("", hangul(t)), dark("캐시 캐시 캐시", hangul(t))
	if with < without+1000 {
		t.Errorf("got %d dark dots with the title and %d without", with, without)
	}
}
