docker --tlsverify --tlscacert @ca@ --tlscert @fullchain@ \
    --tlskey @key@ -H tcp://@authority@ version
# for a registry, the same files under /etc/docker/certs.d/@authority@/: ca.crt, client.cert, client.key
