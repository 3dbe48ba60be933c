uvicorn app:app --host @address@ --port @port@ \
    --ssl-certfile @fullchain@ --ssl-keyfile @key@ \
    --ssl-ca-certs @ca@ --ssl-cert-reqs 2
