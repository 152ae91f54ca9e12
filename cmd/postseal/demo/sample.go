package demo

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"fmt"
	"strings"
)

// The ways in which a sample can end for a recipient.
const (
	delivered = "delivered in clear"
	sealed    = "sealed, for an account"
	oneTime   = "sealed, for a one-time link"
	returned  = "returned to the sender"
)

// A sample is one mail of the demo, and how it must end. Each guest gets one
// mail, so that a captured mail tells its sample.
type sample struct {
	title   string
	from    string
	to      []string
	want    []string // one a recipient
	subject string
	body    string
	file    *file
	receipt bool // the sender gets one
}

// A file is an attachment.
type file struct {
	name, kind string
	data       []byte
}

const sheetType = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

func samples() []sample {
	const ann = "ann@example.com"
	return []sample{
		{
			title: "a card number to a guest", from: ann,
			to: []string{"bob@guest.example"}, want: []string{sealed},
			subject: "Your booking",
			body:    "Dear Bob,\n\nwe charged Visa 4111 1111 1111 1111, valid until 12/29.\n\nAnn\n",
		},
		{
			title: "a spreadsheet", from: ann,
			to: []string{"carla@partner.example"}, want: []string{sealed},
			subject: "The list you asked for",
			body:    "Dear Carla,\n\nhere it is.\n\nAnn\n",
			file:    &file{"customers.xlsx", sheetType, spreadsheet("Name", "City", "Balance", "Bob", "Turku", "120.50")},
		},
		{
			title: "a social security number to a colleague and a guest", from: ann,
			to: []string{"cy@example.com", "dan@guest.example"}, want: []string{delivered, sealed},
			subject: "New employee",
			body:    "Dear Cy, dear Dan,\n\nthe number is 536-22-8726.\n\nAnn\n",
		},
		{
			title: "[one-time] in the subject", from: ann,
			to: []string{"eve@guest.example"}, want: []string{oneTime},
			subject: "[one-time] Access",
			body:    "Dear Eve,\n\nthe password is: swordfish\n\nAnn\n",
			receipt: true,
		},
		{
			title: "a plain mail", from: ann,
			to: []string{"fay@guest.example"}, want: []string{delivered},
			subject: "Lunch",
			body:    "Dear Fay,\n\nat noon?\n\nAnn\n",
		},
		{
			title: "ten card numbers and more", from: ann,
			to: []string{"gil@guest.example"}, want: []string{returned},
			subject: "All of them",
			body: "4111 1111 1111 1111\n4012 8888 8888 1881\n4222 2222 2222 2220\n5500 0000 0000 0004\n" +
				"5555 5555 5555 4444\n5105 1051 0510 5100\n6011 1111 1111 1117\n6011 0009 9013 9424\n" +
				"3530 1113 3330 0000\n3566 0020 2036 0505\n3714 496353 98431\n",
		},
	}
}

// message writes the sample as mail (RFC 5322, CRLF).
func (s sample) message() []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "From: Ann Archer <%s>\nTo: %s\nSubject: %s\nMIME-Version: 1.0\n", s.from, strings.Join(s.to, ", "), s.subject)
	const plain = "Content-Type: text/plain; charset=us-ascii\n\n"
	if s.file == nil {
		b.WriteString(plain + s.body)
	} else {
		const boundary = "=_postseal-demo"
		fmt.Fprintf(&b, "Content-Type: multipart/mixed; boundary=%q\n\n--%s\n%s%s\n--%s\n", boundary, boundary, plain, s.body, boundary)
		fmt.Fprintf(&b, "Content-Type: %s\nContent-Transfer-Encoding: base64\nContent-Disposition: attachment; filename=%q\n\n", s.file.kind, s.file.name)
		text := base64.StdEncoding.EncodeToString(s.file.data)
		for len(text) > 76 { // RFC 2045 section 6.8
			b.WriteString(text[:76] + "\n")
			text = text[76:]
		}
		fmt.Fprintf(&b, "%s\n--%s--\n", text, boundary)
	}
	return []byte(strings.ReplaceAll(b.String(), "\n", "\r\n"))
}

// spreadsheet returns a workbook (ECMA-376) with rows of three cells.
func spreadsheet(cells ...string) []byte {
	var rows strings.Builder
	for i, c := range cells {
		if i%3 == 0 {
			rows.WriteString("<row>")
		}
		fmt.Fprintf(&rows, `<c t="inlineStr"><is><t>%s</t></is></c>`, c)
		if i%3 == 2 {
			rows.WriteString("</row>")
		}
	}
	const head = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n"
	const relations = "http://schemas.openxmlformats.org/package/2006/relationships"
	const office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
	const sheet = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
	const kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
	parts := []struct{ name, text string }{
		{"[Content_Types].xml", `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">` +
			`<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>` +
			`<Override PartName="/xl/workbook.xml" ContentType="` + kind + `.sheet.main+xml"/>` +
			`<Override PartName="/xl/worksheets/sheet1.xml" ContentType="` + kind + `.worksheet+xml"/></Types>`},
		{"_rels/.rels", `<Relationships xmlns="` + relations + `"><Relationship Id="rId1" Type="` + office + `/officeDocument" Target="xl/workbook.xml"/></Relationships>`},
		{"xl/workbook.xml", `<workbook xmlns="` + sheet + `" xmlns:r="` + office + `"><sheets><sheet name="Customers" sheetId="1" r:id="rId1"/></sheets></workbook>`},
		{"xl/_rels/workbook.xml.rels", `<Relationships xmlns="` + relations + `"><Relationship Id="rId1" Type="` + office + `/worksheet" Target="worksheets/sheet1.xml"/></Relationships>`},
		{"xl/worksheets/sheet1.xml", `<worksheet xmlns="` + sheet + `"><sheetData>` + rows.String() + `</sheetData></worksheet>`},
	}
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, p := range parts {
		// A bytes.Buffer takes everything, so no write here can fail.
		w, _ := z.Create(p.name)
		w.Write([]byte(head + p.text))
	}
	z.Close()
	return b.Bytes()
}
