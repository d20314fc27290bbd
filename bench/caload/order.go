package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
)

// order is a signing request and the key that the certificate must be for. All callers send the same: what they cost the
// load is no part of what is measured.
type order struct {
	csr string
	key interface{ Equal(crypto.PublicKey) bool }
}

func newOrder(kind string) (order, error) {
	key, err := newKey(kind)
	if err != nil {
		return order{}, err
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
	if err != nil {
		return order{}, err
	}
	public, ok := key.Public().(interface{ Equal(crypto.PublicKey) bool })
	if !ok {
		return order{}, errors.New("the key cannot be compared")
	}
	return order{csr: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der})), key: public}, nil
}

func newKey(kind string) (crypto.Signer, error) {
	switch kind {
	case "ecdsa":
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "rsa":
		return rsa.GenerateKey(rand.Reader, 2048)
	default:
		return nil, fmt.Errorf("-key %s: use ecdsa or rsa", kind)
	}
}

// check verifies an answer: a chain to one of the roots, the caller's identity alone, and the key of the request.
func (o order) check(chain []string, roots *x509.CertPool, identity string) error {
	certificates, err := parse(strings.Join(chain, ""))
	if err != nil {
		return err
	}
	if len(certificates) < 2 {
		return fmt.Errorf("the answer has %d certificates", len(certificates))
	}
	leaf, pool := certificates[0], x509.NewCertPool()
	for _, c := range certificates[1:] {
		pool.AddCert(c)
	}
	usages := []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth}
	if _, err := leaf.Verify(x509.VerifyOptions{Roots: roots, Intermediates: pool, KeyUsages: usages}); err != nil {
		return err
	}
	if len(leaf.URIs) != 1 || leaf.URIs[0].String() != identity {
		return fmt.Errorf("the certificate is for %v, not %s", leaf.URIs, identity)
	}
	if !o.key.Equal(leaf.PublicKey) {
		return errors.New("the certificate is for another key")
	}
	return nil
}

func parse(text string) ([]*x509.Certificate, error) {
	var all []*x509.Certificate
	for rest := []byte(text); ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return all, nil
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
}
