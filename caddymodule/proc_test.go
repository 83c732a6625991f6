package caddymodule

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
)

// counts is what a process holds.
type counts struct{ files, threads int }

// counts asks the kernel for open files, and Caddy itself for its goroutines.
func (s *site) counts() counts {
	s.tb.Helper()
	fds, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", s.cmd.Process.Pid))
	s.must(err)
	c := counts{files: len(fds)}
	body, err := s.adminGet("/debug/pprof/goroutine?debug=1")
	s.must(err)
	first, _, _ := strings.Cut(body, "\n")
	c.threads, _ = strconv.Atoi(strings.TrimPrefix(first, "goroutine profile: total "))
	return c
}

func (s *site) adminClient() *http.Client {
	return &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", s.admin)
	}}}
}

func (s *site) adminGet(path string) (string, error) {
	resp, err := s.adminClient().Get("http://caddy" + path)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return string(body), err
}

// load gives Caddy another configuration through its admin address.
func (s *site) load(caddyfile string) error { return s.post("text/caddyfile", caddyfile) }

func (s *site) loadJSON(config string) error { return s.post("application/json", config) }

func (s *site) post(contentType, config string) error {
	r, err := http.NewRequest(http.MethodPost, "http://caddy/load", strings.NewReader(config))
	s.must(err)
	r.Header.Set("Content-Type", contentType)
	r.Header.Set("Cache-Control", "must-revalidate") // loads it also when nothing has changed
	resp, err := s.adminClient().Do(r)
	if errors.Is(err, io.EOF) { // the admin server of the old configuration has gone just now
		return s.post(contentType, config)
	}
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("load: %s: %s", resp.Status, body)
	}
	return nil
}
