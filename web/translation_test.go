package web

import (
	"io/fs"
	"regexp"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/nicksnyder/go-i18n/v2/i18n"
)

// translated are the languages that we ship beside English.
var translated = []string{"de", "es", "fr", "pt"}

// sameAsEnglish are texts that are right as they are in English.
var sameAsEnglish = map[string][]string{
	"de": {"tile.saved_bare"},
	"es": {"date.day", "date.form", "tile.saved_bare"},
	"fr": {"date.day", "date.form", "fact.date", "tile.saved_bare"},
	"pt": {"sign_in.login", "tile.saved_bare"},
}

func shipped(t *testing.T, lang string) map[string]*i18n.Message {
	t.Helper()
	l, err := newLanguages(nil)
	if err != nil {
		t.Fatal(err)
	}
	if lang == "en" {
		return l.english
	}
	text, err := files.ReadFile("messages/active." + lang + ".json")
	if err != nil {
		t.Fatal(err)
	}
	file, err := i18n.ParseMessageFileBytes(text, "active."+lang+".json", nil)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]*i18n.Message{}
	for _, m := range file.Messages {
		all[m.ID] = m
	}
	return all
}

// What we ship is held to what an operator's files are held to.
func TestShippedMessagesAreSound(t *testing.T) {
	t.Parallel()
	l := withLanguages(t, nil)
	ours, err := fs.Sub(files, "messages")
	if err != nil {
		t.Fatal(err)
	}
	if err := l.load(ours, true); err != nil {
		t.Error(err)
	}
	if want := len(translated) + 1; len(l.tags) != want {
		t.Errorf("there are files in %v, the tests know %d languages", l.tags, want)
	}
}

func sortedKeys(all map[string]*i18n.Message) []string {
	var keys []string
	for key := range all {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}

var valueName = regexp.MustCompile(`\{\{[^}]*\}\}`)

// TestEveryTextIsTranslated wants each text of English in each language, in other words, with
// the same values in it.
func TestEveryTextIsTranslated(t *testing.T) {
	t.Parallel()
	english := shipped(t, "en")
	for _, lang := range translated {
		have := shipped(t, lang)
		for _, key := range sortedKeys(english) {
			en, there := english[key], have[key]
			if there == nil {
				t.Errorf("messages/active.%s.json lacks %q: %s", lang, key, en.Other)
				continue
			}
			if same := there.Other == en.Other && there.One == en.One; same != slices.Contains(sameAsEnglish[lang], key) {
				t.Errorf("messages/active.%s.json: %q is the same as English: %t; sameAsEnglish says otherwise", lang, key, same)
			}
			for _, pair := range [][2]string{{en.Other, there.Other}, {en.One, there.One}} {
				if a, b := valuesIn(pair[0]), valuesIn(pair[1]); !slices.Equal(a, b) {
					t.Errorf("messages/active.%s.json: %q has the values %v, English has %v", lang, key, b, a)
				}
			}
		}
	}
}

func valuesIn(text string) []string {
	all := valueName.FindAllString(text, -1)
	sort.Strings(all)
	return all
}

// safeWords are sentences that must not get lost on the way into another language: whether money
// moved, and that nobody pays twice.
var safeWords = []struct{ en, de, es, fr, pt string }{
	{"Nothing was charged.", "Es wurde nichts abgebucht.", "No se ha cobrado nada.", "Rien n’a été débité.", "Nada foi cobrado."},
	{"Nothing was charged by this.", "Dadurch wurde nichts abgebucht.", "Con esto no se ha cobrado nada.", "Cette action n’a rien débité.", "Com isto, nada foi cobrado."},
	{"Nothing was charged yet", "noch nichts abgebucht", "no se ha cobrado nada", "Rien n’a encore été débité", "Ainda nada foi cobrado"},
	{"nothing was charged yet", "noch nichts abgebucht", "no se ha cobrado nada", "rien n’a encore été débité", "ainda nada foi cobrado"},
	{"do not pay again", "zahlen Sie nicht noch einmal", "no vuelva a pagar", "ne payez pas une deuxième fois", "não pague outra vez"},
	{"Do not pay again", "Zahlen Sie nicht noch einmal", "No vuelva a pagar", "Ne payez pas une deuxième fois", "Não pague outra vez"},
	{"{{.Money}} was taken to check the card", "Zur Prüfung der Karte wurden {{.Money}} abgebucht", "Para comprobar la tarjeta se cobró un importe de {{.Money}}", "Un montant de {{.Money}} a été débité pour vérifier la carte", "Para verificar o cartão, foi cobrado o valor de {{.Money}}"},
	{"If you have paid already", "Wenn Sie bereits bezahlt haben", "Si ya ha pagado", "Si vous avez déjà payé", "Se já pagou"},
}

func TestTranslationsKeepWhatIsSaidOfMoney(t *testing.T) {
	t.Parallel()
	english := shipped(t, "en")
	for _, lang := range translated {
		have := shipped(t, lang)
		for _, key := range sortedKeys(english) {
			for _, s := range safeWords {
				if have[key] == nil { // TestEveryTextIsTranslated tells
					continue
				}
				want := map[string]string{"de": s.de, "es": s.es, "fr": s.fr, "pt": s.pt}[lang]
				if in, out := strings.Contains(english[key].Other, s.en), strings.Contains(have[key].Other, want); in && !out {
					t.Errorf("messages/active.%s.json: %q does not say %q: %s", lang, key, want, have[key].Other)
				}
			}
		}
	}
}
