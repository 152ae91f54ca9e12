package extract

import (
	"bytes"
	"encoding/csv"
	"io"

	"github.com/postseal/postseal/rules/mail"
)

// readCSV gives a file of separated values as it is, and then as a sheet, with
// the heading beside each long number. The second is no need for a short file,
// where the headings are near.
func readCSV(j *job, n node) error {
	if err := readPlain(j, n); err != nil {
		return err
	}
	if len(n.data) < 300 {
		return nil
	}
	text := mail.Normalise(string(n.data))
	if bytes.IndexByte(n.data, 0) >= 0 {
		return nil // UTF-16: as it is
	}
	r := csv.NewReader(bytes.NewReader([]byte(text)))
	r.Comma = comma([]byte(text))
	r.LazyQuotes, r.FieldsPerRecord, r.ReuseRecord = true, -1, true
	s := j.sink(n)
	t := newSheet(s)
	for row := 0; ; row++ {
		cells, err := r.Read()
		if err == io.EOF || err != nil || s.err != nil {
			return s.close() // what breaks off was given as it is
		}
		for column, c := range cells {
			t.cell(row, column, c, "")
		}
	}
}

// comma guesses the separator from the first line.
func comma(text []byte) rune {
	line, _, _ := bytes.Cut(text, []byte("\n"))
	best, most := ',', 0
	for _, c := range ",;\t|" {
		if n := bytes.Count(line, []byte(string(c))); n > most {
			best, most = c, n
		}
	}
	return best
}
