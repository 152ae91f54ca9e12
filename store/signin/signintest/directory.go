package signintest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A Directory is a slapd of the suffix dc=firm,dc=example. Its people, below
// ou=people, have the password "right of UID":
//
//	clara  clara@firm.example, in the group cn=mail,ou=groups
//	dirk   dirk@firm.example and d.irk@firm.example, in no group
//	eve    clara@elsewhere.example
//	twin1, twin2  twin@firm.example
type Directory struct {
	URL, SecureURL string         // ldap:// with StartTLS, ldaps://
	Roots          *x509.CertPool // of its certificate
	CAFile         string         // the same, PEM
}

// What to search as.
const (
	BindDN       = "cn=admin,dc=firm,dc=example"
	BindPassword = "the password of the administrator"
	Base         = "ou=people,dc=firm,dc=example"
	Group        = "cn=mail,ou=groups,dc=firm,dc=example"
)

const slapdConf = `include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile %[1]s/slapd.pid
argsfile %[1]s/slapd.args
TLSCACertificateFile %[1]s/ca.pem
TLSCertificateFile %[1]s/ca.pem
TLSCertificateKeyFile %[1]s/key.pem
database mdb
maxsize 16777216
suffix "dc=firm,dc=example"
rootdn "%[2]s"
rootpw "%[3]s"
directory %[1]s/db
access to attrs=userPassword by anonymous auth by * none
access to dn.subtree="ou=people,dc=firm,dc=example" by self read by * none
access to * by * none
`

// Base64 is how LDIF writes a value that is no plain text (RFC 2849), after "::".
func Base64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

// StartDirectory starts one. more are further entries, in LDIF.
func StartDirectory(t testing.TB, more ...string) Directory {
	t.Helper()
	dir := t.TempDir()
	d := Directory{CAFile: filepath.Join(dir, "ca.pem")}
	var err error
	if d.Roots, err = certificate(dir); err != nil {
		t.Fatal(err)
	}
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	if err := os.Mkdir(filepath.Join(dir, "db"), 0o700); err != nil {
		t.Fatal(err)
	}
	conf := write("slapd.conf", fmt.Sprintf(slapdConf, dir, BindDN, BindPassword))
	// sbin is not in everybody's path.
	if out, err := exec.Command("/usr/sbin/slapadd", "-f", conf, "-l", write("people.ldif", people()+"\n"+strings.Join(more, "\n"))).CombinedOutput(); err != nil {
		t.Fatalf("slapadd: %v\n%s; .ci/install installs it", err, out)
	}
	plain, secure := port(t), port(t)
	d.URL, d.SecureURL = fmt.Sprintf("ldap://127.0.0.1:%d", plain), fmt.Sprintf("ldaps://127.0.0.1:%d", secure)
	start(t, exec.Command("/usr/sbin/slapd", "-d", "0", "-f", conf, "-h", d.URL+"/ "+d.SecureURL+"/"))
	for end := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", secure))
		if err == nil {
			c.Close()
			return d
		}
		if time.Now().After(end) {
			t.Fatalf("slapd does not answer within %s", patience)
		}
	}
}

func people() string {
	s := "dn: dc=firm,dc=example\nobjectClass: domain\ndc: firm\n\n"
	for _, ou := range []string{"people", "groups"} {
		s += fmt.Sprintf("dn: ou=%[1]s,dc=firm,dc=example\nobjectClass: organizationalUnit\nou: %[1]s\n\n", ou)
	}
	for _, p := range []struct {
		uid, name string
		mail      []string
	}{
		{"clara", "Clara Member", []string{"Clara@Firm.Example"}},
		{"dirk", "Dirk Director", []string{"dirk@firm.example", "d.irk@firm.example"}},
		{"eve", "Eve Elsewhere", []string{"clara@elsewhere.example"}},
		{"twin1", "Twin One", []string{"twin@firm.example"}},
		{"twin2", "Twin Two", []string{"twin@firm.example"}},
	} {
		s += fmt.Sprintf("dn: uid=%[1]s,%[2]s\nobjectClass: inetOrgPerson\nuid: %[1]s\ncn: %[3]s\nsn: %[4]s\nuserPassword: right of %[1]s\n", p.uid, Base, p.name, p.name[strings.IndexByte(p.name, ' ')+1:])
		for _, m := range p.mail {
			s += "mail: " + m + "\n"
		}
		s += "\n"
	}
	return s + fmt.Sprintf("dn: %s\nobjectClass: groupOfNames\ncn: mail\nmember: uid=clara,%s\n", Group, Base)
}

// certificate makes one for 127.0.0.1, which is its own authority.
func certificate(dir string) (*x509.CertPool, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "directory of the tests"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	if err := os.WriteFile(filepath.Join(dir, "ca.pem"), cert, 0o600); err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(dir, "key.pem"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), 0o600); err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(cert)
	return roots, nil
}
