package splynxtest

import "testing"

func TestMailIsQueued(t *testing.T) {
	t.Parallel()
	s, c := setup(t, Options{})
	c.want(201, "POST", "admin/config/mail", `{"type":"add-on","subject":"A card","recipient":"office@isp.example","message":"<p>x</p>"}`)
	for _, body := range []string{
		`{"type":"add-on","subject":"A card","message":"x"}`, `{"type":"letter","subject":"A","recipient":"a@isp.example","message":"x"}`,
	} {
		c.want(422, "POST", "admin/config/mail", body)
	}
	if m := s.Mails(); len(m) != 1 || m[0] != (Mail{1, "add-on", "A card", "office@isp.example", "<p>x</p>", 0}) {
		t.Errorf("queued are %+v", m)
	}
}
