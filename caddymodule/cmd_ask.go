package caddymodule

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os/user"
	"regexp"
	"strconv"
	"strings"

	"github.com/caddyserver/caddy/v2"
	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"
)

// asker asks the running Caddy through its admin address.
type asker struct {
	address, config, adapter string
}

// flags adds how the running Caddy is found.
func (a *asker) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&a.address, "address", "", "Admin address of the running Caddy, such as localhost:2019 or unix//run/caddy/admin.sock")
	cmd.Flags().StringVarP(&a.config, "config", "c", "", "Configuration file to read the admin address from")
	cmd.Flags().StringVarP(&a.adapter, "adapter", "a", "", "Name of the config adapter")
}

// refused is what the admin API answers in place of what was asked for.
type refused struct {
	status int
	body   []byte
	words  string
}

func (r *refused) Error() string { return plain(r.words) }

// ask puts one question, and reads its answer into v.
func (a *asker) ask(method, path string, question, v any) error {
	return a.put(method, path, question, func(body io.Reader) error { return json.NewDecoder(body).Decode(v) })
}

// stream puts one question whose answer is read as it comes.
func (a *asker) stream(path string, question any, read func(io.Reader) error) error {
	return a.put(http.MethodPost, path, question, read)
}

func (a *asker) put(method, path string, question any, read func(io.Reader) error) error {
	address, err := a.find()
	if err != nil {
		return err
	}
	var body io.Reader
	if question != nil {
		text, err := json.Marshal(question)
		if err != nil {
			return err
		}
		body = bytes.NewReader(text)
	}
	resp, err := caddycmd.AdminAPIRequest(address, method, adminPath+path, http.Header{}, body)
	if err != nil {
		return explain(address, err)
	}
	defer resp.Body.Close()
	return read(resp.Body)
}

// find is the admin address: as named, as the configuration says, or Caddy's default.
func (a *asker) find() (string, error) {
	if a.address != "" || a.config == "" {
		return caddycmd.DetermineAdminAPIAddress(a.address, nil, "", "")
	}
	text, err := loadQuietly(a.config, a.adapter)
	if err != nil {
		return "", err
	}
	var config struct {
		Admin *caddy.AdminConfig `json:"admin"`
	}
	if err := json.Unmarshal(text, &config); err != nil {
		return "", fmt.Errorf("%s: %w", a.config, err)
	}
	if config.Admin != nil && config.Admin.Disabled {
		return "", fmt.Errorf("%s has `admin off`, so the running Caddy cannot be asked. %s", a.config, adminAdvice)
	}
	return caddycmd.DetermineAdminAPIAddress("", text, a.config, a.adapter)
}

// loadQuietly reads a configuration as Caddy does, without Caddy's log lines.
func loadQuietly(config, adapter string) ([]byte, error) {
	if err := quietCaddy(); err != nil {
		return nil, err
	}
	text, _, _, err := caddycmd.LoadConfig(config, adapter)
	if err != nil {
		return nil, fmt.Errorf("the configuration %s cannot be read: %w", config, err)
	}
	return text, nil
}

const adminAdvice = "Set an admin address in the global options, such as admin unix//run/caddy/admin.sock, which only Caddy's user and root can open; then restart Caddy"

// answered is how Caddy tells of an answer with an error status.
var answered = regexp.MustCompile(`(?s)^caddy responded with error: HTTP (\d+): (.*)$`)

// explain says in words why nothing was learnt, and what to do.
func explain(address string, err error) error {
	m := answered.FindStringSubmatch(err.Error())
	if m == nil {
		return unreached(address, err)
	}
	status, _ := strconv.Atoi(m[1])
	r := &refused{status: status, body: []byte(m[2])}
	var told struct {
		Error string `json:"error"`
	}
	switch isJSON := json.Unmarshal(r.body, &told) == nil; {
	case isJSON && told.Error != "":
		r.words = told.Error
	case isJSON:
		r.words = "Caddy answered HTTP " + m[1]
	case status == http.StatusNotFound || status == http.StatusMethodNotAllowed:
		r.words = fmt.Sprintf("what answers at %s knows no paymentexpress: it is a Caddy without this module, or with an older one. Start the one that has it (caddy list-modules shows admin.api.paymentexpress), or name its address with --address", address)
	default:
		r.words = fmt.Sprintf("what answers at %s is no Caddy with this module: HTTP %d", address, status)
	}
	return r
}

func unreached(address string, err error) error {
	why := err.Error()
	if strings.HasPrefix(why, "invalid admin address") {
		return fmt.Errorf("%q is no admin address, such as localhost:2019 or unix//run/caddy/admin.sock", address)
	}
	if i := strings.LastIndex(why, ": "); i >= 0 {
		why = why[i+2:]
	}
	if strings.Contains(why, "permission denied") {
		return fmt.Errorf("this user may not open the admin address %s: run it as root or as Caddy's user", address)
	}
	return fmt.Errorf("no Caddy answers at %s (%s). Is it running? If its admin address is another one, name it with --address, or its configuration with --config. With `admin off` it cannot be asked. %s", address, why, adminAdvice)
}

// person is who runs the command, for histories.
func person() (string, error) {
	u, err := user.Current()
	if err != nil || u.Username == "" {
		return "", errors.Join(errors.New("it cannot be told who you are"), err)
	}
	return u.Username, nil
}

// printJSON writes an answer for machines.
func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}
