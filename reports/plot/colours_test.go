package plot

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// Green and red are the verdict's: neither side of a comparison has them, in pictures and on pages by day and by night, and
// the two are told apart by how light they are.
func TestSidesOfAComparisonAreNoVerdict(t *testing.T) {
	style, err := os.ReadFile(filepath.Join("..", "page", "assets", "style.css"))
	if err != nil {
		t.Fatal(err)
	}
	for _, role := range []string{"before", "after"} {
		shades := []string{Palette()[role]}
		for _, found := range regexp.MustCompile("--"+role+": (#[0-9a-f]{6})").FindAllStringSubmatch(string(style), -1) {
			shades = append(shades, found[1])
		}
		if len(shades) != 4 {
			t.Errorf("%s: got %q, want one for pictures and three for pages", role, shades)
		}
		for _, shade := range shades {
			var r, g, b int
			if _, err := fmt.Sscanf(shade, "#%02x%02x%02x", &r, &g, &b); err != nil {
				t.Fatalf("%s: %v", shade, err)
			}
			if g > max(r, b)+16 || r > max(g, b)+16 {
				t.Errorf("%s is %s, which reads as a verdict", role, shade)
			}
		}
	}
}
