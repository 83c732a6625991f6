package caddymodule

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/url"
	"syscall"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/splynx"
)

// checkSplynx finds out whether Splynx's API answers at the address. A refusal is an answer.
func (c *checker) checkSplynx(ctx context.Context) []finding {
	ctx, cancel := c.call(ctx)
	defer cancel()
	err := c.api.Check(ctx)
	failed, _ := errors.AsType[*splynx.Error](err)
	host := hostOf(c.app.address)
	switch {
	case failed != nil && failed.Kind == splynx.KindAuth && failed.InternalCode == "":
		return []finding{good("something answers at %s", c.app.address)}
	case err == nil, failed != nil && failed.Kind == splynx.KindAuth:
		return []finding{good("its API answers at %s", c.app.address)}
	case failed == nil:
		return []finding{wrong("run it again", "%v", err)}
	case failed.HTTPStatus == 0:
		what, do := noWay(failed, host)
		return []finding{wrong(do, "%s cannot be reached: %s", c.app.address, what)}
	case failed.HTTPStatus/100 == 3:
		return []finding{wrong("write the address that Splynx itself answers at, without a detour", "%s answers with a redirect, which the API does not: %s", c.app.address, wordOf(err))}
	case failed.HTTPStatus/100 == 2, failed.HTTPStatus == http.StatusNotFound:
		return []finding{wrong("write the address of Splynx itself, such as https://splynx.isp.example/", "%s answers, but not as Splynx's API does (HTTP %d): another web server, or a page in its place", c.app.address, failed.HTTPStatus)}
	}
	return []finding{wrong("look at Splynx and its log, and at a proxy between", "%s answers HTTP %d: Splynx is not well, or something before it is not", c.app.address, failed.HTTPStatus)}
}

// noWay names what stood in the way of a connection, and what to do.
func noWay(err error, host string) (what, do string) {
	var (
		dns      *net.DNSError
		name     x509.HostnameError
		issuer   x509.UnknownAuthorityError
		expired  x509.CertificateInvalidError
		plain    tls.RecordHeaderError
		overtime net.Error
	)
	switch {
	case errors.As(err, &dns):
		return "the name " + dns.Name + " is not found, or DNS does not answer", "correct the address, or this machine's DNS"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "nothing listens there", "look whether it runs, and whether address and port are right"
	case errors.As(err, &name):
		return "its certificate is not for " + host, "write the name that the certificate has, or tls_server_name"
	case errors.As(err, &issuer):
		return "its certificate is from nobody that this machine trusts", "name the authority with tls_ca, or install a certificate of a public one"
	case errors.As(err, &expired):
		return "its certificate is not valid (" + expired.Error() + ")", "renew it, and look at this machine's clock"
	case errors.As(err, &plain):
		return "it does not speak https there", "write http for the same machine, or the port where https is served"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &overtime) && overtime.Timeout():
		return "no answer in time", "look whether a firewall stands between this machine and " + host
	}
	return wordOf(err), "look whether it runs, and at the way to " + host
}

func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	return u.Hostname()
}

// The clocks may differ so much: nonces and the ends of tokens go by them.
const (
	clockWarn  = 30 * time.Second
	clockWrong = 5 * time.Minute
)

func (c *checker) checkClock(ctx context.Context) []finding {
	ctx, cancel := c.call(ctx)
	defer cancel()
	theirs, err := c.api.Clock(ctx)
	if err != nil {
		return []finding{warned("compare it yourself", "Splynx does not tell its time")}
	}
	const do = "have both machines set by NTP"
	switch diff := c.now().Sub(theirs).Round(time.Second); {
	case diff.Abs() >= clockWrong:
		return []finding{wrong(do, "this machine's is %s: tokens and nonces are refused", apart(diff))}
	case diff.Abs() >= clockWarn:
		return []finding{warned(do, "this machine's is %s", apart(diff))}
	}
	return []finding{good("it agrees with Splynx's to %s", clockWarn)}
}

func apart(diff time.Duration) string {
	if diff > 0 {
		return diff.String() + " ahead of Splynx's"
	}
	return diff.Abs().String() + " behind Splynx's"
}

// checkNonces count as the client's own do, but jump less far after a refusal: a running Caddy
// that uses the key is refused until its own numbers have come so far.
type checkNonces struct {
	now  func() time.Time
	last int64
}

const checkJump = 10 * time.Minute

// Next implements splynx.Nonces; the client makes one signed call at a time.
func (n *checkNonces) Next(context.Context) (int64, error) {
	n.last = max(n.last+1, n.now().UnixMicro())
	return n.last, nil
}

// Skip is told of a refusal.
func (n *checkNonces) Skip(context.Context, int64) error {
	n.last = max(n.last, n.now().UnixMicro()) + checkJump.Microseconds()
	return nil
}

// checkKey tries both ways of using the API key; the configured one has to work.
func (c *checker) checkKey(ctx context.Context) []finding {
	token, signature := c.tryKey(ctx, c.api.CheckToken), c.tryKey(ctx, c.api.CheckSignature)
	if forbidden(token) { // the address then, for both: nobody signs in with a permission
		signature = token
	}
	configured, other, otherName := token, signature, "signature"
	if c.app.Splynx.Auth == "signature" {
		configured, other, otherName = signature, token, "token"
	}
	if configured == nil {
		if other == nil {
			return []finding{good("Splynx takes it; auth %s is configured, and auth %s works too", c.app.Splynx.Auth, otherName)}
		}
		return []finding{good("Splynx takes it; auth %s is configured, and auth %s does not work", c.app.Splynx.Auth, otherName)}
	}
	// A refused signature is sent again with a higher nonce: when that was taken, and what
	// was refused before is taken after it, the secret is right and a nonce was not.
	if other == nil && c.tryKey(ctx, c.attempt(c.app.Splynx.Auth)) == nil {
		return []finding{wrong("set this machine's clock, and give this program an API key that no other program uses", "Splynx refused a nonce, not the key: it checks them for this key, and has seen a higher one")}
	}
	if other == nil {
		return []finding{wrong("write auth "+otherName+" in the splynx block", "Splynx does not take it by auth %s, which is configured; by auth %s it does", c.app.Splynx.Auth, otherName)}
	}
	return []finding{c.refusedKey(configured)}
}

func (c *checker) attempt(auth string) func(context.Context) error {
	if auth == "signature" {
		return c.api.CheckSignature
	}
	return c.api.CheckToken
}

func forbidden(err error) bool {
	failed, ok := errors.AsType[*splynx.Error](err)
	return ok && failed.HTTPStatus == http.StatusForbidden
}

// tryKey returns nil when the key itself was taken: what it may do comes later.
func (c *checker) tryKey(ctx context.Context, attempt func(context.Context) error) error {
	ctx, cancel := c.call(ctx)
	defer cancel()
	err := attempt(ctx)
	failed, ok := errors.AsType[*splynx.Error](err)
	if ok && failed.HTTPStatus == http.StatusForbidden && failed.Permission != "" {
		return nil
	}
	return err
}

func (c *checker) refusedKey(err error) finding {
	failed, ok := errors.AsType[*splynx.Error](err)
	switch {
	case !ok || failed.Kind != splynx.KindAuth:
		return refusedTo("whether Splynx takes it cannot be told", err)
	case failed.HTTPStatus == http.StatusForbidden:
		return wrong("let "+c.localAddress()+", as which Splynx most likely sees this machine, into the key's white list (Administration, API keys)", "Splynx knows it and does not let it in from here (HTTP 403 %s)", failed.InternalCode)
	case failed.InternalCode == "":
		return wrong("look for a proxy or a password before Splynx", "it was refused with HTTP %d, without a code of Splynx's: perhaps not by Splynx", failed.HTTPStatus)
	case failed.InternalCode != "UNAUTHORIZED":
		return wrong(failed.Advice(), "Splynx refuses it (HTTP %d %s)", failed.HTTPStatus, failed.InternalCode)
	}
	return wrong("compare api_key and api_secret with Administration, API keys; and let "+c.localAddress()+", as which Splynx most likely sees this machine, into the key's white list, if it has one", "Splynx refuses it (HTTP %d %s): key, secret, white list, or a nonce where it checks them; it does not say which", failed.HTTPStatus, failed.InternalCode)
}

// localAddress is this machine's on the way to Splynx; no packet is sent to find out.
func (c *checker) localAddress() string {
	u, err := url.Parse(c.app.address)
	if err != nil {
		return "this machine"
	}
	conn, err := net.Dial("udp", net.JoinHostPort(u.Hostname(), "9"))
	if err != nil {
		return "this machine"
	}
	defer conn.Close()
	host, _, err := net.SplitHostPort(conn.LocalAddr().String())
	if err != nil {
		return "this machine"
	}
	return host
}
