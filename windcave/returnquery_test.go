package windcave

import (
	"errors"
	"strings"
	"testing"
)

func TestReturnQuery(t *testing.T) {
	t.Parallel()
	for query, want := range map[string][2]string{
		"result=abc123&userid=User":            {"abc123", "User"},
		"userid=User&result=abc123":            {"abc123", "User"},
		"?result=abc123&userid=User":           {"abc123", "User"},
		"c=5?result=abc123&userid=User":        {"abc123", "User"},
		"a=b&c=5?result=abc123?userid=User":    {"abc123", "User"},
		"result=abc123":                        {"abc123", ""},
		"result=a-b_c%3D%3D&userid=U":          {"a-b_c==", "U"},
		"result=a-b_c==&userid=U":              {"a-b_c==", "U"},
		"result=abc&result=abc&userid=U":       {"abc", "U"},
		"result=&result=abc&userid=U&userid=U": {"abc", "U"},
		"x=%zz&result=abc&userid=U":            {"abc", "U"},
		"result=" + strings.Repeat("a", 2048):  {strings.Repeat("a", 2048), ""},
	} {
		token, user, err := ReturnQuery(query)
		if err != nil || token.Reveal() != want[0] || user != want[1] {
			t.Errorf("%.60s: %q, %q, %v", query, token.Reveal(), user, err)
		}
	}
	for _, query := range []string{
		"", "userid=User", "result=", "sessionId=0000060000324512067b", "Result=abc",
		"result=abc&result=abd", "result=abc&userid=A&userid=B", "result=abc&userid=a%20b", "result=abc&userid=%00",
		"result=abc&userid=" + strings.Repeat("u", 33), "result=" + strings.Repeat("a", 2049), "result=a%20b", "result=a%0a", "result=a.b",
		"result=%3Cscript%3E", "result=a;b=c", "result=a+b", "result=abc&x=" + strings.Repeat("x", 4*maxToken),
	} {
		token, user, err := ReturnQuery(query)
		var e *Error
		if !errors.As(err, &e) || e.Kind != KindInput || !token.Empty() || user != "" {
			t.Errorf("%.60s: %q, %q, %v", query, token.Reveal(), user, err)
		}
	}
}
