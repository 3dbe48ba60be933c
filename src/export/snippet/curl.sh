curl --fail --cacert @ca@ --cert @fullchain@ --key @key@ https://@authority@/
