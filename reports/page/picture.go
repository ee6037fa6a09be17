package page

import (
	"encoding/xml"
	"errors"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"
)

// picture takes an SVG apart and puts it together again from what pictures are made of: shapes and letters, nothing that
// runs or loads. Colours become classes, which the style turns into those of the day or of the night. Sizes are left to
// the page.
func picture(svg []byte) (template.HTML, error) {
	if len(svg) == 0 {
		return "", nil
	}
	c := cleaner{decoder: xml.NewDecoder(strings.NewReader(string(svg)))}
	for {
		token, err := c.decoder.Token()
		switch {
		case errors.Is(err, io.EOF):
			// Every text and value in it was escaped as it was written.
			return template.HTML(c.out.String()), nil
		case err != nil:
			return "", fmt.Errorf("read picture: %w", err)
		}
		if err := c.write(token); err != nil {
			return "", err
		}
	}
}

// cleaner writes a picture anew.
type cleaner struct {
	decoder *xml.Decoder
	out     strings.Builder
}

func (c *cleaner) write(token xml.Token) error {
	switch token := token.(type) {
	case xml.StartElement:
		return c.open(token)
	case xml.EndElement:
		fmt.Fprintf(&c.out, "</%s>", token.Name.Local)
	case xml.CharData:
		// Blanks between the shapes are most of a picture's lines.
		if text := string(token); strings.TrimSpace(text) != "" {
			c.out.WriteString(template.HTMLEscapeString(text))
		}
	}
	return nil
}

func (c *cleaner) open(element xml.StartElement) error {
	name := element.Name.Local
	switch {
	case name == "title" || name == "desc" || name == "metadata":
		// The page names its pictures itself.
		return c.decoder.Skip()
	case !slices.Contains(elements(), name):
		return fmt.Errorf("the picture has an element <%s>, which is neither a shape nor letters", name)
	}
	c.out.WriteString("<" + name)
	if name == "svg" {
		c.attribute("aria-hidden", "true")
	}
	c.attributes(element)
	c.out.WriteString(">")
	return nil
}

// attributes writes those that are known; colours and all that the style decides come as classes.
func (c *cleaner) attributes(element xml.StartElement) {
	var classes []string
	for _, a := range element.Attr {
		properties := [][2]string{{a.Name.Local, a.Value}}
		if a.Name.Local == "style" {
			properties = declarations(a.Value)
		}
		for _, p := range properties {
			if class := c.property(element.Name.Local, a.Name.Space, p[0], p[1]); class != "" {
				classes = append(classes, class)
			}
		}
	}
	if len(classes) > 0 {
		c.attribute("class", strings.Join(classes, " "))
	}
}

// property writes a property as an attribute, or returns the class that stands for it. What is not known is left out.
func (c *cleaner) property(element, space, name, value string) (class string) {
	role, coloured := role(value)
	switch {
	case space != "":
	case coloured && (name == "fill" || name == "stroke"):
		return name + "-" + role
	case strings.Contains(value, "(") && name != "transform":
		// What calls something, such as url, is no colour and no number.
	case name == "class" && !strings.ContainsFunc(value, outsideOfNames):
		return value
	case slices.Contains(painting(), name), element == "svg" && name == "viewBox", element != "svg" && slices.Contains(placing(), name):
		c.attribute(name, value)
	}
	return ""
}

func (c *cleaner) attribute(name, value string) {
	fmt.Fprintf(&c.out, ` %s="%s"`, name, template.HTMLEscapeString(value))
}

// declarations splits the value of a style.
func declarations(style string) (list [][2]string) {
	for declaration := range strings.SplitSeq(style, ";") {
		if name, value, found := strings.Cut(declaration, ":"); found {
			list = append(list, [2]string{strings.TrimSpace(name), strings.TrimSpace(value)})
		}
	}
	return list
}

// elements are what pictures are made of.
func elements() []string {
	return []string{"svg", "g", "path", "text", "tspan", "rect", "circle", "ellipse", "line", "polyline", "polygon"}
}

// placing are attributes that say where a shape is.
func placing() []string {
	return []string{"d", "x", "y", "dx", "dy", "x1", "y1", "x2", "y2", "cx", "cy", "r", "rx", "ry", "width", "height", "points",
		"transform"}
}

// painting are attributes that say how a shape looks. Fonts are the page's.
func painting() []string {
	return []string{"fill", "stroke", "fill-opacity", "stroke-opacity", "opacity", "stroke-width", "stroke-dasharray",
		"stroke-dashoffset", "stroke-linejoin", "stroke-linecap", "font-size", "font-weight", "font-style", "text-anchor"}
}

// role is the name of a colour that the style decides, as in var(--plot-ink,#222222).
func role(value string) (string, bool) {
	named, ok := strings.CutPrefix(value, "var(--plot-")
	name, _, ok2 := strings.Cut(named, ",")
	return name, ok && ok2 && !strings.ContainsFunc(name, outsideOfNames)
}

// outsideOfNames tells of a letter that is in no name of a class.
func outsideOfNames(r rune) bool {
	return !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' || r == ' ')
}
