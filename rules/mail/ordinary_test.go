package mail

import "testing"

// Ordinary mail has no defects: each costs a sweep, and who reads the log looks
// for a reason.
func TestOrdinaryMailHasNoDefects(t *testing.T) {
	for name, raw := range map[string]string{
		"plain":           "Subject: hi\n\nHello,\n\n> you wrote\n> a = b\n\n-- \nAnn\n____________________________________\n------------------------------------\nhttps://example.com/a/very/long/path/without/any/break?x=1&y=2\n",
		"table of values": "Subject: =?iso-8859-1?Q?Gr=FC=DFe?=\nContent-Type: text/plain; charset=\"iso-8859-1\"\nContent-Transfer-Encoding: 8bit\n\nwidth=100 height=50 total=1,000\nGr\xfc\xdfe\n",
		"flowed":          "Content-Type: text/plain; charset=UTF-8; format=flowed; delsp=yes\nContent-Transfer-Encoding: 7bit\n\nsome text \nthat flows\n",
		"signed":          "Content-Type: multipart/signed; micalg=pgp-sha512; protocol=\"application/pgp-signature\";\n boundary=\"=-x\"\n\n--=-x\nContent-Type: text/plain\n\nhello\n\n--=-x\nContent-Type: application/pgp-signature; name=\"signature.asc\"\nContent-Description: signature\n\n-----BEGIN PGP SIGNATURE-----\n\niQIzBAABCgAdFiEE0123456789abcdefghijklmnopqrstuvwxyzFAmKZ0QAKCRDZ\n=abcd\n-----END PGP SIGNATURE-----\n\n--=-x--\n\n",
		"calendar":        "Content-Type: multipart/mixed; boundary=\"_000_\"\n\n--_000_\nContent-Type: multipart/alternative; boundary=\"_001_\"\n\n--_001_\nContent-Type: text/plain; charset=\"us-ascii\"\nContent-Transfer-Encoding: quoted-printable\n\nDear all,=20\n\nsee you =\ntomorrow\n\n--_001_\nContent-Type: text/html; charset=\"us-ascii\"\nContent-Transfer-Encoding: quoted-printable\n\n<html><body bgcolor=3D\"#fff\">x</body></html>\n\n--_001_\nContent-Type: text/calendar; charset=\"utf-8\"; method=REQUEST\nContent-Transfer-Encoding: base64\n\nQkVHSU46VkNBTEVOREFSDQpFTkQ6VkNBTEVOREFSDQo=\n\n--_001_--\n\n--_000_--\n",
		"bounce":          "Content-Type: multipart/report; report-type=delivery-status; boundary=\"a/b.c\"\n\nThis is a MIME-encapsulated message.\n\n--a/b.c\nContent-Description: Notification\nContent-Type: text/plain; charset=us-ascii\n\nIt failed.\n\n--a/b.c\nContent-Description: Delivery report\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.com\n\nFinal-Recipient: rfc822; x@example.com\nAction: failed\n\n--a/b.c\nContent-Type: message/rfc822\n\nSubject: x\nContent-Type: text/plain; charset=utf-8\n\nhello\n--a/b.c--\n",
		"html 7bit":       "Content-Type: text/html; charset=utf-8\n\n<table width=20 height=30><tr><td class=x>1&nbsp;&copy;</td></tr></table>\n",
	} {
		m, _ := read(t, raw, Limits{})
		for _, d := range m.Defects {
			t.Errorf("%s: %s", name, d)
		}
		if len(m.Unscannable) > 0 {
			t.Errorf("%s: unscannable: %s", name, m.Unscannable[0])
		}
	}
}
