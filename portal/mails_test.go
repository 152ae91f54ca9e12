package portal

// htmlMail has what an ordinary formatted mail has: an alternative, a picture by
// cid:, one from the web, a table, and attachments.
const htmlMail = `From: Clara Member <clara@firm.example>
To: Gustav Guest <guest@elsewhere.example>
Cc: Accounts <accounts@firm.example>
Subject: Your policy documents for 2027, with the tables you asked for
Date: Fri, 20 Nov 2026 10:00:00 +0100
Message-ID: <2@firm.example>
Received: from mua.firm.example (mua.firm.example [192.0.2.7])
 by mail.firm.example (Postfix) with ESMTPSA id 4XyZ1234
 for <guest@elsewhere.example>; Fri, 20 Nov 2026 10:00:00 +0100
User-Agent: Mail/7.1
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=outer

--outer
Content-Type: multipart/related; boundary=related

--related
Content-Type: multipart/alternative; boundary=alt

--alt
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: quoted-printable

Dear Mr Guest,

here are the documents for 2027. The yearly amount is 1=E2=80=AF284.00 =E2=82=AC.

Kind regards
Clara Member
--alt
Content-Type: text/html; charset=utf-8

<html><head><style>p { color: red }</style><title>x</title></head>
<body bgcolor="#ffffff" style="font-family: Georgia, serif; position: fixed">
<p style="color:#223344">Dear Mr Guest,</p>
<p>here are the documents for 2027. Please look at the <b>amounts</b> and tell me by <i>Friday</i> whether they
are right; <a href="https://firm.example/terms">the terms</a> have not changed.</p>
<table border="1" cellpadding="6" cellspacing="0" width="100%"><tr bgcolor="#e8eef5"><th align="left">Part</th><th align="right">2026</th><th align="right">2027</th></tr>
<tr><td>Household</td><td align="right">412.00</td><td align="right">431.00</td></tr>
<tr><td>Liability</td><td align="right">98.00</td><td align="right">98.00</td></tr>
<tr><td><b>Sum</b></td><td align="right"><b>510.00</b></td><td align="right" style="background-color: rgb(255, 249, 214)"><b>529.00</b></td></tr></table>
<p><img src="cid:dot@firm.example" alt="logo" width="48" height="48"> <img src="https://tracker.example/open.gif" alt="" width="1" height="1"></p>
<blockquote>On Monday you wrote: could you send me the tables?</blockquote>
<script>document.title = 'owned'</script>
<p onclick="alert(1)">Kind regards<br>Clara Member</p>
</body></html>
--alt--
--related
Content-Type: image/png
Content-ID: <dot@firm.example>
Content-Disposition: inline
Content-Transfer-Encoding: base64

iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9
awAAAABJRU5ErkJggg==
--related--
--outer
Content-Type: application/pdf; name="Policy 2027.pdf"
Content-Disposition: attachment; filename="Policy 2027.pdf"
Content-Transfer-Encoding: base64

JVBERi0xLjQKJSBub3QgcmVhbGx5IGEgUERGLCBidXQgbmFtZWQgbGlrZSBvbmUK
--outer
Content-Type: text/csv; charset=utf-8
Content-Disposition: attachment; filename*=utf-8''Betr%C3%A4ge%202027%20f%C3%BCr%20die%20Hausrat-%20und%20Haftpflichtversicherung.csv

part;2026;2027
household;412;431
--outer
Content-Type: application/octet-stream
Content-Disposition: attachment; filename="../../etc/passwd"

root
--outer--
`
