package extract

import (
	"strings"
	"testing"

	"github.com/postseal/postseal/rules/extract/sample"
)

func TestFormatted(t *testing.T) {
	for _, tt := range []struct{ number, format, want string }{
		{"78051121", "000-00-0000", "078-05-1121"},
		{"78051121", `000\-00\-0000`, "078-05-1121"},
		{"1234567", "00000000", "01234567"},
		{"12345", "[$-407]00000000;@", "00012345"},
		{"1234567890", "00000", ""}, // longer than its format
		{"12.5", "00000000", ""},
		{"12345", "0.00", ""},
		{"12345", "dd/mm/yyyy", ""},
		{"12345", "#,##0", ""},
		{"5", "00", ""},
	} {
		if got := formatted(tt.number, tt.format); got != tt.want {
			t.Errorf("formatted(%q, %q) = %q, want %q", tt.number, tt.format, got, tt.want)
		}
	}
}

// A long number has the heading of its column beside it, however far down.
func TestHeadings(t *testing.T) {
	rows := [][]sample.Cell{{{Text: "Name"}, {Text: "Social security number"}, {Text: "Paid"}}}
	for range 50 {
		rows = append(rows, []sample.Cell{{Text: "Ann Smith-Jones of Example Ltd"}, {Number: "78051121", Format: "000-00-0000"}, {Number: "12"}})
	}
	csv := "Name,Social security number,Paid\n" + strings.Repeat("Ann,078051121,12\n", 50)
	var ods strings.Builder
	ods.WriteString(`<table:table-row><table:table-cell><text:p>Name</text:p></table:table-cell><table:table-cell><text:p>Social security number</text:p></table:table-cell></table:table-row>`)
	for range 50 {
		ods.WriteString(`<table:table-row><table:table-cell table:number-columns-repeated="1"><text:p>Ann</text:p></table:table-cell><table:table-cell office:value-type="float" office:value="78051121"><text:p>078-05-1121</text:p></table:table-cell></table:table-row>`)
	}
	for name, tt := range map[string]struct {
		data []byte
		want string
	}{
		"a.xlsx": {sample.Xlsx(rows), "Social security number: 078-05-1121 (78051121)\t12\n"},
		"a.csv":  {[]byte(csv), "Ann\tSocial security number: 078051121\t12\n"},
		"a.ods":  {sample.ODF("spreadsheet", ods.String()), "Ann\tSocial security number: 078-05-1121 (78051121)\n"},
	} {
		text, _ := read(t, name, "", tt.data, Limits{})
		if n := strings.Count(text, tt.want); n < 49 {
			t.Errorf("%s: %d times %q in\n%s", name, n, tt.want, text)
		}
	}
}
