package notice

import "testing"

// What a guest typed is shown as it was checked: no reader decodes it.
func TestTypedEncodedWords(t *testing.T) {
	if got := encode("Re: =?utf-8?q?=E2=80=AE?= x"); got != "Re: = ?utf-8?q?=E2=80=AE?= x" {
		t.Errorf("subject %q", got)
	}
	if got := address("=?utf-8?q?Boss?=", "bob@guest.example"); got != "= ?utf-8?q?Boss?= <bob@guest.example>" {
		t.Errorf("name %q", got)
	}
	if got := encode("gr\u00fcn =?x"); got != "=?utf-8?q?gr=C3=BCn_=3D_=3Fx?=" {
		t.Errorf("subject %q", got)
	}
}
