package detect

import (
	"bytes"
	"math"
	"strings"
)

// A secretPattern is one way in which keys and passwords look. What a pattern
// matches may have less than the whole of it as its secret: the first group.
type secretPattern struct {
	expr    string
	entropy float64                // bits a character that the secret has at the least; 0: not looked at
	prose   bool                   // also matches what is no secret: a placeholder, a word, a name in a program
	after   func(rest []byte) bool // what follows the literal; nil: anything
}

// secretReach is how far around its mark a secret is looked for, in octets.
const secretReach = 400

func secretDefinitions() []Definition {
	return []Definition{{
		Name:  "secret",
		Title: "Key, token or password",
		Finds: "Private keys in PEM and OpenSSH form, age and PGP secret keys; tokens that carry their issuer's mark (AWS, Google, GitHub, GitLab, Slack, Stripe, npm, PyPI, SendGrid, Twilio, Mailgun, Telegram, DigitalOcean, Hugging Face, OpenAI, Anthropic, Shopify, Databricks, Square, Azure and JSON web tokens); a password in a URL; and what is assigned to a name such as password, secret, token or api key, if it is at least eight characters and random enough. Placeholders (example, changeme, your_..., <...>, ${...}) are left out.",
		Source: []string{
			"The issuers' documentation of their token formats; RFC 7468 (PEM), RFC 7519 (JWT), RFC 3986 section 3.2.1 (user information)",
		},
		Examples: []string{
			"AKIAQ3EGTYJLRW7ZK5PD", "ghp_16C7e42F292c6912E7710c838347Ae178B4a", "xoxb-263594206564-FGqddMF8t08v8N7Oq4i57vs1", "-----BEGIN RSA PRIVATE KEY-----", "-----BEGIN OPENSSH PRIVATE KEY-----",
			"password = 'Xk9$mQ2v!pL7'", "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYz9KLMqWeRt", "pwd=Summer2024!", "api_key: 9f8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c", "postgres://app:s3cr3tPq9x@db.internal/main", "AIzaSyD-9tSrke72PouQMnMX-a7eZSW0jkFMBWY",
			"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U", "AGE-SECRET-KEY-1QZ8ZJ7X5W9V4U3T2S6R0PQN8M7L6K5J4H3G2F9E8D7C6A5UQ3YWN7RZX0E",
		},
		Counter: []string{
			"password: changeme", "password = ${DB_PASSWORD}", "api_key = your_api_key_here", "AKIAIOSFODNN7EXAMPLE", "the password is required", "token: aaaaaaaaaaaa", "password: <password>",
			"-----BEGIN PUBLIC KEY-----", "secret santa party on friday", "ghp_short", "https://example.com/path@home", "postgres://user:password@localhost/db",
		},
		patterns: []secretPattern{
			{`-----BEGIN (?:[A-Z0-9]{2,12} ){0,2}PRIVATE KEY(?: BLOCK)?-----`, 0, false, nil},
			{`\bAGE-SECRET-KEY-(?:PQ-)?1[0-9A-Z]{50,}`, 3, false, nil},
			{`\b((?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16})\b`, 3, false, nil},
			{`\bAIza[0-9A-Za-z_-]{35}`, 3, false, nil},
			{`\bya29\.[0-9A-Za-z_-]{20,}`, 3, false, nil},
			{`\bGOCSPX-[0-9A-Za-z_-]{28}`, 3, false, nil},
			{`\b(?:ghp_|gho_|ghu_|ghs_|ghr_)[0-9A-Za-z]{36,}\b`, 3, false, nil},
			{`\bgithub_pat_[0-9A-Za-z_]{60,}`, 3, false, nil},
			{`\bglpat-[0-9A-Za-z_-]{20,}`, 3, false, nil},
			{`\bxox[abposre]-(?:[0-9A-Za-z]{1,}-){1,5}[0-9A-Za-z]{8,}`, 3, false, nil},
			{`hooks\.slack\.com/services/T[0-9A-Z]{6,16}/B[0-9A-Z]{6,16}/[0-9A-Za-z]{18,32}`, 3, false, nil},
			{`\b[sr]k_(?:live|test)_[0-9A-Za-z]{20,}`, 3, false, nil},
			{`\bwhsec_[0-9A-Za-z+/]{24,}`, 3, false, nil},
			{`\bnpm_[0-9A-Za-z]{36}\b`, 3, false, nil},
			{`\bpypi-AgE[0-9A-Za-z_-]{50,}`, 3, false, nil},
			{`\bSG\.[0-9A-Za-z_-]{16,32}\.[0-9A-Za-z_-]{30,}`, 3, false, nil},
			{`(?i)\btwilio\b.{0,40}?\b([0-9a-f]{32})\b`, 3, false, nil},
			{`\bkey-[0-9a-f]{32}\b`, 3, false, nil},
			{`\b[0-9]{8,10}:AA[0-9A-Za-z_-]{33}\b`, 3, false, nil},
			{`\bdo[opr]_v1_[0-9a-f]{64}\b`, 3, false, nil},
			{`\bhf_[0-9A-Za-z]{30,40}\b`, 3, false, nil},
			{`\bsk-(?:proj-|svcacct-)?[0-9A-Za-z_-]{16,}T3BlbkFJ[0-9A-Za-z_-]{16,}`, 3, false, nil},
			{`\bsk-ant-[0-9A-Za-z_-]{30,}`, 3, false, nil},
			{`\bshp(?:at|ca|pa|ss)_[0-9A-Fa-f]{32}\b`, 3, false, nil},
			{`\bdapi[0-9a-f]{32}\b`, 3, false, nil},
			{`\bsq0(?:atp|csp)-[0-9A-Za-z_-]{22,}`, 3, false, nil},
			{`(?i)\bAccountKey=([0-9A-Za-z+/]{64,}={0,2})`, 4, false, nil},
			{`\beyJ[0-9A-Za-z_-]{10,}\.eyJ[0-9A-Za-z_-]{10,}`, 4, false, nil},
			{`(?i)\b[a-z][a-z0-9+.-]{1,20}://[^\s/:@"'<>]{1,64}:([^\s/@"'<>]{6,})@[a-z0-9\[]`, 2.5, true, hasUserInfo},
			{`(?i)(?:password|passwort|kennwort|passwd|passcode|passphrase|\bpwd|contraseña|mot de passe|parola d'ordine|wachtwoord|api[_ -]?key|apikey|api[_ -]?token|access[_ -]?key|access[_ -]?token|auth[_ -]?token|client[_ -]?secret|secret[_ -]?key|private[_ -]?key|encryption[_ -]?key|bearer[_ -]?token|credentials?|secret|token)[0-9A-Za-z_-]{0,20}["']?\s{0,3}(?::=|=>|==|[:=])\s{0,3}["'` + "`" + `]?([^\s"'` + "`" + `,;<>(){}\[\]]{8,})`, 2.5, true, isAssigned},
		},
	}}
}

// secretValue returns the secret in a match, "" if it is none: too regular, or
// one of the values that stand for a secret in manuals and templates.
func (p secretPattern) secretValue(text []byte, m []int) string {
	from, to := m[0], m[1]
	if len(m) > 3 && m[2] >= 0 {
		from, to = m[2], m[3]
	}
	s := text[from:to]
	if p.entropy > 0 && entropy(s) < p.entropy || p.prose && isProse(s) || isSample(s) {
		return ""
	}
	return string(s)
}

// entropy is the information of a text in bits a character, by how often each
// stands in it (Shannon, 1948).
func entropy(s []byte) float64 {
	var count [256]int
	for _, b := range s {
		count[b]++
	}
	e := 0.0
	for _, c := range count {
		if c > 0 {
			p := float64(c) / float64(len(s))
			e -= p * math.Log2(p)
		}
	}
	return e
}

// isSample tells whether a value is one of a manual.
func isSample(s []byte) bool {
	l := bytes.ToLower(s)
	return bytes.Contains(l, []byte("example")) || bytes.Contains(l, []byte("xxxx"))
}

// isProse tells whether a value is a word, a placeholder or a name in a program.
func isProse(s []byte) bool {
	l := string(bytes.ToLower(s))
	for _, word := range []string{
		"changeme", "change_me", "change-me", "your_", "your-", "yourpass", "placeholder", "redacted", "****", "....", "dummy", "sample", "insert", "replace", "password", "passwort", "passwd", "secret", "token",
		"undefined", "function", "required", "optional", "process.env", "os.environ", "getenv", "1234567",
	} {
		if strings.Contains(l, word) {
			return true
		}
	}
	if strings.HasPrefix(l, "${") || strings.HasPrefix(l, "$(") || strings.HasPrefix(l, "{{") || strings.HasPrefix(l, "%") && strings.HasSuffix(l, "%") || strings.HasPrefix(l, "http") {
		return true
	}
	// A name, with a digit perhaps, as programs call things.
	letters := 0
	for i := range len(l) {
		switch b := l[i]; {
		case isLetter(b), b == '_', b == '.', b == '-', b == '/', b == '\\', b == ':':
			letters++
		case !isDigit(b):
			return false
		}
	}
	digits := len(l) - letters
	return digits == 0 || digits*6 <= len(l) && strings.ContainsAny(l, "_./") && entropy(s) < 4
}

// isAssigned tells whether a value can be assigned to the name before rest.
func isAssigned(rest []byte) bool {
	return bytes.ContainsAny(rest[:min(len(rest), 28)], ":=")
}

// hasUserInfo tells whether a URL whose "://" is before rest may have a password.
func hasUserInfo(rest []byte) bool {
	for _, b := range rest[:min(len(rest), 200)] {
		switch b {
		case '@':
			return true
		case '/', ' ', '"', '\'', '<', '>', '\n':
			return false
		}
	}
	return false
}
