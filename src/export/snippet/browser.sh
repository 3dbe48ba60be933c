# Chromium and Chrome on Linux; Firefox, Windows and macOS take the same two files in their settings
mkdir -p "$HOME/.pki/nssdb"
[ -e "$HOME/.pki/nssdb/cert9.db" ] || certutil -N -d "sql:$HOME/.pki/nssdb" --empty-password
certutil -A -d "sql:$HOME/.pki/nssdb" -n @user@-ca -t CT,, -i @ca@
pk12util -i @keystore@ -d "sql:$HOME/.pki/nssdb"
