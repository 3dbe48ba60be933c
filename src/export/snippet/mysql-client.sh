# with the client of MySQL: --ssl-mode=VERIFY_IDENTITY in the place of --ssl-verify-server-cert
mariadb -h @host@ -P @port@ -u @user@ --ssl-ca=@ca@ --ssl-verify-server-cert \
    --ssl-cert=@fullchain@ --ssl-key=@key@ -e 'SELECT CURRENT_USER()'
