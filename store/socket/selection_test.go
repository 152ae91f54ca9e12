package socket

import (
	"fmt"
	"testing"
)

func TestSelectionParts(t *testing.T) {
	for _, tt := range []struct {
		ids   int
		whole bool
		want  string
	}{
		{0, false, "[]"},
		{1, true, "[1]"},
		{MaxWhole, true, "[20]"},
		{2*MaxWhole + 1, true, "[20 20 1]"},
		{MaxSelected, false, "[500]"},
		{MaxSelected + 1, false, "[500 1]"},
	} {
		sel := Selection{Whole: tt.whole}
		for i := range tt.ids {
			sel.IDs = append(sel.IDs, fmt.Sprint(i))
		}
		sizes, all := []int{}, []string{}
		for part := range sel.Parts() {
			if !part.Fits() || part.Whole != tt.whole {
				t.Errorf("%d, %v: a part of %d, %v", tt.ids, tt.whole, len(part.IDs), part.Whole)
			}
			sizes, all = append(sizes, len(part.IDs)), append(all, part.IDs...)
		}
		if got := fmt.Sprint(sizes); got != tt.want || fmt.Sprint(all) != fmt.Sprint(sel.IDs) {
			t.Errorf("%d, %v: parts of %s, want %s", tt.ids, tt.whole, got, tt.want)
		}
	}
}
