package milter

import (
	"errors"
	"net"
	"net/textproto"

	"github.com/emersion/go-milter"
)

// strayBackend ends any session that reaches it: it has no connection of ours,
// so it knows no envelope and may decide nothing.
type strayBackend struct{}

var errStray = errors.New("milter session without its connection")

func (strayBackend) Connect(string, string, uint16, net.IP, *milter.Modifier) (milter.Response, error) {
	return nil, errStray
}

func (strayBackend) Helo(string, *milter.Modifier) (milter.Response, error) { return nil, errStray }

func (strayBackend) MailFrom(string, *milter.Modifier) (milter.Response, error) {
	return nil, errStray
}

func (strayBackend) RcptTo(string, *milter.Modifier) (milter.Response, error) { return nil, errStray }

func (strayBackend) Header(string, string, *milter.Modifier) (milter.Response, error) {
	return nil, errStray
}

func (strayBackend) Headers(textproto.MIMEHeader, *milter.Modifier) (milter.Response, error) {
	return nil, errStray
}

func (strayBackend) BodyChunk([]byte, *milter.Modifier) (milter.Response, error) {
	return nil, errStray
}

func (strayBackend) Body(*milter.Modifier) (milter.Response, error) { return nil, errStray }

func (strayBackend) Abort(*milter.Modifier) error { return errStray }
