package windcave

import "testing"

// What is never tried again is one list: of classes, and of Visa's codes.
func TestNeverAgain(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		class Class
		code  string
		want  bool
	}{
		{ClassDeclined, "57", true},
		{ClassDeclined, "R1", true},
		{ClassCard, "54", true},
		{ClassToken, "JD", true},
		{ClassSoft, "51", false},
		{ClassDeclined, "05", false},
		{ClassNone, "", false},
	} {
		if got := NeverAgain(c.class, c.code); got != c.want {
			t.Errorf("%s %s: %v, want %v", c.class, c.code, got, c.want)
		}
	}
}
