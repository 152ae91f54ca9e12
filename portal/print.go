package portal

import (
	"errors"
	"html/template"
	"strings"
	"time"

	"github.com/postseal/postseal/portal/display"
)

// printView shows a message as one plain document, for a tab of its own: what
// stands in a frame is cut when its page is printed. It has the policy of the
// frame: no scripts, no forms, no loads.
func (p *portal) printView(c *call) error {
	f, err := p.opened(c)
	if err != nil {
		return err
	}
	if f.manifest.Restrict.NoPrint {
		return errNoPrint
	}
	m, err := p.read(c, f)
	if err != nil {
		return err
	}
	v := p.summaryView(c, f)
	v.fill(m)
	body := "<pre>" + template.HTMLEscapeString(m.Text) + "</pre>"
	if m.HTML != "" {
		clean, err := p.sanitise(c.ctx(), m)
		if err != nil && !errors.Is(err, display.ErrCostly) {
			return err
		}
		if err == nil {
			// The mail stands below what we say of it, and must not cover it.
			if boxed, err := display.Boxed(clean.HTML); err == nil {
				body = boxed
			}
		}
	}
	framed(c.w.Header(), display.FramePolicy)
	c.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, err = c.w.Write([]byte(display.Frame(c.facts(v) + body)))
	if err != nil {
		return nil // the browser has gone
	}
	return nil
}

// facts prints who wrote to whom, when and what, above the body.
func (c *call) facts(v messageView) string {
	var b strings.Builder
	b.WriteString("<h1>" + template.HTMLEscapeString(v.Subject) + "</h1><table>")
	row := func(key, value string) {
		if value != "" {
			b.WriteString("<tr><th align=left valign=top nowrap>" + template.HTMLEscapeString(c.text(key)) + "</th><td><bdi>" + template.HTMLEscapeString(value) + "</bdi></td></tr>")
		}
	}
	var names []string
	for _, a := range v.Attachments {
		names = append(names, a.Name)
	}
	row("message.from", v.From)
	row("message.to", v.To)
	row("message.cc", v.Cc)
	row("message.date", c.printed(v.Date))
	row("message.attachments", strings.Join(names, ", "))
	b.WriteString("</table><hr>")
	return b.String()
}

func (c *call) printed(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return c.viewer.Long(t)
}
