package web

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"
)

const englishFile = "active.en.json"

var messageFile = regexp.MustCompile(`^active\.([A-Za-z0-9-]+)\.json$`)

// byteOrderMark is what some editors put before a text.
var byteOrderMark = []byte("\xef\xbb\xbf")

// readEnglish reads the file that says which keys there are.
func readEnglish(folder fs.FS) (map[string]*i18n.Message, error) {
	all, err := readMessages(folder, englishFile)
	if err != nil {
		return nil, err
	}
	byKey := make(map[string]*i18n.Message, len(all))
	for _, m := range all {
		byKey[m.ID] = m
	}
	return byKey, nil
}

// load reads the message files of a folder. With checks, all that is wrong with them is told at
// once.
func (l *languages) load(folder fs.FS, checks bool) error {
	entries, err := fs.ReadDir(folder, ".")
	if err != nil {
		return fmt.Errorf("read the messages folder: %w", err)
	}
	var wrong []error
	found := false
	for _, e := range entries {
		if e.IsDir() || path.Ext(e.Name()) != ".json" {
			continue
		}
		found = true
		for _, err := range l.loadFile(folder, e.Name(), checks) {
			wrong = append(wrong, fmt.Errorf("messages file %s: %w", e.Name(), err))
		}
	}
	if !found {
		wrong = append(wrong, errors.New("the messages folder has no file active.<language>.json, such as active.de.json"))
	}
	return errors.Join(wrong...)
}

func (l *languages) loadFile(folder fs.FS, name string, checks bool) (wrong []error) {
	m := messageFile.FindStringSubmatch(name)
	if m == nil {
		return []error{errors.New("name it active.<language>.json, such as active.de.json")}
	}
	tag, err := language.Parse(m[1])
	if err != nil {
		return []error{fmt.Errorf("%q is no language: use its code, such as de or pt-BR", m[1])}
	}
	all, err := readMessages(folder, name)
	if err != nil {
		return []error{err}
	}
	for _, one := range all {
		if !checks {
			break
		}
		for _, err := range l.wrongIn(one) {
			wrong = append(wrong, fmt.Errorf("key %q: %w", one.ID, err))
		}
	}
	if len(wrong) > 0 {
		return wrong
	}
	if err := l.add(tag, all); err != nil {
		return []error{err}
	}
	if checks {
		wrong = l.wrongPlurals(tag, all)
	}
	return wrong
}

// readMessages reads one file, sorted by key.
func readMessages(folder fs.FS, name string) ([]*i18n.Message, error) {
	text, err := fs.ReadFile(folder, name)
	if err != nil {
		return nil, err
	}
	file, err := i18n.ParseMessageFileBytes(bytes.TrimPrefix(text, byteOrderMark), name, nil)
	if err != nil {
		return nil, fmt.Errorf("want a JSON object of keys and texts: %w", err)
	}
	slices.SortFunc(file.Messages, func(a, b *i18n.Message) int { return strings.Compare(a.ID, b.ID) })
	return file.Messages, nil
}

// wrongPlurals counts as far as any page does, and wants a text for every number.
func (l *languages) wrongPlurals(tag language.Tag, all []*i18n.Message) (wrong []error) {
	for _, m := range all {
		if l.english[m.ID].One == "" {
			continue
		}
		for n := range 200 {
			if _, err := l.localizer(tag).Localize(&i18n.LocalizeConfig{MessageID: m.ID, PluralCount: n, TemplateData: map[string]int{"Minutes": n}}); err != nil {
				wrong = append(wrong, fmt.Errorf("key %q: there is no text for %d: give all plural forms of the language, of zero, one, two, few, many, other", m.ID, n))
				break
			}
		}
	}
	return wrong
}
