package pki

import (
	"crypto/tls"
	"crypto/x509"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAnIssuedCertificateIsTrustedForWhatItWasAskedFor(t *testing.T) {
	authority, err := New(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	server := Request{Name: "apiserver", CommonName: "kube-apiserver", Addresses: []string{"198.18.0.1"}, Hosts: []string{"kubernetes.default"}}
	client := Request{Name: "admin", CommonName: "testbed:admin", Groups: []string{"system:masters"}}
	for _, request := range []Request{server, client} {
		if err := authority.Issue(request); err != nil {
			t.Fatal(err)
		}
	}
	roots := x509.NewCertPool()
	text, err := os.ReadFile(filepath.Join(authority.Dir, "ca.crt"))
	if err != nil || !roots.AppendCertsFromPEM(text) {
		t.Fatalf("reading the authority: %v", err)
	}
	load := func(name string) *x509.Certificate {
		pair, err := tls.LoadX509KeyPair(filepath.Join(authority.Dir, name+".crt"), filepath.Join(authority.Dir, name+".key"))
		if err != nil {
			t.Fatal(err)
		}
		return pair.Leaf
	}
	for _, host := range []string{"198.18.0.1", "kubernetes.default"} {
		if _, err := load("apiserver").Verify(x509.VerifyOptions{Roots: roots, DNSName: host}); err != nil {
			t.Errorf("the server's certificate for %s: %v", host, err)
		}
	}
	if _, err := load("apiserver").Verify(x509.VerifyOptions{Roots: roots, DNSName: "127.0.0.1"}); err == nil {
		t.Error("the server's certificate is good for an address nobody asked for")
	}
	admin := load("admin")
	if _, err := admin.Verify(x509.VerifyOptions{Roots: roots, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}); err != nil {
		t.Errorf("the client's certificate: %v", err)
	}
	if _, err := admin.Verify(x509.VerifyOptions{Roots: roots, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}); err == nil {
		t.Error("the client's certificate is good for a server")
	}
	if admin.Subject.CommonName != "testbed:admin" || admin.Subject.Organization[0] != "system:masters" {
		t.Errorf("the client is %v", admin.Subject)
	}
}

func TestAKubeconfigIsReadableByItsOwnerOnlyAndNamesItsServer(t *testing.T) {
	authority, err := New(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := authority.Issue(Request{Name: "admin", CommonName: "testbed:admin"}); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "kubeconfig")
	if err := authority.WriteKubeconfig(path, "https://127.0.0.1:1234", "admin"); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("its mode is %v (%v), want 0600", info.Mode(), err)
	}
	text, err := os.ReadFile(path)
	if err != nil || !strings.Contains(string(text), "server: https://127.0.0.1:1234\n") || strings.Contains(string(text), "%!") {
		t.Errorf("it reads %q (%v)", text, err)
	}
}
