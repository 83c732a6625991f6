package windcavetest

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// ErrNotTaken is what the page itself refuses: a card that it does not take, or a
// page that is over. Nothing was asked of the bank.
var ErrNotTaken = errors.New("the page did not take it")

// A Buyer acts for the person in front of the page, without a browser. It follows
// no redirect: the return is the caller's to make.
type Buyer struct {
	// Transport to the page. Default: http.DefaultTransport.
	Transport http.RoundTripper
}

// Pay presses Pay on the page and gives the address that the browser is sent to,
// after an approval and after a decline alike. An error that is not ErrNotTaken
// means that the answer was lost: the card may have been charged.
func (b Buyer) Pay(pageURL string, card Card) (returnURL string, err error) {
	return b.press(pageURL, url.Values{
		"action": {"pay"}, "card": {card.Number}, "holder": {card.Holder}, "expiry": {card.Expiry}, "cvc": {card.CVC},
	})
}

// Cancel presses Cancel.
func (b Buyer) Cancel(pageURL string) (returnURL string, err error) {
	return b.press(pageURL, url.Values{"action": {"cancel"}})
}

func (b Buyer) press(pageURL string, form url.Values) (string, error) {
	client := http.Client{
		Transport:     b.Transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	res, err := client.PostForm(pageURL, form)
	if err != nil {
		return "", fmt.Errorf("press on the page: %w", err)
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, io.LimitReader(res.Body, 1<<20)); err != nil {
		return "", fmt.Errorf("press on the page: %w", err)
	}
	switch {
	case res.StatusCode == http.StatusFound:
		return res.Header.Get("Location"), nil
	case res.Header.Get(returnHeader) != "":
		return res.Header.Get(returnHeader), nil
	case res.Header.Get(errorHeader) != "":
		return "", fmt.Errorf("%w: %s", ErrNotTaken, strings.ToLower(res.Header.Get(errorHeader)))
	}
	return "", fmt.Errorf("press on the page: status %d", res.StatusCode)
}

// Pay is Buyer.Pay in process, with a card whose empty fields are filled in.
func (s *Server) Pay(pageURL string, card Card) (returnURL string, err error) {
	s.mu.Lock()
	card = card.filled(s.now())
	s.mu.Unlock()
	return Buyer{s.Transport()}.Pay(pageURL, card)
}

// Cancel is Buyer.Cancel in process.
func (s *Server) Cancel(pageURL string) (returnURL string, err error) {
	return Buyer{s.Transport()}.Cancel(pageURL)
}
