package caddymodule

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"

	"go.uber.org/zap"

	"github.com/caddy-paymentexpress/paymentexpress/web"
)

// Look is how the pages of a partner look.
type Look struct {
	// A picture, in PNG, JPEG, WebP or SVG, of at most 256 KiB. Default: none.
	Logo string `json:"logo,omitempty"`
	// The colour of buttons, such as 0b5cad. One that cannot be read on is darkened or
	// lightened, with a warning. Default: blue.
	Accent string `json:"accent,omitempty"`
}

// looks reads the pictures and colours; what a partner does not set is as for all others.
func (a *App) looks() (func(int64) web.Look, error) {
	byDefault, err := a.look(web.Look{}, a.Look)
	if err != nil {
		return nil, fmt.Errorf("paymentexpress: %w", err)
	}
	own := make(map[int64]web.Look, len(a.Partners))
	for _, id := range slices.Sorted(maps.Keys(a.Partners)) {
		if own[id], err = a.look(byDefault, a.Partners[id].Look); err != nil {
			return nil, fmt.Errorf("paymentexpress: partner %d: %w", id, err)
		}
	}
	return func(id int64) web.Look {
		if l, ok := own[id]; ok {
			return l
		}
		return byDefault
	}, nil
}

// look is l with what is set.
func (a *App) look(l web.Look, set Look) (web.Look, error) {
	if set.Logo != "" {
		path, err := a.resolve("logo", set.Logo)
		if err != nil {
			return l, err
		}
		if l.Logo, err = web.ReadLogo(path); err != nil {
			return l, fmt.Errorf("logo: %w", err)
		}
	}
	if set.Accent != "" {
		accent, err := web.ParseAccent("#" + strings.TrimPrefix(set.Accent, "#"))
		if err != nil {
			return l, fmt.Errorf("accent: %w", err)
		}
		if warning := accent.Warning(); warning != "" {
			a.log.Warn("accent is changed so that it can be read", zap.String("accent", set.Accent), zap.String("why", warning))
		}
		l.Accent = accent
	}
	return l, nil
}

// messageFiles is the folder of the operator's own texts; nil for none.
func (a *App) messageFiles() (fs.FS, error) {
	if a.Messages == "" {
		return nil, nil
	}
	path, err := a.resolve("messages", a.Messages)
	if err != nil {
		return nil, fmt.Errorf("paymentexpress: %w", err)
	}
	if info, err := os.Stat(path); err != nil || !info.IsDir() {
		return nil, fmt.Errorf("paymentexpress: messages %s: want a folder with files such as active.de.json", path)
	}
	return os.DirFS(path), nil
}
