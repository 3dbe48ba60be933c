//! Extensions and extended key usages in words.

use super::Explanation;
use crate::oid::{self, Oid};

/// Content octets, what it says, and where it stands.
type Row = (&'static [u8], &'static str, &'static str);

const EXTENSIONS: &[Row] = &[
    (
        oid::SUBJECT_KEY_ID,
        "A short name for the certificate's own key, by which certificates that it signed find it. Never critical.",
        "RFC 5280 4.2.1.2",
    ),
    (
        oid::AUTHORITY_KEY_ID,
        "The short name of the key that signed it: the subjectKeyIdentifier of its issuer. It tells apart CAs of one name, as after a rollover. Never critical.",
        "RFC 5280 4.2.1.1",
    ),
    (
        oid::KEY_USAGE,
        "What the key may do: digitalSignature (TLS), keyEncipherment (RSA in TLS 1.2), keyAgreement, keyCertSign and cRLSign (CAs), and four more. Critical as a rule. Peers refuse a CA without keyCertSign.",
        "RFC 5280 4.2.1.3",
    ),
    (
        oid::EXTENDED_KEY_USAGE,
        "What the certificate is for: serverAuth, clientAuth, codeSigning, … Without it, anything. In a CA it limits what is below it. Peers refuse a client certificate as a server's, and the other way round.",
        "RFC 5280 4.2.1.12",
    ),
    (
        oid::SUBJECT_ALT_NAME,
        "Whom the certificate speaks of: DNS names, IP addresses, URIs, e-mail addresses. Clients match the name they connect to against it, and against nothing else.",
        "RFC 5280 4.2.1.6",
    ),
    (oid::ISSUER_ALT_NAME, "Further names of the issuer. Hardly anything looks at it.", "RFC 5280 4.2.1.7"),
    (
        oid::BASIC_CONSTRAINTS,
        "Whether the certificate is a CA, and how many CAs may be below it. Critical in a CA. Without cA TRUE, nothing that it signs is accepted.",
        "RFC 5280 4.2.1.9",
    ),
    (
        oid::NAME_CONSTRAINTS,
        "Which names the certificates below a CA may have: permitted and excluded subtrees of DNS names, addresses, … Critical. A certificate with another name is refused.",
        "RFC 5280 4.2.1.10",
    ),
    (
        oid::CRL_DISTRIBUTION_POINTS,
        "Where the CRL is found that would list this certificate. Most TLS programs do not fetch it by themselves.",
        "RFC 5280 4.2.1.13",
    ),
    (
        oid::CERTIFICATE_POLICIES,
        "Under which rules it was issued, as OIDs, with a URL or notice where there is one. Private PKIs rarely need it.",
        "RFC 5280 4.2.1.4",
    ),
    (
        oid::POLICY_MAPPINGS,
        "Which policies of one CA count as which of another. Met where PKIs certify each other.",
        "RFC 5280 4.2.1.5",
    ),
    (
        oid::POLICY_CONSTRAINTS,
        "Below a CA a policy is required, or policies are not mapped any more. Critical.",
        "RFC 5280 4.2.1.11",
    ),
    (oid::INHIBIT_ANY_POLICY, "Below a CA anyPolicy does not count any more. Critical.", "RFC 5280 4.2.1.14"),
    (
        oid::AUTHORITY_INFO_ACCESS,
        "Where the issuer's certificate (caIssuers) and its OCSP responder (OCSP) are found. Never critical.",
        "RFC 5280 4.2.2.1",
    ),
    (
        oid::SUBJECT_INFO_ACCESS,
        "Where services of the subject are found: a CA's repository, a time stamping service. Never critical.",
        "RFC 5280 4.2.2.2",
    ),
    (oid::FRESHEST_CRL, "Where delta CRLs are found. Hardly anything looks at it.", "RFC 5280 4.2.1.15"),
    (
        oid::SUBJECT_DIRECTORY_ATTRIBUTES,
        "Further attributes of the subject, such as a nationality. Never critical.",
        "RFC 5280 4.2.1.8",
    ),
    (
        oid::PRIVATE_KEY_USAGE_PERIOD,
        "When the private key signs, where that is shorter than the validity. Out of use.",
        "RFC 3280 4.2.1.4",
    ),
    (oid::CRL_NUMBER, "The number of a CRL; the greater is the newer.", "RFC 5280 5.2.3"),
    (
        oid::DELTA_CRL_INDICATOR,
        "The CRL holds only what changed since the CRL of this number. Critical.",
        "RFC 5280 5.2.4",
    ),
    (
        oid::ISSUING_DISTRIBUTION_POINT,
        "Which certificates a CRL speaks of: CAs alone, users alone, some reasons, other issuers. Critical.",
        "RFC 5280 5.2.5",
    ),
    (oid::CRL_REASON, "Why a certificate was revoked.", "RFC 5280 5.3.1"),
    (
        oid::INVALIDITY_DATE,
        "Since when a revoked certificate's key is not to be trusted, where that is known.",
        "RFC 5280 5.3.2",
    ),
    (
        oid::CERTIFICATE_ISSUER,
        "Whose certificate an entry of an indirect CRL revokes. Critical.",
        "RFC 5280 5.3.3",
    ),
    (
        oid::TLS_FEATURE,
        "Must-staple: the server has to send an OCSP response in the handshake, and clients that know the extension refuse it otherwise.",
        "RFC 7633",
    ),
    (
        oid::OCSP_NO_CHECK,
        "The certificate of an OCSP responder is not checked for revocation.",
        "RFC 6960 4.2.2.2.1",
    ),
    (
        oid::QC_STATEMENTS,
        "Statements of a qualified certificate under European law.",
        "RFC 3739 3.2.6, ETSI EN 319 412-5",
    ),
    (
        oid::SCT_LIST,
        "Receipts of certificate transparency logs. Browsers want them below public CAs; private PKIs have none.",
        "RFC 6962 3.3",
    ),
    (
        oid::CT_POISON,
        "It makes a precertificate, which is sent to a log and is no certificate: everybody must refuse it.",
        "RFC 6962 3.1",
    ),
    (
        oid::PROXY_CERT_INFO,
        "A proxy certificate, signed by a user for a job. Nothing but grids uses them.",
        "RFC 3820",
    ),
    (
        oid::NS_CERT_TYPE,
        "Netscape's forerunner of extKeyUsage. Nothing goes by it any more.",
        "Netscape 1998",
    ),
];

const USAGES: &[Row] = &[
    (
        oid::SERVER_AUTH,
        "The certificate is for a TLS server. Clients want it of the server, and of every CA above that states usages.",
        "RFC 5280 4.2.1.12",
    ),
    (
        oid::CLIENT_AUTH,
        "The certificate is for a TLS client. Servers that ask for client certificates want it.",
        "RFC 5280 4.2.1.12",
    ),
    (oid::CODE_SIGNING, "The certificate signs programs. Of no use in TLS.", "RFC 5280 4.2.1.12"),
    (
        oid::EMAIL_PROTECTION,
        "The certificate signs or encrypts mail (S/MIME). Of no use in TLS.",
        "RFC 5280 4.2.1.12",
    ),
    (
        oid::TIME_STAMPING,
        "The certificate signs time stamps. It has to be the only usage, and critical.",
        "RFC 3161 2.3",
    ),
    (
        oid::OCSP_SIGNING,
        "The certificate signs OCSP responses for the CA that issued it.",
        "RFC 6960 4.2.2.2",
    ),
    (
        oid::ANY_EXTENDED_KEY_USAGE,
        "Any usage. Some peers take it for serverAuth and clientAuth, others (rustls) do not.",
        "RFC 5280 4.2.1.12",
    ),
    (oid::IPSEC_IKE, "The certificate is for IPsec.", "RFC 4945 5.1.3.12"),
    (oid::MS_SMARTCARD_LOGIN, "The certificate logs a person in at Windows.", "Microsoft"),
    (oid::KDC_AUTH, "The certificate is a Kerberos server's (PKINIT).", "RFC 4556 3.2.4"),
];

/// An extension in words, if it is one that is known.
pub(super) fn explain(oid: &Oid) -> Option<Explanation> {
    find(EXTENSIONS, "extension", oid)
}

/// An extended key usage in words, if it is one that is known.
pub(super) fn usage(oid: &Oid) -> Option<Explanation> {
    find(USAGES, "extended key usage", oid)
}

fn find(rows: &[Row], kind: &'static str, oid: &Oid) -> Option<Explanation> {
    let (_, meaning, section) = rows.iter().find(|row| row.0 == oid.content())?;
    let mut sentences = vec![(*meaning).to_owned()];
    if let Some(long) = oid.long_name() {
        let mut letters = long.chars();
        let first = letters.next().map(|first| first.to_uppercase().collect::<String>()).unwrap_or_default();
        sentences.insert(0, format!("{first}{}.", letters.as_str()));
    }
    Some(Explanation {
        kind,
        name: oid.name(),
        number: Some(oid.to_string()),
        meaning: sentences,
        remedy: None,
        section: Some((*section).to_owned()),
    })
}
