package main

import (
	"crypto/x509"
	"fmt"
	"os"
)

// authorities reads the certificates (PEM) that a configuration key names, to trust
// them; "" is nil, the system's.
func authorities(key, path string) (*x509.CertPool, error) {
	if path == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", key, err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s: %s holds no certificate in PEM", key, path)
	}
	return roots, nil
}
