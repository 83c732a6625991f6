package caddymodule

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strings"
)

// loadEnvFile sets what is not set yet, by the rules of Caddy's own --envfile, which cannot
// be called from here.
func loadEnvFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	values, err := parseEnvFile(f)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	for name, value := range values {
		if _, set := os.LookupEnv(name); set {
			continue
		}
		if err := os.Setenv(name, value); err != nil {
			return fmt.Errorf("%s: set %s: %w", path, name, err)
		}
	}
	return nil
}

// parseEnvFile reads NAME=value lines. As in Caddy, a # begins a comment even within quotes,
// and a value in quotes may have several lines. No error repeats a value.
func parseEnvFile(r io.Reader) (map[string]string, error) {
	values := make(map[string]string)
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		name, value, ok := strings.Cut(line, "=")
		name = strings.TrimPrefix(name, "export ")
		if !ok || name == "" || strings.Contains(name, " ") || strings.HasPrefix(value, " ") || strings.HasPrefix(value, "\t") {
			return nil, fmt.Errorf("line %d is not NAME=value", n)
		}
		if before, _, comment := strings.Cut(value, "#"); comment {
			value = strings.TrimRight(before, " \t")
		}
		if strings.HasPrefix(value, `"`) || strings.HasPrefix(value, "'") {
			quote := value[:1]
			for last := line; !strings.HasSuffix(last, quote) || strings.HasSuffix(last, `\`+quote); n++ {
				value = strings.ReplaceAll(value, `\`+quote, quote)
				if !lines.Scan() {
					break
				}
				last = strings.ReplaceAll(lines.Text(), `\`+quote, quote)
				value += "\n" + last
			}
			value = strings.TrimSuffix(strings.TrimPrefix(value, quote), quote)
		}
		values[name] = value
	}
	return values, lines.Err()
}
