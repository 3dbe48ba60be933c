mosquitto_pub -h @host@ -p @port@ --cafile @ca@ \
    --cert @fullchain@ --key @key@ -q 1 -t hello -m world
