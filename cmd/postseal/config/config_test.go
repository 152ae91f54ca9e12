package config

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "rewrite the expected results")

// TestBadFiles compares all that is said about each file of testdata/bad.
func TestBadFiles(t *testing.T) {
	files, err := filepath.Glob("testdata/bad/*.toml")
	if err != nil || len(files) < 8 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			_, err := Load(file)
			var problems Problems
			if !errors.As(err, &problems) {
				t.Fatalf("got %v, want problems", err)
			}
			golden := strings.TrimSuffix(file, ".toml") + ".errors"
			got := err.Error() + "\n"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("got:\n%swant:\n%s", got, want)
			}
		})
	}
}

// TestSampleIsTheDefault reads the sample back, as it is and with every key
// written out.
func TestSampleIsTheDefault(t *testing.T) {
	want, err := Parse("/etc/postseal/postseal.toml", `
internal_domains = ["example.com"]
portal.url = "https://pickup.example.com"`)
	if err != nil {
		t.Fatal(err)
	}
	all := make(map[string]string)
	for _, k := range schema(Default()) {
		if !k.required {
			all[k.name] = k.value.String()
		}
	}
	for name, text := range map[string]string{"sample": Sample(nil), "written out": Sample(all), "effective": want.Effective()} {
		got, err := Parse("/etc/postseal/postseal.toml", text)
		if err != nil {
			t.Fatalf("%s: %v\n%s", name, err, text)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\n%+v, want\n%+v", name, got, want)
		}
	}
	if !strings.Contains(Sample(nil), `#retention = "30d"`) {
		t.Error("the sample does not show the default retention")
	}
}

func TestEveryKeyIsSet(t *testing.T) {
	text := `
internal_domains = ["example.com", ".example.com"]
[milter]
listen = ["inet:127.0.0.1:8891"]
socket_mode = "0600"
idle_timeout = "1h30m"
[portal]
url = "http://127.0.0.1:8080"
trusted_proxies = ["10.0.0.0/8", "::1"]
[limits]
message = 60_000_000
memory = "2 MiB"
[brand]
logo = "brand/logo.png"
[keys]
recovery = "offline"
[notice]
show_subject = true
receipt_subject = false
[languages]
default = "de"
domains = { "kunde.example" = "fr" }
`
	c, err := Parse("/srv/postseal/postseal.toml", text)
	if err != nil {
		t.Fatal(err)
	}
	for _, check := range []struct{ got, want any }{
		{c.InternalDomains, []string{"example.com", ".example.com"}},
		{c.Milter.SocketMode, uint32(0o600)},
		{c.Milter.Idle, 90 * time.Minute},
		{c.Limits.Message, int64(60e6)},
		{c.Limits.Memory, int64(2 << 20)},
		{c.Brand.Logo, "/srv/postseal/brand/logo.png"},
		{c.Rules.Dir, "/srv/postseal/rules.d"},
		{c.Store.Dir, "/var/lib/postseal"},
		{c.Keys.Recovery, "offline"},
		{c.Notice.ShowSubject, true},
		{c.Notice.ReceiptSubject, false},
		{c.Languages, Languages{"de", map[string]string{"kunde.example": "fr"}}},
		{c.MailDomain(), "example.com"},
	} {
		if !reflect.DeepEqual(check.got, check.want) {
			t.Errorf("got %v, want %v", check.got, check.want)
		}
	}
}

func TestLoadUnreadable(t *testing.T) {
	if _, err := Load(filepath.Join(t.TempDir(), "none.toml")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

func TestQuantities(t *testing.T) {
	for _, c := range []struct {
		text string
		want time.Duration
		show string
	}{
		{"90s", 90 * time.Second, "1m30s"}, {"2w", 14 * day, "14d"}, {"1d12h", 36 * hour, "1d12h"}, {"0s", 0, "0s"},
		{"", -1, ""}, {"5", -1, ""}, {"d", -1, ""}, {"-1d", -1, ""}, {"1.5h", -1, ""}, {"99999999999d", -1, ""}, {"2147483647w", -1, ""},
	} {
		got, err := parseDuration(c.text)
		if err != nil {
			got = -1
		}
		if got != c.want || err == nil && showDuration(got) != c.show {
			t.Errorf("%q: %v %v, want %v", c.text, got, err, c.want)
		}
	}
	for _, c := range []struct {
		text string
		want int64
		show string
	}{
		{"500", 500, "500"}, {"50 MB", 50e6, "50 MB"}, {"50mb", 50e6, "50 MB"}, {"64MiB", 64 << 20, "64 MiB"}, {"1536 B", 1536, "1536"},
		{"", -1, ""}, {"MB", -1, ""}, {"-1", -1, ""}, {"5 XB", -1, ""}, {"99999999999 GiB", -1, ""},
	} {
		got, err := parseSize(c.text)
		if err != nil {
			got = -1
		}
		if got != c.want || err == nil && showSize(got) != c.show {
			t.Errorf("%q: %v %v, want %v", c.text, got, err, c.want)
		}
	}
}

// TestReference compares docs/configuration.md with the keys.
func TestReference(t *testing.T) {
	const file = "../../../docs/configuration.md"
	const mark = "<!-- generated from the keys: go test ./cmd/postseal/config -update -->\n\n"
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	head, body, ok := strings.Cut(string(b), mark)
	if !ok {
		t.Fatalf("%s has no line %q", file, mark)
	}
	if *update {
		if err := os.WriteFile(file, []byte(head+mark+Reference()), 0o644); err != nil {
			t.Fatal(err)
		}
		body = Reference()
	}
	if body != Reference() {
		t.Errorf("%s is not what the keys say; run this test with -update", file)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(Sample(nil))
	f.Add("a = '''\n[x]\n''' # c\n[milter]\nlisten = [\n'a',\n]\n")
	f.Add("portal.url=\"https://\\\"\"\ninternal_domains=[\"é\"]")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := Parse("/x/postseal.toml", text)
		if err != nil {
			return
		}
		again, err := Parse("/x/postseal.toml", c.Effective())
		if err != nil {
			t.Fatalf("%v\n%s", err, c.Effective())
		}
		if !reflect.DeepEqual(c, again) {
			t.Errorf("%+v\n%+v", c, again)
		}
	})
}
