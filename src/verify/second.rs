//! What rustls will say of the same certificates: a peer that uses it does not ask us.

use std::sync::Arc;

use rustls::{
    RootCertStore,
    client::{WebPkiServerVerifier, danger::ServerCertVerifier},
    pki_types::{CertificateDer, CertificateRevocationListDer, ServerName, UnixTime},
    server::{ParsedCertificate, WebPkiClientVerifier, danger::ClientCertVerifier},
};
use serde::Serialize;
use time::OffsetDateTime;

use super::{Purpose, Rule, Verdict};
use crate::{cert::Certificate, crl::Crl, name::GeneralName};

/// Asks rustls about leaf certificates.
pub struct Second(Result<Asked, String>);

struct Asked {
    server: Arc<WebPkiServerVerifier>,
    client: Arc<dyn ClientCertVerifier>,
    roots: Arc<RootCertStore>,
    /// Whether it is asked about revocation, too.
    with_crls: bool,
}

/// What rustls says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SecondOpinion {
    /// Yes or no.
    pub accepted: bool,
    /// Why not. Escaped for a terminal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Why it differs from our verdict, where it does. Escaped for a terminal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub difference: Option<String>,
}

impl Second {
    /// With these trust anchors and revocation lists. What rustls cannot take of them makes it refuse everything.
    pub fn new(anchors: &[Certificate], crls: Option<&[&Crl]>) -> Self {
        Self(Asked::new(anchors, crls))
    }

    fn with_crls(&self) -> bool {
        self.0.as_ref().is_ok_and(|asked| asked.with_crls)
    }

    /// Asks about a leaf; `None` for [`Purpose::Any`], because rustls judges servers and clients only, and for a server without a
    /// name whose revocation is asked about. `verdict` is ours.
    pub fn judge(
        &self,
        leaf: &Certificate,
        intermediates: &[Certificate],
        (purpose, host): (Purpose, Option<&str>),
        at: OffsetDateTime,
        verdict: &Verdict,
    ) -> Option<SecondOpinion> {
        if purpose == Purpose::Any {
            return None;
        }
        // A server without a name that is sought is asked about under its own.
        let own = leaf.subject_alt_names().iter().find_map(own_name);
        let host = host.or(own.as_deref().filter(|_| self.with_crls()));
        if purpose == Purpose::Server && host.is_none() && self.with_crls() {
            return None;
        }
        let answer = match &self.0 {
            Ok(asked) => asked.ask(leaf, intermediates, (purpose, host), at),
            Err(reason) => Err(reason.clone()),
        };
        let reason = answer.err();
        let difference = match (verdict.accepted, &reason) {
            (true, Some(_)) => Some(
                "a peer that uses rustls will refuse it, though no rule that was applied here is broken"
                    .to_owned(),
            ),
            (false, None) => Some(overlooked(verdict)),
            _ => None,
        };
        Some(SecondOpinion { accepted: reason.is_none(), reason, difference })
    }
}

/// A name under which a server is reached: the first of a kind, with some label for a wildcard.
fn own_name(name: &GeneralName) -> Option<String> {
    match name {
        GeneralName::Dns(name) => Some(name.replacen("*.", "any.", 1)),
        GeneralName::Ip(address) => Some(address.to_string()),
        _ => None,
    }
}

impl Asked {
    fn new(anchors: &[Certificate], crls: Option<&[&Crl]>) -> Result<Self, String> {
        let mut roots = RootCertStore::empty();
        for anchor in anchors {
            roots
                .add(CertificateDer::from(anchor.der()))
                .map_err(|_| format!("it cannot take the root in {}", anchor.origin()))?;
        }
        let roots = Arc::new(roots);
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let lists: Vec<_> = crls
            .unwrap_or_default()
            .iter()
            .map(|crl| CertificateRevocationListDer::from(crl.der().to_vec()))
            .collect();
        let unfit = "it cannot take the roots or the CRLs";
        let server = WebPkiServerVerifier::builder_with_provider(roots.clone(), provider.clone())
            .with_crls(lists.clone())
            .enforce_revocation_expiration()
            .build()
            .map_err(|_| unfit)?;
        let client = WebPkiClientVerifier::builder_with_provider(roots.clone(), provider)
            .with_crls(lists)
            .enforce_revocation_expiration()
            .build()
            .map_err(|_| unfit)?;
        Ok(Self { server, client, roots, with_crls: crls.is_some() })
    }

    fn ask(
        &self,
        leaf: &Certificate,
        intermediates: &[Certificate],
        (purpose, host): (Purpose, Option<&str>),
        at: OffsetDateTime,
    ) -> Result<(), String> {
        let seconds = u64::try_from(at.unix_timestamp()).map_err(|_| "the time lies before 1970")?;
        let now = UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds));
        let leaf = CertificateDer::from(leaf.der());
        let between: Vec<_> =
            intermediates.iter().map(|between| CertificateDer::from(between.der())).collect();
        let answer = match (purpose, host) {
            (Purpose::Client, _) => self.client.verify_client_cert(&leaf, &between, now).map(drop),
            (_, Some(host)) => {
                let name = ServerName::try_from(host).map_err(|_| "it takes the name for none of a host")?;
                self.server.verify_server_cert(&leaf, &between, &name, &[], now).map(drop)
            }
            // Without a name only the path can be asked about.
            (_, None) => ParsedCertificate::try_from(&leaf).and_then(|leaf| {
                let algorithms = rustls::crypto::ring::default_provider().signature_verification_algorithms;
                rustls::client::verify_server_cert_signed_by_trust_anchor(
                    &leaf,
                    &self.roots,
                    &between,
                    now,
                    algorithms.all,
                )
            }),
        };
        answer.map_err(|error| match crate::tls::refusal(&error) {
            Some(reason) => reason.to_owned(),
            None => rarer(&error.to_string()),
        })
    }
}

/// Reasons of webpki that rustls has no name for, and passes on by webpki's.
fn rarer(error: &str) -> String {
    let known = [
        ("UnsupportedCertVersion", "it is not of version 3"),
        ("UnsupportedCriticalExtension", "it has a critical extension that is not understood"),
        ("EndEntityUsedAsCa", "an issuer is no CA"),
        ("NameConstraintViolation", "a name lies outside of what a CA permits"),
        ("PathLenConstraintViolated", "there are more CAs than a path length allows"),
        ("SignatureAlgorithmMismatch", "the two statements of a signature algorithm differ"),
        ("EmptyEkuExtension", "an extended key usage is empty"),
        ("MalformedNameConstraint", "name constraints are malformed"),
        ("InvalidNetworkMaskConstraint", "name constraints are malformed"),
        ("MalformedExtensions", "extensions are malformed"),
        ("ExtensionValueInvalid", "an extension is malformed"),
        ("MalformedDnsIdentifier", "a DNS name is malformed"),
        ("InvalidSerialNumber", "a serial number is malformed"),
        ("UnsupportedNameType", "a name is of a kind that is not supported"),
        ("Exceeded", "the search for a path was given up"),
        ("Crl", "a CRL is not acceptable"),
        ("RevocationReason", "a CRL is not acceptable"),
    ];
    let reason = known.into_iter().find(|(name, _)| error.contains(name)).map(|(_, reason)| reason);
    reason.map_or_else(|| crate::name::escape(error).into_owned(), str::to_owned)
}

/// Why rustls accepts what is refused here.
fn overlooked(verdict: &Verdict) -> String {
    let anchor = verdict.path.len();
    let why = |finding: &super::Finding| match finding.rule {
        Rule::Expired | Rule::NotYetValid if finding.certificate == anchor => "the dates of a root",
        Rule::PathLength if finding.certificate == anchor => "the path length of a root",
        Rule::KeyUsage => "the key usage",
        Rule::NameMismatch => "names other than that of the host",
        Rule::NameConstraint => "constraints on names that are no DNS names or addresses",
        Rule::Policy => "certificate policies",
        Rule::PathDepth => "the number of intermediates that was asked for",
        Rule::CrlMissing | Rule::CrlLapsed | Rule::CrlRefused | Rule::Revoked => "CRLs in this way",
        Rule::ExtendedKeyUsage => "the extended key usage of this certificate",
        Rule::WeakKey => "the strength of this key",
        _ => "what RFC 5280 asks of the encoding and content of certificates",
    };
    let mut reasons: Vec<_> = verdict.findings.iter().map(why).collect();
    reasons.sort_unstable();
    reasons.dedup();
    format!("rustls does not look at {}", reasons.join(", nor at "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_without_a_name_in_rustls_have_words() {
        assert_eq!(
            rarer("invalid peer certificate: Other(UnsupportedCertVersion)"),
            "it is not of version 3"
        );
        assert_eq!(rarer("something\u{1b}[31m new"), "something\\u{1b}[31m new");
    }
}
