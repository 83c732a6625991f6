package windcavetest

import (
	"bytes"
	"encoding/binary"
	"net/http"
	"strings"
	"unicode/utf16"
)

// replace answers with something that is not the host's XML.
func replace(w http.ResponseWriter, f Fault) {
	w.Header().Set("Server", "DPS_PX_SERVER")
	w.Header().Set("Content-Type", mimeHTML)
	switch f.Kind {
	case HTTPStatus:
		status := f.count(http.StatusServiceUnavailable)
		if status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable {
			w.Header().Set("Retry-After", "1")
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte("<html><body><h1>" + http.StatusText(status) + "</h1></body></html>"))
	case HTML:
		_, _ = w.Write([]byte("<!DOCTYPE html><html><head><title>Maintenance</title></head><body><p>We will be back<br>soon & well</body></html>"))
	default:
		w.Header().Set("Content-Length", "0")
		w.WriteHeader(http.StatusOK)
	}
}

// damage spoils an XML answer as ordered and says whether it did.
func (c *call) damage(h http.Header, body []byte) ([]byte, bool) {
	damaged := false
	for _, o := range c.orders {
		spoil, ok := spoilers[o.fault.Kind]
		if ok {
			body, damaged = spoil(h, body), true
		}
	}
	return body, damaged
}

var spoilers = map[Kind]func(http.Header, []byte) []byte{
	HalfXML:  func(_ http.Header, body []byte) []byte { return body[:len(body)/2] },
	TwoRoots: func(_ http.Header, body []byte) []byte { return bytes.Repeat(body, 2) },
	WrongCharset: func(h http.Header, body []byte) []byte {
		h.Set("Content-Type", "application/xhtml+xml; charset=iso-8859-1")
		return append([]byte("<?xml version=\"1.0\" encoding=\"x-ebcdic\"?><!-- caf\xe9 -->"), body...)
	},
	UTF16: func(h http.Header, body []byte) []byte {
		h.Set("Content-Type", "application/xhtml+xml; charset=utf-16")
		return wide("<?xml version=\"1.0\" encoding=\"utf-16\"?>" + string(body))
	},
	BadBytes: func(_ http.Header, body []byte) []byte { return inside(body, "\x00\xff\xfe\xc3(") },
	DTD: func(_ http.Header, body []byte) []byte {
		return append([]byte(`<!DOCTYPE Txn [<!ENTITY e SYSTEM "file:///etc/passwd">]>`), inside(body, "&e;")...)
	},
	EntityBomb: func(_ http.Header, body []byte) []byte { return append([]byte(bomb()), inside(body, "&j;")...) },
	DeepNesting: func(_ http.Header, body []byte) []byte {
		return inside(body, strings.Repeat("<a>", deepest)+strings.Repeat("</a>", deepest))
	},
}

const deepest = 100_000

// inside puts text behind the first tag.
func inside(body []byte, text string) []byte {
	at := bytes.IndexByte(body, '>') + 1
	return []byte(string(body[:at]) + text + string(body[at:]))
}

func bomb() string {
	var b strings.Builder
	b.WriteString(`<!DOCTYPE Txn [<!ENTITY a "aaaaaaaaaa">`)
	for e := 'b'; e <= 'j'; e++ {
		b.WriteString("<!ENTITY " + string(e) + ` "` + strings.Repeat("&"+string(e-1)+";", 10) + `">`)
	}
	b.WriteString("]>")
	return b.String()
}

func wide(text string) []byte {
	out := []byte{0xff, 0xfe}
	for _, unit := range utf16.Encode([]rune(text)) {
		out = binary.LittleEndian.AppendUint16(out, unit)
	}
	return out
}

// pour writes the answer with that many megabytes of text in its first element,
// until the reader has had enough.
func pour(w http.ResponseWriter, body []byte, megabytes int) {
	at := bytes.IndexByte(body, '>') + 1
	if _, err := w.Write(append(bytes.Clone(body[:at]), "<Padding>"...)); err != nil {
		return
	}
	chunk := bytes.Repeat([]byte("x"), 1<<16)
	for range megabytes << 4 {
		if _, err := w.Write(chunk); err != nil {
			return
		}
	}
	_, _ = w.Write(append([]byte("</Padding>"), body[at:]...))
}
