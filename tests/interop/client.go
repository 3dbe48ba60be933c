// A client of Go's net/http, to knock at serve-test.
//
// Arguments: ADDRESS:PORT SERVER_NAME CA VERSION(1.2|1.3) [CERT KEY]. Prints the status of the answer, or `no: ` and why not.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"os"
	"time"
)

func ask() (string, error) {
	pem, err := os.ReadFile(os.Args[3])
	if err != nil {
		return "", err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	version := map[string]uint16{"1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13}[os.Args[4]]
	config := &tls.Config{RootCAs: pool, ServerName: os.Args[2], MinVersion: version, MaxVersion: version}
	if len(os.Args) > 5 {
		pair, err := tls.LoadX509KeyPair(os.Args[5], os.Args[6])
		if err != nil {
			return "", err
		}
		// Sent whatever CAs the server names; by default Go sends none that it thinks will not do.
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }
	}
	client := http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{TLSClientConfig: config}}
	answer, err := client.Get("https://" + os.Args[1] + "/")
	if err != nil {
		return "", err
	}
	return answer.Status, nil
}

func main() {
	status, err := ask()
	if err != nil {
		status = "no: " + err.Error()
	}
	fmt.Println(status)
}
