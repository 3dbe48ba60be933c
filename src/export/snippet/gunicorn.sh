gunicorn app:app --bind @bound@ \
    --certfile @fullchain@ --keyfile @key@ \
    --ca-certs @ca@ --cert-reqs 2
