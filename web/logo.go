package web

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"image"
	_ "image/jpeg" // to look at a logo's size
	_ "image/png"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
)

// Logo is a picture of the provider's, as it is served to browsers.
type Logo struct {
	kind string // media type
	body []byte
}

const (
	logoLimit = 256 << 10 // bytes
	logoSide  = 4096      // pixels: a small file can unpack to a huge picture
	svgKind   = "image/svg+xml"
)

// ReadLogo reads a picture of at most 256 KiB: PNG, JPEG, WebP, or SVG that draws all by
// itself. What it is, is told by its content, not by its name.
func ReadLogo(path string) (*Logo, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read the logo: %w", err)
	}
	defer func() { _ = file.Close() }()
	body, err := io.ReadAll(io.LimitReader(file, logoLimit+1))
	if err != nil {
		return nil, fmt.Errorf("read the logo: %w", err)
	}
	logo, err := parseLogo(body)
	if err != nil {
		return nil, fmt.Errorf("logo %s: %w", path, err)
	}
	return logo, nil
}

func parseLogo(body []byte) (*Logo, error) {
	if len(body) > logoLimit {
		return nil, errors.New("it has more than 256 KiB: make the picture smaller; it is shown 40 pixels high")
	}
	switch kind := http.DetectContentType(body); kind {
	case "image/png", "image/jpeg":
		c, _, err := image.DecodeConfig(bytes.NewReader(body))
		if err != nil {
			return nil, fmt.Errorf("the picture is damaged: %w", err)
		}
		if c.Width > logoSide || c.Height > logoSide {
			return nil, fmt.Errorf("it has %d by %d pixels, want at most %d each way", c.Width, c.Height, logoSide)
		}
		return &Logo{kind, body}, nil
	case "image/webp":
		return &Logo{kind, body}, nil
	}
	if err := checkSVG(body); err != nil {
		return nil, err
	}
	return &Logo{svgKind, body}, nil
}

// errNoPicture is for what is no picture at all.
var errNoPicture = errors.New("want a PNG, JPEG, WebP or SVG picture")

// checkSVG refuses what could run, or load something from elsewhere.
func checkSVG(body []byte) error {
	d := xml.NewDecoder(bytes.NewReader(body))
	d.CharsetReader = func(string, io.Reader) (io.Reader, error) { return nil, errors.New("want UTF-8") }
	rooted, styled := false, false
	for {
		token, err := d.Token()
		switch {
		case errors.Is(err, io.EOF) && rooted:
			return nil
		case err != nil && !rooted:
			return errNoPicture
		case err != nil:
			return fmt.Errorf("the SVG cannot be read: %w", err)
		}
		switch t := token.(type) {
		case xml.StartElement:
			if !rooted && t.Name.Local != "svg" {
				return errNoPicture
			}
			rooted, styled = true, t.Name.Local == "style"
			err = checkElement(t)
		case xml.EndElement:
			styled = false
		case xml.CharData:
			if styled {
				err = checkStyle(string(t))
			}
		case xml.ProcInst:
			if t.Target != "xml" {
				err = fmt.Errorf("the SVG has a <?%s?>: take it out", t.Target)
			}
		case xml.Directive:
			if bytes.Contains(t, []byte("ENTITY")) {
				err = errors.New("the SVG declares entities: save it as plain SVG")
			}
		}
		if err != nil {
			return err
		}
	}
}

// drawnElsewhere are elements that run, or bring another document.
var drawnElsewhere = map[string]bool{
	"script": true, "foreignobject": true, "iframe": true, "object": true, "embed": true, "handler": true,
	"audio": true, "video": true, "set": true, "animate": true, "a": true,
}

func checkElement(e xml.StartElement) error {
	if drawnElsewhere[strings.ToLower(e.Name.Local)] {
		return fmt.Errorf("the SVG has a <%s>: save it as plain SVG, without scripts and links", e.Name.Local)
	}
	for _, a := range e.Attr {
		name := strings.ToLower(a.Name.Local)
		value := strings.TrimSpace(a.Value)
		switch {
		case strings.HasPrefix(name, "on"):
			return fmt.Errorf("the SVG has a script (%s): save it as plain SVG", a.Name.Local)
		case (name == "href" || name == "src") && !isInside(value):
			return fmt.Errorf("the SVG loads %q: put the picture into the file", shortened(value))
		}
		if err := checkStyle(value); err != nil {
			return err
		}
	}
	return nil
}

// isInside tells that a reference does not leave the file.
func isInside(reference string) bool {
	for _, begin := range []string{"#", "data:image/png;", "data:image/jpeg;", "data:image/webp;"} {
		if strings.HasPrefix(reference, begin) {
			return true
		}
	}
	return false
}

var styleURL = regexp.MustCompile(`(?i)url\(\s*["']?([^)"']*)`)

func checkStyle(text string) error {
	// A backslash writes a letter in another way, and a comment splits a word.
	if low := strings.ToLower(text); strings.Contains(low, "@import") || strings.Contains(low, "image-set") || strings.Contains(low, `\`) || strings.Contains(low, "/*") && strings.Contains(low, "url") {
		return errors.New("the SVG's style loads, or may load, something: save it as plain SVG")
	}
	for _, m := range styleURL.FindAllStringSubmatch(text, -1) {
		if !isInside(strings.TrimSpace(m[1])) {
			return fmt.Errorf("the SVG loads %q: put the picture into the file", shortened(m[1]))
		}
	}
	return nil
}

func shortened(text string) string {
	if runes := []rune(text); len(runes) > 60 {
		return string(runes[:60]) + "…"
	}
	return text
}
