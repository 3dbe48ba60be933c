PGSSLMODE=verify-full PGSSLROOTCERT=@ca@ \
PGSSLCERT=@fullchain@ PGSSLKEY=@key@ \
psql -h @host@ -p @port@ -U @user@ -d postgres -c 'SELECT current_user'
