package rules

import (
	"context"
	"testing"

	"github.com/postseal/postseal/rules/extract/sample"
)

// A card number is found in each format, whatever it is called and declared as.
func TestDocumentFormats(t *testing.T) {
	const card = "Visa 4111 1111 1111 1111"
	note := sample.File{Name: "note.txt", Data: []byte(card)}
	docx := sample.Docx([]string{"Visa 4111 11|11 1111 1111"})
	set := loadText(t, "[[rule]]\nname = \"r\"\nthen = \"pickup\"\nwhen.detect.credit-card = 1\n")
	for name, content := range map[string][]byte{
		"docx":           docx,
		"xlsx":           sample.Xlsx([][]sample.Cell{{{Text: "Card"}}, {{Number: "378282246310005"}}}),
		"pptx":           sample.Pptx(card),
		"odt":            sample.ODF("text", "<text:p>"+card+"</text:p>"),
		"doc":            sample.Doc("Visa 4111 1111 ", "1111 1111", false),
		"xls":            sample.Xls("Card", "x", 378282246310005, 1, false),
		"ppt":            sample.Ppt("a", card),
		"msg":            sample.Msg("a", "b", sample.File{Name: "a.docx", Data: docx}),
		"rtf":            sample.RTF(card),
		"pdf":            sample.PDF([]byte("BT /F1 10 Tf [(Visa 41) 10 (11 1111) -20 ( 1111 1111)] TJ ET"), ""),
		"vcf":            []byte("BEGIN:VCARD\r\nNOTE:Visa 4111 1111 11\r\n 11 1111\r\nEND:VCARD\r\n"),
		"ics":            []byte("BEGIN:VCALENDAR\r\nDESCRIPTION:Visa 4111 1111 11\r\n 11 1111\r\nEND:VCALENDAR\r\n"),
		"csv":            []byte("Name;Card\nAnn;4111111111111111\n"),
		"winmail.dat":    sample.TNEF("a", sample.File{Name: "a.docx", Data: docx}),
		"zip":            sample.Zip(note),
		"zip in tar.gz":  sample.Gzip("a.tar", sample.Tar(sample.File{Name: "b.zip", Data: sample.Zip(sample.File{Name: "c.docx", Data: docx})})),
		"rar":            sample.RAR(0, note),
		"eml in zip":     sample.Zip(sample.File{Name: "a.eml", Data: []byte(attachmentMail("b.docx", docx))}),
		"name in zip":    sample.Zip(sample.File{Name: card + ".txt", Data: []byte("x")}),
		"UTF-16 strings": append([]byte{0, 1, 2, 3}, sample.Wide(card)...),
	} {
		for _, file := range []string{"a.bin", "a.txt", "a.jpg", "a.pdf", ""} {
			d, err := set.Evaluate(context.Background(), newMessage(t, attachmentMail(file, content), "ann@example.com", "bob@guest.example"))
			if err != nil {
				t.Fatal(err)
			}
			if got := d.Verdicts[0].String(); got != "pickup by r" {
				t.Errorf("%s as %q: %s; %q", name, file, got, d.Defects)
			}
		}
	}
}
