// A mutual-TLS server of Go's net/http, to be measured beside serve-test: TLS 1.3, no tickets, an answer that says who the client is.
//
// Arguments: FULLCHAIN KEY CLIENT_CA COUNT. Prints its address, answers COUNT requests, and ends.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync/atomic"
	"time"
)

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func main() {
	pair, err := tls.LoadX509KeyPair(os.Args[1], os.Args[2])
	must(err)
	pem, err := os.ReadFile(os.Args[3])
	must(err)
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		log.Fatal("no CA")
	}
	count, err := strconv.ParseInt(os.Args[4], 10, 64)
	must(err)
	config := &tls.Config{
		Certificates:           []tls.Certificate{pair},
		ClientAuth:             tls.RequireAndVerifyClientCert,
		ClientCAs:              pool,
		MinVersion:             tls.VersionTLS13,
		SessionTicketsDisabled: true,
		NextProtos:             []string{"http/1.1"},
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	fmt.Println(listener.Addr())
	var served int64
	done := make(chan bool)
	handler := func(writer http.ResponseWriter, request *http.Request) {
		leaf := request.TLS.PeerCertificates[0]
		writer.Header().Set("Content-Type", "application/json")
		writer.Header().Set("Connection", "close")
		json.NewEncoder(writer).Encode(map[string]any{
			"subject": leaf.Subject.String(), "issuer": leaf.Issuer.String(), "sans": leaf.DNSNames,
			"serial": leaf.SerialNumber.Text(16), "until": leaf.NotAfter, "version": request.TLS.Version,
		})
		// As serve-test reports each connection.
		log.Println(request.RemoteAddr, leaf.Subject, request.Method, request.URL.Path)
		if atomic.AddInt64(&served, 1) == count {
			close(done)
		}
	}
	log.SetOutput(io.Discard)
	server := &http.Server{Handler: http.HandlerFunc(handler)}
	go server.Serve(tls.NewListener(listener, config))
	<-done
	time.Sleep(100 * time.Millisecond)
}
