package demo

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/emersion/go-message/mail"

	"github.com/postseal/postseal/cmd/postseal/mta"
)

//go:embed view.html
var viewHTML string

// view is the page with the captured mails. It listens on loopback, and shows
// mail as a mail client does: HTML in a frame that runs nothing and loads
// nothing, in which links open a new window.
type view struct {
	url    string
	server *http.Server
	site   *site
	page   *template.Template
}

func newView(address string, s *site) (*view, error) {
	if address == "" {
		address = "127.0.0.1:0"
	}
	page, err := template.New("view").Parse(viewHTML)
	if err != nil {
		return nil, fmt.Errorf("demo: %w", err)
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("demo: %w", err)
	}
	v := &view{url: "http://" + l.Addr().String(), site: s, page: page}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", v.list)
	mux.HandleFunc("GET /count", v.count)
	mux.HandleFunc("GET /mail/{number}", v.html)
	v.server = &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	go v.server.Serve(l) // ends with close
	return v, nil
}

func (v *view) close() { v.server.Close() }

// shownMail is a captured mail as the page has it.
type shownMail struct {
	Number  int
	To      string
	Member  bool
	From    string
	Subject string
	Text    string
	HTML    string
	Files   []string
	Time    time.Time
	Refused string // the MTA's reply to the sender, who still has the mail
}

func (v *view) mails() (all []shownMail) {
	for _, sink := range []*mta.Sink{v.site.outside, v.site.inside} {
		for _, m := range sink.Mails() {
			shown, err := readMail(m)
			if err != nil {
				shown.Text = string(m.Data) // what can't be read is shown as it is
			}
			shown.To, shown.Member, shown.Time = strings.Join(m.To, ", "), sink == v.site.inside, m.Time
			shown.Number = len(all)
			all = append(all, shown)
		}
	}
	for _, f := range v.site.refusals() {
		all = append(all, shownMail{
			Number: len(all), From: f.sample.from, To: strings.Join(f.sample.to, ", "),
			Subject: f.sample.subject, Time: f.at, Refused: f.reply,
		})
	}
	return all
}

func (v *view) list(w http.ResponseWriter, r *http.Request) {
	var b bytes.Buffer
	if err := v.page.Execute(&b, map[string]any{"Mails": v.mails(), "Portal": v.site.url, "SMTP": v.site.postfix.SMTP}); err != nil {
		http.Error(w, "the page could not be made", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; frame-src 'self'")
	w.Write(b.Bytes())
}

func (v *view) count(w http.ResponseWriter, r *http.Request) {
	io.WriteString(w, strconv.Itoa(len(v.site.inside.Mails())+len(v.site.outside.Mails())+len(v.site.refusals())))
}

func (v *view) html(w http.ResponseWriter, r *http.Request) {
	n, err := strconv.Atoi(r.PathValue("number"))
	all := v.mails()
	if err != nil || n < 0 || n >= len(all) {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'")
	io.WriteString(w, `<base target="_blank">`+all[n].HTML)
}

func readMail(m mta.Mail) (s shownMail, err error) {
	r, err := mail.CreateReader(bytes.NewReader(m.Data))
	if err != nil {
		return s, err
	}
	s.Subject, _ = r.Header.Subject() // as it stands when it can't be decoded
	s.From = r.Header.Get("From")
	for {
		part, err := r.NextPart()
		if errors.Is(err, io.EOF) {
			return s, nil
		} else if err != nil {
			return s, err
		}
		if h, ok := part.Header.(*mail.AttachmentHeader); ok {
			name, _ := h.Filename()
			s.Files = append(s.Files, name)
			continue
		}
		body, err := io.ReadAll(part.Body)
		if err != nil {
			return s, err
		}
		if strings.HasPrefix(part.Header.Get("Content-Type"), "text/html") {
			s.HTML += string(body)
		} else {
			s.Text += string(body)
		}
	}
}
