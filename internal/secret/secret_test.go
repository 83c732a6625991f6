package secret

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// Every way this project prints a value is tried with one that must not appear.
func TestSecretNeverPrints(t *testing.T) {
	const value = "hunter2-marked"
	s := New(value)
	held := struct {
		Key    Secret
		Ptr    *Secret
		hidden Secret
	}{s, &s, s}

	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%T"} {
		fmt.Fprintf(&out, verb+"\n", s)
		fmt.Fprintf(&out, verb+"\n", &s)
		fmt.Fprintf(&out, verb+"\n", held)
		fmt.Fprintf(&out, verb+"\n", []Secret{s})
	}
	fmt.Fprintln(&out, fmt.Errorf("wrapped: %w, %v", fmt.Errorf("inner %v", s), s))
	if err := json.NewEncoder(&out).Encode(map[string]any{"a": s, "b": held, "c": map[Secret]int{s: 1}}); err != nil {
		t.Fatal(err)
	}
	slog.New(slog.NewTextHandler(&out, nil)).Info("m", "a", s, "b", held)
	core := zapcore.NewCore(zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()), zapcore.AddSync(&out), zap.DebugLevel)
	zap.New(core).Sugar().Infow("m", "a", s, "b", held, "c", &s)

	if strings.Contains(out.String(), value) || strings.Contains(out.String(), fmt.Sprintf("%x", value)) {
		t.Errorf("the value was printed:\n%s", out.String())
	}
	if s.Reveal() != value || s.Empty() || !New("").Empty() {
		t.Error("Reveal or Empty does not tell the truth")
	}
}
