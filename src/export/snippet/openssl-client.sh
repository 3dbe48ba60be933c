printf 'GET / HTTP/1.0\r\n\r\n' | openssl s_client -connect @authority@ -servername @host@ -verify_hostname @host@ \
    -verify_return_error -CAfile @ca@ -cert @cert@ -cert_chain @chain@ -key @key@ -quiet
