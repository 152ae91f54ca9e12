package rules

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"github.com/postseal/postseal/rules/extract"
)

// newZip makes an archive of names and contents; a name that begins with "!" is
// marked as encrypted.
func newZip(t *testing.T, files ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i := 0; i < len(files); i += 2 {
		h := &zip.FileHeader{Name: strings.TrimPrefix(files[i], "!"), Method: zip.Store}
		h.UncompressedSize64, h.CompressedSize64 = uint64(len(files[i+1])), uint64(len(files[i+1]))
		if h.Name != files[i] {
			h.Flags |= 1 // APPNOTE 4.4.4: the file is encrypted
		}
		f, err := w.CreateRaw(h)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte(files[i+1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func attachmentMail(name string, content []byte) string {
	return "Subject: x\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nhello\n--b\n" +
		"Content-Type: application/octet-stream\nContent-Disposition: attachment; filename=\"" + name + "\"\nContent-Transfer-Encoding: base64\n\n" +
		base64.StdEncoding.EncodeToString(content) + "\n--b--\n"
}

// What attachments hold, and what they are by content.
func TestDocumentConditions(t *testing.T) {
	const document = `<w:document xmlns:w="w"><w:body><w:p><w:r><w:t>Visa 4111 1111 </w:t></w:r><w:r><w:t>1111 1111</w:t></w:r></w:p></w:body></w:document>`
	docx := newZip(t, "[Content_Types].xml", "<Types/>", "word/document.xml", document)
	nested := newZip(t, "inner.zip", string(newZip(t, "Report.DOCX", string(docx), "note.txt", "hello")))
	locked := newZip(t, "!secret.txt", "\x12\x34\x56\x78 garbage")
	tests := []struct {
		name, when, file string
		content          []byte
		want             string
	}{
		{"card in a document", `detect.credit-card = 1`, "a.docx", docx, "pickup by r"},
		{"card in a document without its name", `detect.credit-card = 1`, "a.bin", docx, "pickup by r"},
		{"card in a document in archives", `detect.credit-card = 1`, "a.zip", nested, "pickup by r"},
		{"card elsewhere", "detect.credit-card = 1\nin = \"body\"", "a.zip", nested, "deliver"},
		{"no card", `detect.credit-card = 1`, "a.zip", newZip(t, "a.txt", "hello"), "deliver"},
		{"card behind a password", `detect.credit-card = 1`, "a.zip", locked, `quarantine (unscannable: rule "r": 2: the content is encrypted)`},
		{"type by content", `attachment.real_type = "application/vnd.openxmlformats-officedocument.*"`, "a.bin", docx, "pickup by r"},
		{"type by content, another", `attachment.real_type = "application/pdf"`, "a.pdf", docx, "deliver"},
		{"encrypted", `attachment.encrypted = true`, "a.zip", locked, "pickup by r"},
		{"not encrypted", `attachment.encrypted = true`, "a.zip", nested, "deliver"},
		{"encrypted, of that name", `attachment = { encrypted = true, name = "b.zip" }`, "a.zip", locked, "deliver"},
		{"macros", `attachment.macros = true`, "a.docm", newZip(t, "[Content_Types].xml", "<Types/>", "word/document.xml", document, "word/vbaProject.bin", "x"), "pickup by r"},
		{"no macros", `attachment.macros = true`, "a.docx", docx, "deliver"},
		{"macros behind a password", `attachment.macros = true`, "a.zip", locked, `quarantine (unscannable: rule "r": 2: the content is encrypted)`},
		{"inside", `attachment = { inside = true, extension = "docx" }`, "a.zip", nested, "pickup by r"},
		{"inside, another", `attachment = { inside = true, extension = "exe" }`, "a.zip", nested, "deliver"},
		{"inside isn't outside", `attachment = { inside = true, extension = "zip" }`, "a.zip", newZip(t, "a.txt", "x"), "deliver"},
		{"inside, by name and size", `attachment = { inside = true, name = "n?te.*", size = "< 6" }`, "a.zip", nested, "pickup by r"},
		{"an encrypted text in a document", `detect.credit-card = 1`, "a.docx", newZip(t, "[Content_Types].xml", "<Types/>", "word/document.xml", strings.Replace(document, "Visa 4111", "-----BEGIN PGP MESSAGE-----", 1)), `quarantine (unscannable: rule "r": 2: the content is encrypted)`},
		{"an encrypted text in a binary", `detect.credit-card = 1`, "a.bin", []byte("\x00\x01\x02\xff\xfe\x00\x03-----BEGIN PGP MESSAGE-----\n\nx\n"), `quarantine (unscannable: rule "r": 2: the content is encrypted)`},
		{"unscannable", `unscannable = "*encrypted*"`, "a.zip", locked, "pickup by r"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			set := loadText(t, "[[rule]]\nname = \"r\"\nthen = \"pickup\"\n[rule.when]\n"+tt.when)
			d, err := set.Evaluate(context.Background(), newMessage(t, attachmentMail(tt.file, tt.content), "ann@example.com", "bob@guest.example"))
			if err != nil {
				t.Fatal(err)
			}
			if got := d.Verdicts[0].String(); got != tt.want {
				t.Errorf("%s, want %s; %q", got, tt.want, d.Defects)
			}
			for _, e := range d.Verdicts[0].Evidence {
				if strings.Contains(e.String(), "1111 1111") {
					t.Errorf("evidence shows %q", e)
				}
			}
		})
	}
}

// A document is opened whatever type was declared for it.
func TestDeclaredTypes(t *testing.T) {
	docx := newZip(t, "[Content_Types].xml", "<Types/>", "word/document.xml", `<w:document xmlns:w="w"><w:body><w:p><w:r><w:t>Visa 4111 1111 1111 1111</w:t></w:r></w:p></w:body></w:document>`)
	content := newZip(t, "a.docx", string(docx)) // stored, but a docx is no text
	set := loadText(t, "[[rule]]\nname = \"r\"\nthen = \"pickup\"\nwhen = { attachment = { inside = true, extension = \"docx\" }, detect.credit-card = 1 }\n")
	for _, mediaType := range []string{
		"application/octet-stream", "text/plain", "text/html", "image/png", "message/delivery-status", "message/x-unknown", "application/pdf", "video/mp4", "x", "",
	} {
		mail := strings.Replace(attachmentMail("a.dat", content), "Content-Type: application/octet-stream", "Content-Type: "+mediaType, 1)
		d, err := set.Evaluate(context.Background(), newMessage(t, mail, "ann@example.com", "bob@guest.example"))
		if err != nil {
			t.Fatal(err)
		}
		if got := d.Verdicts[0].String(); got != "pickup by r" {
			t.Errorf("%q: %s, %q", mediaType, got, d.Defects)
		}
	}
}

// Ordinary files are neither encrypted nor unreadable, and what lies raw in a
// document that is read properly isn't searched.
func TestOrdinaryFiles(t *testing.T) {
	set := loadText(t, "[[rule]]\nname = \"r\"\nthen = \"pickup\"\nwhen.any = [{ attachment.encrypted = true }, { detect.credit-card = 1 }]\n")
	for name, content := range map[string]string{
		"a.jpg":  "\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x01\x00\x01\x00\x01\x00\x00\xff\xdb\x00C\x00",
		"a.png":  "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00",
		"a.gif":  "GIF89a\x01\x00\x01\x00\x80\xff\x00\xff\xff\xff\x00\x00\x00,",
		"a.mp3":  "ID3\x04\x00\x00\x00\x00\x00#TSSE\x00\x00\x00\x0f\xff\xfb\x90",
		"a.bin":  "\xff\xfe\xfd\xfc\xfb\xfa\x00\x00\x80\x81\x82\x83",
		"a.zip":  string(newZip(t, "a.txt", "hello")),
		"a.txt":  "hello",
		"a.json": `{"a": 1}`,
	} {
		d, err := set.Evaluate(context.Background(), newMessage(t, attachmentMail(name, []byte(content)), "ann@example.com", "bob@guest.example"))
		if err != nil {
			t.Fatal(err)
		}
		if got := d.Verdicts[0].String(); got != "deliver" {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// brokenExtractor fails, or gives up on everything.
type brokenExtractor struct{ err error }

func (e brokenExtractor) Extract(context.Context, extract.Document, func(*extract.Text) error) (*extract.Result, error) {
	if e.err != nil {
		return nil, e.err
	}
	return &extract.Result{Unscannable: []extract.Reason{extract.ReasonTimeout}}, nil
}

// An extractor that fails stops the evaluation, one that gives up makes a
// message that can't be read.
func TestBrokenExtractor(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, dir+"/10.toml", "[[rule]]\nname = \"r\"\nthen = \"pickup\"\nwhen.detect.credit-card = 1\n")
	m := newMessage(t, attachmentMail("a.docx", newZip(t, "a.txt", "x")), "ann@example.com", "bob@guest.example")
	o := testOptions()
	o.Extractor = brokenExtractor{errBroken}
	set, err := Load(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	if d, err := set.Evaluate(context.Background(), m); !errors.Is(err, errBroken) || d != nil {
		t.Errorf("%v, %v", d, err)
	}
	o.Extractor = brokenExtractor{}
	if set, err = Load(dir, o); err != nil {
		t.Fatal(err)
	}
	d, err := set.Evaluate(context.Background(), m)
	if err != nil || !strings.HasPrefix(d.Verdicts[0].Reason, "unscannable") {
		t.Errorf("%v, %v", d, err)
	}
}

// Texts shows what rules see, documents and what is in them included.
func TestTexts(t *testing.T) {
	document := newZip(t, "[Content_Types].xml", "<Types/>", "word/document.xml", `<w:document xmlns:w="w"><w:body><w:p><w:r><w:t>in the document</w:t></w:r></w:p></w:body></w:document>`)
	content := newZip(t, "a.docx", string(document), "!b.txt", "xxxxxxxxxxxxxxxx")
	seen := map[string]string{}
	defects, unread, err := Texts(context.Background(), newMessage(t, attachmentMail("a.zip", content), "", "x@example.com"), Options{}, func(text Text) error {
		seen[text.Label+"|"+text.Part+"|"+text.Inner] += string(text.Data)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{
		"header Subject||":                         "x",
		"body text/plain|1|":                       "hello",
		"attachment a.zip (a file in it)|2|a.docx": "in the document",
	} {
		if !strings.Contains(seen[key], want) {
			t.Errorf("%s is %q, want %q", key, seen[key], want)
		}
	}
	if len(defects) != 0 || len(unread) != 1 || unread[0] != "2: the content is encrypted" {
		t.Errorf("defects %q, not read %q; saw %q", defects, unread, seen)
	}
	if _, _, err := Texts(context.Background(), newMessage(t, plainMail, "", "x@example.com"), Options{}, func(Text) error { return errBroken }); !errors.Is(err, errBroken) {
		t.Errorf("an error of visit: %v", err)
	}
}
