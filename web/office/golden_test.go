package office

import (
	"bytes"
	"os"
	"regexp"
	"testing"

	"github.com/caddy-paymentexpress/paymentexpress/payment/paymenttest"
)

var noPxPost = paymenttest.Options{NoPxPost: true}

// changing is what differs from run to run.
var changing = []struct {
	what *regexp.Regexp
	with string
}{
	{regexp.MustCompile(`name="form" value="[^"]*"`), `name="form" value="SEALED"`},
	{regexp.MustCompile(`(style|office)\.[0-9a-f]+\.css`), `$1.HASH.css`},
	{regexp.MustCompile(`live\.[0-9a-f]+\.js`), `live.HASH.js`},
	{regexp.MustCompile(`([?;&]|amp;)(s|sign|signature)=[A-Za-z0-9_-]+`), `$1$2=SIGNED`},
}

func TestPages(t *testing.T) {
	t.Parallel()
	for _, c := range goldenPages {
		t.Run(c.name, func(t *testing.T) {
			inBubble(t, c.set, func(r *rig) {
				a := c.page(r)
				if a.Code != c.status {
					r.Errorf("status is %d, want %d", a.Code, c.status)
				}
				r.compare(c, a.Body.Bytes())
			})
		})
	}
}

// compare holds a page to its golden file.
func (r *rig) compare(g goldenPage, got []byte) {
	r.Helper()
	for _, c := range changing {
		got = c.what.ReplaceAll(got, []byte(c.with))
	}
	if *update {
		r.must(os.WriteFile(g.file(), got, 0o644))
		return
	}
	want, err := os.ReadFile(g.file())
	r.must(err)
	if !bytes.Equal(got, want) {
		r.Errorf("page differs from %s; look at it, and write it anew with -update\n%s", g.file(), got)
	}
}
