package portal

import "net/http"

// An unwantedView is the data of the page that confirms a wish about a sender.
type unwantedView struct {
	ID     string
	Sender string
	Off    bool // the wish was taken back
}

// unwanted notes that the user does not want mail of the kind that a rule stops
// from the sender of a message, or takes that back.
func (p *portal) unwanted(c *call) error {
	if err := c.form(); err != nil {
		return err
	}
	f, err := p.opened(c)
	if err != nil {
		return err
	}
	off := c.r.PostFormValue("off") != ""
	if err := p.owner.MarkUnwanted(c.ctx(), c.user.token, f.ID, off); err != nil {
		return err
	}
	p.event(c, eventUnwanted, "id", f.ID, "address", c.user.address)
	return p.render(c, http.StatusOK, "unwanted", c.text("unwanted.title"), unwantedView{f.ID, f.manifest.Sender, off})
}
