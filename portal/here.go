package portal

import (
	"net/http"
	"path"
	"slices"
	"strings"

	"github.com/gorilla/mux"
)

// nowhere is the place of a page that no GET shows again: what was typed there is
// nowhere else.
const nowhere = "-"

// placesOf is a router of the pages that a GET shows.
func placesOf(all []route) *mux.Router {
	m := mux.NewRouter().SkipClean(true)
	for _, rt := range all {
		switch {
		case rt.method != http.MethodGet || rt.weight != light,
			strings.Contains(rt.path, "{mark"), strings.Contains(rt.path, fileID), strings.HasPrefix(rt.path, "/static/"),
			// A step on a way that can't be taken twice, and what is for machines.
			slices.Contains([]string{"/signin/return", "/frame", "/favicon.ico", "/robots.txt", "/healthz"}, rt.path):
		default:
			m.Path(rt.path)
		}
	}
	return m
}

// placeOf is where choosing a language on this page leads back to: the page itself,
// or for the answer to a form the nearest page above its address. "" is nowhere.
func (p *portal) placeOf(c *call) string {
	switch {
	case c.here == nowhere:
		return ""
	case c.here != "":
		return c.here
	case c.r.Method == http.MethodGet:
		return c.r.URL.RequestURI()
	}
	for at := path.Clean("/" + c.r.URL.Path); at != "/"; at = path.Dir(at) {
		if p.isPlace(at) {
			return at
		}
	}
	return "/" // the inbox of who is logged in
}
