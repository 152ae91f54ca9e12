package rules

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// exampleSet loads those of the example files that fit a pattern.
func exampleSet(b *testing.B, pattern string) *Set {
	b.Helper()
	files, err := filepath.Glob(filepath.Join("..", "examples", pattern))
	if err != nil || len(files) == 0 {
		b.Fatalf("%d files, %v", len(files), err)
	}
	dir := b.TempDir()
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			b.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(file)), text, 0o644); err != nil {
			b.Fatal(err)
		}
	}
	set, err := Load(dir, testOptions())
	if err != nil {
		b.Fatal(err)
	}
	return set
}

// reportCPU adds what the benchmark costs in processor time, which holds on a busy
// machine too. The result is called at the end.
func reportCPU(b *testing.B, octets int64) func() {
	used := func() time.Duration {
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			b.Fatal(err)
		}
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	begin := used()
	return func() {
		spent := used() - begin
		b.ReportMetric(float64(spent)/1e3/float64(b.N), "cpu-us/op")
		if octets > 0 {
			b.ReportMetric(float64(octets)*float64(b.N)/1e6/spent.Seconds(), "cpu-MB/s")
		}
	}
}

// BenchmarkEvaluate gives the price of the sample rules for mails of common
// sizes, BenchmarkEvaluateAll that of all rule packs together.
func BenchmarkEvaluate(b *testing.B)    { benchmarkEvaluate(b, exampleSet(b, "sample.toml")) }
func BenchmarkEvaluateAll(b *testing.B) { benchmarkEvaluate(b, exampleSet(b, "*.toml")) }

func benchmarkEvaluate(b *testing.B, set *Set) {
	line := "The quick brown fox jumps over the lazy dog, order 4711 of 2026-11-21, phone 555 0100.\r\n"
	for _, size := range []struct {
		name  string
		bytes int
	}{{"4kB", 4_000}, {"100kB", 100_000}, {"10MB", 10_000_000}} {
		b.Run(size.name, func(b *testing.B) {
			body := []byte(strings.Repeat(line, size.bytes/len(line)))
			m := &Message{
				From: "ann@example.com", Recipients: []string{"bob@guest.example"},
				Header: []Field{{"From", " Ann <ann@example.com>"}, {"To", " bob@guest.example"}, {"Subject", " Lunch"}, {"Date", " Sat, 21 Nov 2026 12:00:00 +0000"}},
				Body:   bytes.NewReader(body), BodySize: int64(len(body)), Sent: SentBefore(0),
			}
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			defer reportCPU(b, int64(len(body)))()
			for b.Loop() {
				d, err := set.Evaluate(context.Background(), m)
				if err != nil || d.Verdicts[0].Action != Deliver {
					b.Fatal(d, err)
				}
			}
		})
	}
}

// BenchmarkEvaluateAttachment gives the price of a message with an attachment of
// a kind that is searched for strings.
func BenchmarkEvaluateAttachment(b *testing.B) {
	set := exampleSet(b, "*.toml")
	content := make([]byte, 7_500_000)
	random := rand.NewChaCha8([32]byte{})
	if _, err := random.Read(content); err != nil {
		b.Fatal(err)
	}
	encoded := base64.StdEncoding.EncodeToString(content)
	var body strings.Builder
	body.WriteString("--b\r\n\r\nhello\r\n--b\r\nContent-Type: image/jpeg\r\nContent-Disposition: attachment; filename=a.jpg\r\nContent-Transfer-Encoding: base64\r\n\r\n")
	for ; len(encoded) > 76; encoded = encoded[76:] {
		body.WriteString(encoded[:76] + "\r\n")
	}
	body.WriteString(encoded + "\r\n--b--\r\n")
	m := &Message{
		From: "ann@example.com", Recipients: []string{"bob@guest.example"},
		Header: []Field{{"Subject", " x"}, {"MIME-Version", " 1.0"}, {"Content-Type", " multipart/mixed; boundary=b"}},
		Body:   strings.NewReader(body.String()), BodySize: int64(body.Len()), Sent: SentBefore(0),
	}
	b.SetBytes(m.BodySize)
	b.ReportAllocs()
	defer reportCPU(b, m.BodySize)()
	for b.Loop() {
		d, err := set.Evaluate(context.Background(), m)
		if err != nil || d.Verdicts[0].Action != Deliver {
			b.Fatal(d, err)
		}
	}
}

// BenchmarkEvaluateRecipients gives the price of a message to very many.
func BenchmarkEvaluateRecipients(b *testing.B) {
	set := exampleSet(b, "*.toml")
	body := "Visa 4111 1111 1111 1111, and nothing else.\r\n"
	m := &Message{
		From: "ann@example.com", Header: []Field{{"Subject", " x"}},
		Body: strings.NewReader(body), BodySize: int64(len(body)), Sent: SentBefore(0),
	}
	for i := range 1000 {
		m.Recipients = append(m.Recipients, fmt.Sprintf("bob%d@guest%d.example", i, i))
	}
	b.ReportAllocs()
	defer reportCPU(b, 0)()
	for b.Loop() {
		d, err := set.Evaluate(context.Background(), m)
		if err != nil || d.Verdicts[999].Action == Deliver {
			b.Fatal(d, err)
		}
	}
}
