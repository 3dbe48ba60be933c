# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_pkit_global_optspecs
    string join \n h/help V/version
end

function __fish_pkit_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_pkit_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_pkit_using_subcommand
    set -l cmd (__fish_pkit_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c pkit -n "__fish_pkit_needs_command" -s h -l help -d 'Print help'
complete -c pkit -n "__fish_pkit_needs_command" -s V -l version -d 'Print version'
complete -c pkit -n "__fish_pkit_needs_command" -f -a "quickstart" -d 'From an empty directory to a proven mutual-TLS handshake'
complete -c pkit -n "__fish_pkit_needs_command" -f -a "ca" -d 'Make, import, list and show certificate authorities'
complete -c pkit -n "__fish_pkit_needs_command" -f -a "issue" -d 'Issue a certificate for a server, a client, or a peer that is both'
complete -c pkit -n "__fish_pkit_needs_command" -f -a "request" -d 'Make a key and a certificate request, for another CA or for `sign`'
complete -c pkit -n "__fish_pkit_needs_command" -f -a "sign" -d 'Sign a certificate request: say what is granted of it, and why the rest is not'
complete -c pkit -n "__fish_pkit_needs_command" -f -a "renew" -d 'Renew certificates that are due: same names, profile and issuer; new serial number, dates and key'
complete -c pkit -n "__fish_pkit_needs_command" -f -a "rollback" -d 'Go back to the generation of a certificate before the one in use'
complete -c pkit -n "__fish_pkit_needs_command" -f -a "prune" -d 'Remove old generations; keep what is in use, and what rollback and revocation need'
complete -c pkit -n "__fish_pkit_needs_command" -f -a "list" -d 'List the certificates on record: state, end, serial number, name'
complete -c pkit -n "__fish_pkit_needs_command" -f -a "revoke" -d 'Revoke a certificate, put it on hold, or release it; renews the CRL of its CA at once'
complete -c pkit -n "__fish_pkit_needs_command" -f -a "crl" -d 'Make the CRLs of CAs anew; with --bundle, all that a server needs in one file'
complete -c pkit -n "__fish_pkit_needs_command" -f -a "check" -d 'Prove that a PKI directory holds together; --repair mends what a crash left'
complete -c pkit -n "__fish_pkit_needs_command" -f -a "bundle" -d 'Put certificates in the proven order: fullchain, combined, ca-bundle'
complete -c pkit -n "__fish_pkit_needs_command" -f -a "key" -d 'Make private keys, convert them, change their passphrases'
complete -c pkit -n "__fish_pkit_needs_command" -f -a "export" -d 'Hand out a certificate, or a CA, as another program wants it: nginx to Java, PKCS#12, Kubernetes, Vault'
complete -c pkit -n "__fish_pkit_needs_command" -f -a "inspect" -d 'Show what anything says: certificates, requests, CRLs, keys, stores, servers'
complete -c pkit -n "__fish_pkit_needs_command" -f -a "expiry" -d 'Show what runs out and when; the exit status says whether anything is due'
complete -c pkit -n "__fish_pkit_needs_command" -f -a "verify" -d 'Would a peer accept this certificate, for this purpose, name and time, and if not, why'
complete -c pkit -n "__fish_pkit_needs_command" -f -a "lint" -d 'Find what is wrong, unwise or unusual in certificates, CRLs and requests, by rules with names'
complete -c pkit -n "__fish_pkit_needs_command" -f -a "explain" -d 'Say in words what an alert, extension, OID, code or rule means, or what a certificate can be used for'
complete -c pkit -n "__fish_pkit_needs_command" -f -a "serve-test" -d 'Run a mutual-TLS test server that says whom it saw, and why it refused whom'
complete -c pkit -n "__fish_pkit_needs_command" -f -a "probe" -d 'Try a mutual-TLS handshake and a request; say who refused whom, and why'
complete -c pkit -n "__fish_pkit_needs_command" -f -a "audit" -d 'See that your own server or client refuses what it must: every wrong certificate there is'
complete -c pkit -n "__fish_pkit_needs_command" -f -a "completions" -d 'Print the completion script of a shell'
complete -c pkit -n "__fish_pkit_needs_command" -f -a "man" -d 'Print the manual page of a command'
complete -c pkit -n "__fish_pkit_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c pkit -n "__fish_pkit_using_subcommand quickstart" -l pki -d 'The PKI directory' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand quickstart" -l json -d 'Answer in JSON on standard output; errors are JSON on standard error'
complete -c pkit -n "__fish_pkit_using_subcommand quickstart" -s q -l quiet -d 'Say nothing beside the answer and errors'
complete -c pkit -n "__fish_pkit_using_subcommand quickstart" -s h -l help -d 'Print help'
complete -c pkit -n "__fish_pkit_using_subcommand quickstart" -s V -l version -d 'Print version'
complete -c pkit -n "__fish_pkit_using_subcommand ca; and not __fish_seen_subcommand_from root intermediate import cross-sign renew rotate list show help" -s h -l help -d 'Print help'
complete -c pkit -n "__fish_pkit_using_subcommand ca; and not __fish_seen_subcommand_from root intermediate import cross-sign renew rotate list show help" -s V -l version -d 'Print version'
complete -c pkit -n "__fish_pkit_using_subcommand ca; and not __fish_seen_subcommand_from root intermediate import cross-sign renew rotate list show help" -f -a "root" -d 'Make a root CA, which signs itself'
complete -c pkit -n "__fish_pkit_using_subcommand ca; and not __fish_seen_subcommand_from root intermediate import cross-sign renew rotate list show help" -f -a "intermediate" -d 'Make an intermediate CA, signed by a root or another intermediate'
complete -c pkit -n "__fish_pkit_using_subcommand ca; and not __fish_seen_subcommand_from root intermediate import cross-sign renew rotate list show help" -f -a "import" -d 'Adopt a CA that another tool made: openssl, mkcert, easy-rsa, step, cert-manager, …'
complete -c pkit -n "__fish_pkit_using_subcommand ca; and not __fish_seen_subcommand_from root intermediate import cross-sign renew rotate list show help" -f -a "cross-sign" -d 'Have a CA certified by another one too, so that peers that trust only that one accept what it signs'
complete -c pkit -n "__fish_pkit_using_subcommand ca; and not __fish_seen_subcommand_from root intermediate import cross-sign renew rotate list show help" -f -a "renew" -d 'Renew a CA: same key and name, new serial number and dates; what it issued stays good'
complete -c pkit -n "__fish_pkit_using_subcommand ca; and not __fish_seen_subcommand_from root intermediate import cross-sign renew rotate list show help" -f -a "rotate" -d 'Roll a CA over to a new one with another key, in proven phases and without an outage'
complete -c pkit -n "__fish_pkit_using_subcommand ca; and not __fish_seen_subcommand_from root intermediate import cross-sign renew rotate list show help" -f -a "list" -d 'List the authorities: who signed whom, how many certificates each issued, when each ends'
complete -c pkit -n "__fish_pkit_using_subcommand ca; and not __fish_seen_subcommand_from root intermediate import cross-sign renew rotate list show help" -f -a "show" -d 'Show one authority: what it says, who is above it, how it stands with its key'
complete -c pkit -n "__fish_pkit_using_subcommand ca; and not __fish_seen_subcommand_from root intermediate import cross-sign renew rotate list show help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from root" -l subject -d 'The whole subject: "C=US,O=Acme,CN=api", in RFC 4514\'s order too, or "/C=US/O=Acme/CN=api"' -r
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from root" -l cn -d 'The common name, where it is not to be NAME; empty for none' -r
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from root" -l org -d 'The organization' -r
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from root" -l ou -d 'An organizational unit; more than one may be given' -r
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from root" -l country -d 'The country, in two letters' -r
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from root" -l state -d 'The state or province' -r
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from root" -l locality -d 'The city' -r
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from root" -l validity -d 'How long it is valid: a duration (90d, 1y6mo) or an RFC 3339 time' -r
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from root" -l not-before -d 'When it begins: an RFC 3339 time, or -1h for an hour ago; a minute ago by default' -r
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from root" -l not-after -d 'When it ends: an RFC 3339 time, or 90d for in 90 days' -r
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from root" -l crl-url -d 'Where the CRL of the issuer is' -r
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from root" -l issuer-url -d 'Where the certificate of the issuer is (AIA caIssuers)' -r
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from root" -l ocsp-url -d 'Where the OCSP responder of the issuer is (AIA)' -r
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from root" -l policy -d 'A certificate policy, with the URL of its practice statement if there is one' -r
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from root" -l extension -d 'Any other extension, as DER: 1.3.6.1.4.1.99999.1=critical,hex:0c0161' -r
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from root" -l permit-dns -d 'Permit DNS names in this domain only: internal, or .internal, covers all below it' -r
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from root" -l permit-ip -d 'Permit addresses in this network only' -r
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from root" -l permit-email -d 'Permit this mailbox, those of this host, or (.example.com) of all hosts of a domain only' -r
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from root" -l permit-uri -d 'Permit URIs of this host, or (.example.com) of all hosts of a domain only' -r
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from root" -l eku -d 'Limit what certificates below may be used for, by name or OID, with commas: clientAuth' -r
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from root" -l exclude-dns -d 'Ban DNS names in this domain' -r
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from root" -l exclude-ip -d 'Ban addresses in this network' -r
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from root" -l exclude-email -d 'Ban this mailbox, those of this host, or of all hosts of a domain' -r
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from root" -l exclude-uri -d 'Ban URIs of this host, or of all hosts of a domain' -r
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from root" -l key-type -d 'Kind of key' -r -f -a "p256\t'ECDSA on NIST P-256: read by everything'
p384\t'ECDSA on NIST P-384'
ed25519\t'Ed25519; not read by Chromium, NSS or Envoy\'s client side'
rsa2048\t'RSA with 2048 bits: for peers that know nothing else'
rsa3072\t'RSA with 3072 bits'
rsa4096\t'RSA with 4096 bits'"
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from root" -l key -d 'Certify the key of this file instead of a new one; it is copied into the set' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from root" -l passphrase-file -d 'Read the passphrase that opens the private key from the first line of a file' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from root" -l passphrase-fd -d 'Read it from an open file descriptor' -r
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from root" -l passphrase-command -d 'Read it from the first line a command prints (no shell; 60 seconds). Else PKIT_PASSPHRASE, else asked for' -r
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from root" -l new-passphrase-file -d 'Read the passphrase that protects the new key from the first line of a file' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from root" -l new-passphrase-fd -d 'Read it from an open file descriptor' -r
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from root" -l new-passphrase-command -d 'Read it from the first line a command prints. Else PKIT_NEW_PASSPHRASE, else asked for' -r
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from root" -l pki -d 'The PKI directory' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from root" -l lock-timeout -d 'How long to wait for another pkit that writes to the PKI directory' -r
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from root" -l path-length -d 'Most intermediate CAs in a row below it, or `none` for no limit' -r
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from root" -l for-testing -d 'Allow a certificate that has expired or is not valid yet, to test what refuses it'
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from root" -l dry-run -d 'Do everything but write: show the certificate that would be made'
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from root" -l no-input -d 'Never ask; fail where a passphrase is missing'
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from root" -l unencrypted -d 'Write the new key without a passphrase'
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from root" -l json -d 'Answer in JSON on standard output; errors are JSON on standard error'
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from root" -s q -l quiet -d 'Say nothing beside the answer and errors'
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from root" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from root" -s V -l version -d 'Print version'
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from intermediate" -l subject -d 'The whole subject: "C=US,O=Acme,CN=api", in RFC 4514\'s order too, or "/C=US/O=Acme/CN=api"' -r
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from intermediate" -l cn -d 'The common name, where it is not to be NAME; empty for none' -r
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from intermediate" -l org -d 'The organization' -r
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from intermediate" -l ou -d 'An organizational unit; more than one may be given' -r
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from intermediate" -l country -d 'The country, in two letters' -r
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from intermediate" -l state -d 'The state or province' -r
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from intermediate" -l locality -d 'The city' -r
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from intermediate" -l validity -d 'How long it is valid: a duration (90d, 1y6mo) or an RFC 3339 time' -r
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from intermediate" -l not-before -d 'When it begins: an RFC 3339 time, or -1h for an hour ago; a minute ago by default' -r
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from intermediate" -l not-after -d 'When it ends: an RFC 3339 time, or 90d for in 90 days' -r
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from intermediate" -l crl-url -d 'Where the CRL of the issuer is' -r
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from intermediate" -l issuer-url -d 'Where the certificate of the issuer is (AIA caIssuers)' -r
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from intermediate" -l ocsp-url -d 'Where the OCSP responder of the issuer is (AIA)' -r
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from intermediate" -l policy -d 'A certificate policy, with the URL of its practice statement if there is one' -r
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from intermediate" -l extension -d 'Any other extension, as DER: 1.3.6.1.4.1.99999.1=critical,hex:0c0161' -r
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from intermediate" -l permit-dns -d 'Permit DNS names in this domain only: internal, or .internal, covers all below it' -r
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from intermediate" -l permit-ip -d 'Permit addresses in this network only' -r
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from intermediate" -l permit-email -d 'Permit this mailbox, those of this host, or (.example.com) of all hosts of a domain only' -r
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from intermediate" -l permit-uri -d 'Permit URIs of this host, or (.example.com) of all hosts of a domain only' -r
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from intermediate" -l eku -d 'Limit what certificates below may be used for, by name or OID, with commas: clientAuth' -r
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from intermediate" -l exclude-dns -d 'Ban DNS names in this domain' -r
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from intermediate" -l exclude-ip -d 'Ban addresses in this network' -r
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from intermediate" -l exclude-email -d 'Ban this mailbox, those of this host, or of all hosts of a domain' -r
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from intermediate" -l exclude-uri -d 'Ban URIs of this host, or of all hosts of a domain' -r
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from intermediate" -l key-type -d 'Kind of key' -r -f -a "p256\t'ECDSA on NIST P-256: read by everything'
p384\t'ECDSA on NIST P-384'
ed25519\t'Ed25519; not read by Chromium, NSS or Envoy\'s client side'
rsa2048\t'RSA with 2048 bits: for peers that know nothing else'
rsa3072\t'RSA with 3072 bits'
rsa4096\t'RSA with 4096 bits'"
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from intermediate" -l key -d 'Certify the key of this file instead of a new one; it is copied into the set' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from intermediate" -l passphrase-file -d 'Read the passphrase that opens the private key from the first line of a file' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from intermediate" -l passphrase-fd -d 'Read it from an open file descriptor' -r
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from intermediate" -l passphrase-command -d 'Read it from the first line a command prints (no shell; 60 seconds). Else PKIT_PASSPHRASE, else asked for' -r
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from intermediate" -l new-passphrase-file -d 'Read the passphrase that protects the new key from the first line of a file' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from intermediate" -l new-passphrase-fd -d 'Read it from an open file descriptor' -r
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from intermediate" -l new-passphrase-command -d 'Read it from the first line a command prints. Else PKIT_NEW_PASSPHRASE, else asked for' -r
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from intermediate" -l pki -d 'The PKI directory' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from intermediate" -l lock-timeout -d 'How long to wait for another pkit that writes to the PKI directory' -r
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from intermediate" -l issuer -d 'The CA in the PKI directory that signs it; the root, where there is but one' -r
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from intermediate" -l path-length -d 'Most intermediate CAs in a row below it, or `none` for no limit' -r
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from intermediate" -l for-testing -d 'Allow a certificate that has expired or is not valid yet, to test what refuses it'
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from intermediate" -l dry-run -d 'Do everything but write: show the certificate that would be made'
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from intermediate" -l no-input -d 'Never ask; fail where a passphrase is missing'
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from intermediate" -l unencrypted -d 'Write the new key without a passphrase'
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from intermediate" -l json -d 'Answer in JSON on standard output; errors are JSON on standard error'
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from intermediate" -s q -l quiet -d 'Say nothing beside the answer and errors'
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from intermediate" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from intermediate" -s V -l version -d 'Print version'
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from import" -l cert -d 'The certificate of the CA, PEM or DER; the file may hold those above it too' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from import" -l key -d 'The private key of the CA; left out where it is kept elsewhere' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from import" -l chain -d 'The certificates above the CA up to its root, where its own file does not hold them' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from import" -l passphrase-file -d 'Read the passphrase that opens the private key from the first line of a file' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from import" -l passphrase-fd -d 'Read it from an open file descriptor' -r
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from import" -l passphrase-command -d 'Read it from the first line a command prints (no shell; 60 seconds). Else PKIT_PASSPHRASE, else asked for' -r
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from import" -l new-passphrase-file -d 'Read the passphrase that protects the new key from the first line of a file' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from import" -l new-passphrase-fd -d 'Read it from an open file descriptor' -r
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from import" -l new-passphrase-command -d 'Read it from the first line a command prints. Else PKIT_NEW_PASSPHRASE, else asked for' -r
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from import" -l pki -d 'The PKI directory' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from import" -l lock-timeout -d 'How long to wait for another pkit that writes to the PKI directory' -r
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from import" -l allow-expired -d 'Take it, for the record, even if it or a CA above it is not valid now; nothing can be issued from it then'
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from import" -l no-input -d 'Never ask; fail where a passphrase is missing'
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from import" -l unencrypted -d 'Write the new key without a passphrase'
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from import" -l json -d 'Answer in JSON on standard output; errors are JSON on standard error'
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from import" -s q -l quiet -d 'Say nothing beside the answer and errors'
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from import" -s h -l help -d 'Print help'
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from import" -s V -l version -d 'Print version'
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from cross-sign" -l issuer -d 'The CA that signs' -r
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from cross-sign" -l as -d 'What to call the new certificate; "NAME by ISSUER" by default' -r
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from cross-sign" -l validity -d 'How long it is valid: a duration (90d, 1y6mo) or an RFC 3339 time' -r
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from cross-sign" -l not-before -d 'When it begins: an RFC 3339 time, or -1h for an hour ago; a minute ago by default' -r
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from cross-sign" -l not-after -d 'When it ends: an RFC 3339 time, or 90d for in 90 days' -r
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from cross-sign" -l crl-url -d 'Where the CRL of the issuer is' -r
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from cross-sign" -l issuer-url -d 'Where the certificate of the issuer is (AIA caIssuers)' -r
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from cross-sign" -l ocsp-url -d 'Where the OCSP responder of the issuer is (AIA)' -r
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from cross-sign" -l policy -d 'A certificate policy, with the URL of its practice statement if there is one' -r
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from cross-sign" -l extension -d 'Any other extension, as DER: 1.3.6.1.4.1.99999.1=critical,hex:0c0161' -r
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from cross-sign" -l passphrase-file -d 'Read the passphrase that opens the private key from the first line of a file' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from cross-sign" -l passphrase-fd -d 'Read it from an open file descriptor' -r
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from cross-sign" -l passphrase-command -d 'Read it from the first line a command prints (no shell; 60 seconds). Else PKIT_PASSPHRASE, else asked for' -r
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from cross-sign" -l pki -d 'The PKI directory' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from cross-sign" -l lock-timeout -d 'How long to wait for another pkit that writes to the PKI directory' -r
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from cross-sign" -l for-testing -d 'Allow a certificate that has expired or is not valid yet, to test what refuses it'
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from cross-sign" -l dry-run -d 'Do everything but write: show the certificate that would be made'
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from cross-sign" -l no-input -d 'Never ask; fail where a passphrase is missing'
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from cross-sign" -l json -d 'Answer in JSON on standard output; errors are JSON on standard error'
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from cross-sign" -s q -l quiet -d 'Say nothing beside the answer and errors'
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from cross-sign" -s h -l help -d 'Print help'
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from cross-sign" -s V -l version -d 'Print version'
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from renew" -l issuer -d 'The CA that signs it, where it was imported and its issuer came later' -r
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from renew" -l validity -d 'How long it shall last, instead of as long as the old one: a duration or an RFC 3339 time' -r
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from renew" -l passphrase-file -d 'Read the passphrase that opens the private key from the first line of a file' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from renew" -l passphrase-fd -d 'Read it from an open file descriptor' -r
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from renew" -l passphrase-command -d 'Read it from the first line a command prints (no shell; 60 seconds). Else PKIT_PASSPHRASE, else asked for' -r
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from renew" -l pki -d 'The PKI directory' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from renew" -l lock-timeout -d 'How long to wait for another pkit that writes to the PKI directory' -r
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from renew" -l dry-run -d 'Do everything but write: show the certificate that would be made'
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from renew" -l no-input -d 'Never ask; fail where a passphrase is missing'
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from renew" -l json -d 'Answer in JSON on standard output; errors are JSON on standard error'
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from renew" -s q -l quiet -d 'Say nothing beside the answer and errors'
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from renew" -s h -l help -d 'Print help'
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from renew" -s V -l version -d 'Print version'
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from rotate" -l phase -d 'The phase to begin, or to go on with' -r -f -a "trust-both\t'The new CA is made; peers trust it beside the old one'
issue-from-new\t'The new CA signs; certificates of the old one are renewed'
drop-old\t'Nobody trusts the old CA any more'"
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from rotate" -l as -d 'What to call the new CA; "NAME G2" by default, and so on' -r
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from rotate" -l validity -d 'How long the new CA shall last, instead of as long as the old one: a duration or an RFC 3339 time' -r
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from rotate" -l key-type -d 'Kind of key of the new CA; as the old one\'s by default' -r -f -a "p256\t'ECDSA on NIST P-256: read by everything'
p384\t'ECDSA on NIST P-384'
ed25519\t'Ed25519; not read by Chromium, NSS or Envoy\'s client side'
rsa2048\t'RSA with 2048 bits: for peers that know nothing else'
rsa3072\t'RSA with 3072 bits'
rsa4096\t'RSA with 4096 bits'"
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from rotate" -l exec -d 'Run this command with all arguments that follow, once, after files were changed' -r
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from rotate" -l pid-file -d 'Send a signal to the process whose number is in this file' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from rotate" -l signal -d 'Which signal' -r -f -a "HUP\t''
USR1\t''
USR2\t''
WINCH\t''
QUIT\t''
TERM\t''"
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from rotate" -l passphrase-file -d 'Read the passphrase that opens the private key from the first line of a file' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from rotate" -l passphrase-fd -d 'Read it from an open file descriptor' -r
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from rotate" -l passphrase-command -d 'Read it from the first line a command prints (no shell; 60 seconds). Else PKIT_PASSPHRASE, else asked for' -r
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from rotate" -l new-passphrase-file -d 'Read the passphrase that protects the new key from the first line of a file' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from rotate" -l new-passphrase-fd -d 'Read it from an open file descriptor' -r
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from rotate" -l new-passphrase-command -d 'Read it from the first line a command prints. Else PKIT_NEW_PASSPHRASE, else asked for' -r
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from rotate" -l pki -d 'The PKI directory' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from rotate" -l lock-timeout -d 'How long to wait for another pkit that writes to the PKI directory' -r
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from rotate" -l cross-sign -d 'Have the new root certified by the old one too, for peers that trust only that one'
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from rotate" -l force -d 'Drop the old CA though certificates in use hang on it: peers will refuse them'
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from rotate" -l dry-run -d 'Do everything but write: say what would be done, and prove what can be proved'
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from rotate" -l no-input -d 'Never ask; fail where a passphrase is missing'
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from rotate" -l unencrypted -d 'Write the new key without a passphrase'
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from rotate" -l json -d 'Answer in JSON on standard output; errors are JSON on standard error'
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from rotate" -s q -l quiet -d 'Say nothing beside the answer and errors'
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from rotate" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from rotate" -s V -l version -d 'Print version'
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from list" -l pki -d 'The PKI directory' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from list" -l json -d 'Answer in JSON on standard output; errors are JSON on standard error'
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Say nothing beside the answer and errors'
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from list" -s V -l version -d 'Print version'
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from show" -l pki -d 'The PKI directory' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from show" -l pem -d 'Print its certificate alone, in PEM'
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from show" -l chain -d 'Print its certificate and those above it, its root last, in PEM'
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from show" -l json -d 'Answer in JSON on standard output; errors are JSON on standard error'
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Say nothing beside the answer and errors'
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from show" -s V -l version -d 'Print version'
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from help" -f -a "root" -d 'Make a root CA, which signs itself'
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from help" -f -a "intermediate" -d 'Make an intermediate CA, signed by a root or another intermediate'
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from help" -f -a "import" -d 'Adopt a CA that another tool made: openssl, mkcert, easy-rsa, step, cert-manager, …'
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from help" -f -a "cross-sign" -d 'Have a CA certified by another one too, so that peers that trust only that one accept what it signs'
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from help" -f -a "renew" -d 'Renew a CA: same key and name, new serial number and dates; what it issued stays good'
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from help" -f -a "rotate" -d 'Roll a CA over to a new one with another key, in proven phases and without an outage'
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from help" -f -a "list" -d 'List the authorities: who signed whom, how many certificates each issued, when each ends'
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from help" -f -a "show" -d 'Show one authority: what it says, who is above it, how it stands with its key'
complete -c pkit -n "__fish_pkit_using_subcommand ca; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c pkit -n "__fish_pkit_using_subcommand issue" -l san -d 'An alternative name' -r
complete -c pkit -n "__fish_pkit_using_subcommand issue" -l batch -d 'Issue a fleet: a certificate for each row of this CSV or JSON Lines file, or of standard input (-)' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand issue" -l template -d 'An alternative name for every row, as in {name}.devices.internal; {name} stands for its name in --subject and --cn too' -r
complete -c pkit -n "__fish_pkit_using_subcommand issue" -l subject -d 'The whole subject: "C=US,O=Acme,CN=api", in RFC 4514\'s order too, or "/C=US/O=Acme/CN=api"' -r
complete -c pkit -n "__fish_pkit_using_subcommand issue" -l cn -d 'The common name, where it is not to be NAME; empty for none' -r
complete -c pkit -n "__fish_pkit_using_subcommand issue" -l org -d 'The organization' -r
complete -c pkit -n "__fish_pkit_using_subcommand issue" -l ou -d 'An organizational unit; more than one may be given' -r
complete -c pkit -n "__fish_pkit_using_subcommand issue" -l country -d 'The country, in two letters' -r
complete -c pkit -n "__fish_pkit_using_subcommand issue" -l state -d 'The state or province' -r
complete -c pkit -n "__fish_pkit_using_subcommand issue" -l locality -d 'The city' -r
complete -c pkit -n "__fish_pkit_using_subcommand issue" -l validity -d 'How long it is valid: a duration (90d, 1y6mo) or an RFC 3339 time' -r
complete -c pkit -n "__fish_pkit_using_subcommand issue" -l not-before -d 'When it begins: an RFC 3339 time, or -1h for an hour ago; a minute ago by default' -r
complete -c pkit -n "__fish_pkit_using_subcommand issue" -l not-after -d 'When it ends: an RFC 3339 time, or 90d for in 90 days' -r
complete -c pkit -n "__fish_pkit_using_subcommand issue" -l crl-url -d 'Where the CRL of the issuer is' -r
complete -c pkit -n "__fish_pkit_using_subcommand issue" -l issuer-url -d 'Where the certificate of the issuer is (AIA caIssuers)' -r
complete -c pkit -n "__fish_pkit_using_subcommand issue" -l ocsp-url -d 'Where the OCSP responder of the issuer is (AIA)' -r
complete -c pkit -n "__fish_pkit_using_subcommand issue" -l policy -d 'A certificate policy, with the URL of its practice statement if there is one' -r
complete -c pkit -n "__fish_pkit_using_subcommand issue" -l extension -d 'Any other extension, as DER: 1.3.6.1.4.1.99999.1=critical,hex:0c0161' -r
complete -c pkit -n "__fish_pkit_using_subcommand issue" -l eku -d 'Further extended key usages, by name or OID, with commas: codeSigning,emailProtection' -r
complete -c pkit -n "__fish_pkit_using_subcommand issue" -l key-usage -d 'Another key usage than the one that fits profile and key: digitalSignature,keyAgreement' -r
complete -c pkit -n "__fish_pkit_using_subcommand issue" -l serial -d 'The serial number in hexadecimal, instead of 159 random bits' -r
complete -c pkit -n "__fish_pkit_using_subcommand issue" -l key-type -d 'Kind of key' -r -f -a "p256\t'ECDSA on NIST P-256: read by everything'
p384\t'ECDSA on NIST P-384'
ed25519\t'Ed25519; not read by Chromium, NSS or Envoy\'s client side'
rsa2048\t'RSA with 2048 bits: for peers that know nothing else'
rsa3072\t'RSA with 3072 bits'
rsa4096\t'RSA with 4096 bits'"
complete -c pkit -n "__fish_pkit_using_subcommand issue" -l key -d 'Certify the key of this file instead of a new one; it is copied into the set' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand issue" -l issuer -d 'The CA that signs: a name in the PKI directory, or with --issuer-key a certificate file' -r
complete -c pkit -n "__fish_pkit_using_subcommand issue" -l issuer-key -d 'The private key of a CA that is not in the PKI directory' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand issue" -l issuer-chain -d 'The certificates above that CA up to its root, where its own file does not hold them' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand issue" -l out -d 'Write the set of files to this directory too; without a PKI directory, there alone' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand issue" -l passphrase-file -d 'Read the passphrase that opens the private key from the first line of a file' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand issue" -l passphrase-fd -d 'Read it from an open file descriptor' -r
complete -c pkit -n "__fish_pkit_using_subcommand issue" -l passphrase-command -d 'Read it from the first line a command prints (no shell; 60 seconds). Else PKIT_PASSPHRASE, else asked for' -r
complete -c pkit -n "__fish_pkit_using_subcommand issue" -l new-passphrase-file -d 'Read the passphrase that protects the new key from the first line of a file' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand issue" -l new-passphrase-fd -d 'Read it from an open file descriptor' -r
complete -c pkit -n "__fish_pkit_using_subcommand issue" -l new-passphrase-command -d 'Read it from the first line a command prints. Else PKIT_NEW_PASSPHRASE, else asked for' -r
complete -c pkit -n "__fish_pkit_using_subcommand issue" -l pki -d 'The PKI directory' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand issue" -l lock-timeout -d 'How long to wait for another pkit that writes to the PKI directory' -r
complete -c pkit -n "__fish_pkit_using_subcommand issue" -l fail-fast -d 'Stop at the first row that fails; those above it are made'
complete -c pkit -n "__fish_pkit_using_subcommand issue" -l for-testing -d 'Allow a certificate that has expired or is not valid yet, to test what refuses it'
complete -c pkit -n "__fish_pkit_using_subcommand issue" -l must-staple -d 'Make clients refuse the server without a stapled OCSP response (RFC 7633)'
complete -c pkit -n "__fish_pkit_using_subcommand issue" -l encrypt-key -d 'Write the key under a passphrase, from --new-passphrase-*, PKIT_NEW_PASSPHRASE or the terminal'
complete -c pkit -n "__fish_pkit_using_subcommand issue" -l dry-run -d 'Do everything but write: show the certificate that would be made'
complete -c pkit -n "__fish_pkit_using_subcommand issue" -l no-input -d 'Never ask; fail where a passphrase is missing'
complete -c pkit -n "__fish_pkit_using_subcommand issue" -l json -d 'Answer in JSON on standard output; errors are JSON on standard error'
complete -c pkit -n "__fish_pkit_using_subcommand issue" -s q -l quiet -d 'Say nothing beside the answer and errors'
complete -c pkit -n "__fish_pkit_using_subcommand issue" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pkit -n "__fish_pkit_using_subcommand issue" -s V -l version -d 'Print version'
complete -c pkit -n "__fish_pkit_using_subcommand request" -l san -d 'An alternative name' -r
complete -c pkit -n "__fish_pkit_using_subcommand request" -l profile -d 'What the certificate is to be for: the usages that are asked for' -r -f -a "server\t'TLS server: serverAuth'
client\t'TLS client: clientAuth'
peer\t'Both sides, for nodes that talk to each other: serverAuth and clientAuth'"
complete -c pkit -n "__fish_pkit_using_subcommand request" -l subject -d 'The whole subject: "C=US,O=Acme,CN=api", in RFC 4514\'s order too, or "/C=US/O=Acme/CN=api"' -r
complete -c pkit -n "__fish_pkit_using_subcommand request" -l cn -d 'The common name, where it is not to be NAME; empty for none' -r
complete -c pkit -n "__fish_pkit_using_subcommand request" -l org -d 'The organization' -r
complete -c pkit -n "__fish_pkit_using_subcommand request" -l ou -d 'An organizational unit; more than one may be given' -r
complete -c pkit -n "__fish_pkit_using_subcommand request" -l country -d 'The country, in two letters' -r
complete -c pkit -n "__fish_pkit_using_subcommand request" -l state -d 'The state or province' -r
complete -c pkit -n "__fish_pkit_using_subcommand request" -l locality -d 'The city' -r
complete -c pkit -n "__fish_pkit_using_subcommand request" -l key-type -d 'Kind of key' -r -f -a "p256\t'ECDSA on NIST P-256: read by everything'
p384\t'ECDSA on NIST P-384'
ed25519\t'Ed25519; not read by Chromium, NSS or Envoy\'s client side'
rsa2048\t'RSA with 2048 bits: for peers that know nothing else'
rsa3072\t'RSA with 3072 bits'
rsa4096\t'RSA with 4096 bits'"
complete -c pkit -n "__fish_pkit_using_subcommand request" -l key -d 'Ask for a certificate for the key of this file instead of a new one; the file stays as it is' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand request" -l out -d 'Write the files to this directory' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand request" -l passphrase-file -d 'Read the passphrase that opens the private key from the first line of a file' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand request" -l passphrase-fd -d 'Read it from an open file descriptor' -r
complete -c pkit -n "__fish_pkit_using_subcommand request" -l passphrase-command -d 'Read it from the first line a command prints (no shell; 60 seconds). Else PKIT_PASSPHRASE, else asked for' -r
complete -c pkit -n "__fish_pkit_using_subcommand request" -l new-passphrase-file -d 'Read the passphrase that protects the new key from the first line of a file' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand request" -l new-passphrase-fd -d 'Read it from an open file descriptor' -r
complete -c pkit -n "__fish_pkit_using_subcommand request" -l new-passphrase-command -d 'Read it from the first line a command prints. Else PKIT_NEW_PASSPHRASE, else asked for' -r
complete -c pkit -n "__fish_pkit_using_subcommand request" -l must-staple -d 'Ask for a certificate with which a server must staple an OCSP response (RFC 7633)'
complete -c pkit -n "__fish_pkit_using_subcommand request" -l encrypt-key -d 'Write the new key under a passphrase, from --new-passphrase-*, PKIT_NEW_PASSPHRASE or the terminal'
complete -c pkit -n "__fish_pkit_using_subcommand request" -l no-input -d 'Never ask; fail where a passphrase is missing'
complete -c pkit -n "__fish_pkit_using_subcommand request" -l json -d 'Answer in JSON on standard output; errors are JSON on standard error'
complete -c pkit -n "__fish_pkit_using_subcommand request" -s q -l quiet -d 'Say nothing beside the answer and errors'
complete -c pkit -n "__fish_pkit_using_subcommand request" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pkit -n "__fish_pkit_using_subcommand request" -s V -l version -d 'Print version'
complete -c pkit -n "__fish_pkit_using_subcommand sign" -l profile -d 'What the certificate is for; a request has no say in this' -r -f -a "server\t'TLS server: serverAuth'
client\t'TLS client: clientAuth'
peer\t'Both sides, for nodes that talk to each other: serverAuth and clientAuth'"
complete -c pkit -n "__fish_pkit_using_subcommand sign" -l name -d 'What to call it; by default its common name, or else its first alternative name' -r
complete -c pkit -n "__fish_pkit_using_subcommand sign" -l san -d 'An alternative name, instead of all that the request asks for; empty for none' -r
complete -c pkit -n "__fish_pkit_using_subcommand sign" -l subject -d 'The whole subject: "C=US,O=Acme,CN=api", in RFC 4514\'s order too, or "/C=US/O=Acme/CN=api"' -r
complete -c pkit -n "__fish_pkit_using_subcommand sign" -l cn -d 'The common name, where it is not to be NAME; empty for none' -r
complete -c pkit -n "__fish_pkit_using_subcommand sign" -l org -d 'The organization' -r
complete -c pkit -n "__fish_pkit_using_subcommand sign" -l ou -d 'An organizational unit; more than one may be given' -r
complete -c pkit -n "__fish_pkit_using_subcommand sign" -l country -d 'The country, in two letters' -r
complete -c pkit -n "__fish_pkit_using_subcommand sign" -l state -d 'The state or province' -r
complete -c pkit -n "__fish_pkit_using_subcommand sign" -l locality -d 'The city' -r
complete -c pkit -n "__fish_pkit_using_subcommand sign" -l validity -d 'How long it is valid: a duration (90d, 1y6mo) or an RFC 3339 time' -r
complete -c pkit -n "__fish_pkit_using_subcommand sign" -l not-before -d 'When it begins: an RFC 3339 time, or -1h for an hour ago; a minute ago by default' -r
complete -c pkit -n "__fish_pkit_using_subcommand sign" -l not-after -d 'When it ends: an RFC 3339 time, or 90d for in 90 days' -r
complete -c pkit -n "__fish_pkit_using_subcommand sign" -l crl-url -d 'Where the CRL of the issuer is' -r
complete -c pkit -n "__fish_pkit_using_subcommand sign" -l issuer-url -d 'Where the certificate of the issuer is (AIA caIssuers)' -r
complete -c pkit -n "__fish_pkit_using_subcommand sign" -l ocsp-url -d 'Where the OCSP responder of the issuer is (AIA)' -r
complete -c pkit -n "__fish_pkit_using_subcommand sign" -l policy -d 'A certificate policy, with the URL of its practice statement if there is one' -r
complete -c pkit -n "__fish_pkit_using_subcommand sign" -l extension -d 'Any other extension, as DER: 1.3.6.1.4.1.99999.1=critical,hex:0c0161' -r
complete -c pkit -n "__fish_pkit_using_subcommand sign" -l eku -d 'Further extended key usages, by name or OID, with commas: codeSigning,emailProtection' -r
complete -c pkit -n "__fish_pkit_using_subcommand sign" -l key-usage -d 'Another key usage than the one that fits profile and key: digitalSignature,keyAgreement' -r
complete -c pkit -n "__fish_pkit_using_subcommand sign" -l serial -d 'The serial number in hexadecimal, instead of 159 random bits' -r
complete -c pkit -n "__fish_pkit_using_subcommand sign" -l issuer -d 'The CA that signs: a name in the PKI directory, or with --issuer-key a certificate file' -r
complete -c pkit -n "__fish_pkit_using_subcommand sign" -l issuer-key -d 'The private key of a CA that is not in the PKI directory' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand sign" -l issuer-chain -d 'The certificates above that CA up to its root, where its own file does not hold them' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand sign" -l out -d 'Write the set of files to this directory too; without a PKI directory, there alone' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand sign" -l passphrase-file -d 'Read the passphrase that opens the private key from the first line of a file' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand sign" -l passphrase-fd -d 'Read it from an open file descriptor' -r
complete -c pkit -n "__fish_pkit_using_subcommand sign" -l passphrase-command -d 'Read it from the first line a command prints (no shell; 60 seconds). Else PKIT_PASSPHRASE, else asked for' -r
complete -c pkit -n "__fish_pkit_using_subcommand sign" -l pki -d 'The PKI directory' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand sign" -l lock-timeout -d 'How long to wait for another pkit that writes to the PKI directory' -r
complete -c pkit -n "__fish_pkit_using_subcommand sign" -l for-testing -d 'Allow a certificate that has expired or is not valid yet, to test what refuses it'
complete -c pkit -n "__fish_pkit_using_subcommand sign" -l must-staple -d 'Make clients refuse the server without a stapled OCSP response (RFC 7633)'
complete -c pkit -n "__fish_pkit_using_subcommand sign" -l dry-run -d 'Do everything but write: show what would be granted, and the certificate that would be made'
complete -c pkit -n "__fish_pkit_using_subcommand sign" -l no-input -d 'Never ask; fail where a passphrase is missing'
complete -c pkit -n "__fish_pkit_using_subcommand sign" -l json -d 'Answer in JSON on standard output; errors are JSON on standard error'
complete -c pkit -n "__fish_pkit_using_subcommand sign" -s q -l quiet -d 'Say nothing beside the answer and errors'
complete -c pkit -n "__fish_pkit_using_subcommand sign" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pkit -n "__fish_pkit_using_subcommand sign" -s V -l version -d 'Print version'
complete -c pkit -n "__fish_pkit_using_subcommand renew" -l due -d 'When a certificate is due: so long before its end, or when so much of its life is left' -r
complete -c pkit -n "__fish_pkit_using_subcommand renew" -l validity -d 'How long it shall last, instead of as long as the old one: a duration or an RFC 3339 time' -r
complete -c pkit -n "__fish_pkit_using_subcommand renew" -l san -d 'An alternative name, instead of all it has; empty for none' -r
complete -c pkit -n "__fish_pkit_using_subcommand renew" -l add-san -d 'An alternative name beside those it has' -r
complete -c pkit -n "__fish_pkit_using_subcommand renew" -l remove-san -d 'An alternative name that it shall have no more' -r
complete -c pkit -n "__fish_pkit_using_subcommand renew" -l exec -d 'Run this command with all arguments that follow, once, after files were changed' -r
complete -c pkit -n "__fish_pkit_using_subcommand renew" -l pid-file -d 'Send a signal to the process whose number is in this file' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand renew" -l signal -d 'Which signal' -r -f -a "HUP\t''
USR1\t''
USR2\t''
WINCH\t''
QUIT\t''
TERM\t''"
complete -c pkit -n "__fish_pkit_using_subcommand renew" -l passphrase-file -d 'Read the passphrase that opens the private key from the first line of a file' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand renew" -l passphrase-fd -d 'Read it from an open file descriptor' -r
complete -c pkit -n "__fish_pkit_using_subcommand renew" -l passphrase-command -d 'Read it from the first line a command prints (no shell; 60 seconds). Else PKIT_PASSPHRASE, else asked for' -r
complete -c pkit -n "__fish_pkit_using_subcommand renew" -l new-passphrase-file -d 'Read the passphrase that protects the new key from the first line of a file' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand renew" -l new-passphrase-fd -d 'Read it from an open file descriptor' -r
complete -c pkit -n "__fish_pkit_using_subcommand renew" -l new-passphrase-command -d 'Read it from the first line a command prints. Else PKIT_NEW_PASSPHRASE, else asked for' -r
complete -c pkit -n "__fish_pkit_using_subcommand renew" -l pki -d 'The PKI directory' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand renew" -l lock-timeout -d 'How long to wait for another pkit that writes to the PKI directory' -r
complete -c pkit -n "__fish_pkit_using_subcommand renew" -l all -d 'All certificates that are due'
complete -c pkit -n "__fish_pkit_using_subcommand renew" -l now -d 'Renew what is not due too'
complete -c pkit -n "__fish_pkit_using_subcommand renew" -l reuse-key -d 'Keep the key'
complete -c pkit -n "__fish_pkit_using_subcommand renew" -l dry-run -d 'Do everything but write: show what would be renewed'
complete -c pkit -n "__fish_pkit_using_subcommand renew" -l no-input -d 'Never ask; fail where a passphrase is missing'
complete -c pkit -n "__fish_pkit_using_subcommand renew" -l json -d 'Answer in JSON on standard output; errors are JSON on standard error'
complete -c pkit -n "__fish_pkit_using_subcommand renew" -s q -l quiet -d 'Say nothing beside the answer and errors'
complete -c pkit -n "__fish_pkit_using_subcommand renew" -s h -l help -d 'Print help'
complete -c pkit -n "__fish_pkit_using_subcommand renew" -s V -l version -d 'Print version'
complete -c pkit -n "__fish_pkit_using_subcommand rollback" -l exec -d 'Run this command with all arguments that follow, once, after files were changed' -r
complete -c pkit -n "__fish_pkit_using_subcommand rollback" -l pid-file -d 'Send a signal to the process whose number is in this file' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand rollback" -l signal -d 'Which signal' -r -f -a "HUP\t''
USR1\t''
USR2\t''
WINCH\t''
QUIT\t''
TERM\t''"
complete -c pkit -n "__fish_pkit_using_subcommand rollback" -l pki -d 'The PKI directory' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand rollback" -l lock-timeout -d 'How long to wait for another pkit that writes to the PKI directory' -r
complete -c pkit -n "__fish_pkit_using_subcommand rollback" -l dry-run -d 'Say what it would go back to, and change nothing'
complete -c pkit -n "__fish_pkit_using_subcommand rollback" -l json -d 'Answer in JSON on standard output; errors are JSON on standard error'
complete -c pkit -n "__fish_pkit_using_subcommand rollback" -s q -l quiet -d 'Say nothing beside the answer and errors'
complete -c pkit -n "__fish_pkit_using_subcommand rollback" -s h -l help -d 'Print help'
complete -c pkit -n "__fish_pkit_using_subcommand rollback" -s V -l version -d 'Print version'
complete -c pkit -n "__fish_pkit_using_subcommand prune" -l keep -d 'How many generations of a name to keep, the one in use among them' -r
complete -c pkit -n "__fish_pkit_using_subcommand prune" -l pki -d 'The PKI directory' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand prune" -l lock-timeout -d 'How long to wait for another pkit that writes to the PKI directory' -r
complete -c pkit -n "__fish_pkit_using_subcommand prune" -l dry-run -d 'Say what would be removed, and remove nothing'
complete -c pkit -n "__fish_pkit_using_subcommand prune" -l json -d 'Answer in JSON on standard output; errors are JSON on standard error'
complete -c pkit -n "__fish_pkit_using_subcommand prune" -s q -l quiet -d 'Say nothing beside the answer and errors'
complete -c pkit -n "__fish_pkit_using_subcommand prune" -s h -l help -d 'Print help'
complete -c pkit -n "__fish_pkit_using_subcommand prune" -s V -l version -d 'Print version'
complete -c pkit -n "__fish_pkit_using_subcommand list" -l state -d 'Only those in this state' -r -f -a "valid\t'In use'
due\t'In use, in the last third of its life: time to renew'
expired\t'Ended'
superseded\t'Replaced by another of the same name'
revoked\t'Revoked, for good or on hold'"
complete -c pkit -n "__fish_pkit_using_subcommand list" -l issuer -d 'Only those that this CA signed' -r
complete -c pkit -n "__fish_pkit_using_subcommand list" -l expires-within -d 'Only those that end within this time, and have not ended yet' -r
complete -c pkit -n "__fish_pkit_using_subcommand list" -l serial -d 'Only the one with this serial number, in hexadecimal' -r
complete -c pkit -n "__fish_pkit_using_subcommand list" -l history -d 'Everything that happened to this name, in order: who replaced whom' -r
complete -c pkit -n "__fish_pkit_using_subcommand list" -l at -d 'Judge as of another time: 2027-06-30, 2027-06-30T12:00:00Z, or 30d for in 30 days' -r
complete -c pkit -n "__fish_pkit_using_subcommand list" -l pki -d 'The PKI directory' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand list" -l json -d 'Answer in JSON on standard output; errors are JSON on standard error'
complete -c pkit -n "__fish_pkit_using_subcommand list" -s q -l quiet -d 'Say nothing beside the answer and errors'
complete -c pkit -n "__fish_pkit_using_subcommand list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pkit -n "__fish_pkit_using_subcommand list" -s V -l version -d 'Print version'
complete -c pkit -n "__fish_pkit_using_subcommand revoke" -l serial -d 'Its serial number in hexadecimal' -r
complete -c pkit -n "__fish_pkit_using_subcommand revoke" -l issuer -d 'The CA that gave that serial number; one that is not on record can be revoked so' -r
complete -c pkit -n "__fish_pkit_using_subcommand revoke" -l cert -d 'Its file' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand revoke" -l reason -d 'Why' -r -f -a "unspecified\t'None in particular; a list then states none'
keyCompromise\t'Its private key is known to others, or may be'
cACompromise\t'That of the CA is'
affiliationChanged\t'Its names are no longer right'
superseded\t'Another certificate takes its place'
cessationOfOperation\t'It is no longer needed'
certificateHold\t'For the time being: the only one that can be taken back, with --release'
privilegeWithdrawn\t'Who has it may no longer do what it allows'"
complete -c pkit -n "__fish_pkit_using_subcommand revoke" -l revoked-at -d 'Since when, if not since now: 2026-11-02T08:00:00Z, or -3d for three days ago' -r
complete -c pkit -n "__fish_pkit_using_subcommand revoke" -l passphrase-file -d 'Read the passphrase that opens the private key from the first line of a file' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand revoke" -l passphrase-fd -d 'Read it from an open file descriptor' -r
complete -c pkit -n "__fish_pkit_using_subcommand revoke" -l passphrase-command -d 'Read it from the first line a command prints (no shell; 60 seconds). Else PKIT_PASSPHRASE, else asked for' -r
complete -c pkit -n "__fish_pkit_using_subcommand revoke" -l pki -d 'The PKI directory' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand revoke" -l lock-timeout -d 'How long to wait for another pkit that writes to the PKI directory' -r
complete -c pkit -n "__fish_pkit_using_subcommand revoke" -l release -d 'Take a hold back'
complete -c pkit -n "__fish_pkit_using_subcommand revoke" -l no-crl -d 'Put it on record alone; the CRL is made later, by `pkit crl`'
complete -c pkit -n "__fish_pkit_using_subcommand revoke" -l no-input -d 'Never ask; fail where a passphrase is missing'
complete -c pkit -n "__fish_pkit_using_subcommand revoke" -l json -d 'Answer in JSON on standard output; errors are JSON on standard error'
complete -c pkit -n "__fish_pkit_using_subcommand revoke" -s q -l quiet -d 'Say nothing beside the answer and errors'
complete -c pkit -n "__fish_pkit_using_subcommand revoke" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pkit -n "__fish_pkit_using_subcommand revoke" -s V -l version -d 'Print version'
complete -c pkit -n "__fish_pkit_using_subcommand crl" -l validity -d 'How long the list is good for: the next one has to be there by then' -r
complete -c pkit -n "__fish_pkit_using_subcommand crl" -l bundle -d 'Write the current lists of every CA above this certificate or CA, and its own' -r
complete -c pkit -n "__fish_pkit_using_subcommand crl" -s o -l out -d 'Write the list here too; - for standard output' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand crl" -l passphrase-file -d 'Read the passphrase that opens the private key from the first line of a file' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand crl" -l passphrase-fd -d 'Read it from an open file descriptor' -r
complete -c pkit -n "__fish_pkit_using_subcommand crl" -l passphrase-command -d 'Read it from the first line a command prints (no shell; 60 seconds). Else PKIT_PASSPHRASE, else asked for' -r
complete -c pkit -n "__fish_pkit_using_subcommand crl" -l pki -d 'The PKI directory' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand crl" -l lock-timeout -d 'How long to wait for another pkit that writes to the PKI directory' -r
complete -c pkit -n "__fish_pkit_using_subcommand crl" -l der -d 'Write it in DER there'
complete -c pkit -n "__fish_pkit_using_subcommand crl" -l force -d 'Replace the file that is there'
complete -c pkit -n "__fish_pkit_using_subcommand crl" -l no-input -d 'Never ask; fail where a passphrase is missing'
complete -c pkit -n "__fish_pkit_using_subcommand crl" -l json -d 'Answer in JSON on standard output; errors are JSON on standard error'
complete -c pkit -n "__fish_pkit_using_subcommand crl" -s q -l quiet -d 'Say nothing beside the answer and errors'
complete -c pkit -n "__fish_pkit_using_subcommand crl" -s h -l help -d 'Print help'
complete -c pkit -n "__fish_pkit_using_subcommand crl" -s V -l version -d 'Print version'
complete -c pkit -n "__fish_pkit_using_subcommand check" -l at -d 'As of when: 30d from now, or an RFC 3339 time' -r
complete -c pkit -n "__fish_pkit_using_subcommand check" -l passphrase-file -d 'Read the passphrase that opens the private key from the first line of a file' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand check" -l passphrase-fd -d 'Read it from an open file descriptor' -r
complete -c pkit -n "__fish_pkit_using_subcommand check" -l passphrase-command -d 'Read it from the first line a command prints (no shell; 60 seconds). Else PKIT_PASSPHRASE, else asked for' -r
complete -c pkit -n "__fish_pkit_using_subcommand check" -l pki -d 'The PKI directory' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand check" -l lock-timeout -d 'How long to wait for another pkit that writes to the PKI directory' -r
complete -c pkit -n "__fish_pkit_using_subcommand check" -l repair -d 'Finish or discard what a crash left, and turn links to what is on record'
complete -c pkit -n "__fish_pkit_using_subcommand check" -l no-input -d 'Never ask; fail where a passphrase is missing'
complete -c pkit -n "__fish_pkit_using_subcommand check" -l json -d 'Answer in JSON on standard output; errors are JSON on standard error'
complete -c pkit -n "__fish_pkit_using_subcommand check" -s q -l quiet -d 'Say nothing beside the answer and errors'
complete -c pkit -n "__fish_pkit_using_subcommand check" -s h -l help -d 'Print help'
complete -c pkit -n "__fish_pkit_using_subcommand check" -s V -l version -d 'Print version'
complete -c pkit -n "__fish_pkit_using_subcommand bundle" -l key -d 'The private key of the leaf: says which one is meant, and is written with --combined' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand bundle" -s o -l out -d 'Write to a file; `-` is standard output' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand bundle" -l passphrase-file -d 'Read the passphrase that opens the private key from the first line of a file' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand bundle" -l passphrase-fd -d 'Read it from an open file descriptor' -r
complete -c pkit -n "__fish_pkit_using_subcommand bundle" -l passphrase-command -d 'Read it from the first line a command prints (no shell; 60 seconds). Else PKIT_PASSPHRASE, else asked for' -r
complete -c pkit -n "__fish_pkit_using_subcommand bundle" -l with-root -d 'The root as well, behind the intermediates'
complete -c pkit -n "__fish_pkit_using_subcommand bundle" -l ca-bundle -d 'The root and the intermediates, without the leaf: what the other side trusts'
complete -c pkit -n "__fish_pkit_using_subcommand bundle" -l combined -d 'The private key, then the leaf and the intermediates'
complete -c pkit -n "__fish_pkit_using_subcommand bundle" -l partial -d 'Allow the root to be missing'
complete -c pkit -n "__fish_pkit_using_subcommand bundle" -l force -d 'Replace the file where there is one'
complete -c pkit -n "__fish_pkit_using_subcommand bundle" -l no-input -d 'Never ask; fail where a passphrase is missing'
complete -c pkit -n "__fish_pkit_using_subcommand bundle" -l json -d 'Answer in JSON on standard output; errors are JSON on standard error'
complete -c pkit -n "__fish_pkit_using_subcommand bundle" -s q -l quiet -d 'Say nothing beside the answer and errors'
complete -c pkit -n "__fish_pkit_using_subcommand bundle" -s h -l help -d 'Print help'
complete -c pkit -n "__fish_pkit_using_subcommand bundle" -s V -l version -d 'Print version'
complete -c pkit -n "__fish_pkit_using_subcommand key; and not __fish_seen_subcommand_from generate convert passphrase help" -s h -l help -d 'Print help'
complete -c pkit -n "__fish_pkit_using_subcommand key; and not __fish_seen_subcommand_from generate convert passphrase help" -s V -l version -d 'Print version'
complete -c pkit -n "__fish_pkit_using_subcommand key; and not __fish_seen_subcommand_from generate convert passphrase help" -f -a "generate" -d 'Make a private key'
complete -c pkit -n "__fish_pkit_using_subcommand key; and not __fish_seen_subcommand_from generate convert passphrase help" -f -a "convert" -d 'Write a private key in another encoding: PKCS#8, PKCS#1 or SEC1, PEM or DER'
complete -c pkit -n "__fish_pkit_using_subcommand key; and not __fish_seen_subcommand_from generate convert passphrase help" -f -a "passphrase" -d 'Give a private key file a passphrase, another one, or none'
complete -c pkit -n "__fish_pkit_using_subcommand key; and not __fish_seen_subcommand_from generate convert passphrase help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c pkit -n "__fish_pkit_using_subcommand key; and __fish_seen_subcommand_from generate" -l key-type -d 'Kind of key' -r -f -a "p256\t'ECDSA on NIST P-256: read by everything'
p384\t'ECDSA on NIST P-384'
ed25519\t'Ed25519; not read by Chromium, NSS or Envoy\'s client side'
rsa2048\t'RSA with 2048 bits: for peers that know nothing else'
rsa3072\t'RSA with 3072 bits'
rsa4096\t'RSA with 4096 bits'"
complete -c pkit -n "__fish_pkit_using_subcommand key; and __fish_seen_subcommand_from generate" -s o -l out -d 'Write to a new file of mode 0600; `-` is standard output' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand key; and __fish_seen_subcommand_from generate" -l new-passphrase-file -d 'Read the passphrase that protects the new key from the first line of a file' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand key; and __fish_seen_subcommand_from generate" -l new-passphrase-fd -d 'Read it from an open file descriptor' -r
complete -c pkit -n "__fish_pkit_using_subcommand key; and __fish_seen_subcommand_from generate" -l new-passphrase-command -d 'Read it from the first line a command prints. Else PKIT_NEW_PASSPHRASE, else asked for' -r
complete -c pkit -n "__fish_pkit_using_subcommand key; and __fish_seen_subcommand_from generate" -l unencrypted -d 'Write the new key without a passphrase'
complete -c pkit -n "__fish_pkit_using_subcommand key; and __fish_seen_subcommand_from generate" -l json -d 'Answer in JSON on standard output; errors are JSON on standard error'
complete -c pkit -n "__fish_pkit_using_subcommand key; and __fish_seen_subcommand_from generate" -s q -l quiet -d 'Say nothing beside the answer and errors'
complete -c pkit -n "__fish_pkit_using_subcommand key; and __fish_seen_subcommand_from generate" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pkit -n "__fish_pkit_using_subcommand key; and __fish_seen_subcommand_from generate" -s V -l version -d 'Print version'
complete -c pkit -n "__fish_pkit_using_subcommand key; and __fish_seen_subcommand_from convert" -l to -d 'The encoding: pkcs8 for any key, pkcs1 for RSA, sec1 for EC' -r -f -a "pkcs8\t'`PRIVATE KEY`: any kind of key; what everything of today reads'
pkcs1\t'`RSA PRIVATE KEY`: RSA alone'
sec1\t'`EC PRIVATE KEY`: keys on a NIST curve alone'"
complete -c pkit -n "__fish_pkit_using_subcommand key; and __fish_seen_subcommand_from convert" -s o -l out -d 'Write to a file of mode 0600; `-` is standard output' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand key; and __fish_seen_subcommand_from convert" -l passphrase-file -d 'Read the passphrase that opens the private key from the first line of a file' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand key; and __fish_seen_subcommand_from convert" -l passphrase-fd -d 'Read it from an open file descriptor' -r
complete -c pkit -n "__fish_pkit_using_subcommand key; and __fish_seen_subcommand_from convert" -l passphrase-command -d 'Read it from the first line a command prints (no shell; 60 seconds). Else PKIT_PASSPHRASE, else asked for' -r
complete -c pkit -n "__fish_pkit_using_subcommand key; and __fish_seen_subcommand_from convert" -l new-passphrase-file -d 'Read the passphrase that protects the new key from the first line of a file' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand key; and __fish_seen_subcommand_from convert" -l new-passphrase-fd -d 'Read it from an open file descriptor' -r
complete -c pkit -n "__fish_pkit_using_subcommand key; and __fish_seen_subcommand_from convert" -l new-passphrase-command -d 'Read it from the first line a command prints. Else PKIT_NEW_PASSPHRASE, else asked for' -r
complete -c pkit -n "__fish_pkit_using_subcommand key; and __fish_seen_subcommand_from convert" -l der -d 'Write DER instead of PEM'
complete -c pkit -n "__fish_pkit_using_subcommand key; and __fish_seen_subcommand_from convert" -l force -d 'Replace the file where there is one'
complete -c pkit -n "__fish_pkit_using_subcommand key; and __fish_seen_subcommand_from convert" -l no-input -d 'Never ask; fail where a passphrase is missing'
complete -c pkit -n "__fish_pkit_using_subcommand key; and __fish_seen_subcommand_from convert" -l unencrypted -d 'Write the new key without a passphrase'
complete -c pkit -n "__fish_pkit_using_subcommand key; and __fish_seen_subcommand_from convert" -l json -d 'Answer in JSON on standard output; errors are JSON on standard error'
complete -c pkit -n "__fish_pkit_using_subcommand key; and __fish_seen_subcommand_from convert" -s q -l quiet -d 'Say nothing beside the answer and errors'
complete -c pkit -n "__fish_pkit_using_subcommand key; and __fish_seen_subcommand_from convert" -s h -l help -d 'Print help'
complete -c pkit -n "__fish_pkit_using_subcommand key; and __fish_seen_subcommand_from convert" -s V -l version -d 'Print version'
complete -c pkit -n "__fish_pkit_using_subcommand key; and __fish_seen_subcommand_from passphrase" -l passphrase-file -d 'Read the passphrase that opens the private key from the first line of a file' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand key; and __fish_seen_subcommand_from passphrase" -l passphrase-fd -d 'Read it from an open file descriptor' -r
complete -c pkit -n "__fish_pkit_using_subcommand key; and __fish_seen_subcommand_from passphrase" -l passphrase-command -d 'Read it from the first line a command prints (no shell; 60 seconds). Else PKIT_PASSPHRASE, else asked for' -r
complete -c pkit -n "__fish_pkit_using_subcommand key; and __fish_seen_subcommand_from passphrase" -l new-passphrase-file -d 'Read the passphrase that protects the new key from the first line of a file' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand key; and __fish_seen_subcommand_from passphrase" -l new-passphrase-fd -d 'Read it from an open file descriptor' -r
complete -c pkit -n "__fish_pkit_using_subcommand key; and __fish_seen_subcommand_from passphrase" -l new-passphrase-command -d 'Read it from the first line a command prints. Else PKIT_NEW_PASSPHRASE, else asked for' -r
complete -c pkit -n "__fish_pkit_using_subcommand key; and __fish_seen_subcommand_from passphrase" -l remove -d 'Leave the key without a passphrase'
complete -c pkit -n "__fish_pkit_using_subcommand key; and __fish_seen_subcommand_from passphrase" -l no-input -d 'Never ask; fail where a passphrase is missing'
complete -c pkit -n "__fish_pkit_using_subcommand key; and __fish_seen_subcommand_from passphrase" -l json -d 'Answer in JSON on standard output; errors are JSON on standard error'
complete -c pkit -n "__fish_pkit_using_subcommand key; and __fish_seen_subcommand_from passphrase" -s q -l quiet -d 'Say nothing beside the answer and errors'
complete -c pkit -n "__fish_pkit_using_subcommand key; and __fish_seen_subcommand_from passphrase" -s h -l help -d 'Print help'
complete -c pkit -n "__fish_pkit_using_subcommand key; and __fish_seen_subcommand_from passphrase" -s V -l version -d 'Print version'
complete -c pkit -n "__fish_pkit_using_subcommand key; and __fish_seen_subcommand_from help" -f -a "generate" -d 'Make a private key'
complete -c pkit -n "__fish_pkit_using_subcommand key; and __fish_seen_subcommand_from help" -f -a "convert" -d 'Write a private key in another encoding: PKCS#8, PKCS#1 or SEC1, PEM or DER'
complete -c pkit -n "__fish_pkit_using_subcommand key; and __fish_seen_subcommand_from help" -f -a "passphrase" -d 'Give a private key file a passphrase, another one, or none'
complete -c pkit -n "__fish_pkit_using_subcommand key; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c pkit -n "__fish_pkit_using_subcommand export" -l to -d 'What to make' -r -f -a "p12\t'PKCS#12 with the key, the certificate and the chain: for Java, Windows, browsers, Keychain'
truststore\t'PKCS#12 with the roots to trust'
pem\t'A directory with every part in a file of its own'
combined\t'One file with certificate, intermediates and key'
docker-dir\t'A directory as the Docker daemon, or a registry\'s client, wants it'
k8s-tls\t'A Kubernetes Secret of the type kubernetes.io/tls'
k8s-ca\t'A Kubernetes ConfigMap with the roots to trust; with --with-ca-key a Secret with the CA too'
cert-manager-ca\t'The CA for cert-manager: a Secret and a ClusterIssuer, or with --namespace an Issuer'
istio\t'The CA for Istio: the files of the Secret `cacerts`'
linkerd\t'The CA for Linkerd: trust anchor and issuer'
vault\t'The CA for Vault or OpenBao: pem_bundle'"
complete -c pkit -n "__fish_pkit_using_subcommand export" -l for -d 'For which program' -r -f -a "nginx\t'nginx'
haproxy\t'HAProxy'
apache\t'Apache httpd'
caddy\t'Caddy'
traefik\t'Traefik'
envoy\t'Envoy'
stunnel\t'stunnel'
postgres\t'PostgreSQL and psql'
mysql\t'MySQL and MariaDB'
redis\t'Redis and Valkey'
mosquitto\t'Mosquitto (MQTT)'
rabbitmq\t'RabbitMQ'
kafka\t'Apache Kafka'
etcd\t'etcd and etcdctl'
docker\t'the Docker daemon, its client, and registries'
java\t'Java: HttpsServer, HttpClient'
node\t'Node.js: https'
go\t'Go: net/http'
actix\t'Rust: actix-web with openssl'
grpc\t'Python: gRPC'
uvicorn\t'Python: uvicorn, for FastAPI'
gunicorn\t'Python: gunicorn'
flask\t'Python: Flask'
requests\t'Python: requests'
httpx\t'Python: httpx'
curl\t'curl'
openssl\t'openssl s_server and s_client'
browser\t'Chromium, Chrome, Firefox'"
complete -c pkit -n "__fish_pkit_using_subcommand export" -l compat -d 'Which programs are to read PKCS#12' -r -f -a "modern\t'AES-256 and SHA-256: OpenSSL 1.1, Java 8u301, Windows 10 1709 and later'
legacy\t'Triple DES and SHA-1: macOS Keychain, Windows Server 2016, old Java'"
complete -c pkit -n "__fish_pkit_using_subcommand export" -l cert -d 'The certificate in a file, with its intermediates behind it' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand export" -l key -d 'Its private key; the same file where it holds both' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand export" -l roots -d 'The roots that peers trust, with --cert' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand export" -l friendly-name -l alias -d 'The name under which programs show the key in PKCS#12, where it is not NAME' -r
complete -c pkit -n "__fish_pkit_using_subcommand export" -s o -l out -d 'Where to write: a directory, or a file where the form is one, and then `-` is standard output [default: by NAME]' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand export" -l path -d 'Where the files will be on the machine that uses them [default: where they are written]' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand export" -l host -d 'The server\'s name or address [default: the first in its certificate; for clients localhost]' -r
complete -c pkit -n "__fish_pkit_using_subcommand export" -l listen -d 'The address that the server binds' -r
complete -c pkit -n "__fish_pkit_using_subcommand export" -l port -d 'Its port [default: that of the program]' -r
complete -c pkit -n "__fish_pkit_using_subcommand export" -l client -d 'The client in the PKI directory that the client\'s line is for [default: files in ./client]' -r
complete -c pkit -n "__fish_pkit_using_subcommand export" -l owner -d 'Give the files to a user, as root: the one that the server runs as' -r
complete -c pkit -n "__fish_pkit_using_subcommand export" -l group -d 'Give the files to a group, which can then read the key: mode 0640' -r
complete -c pkit -n "__fish_pkit_using_subcommand export" -l namespace -d 'The namespace in a Kubernetes manifest' -r
complete -c pkit -n "__fish_pkit_using_subcommand export" -l secret-name -d 'The name of what a Kubernetes manifest makes [default: from NAME]' -r
complete -c pkit -n "__fish_pkit_using_subcommand export" -l export-password-file -d 'Read the password that protects the exported file from the first line of a file' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand export" -l export-password-fd -d 'Read it from an open file descriptor' -r
complete -c pkit -n "__fish_pkit_using_subcommand export" -l export-password-command -d 'Read it from the first line a command prints. Else PKIT_EXPORT_PASSWORD, else asked for' -r
complete -c pkit -n "__fish_pkit_using_subcommand export" -l passphrase-file -d 'Read the passphrase that opens the private key from the first line of a file' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand export" -l passphrase-fd -d 'Read it from an open file descriptor' -r
complete -c pkit -n "__fish_pkit_using_subcommand export" -l passphrase-command -d 'Read it from the first line a command prints (no shell; 60 seconds). Else PKIT_PASSPHRASE, else asked for' -r
complete -c pkit -n "__fish_pkit_using_subcommand export" -l pki -d 'The PKI directory' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand export" -l force -d 'Replace the files where there are any'
complete -c pkit -n "__fish_pkit_using_subcommand export" -l as-client -d 'Be the client, with a certificate that is for both sides'
complete -c pkit -n "__fish_pkit_using_subcommand export" -l with-ca-key -d 'Hand out the CA\'s private key, about which a warning comes whatever --quiet says'
complete -c pkit -n "__fish_pkit_using_subcommand export" -l no-input -d 'Never ask; fail where a passphrase is missing'
complete -c pkit -n "__fish_pkit_using_subcommand export" -l json -d 'Answer in JSON on standard output; errors are JSON on standard error'
complete -c pkit -n "__fish_pkit_using_subcommand export" -s q -l quiet -d 'Say nothing beside the answer and errors'
complete -c pkit -n "__fish_pkit_using_subcommand export" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pkit -n "__fish_pkit_using_subcommand export" -s V -l version -d 'Print version'
complete -c pkit -n "__fish_pkit_using_subcommand inspect" -l field -d 'Print the values of these fields alone, a line each; an unknown name lists those there are' -r
complete -c pkit -n "__fish_pkit_using_subcommand inspect" -l find -d 'Tell which file holds a key or certificate: fingerprint, serial number, key identifier, pin or name' -r
complete -c pkit -n "__fish_pkit_using_subcommand inspect" -l at -d 'Judge as of another time: 2027-06-30, 2027-06-30T12:00:00Z, or 30d for in 30 days' -r
complete -c pkit -n "__fish_pkit_using_subcommand inspect" -l starttls -d 'What a server speaks before TLS' -r -f -a "smtp\t'Mail submission and transfer (RFC 3207): ports 25, 587'
imap\t'Mail access (RFC 3501 6.2.1): port 143'
pop3\t'Mail access (RFC 2595 4): port 110'
ldap\t'Directories (RFC 4511 4.14): port 389'
postgres\t'PostgreSQL\'s SSLRequest: port 5432'
mysql\t'MySQL\'s and MariaDB\'s SSLRequest: port 3306'
xmpp\t'Messaging (RFC 6120 5): port 5222'"
complete -c pkit -n "__fish_pkit_using_subcommand inspect" -l server-name -d 'The name that a server is asked for (SNI), where it is not the host' -r
complete -c pkit -n "__fish_pkit_using_subcommand inspect" -l timeout -d 'How long a server may take' -r
complete -c pkit -n "__fish_pkit_using_subcommand inspect" -l passphrase-file -d 'Read the passphrase that opens the private key from the first line of a file' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand inspect" -l passphrase-fd -d 'Read it from an open file descriptor' -r
complete -c pkit -n "__fish_pkit_using_subcommand inspect" -l passphrase-command -d 'Read it from the first line a command prints (no shell; 60 seconds). Else PKIT_PASSPHRASE, else asked for' -r
complete -c pkit -n "__fish_pkit_using_subcommand inspect" -l short -d 'Few lines for each: names, issuer, validity'
complete -c pkit -n "__fish_pkit_using_subcommand inspect" -l pem -d 'Print certificates, requests and CRLs as PEM'
complete -c pkit -n "__fish_pkit_using_subcommand inspect" -l tree -d 'Show who signed whom in all that is given, by signature'
complete -c pkit -n "__fish_pkit_using_subcommand inspect" -l match -d 'Show which keys, requests and certificates belong together, by public key'
complete -c pkit -n "__fish_pkit_using_subcommand inspect" -l no-input -d 'Never ask; fail where a passphrase is missing'
complete -c pkit -n "__fish_pkit_using_subcommand inspect" -l json -d 'Answer in JSON on standard output; errors are JSON on standard error'
complete -c pkit -n "__fish_pkit_using_subcommand inspect" -s q -l quiet -d 'Say nothing beside the answer and errors'
complete -c pkit -n "__fish_pkit_using_subcommand inspect" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pkit -n "__fish_pkit_using_subcommand inspect" -s V -l version -d 'Print version'
complete -c pkit -n "__fish_pkit_using_subcommand expiry" -l targets -d 'Look also at what is listed in a file (`-` is standard input), a line each' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand expiry" -l warn -d 'A certificate is due this long before its end, or with so much of its life left: 30d, 33%' -r
complete -c pkit -n "__fish_pkit_using_subcommand expiry" -l critical -d 'It is high time this long before its end; 7d (10% where --warn is a share), or a quarter of a short --warn' -r
complete -c pkit -n "__fish_pkit_using_subcommand expiry" -l crl-warn -d 'The same as --warn for revocation lists' -r
complete -c pkit -n "__fish_pkit_using_subcommand expiry" -l crl-critical -d 'The same as --critical for revocation lists; 10% unless said otherwise' -r
complete -c pkit -n "__fish_pkit_using_subcommand expiry" -l at -d 'Judge as of another time: 2027-06-30, 2027-06-30T12:00:00Z, or 30d for in 30 days' -r
complete -c pkit -n "__fish_pkit_using_subcommand expiry" -l state -d 'Only what is in this state' -r -f -a "expired\t''
critical\t''
warn\t''
not-yet-valid\t''
ok\t''
due\t''"
complete -c pkit -n "__fish_pkit_using_subcommand expiry" -l name -d 'Only what has this subject, common name or alternative name; `*` stands for any characters' -r
complete -c pkit -n "__fish_pkit_using_subcommand expiry" -l issuer -d 'Only what an issuer of this name signed' -r
complete -c pkit -n "__fish_pkit_using_subcommand expiry" -l exclude -d 'Leave out files and directories below a directory: by name, or by path where a `/` is in it' -r
complete -c pkit -n "__fish_pkit_using_subcommand expiry" -l format -d 'How to tell it' -r -f -a "table\t'For people'
json\t'For programs'
csv\t'For spreadsheets (RFC 4180)'
nagios\t'A line with performance data, and how monitoring plugins end'
prometheus\t'For the textfile collector of node_exporter'
html\t'A page with a timeline'
ics\t'Entries of a calendar, with reminders (RFC 5545)'"
complete -c pkit -n "__fish_pkit_using_subcommand expiry" -s o -l output -d 'Write the answer to a file; one that is there is replaced in one step, so that no reader sees half of it' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand expiry" -l starttls -d 'What a server speaks before TLS' -r -f -a "smtp\t'Mail submission and transfer (RFC 3207): ports 25, 587'
imap\t'Mail access (RFC 3501 6.2.1): port 143'
pop3\t'Mail access (RFC 2595 4): port 110'
ldap\t'Directories (RFC 4511 4.14): port 389'
postgres\t'PostgreSQL\'s SSLRequest: port 5432'
mysql\t'MySQL\'s and MariaDB\'s SSLRequest: port 3306'
xmpp\t'Messaging (RFC 6120 5): port 5222'"
complete -c pkit -n "__fish_pkit_using_subcommand expiry" -l server-name -d 'The name that a server is asked for (SNI), where it is not the host' -r
complete -c pkit -n "__fish_pkit_using_subcommand expiry" -l timeout -d 'How long a server may take' -r
complete -c pkit -n "__fish_pkit_using_subcommand expiry" -l parallel -d 'Most servers that are asked at a time' -r
complete -c pkit -n "__fish_pkit_using_subcommand expiry" -l passphrase-file -d 'Read the passphrase that opens the private key from the first line of a file' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand expiry" -l passphrase-fd -d 'Read it from an open file descriptor' -r
complete -c pkit -n "__fish_pkit_using_subcommand expiry" -l passphrase-command -d 'Read it from the first line a command prints (no shell; 60 seconds). Else PKIT_PASSPHRASE, else asked for' -r
complete -c pkit -n "__fish_pkit_using_subcommand expiry" -l pki -d 'The PKI directory' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand expiry" -l json -d 'As --format json; errors are JSON on standard error'
complete -c pkit -n "__fish_pkit_using_subcommand expiry" -s q -l quiet -d 'Only what is not well; nothing where all is'
complete -c pkit -n "__fish_pkit_using_subcommand expiry" -l no-input -d 'Never ask; fail where a passphrase is missing'
complete -c pkit -n "__fish_pkit_using_subcommand expiry" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pkit -n "__fish_pkit_using_subcommand expiry" -s V -l version -d 'Print version'
complete -c pkit -n "__fish_pkit_using_subcommand verify" -l intermediates -d 'Certificates that may link the leaf to a root, in any order' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand verify" -l roots -d 'The roots that are trusted, and no others; for a NAME its ca.pem by default' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand verify" -l crl -d 'CRLs: every CA of the path then needs one that is current' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand verify" -l purpose -d 'What it is to be used for; server where --host is given, else any' -r -f -a "server\t'A TLS server: serverAuth'
client\t'A TLS client: clientAuth'
any\t'Nothing in particular: usages are not judged'"
complete -c pkit -n "__fish_pkit_using_subcommand verify" -l host -d 'The DNS name or IP address under which the peer is reached' -r
complete -c pkit -n "__fish_pkit_using_subcommand verify" -l email -d 'An e-mail address that it has to hold' -r
complete -c pkit -n "__fish_pkit_using_subcommand verify" -l uri -d 'A URI that it has to hold, such as a SPIFFE ID' -r
complete -c pkit -n "__fish_pkit_using_subcommand verify" -l at -d 'Judge as of another time: 2027-06-30, 2027-06-30T12:00:00Z, or 30d for in 30 days' -r
complete -c pkit -n "__fish_pkit_using_subcommand verify" -l max-depth -d 'Most intermediates in the path; self-issued ones do not count' -r
complete -c pkit -n "__fish_pkit_using_subcommand verify" -l rules -d 'By which rules' -r -f -a "path\t'Path validation alone (RFC 5280 section 6), as peers do it'
rfc5280\t'And what certificates must be like (RFC 5280 section 4)'
webpki\t'And the rules of the CA/Browser Forum for TLS certificates of the public web'"
complete -c pkit -n "__fish_pkit_using_subcommand verify" -l policy -d 'A policy under which the path may be valid; any where none is named' -r
complete -c pkit -n "__fish_pkit_using_subcommand verify" -l pki -d 'The PKI directory' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand verify" -l system-roots -d 'Trust the roots of this system'
complete -c pkit -n "__fish_pkit_using_subcommand verify" -l explicit-policy -d 'Ask for a path that is valid under a policy, even where no CA asks for one'
complete -c pkit -n "__fish_pkit_using_subcommand verify" -l inhibit-mapping -d 'Take no policy for another, though a CA says that they are the same'
complete -c pkit -n "__fish_pkit_using_subcommand verify" -l inhibit-any -d 'Take anyPolicy for no policy'
complete -c pkit -n "__fish_pkit_using_subcommand verify" -l no-rustls -d 'Leave out what rustls says'
complete -c pkit -n "__fish_pkit_using_subcommand verify" -l json -d 'Answer in JSON on standard output; errors are JSON on standard error'
complete -c pkit -n "__fish_pkit_using_subcommand verify" -s q -l quiet -d 'Say nothing beside the answer and errors'
complete -c pkit -n "__fish_pkit_using_subcommand verify" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pkit -n "__fish_pkit_using_subcommand verify" -s V -l version -d 'Print version'
complete -c pkit -n "__fish_pkit_using_subcommand lint" -l fail-on -d 'How grave a finding makes the exit status 1' -r -f -a "error\t'A MUST is broken'
warn\t'A SHOULD is broken, or peers refuse it'
info\t'Anything'"
complete -c pkit -n "__fish_pkit_using_subcommand lint" -l ignore -d 'Leave the findings of a rule out; may be given more than once, or with commas' -r
complete -c pkit -n "__fish_pkit_using_subcommand lint" -l explain -d 'Say what a rule demands, why, and what to do' -r
complete -c pkit -n "__fish_pkit_using_subcommand lint" -l at -d 'Judge as of another time: 2027-06-30, 2027-06-30T12:00:00Z, or 30d for in 30 days' -r
complete -c pkit -n "__fish_pkit_using_subcommand lint" -l list -d 'List all rules'
complete -c pkit -n "__fish_pkit_using_subcommand lint" -l json -d 'Answer in JSON on standard output; errors are JSON on standard error'
complete -c pkit -n "__fish_pkit_using_subcommand lint" -s q -l quiet -d 'Say nothing beside the answer and errors'
complete -c pkit -n "__fish_pkit_using_subcommand lint" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pkit -n "__fish_pkit_using_subcommand lint" -s V -l version -d 'Print version'
complete -c pkit -n "__fish_pkit_using_subcommand explain" -l at -d 'Judge as of another time: 2027-06-30, 2027-06-30T12:00:00Z, or 30d for in 30 days' -r
complete -c pkit -n "__fish_pkit_using_subcommand explain" -l json -d 'Answer in JSON on standard output; errors are JSON on standard error'
complete -c pkit -n "__fish_pkit_using_subcommand explain" -s q -l quiet -d 'Say nothing beside the answer and errors'
complete -c pkit -n "__fish_pkit_using_subcommand explain" -s h -l help -d 'Print help'
complete -c pkit -n "__fish_pkit_using_subcommand explain" -s V -l version -d 'Print version'
complete -c pkit -n "__fish_pkit_using_subcommand serve-test" -l cert -d 'The certificate in a file, with its intermediates behind it' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand serve-test" -l key -d 'Its private key; the same file where it holds both' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand serve-test" -l client-ca -d 'The CAs whose clients are let in; with NAME, those of its set unless others are named' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand serve-test" -l crl -d 'Refuse what these CRLs revoke: PEM or DER, one or many in a file; every CA above the certificate needs a current one' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand serve-test" -l sni -d 'Show another certificate to clients that ask for NAME: a set of the PKI directory, or a directory' -r
complete -c pkit -n "__fish_pkit_using_subcommand serve-test" -l listen -d 'Where to listen; port 0 takes a free one' -r
complete -c pkit -n "__fish_pkit_using_subcommand serve-test" -l client-auth -d 'Whether clients are asked for a certificate; 0, 1 and 2 mean the same, as with uvicorn and gunicorn' -r -f -a "none\t'Clients are not asked for a certificate'
optional\t'Clients may come without a certificate; one that they send must be good'
required\t'Clients without a good certificate are refused'"
complete -c pkit -n "__fish_pkit_using_subcommand serve-test" -l tls -d 'Speak this version of TLS only: 1.2 or 1.3' -r
complete -c pkit -n "__fish_pkit_using_subcommand serve-test" -l alpn -d 'Application protocols to agree on, as preferred; only HTTP/1.1 is answered' -r
complete -c pkit -n "__fish_pkit_using_subcommand serve-test" -l allow-cn -d 'Let in only clients with this common name; of several --allow-… one has to match, others get 403' -r
complete -c pkit -n "__fish_pkit_using_subcommand serve-test" -l allow-dns -d '… with this DNS name, whatever its case' -r
complete -c pkit -n "__fish_pkit_using_subcommand serve-test" -l allow-uri -d '… with this URI: spiffe://example.org/service' -r
complete -c pkit -n "__fish_pkit_using_subcommand serve-test" -l allow-ou -d '… with this organizational unit' -r
complete -c pkit -n "__fish_pkit_using_subcommand serve-test" -l allow-email -d '… with this e-mail address' -r
complete -c pkit -n "__fish_pkit_using_subcommand serve-test" -l allow-fingerprint -d '… of this SHA-256 fingerprint, in hexadecimal' -r
complete -c pkit -n "__fish_pkit_using_subcommand serve-test" -l status -d 'Answer with this status' -r
complete -c pkit -n "__fish_pkit_using_subcommand serve-test" -l body -d 'Answer with this text, or what a file holds: @FILE; 64 KiB at most' -r
complete -c pkit -n "__fish_pkit_using_subcommand serve-test" -l access-log -d 'Append a line of JSON for each connection to a file; one that is moved away is begun anew' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand serve-test" -l count -d 'Stop after so many connections; those that say nothing do not count' -r
complete -c pkit -n "__fish_pkit_using_subcommand serve-test" -l timeout -d 'How long one connection may take' -r
complete -c pkit -n "__fish_pkit_using_subcommand serve-test" -l fault -d 'Be bad on purpose: show a certificate like NAME\'s that is wrong in this way, made for this from its CA; for 55 minutes' -r -f -a "untrusted\t''
same-name\t''
self-signed\t''
no-intermediate\t''
wrong-name\t''
client-eku\t''
expired\t''
not-yet-valid\t''
revoked\t''
broken-signature\t''
wrong-key\t''
name-constraint\t''
path-length\t''
leaf-as-ca\t''
weak-key\t''
sha1\t''"
complete -c pkit -n "__fish_pkit_using_subcommand serve-test" -l revoked-serial -d 'For `--fault revoked`: the serial number, in hexadecimal, of a certificate that the CA has revoked; else one of its CRL' -r
complete -c pkit -n "__fish_pkit_using_subcommand serve-test" -l passphrase-file -d 'Read the passphrase that opens the private key from the first line of a file' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand serve-test" -l passphrase-fd -d 'Read it from an open file descriptor' -r
complete -c pkit -n "__fish_pkit_using_subcommand serve-test" -l passphrase-command -d 'Read it from the first line a command prints (no shell; 60 seconds). Else PKIT_PASSPHRASE, else asked for' -r
complete -c pkit -n "__fish_pkit_using_subcommand serve-test" -l pki -d 'The PKI directory' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand serve-test" -l strict-sni -d 'Refuse clients that ask for a server of no name here, or of none'
complete -c pkit -n "__fish_pkit_using_subcommand serve-test" -l reload -d 'Read certificates, keys and client CAs again when their files change'
complete -c pkit -n "__fish_pkit_using_subcommand serve-test" -l echo -d 'Answer with the request as it came: method, target, headers, and a body of 64 KiB at most'
complete -c pkit -n "__fish_pkit_using_subcommand serve-test" -l once -d 'Stop after one connection'
complete -c pkit -n "__fish_pkit_using_subcommand serve-test" -l no-input -d 'Never ask; fail where a passphrase is missing'
complete -c pkit -n "__fish_pkit_using_subcommand serve-test" -l json -d 'Answer in JSON on standard output; errors are JSON on standard error'
complete -c pkit -n "__fish_pkit_using_subcommand serve-test" -s q -l quiet -d 'Say nothing beside the answer and errors'
complete -c pkit -n "__fish_pkit_using_subcommand serve-test" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pkit -n "__fish_pkit_using_subcommand serve-test" -s V -l version -d 'Print version'
complete -c pkit -n "__fish_pkit_using_subcommand probe" -l as -d 'Who we are: a name in the PKI directory' -r
complete -c pkit -n "__fish_pkit_using_subcommand probe" -l cert -d 'The certificate in a file, with its intermediates behind it' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand probe" -l key -d 'Its private key; the same file where it holds both' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand probe" -l roots -d 'The CAs whose servers are trusted; else those of --as, else the roots of the PKI directory' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand probe" -l crl -d 'Refuse what these CRLs revoke: PEM or DER, one or many in a file; every CA above the certificate needs a current one' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand probe" -l connect -d 'Connect there instead; TARGET still says the name: an address, host:port, or unix:/path' -r
complete -c pkit -n "__fish_pkit_using_subcommand probe" -l server-name -d 'The name the server must have, where it is not the host' -r
complete -c pkit -n "__fish_pkit_using_subcommand probe" -l starttls -d 'Speak this protocol until TLS begins, and again after it' -r -f -a "smtp\t'Mail submission and transfer (RFC 3207): ports 25, 587'
imap\t'Mail access (RFC 3501 6.2.1): port 143'
pop3\t'Mail access (RFC 2595 4): port 110'
ldap\t'Directories (RFC 4511 4.14): port 389'
postgres\t'PostgreSQL\'s SSLRequest: port 5432'
mysql\t'MySQL\'s and MariaDB\'s SSLRequest: port 3306'
xmpp\t'Messaging (RFC 6120 5): port 5222'"
complete -c pkit -n "__fish_pkit_using_subcommand probe" -l tls -d 'Speak this version of TLS only: 1.2 or 1.3' -r
complete -c pkit -n "__fish_pkit_using_subcommand probe" -l alpn -d 'Offer these application protocols, and demand one of them; http/1.1 is offered by itself' -r
complete -c pkit -n "__fish_pkit_using_subcommand probe" -l method -d 'The method of the request' -r
complete -c pkit -n "__fish_pkit_using_subcommand probe" -l path -d 'The path of the request, with its query; / unless the URL has one' -r
complete -c pkit -n "__fish_pkit_using_subcommand probe" -l header -d 'A header of the request; Host can be set too' -r
complete -c pkit -n "__fish_pkit_using_subcommand probe" -l expect-status -d 'Demand such a status: 200, 2xx, 200-299, several with commas' -r
complete -c pkit -n "__fish_pkit_using_subcommand probe" -l count -d 'Probe so many times, a line each, and sum up' -r
complete -c pkit -n "__fish_pkit_using_subcommand probe" -l interval -d 'From the beginning of one probe to that of the next' -r
complete -c pkit -n "__fish_pkit_using_subcommand probe" -l timeout -d 'How long all of a probe may take' -r
complete -c pkit -n "__fish_pkit_using_subcommand probe" -l save-chain -d 'Write the certificates of the server here, as it sent them: PEM' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand probe" -l keylog -d 'Write the secrets of the connections here, for Wireshark; whoever has them can read what was sent' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand probe" -l passphrase-file -d 'Read the passphrase that opens the private key from the first line of a file' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand probe" -l passphrase-fd -d 'Read it from an open file descriptor' -r
complete -c pkit -n "__fish_pkit_using_subcommand probe" -l passphrase-command -d 'Read it from the first line a command prints (no shell; 60 seconds). Else PKIT_PASSPHRASE, else asked for' -r
complete -c pkit -n "__fish_pkit_using_subcommand probe" -l pki -d 'The PKI directory' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand probe" -l insecure -d 'Go on with a server that is not trusted, to see what it makes of us; it is refused all the same'
complete -c pkit -n "__fish_pkit_using_subcommand probe" -l force -d 'Overwrite the files of --save-chain and --keylog'
complete -c pkit -n "__fish_pkit_using_subcommand probe" -l no-input -d 'Never ask; fail where a passphrase is missing'
complete -c pkit -n "__fish_pkit_using_subcommand probe" -l json -d 'Answer in JSON on standard output; errors are JSON on standard error'
complete -c pkit -n "__fish_pkit_using_subcommand probe" -s q -l quiet -d 'Say nothing beside the answer and errors'
complete -c pkit -n "__fish_pkit_using_subcommand probe" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pkit -n "__fish_pkit_using_subcommand probe" -s V -l version -d 'Print version'
complete -c pkit -n "__fish_pkit_using_subcommand audit; and not __fish_seen_subcommand_from server client help" -s h -l help -d 'Print help'
complete -c pkit -n "__fish_pkit_using_subcommand audit; and not __fish_seen_subcommand_from server client help" -s V -l version -d 'Print version'
complete -c pkit -n "__fish_pkit_using_subcommand audit; and not __fish_seen_subcommand_from server client help" -f -a "server" -d 'Drive a server with every client that it must refuse'
complete -c pkit -n "__fish_pkit_using_subcommand audit; and not __fish_seen_subcommand_from server client help" -f -a "client" -d 'Send a client to every server that it must refuse'
complete -c pkit -n "__fish_pkit_using_subcommand audit; and not __fish_seen_subcommand_from server client help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c pkit -n "__fish_pkit_using_subcommand audit; and __fish_seen_subcommand_from server" -l as -d 'The good client: its name in the PKI directory' -r
complete -c pkit -n "__fish_pkit_using_subcommand audit; and __fish_seen_subcommand_from server" -l roots -d 'The CAs whose servers are trusted; those of NAME\'s set by default' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand audit; and __fish_seen_subcommand_from server" -l server-name -d 'The name the server must have, where it is not HOST' -r
complete -c pkit -n "__fish_pkit_using_subcommand audit; and __fish_seen_subcommand_from server" -l connect -d 'Connect there, and not to HOST' -r
complete -c pkit -n "__fish_pkit_using_subcommand audit; and __fish_seen_subcommand_from server" -l crl -d 'The lists that the server goes by: what they revoke must be refused; else the crl.pem of NAME\'s CA' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand audit; and __fish_seen_subcommand_from server" -l unallowed-name -d 'A name that the server must not let in; else a random one' -r
complete -c pkit -n "__fish_pkit_using_subcommand audit; and __fish_seen_subcommand_from server" -l min-tls -d 'The lowest version of TLS that the server may speak: 1.2 or 1.3' -r
complete -c pkit -n "__fish_pkit_using_subcommand audit; and __fish_seen_subcommand_from server" -l timeout -d 'How long one handshake may take' -r
complete -c pkit -n "__fish_pkit_using_subcommand audit; and __fish_seen_subcommand_from server" -l only -d 'Try these rows alone, by their names in --json' -r
complete -c pkit -n "__fish_pkit_using_subcommand audit; and __fish_seen_subcommand_from server" -l skip -d 'Leave these rows out' -r
complete -c pkit -n "__fish_pkit_using_subcommand audit; and __fish_seen_subcommand_from server" -l revoked-serial -d 'The serial number, in hexadecimal, of a certificate that the CA has revoked; else one of its CRL' -r
complete -c pkit -n "__fish_pkit_using_subcommand audit; and __fish_seen_subcommand_from server" -l junit -d 'Write the rows to a file in JUnit\'s XML too' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand audit; and __fish_seen_subcommand_from server" -l passphrase-file -d 'Read the passphrase that opens the private key from the first line of a file' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand audit; and __fish_seen_subcommand_from server" -l passphrase-fd -d 'Read it from an open file descriptor' -r
complete -c pkit -n "__fish_pkit_using_subcommand audit; and __fish_seen_subcommand_from server" -l passphrase-command -d 'Read it from the first line a command prints (no shell; 60 seconds). Else PKIT_PASSPHRASE, else asked for' -r
complete -c pkit -n "__fish_pkit_using_subcommand audit; and __fish_seen_subcommand_from server" -l pki -d 'The PKI directory' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand audit; and __fish_seen_subcommand_from server" -l expect-allow-list -d 'The server has a list of who may come in: that name let in is a hole'
complete -c pkit -n "__fish_pkit_using_subcommand audit; and __fish_seen_subcommand_from server" -l force -d 'Replace that file'
complete -c pkit -n "__fish_pkit_using_subcommand audit; and __fish_seen_subcommand_from server" -l no-input -d 'Never ask; fail where a passphrase is missing'
complete -c pkit -n "__fish_pkit_using_subcommand audit; and __fish_seen_subcommand_from server" -l json -d 'Answer in JSON on standard output; errors are JSON on standard error'
complete -c pkit -n "__fish_pkit_using_subcommand audit; and __fish_seen_subcommand_from server" -s q -l quiet -d 'Say nothing beside the answer and errors'
complete -c pkit -n "__fish_pkit_using_subcommand audit; and __fish_seen_subcommand_from server" -s h -l help -d 'Print help'
complete -c pkit -n "__fish_pkit_using_subcommand audit; and __fish_seen_subcommand_from server" -s V -l version -d 'Print version'
complete -c pkit -n "__fish_pkit_using_subcommand audit; and __fish_seen_subcommand_from client" -l as-server -d 'The good server: its name in the PKI directory; else one for the host is made up' -r
complete -c pkit -n "__fish_pkit_using_subcommand audit; and __fish_seen_subcommand_from client" -l client -d 'Whose files {cert}, {key} and {ca} are: a name in the PKI directory' -r
complete -c pkit -n "__fish_pkit_using_subcommand audit; and __fish_seen_subcommand_from client" -l issuer -d 'The CA of the server that is made up, where there are several' -r
complete -c pkit -n "__fish_pkit_using_subcommand audit; and __fish_seen_subcommand_from client" -l host -d 'The name that the command is given for the server; it must lead to 127.0.0.1' -r
complete -c pkit -n "__fish_pkit_using_subcommand audit; and __fish_seen_subcommand_from client" -l crl -d 'The lists that the client goes by: what they revoke must be refused' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand audit; and __fish_seen_subcommand_from client" -l timeout -d 'How long the command may take' -r
complete -c pkit -n "__fish_pkit_using_subcommand audit; and __fish_seen_subcommand_from client" -l only -d 'Try these rows alone, by their names in --json' -r
complete -c pkit -n "__fish_pkit_using_subcommand audit; and __fish_seen_subcommand_from client" -l skip -d 'Leave these rows out' -r
complete -c pkit -n "__fish_pkit_using_subcommand audit; and __fish_seen_subcommand_from client" -l revoked-serial -d 'The serial number, in hexadecimal, of a certificate that the CA has revoked; else one of its CRL' -r
complete -c pkit -n "__fish_pkit_using_subcommand audit; and __fish_seen_subcommand_from client" -l junit -d 'Write the rows to a file in JUnit\'s XML too' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand audit; and __fish_seen_subcommand_from client" -l passphrase-file -d 'Read the passphrase that opens the private key from the first line of a file' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand audit; and __fish_seen_subcommand_from client" -l passphrase-fd -d 'Read it from an open file descriptor' -r
complete -c pkit -n "__fish_pkit_using_subcommand audit; and __fish_seen_subcommand_from client" -l passphrase-command -d 'Read it from the first line a command prints (no shell; 60 seconds). Else PKIT_PASSPHRASE, else asked for' -r
complete -c pkit -n "__fish_pkit_using_subcommand audit; and __fish_seen_subcommand_from client" -l pki -d 'The PKI directory' -r -F
complete -c pkit -n "__fish_pkit_using_subcommand audit; and __fish_seen_subcommand_from client" -s v -l verbose -d 'Show what the command says, for rows that hold too'
complete -c pkit -n "__fish_pkit_using_subcommand audit; and __fish_seen_subcommand_from client" -l force -d 'Replace that file'
complete -c pkit -n "__fish_pkit_using_subcommand audit; and __fish_seen_subcommand_from client" -l no-input -d 'Never ask; fail where a passphrase is missing'
complete -c pkit -n "__fish_pkit_using_subcommand audit; and __fish_seen_subcommand_from client" -l json -d 'Answer in JSON on standard output; errors are JSON on standard error'
complete -c pkit -n "__fish_pkit_using_subcommand audit; and __fish_seen_subcommand_from client" -s q -l quiet -d 'Say nothing beside the answer and errors'
complete -c pkit -n "__fish_pkit_using_subcommand audit; and __fish_seen_subcommand_from client" -s h -l help -d 'Print help'
complete -c pkit -n "__fish_pkit_using_subcommand audit; and __fish_seen_subcommand_from client" -s V -l version -d 'Print version'
complete -c pkit -n "__fish_pkit_using_subcommand audit; and __fish_seen_subcommand_from help" -f -a "server" -d 'Drive a server with every client that it must refuse'
complete -c pkit -n "__fish_pkit_using_subcommand audit; and __fish_seen_subcommand_from help" -f -a "client" -d 'Send a client to every server that it must refuse'
complete -c pkit -n "__fish_pkit_using_subcommand audit; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c pkit -n "__fish_pkit_using_subcommand completions" -s h -l help -d 'Print help'
complete -c pkit -n "__fish_pkit_using_subcommand completions" -s V -l version -d 'Print version'
complete -c pkit -n "__fish_pkit_using_subcommand man" -s h -l help -d 'Print help'
complete -c pkit -n "__fish_pkit_using_subcommand man" -s V -l version -d 'Print version'
complete -c pkit -n "__fish_pkit_using_subcommand help; and not __fish_seen_subcommand_from quickstart ca issue request sign renew rollback prune list revoke crl check bundle key export inspect expiry verify lint explain serve-test probe audit completions man help" -f -a "quickstart" -d 'From an empty directory to a proven mutual-TLS handshake'
complete -c pkit -n "__fish_pkit_using_subcommand help; and not __fish_seen_subcommand_from quickstart ca issue request sign renew rollback prune list revoke crl check bundle key export inspect expiry verify lint explain serve-test probe audit completions man help" -f -a "ca" -d 'Make, import, list and show certificate authorities'
complete -c pkit -n "__fish_pkit_using_subcommand help; and not __fish_seen_subcommand_from quickstart ca issue request sign renew rollback prune list revoke crl check bundle key export inspect expiry verify lint explain serve-test probe audit completions man help" -f -a "issue" -d 'Issue a certificate for a server, a client, or a peer that is both'
complete -c pkit -n "__fish_pkit_using_subcommand help; and not __fish_seen_subcommand_from quickstart ca issue request sign renew rollback prune list revoke crl check bundle key export inspect expiry verify lint explain serve-test probe audit completions man help" -f -a "request" -d 'Make a key and a certificate request, for another CA or for `sign`'
complete -c pkit -n "__fish_pkit_using_subcommand help; and not __fish_seen_subcommand_from quickstart ca issue request sign renew rollback prune list revoke crl check bundle key export inspect expiry verify lint explain serve-test probe audit completions man help" -f -a "sign" -d 'Sign a certificate request: say what is granted of it, and why the rest is not'
complete -c pkit -n "__fish_pkit_using_subcommand help; and not __fish_seen_subcommand_from quickstart ca issue request sign renew rollback prune list revoke crl check bundle key export inspect expiry verify lint explain serve-test probe audit completions man help" -f -a "renew" -d 'Renew certificates that are due: same names, profile and issuer; new serial number, dates and key'
complete -c pkit -n "__fish_pkit_using_subcommand help; and not __fish_seen_subcommand_from quickstart ca issue request sign renew rollback prune list revoke crl check bundle key export inspect expiry verify lint explain serve-test probe audit completions man help" -f -a "rollback" -d 'Go back to the generation of a certificate before the one in use'
complete -c pkit -n "__fish_pkit_using_subcommand help; and not __fish_seen_subcommand_from quickstart ca issue request sign renew rollback prune list revoke crl check bundle key export inspect expiry verify lint explain serve-test probe audit completions man help" -f -a "prune" -d 'Remove old generations; keep what is in use, and what rollback and revocation need'
complete -c pkit -n "__fish_pkit_using_subcommand help; and not __fish_seen_subcommand_from quickstart ca issue request sign renew rollback prune list revoke crl check bundle key export inspect expiry verify lint explain serve-test probe audit completions man help" -f -a "list" -d 'List the certificates on record: state, end, serial number, name'
complete -c pkit -n "__fish_pkit_using_subcommand help; and not __fish_seen_subcommand_from quickstart ca issue request sign renew rollback prune list revoke crl check bundle key export inspect expiry verify lint explain serve-test probe audit completions man help" -f -a "revoke" -d 'Revoke a certificate, put it on hold, or release it; renews the CRL of its CA at once'
complete -c pkit -n "__fish_pkit_using_subcommand help; and not __fish_seen_subcommand_from quickstart ca issue request sign renew rollback prune list revoke crl check bundle key export inspect expiry verify lint explain serve-test probe audit completions man help" -f -a "crl" -d 'Make the CRLs of CAs anew; with --bundle, all that a server needs in one file'
complete -c pkit -n "__fish_pkit_using_subcommand help; and not __fish_seen_subcommand_from quickstart ca issue request sign renew rollback prune list revoke crl check bundle key export inspect expiry verify lint explain serve-test probe audit completions man help" -f -a "check" -d 'Prove that a PKI directory holds together; --repair mends what a crash left'
complete -c pkit -n "__fish_pkit_using_subcommand help; and not __fish_seen_subcommand_from quickstart ca issue request sign renew rollback prune list revoke crl check bundle key export inspect expiry verify lint explain serve-test probe audit completions man help" -f -a "bundle" -d 'Put certificates in the proven order: fullchain, combined, ca-bundle'
complete -c pkit -n "__fish_pkit_using_subcommand help; and not __fish_seen_subcommand_from quickstart ca issue request sign renew rollback prune list revoke crl check bundle key export inspect expiry verify lint explain serve-test probe audit completions man help" -f -a "key" -d 'Make private keys, convert them, change their passphrases'
complete -c pkit -n "__fish_pkit_using_subcommand help; and not __fish_seen_subcommand_from quickstart ca issue request sign renew rollback prune list revoke crl check bundle key export inspect expiry verify lint explain serve-test probe audit completions man help" -f -a "export" -d 'Hand out a certificate, or a CA, as another program wants it: nginx to Java, PKCS#12, Kubernetes, Vault'
complete -c pkit -n "__fish_pkit_using_subcommand help; and not __fish_seen_subcommand_from quickstart ca issue request sign renew rollback prune list revoke crl check bundle key export inspect expiry verify lint explain serve-test probe audit completions man help" -f -a "inspect" -d 'Show what anything says: certificates, requests, CRLs, keys, stores, servers'
complete -c pkit -n "__fish_pkit_using_subcommand help; and not __fish_seen_subcommand_from quickstart ca issue request sign renew rollback prune list revoke crl check bundle key export inspect expiry verify lint explain serve-test probe audit completions man help" -f -a "expiry" -d 'Show what runs out and when; the exit status says whether anything is due'
complete -c pkit -n "__fish_pkit_using_subcommand help; and not __fish_seen_subcommand_from quickstart ca issue request sign renew rollback prune list revoke crl check bundle key export inspect expiry verify lint explain serve-test probe audit completions man help" -f -a "verify" -d 'Would a peer accept this certificate, for this purpose, name and time, and if not, why'
complete -c pkit -n "__fish_pkit_using_subcommand help; and not __fish_seen_subcommand_from quickstart ca issue request sign renew rollback prune list revoke crl check bundle key export inspect expiry verify lint explain serve-test probe audit completions man help" -f -a "lint" -d 'Find what is wrong, unwise or unusual in certificates, CRLs and requests, by rules with names'
complete -c pkit -n "__fish_pkit_using_subcommand help; and not __fish_seen_subcommand_from quickstart ca issue request sign renew rollback prune list revoke crl check bundle key export inspect expiry verify lint explain serve-test probe audit completions man help" -f -a "explain" -d 'Say in words what an alert, extension, OID, code or rule means, or what a certificate can be used for'
complete -c pkit -n "__fish_pkit_using_subcommand help; and not __fish_seen_subcommand_from quickstart ca issue request sign renew rollback prune list revoke crl check bundle key export inspect expiry verify lint explain serve-test probe audit completions man help" -f -a "serve-test" -d 'Run a mutual-TLS test server that says whom it saw, and why it refused whom'
complete -c pkit -n "__fish_pkit_using_subcommand help; and not __fish_seen_subcommand_from quickstart ca issue request sign renew rollback prune list revoke crl check bundle key export inspect expiry verify lint explain serve-test probe audit completions man help" -f -a "probe" -d 'Try a mutual-TLS handshake and a request; say who refused whom, and why'
complete -c pkit -n "__fish_pkit_using_subcommand help; and not __fish_seen_subcommand_from quickstart ca issue request sign renew rollback prune list revoke crl check bundle key export inspect expiry verify lint explain serve-test probe audit completions man help" -f -a "audit" -d 'See that your own server or client refuses what it must: every wrong certificate there is'
complete -c pkit -n "__fish_pkit_using_subcommand help; and not __fish_seen_subcommand_from quickstart ca issue request sign renew rollback prune list revoke crl check bundle key export inspect expiry verify lint explain serve-test probe audit completions man help" -f -a "completions" -d 'Print the completion script of a shell'
complete -c pkit -n "__fish_pkit_using_subcommand help; and not __fish_seen_subcommand_from quickstart ca issue request sign renew rollback prune list revoke crl check bundle key export inspect expiry verify lint explain serve-test probe audit completions man help" -f -a "man" -d 'Print the manual page of a command'
complete -c pkit -n "__fish_pkit_using_subcommand help; and not __fish_seen_subcommand_from quickstart ca issue request sign renew rollback prune list revoke crl check bundle key export inspect expiry verify lint explain serve-test probe audit completions man help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c pkit -n "__fish_pkit_using_subcommand help; and __fish_seen_subcommand_from ca" -f -a "root" -d 'Make a root CA, which signs itself'
complete -c pkit -n "__fish_pkit_using_subcommand help; and __fish_seen_subcommand_from ca" -f -a "intermediate" -d 'Make an intermediate CA, signed by a root or another intermediate'
complete -c pkit -n "__fish_pkit_using_subcommand help; and __fish_seen_subcommand_from ca" -f -a "import" -d 'Adopt a CA that another tool made: openssl, mkcert, easy-rsa, step, cert-manager, …'
complete -c pkit -n "__fish_pkit_using_subcommand help; and __fish_seen_subcommand_from ca" -f -a "cross-sign" -d 'Have a CA certified by another one too, so that peers that trust only that one accept what it signs'
complete -c pkit -n "__fish_pkit_using_subcommand help; and __fish_seen_subcommand_from ca" -f -a "renew" -d 'Renew a CA: same key and name, new serial number and dates; what it issued stays good'
complete -c pkit -n "__fish_pkit_using_subcommand help; and __fish_seen_subcommand_from ca" -f -a "rotate" -d 'Roll a CA over to a new one with another key, in proven phases and without an outage'
complete -c pkit -n "__fish_pkit_using_subcommand help; and __fish_seen_subcommand_from ca" -f -a "list" -d 'List the authorities: who signed whom, how many certificates each issued, when each ends'
complete -c pkit -n "__fish_pkit_using_subcommand help; and __fish_seen_subcommand_from ca" -f -a "show" -d 'Show one authority: what it says, who is above it, how it stands with its key'
complete -c pkit -n "__fish_pkit_using_subcommand help; and __fish_seen_subcommand_from key" -f -a "generate" -d 'Make a private key'
complete -c pkit -n "__fish_pkit_using_subcommand help; and __fish_seen_subcommand_from key" -f -a "convert" -d 'Write a private key in another encoding: PKCS#8, PKCS#1 or SEC1, PEM or DER'
complete -c pkit -n "__fish_pkit_using_subcommand help; and __fish_seen_subcommand_from key" -f -a "passphrase" -d 'Give a private key file a passphrase, another one, or none'
complete -c pkit -n "__fish_pkit_using_subcommand help; and __fish_seen_subcommand_from audit" -f -a "server" -d 'Drive a server with every client that it must refuse'
complete -c pkit -n "__fish_pkit_using_subcommand help; and __fish_seen_subcommand_from audit" -f -a "client" -d 'Send a client to every server that it must refuse'
