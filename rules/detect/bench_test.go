package detect

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// prose makes n octets of text as mail has it: words, and a number now and then.
func prose(n int) []byte {
	rng := rand.New(rand.NewPCG(1, 1))
	words := strings.Fields("the of and to in is you that it he was for on are as with his they at be this have from or one had by word but not what all were we when your can said there use an each which she do how their if will up other about out many then them these so some her would make like him into time has look two more write go see number no way could people my than first water been call who oil its now find long down day did get come made may part account number meeting report please regards attached invoice customer")
	var b bytes.Buffer
	for i := 0; b.Len() < n; i++ {
		b.WriteString(words[rng.IntN(len(words))])
		switch {
		case i%97 == 0:
			fmt.Fprintf(&b, " %d", rng.IntN(1<<30))
		case i%61 == 0:
			fmt.Fprintf(&b, " 2026-%02d-%02d", 1+rng.IntN(12), 1+rng.IntN(28))
		case i%12 == 0:
			b.WriteString(".\r\n")
			continue
		}
		b.WriteByte(' ')
	}
	return b.Bytes()[:n]
}

func terms(n int) []Term {
	rng := rand.New(rand.NewPCG(2, 2))
	ts := make([]Term, n)
	for i := range ts {
		var b strings.Builder
		for range 4 + rng.IntN(10) {
			b.WriteByte(byte('a' + rng.IntN(26)))
		}
		ts[i].Text = b.String()
	}
	return ts
}

func BenchmarkScan(b *testing.B) {
	detectors := func(names ...string) func(*Builder) error {
		return func(b *Builder) error {
			for _, n := range names {
				if _, err := b.Detector(n, nil); err != nil {
					return err
				}
			}
			return nil
		}
	}
	for _, c := range []struct {
		name    string
		declare func(*Builder) error
	}{
		{"card", detectors("credit-card")},
		{"all-detectors", detectors(Names()...)},
		{"200-words", func(b *Builder) error { _, err := b.Words("w", terms(200)); return err }},
		{"everything", func(b *Builder) error {
			if err := detectors(Names()...)(b); err != nil {
				return err
			}
			_, err := b.Words("w", terms(500))
			return err
		}},
	} {
		s := compile(b, c.declare)
		for _, size := range []int{4 << 10, 20 << 20} {
			text := prose(size)
			b.Run(fmt.Sprintf("%s/%dKB", c.name, size>>10), func(b *testing.B) {
				b.SetBytes(int64(size))
				b.ReportAllocs()
				for b.Loop() {
					s.Scan(text, func(Finding) bool { return true })
				}
			})
		}
	}
}

func BenchmarkCompile(b *testing.B) {
	for b.Loop() {
		everything(b)
	}
}
