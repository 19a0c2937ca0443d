// Package pki makes the certificates and keys of one bed. They are made anew
// at each start and die with the bed.
package pki

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

const lifetime = 365 * 24 * time.Hour

// An Authority signs the bed's certificates and keeps them in Dir as NAME.crt
// and NAME.key, PEM both.
type Authority struct {
	Dir         string
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

// A Request says what a certificate is for.
type Request struct {
	// Name of the files, without extension.
	Name string
	// CommonName is the Kubernetes user.
	CommonName string
	// Groups are the user's Kubernetes groups.
	Groups []string
	// Addresses and Hosts are what a server is reached by; none for a client.
	Addresses []string
	Hosts     []string
}

// New makes an authority and writes ca.crt and ca.key.
func New(dir string) (*Authority, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the folder of certificates: %w", err)
	}
	key, err := newKey()
	if err != nil {
		return nil, err
	}
	template, err := template("testbed-ca")
	if err != nil {
		return nil, err
	}
	template.IsCA, template.BasicConstraintsValid = true, true
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, fmt.Errorf("signing the bed's own authority: %w", err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("reading back the bed's own authority: %w", err)
	}
	authority := &Authority{Dir: dir, certificate: certificate, key: key}
	return authority, authority.write("ca", der, key)
}

// Issue signs a certificate for clients and servers alike and writes it.
func (a *Authority) Issue(request Request) error {
	key, err := newKey()
	if err != nil {
		return err
	}
	template, err := template(request.CommonName)
	if err != nil {
		return err
	}
	template.Subject.Organization = request.Groups
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	if len(request.Addresses)+len(request.Hosts) > 0 {
		template.ExtKeyUsage = append(template.ExtKeyUsage, x509.ExtKeyUsageServerAuth)
	}
	template.DNSNames = request.Hosts
	for _, address := range request.Addresses {
		template.IPAddresses = append(template.IPAddresses, net.ParseIP(address))
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, &key.PublicKey, a.key)
	if err != nil {
		return fmt.Errorf("signing the certificate of %s: %w", request.Name, err)
	}
	return a.write(request.Name, der, key)
}

// IssueKeyPair writes NAME.key and NAME.pub, the keys of service account tokens.
func (a *Authority) IssueKeyPair(name string) error {
	key, err := newKey()
	if err != nil {
		return err
	}
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		return fmt.Errorf("encoding the public key %s: %w", name, err)
	}
	if err := a.writeKey(name, key); err != nil {
		return err
	}
	return a.writePEM(name+".pub", "PUBLIC KEY", public, 0o644)
}

func (a *Authority) write(name string, certificate []byte, key *ecdsa.PrivateKey) error {
	if err := a.writeKey(name, key); err != nil {
		return err
	}
	return a.writePEM(name+".crt", "CERTIFICATE", certificate, 0o644)
}

func (a *Authority) writeKey(name string, key *ecdsa.PrivateKey) error {
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return fmt.Errorf("encoding the key %s: %w", name, err)
	}
	return a.writePEM(name+".key", "EC PRIVATE KEY", der, 0o600)
}

func (a *Authority) writePEM(name, kind string, der []byte, mode os.FileMode) error {
	text := pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
	if err := os.WriteFile(filepath.Join(a.Dir, name), text, mode); err != nil {
		return fmt.Errorf("writing %s: %w", name, err)
	}
	return nil
}

func newKey() (*ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making a key: %w", err)
	}
	return key, nil
}

func template(commonName string) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, fmt.Errorf("choosing a serial number: %w", err)
	}
	return &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: commonName},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(lifetime),
	}, nil
}
