// A TLS server of Go's crypto/tls that requires a client certificate, for `probe` to knock at.
//
// Arguments: FULLCHAIN KEY CLIENT_CA CRLS VERSION(1.2|1.3). Prints its port, then serves until it is killed. Key and certificate need not
// belong together. Go looks at no CRL by itself; the callback here does what programs in Go do that want it.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
)

func blocks(file string) (found [][]byte) {
	rest, err := os.ReadFile(file)
	if err != nil {
		log.Fatal(err)
	}
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return
		}
		found = append(found, block.Bytes)
	}
}

func main() {
	roots := x509.NewCertPool()
	for _, der := range blocks(os.Args[3]) {
		certificate, err := x509.ParseCertificate(der)
		if err != nil {
			log.Fatal(err)
		}
		roots.AddCert(certificate)
	}
	revoked := map[string]bool{}
	for _, der := range blocks(os.Args[4]) {
		list, err := x509.ParseRevocationList(der)
		if err != nil {
			log.Fatal(err)
		}
		for _, entry := range list.RevokedCertificates {
			revoked[entry.SerialNumber.String()] = true
		}
	}
	key, err := x509.ParsePKCS8PrivateKey(blocks(os.Args[2])[0])
	if err != nil {
		log.Fatal(err)
	}
	version := map[string]uint16{"1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13}[os.Args[5]]
	config := &tls.Config{
		Certificates: []tls.Certificate{{Certificate: blocks(os.Args[1]), PrivateKey: key}},
		ClientAuth:   tls.RequireAndVerifyClientCert,
		ClientCAs:    roots,
		MinVersion:   version,
		MaxVersion:   version,
		VerifyPeerCertificate: func(_ [][]byte, chains [][]*x509.Certificate) error {
			for _, chain := range chains {
				for _, certificate := range chain {
					if revoked[certificate.SerialNumber.String()] {
						return errors.New("revoked")
					}
				}
			}
			return nil
		},
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	server := &http.Server{
		Handler: http.HandlerFunc(func(answer http.ResponseWriter, _ *http.Request) {
			io.WriteString(answer, "hello\n")
		}),
		TLSConfig: config,
	}
	log.Fatal(server.ServeTLS(listener, "", ""))
}
