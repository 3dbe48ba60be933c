//! The remedy of every error. No `_` arm: a new error does not compile before someone has decided what mends it, or
//! that nobody can be sure.

use std::{ffi::OsString, sync::OnceLock};

use crate::{Error, name::escape};

/// The PKI directory of this command line, where it named one: what is pasted must look there too.
static PKI: OnceLock<String> = OnceLock::new();

/// Remembers the directory that --pki names, for the commands in hints.
pub(crate) fn remember_pki(args: &[OsString]) {
    let mut args =
        args.iter().take_while(|arg| *arg != "--" && *arg != "--exec").map(|arg| arg.to_string_lossy());
    while let Some(arg) = args.next() {
        let value = match arg.strip_prefix("--pki") {
            Some("") => args.next().map(|value| value.into_owned()),
            Some(rest) => rest.strip_prefix('=').map(str::to_owned),
            None => None,
        };
        if let Some(value) = value {
            let quoted =
                shlex::try_quote(&value).map_or_else(|_| value.clone(), |quoted| quoted.into_owned());
            let _ = PKI.set(format!(" --pki {}", escape(&quoted)));
        }
    }
}

/// ` --pki DIR` as it was given, to be put behind a command that shall go on there.
pub(crate) fn pki_option() -> &'static str {
    PKI.get().map_or("", String::as_str)
}

/// A line that can be pasted or followed; `None` where there is no sure remedy.
pub(crate) fn hint(error: &Error) -> Option<String> {
    let quote = |text: &str| match shlex::try_quote(text) {
        Ok(quoted) => escape(&quoted).into_owned(),
        Err(_) => escape(text).into_owned(),
    };
    let pki = pki_option();
    let file = |path: &std::path::Path| quote(&path.to_string_lossy());
    Some(match error {
        Error::FileNotFound { path } if super::inspect::looks_like_server(&path.to_string_lossy()) => {
            format!("if a server is meant, get what it presents: pkit inspect --pem {} > server.pem", file(path))
        }
        Error::FileNotFound { .. } => return None,
        Error::FileUnreadable { path, .. } => format!("see who may read it: ls -ld {}", file(path)),
        Error::NotAFile { path, found: "a directory" } => format!("name a file in it: ls {}", file(path)),
        Error::NotAFile { .. } => "give a regular file, or `-` for standard input".into(),
        Error::FileTooLarge { .. } => "is it the file that was meant?".into(),
        Error::FileExists { .. } => "name another place, or move what is there out of the way".into(),
        Error::WriteFailed { path, .. } if path.as_os_str() == "standard output" => return None,
        Error::WriteFailed { path, .. } => {
            let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
            let directory = directory.unwrap_or(std::path::Path::new("."));
            let is_missing = !directory.exists();
            let directory = file(directory);
            if is_missing {
                format!("make the directory first: mkdir -p {directory}")
            } else {
                format!("see whether it can be written and has space: ls -ld {directory}; df {directory}")
            }
        }
        Error::SecretToTerminal { .. } => "name a file with -o, or pipe the output".into(),
        Error::NothingFound { what: "certificate" | "certificate or CRL", .. } => {
            "PEM or DER certificates are wanted here; a key or a request is something else".into()
        }
        Error::NothingFound { what: "certificate request", .. } => {
            "a PEM or DER certificate request is wanted here; one is made with: pkit request NAME".into()
        }
        Error::NothingFound { what: "CRL", .. } => {
            format!("PEM or DER CRLs are wanted here; those of a chain are put together with: pkit crl --bundle NAME -o FILE{pki}")
        }
        Error::NothingFound { what: "certificate, CRL or request", .. } => {
            "PEM or DER certificates, CRLs and certificate requests are wanted here".into()
        }
        Error::NothingFound { what: "certificate, CRL, request or key", .. } => {
            "PEM or DER certificates, CRLs, certificate requests and private keys are wanted here".into()
        }
        Error::NothingFound { .. } => return None,
        Error::WordUnknown { wanted: "lint rule", .. } => "see which there are: pkit lint --list".into(),
        Error::WordUnknown { wanted: "user", .. } => "see which there are: getent passwd; a number is taken too".into(),
        Error::WordUnknown { wanted: "group", .. } => "see which there are: getent group; a number is taken too".into(),
        Error::WordUnknown { .. } => {
            "a TLS alert (48, unknown_ca), an extension or OID (keyUsage, 2.5.29.15), an error or rule code, a lint rule, a CRL reason, or a file is wanted".into()
        }
        Error::SeveralFound { what, .. } => format!("give a file with one {what}"),
        Error::PemBroken { .. } => "get the file anew from where it came, whole".into(),
        Error::Malformed { .. } => return None,
        Error::KeyUnsupported { origin, found } => key_conversion(found, &quote(origin.place())),
        Error::PrivateKeyWanted { found, .. } if found.contains("public key") => {
            "no private key can be made from a public one: find the file it was made with".into()
        }
        Error::PrivateKeyWanted { .. } => "name the file of its private key, which was made with it".into(),
        Error::StoreNotOpened { .. } => "try again with its password: --passphrase-file, -fd, -command or PKIT_PASSPHRASE".into(),
        Error::PeerUnseen { .. } => {
            "is it the right port? where TLS begins at once, leave --starttls out; mail, LDAP, databases and XMPP need it, each its own".into()
        }
        Error::KeyNotOpened { .. } => "try again with the passphrase under which the key was made".into(),
        Error::PassphraseNeeded { what } if what.starts_with("exported file") => {
            "give one with --export-password-file FILE (or -fd, -command, or PKIT_EXPORT_PASSWORD)".into()
        }
        Error::PassphraseNeeded { what } if what.starts_with("PKCS#12 store ") => {
            format!(
                "take its certificates out, with its password: pkit inspect --pem {} > certificates.pem",
                quote(what.trim_start_matches("PKCS#12 store "))
            )
        }
        Error::PassphraseNeeded { what } if what.starts_with("new passphrase") => {
            "give one with --new-passphrase-file FILE (or -fd, -command, or PKIT_NEW_PASSPHRASE), or say --remove".into()
        }
        Error::PassphraseNeeded { what } if what.starts_with("renewed key") => {
            "give one with --new-passphrase-file FILE (or -fd, -command, or PKIT_NEW_PASSPHRASE), or keep the key: --reuse-key".into()
        }
        Error::PassphraseNeeded { what } if what.starts_with("new key of CA") => {
            "give one with --new-passphrase-file FILE (or -fd, -command, or PKIT_NEW_PASSPHRASE), or say --unencrypted".into()
        }
        Error::PassphraseNeeded { what } if what.starts_with("new ") => {
            "give one with --new-passphrase-file FILE (or -fd, -command, or PKIT_NEW_PASSPHRASE)".into()
        }
        Error::PassphraseNeeded { .. } => {
            "give it with --passphrase-file FILE (or -fd, -command, or PKIT_PASSPHRASE)".into()
        }
        Error::PassphraseSource { .. } => return None,
        Error::PassphraseDiffers { .. } => "nothing was written; try again".into(),
        Error::KeyMismatch { certificate_key, key_id, .. } => format!(
            "find the right key: pkit inspect --find {certificate_key} DIR; or the certificate of this one: pkit inspect --find {key_id} DIR"
        ),
        Error::CryptoFailed { .. } => return None,
        Error::NameInvalid { .. } => "choose a plainer or shorter name".into(),
        Error::SanInvalid { .. } => {
            "a DNS name, an IP address, a URI with a scheme, or an e-mail address is wanted".into()
        }
        Error::SubjectInvalid { .. } => "write it as in --subject \"C=US,O=Acme,CN=api\"".into(),
        Error::DurationInvalid { .. } => "for example 90d, 1y6mo, 24h, or 2027-06-30T12:00:00Z".into(),
        Error::AddressInvalid { .. } => "for example 127.0.0.1:8443, [::1]:8443 or localhost:8443".into(),
        Error::SanMissing { name } => {
            format!("name what clients connect to: pkit issue server {} api.internal 10.0.0.5; for `sign`, with --san", quote(name))
        }
        Error::SubjectMissing {} => "give one with --subject \"CN=…\"".into(),
        Error::ConstraintInvalid { .. } => {
            "for example --permit-dns internal, --permit-ip 10.0.0.0/8, --permit-email example.com, --permit-uri .acme.internal".into()
        }
        Error::ExtensionInvalid { .. } => "see what is taken in `--help`".into(),
        Error::ValidityEmpty { .. } | Error::ValidityNotBegun { .. } => {
            "make it valid now, or say --for-testing where peers are to refuse it".into()
        }
        Error::ValidityReversed { .. } => "give an end after the beginning".into(),
        Error::PredatesIssuer { .. } => "leave --not-before out: it then begins with the issuer at the earliest".into(),
        Error::KeyWeak { .. } => "make a new key; P-256 works everywhere".into(),
        Error::CsrUnproven { .. } => {
            "let it be made anew, signed with SHA-256: openssl req -new -sha256 -key KEY; or with a P-256 key: pkit request NAME".into()
        }
        Error::CsrForged { .. } => "get it anew from who has the key".into(),
        Error::CsrNameRefused { .. } => {
            "say with --san which names it shall have, each with its own --san (empty for none), or let it be made anew".into()
        }
        Error::KeyIsIssuers { .. } => {
            "give it a key of its own: whoever holds this one can act as that CA".into()
        }
        Error::SerialUsed { .. } => "leave --serial out: 159 random bits are never used twice".into(),
        Error::OutlivesIssuer { .. } => {
            "ask for less with --validity or --not-after, or for neither: it then ends with the CA at the latest".into()
        }
        Error::PathLengthUsedUp { .. } => {
            "sign with a CA further up, or make the issuer anew with a greater --path-length".into()
        }
        Error::NameNotPermitted { .. } => "leave the name out, or sign with a CA that permits it".into(),
        Error::UsageNotPermitted { .. } => "sign with a CA that has this usage, or none stated".into(),
        Error::IssuerNotCa { .. } => "name the certificate of a CA".into(),
        Error::IssuerMayNotSign { .. } => "name a CA with keyCertSign".into(),
        Error::IssuerRevoked { .. } => format!("make a new CA: pkit ca intermediate NAME{pki}"),
        Error::IssuerMayNotRevoke { .. } => {
            "its own issuer has to certify it anew with cRLSign; pkit's CAs have it".into()
        }
        Error::CrlForeign { .. } | Error::CrlForged { .. } => {
            "let its CA make it anew: pkit crl CA; one from elsewhere, get anew from there".into()
        }
        Error::CrlLapsed { .. } => "let its CA make it anew: pkit crl CA; best by a timer, well before it lapses".into(),
        Error::CrlNotYetValid { .. } => "is the clock of this machine right? date -u".into(),
        Error::CrlMissing { name, path: Some(_) } => format!("make it: pkit crl {}", quote(name)),
        Error::CrlMissing { path: None, .. } => "import the CA with its CRL, or get its CRL from who has its key".into(),
        Error::CrlNotRenewed { name, .. } => {
            format!("mend the cause (bring the key back, say), and make the CRL: pkit crl {}", quote(name))
        }
        Error::RevokedAlready { .. } => "leave --reason and --revoked-at out to say it again; only a hold can become final".into(),
        Error::NotOnHold { .. } => "issue another certificate".into(),
        Error::RootNotRevocable { .. } => "take it out of what peers trust, and revoke what it signed while its key is here".into(),
        Error::IssuerNotHere { .. } => "adopt the CA with its key: pkit ca import NAME --cert FILE --key FILE".into(),
        Error::SerialUnknown { .. } => {
            "see which there are: pkit list; one that was signed elsewhere is revoked with --issuer NAME, or by --cert FILE".into()
        }
        Error::IssuerExpired { .. } => {
            format!("renew it: pkit ca renew NAME{pki}; or make a new CA: pkit ca root NAME{pki}, or pkit ca intermediate NAME{pki}; `ca import` takes it with --allow-expired, for the record")
        },
        Error::IssuerNotYetValid { .. } => "is the clock of this machine right? date -u".into(),
        Error::ChainRefused { .. } => return None,
        Error::ChainGap { other_key: Some(_), .. } => {
            "the CA was made anew under its old name; find the certificate it had when it signed this".into()
        }
        Error::ChainGap { .. } => {
            "add the file that holds the missing certificate: for an issuer with --issuer-chain FILE, for `ca import` with --chain FILE; `bundle` does without the root with --partial".into()
        }
        Error::LinkUnproven { .. } => return None,
        Error::LeafAmbiguous { .. } => "give one leaf at a time, or say which with --key FILE".into(),
        Error::LeafMissing { key: Some(_), .. } => "add the certificate that belongs to the key".into(),
        Error::LeafMissing { .. } => "add the certificate of the server or client".into(),
        Error::AnchorNotCa { .. } => "trust the CA that issued it instead".into(),
        Error::PkiMissing { .. } => {
            format!("make one with its first CA: pkit ca root NAME{pki}, or try it all: pkit quickstart")
        }
        Error::PkiExists { .. } => "name another with --pki DIR".into(),
        Error::PkiUnsafe { path, .. } => format!("see whose it is: ls -ld {}", file(path)),
        Error::PkiNewer { .. } => "use that version".into(),
        Error::PkiDamaged { .. } => return None,
        Error::PkiBusy { .. } => "wait for it to end, or wait longer with --lock-timeout 5m".into(),
        Error::PkiNoLocks { .. } => "keep the PKI directory on a local disk".into(),
        Error::ConfigInvalid { .. } => "mend the line, or delete it: every setting has a default".into(),
        Error::NameTaken { what: "CA", .. } => format!("choose another name; see those in use: pkit ca list{pki}"),
        Error::NameTaken { name, .. } => {
            format!("to replace it before it ends, renew it: pkit renew {}{pki}", quote(name))
        }
        Error::CaExists { name, .. } => format!("use it by that name: pkit ca show {}{pki}", quote(name)),
        Error::CaUnknown { .. } => format!("see which there are: pkit ca list{pki}"),
        Error::CertificateUnknown { .. } => format!("see which there are: pkit list{pki}"),
        Error::KeyAbsent { .. } => {
            "the key of a certificate made from a request stayed where that was made; there, name the files with --cert FILE --key FILE".into()
        }
        Error::IssuerAmbiguous { candidates } if candidates.is_empty() => {
            format!("make a CA first: pkit ca root NAME{pki}, then pkit ca intermediate NAME --issuer ROOT{pki}")
        }
        Error::IssuerAmbiguous { .. } => "say which with --issuer NAME".into(),
        Error::CaKeyAbsent { path, .. } => {
            format!("bring the key back for as long as it is needed: {}", file(path))
        }
        Error::ExportUnfit { target: "linkerd", .. } => {
            format!("make a CA for it: pkit ca intermediate NAME --key-type p256{pki}")
        }
        Error::ExportUnfit { .. } => {
            format!("issue one that fits: pkit issue server NAME, pkit issue client NAME, or pkit issue peer NAME for both sides{pki}")
        }
        Error::CaKeyUnasked { .. } => {
            "say --with-ca-key, if whoever reads it is to issue in the CA's name; best for an intermediate of its own, never for the root".into()
        }
        Error::ValueUnwritable { .. } => {
            "name a directory without quotes, blanks at its end and special characters: --out DIR, or --path DIR for where the files will be".into()
        }
        Error::LinkNotTurned { .. } => format!("the next command that writes ends it, and so does: pkit check --repair{pki}"),
        Error::KeyCompromised { .. } => {
            "renew it with a new key, without --reuse-key; a certificate made from a request needs a new request".into()
        }
        Error::HookFailed { .. } => "mend the cause, and run the same `renew` again: it then runs the hook alone".into(),
        Error::NoRollback { name, .. } => format!("renew it instead: pkit renew {} --now{pki}", quote(name)),
        Error::PidFileUnfit { path, .. } => {
            format!("is the server running, and is it the one that wrote this? ls -l {0}; cat {0}", file(path))
        }
        Error::RowInvalid { .. } => {
            "the columns are name, profile, sans, subject, validity and key-type, in any order; only name is needed".into()
        }
        Error::Usage { .. } => "see `--help` after the command".into(),
        Error::ResolveFailed { .. } => "is the name spelled right? getent hosts NAME".into(),
        Error::ConnectFailed { .. } => "is the server running, and is this its port?".into(),
        Error::ConnectTimedOut { .. } => {
            "does a firewall drop it, or is the host down? wait longer with --timeout 60s".into()
        }
        Error::ListenFailed { .. } => "let the system choose a free port: --listen 127.0.0.1:0".into(),
        Error::TlsSetup { .. } => return None,
    })
}

/// How a private key that cannot be used becomes one that can, if it can.
fn key_conversion(found: &str, file: &str) -> String {
    match found {
        _ if found.starts_with("OpenSSH") => {
            format!("rewrite a copy of it: cp {file} key.pem && ssh-keygen -p -m PKCS8 -f key.pem")
        }
        "JSON Web Key" => format!(
            "convert it: node -e 'console.log(crypto.createPrivateKey({{key: JSON.parse(fs.readFileSync(process.argv[1])), format: \"jwk\"}}).export({{type: \"pkcs8\", format: \"pem\"}}))' {file}"
        ),
        "PKCS#12 file" => format!("take the key out of it: openssl pkcs12 -in {file} -nocerts -out key.pem"),
        _ if found.contains("explicit parameters") => {
            format!("name its curve: openssl pkey -in {file} -ec_param_enc named_curve -out key.pem")
        }
        _ if found.contains("encrypted with") => format!("encrypt it anew: openssl pkey -in {file} -aes256 -out key.pem"),
        _ => "P-256, P-384, Ed25519 and RSA of 2048 to 4096 bits can be used; a new one: pkit key generate -o key.pem".into(),
    }
}
