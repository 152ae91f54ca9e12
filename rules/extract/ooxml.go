package extract

import (
	"archive/zip"
	"path"
	"slices"
	"strings"
)

// readOOXML reads an office file of ECMA-376: the text of all XML parts that hold
// words, workbooks as rows, embedded documents as documents.
func readOOXML(p *zipPackage) error {
	p.job.setType(p.node, p.officeType())
	for _, f := range p.zip.File {
		name := strings.ToLower(f.Name)
		if f.Flags&1 != 0 {
			p.job.encrypted(p.node)
			continue
		}
		if path.Base(name) == "vbaproject.bin" || strings.Contains(name, "/macrosheets/") || strings.HasSuffix(name, "/vbadata.xml") {
			p.job.macros(p.node)
		}
	}
	if err := p.workbook(); err != nil {
		return err
	}
	for _, f := range p.inOrder() {
		if err := p.officePart(f); err != nil {
			return err
		}
	}
	return nil
}

// officeType tells the families of office files apart by the folders of their
// parts. One with the folders of several is taken for the first family, whatever
// the order of its parts.
func (p *zipPackage) officeType() string {
	const office = "application/vnd.openxmlformats-officedocument."
	families := []struct{ prefix, media string }{
		{"word/", office + "wordprocessingml.document"},
		{"xl/workbook.bin", "application/vnd.ms-excel.sheet.binary.macroenabled.12"},
		{"xl/", office + "spreadsheetml.sheet"},
		{"ppt/", office + "presentationml.presentation"},
		{"visio/", "application/vnd.ms-visio.drawing"},
	}
	for _, f := range families {
		for name := range p.parts {
			if strings.HasPrefix(name, f.prefix) {
				return f.media
			}
		}
	}
	return "application/vnd.openxmlformats-package"
}

// inOrder returns the parts by name, so that text comes in the same order
// whatever the order in the file; slide10 comes after slide9.
func (p *zipPackage) inOrder() []*zip.File {
	files := slices.Clone(p.zip.File)
	slices.SortStableFunc(files, func(a, b *zip.File) int {
		if d := len(a.Name) - len(b.Name); d != 0 && path.Dir(a.Name) == path.Dir(b.Name) {
			return d
		}
		return strings.Compare(a.Name, b.Name)
	})
	return files
}

// officePart reads one part of an office file.
func (p *zipPackage) officePart(f *zip.File) error {
	name := strings.ToLower(f.Name)
	base := path.Base(name)
	switch {
	case f.Flags&1 != 0, strings.HasSuffix(name, "/"):
		return nil
	case isCellPart(name), base == "[content_types].xml", base == "vbadata.xml":
		return nil
	case strings.Contains(name, "/theme/"), base == "styles.xml", base == "fonttable.xml", base == "websettings.xml", base == "calcchain.xml",
		strings.HasSuffix(base, "stylewitheffects.xml"), strings.Contains(name, "/slidelayouts/_rels/"), base == "tablestyles.xml", base == "presprops.xml", base == "viewprops.xml":
		return nil
	case strings.Contains(name, "/media/") && picture(base), strings.HasSuffix(base, ".odttf"):
		return nil
	}
	data, err := p.part(f)
	if err != nil || len(data) == 0 {
		return err
	}
	switch path.Ext(base) {
	case ".xml", ".rels", ".vml":
		s := p.job.sink(p.node)
		if !xmlText(s, data) {
			p.job.note(ReasonMalformed)
		}
		return s.close()
	}
	if base == "vbaproject.bin" {
		return p.job.readStrings(p.node, data)
	}
	return p.job.officeObject(p.node, f.Name, data)
}

// officeObject reads a part that is no XML: a document that was embedded, or
// something of the office program's own, of which only strings matter.
func (j *job) officeObject(n node, name string, data []byte) error {
	if k, _ := identify(node{name: name, data: data}); k == kindBinary || k == kindText {
		return j.readStrings(n, data)
	}
	return j.embeddedRead(n, name, data)
}

// embeddedRead is embedded for data whose octets are counted already.
func (j *job) embeddedRead(n node, name string, data []byte) error {
	m, err := j.enter(n, name)
	if err != nil {
		return err
	}
	return j.descend(m, "", data)
}

// picture tells whether a file name is one of a picture, sound or film.
func picture(base string) bool {
	switch path.Ext(base) {
	case ".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".wdp", ".mp3", ".mp4", ".m4a", ".wav", ".wmv", ".avi":
		return true
	}
	return false
}
