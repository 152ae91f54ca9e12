package hostile

// structures are mails, less their first lines, that readers of mail read
// differently from each other.
const structures = `
Content-Type: text/plain
Content-Type: text/html

{body}
====
Content-Type: text/html
Content-Type: text/plain

{body}
====
Content-Type: text/html
Content-Transfer-Encoding: 7bit
Content-Transfer-Encoding: base64

{body}
====
Content-Type: text/html;
 charset=utf-8; charset=utf-7

{body}
====
Content-Type: text/plain; name="x.html"

{body}
====
Content-Type: text/plain; format=flowed; delsp=yes

> > {body}
> https://example.com/"onmouseover={js}
> javascript:{js}
====
Content-Type: text/html (a comment); charset=(c)utf-8

{body}
====
Content-Type : text/html

{body}
====
Content-type:text/html

{body}
====
Content-Type: multipart/mixed; boundary="b"; boundary="c"

--c
Content-Type: text/html

{body}
--b
Content-Type: text/html

{body}
--b--
--c--
====
Content-Type: multipart/mixed; boundary=""

--
Content-Type: text/html

{body}
----
====
Content-Type: multipart/mixed; boundary="=_?b"

--=_?b
Content-Type: text/html

{body}
====
Content-Type: multipart/mixed; boundary=b

{body}
--b
Content-Type: text/plain

text
--b--
{body}
====
Content-Type: multipart/mixed; boundary=b

--b
{body}
--b
Content-Type: text/html
{body}

--b
: x
Content-Type: text/html

{body}
--b--
====
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/html

<p title="
--b
Content-Type: text/html

">{body}
--b
Content-Type: text/html

{body}
--b--
====
Content-Type: multipart/alternative; boundary=b

--b
Content-Type: text/plain

{body}
--b
Content-Type: multipart/related; boundary=c

--c
Content-Type: text/html

<style>@import "cid:s";</style><img src="cid:i"><img src="CID:i" onerror="{js}"><svg><use href="cid:i#x"/></svg>{body}
--c
Content-Type: text/css
Content-ID: <s>

@import "{url}"; * { background: url({url}) }
--c
Content-Type: image/svg+xml
Content-ID: <i>

<svg xmlns="http://www.w3.org/2000/svg" onload="{js}"><script>{js}</script><image href="{url}"/></svg>
--c--
--b--
====
Content-Type: multipart/related; boundary=c

--c
Content-Type: text/html

<img src="cid:i"><img src="cid:%69"><img src="cid:i&quot; onerror=&quot;{js}"><img alt=x src=cid:i onerror={js}>
--c
Content-Type: image/png"onerror="{js}
Content-ID: <i>

x
--c
Content-Type: image/png
Content-ID: <i" onerror="{js}>

x
--c
Content-Type: image/gif
Content-ID: <i>

<script>{js}</script>
--c--
====
Content-Type: message/rfc822

From: "<script>{js}</script>" <a@example.com>
Subject: <img src={url} onerror={js}>
Content-Type: text/html

{body}
====
Content-Type: multipart/digest; boundary=b

--b

Subject: <script>{js}</script>
Content-Type: text/html

{body}
--b--
====
Content-Type: message/external-body; access-type=URL; URL="{url}"

Content-Type: text/html

{body}
====
Content-Type: message/external-body; access-type=x-mutt-deleted; expiration="{url}"

Content-Type: text/html
Content-Location: {url}

====
Content-Type: message/partial; id="x"; number=1; total=1

Content-Type: text/html

{body}
====
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: text/plain

{body}
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; <script>{js}</script>
Diagnostic-Code: smtp; <img src={url} onerror={js}>

--b
Content-Type: text/rfc822-headers

Subject: <script>{js}</script>
--b--
====
Content-Type: text/calendar; method=REQUEST; charset=utf-8

BEGIN:VCALENDAR
METHOD:REQUEST
BEGIN:VEVENT
UID:<script>{js}</script>
SUMMARY:<img src={url} onerror={js}>
DESCRIPTION;ALTREP="{url}":{body}
X-ALT-DESC;FMTTYPE=text/html:{body}
LOCATION;ALTREP="javascript:{js}":javascript:{js}
URL:javascript:{js}
ATTACH;FMTTYPE=text/html:{url}
CONFERENCE;VALUE=URI:javascript:{js}
ORGANIZER;CN="<script>{js}</script>":javascript:{js}
ATTENDEE;DIR="{url}":mailto:x"onmouseover="{js}"@example.com
DTSTART:20261121T100000Z
BEGIN:VALARM
ACTION:AUDIO
ATTACH:{url}
END:VALARM
END:VEVENT
END:VCALENDAR
====
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/html

<p>x</p>{body}
--b
Content-Type: text/vcard; name="<img src=x onerror={js}>.vcf"

BEGIN:VCARD
FN:<script>{js}</script>
PHOTO;VALUE=uri:{url}
LOGO:{url}
SOUND:{url}
KEY:{url}
URL:javascript:{js}
NOTE:{body}
END:VCARD
--b
Content-Type: application/ms-tnef; name="winmail.dat"
Content-Transfer-Encoding: base64

eJ8+IgAAAQaQCAAEAAAAAAABAAEAAQeQBgAIAAAA5AQAAAAAAADoAAE=
--b--
====
Content-Type: multipart/signed; protocol="application/pgp-signature"; boundary=b

--b
Content-Type: text/html

{body}
--b
Content-Type: application/pgp-signature

{body}
--b--
====
Content-Type: application/pkcs7-mime; smime-type=signed-data; name=smime.p7m
Content-Transfer-Encoding: base64

Q29udGVudC1UeXBlOiB0ZXh0L2h0bWwNCg0KPHNjcmlwdD5yYW4oMCk8L3NjcmlwdD4=
====
Content-Type: text/plain

begin 644 x.html
{body}
end
====
Content-Type: text/html
Content-Location: {url}
Content-Base: {url}
Link: <{url}>; rel=stylesheet
Refresh: 0; url={url}
Location: {url}
X-Face: <img src={url} onerror={js}>
Face: {url}
BIMI-Location: v=BIMI1; l={url}
X-Image-URL: {url}
List-Unsubscribe: <javascript:{js}>
List-Unsubscribe-Post: List-Unsubscribe=One-Click
Disposition-Notification-To: <x@example.com>
Return-Receipt-To: <x@example.com>
Reply-To: "<script>{js}</script>" <javascript:{js}@example.com>
To: "<img src={url} onerror={js}>" <"<svg/onload={js}>"@example.com>, =?utf-8?q?=3Cscript=3E?= <a@b.example>
Cc: undisclosed-recipients: <script>{js}</script>;
Date: <script>{js}</script>
Message-ID: <"><script>{js}</script>@x>
<script>{js}</script>: x
X-<img/src=x/onerror={js}>: y

{body}
====
Content-Type: text/html
X-Folded: a
	<script>{js}</script>
 <img src={url}>

{body}
====
Content-Type: multipart/mixed; boundary="<script>{js}</script>"

--<script>{js}</script>
Content-Type: text/html

{body}
--<script>{js}</script>--
====
Content-Type: text/html; charset="\"><script>{js}</script>"; name="\"><script>{js}</script>"

{body}
====
Content-Type: <script>{js}</script>/<img src={url}>
Content-Disposition: attachment; filename="<img src={url} onerror={js}>"

{body}
`
