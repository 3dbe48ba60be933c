openssl s_server -accept @bound@ -www -Verify 4 -verify_return_error -CAfile @ca@ \
    -cert @cert@ -cert_chain @chain@ -key @key@
