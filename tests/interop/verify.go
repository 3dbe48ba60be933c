// Judges chains with Go's crypto/x509.
//
// Reads questions from standard input, a line each: LEAF|CHAIN|ROOTS|NAME|USAGE, the first three files, CHAIN maybe
// empty; NAME a DNS name or an IP address, or `-`; USAGE `server` or `client`. Prints `ok` or `no: reason` for each.
package main

import (
	"bufio"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"log"
	"net"
	"os"
	"strings"
)

var usages = map[string]x509.ExtKeyUsage{
	"server": x509.ExtKeyUsageServerAuth,
	"client": x509.ExtKeyUsageClientAuth,
}

// All certificates of a file. One that Go does not parse ends the program: that is no answer to a question.
func certificates(path string) []*x509.Certificate {
	rest, err := os.ReadFile(path)
	if err != nil {
		log.Fatal(err)
	}
	var found []*x509.Certificate
	for {
		var block *pem.Block
		block, rest = pem.Decode(rest)
		if block == nil {
			return found
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			log.Fatalf("%s: %v", path, err)
		}
		found = append(found, certificate)
	}
}

func pool(path string) *x509.CertPool {
	pool := x509.NewCertPool()
	for _, certificate := range certificates(path) {
		pool.AddCert(certificate)
	}
	return pool
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		fields := strings.Split(lines.Text(), "|")
		if len(fields) != 5 {
			log.Fatalf("not a question: %q", lines.Text())
		}
		usage, known := usages[fields[4]]
		if !known {
			log.Fatalf("not a usage: %q", fields[4])
		}
		leaf := certificates(fields[0])[0]
		name := strings.TrimPrefix(fields[3], "-")
		if net.ParseIP(name) != nil {
			// In brackets, so that it is never taken for a DNS name.
			name = "[" + name + "]"
		}
		_, err := leaf.Verify(x509.VerifyOptions{
			DNSName:       name,
			Intermediates: pool(fields[1]),
			Roots:         pool(fields[2]),
			KeyUsages:     []x509.ExtKeyUsage{usage},
		})
		if err != nil {
			fmt.Println("no:", strings.ReplaceAll(err.Error(), "\n", " "))
		} else {
			fmt.Println("ok")
		}
	}
	if err := lines.Err(); err != nil {
		log.Fatal(err)
	}
}
