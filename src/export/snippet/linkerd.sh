linkerd install --crds | kubectl apply -f -
linkerd install --identity-trust-anchors-file @directory@/ca.crt \
    --identity-issuer-certificate-file @directory@/issuer.crt \
    --identity-issuer-key-file @directory@/issuer.key | kubectl apply -f -
