//! The values behind the headline of each error.

use super::{Error, Fact};
use crate::{
    name::escape,
    origin::Origin,
    validity::{format_time, tell},
};

impl Error {
    /// The values behind the headline, in the order in which they help.
    pub fn facts(&self) -> Vec<Fact> {
        let fact = |label, value: String| Fact { label, value };
        let text = |label, value: &str| Fact { label, value: escape(value).into_owned() };
        let place = |label, path: &std::path::Path| text(label, &path.to_string_lossy());
        let at = |label, origin: &Origin| fact(label, origin.to_string());
        match self {
            Self::FileNotFound { path } | Self::FileExists { path } => vec![place("file", path)],
            Self::FileUnreadable { path, cause }
            | Self::WriteFailed { path, cause }
            | Self::ConfigInvalid { path, cause } => {
                vec![place("file", path), text("cause", cause)]
            }
            Self::NotAFile { path, found } => vec![place("path", path), text("it is", found)],
            Self::FileTooLarge { path, limit } => {
                vec![place("file", path), fact("limit", format!("{} MiB", limit >> 20))]
            }
            Self::SecretToTerminal { what } => vec![text("output", what)],
            Self::NothingFound { origin, .. } | Self::SeveralFound { origin, .. } => {
                vec![at("input", origin)]
            }
            Self::PemBroken { origin, line, problem } => {
                vec![at("input", origin), fact("line", line.to_string()), text("problem", problem)]
            }
            Self::Malformed { origin, cause, .. } => vec![at("input", origin), text("cause", cause)],
            Self::KeyUnsupported { origin, found } => vec![at("key", origin), text("found", found)],
            Self::PrivateKeyWanted { origin, found } => vec![at("input", origin), text("it is", found)],
            Self::KeyNotOpened { origin } => vec![at("key", origin)],
            Self::StoreNotOpened { origin } => vec![at("store", origin)],
            Self::PeerUnseen { peer, cause } => vec![text("peer", peer), text("cause", cause)],
            Self::PassphraseNeeded { what } | Self::PassphraseDiffers { what } => vec![text("for", what)],
            Self::PassphraseSource { from, cause } => vec![text("source", from), text("cause", cause)],
            Self::KeyMismatch { certificate, certificate_key, key, key_id } => vec![
                fact("certificate", format!("{certificate}  (public key sha256 {certificate_key})")),
                fact("key", format!("{key}  (public key sha256 {key_id})")),
            ],
            Self::CryptoFailed { .. } | Self::SubjectMissing {} => vec![],
            Self::Usage { .. } => vec![],
            Self::NoRollback { name, reason } => vec![text("certificate", name), text("reason", reason)],
            Self::NameInvalid { name, reason } => vec![text("name", name), text("reason", reason)],
            Self::SanInvalid { value, reason }
            | Self::SubjectInvalid { value, reason }
            | Self::ConstraintInvalid { value, reason }
            | Self::ExtensionInvalid { value, reason, .. }
            | Self::DurationInvalid { value, reason }
            | Self::AddressInvalid { value, reason } => vec![text("value", value), text("reason", reason)],
            Self::SanMissing { name } => vec![text("name", name)],
            Self::WordUnknown { word, .. } => vec![text("given", word)],
            Self::ValidityReversed { begin, end } => {
                vec![fact("begins", format_time(*begin)), fact("ends", format_time(*end))]
            }
            Self::ValidityNotBegun { begin, now } => vec![fact("begins", tell(*begin, *now))],
            Self::PredatesIssuer { wanted, issuer, issuer_begin } => vec![
                fact("asked for", format_time(*wanted)),
                fact("issuer", format!("{issuer}  (begins {})", format_time(*issuer_begin))),
            ],
            Self::KeyWeak { weakness } => vec![text("weakness", weakness)],
            Self::CsrUnproven { origin, algorithm, key, reason } => vec![
                at("request", origin),
                text("signature", algorithm),
                text("key", key),
                text("reason", reason),
            ],
            Self::CsrForged { origin, algorithm, key } => {
                vec![at("request", origin), text("signature", algorithm), text("key", key)]
            }
            Self::CsrNameRefused { origin, names } => {
                let names = names.iter().map(|(name, reason)| text("name", &format!("{name}: {reason}")));
                std::iter::once(at("request", origin)).chain(names).collect()
            }
            Self::KeyIsIssuers { issuer, subject } => {
                vec![fact("issuer", format!("{issuer}  ({})", escape(subject)))]
            }
            Self::SerialUsed { serial, name } => {
                vec![text("serial number", serial), text("certificate", name)]
            }
            Self::ValidityEmpty { end, now } => vec![fact("end", tell(*end, *now))],
            Self::OutlivesIssuer { wanted, issuer, issuer_end } => vec![
                fact("asked for", format_time(*wanted)),
                fact("issuer", format!("{issuer}  (ends {})", format_time(*issuer_end))),
            ],
            Self::PathLengthUsedUp { origin, subject, path_length } => vec![
                fact("issuer", format!("{origin}  ({subject})")),
                fact("path length", path_length.to_string()),
            ],
            Self::NameNotPermitted { name, fact: breach, issuer } => {
                vec![text("name", name), text("constraint", breach), at("issuer", issuer)]
            }
            Self::UsageNotPermitted { usage, allowed, issuer } => {
                vec![text("usage", usage), text("allowed", allowed), at("issuer", issuer)]
            }
            Self::IssuerNotCa { origin, subject } | Self::AnchorNotCa { origin, subject } => {
                vec![fact("certificate", format!("{origin}  ({subject})"))]
            }
            Self::CrlForeign { origin, issuer, authority, fact: but } => vec![
                at("CRL", origin),
                text("its issuer", issuer),
                text("the CA", authority),
                text("but", but),
            ],
            Self::CrlForged { origin, authority, fact: wrong } => {
                vec![at("CRL", origin), text("the CA", authority), text("signature", wrong)]
            }
            Self::CrlLapsed { origin, issuer, next_update, now } => {
                vec![at("CRL", origin), text("CA", issuer), fact("lapsed", tell(*next_update, *now))]
            }
            Self::CrlNotYetValid { origin, issuer, this_update, now } => {
                vec![at("CRL", origin), text("CA", issuer), fact("begins", tell(*this_update, *now))]
            }
            Self::CrlMissing { name, path } => {
                let mut facts = vec![text("CA", name)];
                facts.push(match path {
                    Some(path) => place("looked for", path),
                    None => fact("but", "it is not in this PKI directory".into()),
                });
                facts
            }
            Self::CrlNotRenewed { name, cause } => vec![text("CA", name), text("cause", cause)],
            Self::RevokedAlready { serial, reason, revoked_at } => vec![
                text("serial number", serial),
                fact("reason", reason.to_string()),
                fact("since", format_time(*revoked_at)),
            ],
            Self::NotOnHold { serial, reason } => {
                vec![text("serial number", serial), fact("reason", reason.to_string())]
            }
            Self::RootNotRevocable { subject } => vec![text("root", subject)],
            Self::IssuerNotHere { origin, issuer } => {
                vec![at("certificate", origin), text("signed by", issuer)]
            }
            Self::SerialUnknown { serial } => vec![text("serial number", serial)],
            Self::IssuerMayNotSign { origin, subject, usage }
            | Self::IssuerMayNotRevoke { origin, subject, usage } => {
                vec![fact("certificate", format!("{origin}  ({subject})")), text("key usage", usage)]
            }
            Self::IssuerRevoked { origin, subject, reason, since } => vec![
                fact("certificate", format!("{origin}  ({})", escape(subject))),
                fact("revoked", format!("{reason}, since {}", format_time(*since))),
            ],
            Self::IssuerExpired { origin, subject, not_after, now } => {
                vec![
                    fact("certificate", format!("{origin}  ({subject})")),
                    fact("expired", tell(*not_after, *now)),
                ]
            }
            Self::IssuerNotYetValid { origin, subject, not_before, now } => {
                vec![
                    fact("certificate", format!("{origin}  ({subject})")),
                    fact("begins", tell(*not_before, *now)),
                ]
            }
            Self::ChainRefused { findings } => findings
                .iter()
                .map(|finding| fact("finding", format!("{finding} ({})", finding.rule.section())))
                .collect(),
            Self::ChainGap { origin, subject, issuer, key_id, other_key } => {
                let mut facts = vec![fact("certificate", format!("{origin}  ({subject})"))];
                let id = key_id.as_ref().map(|id| format!("  (key identifier {id})")).unwrap_or_default();
                facts.push(fact("issued by", format!("{issuer}{id}")));
                facts.push(match other_key {
                    Some(other) => {
                        fact("but", format!("{other} has that name and another key: it did not sign this"))
                    }
                    None => fact("missing", "a certificate of that issuer is not in the input".into()),
                });
                facts
            }
            Self::LinkUnproven { origin, subject, issuer, algorithm, key } => vec![
                fact("certificate", format!("{origin}  ({subject})")),
                fact("issuer", format!("{issuer}  ({key})")),
                text("signature", &format!("{algorithm}, which cannot be checked or proves nothing")),
            ],
            Self::LeafAmbiguous { candidates } => {
                const MOST: usize = 10;
                let mut facts: Vec<_> =
                    candidates.iter().take(MOST).map(|candidate| text("candidate", candidate)).collect();
                if candidates.len() > MOST {
                    facts.push(fact("and", format!("{} more", candidates.len() - MOST)));
                }
                facts
            }
            Self::LeafMissing { key, key_id } => match (key, key_id) {
                (Some(key), Some(id)) => vec![fact(
                    "key",
                    format!("{key}  (public key sha256 {id}) fits none of the certificates"),
                )],
                _ => vec![],
            },
            Self::PkiMissing { path } | Self::PkiExists { path } => vec![place("directory", path)],
            Self::PidFileUnfit { path, problem } => vec![place("file", path), text("problem", problem)],
            Self::PkiUnsafe { path, problem } | Self::PkiDamaged { path, problem } => {
                vec![place("path", path), text("problem", problem)]
            }
            Self::PkiNewer { path, found, known } => {
                vec![place("file", path), fact("format", format!("{found}; this pkit knows {known}"))]
            }
            Self::PkiBusy { path, waited } => {
                vec![place("lock", path), fact("waited", format!("{waited} seconds"))]
            }
            Self::PkiNoLocks { path, cause } => vec![place("lock", path), text("cause", cause)],
            Self::NameTaken { name, path, .. } => vec![text("name", name), place("files", path)],
            Self::CaExists { origin, name } => vec![at("certificate", origin), text("its name", name)],
            Self::CaUnknown { name, known } => {
                let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
                vec![text("name", name), text("there are", &known)]
            }
            Self::CertificateUnknown { name, path } => vec![text("name", name), place("looked in", path)],
            Self::KeyAbsent { name, path } => vec![text("certificate", name), place("looked for", path)],
            Self::IssuerAmbiguous { candidates } => {
                let known = if candidates.is_empty() { "none".to_owned() } else { candidates.join(", ") };
                vec![text("there are", &known)]
            }
            Self::ExportUnfit { target, subject, reason } => {
                vec![text("for", target), text("certificate", subject), text("reason", reason)]
            }
            Self::CaKeyUnasked { name, target } => vec![text("CA", name), text("for", target)],
            Self::ValueUnwritable { value } => vec![text("value", value)],
            Self::LinkNotTurned { name, cause } => vec![text("name", name), text("cause", cause)],
            Self::KeyCompromised { name } => vec![text("certificate", name)],
            Self::HookFailed { hook, cause, names } => {
                const MOST: usize = 5;
                let told: Vec<_> = names.iter().take(MOST).map(String::as_str).collect();
                let more = names.len().saturating_sub(MOST);
                let more = if more > 0 { format!(" and {more} more") } else { String::new() };
                let told = format!("{}{more}", told.join(", "));
                vec![text("hook", hook), text("cause", cause), text("renewed", &told)]
            }
            Self::RowInvalid { line, problem } => {
                vec![fact("line", line.to_string()), text("problem", problem)]
            }
            Self::CaKeyAbsent { name, path } => vec![text("CA", name), place("looked for", path)],
            Self::ResolveFailed { host, cause } => vec![text("host", host), text("cause", cause)],
            Self::ConnectFailed { address, cause } | Self::ListenFailed { address, cause } => {
                vec![text("address", address), text("cause", cause)]
            }
            Self::ConnectTimedOut { address } => vec![text("address", address)],
            Self::TlsSetup { cause } => vec![text("cause", cause)],
        }
    }
}
