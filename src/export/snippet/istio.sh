kubectl create namespace istio-system
kubectl create secret generic cacerts -n istio-system \
    --from-file=@directory@/ca-cert.pem --from-file=@directory@/ca-key.pem \
    --from-file=@directory@/root-cert.pem --from-file=@directory@/cert-chain.pem
