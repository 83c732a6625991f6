package windcave

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/zap"
)

// certified starts a server with a certificate of its own making for an address and a time, and
// makes a transport that trusts whoever signed it.
func certified(t *testing.T, address string, from, until time.Time, serve http.Handler) (*httptest.Server, *http.Transport) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: from, NotAfter: until, IPAddresses: []net.IP{net.ParseIP(address)},
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(serve)
	server.Config.ErrorLog = zap.NewStdLog(zap.NewNop())
	server.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, MinVersion: tls.VersionTLS12}
	server.StartTLS()
	t.Cleanup(server.Close)
	signer, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	transport := defaultTransport()
	transport.TLSClientConfig = &tls.Config{RootCAs: x509.NewCertPool(), MinVersion: tls.VersionTLS12}
	transport.TLSClientConfig.RootCAs.AddCert(signer)
	return server, transport
}

// F17: a certificate of somebody who is trusted, but of another name, expired, or not valid
// yet. Nothing is sent to whoever shows it.
func TestF17CertificateOfAnotherNameOrTime(t *testing.T) {
	t.Parallel()
	now := time.Now()
	for name, c := range map[string]struct {
		address     string
		from, until time.Time
		good        bool
	}{
		"right":         {"127.0.0.1", now.Add(-time.Hour), now.Add(time.Hour), true},
		"another name":  {"192.0.2.1", now.Add(-time.Hour), now.Add(time.Hour), false},
		"expired":       {"127.0.0.1", now.Add(-48 * time.Hour), now.Add(-24 * time.Hour), false},
		"not valid yet": {"127.0.0.1", now.Add(24 * time.Hour), now.Add(48 * time.Hour), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var reached atomic.Int32
			server, transport := certified(t, c.address, c.from, c.until, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				reached.Add(1)
				good("")(w, r, 1)
			}))
			b := setup(t, good(""), func(config *Config) { config.Endpoint, config.Transport = server.URL, transport })
			if c.good {
				if err := b.operations(t.Context())[OpStatus](); err != nil || reached.Load() != 1 {
					t.Errorf("with the right one: %v", err)
				}
				return
			}
			all(func(op string) {
				b.fails(op, KindNotSent, 0, nil)
				var certificate *tls.CertificateVerificationError
				if err := b.operations(t.Context())[op](); !errors.As(err, &certificate) {
					t.Errorf("%s: %v", op, err)
				}
			})
			if reached.Load() != 0 {
				t.Error("the request was sent")
			}
		})
	}
}

// F58: a header that does not end is read so far and no further, and is no answer.
func TestF58HugeHeader(t *testing.T) {
	t.Parallel()
	b := setup(t, func(w http.ResponseWriter, r *http.Request, n int) {
		w.Header().Set("X-Filler", strings.Repeat("x", 11<<20))
		good("")(w, r, n)
	})
	all(func(op string) { b.fails(op, KindNoAnswer, 1, nil) })
}
