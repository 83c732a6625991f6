package web

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"slices"
	"strings"

	"github.com/bojanz/currency"
	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"
)

// languages holds the words of the pages. English is the language that has all of them.
type languages struct {
	bundle  *i18n.Bundle
	tags    []language.Tag // of the message files, English first
	matcher language.Matcher
	ruled   map[language.Tag]language.Tag // what the bundle calls a language, where it differs
	english map[string]*i18n.Message      // as we ship it
}

// reader is who reads a page.
type reader struct {
	tag    language.Tag // a language that there are words in
	words  *i18n.Localizer
	locale currency.Locale // decides how amounts stand
	asked  bool            // the browser was asked for its languages
}

// newLanguages reads our own messages, and over them those of an operator, if there are any.
func newLanguages(own fs.FS) (*languages, error) {
	l := &languages{bundle: i18n.NewBundle(language.English), tags: []language.Tag{language.English}, ruled: map[language.Tag]language.Tag{}}
	l.bundle.RegisterUnmarshalFunc("json", json.Unmarshal)
	ours, err := fs.Sub(files, "messages")
	if err != nil {
		return nil, err
	}
	if l.english, err = readEnglish(ours); err != nil {
		return nil, err
	}
	if err := l.load(ours, false); err != nil { // a test has checked them
		return nil, err
	}
	if own != nil {
		if err := l.load(own, true); err != nil {
			return nil, err
		}
	}
	l.matcher = language.NewMatcher(l.tags)
	return l, nil
}

// add makes the messages of a language known, over those that are there.
func (l *languages) add(tag language.Tag, messages []*i18n.Message) error {
	in := tag
	if err := l.bundle.AddMessages(in, messages...); err != nil {
		// A language without known rules for plurals (such as Māori) takes those of "art", which
		// are English's.
		if in, err = language.Parse("art-x-" + strings.ReplaceAll(tag.String(), "-", "")); err == nil {
			err = l.bundle.AddMessages(in, messages...)
		}
		if err != nil {
			return err
		}
	}
	l.ruled[tag] = in
	if !slices.Contains(l.tags, tag) {
		l.tags = append(l.tags, tag)
	}
	return nil
}

// localizer finds texts of a language.
func (l *languages) localizer(tag language.Tag) *i18n.Localizer {
	return i18n.NewLocalizer(l.bundle, l.ruled[tag].String())
}

// check tells whether a setting names a language that there are words in.
func (l *languages) check(setting string) error {
	if setting == "" {
		return nil
	}
	tag, err := language.Parse(setting)
	if err == nil {
		_, i, _ := l.matcher.Match(tag)
		if wanted, _ := tag.Base(); wanted.String() == l.base(i) { // a neighbour's is not what was asked for
			return nil
		}
	}
	var known []string
	for _, t := range l.tags {
		known = append(known, t.String())
	}
	return fmt.Errorf("language %q: there are words in %s; for another language put a file active.<language>.json into the messages folder", setting, strings.Join(known, ", "))
}

// base is a language without script and country.
func (l *languages) base(i int) string {
	b, _ := l.tags[i].Base()
	return b.String()
}

// acceptLimit is how long an Accept-Language is looked at: browsers send some dozen letters.
const acceptLimit = 500

// choose finds the language: that of the setting, else the best that the browser asks for,
// else English.
func (l *languages) choose(setting string, r *http.Request) reader {
	var wanted []language.Tag
	asked := setting == ""
	if accept := r.Header.Get("Accept-Language"); !asked {
		wanted = []language.Tag{language.Make(setting)}
	} else if len(accept) <= acceptLimit {
		wanted, _, _ = language.ParseAcceptLanguage(accept) // what cannot be read asks for nothing
	}
	index := 0
	if _, i, sure := l.matcher.Match(wanted...); sure > language.No {
		index = i
	}
	return l.reader(l.tags[index], wanted, asked)
}

// reader reads the words of a tag, and amounts as in the first country wanted where its
// language is spoken.
func (l *languages) reader(tag language.Tag, wanted []language.Tag, asked bool) reader {
	base, script, region := tag.Raw()
	locale := currency.Locale{Language: base.String()}
	if script != (language.Script{}) {
		locale.Script = script.String()
	}
	if region != (language.Region{}) {
		locale.Territory = region.String()
	}
	for _, w := range wanted {
		if b, _, place := w.Raw(); b == base && place != (language.Region{}) {
			locale.Territory = place.String()
			break
		}
	}
	return reader{tag: tag, words: l.localizer(tag), locale: locale, asked: asked}
}

// rightToLeft are the scripts that are written so.
var rightToLeft = map[string]bool{"Arab": true, "Hebr": true, "Thaa": true, "Syrc": true, "Nkoo": true}

// direction is the dir attribute of a page.
func (r reader) direction() string {
	if script, _ := r.tag.Script(); rightToLeft[script.String()] {
		return "rtl"
	}
	return "ltr"
}
