package spool

import (
	"bytes"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
)

func TestSpool(t *testing.T) {
	for _, tt := range []struct {
		name   string
		chunks []int
		file   bool
	}{
		{"nothing", nil, false},
		{"in memory", []int{1, 2, 97}, false},
		{"one octet too many", []int{100, 1}, true},
		{"at once", []int{70_000}, true},
		{"many chunks", []int{65_535, 65_535, 65_535, 1, 300_000}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			s := New(dir, 100, 1<<20)
			defer s.Close()
			var want []byte
			for i, n := range tt.chunks {
				chunk := bytes.Repeat([]byte{byte('a' + i)}, n)
				want = append(want, chunk...)
				if _, err := s.Write(chunk); err != nil {
					t.Fatal(err)
				}
			}
			if (s.file != nil) != tt.file {
				t.Errorf("file %v, want %v", s.file != nil, tt.file)
			}
			if names, err := os.ReadDir(dir); err != nil || len(names) > 0 {
				t.Errorf("the folder shows %v, %v", names, err)
			}
			for range 2 { // it can be read again
				r, n, err := s.Reader()
				if err != nil || n != int64(len(want)) || n != s.Size() {
					t.Fatalf("%d octets, %v, want %d", n, err, len(want))
				}
				got, err := io.ReadAll(io.NewSectionReader(r, 0, n))
				if err != nil || !bytes.Equal(got, want) {
					t.Fatalf("read %d octets, %v", len(got), err)
				}
				if n > 10 {
					var part [5]byte
					if m, err := r.ReadAt(part[:], n-5); m != 5 || err != nil && err != io.EOF || !bytes.Equal(part[:], want[n-5:]) {
						t.Errorf("end %q, %v", part, err)
					}
				}
			}
		})
	}
}

func TestFileIsEncrypted(t *testing.T) {
	s := New(t.TempDir(), 10, 1<<20)
	defer s.Close()
	if _, err := s.Write([]byte(strings.Repeat("planted secret ", 10_000))); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Reader(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.file.Seek(0, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	raw, err := io.ReadAll(s.file)
	if err != nil || len(raw) < 150_000 {
		t.Fatalf("%d octets, %v", len(raw), err)
	}
	if bytes.Contains(raw, []byte("planted")) {
		t.Error("the file holds the message in clear")
	}
}

// A file that was changed or cut gives an error and no wrong octet.
func TestDamagedFile(t *testing.T) {
	for name, damage := range map[string]func(*os.File, int64) error{
		"cut off": func(f *os.File, n int64) error { return f.Truncate(n - 1) },
		"changed": func(f *os.File, n int64) error {
			_, err := f.WriteAt([]byte{0xff, 0xff, 0xff, 0xff}, n/2)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := New(t.TempDir(), 10, 1<<20)
			defer s.Close()
			if _, err := s.Write(bytes.Repeat([]byte("x"), 200_000)); err != nil {
				t.Fatal(err)
			}
			if err := s.sealed.Close(); err != nil {
				t.Fatal(err)
			}
			s.sealed = nil
			end, err := s.file.Seek(0, io.SeekEnd)
			if err != nil {
				t.Fatal(err)
			}
			if err := damage(s.file, end); err != nil {
				t.Fatal(err)
			}
			r, n, err := s.Reader()
			if err == nil {
				_, err = io.ReadAll(io.NewSectionReader(r, 0, n))
			}
			if err == nil {
				t.Error("the damage went unnoticed")
			}
		})
	}
}

func TestTooLarge(t *testing.T) {
	s := New(t.TempDir(), 10, 100)
	defer s.Close()
	if _, err := s.Write(make([]byte, 100)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Write([]byte{1}); !errors.Is(err, ErrTooLarge) {
		t.Errorf("error %v", err)
	}
	if _, err := s.Write([]byte{1}); !errors.Is(err, ErrTooLarge) {
		t.Errorf("error %v after an error", err)
	}
	if _, _, err := s.Reader(); !errors.Is(err, ErrTooLarge) {
		t.Errorf("reading gives %v", err)
	}
}

func TestClosed(t *testing.T) {
	s := New(t.TempDir(), 10, 100)
	if _, err := s.Write(make([]byte, 50)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Reader(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Write([]byte{1}); err == nil {
		t.Error("it takes more while it is read")
	}
	for range 2 {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := s.Write([]byte{1}); err == nil {
		t.Error("it takes more after Close")
	}
	if _, _, err := s.Reader(); err == nil {
		t.Error("it gives something after Close")
	}
}

func TestNoFolder(t *testing.T) {
	s := New(t.TempDir()+"/none", 10, 100)
	defer s.Close()
	if _, err := s.Write(make([]byte, 50)); err == nil {
		t.Error("no error")
	}
	if _, _, err := s.Reader(); err == nil {
		t.Error("reading gives no error")
	}
}
