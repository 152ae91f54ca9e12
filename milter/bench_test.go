package milter

import (
	"io"
	"log/slog"
	"net"
	"strings"
	"testing"
)

// BenchmarkMessage sends messages over one connection as Postfix does, all steps
// without an answer. It measures both ends.
func BenchmarkMessage(b *testing.B) {
	for name, tt := range map[string]struct {
		to   string
		size int
	}{
		"pass/4k":   {"<colleague@example.com>", 4 << 10},
		"pass/100k": {"<colleague@example.com>", 100 << 10},
		"scan/4k":   {"<reader@elsewhere.example>", 4 << 10},
		"scan/100k": {"<reader@elsewhere.example>", 100 << 10},
		"seal/4k":   {"<guest@customer.example>", 4 << 10},
	} {
		b.Run(name, func(b *testing.B) {
			s := newServer(b, &fakeStore{}, func(o *Options) { o.Log = slog.New(slog.DiscardHandler) })
			dir := b.TempDir()
			l, err := net.Listen("unix", dir+"/s")
			if err != nil {
				b.Fatal(err)
			}
			go s.Serve(l)
			defer l.Close()
			c, err := net.Dial("unix", dir+"/s")
			if err != nil {
				b.Fatal(err)
			}
			defer c.Close()
			if _, err := c.Write(appendFrame(nil, 'O', []byte("\x00\x00\x00\x06\x00\x00\x01\xff\x00\x1f\xff\xff"))); err != nil {
				b.Fatal(err)
			}
			read := func() byte {
				var head [5]byte
				if _, err := io.ReadFull(c, head[:]); err != nil {
					b.Fatal(err)
				}
				if _, err := io.CopyN(io.Discard, c, int64(head[1])<<16|int64(head[2])<<8|int64(head[3])-1); err != nil {
					b.Fatal(err)
				}
				return head[4]
			}
			read()
			var m []byte
			m = appendString(m, 'M', "<ann@example.com>", "SIZE=4096")
			m = appendString(m, 'D', "Ri", "4QUEUE")
			m = appendString(m, 'R', tt.to)
			for _, h := range [][2]string{
				{"Received", " from client.example.com (client.example.com [192.0.2.7])\n\tby mail.example.com with ESMTP id 4QUEUE; Sat, 21 Nov 2026 19:10:00 +0000"},
				{"From", " Ann Archer <ann@example.com>"}, {"To", " somebody@customer.example"}, {"Subject", " Minutes of the meeting"},
				{"Date", " Sat, 21 Nov 2026 19:10:00 +0000"}, {"Message-ID", " <m1@example.com>"}, {"MIME-Version", " 1.0"},
				{"Content-Type", " text/plain; charset=utf-8"},
			} {
				m = appendString(m, 'L', h[0], h[1])
			}
			m = appendFrame(m, 'N')
			body := strings.Repeat("The quick brown fox jumps over the lazy dog, 12345 times.\r\n", tt.size/59)
			for ; body != ""; body = body[min(len(body), 65535):] {
				m = appendFrame(m, 'B', []byte(body[:min(len(body), 65535)]))
			}
			m = appendFrame(m, 'E')
			b.SetBytes(int64(len(m)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := c.Write(m); err != nil {
					b.Fatal(err)
				}
				for read() != 'a' {
				}
				if _, err := c.Write(appendFrame(nil, 'A')); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
