//! What can go wrong, as facts. The command line adds the remedy.

mod facts;

use std::path::PathBuf;

use serde::Serialize;
use thiserror::Error as ThisError;
use time::OffsetDateTime;

use crate::{origin::Origin, verify::Finding};

/// One labelled fact of an error, escaped for a terminal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fact {
    /// What it speaks of: `file`, `certificate`, `key`, …
    pub label: &'static str,
    /// What holds.
    pub value: String,
}

macro_rules! errors {
    ($($(#[doc = $doc:literal])* $code:literal $headline:literal $name:ident { $($(#[doc = $field_doc:literal])* $field:ident : $type:ty),* $(,)? })*) => {
        /// Everything that can keep pkit from doing what it was asked.
        ///
        /// `Display` is the headline: one line in a person's words. [`Error::facts`] are the values behind it.
        #[derive(Debug, ThisError)]
        #[non_exhaustive]
        pub enum Error {
            $($(#[doc = $doc])* #[error($headline)] $name { $($(#[doc = $field_doc])* $field: $type),* },)*
        }

        impl Error {
            /// All codes, for documentation and tests.
            pub const CODES: &'static [&'static str] = &[$($code),*];

            /// Code, headline and meaning of each. A `{}` in a headline stands for a value.
            pub const MEANINGS: &'static [(&'static str, &'static str, &'static str)] =
                &[$(($code, $headline, concat!($($doc),*))),*];

            /// A name for programs, stable across versions.
            pub fn code(&self) -> &'static str {
                match self {
                    $(Self::$name { .. } => $code,)*
                }
            }
        }
    };
}

errors! {
    /// A file that was named does not exist.
    "file-not-found" "there is no such file" FileNotFound {
        /// The file
        path: PathBuf }
    /// A file could not be opened or read.
    "file-unreadable" "a file cannot be read" FileUnreadable {
        /// The file
        path: PathBuf,
        /// The operating system's reason
        cause: String }
    /// A path names something other than a regular file.
    "not-a-file" "a file is wanted here" NotAFile {
        /// The path
        path: PathBuf,
        /// What it is
        found: &'static str }
    /// A file is larger than anything it could be meant to hold.
    "file-too-large" "a file is too large" FileTooLarge {
        /// The file
        path: PathBuf,
        /// Most bytes that are read
        limit: u64 }
    /// A file would be overwritten.
    "file-exists" "a file exists already, and nothing is overwritten unasked" FileExists {
        /// The file
        path: PathBuf }
    /// Writing failed; nothing half-written was left.
    "write-failed" "a file cannot be written" WriteFailed {
        /// The file or directory
        path: PathBuf,
        /// The operating system's reason
        cause: String }
    /// A private key would be printed on a terminal.
    "secret-to-terminal" "a private key is not printed on a terminal" SecretToTerminal {
        /// What would be printed
        what: &'static str }
    /// A word that nothing is known of.
    "word-unknown" "there is no {wanted} of this name" WordUnknown {
        /// The word
        word: String,
        /// What it should be
        wanted: &'static str }
    /// Nothing of the wanted kind is in the input.
    "nothing-found" "there is no {what} in the input" NothingFound {
        /// The input
        origin: Origin,
        /// What was wanted
        what: &'static str }
    /// More than one of a kind of which there must be one.
    "several-found" "there is more than one {what} in the input" SeveralFound {
        /// The input
        origin: Origin,
        /// What was wanted
        what: &'static str }
    /// A PEM block is cut off or damaged.
    "pem-broken" "a PEM block is broken" PemBroken {
        /// The input
        origin: Origin,
        /// Line of the fault, from 1
        line: usize,
        /// What is wrong
        problem: String }
    /// Bytes are not what they should be.
    "malformed" "the {what} is malformed" Malformed {
        /// The input
        origin: Origin,
        /// What it should be
        what: &'static str,
        /// The parser's reason
        cause: String }
    /// A private key of a kind, size or encoding that cannot be used.
    "key-unsupported" "this kind of private key is not supported" KeyUnsupported {
        /// The input
        origin: Origin,
        /// What it is
        found: String }
    /// A file holds something else than the private key it should hold.
    "private-key-wanted" "a private key is wanted here" PrivateKeyWanted {
        /// The input
        origin: Origin,
        /// What it is: `a public key`, `a certificate`
        found: &'static str }
    /// An encrypted key did not open.
    "key-not-opened" "the private key cannot be opened: the passphrase is wrong, or the file is damaged" KeyNotOpened {
        /// The key
        origin: Origin }
    /// A PKCS#12 store did not open.
    "store-not-opened" "the PKCS#12 store cannot be opened: the password is wrong, or the file is damaged" StoreNotOpened {
        /// The store
        origin: Origin }
    /// A peer was reached, and showed no certificate.
    "peer-unseen" "the peer showed no certificate" PeerUnseen {
        /// The peer
        peer: String,
        /// Why
        cause: String }
    /// A passphrase is needed and there is no way to ask for it.
    "passphrase-needed" "a passphrase is needed, and there is nobody to ask" PassphraseNeeded {
        /// What it is for
        what: String }
    /// A source of a passphrase gave none.
    "passphrase-source" "a passphrase cannot be had from its source" PassphraseSource {
        /// The source
        from: String,
        /// Why
        cause: String }
    /// A new passphrase was typed in two different ways.
    "passphrase-differs" "the two passphrases are not the same" PassphraseDiffers {
        /// What it is for
        what: String }
    /// A key does not belong to its certificate.
    "key-mismatch" "the private key does not belong to the certificate" KeyMismatch {
        /// The certificate
        certificate: Origin,
        /// First digits of the SHA-256 of its public key
        certificate_key: String,
        /// The key
        key: Origin,
        /// First digits of the SHA-256 of its public half
        key_id: String }
    /// The random source or the cryptographic library failed.
    "crypto-failed" "could not {what}: the cryptographic library failed" CryptoFailed {
        /// What was being done
        what: &'static str }
    /// A name that cannot name a set of files.
    "name-invalid" "this cannot be a name" NameInvalid {
        /// The name
        name: String,
        /// Why not
        reason: String }
    /// A value that is no alternative name.
    "san-invalid" "this cannot be an alternative name (RFC 5280 4.2.1.6)" SanInvalid {
        /// The value
        value: String,
        /// Why not
        reason: String }
    /// A value that is no subtree of names.
    "constraint-invalid" "this cannot be a name constraint" ConstraintInvalid {
        /// The value
        value: String,
        /// Why not
        reason: String }
    /// A value of an extension that cannot be, or that no peer would take.
    "extension-invalid" "this {what} cannot be put into a certificate" ExtensionInvalid {
        /// What it is the value of
        what: &'static str,
        /// The value
        value: String,
        /// Why not
        reason: String }
    /// A subject that cannot be read or encoded.
    "subject-invalid" "this cannot be a subject" SubjectInvalid {
        /// The text
        value: String,
        /// Why not
        reason: String }
    /// A duration or time that cannot be read.
    "duration-invalid" "this is no duration or time" DurationInvalid {
        /// The text
        value: String,
        /// Why not
        reason: String }
    /// A network address that cannot be read.
    "address-invalid" "this is no network address" AddressInvalid {
        /// The text
        value: String,
        /// Why not
        reason: String }
    /// A server certificate would have no name that a client could match.
    "san-missing" "a server certificate needs a DNS name or an IP address that clients can match (RFC 9525 6.3)" SanMissing {
        /// The name it would have
        name: String }
    /// A certificate would have neither subject nor alternative name.
    "subject-missing" "a certificate needs a subject" SubjectMissing {}
    /// A certificate would end before it begins.
    "validity-reversed" "the certificate would end before it begins" ValidityReversed {
        /// Its beginning
        begin: OffsetDateTime,
        /// Its end
        end: OffsetDateTime }
    /// A certificate that no peer takes yet.
    "validity-not-begun" "the certificate would not be valid yet" ValidityNotBegun {
        /// Its beginning
        begin: OffsetDateTime,
        /// Now
        now: OffsetDateTime }
    /// A certificate that begins before its issuer.
    "predates-issuer" "the certificate would begin before its issuer (RFC 5280 6.1.3)" PredatesIssuer {
        /// The beginning that was asked for
        wanted: OffsetDateTime,
        /// The issuer's certificate
        issuer: Origin,
        /// Its beginning
        issuer_begin: OffsetDateTime }
    /// A public key that is too weak to be certified.
    "key-weak" "the public key is too weak to be certified (NIST SP 800-131A)" KeyWeak {
        /// Why
        weakness: String }
    /// A certificate request whose signature cannot be checked, or proves nothing.
    "csr-unproven" "the signature of the request proves nothing here" CsrUnproven {
        /// The request
        origin: Origin,
        /// How it is signed
        algorithm: String,
        /// The kind of its key
        key: String,
        /// Why that does not do
        reason: String }
    /// A certificate request whose signature does not hold.
    "csr-forged" "the signature of the request does not hold: it was altered, or made with another key" CsrForged {
        /// The request
        origin: Origin,
        /// How it is signed
        algorithm: String,
        /// The kind of its key
        key: String }
    /// A certificate request asks for names that cannot be granted.
    "csr-name-refused" "the request asks for names that cannot be granted, so nothing was signed" CsrNameRefused {
        /// The request
        origin: Origin,
        /// Each name, and why it cannot be granted
        names: Vec<(String, String)> }
    /// One key for a certificate and the CA that signs it.
    "key-is-issuers" "the public key is that of a CA above" KeyIsIssuers {
        /// The CA's certificate
        issuer: Origin,
        /// What people call it
        subject: String }
    /// RFC 5280 4.1.2.2 wants each serial number of a CA once.
    "serial-used" "the CA has given this serial number before (RFC 5280 4.1.2.2)" SerialUsed {
        /// The serial number in hexadecimal
        serial: String,
        /// The name of the certificate that has it
        name: String }
    /// The end lies in the past.
    "validity-empty" "the certificate would have ended already" ValidityEmpty {
        /// The end asked for
        end: OffsetDateTime,
        /// Now
        now: OffsetDateTime }
    /// An explicit end lies beyond the issuer's.
    "outlives-issuer" "the certificate would outlive its issuer (RFC 5280 6.1.3)" OutlivesIssuer {
        /// The end asked for
        wanted: OffsetDateTime,
        /// The issuer
        issuer: Origin,
        /// Its end, or that of a CA above it
        issuer_end: OffsetDateTime }
    /// An intermediate would be one too many.
    "path-length-used-up" "the issuer's path length allows no further CA below it (RFC 5280 4.2.1.9)" PathLengthUsedUp {
        /// The CA that limits it
        origin: Origin,
        /// Its name
        subject: String,
        /// How many intermediates it allows
        path_length: u32 }
    /// A name lies outside of an authority's name constraints.
    "name-not-permitted" "the issuer's name constraints forbid this name (RFC 5280 4.2.1.10)" NameNotPermitted {
        /// The name
        name: String,
        /// How it breaks them
        fact: String,
        /// The CA that constrains
        issuer: Origin }
    /// A usage that an authority's extKeyUsage does not include.
    "usage-not-permitted" "the issuer may not sign for this usage (RFC 5280 4.2.1.12)" UsageNotPermitted {
        /// The usage
        usage: String,
        /// What the CA may sign for
        allowed: String,
        /// The CA
        issuer: Origin }
    /// The issuer is no CA.
    "issuer-not-ca" "the issuer is not a CA (RFC 5280 4.2.1.9)" IssuerNotCa {
        /// The certificate
        origin: Origin,
        /// Its name
        subject: String }
    /// The issuer's key usage lacks keyCertSign.
    "issuer-may-not-sign" "the issuer's key usage does not allow it to sign certificates (RFC 5280 4.2.1.3)" IssuerMayNotSign {
        /// The certificate
        origin: Origin,
        /// Its name
        subject: String,
        /// Its key usage
        usage: String }
    /// The issuer, or a CA above it, has expired.
    "issuer-expired" "the issuer has expired (RFC 5280 6.1.3)" IssuerExpired {
        /// The certificate
        origin: Origin,
        /// Its name
        subject: String,
        /// Its end
        not_after: OffsetDateTime,
        /// Now
        now: OffsetDateTime }
    /// The issuer, or a CA above it, is not valid yet.
    "issuer-not-yet-valid" "the issuer is not valid yet (RFC 5280 6.1.3)" IssuerNotYetValid {
        /// The certificate
        origin: Origin,
        /// Its name
        subject: String,
        /// Its beginning
        not_before: OffsetDateTime,
        /// Now
        now: OffsetDateTime }
    /// The issuer, or a CA above it, stands on the CRL of the CA that signed it.
    "issuer-revoked" "the issuer was revoked (RFC 5280 6.3)" IssuerRevoked {
        /// The certificate
        origin: Origin,
        /// Its name
        subject: String,
        /// Why, as RFC 5280 5.3.1 has it
        reason: String,
        /// Since when
        since: OffsetDateTime }
    /// The CA's key usage lacks cRLSign.
    "issuer-may-not-revoke" "the CA's key usage does not allow it to sign CRLs" IssuerMayNotRevoke {
        /// The certificate
        origin: Origin,
        /// Its name
        subject: String,
        /// Its key usage
        usage: String }
    /// A CRL is another CA's, or made with a former key.
    "crl-foreign" "the CRL is not this CA's" CrlForeign {
        /// The CRL
        origin: Origin,
        /// Whose it says it is
        issuer: String,
        /// The CA
        authority: String,
        /// How that was found
        fact: String }
    /// The signature of a CRL does not hold.
    "crl-forged" "the signature of the CRL does not hold" CrlForged {
        /// The CRL
        origin: Origin,
        /// The CA that should have signed it
        authority: String,
        /// What is wrong with it
        fact: String }
    /// A CRL is past its nextUpdate.
    "crl-lapsed" "the CRL has lapsed" CrlLapsed {
        /// The CRL
        origin: Origin,
        /// The CA
        issuer: String,
        /// When the next one should have been there
        next_update: OffsetDateTime,
        /// Now
        now: OffsetDateTime }
    /// A CRL is before its thisUpdate.
    "crl-not-yet-valid" "the CRL is not valid yet" CrlNotYetValid {
        /// The CRL
        origin: Origin,
        /// The CA
        issuer: String,
        /// Its beginning
        this_update: OffsetDateTime,
        /// Now
        now: OffsetDateTime }
    /// A CA has no CRL.
    "crl-missing" "a CA of the chain has no CRL" CrlMissing {
        /// The CA, as it is called in the PKI directory; its subject, where it is not there
        name: String,
        /// Where its CRL would be
        path: Option<PathBuf> }
    /// A revocation is on record, but no CRL says so.
    "crl-not-renewed" "it is on record, but the CRL could not be renewed, so nobody knows of it yet" CrlNotRenewed {
        /// The CA
        name: String,
        /// Why
        cause: String }
    /// Another reason or date than on record.
    "revoked-already" "the certificate is revoked already, and its reason and date are not changed" RevokedAlready {
        /// Its serial number in hexadecimal
        serial: String,
        /// The reason on record
        reason: crate::crl::Reason,
        /// The date on record
        revoked_at: OffsetDateTime }
    /// Only what is on hold can be released.
    "not-on-hold" "the certificate is revoked for good: only one on hold can be released (RFC 5280 5.3.1)" NotOnHold {
        /// Its serial number in hexadecimal
        serial: String,
        /// The reason on record
        reason: crate::crl::Reason }
    /// Nobody is above a root to revoke it.
    "root-not-revocable" "a root cannot be revoked: no CA is above it to say so" RootNotRevocable {
        /// Its subject
        subject: String }
    /// The CA that signed a certificate is not in the PKI directory.
    "issuer-not-here" "the CA that signed the certificate is not in the PKI directory" IssuerNotHere {
        /// The certificate
        origin: Origin,
        /// Who signed
        issuer: String }
    /// No certificate on record has this serial number.
    "serial-unknown" "no certificate on record has this serial number" SerialUnknown {
        /// The serial number
        serial: String }
    /// The validator would not accept what was about to be made.
    "chain-refused" "the new certificate would not be accepted, so it was not made" ChainRefused {
        /// What is wrong with it
        findings: Vec<Finding> }
    /// A chain does not reach a root.
    "chain-gap" "the chain has a gap" ChainGap {
        /// The last certificate that was reached
        origin: Origin,
        /// Its name
        subject: String,
        /// The issuer that is missing
        issuer: String,
        /// Its key identifier in hexadecimal, where stated
        key_id: Option<String>,
        /// A certificate of that name with another key
        other_key: Option<Origin> }
    /// The issuer of a certificate is there, but nothing proves it.
    "link-unproven" "a link of the chain cannot be proved" LinkUnproven {
        /// The certificate
        origin: Origin,
        /// Its name
        subject: String,
        /// The certificate of its issuer
        issuer: Origin,
        /// How it is signed
        algorithm: String,
        /// The kind of the issuer's key
        key: String }
    /// Several certificates could be the leaf.
    "leaf-ambiguous" "several certificates could be the leaf" LeafAmbiguous {
        /// Which
        candidates: Vec<String> }
    /// No certificate is a leaf, or belongs to the key.
    "leaf-missing" "there is no leaf certificate in the input" LeafMissing {
        /// The key it should belong to
        key: Option<Origin>,
        /// First digits of the SHA-256 of its public half
        key_id: Option<String> }
    /// A trust input holds a certificate that is no CA.
    "anchor-not-ca" "a certificate that is to be trusted as a root is not a CA" AnchorNotCa {
        /// The certificate
        origin: Origin,
        /// Its name
        subject: String }
    /// There is no PKI directory.
    "pki-missing" "there is no PKI directory" PkiMissing {
        /// Where it was looked for
        path: PathBuf }
    /// There is a PKI directory where none must be.
    "pki-exists" "there is a PKI directory already" PkiExists {
        /// The directory
        path: PathBuf }
    /// The PKI directory is open to others.
    "pki-unsafe" "the PKI directory is not safe to use" PkiUnsafe {
        /// The directory or file
        path: PathBuf,
        /// What is wrong with it
        problem: String }
    /// The PKI directory was written by a newer pkit.
    "pki-newer" "the PKI directory was written by a newer version of pkit" PkiNewer {
        /// The inventory
        path: PathBuf,
        /// Its format version
        found: u64,
        /// The newest that is understood
        known: u64 }
    /// The PKI directory contradicts itself.
    "pki-damaged" "the PKI directory is damaged" PkiDamaged {
        /// The file
        path: PathBuf,
        /// What is wrong
        problem: String }
    /// Another process holds the lock.
    "pki-busy" "another pkit is writing to the PKI directory" PkiBusy {
        /// The lock file
        path: PathBuf,
        /// Seconds waited
        waited: u64 }
    /// The file system has no locks.
    "pki-no-locks" "the file system of the PKI directory has no locks" PkiNoLocks {
        /// The lock file
        path: PathBuf,
        /// The operating system's reason
        cause: String }
    /// The configuration file cannot be used.
    "config-invalid" "the configuration file cannot be used" ConfigInvalid {
        /// The file
        path: PathBuf,
        /// What is wrong, with the line
        cause: String }
    /// The name is in use.
    "name-taken" "the name is taken, and nothing is overwritten" NameTaken {
        /// `CA` or `certificate`
        what: &'static str,
        /// The name
        name: String,
        /// Its files
        path: PathBuf }
    /// The CA is there under another name.
    "ca-exists" "this CA is in the PKI directory already" CaExists {
        /// The certificate that was to be added
        origin: Origin,
        /// The name the CA has
        name: String }
    /// There is no CA of that name.
    "ca-unknown" "there is no CA of this name" CaUnknown {
        /// The name asked for
        name: String,
        /// The names there are
        known: Vec<String> }
    /// There is no certificate of that name.
    "certificate-unknown" "there is no certificate of this name" CertificateUnknown {
        /// The name asked for
        name: String,
        /// The directory it was looked for in
        path: PathBuf }
    /// The key of a certificate is not in the PKI directory.
    "key-absent" "the private key of the certificate is not here" KeyAbsent {
        /// The certificate
        name: String,
        /// Where it would be
        path: PathBuf }
    /// No issuer was named, and there is no telling which is meant.
    "issuer-ambiguous" "it is not clear which CA shall sign" IssuerAmbiguous {
        /// The CAs there are
        candidates: Vec<String> }
    /// The key of a CA is not in the PKI directory.
    "ca-key-absent" "the private key of the CA is not here" CaKeyAbsent {
        /// The CA
        name: String,
        /// Where it would be
        path: PathBuf }
    /// What a program is to be handed is of no use to it.
    "export-unfit" "this is of no use to whom it is for" ExportUnfit {
        /// The program
        target: &'static str,
        /// The certificate
        subject: String,
        /// Why not
        reason: String }
    /// The key of a CA would be handed out, and nobody said so.
    "ca-key-unasked" "the private key of a CA would be handed out, and that was not asked for" CaKeyUnasked {
        /// The CA
        name: String,
        /// Who would get it
        target: &'static str }
    /// A value that would become syntax in a configuration file.
    "value-unwritable" "this cannot be written in the program's configuration" ValueUnwritable {
        /// The value
        value: String }
    /// The commit point was passed, but the name does not lead to the new files yet.
    "link-not-turned" "it was made and is on record, but its name could not be pointed to it" LinkNotTurned {
        /// The name
        name: String,
        /// The operating system's reason
        cause: String }
    /// The key of a certificate that was revoked because others have it would be certified again.
    "key-compromised" "the key was compromised, so it is not certified again" KeyCompromised {
        /// The certificate
        name: String }
    /// There is no way back to the generation before.
    "no-rollback" "there is no generation to go back to" NoRollback {
        /// The certificate
        name: String,
        /// Why not
        reason: String }
    /// What was to be told of renewed certificates did not get through.
    "hook-failed" "it was renewed, but the hook failed; the next `renew` with a hook runs it again" HookFailed {
        /// The command or the process
        hook: String,
        /// Why
        cause: String,
        /// The certificates that it was to be told of
        names: Vec<String> }
    /// The file does not lead to the process that wrote it.
    "pid-file-unfit" "the file does not name the process that is meant" PidFileUnfit {
        /// The file
        path: PathBuf,
        /// What is wrong
        problem: String }
    /// A row of a batch that cannot be used.
    "row-invalid" "a row of the batch cannot be used" RowInvalid {
        /// Its line, from 1
        line: usize,
        /// What is wrong
        problem: String }
    /// Options that do not go together.
    "usage" "{problem}" Usage {
        /// What does not go together
        problem: String }
    /// A host name did not resolve.
    "resolve-failed" "the host name cannot be resolved" ResolveFailed {
        /// The name
        host: String,
        /// The operating system's reason
        cause: String }
    /// A connection was not made.
    "connect-failed" "no connection could be made" ConnectFailed {
        /// The address
        address: String,
        /// The operating system's reason
        cause: String }
    /// A connection was not made in time.
    "connect-timed-out" "no connection could be made within the time limit" ConnectTimedOut {
        /// The address
        address: String }
    /// A server cannot listen.
    "listen-failed" "the server cannot listen" ListenFailed {
        /// The address
        address: String,
        /// The operating system's reason
        cause: String }
    /// The TLS library does not take a certificate, key or setting.
    "tls-setup" "TLS cannot be set up with these files" TlsSetup {
        /// The TLS library's reason
        cause: String }
}
