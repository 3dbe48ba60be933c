redis-cli -h @host@ -p @port@ --tls --cacert @ca@ \
    --cert @fullchain@ --key @key@ PING
