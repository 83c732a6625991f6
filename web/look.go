package web

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
)

// Look is how a partner's pages look. Its name is payment.Partner's.
type Look struct {
	Accent Accent // of the buttons. Default: blue
	Logo   *Logo  // stands beside the name. Default: the name's first letter
}

// dress is what a partner's pages differ in from those of others.
type dress struct {
	style, logo string // addresses; no logo is ""
	language    string // "": the reader's
}

// asset is a file that pages name. Its name changes with its content, so it may be kept for
// ever.
type asset struct {
	kind string
	body []byte
}

// drawingSecurity is for who opens an SVG by itself: it is a document then. Its own styles are
// what it is drawn with.
const drawingSecurity = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox; frame-ancestors 'none'"

// wardrobe holds how the pages of each partner look; 0 is the default.
type wardrobe struct {
	dresses map[int64]dress
	assets  map[string]asset // by file name
}

// newWardrobe asks for the look and the language of each partner once.
func newWardrobe(c Config, l *languages) (*wardrobe, error) {
	style, err := files.ReadFile("assets/style.css")
	if err != nil {
		return nil, err
	}
	w := &wardrobe{dresses: map[int64]dress{}, assets: map[string]asset{}}
	partners := []int64{0}
	for id := range c.Generation.Partners {
		partners = append(partners, id)
	}
	for _, id := range partners {
		look, d := c.Look(id), dress{language: c.Language(id)}
		if err := l.check(d.language); err != nil {
			return nil, err
		}
		sheet := append(style[:len(style):len(style)], look.Accent.sheet()...)
		d.style = w.keep("style", ".css", asset{"text/css; charset=utf-8", sheet})
		if look.Logo != nil {
			d.logo = w.keep("logo", logoEnds[look.Logo.kind], asset{look.Logo.kind, look.Logo.body})
		}
		w.dresses[id] = d
	}
	return w, nil
}

var logoEnds = map[string]string{"image/png": ".png", "image/jpeg": ".jpg", "image/webp": ".webp", svgKind: ".svg"}

// keep makes an asset known, and returns its address.
func (w *wardrobe) keep(name, end string, a asset) string {
	sum := sha256.Sum256(a.body)
	file := name + "." + hex.EncodeToString(sum[:6]) + end
	w.assets[file] = a
	return Prefix + "/assets/" + file
}

// of is how a partner's pages look.
func (w *wardrobe) of(partner int64) dress {
	if d, ok := w.dresses[partner]; ok {
		return d
	}
	return w.dresses[0]
}

// asset serves a style sheet or a logo.
func (h *Handler) asset(w http.ResponseWriter, r *http.Request) {
	a, ok := h.wardrobe.assets[r.PathValue("file")]
	if !ok {
		h.show(w, r, page{Status: http.StatusNotFound, Key: "no_page"})
		return
	}
	header := w.Header()
	header.Set("Content-Type", a.kind)
	header.Set("Content-Length", strconv.Itoa(len(a.body)))
	header.Set("Cache-Control", "public, max-age=31536000, immutable")
	if a.kind == svgKind {
		header.Set("Content-Security-Policy", drawingSecurity)
	}
	if r.Method != http.MethodHead {
		_, _ = w.Write(a.body) // a browser may have left
	}
}
