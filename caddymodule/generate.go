package caddymodule

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/splynx"
	"github.com/caddy-paymentexpress/paymentexpress/windcave"
)

const defaultEndpoint = windcave.DefaultEndpoint

// Splynx is the installation that customers, invoices and payments are in.
type Splynx struct {
	// The API domain as reached from here. Plain http is for the same machine; for another
	// one it needs https, or `plain_http`.
	URL string `json:"url,omitempty"`
	// What customers see, scheme and host. Default: the API domain.
	PublicURL string `json:"public_url,omitempty"`
	// The API key.
	Key string `json:"api_key,omitempty"`
	// Its secret.
	Secret string `json:"api_secret,omitempty"`
	// Allows plain http to another machine: whoever can listen there can book payments.
	PlainHTTP bool `json:"plain_http,omitempty"`
	// The name in the certificate, if it is not the URL's host.
	TLSServerName string `json:"tls_server_name,omitempty"`
	// A file with the certificate authority, in PEM, if it is not a public one.
	TLSCA string `json:"tls_ca,omitempty"`
	// How calls are authorised: `token`, an access token made with the API key, or
	// `signature` on each call, which are then made one at a time. Default: `token`.
	Auth string `json:"auth,omitempty"`
	// Names of the cookies that may hold a Splynx session. Default: PHPSESSID.
	SessionCookies []string `json:"session_cookies,omitempty"`
	// Where customers sign in who are not: at `splynx`, or on a page of our `own`, for a Splynx
	// that does not tell whose a session is. Default: `splynx`.
	SignIn string `json:"sign_in,omitempty"`
}

// Windcave is the account that cards are charged with.
type Windcave struct {
	// The gateway's address. Default: https://sec.windcave.com. The test host is
	// https://uat.windcave.com; many test accounts live on the default one.
	Endpoint string `json:"endpoint,omitempty"`
	// The PxPay 2.0 user, for the hosted page. Required.
	PxPay Credentials `json:"pxpay,omitzero"`
	// The PxPost user, another pair: finds payments that nobody reported.
	PxPost Credentials `json:"pxpost,omitzero"`
	// What earlier payments were made with: they are asked about with these, and nothing else.
	Retired []Retired `json:"retired,omitempty"`
}

// resolvePlain replaces the placeholders of what is no secret.
func (a *App) resolvePlain() error {
	if a.Splynx.PublicURL == "" {
		a.Splynx.PublicURL = a.Splynx.URL
	}
	for _, f := range []struct {
		name, text string
		into       *string
	}{
		{"splynx", a.Splynx.URL, &a.address},
		{"public_url", a.Splynx.PublicURL, &a.public},
		{"endpoint", a.Windcave.Endpoint, &a.endpoint},
		{"journal", a.Journal.Path, &a.journal},
		{"tls_server_name", a.Splynx.TLSServerName, &a.serverName},
		{"tls_ca", a.Splynx.TLSCA, &a.authority},
	} {
		if f.text == "" {
			continue
		}
		value, err := a.resolve(f.name, f.text)
		if err != nil {
			return fmt.Errorf("paymentexpress: %w", err)
		}
		*f.into = value
	}
	a.public = strings.TrimRight(a.public, "/")
	return nil
}

// generate makes the clients and settings of this configuration.
func (a *App) generate() (*payment.Generation, error) {
	zone, err := a.zone()
	if err != nil {
		return nil, err
	}
	api, err := a.splynxClient()
	if err != nil {
		return nil, fmt.Errorf("paymentexpress: splynx: %w", err)
	}
	byDefault, partners, err := a.partners()
	if err != nil {
		return nil, fmt.Errorf("paymentexpress: %w", err)
	}
	return &payment.Generation{
		Settings: payment.Settings{
			PublicURL: a.public, PageLife: time.Duration(a.PageLife), BookingQuietTime: time.Duration(a.BookingQuietTime),
			TimeZone: zone, StatementsDaily: a.Statements == "daily", MarkerField: a.MarkerField,
			Cards: a.Cards.settings(), RefundSecond: a.SecondApproval == "refund", RefundUnbookable: a.CannotBook == "refund",
			RefundPayments: a.RefundInSplynx == "payment",
		},
		Splynx: api, Default: byDefault, Partners: partners, Logger: a.log, Observer: observers{a.trouble, a.host},
	}, nil
}

// zone is the provider's time zone.
func (a *App) zone() (*time.Location, error) {
	if a.TimeZone == "" {
		if isUTC(time.Local) {
			a.log.Warn("time_zone is not set, and this machine's is UTC: payments near midnight are booked on UTC's date")
		}
		return time.Local, nil
	}
	zone, err := time.LoadLocation(a.TimeZone)
	if err != nil {
		return nil, fmt.Errorf("paymentexpress: time_zone %q: want a name such as Pacific/Auckland", a.TimeZone)
	}
	return zone, nil
}

// isUTC tells a zone that never leaves UTC from one that is there for half the year.
func isUTC(zone *time.Location) bool {
	_, january := time.Date(2026, time.January, 1, 0, 0, 0, 0, zone).Zone()
	_, july := time.Date(2026, time.July, 1, 0, 0, 0, 0, zone).Zone()
	return january == 0 && july == 0
}

func (a *App) splynxClient() (*splynx.Client, error) {
	key, err := a.resolve("api_key", a.Splynx.Key)
	if err != nil {
		return nil, err
	}
	secret, err := a.resolveSecret("api_secret", a.Splynx.Secret)
	if err != nil {
		return nil, err
	}
	u, err := parseAddress("address", a.address)
	if err != nil {
		return nil, err
	}
	public, err := parseAddress("public_url", a.public)
	if err != nil {
		return nil, err
	}
	if a.Splynx.PublicURL == a.Splynx.URL && isLoopback(u.Hostname()) {
		return nil, fmt.Errorf("public_url is missing: customers cannot reach %s", u.Host)
	}
	if public.Scheme == "http" && !isLoopback(public.Hostname()) {
		a.log.Warn("public_url is plain http: whoever can listen in between can read and change the payment pages", zap.String("host", public.Host))
	}
	if u.Scheme == "http" && !isLoopback(u.Hostname()) {
		if !a.Splynx.PlainHTTP {
			return nil, fmt.Errorf("%s is another machine: use https, or add plain_http if the network between is yours alone", u.Host)
		}
		a.log.Warn("splynx is called by plain http over the network: whoever can listen there can book payments", zap.String("host", u.Host))
	}
	transport, err := a.splynxTransport()
	if err != nil {
		return nil, err
	}
	auth := splynx.AuthToken
	if a.Splynx.Auth == "signature" {
		auth = splynx.AuthSignature
	}
	return splynx.New(splynx.Config{
		URL: a.address, PublicURL: a.public, Key: key, Secret: secret, Transport: transport, Logger: a.log.Named("splynx"),
		Auth: auth, Nonces: a.host.nonces, Gate: a.gates.splynx,
	})
}

// splynxTransport is nil where the default one does.
func (a *App) splynxTransport() (http.RoundTripper, error) {
	if a.authority == "" && a.serverName == "" {
		return nil, nil
	}
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.IdleConnTimeout = 4 * time.Second // as the client's defaults: a POST on a connection that is just being closed ends unclear
	t.MaxResponseHeaderBytes = 64 << 10
	t.TLSClientConfig = &tls.Config{ServerName: a.serverName, MinVersion: tls.VersionTLS12}
	if a.authority != "" {
		pem, err := os.ReadFile(a.authority)
		if err != nil {
			return nil, fmt.Errorf("tls_ca: %w", err)
		}
		t.TLSClientConfig.RootCAs = x509.NewCertPool()
		if !t.TLSClientConfig.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("tls_ca %s: no certificate in it", a.authority)
		}
	}
	return t, nil
}

// resolve replaces placeholders; a missing variable or file is an error that names the
// setting, never the value.
func (a *App) resolve(name, text string) (string, error) {
	if text == "" {
		return "", fmt.Errorf("%s is missing", name)
	}
	value, err := caddy.NewReplacer().ReplaceOrErr(text, true, true)
	if err != nil {
		return "", fmt.Errorf("%s: %w", name, err)
	}
	return strings.TrimSpace(value), nil
}

func (a *App) resolveSecret(name, text string) (string, error) {
	if text != "" && !strings.Contains(text, "{") {
		a.log.Warn("a secret stands in the configuration itself; use a placeholder such as {env.NAME} or {file.PATH}", zap.String("setting", name))
	}
	return a.resolve(name, text)
}

func parseAddress(name, address string) (*url.URL, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") || u.RawQuery != "" || u.Fragment != "" || u.User != nil || strings.Trim(u.Path, "/") != "" {
		return nil, fmt.Errorf("%s %q: want scheme and host, such as https://isp.example/", name, address)
	}
	return u, nil
}

// isLive tells the host where cards are charged for real, for all that is known.
func isLive(endpoint string) bool {
	return strings.EqualFold(strings.TrimSuffix(strings.TrimRight(endpoint, "/"), ":443"), defaultEndpoint)
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
