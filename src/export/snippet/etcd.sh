etcd --listen-client-urls https://@bound@ --advertise-client-urls https://@authority@ \
    --cert-file @fullchain@ --key-file @key@ \
    --trusted-ca-file @ca@ --client-cert-auth
