package splynxtest

// mailSchema has the columns that OPTIONS tells; only the recipient is demanded. Nothing is ever sent.
const mailSchema = `
		id int integer fixed
		message_id int integer fixed
		type text string in=message|test|monitoring|add-on|ticket
		subject text string
		from text string
		recipient text string *
		message text string
		customer_id int string
		admin_id int string
		cc text string
		bcc text string
		sendCopy text string
		status text string fixed new=new
		datetime_added text string fixed
		datetime_start_sending text string fixed
		datetime_sent text string fixed`

func (s *Server) createMail(_ identity, in input) (int64, *refusal) {
	r := s.mails.blank()
	if bad := r.fill(in, true); bad != nil {
		return 0, bad
	}
	return s.mails.insert(r), nil
}

// Mail is a mail in the queue.
type Mail struct {
	ID int64
	// Message is HTML.
	Type, Subject, Recipient, Message string
	CustomerID                        int64
}

// Mails is every mail that was queued, in the order of their making.
func (s *Server) Mails() []Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return collect(s.mails, func(r *row) Mail {
		return Mail{r.id(), r.text("type"), r.text("subject"), r.text("recipient"), r.text("message"), r.int("customer_id")}
	})
}
