package splynx

import (
	"context"
	"net/mail"
)

// Mail is a mail that Splynx is to send from its own queue, as the provider. It is not about a
// customer, and does not stand in one's history.
type Mail struct {
	Recipient string // an address alone
	Subject   string // at most MaxComment characters
	HTML      string
}

// opSendMail: what is sent again may arrive twice.
var opSendMail = operation{name: "queue a mail", method: "POST", path: "admin/config/mail", permission: "Mail add", hush: true, retry: neverRepeat}

// SendMail puts a mail into Splynx's queue and returns its id. That it was queued does not tell that
// it was sent, and an error that does not say SurelyNot not that it was not.
func (c *Client) SendMail(ctx context.Context, m Mail) (int64, error) {
	if a, err := mail.ParseAddress(m.Recipient); err != nil || a.Address != m.Recipient {
		return 0, inputError(opSendMail, "the recipient is no mail address")
	}
	if m.Subject == "" || m.HTML == "" {
		return 0, inputError(opSendMail, "the subject or the text is empty")
	}
	if err := checkText("the subject", m.Subject, MaxComment); err != nil {
		return 0, inputError(opSendMail, "%w", err)
	}
	return c.create(ctx, opSendMail, map[string]string{"type": "add-on", "subject": m.Subject, "recipient": m.Recipient, "message": m.HTML})
}
