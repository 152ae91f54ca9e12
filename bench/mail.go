package main

import (
	"math/rand/v2"
	"os"
	"strings"
)

// words make text like that of ordinary mail: what smtp-source writes itself,
// one letter again and again, looks like undeclared base64, which no mail is.
var words = strings.Fields(`the of and to in a is that for it was on are as with his they at be this from have or by one had not
but what all were when we there can an your which their said if do will each about how up out them then she many some so
these would other into has more her two like him see time could no make than first been its who now people my made over did
down only way find use may water long little very after words called just where most know meeting invoice project report
customer delivery schedule office regards attached please thanks tomorrow Monday contract order number question answer`)

// ordinaryMail is a plain text message with a body of n octets.
func ordinaryMail(n int, extra string) string {
	var b strings.Builder
	b.WriteString("From: Ann Archer <ann@example.com>\r\nTo: guest\r\nSubject: the report\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n" + extra)
	r := rand.New(rand.NewPCG(1, 2)) // the same text in each run
	line := 0
	for end := b.Len() + n; b.Len() < end; {
		w := words[r.IntN(len(words))]
		if line += len(w) + 1; line > 72 {
			b.WriteString("\r\n")
			line = len(w) + 1
		}
		b.WriteString(w + " ")
	}
	return b.String() + "\r\n"
}

// writeMail writes the message of a load.
func (b *bench) writeMail(l load) error {
	return os.WriteFile(b.mail(), []byte(ordinaryMail(l.octets, l.extra)), 0o644)
}

// mail is the file that smtp-source sends.
func (b *bench) mail() string { return b.path("mail.eml") }
