package web

import (
	"bytes"
	"image"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const drawing = `<?xml version="1.0" encoding="UTF-8"?><svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 120 40"><style>.a{fill:#0b5cad}</style><defs><linearGradient id="g"><stop offset="0"/></linearGradient></defs><rect class="a" width="120" height="40"/><circle cx="20" cy="20" r="9" fill="url(#g)"/></svg>`

func pictures(t *testing.T) map[string][]byte {
	t.Helper()
	var p, j bytes.Buffer
	if err := png.Encode(&p, image.NewGray(image.Rect(0, 0, 3, 2))); err != nil {
		t.Fatal(err)
	}
	if err := jpeg.Encode(&j, image.NewGray(image.Rect(0, 0, 3, 2)), nil); err != nil {
		t.Fatal(err)
	}
	return map[string][]byte{"image/png": p.Bytes(), "image/jpeg": j.Bytes(), "image/webp": []byte("RIFF\x1a\x00\x00\x00WEBPVP8L\x0d\x00\x00\x00"), "image/svg+xml": []byte(drawing)}
}

func TestReadLogo(t *testing.T) {
	t.Parallel()
	for kind, body := range pictures(t) {
		path := filepath.Join(t.TempDir(), "logo")
		if err := os.WriteFile(path, body, 0o600); err != nil {
			t.Fatal(err)
		}
		if logo, err := ReadLogo(path); err != nil || logo.kind != kind || !bytes.Equal(logo.body, body) {
			t.Errorf("%s: %v", kind, err)
		}
	}
	if _, err := ReadLogo(filepath.Join(t.TempDir(), "none.png")); err == nil || !strings.Contains(err.Error(), "none.png") {
		t.Errorf("a file that is not there: %v", err)
	}
}

func TestLogosThatAreRefused(t *testing.T) {
	t.Parallel()
	svg := func(inside string) []byte {
		return []byte(`<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">` + inside + `</svg>`)
	}
	var large bytes.Buffer
	if err := png.Encode(&large, image.NewGray(image.Rect(0, 0, 5000, 1))); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		body []byte
		want string
	}{
		"too many bytes":      {bytes.Repeat([]byte("x"), logoLimit+1), "256 KiB"},
		"too many pixels":     {large.Bytes(), "5000 by 1 pixels"},
		"text":                {[]byte("hello"), "want a PNG"},
		"nothing":             {nil, "want a PNG"},
		"page":                {[]byte("<html><svg></svg></html>"), "want a PNG"},
		"gif":                 {[]byte("GIF89a\x01\x00\x01\x00"), "want a PNG"},
		"broken png":          {pictures(t)["image/png"][:20], "damaged"},
		"script":              {svg(`<script>alert(1)</script>`), "<script>"},
		"handler":             {svg(`<rect onclick="alert(1)"/>`), "onclick"},
		"handler in capitals": {svg(`<rect OnLoad="alert(1)"/>`), "OnLoad"},
		"foreign object":      {svg(`<foreignObject/>`), "<foreignObject>"},
		"link":                {svg(`<a href="javascript:alert(1)"><rect/></a>`), "<a>"},
		"picture elsewhere":   {svg(`<image xlink:href="https://spy.example/x.png"/>`), "spy.example"},
		"document inside":     {svg(`<use href="data:image/svg+xml;base64,AAAA"/>`), "put the picture into the file"},
		"style elsewhere":     {svg(`<rect style="fill:url( 'https://spy.example/#a')"/>`), "spy.example"},
		"fill elsewhere":      {svg(`<rect fill="url(//spy.example/#a)"/>`), "spy.example"},
		"import":              {svg(`<style>@import "https://spy.example/x.css";</style>`), "style loads"},
		"escaped import":      {svg(`<style>@\69mport "https://spy.example/x.css";</style>`), "style loads"},
		"image set":           {svg(`<rect style="mask:image-set('https://spy.example/a' 1x)"/>`), "style loads"},
		"entity":              {[]byte(`<!DOCTYPE svg [<!ENTITY x "y">]><svg xmlns="http://www.w3.org/2000/svg"/>`), "entities"},
		"style sheet":         {[]byte(`<?xml-stylesheet href="https://spy.example/x.css"?><svg xmlns="http://www.w3.org/2000/svg"/>`), "xml-stylesheet"},
		"animation":           {svg(`<rect><set attributeName="href" to="x"/></rect>`), "<set>"},
		"not closed":          {[]byte(`<svg xmlns="http://www.w3.org/2000/svg"><rect>`), "cannot be read"},
	} {
		if _, err := parseLogo(c.body); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s gives %v, want %q", name, err, c.want)
		}
	}
}
