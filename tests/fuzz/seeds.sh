#!/bin/sh
# Fills tests/fuzz/corpus with what pkit makes and reads, for the fuzzers to begin with. Needs pkit and openssl.
# Usage: tests/fuzz/seeds.sh [PKIT], by default target/debug/pkit
set -eu
pkit=$(realpath "${1:-target/debug/pkit}")
corpus=$(dirname "$(realpath "$0")")/corpus
made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT
for target in answer certificate crl duration hello inspection lint manifest ocsp pem pem_chunks pkcs12 pkcs7 private_key request rows san splice subject; do mkdir -p "$corpus/$target"; done
cd "$made"

for kind in p256 p384 ed25519; do
    "$pkit" ca root r -q --unencrypted --pki $kind --key-type $kind --subject 'C=US,O=Acme\, Inc,OU=Ops'
    "$pkit" ca intermediate i -q --unencrypted --pki $kind --key-type $kind
    "$pkit" issue peer node.internal -q --pki $kind --key-type $kind '*.apps.internal' 10.1.2.3 2001:db8::1 spiffe://acme/x ops@example.com
    for file in ca/r/cert ca/i/cert live/node.internal/cert; do
        openssl x509 -in $kind/$file.pem -outform DER -out "$corpus/certificate/$kind-$(echo $file | tr / -).der"
    done
    key=$kind/live/node.internal/privkey.pem
    cp $key "$corpus/private_key/$kind.pem"
    openssl pkey -in $key -outform DER -out "$corpus/private_key/$kind.der"
    # Few rounds: the fuzzer is to try many.
    openssl pkcs8 -topk8 -in $key -passout 'pass:correct horse' -iter 1 -outform DER -out "$corpus/private_key/$kind-sealed.der"
    openssl pkcs8 -topk8 -in $key -passout 'pass:correct horse' -scrypt -scrypt_N 2 -scrypt_r 1 -scrypt_p 1 -outform DER -out "$corpus/private_key/$kind-scrypt.der"
    "$pkit" revoke node.internal -q --pki $kind --reason keyCompromise
    cp $kind/ca/i/crl.pem "$corpus/crl/$kind.pem"
    openssl crl -in $kind/ca/i/crl.pem -outform DER -out "$corpus/crl/$kind.der"
    "$pkit" request node.internal -q --key-type $kind --out $kind-request 10.1.2.3
    cp $kind-request/node.internal.csr "$corpus/request/$kind.pem"
    openssl req -in $kind-request/node.internal.csr -outform DER -out "$corpus/request/$kind.der"
    chain=$kind/live/node.internal/fullchain.pem
    openssl crl2pkcs7 -nocrl -certfile $chain -outform DER -out "$corpus/pkcs7/$kind.der"
    openssl crl2pkcs7 -in $kind/ca/i/crl.pem -certfile $chain -out "$corpus/pkcs7/$kind.pem"
    # Few rounds: the fuzzer is to try many.
    for how in '' '-keypbe NONE -certpbe NONE' '-certpbe PBE-SHA1-3DES -keypbe PBE-SHA1-3DES -macalg sha1' '-nomac'; do
        openssl pkcs12 -export -in $chain -inkey $key -name node -passout 'pass:correct horse' -iter 1 $how \
            -out "$corpus/pkcs12/$kind-$(echo "$how" | tr -cd 'a-zA-Z0-9')"
    done
    # A short name, with its length in front, and a key.
    { printf '\016\060\014\061\012\060\010\006\003\125\004\003\014\001\141'
      openssl pkey -in $key -pubout -outform DER; } > "$corpus/splice/$kind"
done
openssl ecparam -name prime256v1 -genkey -out "$corpus/private_key/sec1.pem"
openssl genrsa -traditional -out "$corpus/private_key/pkcs1.pem" 2048 2>/dev/null
cp p256/live/node.internal/fullchain.pem "$corpus/certificate/fullchain.pem"
cp p256/live/node.internal/fullchain.pem "$corpus/private_key/sec1.pem" "$corpus/pem/"
{ printf '\050'; cat p256/live/node.internal/fullchain.pem "$corpus/private_key/sec1.pem"; } > "$corpus/pem_chunks/fullchain"
{ printf 'apiVersion: v1\nkind: Secret\nmetadata:\n  name: web\n  namespace: prod\ndata:\n'
  printf '  tls.crt: %s\n' "$(base64 -w0 p256/live/node.internal/cert.pem)"; } > "$corpus/manifest/secret.yaml"
{ printf 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ca}\ndata:\n  ca.crt: |\n'
  sed 's/^/    /' p256/ca/r/cert.pem; } > "$corpus/manifest/map.yaml"
for target in certificate crl request; do
    for seed in "$corpus/$target"/*; do cp "$seed" "$corpus/lint/$target-$(basename "$seed")"; done
done
for target in certificate crl manifest pkcs12 pkcs7 private_key request; do
    for seed in "$corpus/$target"/*; do cp "$seed" "$corpus/inspection/$target-$(basename "$seed")"; done
done
# A ClientHello of OpenSSL 3 with SNI and ALPN, whole and cut in two records.
printf '%s' 'FgMBAgABAAH8AwMqrPVHE2qjAhChvM6RLk4924ROwi7nM9lCqCBVGzeYXyDU4GwUnCCyjTDqxpJwxrYDEZx9xOft0kFhDlduw/wrVwAKEwITAxMBwCsA/wEAAakAAAARAA8AAAxhcGkuaW50ZXJuYWwACwAEAwABAgAKABYAFAAdABcAHgAZABgBAAEBAQIBAwEEACMAAAAQAA4ADAJoMghodHRwLzEuMQAWAAAAFwAAAA0AKgAoBAMFAwYDCAcICAgJCAoICwgECAUIBgQBBQEGAQMDAwEDAgQCBQIGAgArAAUEAwQDAwAtAAIBAQAzACYAJAAdACDnGlA2/hKJoCdl1LozT5gVb77taxCb9p7eZ6fZRv2jAwAVAOkAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==' | openssl base64 -d -A > "$corpus/hello/whole"
{ printf '\026\003\001\000\005'; head -c 10 "$corpus/hello/whole" | tail -c 5
  printf '\026\003\001\001\373'; tail -c +11 "$corpus/hello/whole"; } > "$corpus/hello/cut"
printf '\026\003\003\000\062\002\000\000\056\003\003aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\000\023\001\000\000\006\000\053\000\002\003\004' > "$corpus/answer/13"
printf '\025\003\001\000\002\002\106' > "$corpus/answer/alert"
printf 'V\t491231235959Z\t\t01\tunknown\t/CN=a\n' > index.txt
openssl ocsp -issuer p256/ca/i/cert.pem -serial 1 -no_nonce -reqout ocsp.request
openssl ocsp -index index.txt -CA p256/ca/i/cert.pem -rsigner p256/ca/i/cert.pem -rkey p256/ca/i/key.pem -reqin ocsp.request \
    -respout "$corpus/ocsp/good.der" -ndays 1
number=0
seed() { number=$((number + 1)); printf %s "$2" > "$corpus/$1/$number"; }
for text in 'C=US,ST=California,O=Acme\, Inc,CN=api' 'DC=com,DC=example,OU=One+CN=Two' '2.5.4.3=#0c0161' 'CN=\41\0a\,\ ' 'emailAddress=a@b.c' 'CN=日本'; do
    seed subject "$text"
done
for text in api.internal '*.example.com' bücher.example 10.1.2.3 '[::1]' spiffe://example.org/a urn:uuid:1 a.b+c@example.com https://a/%20; do
    seed san "$text"
done
seed rows 'name,profile,sans,subject,validity,key-type
a,server,"a.internal; 10.0.0.1","O=Acme, CN=a",90d,p256'
seed rows '{"name":"a","sans":["a.internal"],"key-type":"p384"}'
for text in 1y6mo 90d '2w 1h' 10m90s 2027-06-30T00:00:00Z 2027-06-30 9999-12-31T23:59:59+01:00; do
    seed duration "$text"
done
