ETCDCTL_API=3 etcdctl --endpoints https://@authority@ --cacert @ca@ \
    --cert @fullchain@ --key @key@ endpoint health
