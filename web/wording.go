package web

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/template/parse"

	"github.com/nicksnyder/go-i18n/v2/i18n"
)

// commonWords are the values that any text may name: methods and fields of view.
var commonWords = []string{"Provider", "Number", "Reference", "Money", "Host", "Wait", "Example", "BackMoney"}

// ownWords are those of texts that get values of their own and no others.
var ownWords = map[string][]string{
	"provider":     nil, // is a word itself
	"wait":         {"Minutes"},
	"wait_hours":   {"Hours"},
	"top_up.range": {"Least", "Most"},
	"top_up.owed":  {"Money"},
	"date.form":    {"Day", "Month", "Year", "Clock", "Zone"},
	"date.months":  nil,
	"date.day":     {"Day", "Month", "Year"},

	"tile.saved": {"Brand", "Ends"}, "tile.saved_bare": {"Brand", "Ends"}, "tile.expires": {"Expires"},
	"row.invoice": {"Number"}, "row.proforma": {"Number"}, "row.top_up": {"Number"}, "row.card_check": {"Number"}, "row.refund": {"Number"},
	"row.card": {"Ends"}, "row.due": {"Day"},
}

// wordsOf lists what the text of a key may name.
func wordsOf(key string) []string {
	if own, ok := ownWords[key]; ok {
		return own
	}
	return commonWords
}

// wrongIn tells what is wrong with a message: an unknown key, a template that does not parse,
// a word that is not there.
func (l *languages) wrongIn(m *i18n.Message) (wrong []error) {
	ours := l.english[m.ID]
	if ours == nil {
		return []error{errors.New("no page uses it: the keys are those of web/messages/active.en.json")}
	}
	if m.LeftDelim != "" || m.RightDelim != "" {
		return []error{errors.New("delimiters cannot be changed: write {{ and }}")}
	}
	if m.Other == "" {
		return []error{errors.New("it has no text: write one, or take the key out")}
	}
	forms := []string{m.Zero, m.One, m.Two, m.Few, m.Many}
	if ours.One == "" && strings.Join(forms, "") != "" {
		return []error{errors.New("it has no plural forms: give one text")}
	}
	for _, text := range append(forms, m.Other) {
		if err := checkWording(text, wordsOf(m.ID)); err != nil {
			wrong = append(wrong, err)
		}
	}
	if n := len(strings.Fields(m.Other)); m.ID == "date.months" && n != 12 {
		wrong = append(wrong, fmt.Errorf("want 12 names with spaces between, there are %d", n))
	}
	return wrong
}

// checkWording tells whether a text is a template that names nothing but words.
func checkWording(text string, words []string) error {
	// With no functions known, one that is used is an error too.
	trees, err := parse.Parse("text", text, "", "", map[string]any{})
	if err != nil {
		return fmt.Errorf("the text is no template: %s", strings.TrimPrefix(err.Error(), "template: "))
	}
	for _, tree := range trees {
		if tree.Name != "text" {
			return errors.New("a text cannot define another")
		}
	}
	if tree := trees["text"]; tree != nil {
		return wording{words}.list(tree.Root, false)
	}
	return nil
}

// wording walks a template. What it does not know is an error, so that nothing can fail when
// a page is made.
type wording struct{ words []string }

// list checks a list of nodes; inner tells that the dot is a text already.
func (w wording) list(l *parse.ListNode, inner bool) error {
	if l == nil {
		return nil
	}
	for _, n := range l.Nodes {
		if err := w.node(n, inner); err != nil {
			return err
		}
	}
	return nil
}

func (w wording) node(n parse.Node, inner bool) error {
	switch n := n.(type) {
	case *parse.TextNode, *parse.CommentNode:
		return nil
	case *parse.ActionNode:
		return w.pipe(n.Pipe, inner)
	case *parse.IfNode:
		return errors.Join(w.pipe(n.Pipe, inner), w.list(n.List, inner), w.list(n.ElseList, inner))
	case *parse.WithNode:
		return errors.Join(w.pipe(n.Pipe, inner), w.list(n.List, true), w.list(n.ElseList, inner))
	}
	return w.unknown(n.String())
}

func (w wording) pipe(p *parse.PipeNode, inner bool) error {
	if len(p.Decl) > 0 || len(p.Cmds) != 1 || len(p.Cmds[0].Args) != 1 {
		return w.unknown("{{" + p.String() + "}}")
	}
	switch n := p.Cmds[0].Args[0].(type) {
	case *parse.DotNode:
		if inner {
			return nil
		}
	case *parse.FieldNode:
		if !inner && len(n.Ident) == 1 && slices.Contains(w.words, n.Ident[0]) {
			return nil
		}
	case *parse.VariableNode: // $.Word
		if len(n.Ident) == 2 && n.Ident[0] == "$" && slices.Contains(w.words, n.Ident[1]) {
			return nil
		}
	}
	return w.unknown("{{" + p.String() + "}}")
}

func (w wording) unknown(what string) error {
	if len(w.words) == 0 {
		return fmt.Errorf("it has %s: this text takes no values", what)
	}
	return fmt.Errorf("it has %s, which is not there: use {{.%s}}", what, strings.Join(w.words, "}}, {{."))
}
