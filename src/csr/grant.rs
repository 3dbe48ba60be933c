//! What of a request is granted, and why the rest is not. A request is a stranger's wish: its key and subject are taken as
//! they are, its names where `issue` would take them, its usages where the profile has them, and no other extension unless
//! whoever signs says so.

use serde::Serialize;

use super::Csr;
use crate::{
    Error,
    cert::{Extension, ExtensionValue},
    issue::{Kind, Request},
    issuer::Issuer,
    key::Algorithm,
    name::{Name, San},
    oid::{self, Oid},
    profile::{KeyUsage, Profile},
    verify::constraint_breach,
};

/// What a line speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Aspect {
    /// The subject
    Subject,
    /// An alternative name
    Name,
    /// A key usage or extended key usage
    Usage,
    /// An extension
    Extension,
    /// An attribute that is no extension
    Attribute,
}

impl Aspect {
    /// As in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Subject => "subject",
            Self::Name => "name",
            Self::Usage => "usage",
            Self::Extension => "extension",
            Self::Attribute => "attribute",
        }
    }
}

/// One thing that was asked for or granted. Escaped for a terminal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// What it speaks of
    pub kind: Aspect,
    /// What was asked for; `None` where it is granted unasked
    pub asked: Option<String>,
    /// What is granted; `None` where it is not
    pub granted: Option<String>,
    /// Why
    pub why: String,
}

/// What is granted of a request.
#[derive(Clone, Debug)]
pub struct Grant {
    /// What the certificate is to be, for [`crate::issue::plan`].
    pub request: Request,
    /// Everything that was asked for or granted, in order.
    pub lines: Vec<Line>,
}

impl Grant {
    /// What was asked for and not granted.
    pub fn refused(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().filter(|line| line.granted.is_none()).filter_map(|line| line.asked.as_deref())
    }
}

/// Decides what of a request is granted for a leaf. `terms` is what whoever signs says: the subject it shall have, further
/// usages and extensions; `sans` are alternative names instead of those asked for. Without an issuer, a first look that
/// refuses what no issuer could sign.
///
/// A name that cannot be granted refuses the whole: a certificate without a name that its owner counts on would fail later,
/// at some peer. Everything else that is not granted is only left out.
///
/// # Errors
/// [`Error::CsrNameRefused`], [`Error::SubjectInvalid`] for a subject that others could not read.
pub fn grant(
    csr: &Csr,
    profile: Profile,
    mut terms: Request,
    sans: Option<Vec<San>>,
    issuer: Option<&Issuer>,
) -> Result<Grant, Error> {
    terms.kind = Kind::Leaf(profile);
    let mut lines = Lines(Vec::new());
    lines.subject(csr, &terms.subject)?;
    terms.sans = match sans {
        Some(sans) => lines.stated_names(csr, sans),
        None if csr.subject_alt_names().is_empty() && profile.serves() => {
            lines.common_name(&terms.subject)?
        }
        None => lines.asked_names(csr, issuer)?,
    };
    lines.key_usage(csr, &terms, profile);
    lines.extended_key_usage(csr, &terms, profile);
    for extension in csr.extensions() {
        lines.extension(extension, &terms);
    }
    if terms.must_staple && !csr.extensions().iter().any(asks_for_staple) {
        let name = Oid::from_content(oid::TLS_FEATURE).name();
        lines.say(Aspect::Extension, None, Some(name), "--must-staple");
    }
    for attribute in csr.attributes() {
        let why = match attribute.content() {
            oid::CHALLENGE_PASSWORD => {
                "a password for revoking at some CAs; it is not looked at, and in no certificate"
            }
            _ => "what a program tells of itself; it is in no certificate",
        };
        lines.say(Aspect::Attribute, Some(attribute.name()), None, why);
    }
    Ok(Grant { request: terms, lines: lines.0 })
}

struct Lines(Vec<Line>);

impl Lines {
    fn say(&mut self, kind: Aspect, asked: Option<String>, granted: Option<String>, why: impl Into<String>) {
        self.0.push(Line { kind, asked, granted, why: why.into() });
    }

    fn subject(&mut self, csr: &Csr, granted: &Name) -> Result<(), Error> {
        if let Some(reason) = granted.unfit() {
            return Err(Error::SubjectInvalid { value: granted.to_string(), reason });
        }
        let text = |name: &Name| (!name.is_empty()).then(|| name.to_string());
        let why = match () {
            () if csr.subject() == granted => "taken as it is",
            () if csr.subject().is_empty() => "stated here: the request has none",
            () => "stated here instead",
        };
        self.say(Aspect::Subject, text(csr.subject()), text(granted), why);
        Ok(())
    }

    /// The names that whoever signs states, and what becomes of those asked for.
    fn stated_names(&mut self, csr: &Csr, sans: Vec<San>) -> Vec<San> {
        let asked: Vec<_> =
            csr.subject_alt_names().iter().map(|name| (name, San::try_from(name).ok())).collect();
        for (name, san) in &asked {
            let granted = san.as_ref().filter(|san| sans.contains(san));
            let granted = granted.map(|san| san.to_general_name().to_string());
            let why = if granted.is_some() { "--san" } else { "--san says otherwise" };
            self.say(Aspect::Name, Some(name.to_string()), granted, why);
        }
        for san in &sans {
            if !asked.iter().any(|(_, asked)| asked.as_ref() == Some(san)) {
                self.say(Aspect::Name, None, Some(san.to_general_name().to_string()), "--san");
            }
        }
        sans
    }

    /// A server that asks for no alternative name means its common name.
    fn common_name(&mut self, subject: &Name) -> Result<Vec<San>, Error> {
        let Some(san) = subject.common_name().map(|name| name.parse()) else { return Ok(Vec::new()) };
        match san? {
            san @ (San::Dns(_) | San::Ip(_)) => {
                let why = "the common name; clients look at alternative names only (RFC 9525 6.3)";
                self.say(Aspect::Name, None, Some(san.to_general_name().to_string()), why);
                Ok(vec![san])
            }
            _ => Ok(Vec::new()),
        }
    }

    /// The names asked for: all of them, or an error with those that cannot be granted.
    fn asked_names(&mut self, csr: &Csr, issuer: Option<&Issuer>) -> Result<Vec<San>, Error> {
        let path = issuer.map(Issuer::path).unwrap_or_default();
        let (mut sans, mut refused) = (Vec::new(), Vec::new());
        for name in csr.subject_alt_names() {
            let breach = || path.iter().find_map(|authority| constraint_breach(authority, name));
            match San::try_from(name).and_then(|san| breach().map_or(Ok(san), Err)) {
                Ok(san) => {
                    let granted = san.to_general_name();
                    let why = if granted == *name { "asked for" } else { "the same name in lower case" };
                    self.say(Aspect::Name, Some(name.to_string()), Some(granted.to_string()), why);
                    sans.push(san);
                }
                Err(reason) => refused.push((name.to_string(), reason)),
            }
        }
        match refused.as_slice() {
            [] => Ok(sans),
            _ => Err(Error::CsrNameRefused { origin: csr.origin().clone(), names: refused }),
        }
    }

    fn key_usage(&mut self, csr: &Csr, terms: &Request, profile: Profile) {
        let key = csr.public_key().algorithm();
        let (asked, granted) = (csr.key_usage().unwrap_or_default(), terms.key_usage(key));
        for usage in KeyUsage::each() {
            let name = || Some(usage.to_string());
            let why = match terms.key_usage {
                Some(_) => "--key-usage".to_owned(),
                None => format!("the profile is {profile}, the key {key}"),
            };
            match (asked.contains(usage), granted.contains(usage)) {
                (true, false) => self.say(Aspect::Usage, name(), None, why_no_key_usage(usage, key, why)),
                (false, false) => {}
                (asked, _) => self.say(Aspect::Usage, name().filter(|_| asked), name(), why),
            }
        }
    }

    fn extended_key_usage(&mut self, csr: &Csr, terms: &Request, profile: Profile) {
        let granted = terms.extended_key_usages();
        let own = profile.extended_key_usage();
        let of_profile = format!("the profile is {profile}");
        for usage in csr.extended_key_usage() {
            let name = Some(usage.name());
            let why = match usage.content() {
                _ if own.contains(usage) => &of_profile,
                oid::SERVER_AUTH | oid::CLIENT_AUTH => &of_profile,
                _ if granted.contains(usage) => "--eku",
                oid::ANY_EXTENDED_KEY_USAGE => "it would lift every limit",
                _ => "not said with --eku",
            };
            self.say(Aspect::Usage, name.clone(), name.filter(|_| granted.contains(usage)), why);
        }
        for usage in granted.iter().filter(|usage| !csr.extended_key_usage().contains(usage)) {
            let why = if own.contains(usage) { &of_profile } else { "--eku" };
            self.say(Aspect::Usage, None, Some(usage.name()), why);
        }
    }

    fn extension(&mut self, extension: &Extension, terms: &Request) {
        let kind = extension.oid.content();
        let name = extension.oid.name();
        let stated =
            |stated: bool, option: &'static str| if stated { (true, option) } else { (false, option) };
        let (granted, why) = match (&extension.value, kind) {
            // Told name by name and usage by usage.
            (_, oid::SUBJECT_ALT_NAME | oid::KEY_USAGE | oid::EXTENDED_KEY_USAGE) => return,
            (ExtensionValue::BasicConstraints { ca: true, .. }, _) => {
                let why = "no request makes a CA; pkit ca intermediate does";
                return self.say(Aspect::Extension, Some(format!("{name} CA:TRUE")), None, why);
            }
            (ExtensionValue::BasicConstraints { ca: false, .. }, _) => (true, "no leaf is a CA"),
            (_, oid::SUBJECT_KEY_ID) => (false, "it is made from the key"),
            (_, oid::AUTHORITY_KEY_ID) => (false, "it follows from who signs"),
            (
                _,
                oid::NAME_CONSTRAINTS
                | oid::POLICY_CONSTRAINTS
                | oid::POLICY_MAPPINGS
                | oid::INHIBIT_ANY_POLICY,
            ) => (false, "it is for CAs"),
            (_, oid::CERTIFICATE_POLICIES) => {
                stated(!terms.policies.is_empty(), "who signs states it: --policy")
            }
            (_, oid::CRL_DISTRIBUTION_POINTS) => {
                stated(!terms.pointers.crl.is_empty(), "who signs states it: --crl-url")
            }
            (_, oid::AUTHORITY_INFO_ACCESS) => stated(
                !(terms.pointers.issuer.is_empty() && terms.pointers.ocsp.is_empty()),
                "who signs states it: --issuer-url, --ocsp-url",
            ),
            (_, oid::TLS_FEATURE) if asks_for_staple(extension) => {
                stated(terms.must_staple, "--must-staple grants it")
            }
            (_, oid::TLS_FEATURE) => (false, "of TLS features, status_request (must-staple) alone is known"),
            _ => stated(
                terms.extensions.iter().any(|custom| custom.oid == extension.oid),
                "whatever it promises, --extension states it",
            ),
        };
        self.say(Aspect::Extension, Some(name.clone()), granted.then_some(name), why);
    }
}

/// Why a leaf with this kind of key is not given a key usage.
fn why_no_key_usage(usage: KeyUsage, key: Algorithm, otherwise: String) -> String {
    usage.and(KeyUsage::DIGITAL_SIGNATURE).unfit_for_leaf(key).unwrap_or(otherwise)
}

/// RFC 7633: a list with feature 5, status_request, and no other.
fn asks_for_staple(extension: &Extension) -> bool {
    matches!(&extension.value, ExtensionValue::Other(value) if *value == crate::issue::MUST_STAPLE)
        && extension.oid.content() == oid::TLS_FEATURE
}

#[cfg(test)]
mod tests {
    use super::{
        super::tests::{extension, with_attributes},
        *,
    };
    use crate::{
        der,
        validity::{End, Span},
    };

    fn csr(extensions: &[Vec<u8>]) -> Csr {
        let list: Vec<&[u8]> = extensions.iter().map(Vec::as_slice).collect();
        with_attributes(&[(oid::EXTENSION_REQUEST, der::sequence(&list))]).unwrap()
    }

    fn terms(csr: &Csr) -> Request {
        Request::new(Kind::Leaf(Profile::Server), csr.subject().clone(), End::After(Span::days(1)))
    }

    fn told(grant: &Grant) -> Vec<String> {
        let text = |value: &Option<String>| value.clone().unwrap_or("-".into());
        let line =
            |line: &Line| format!("{} {} {}", line.kind.name(), text(&line.asked), text(&line.granted));
        grant.lines.iter().map(line).collect()
    }

    #[test]
    fn usages_follow_the_profile_and_extensions_the_signer() {
        let wishes = csr(&[
            // digitalSignature, keyEncipherment, keyCertSign
            extension(oid::KEY_USAGE, &[3, 2, 2, 0xa4]),
            extension(oid::EXTENDED_KEY_USAGE, &der::sequence(&[&Oid::from_content(oid::CLIENT_AUTH).der()])),
            extension(oid::BASIC_CONSTRAINTS, &[0x30, 3, 1, 1, 0xff]),
            extension(oid::TLS_FEATURE, &[0x30, 3, 2, 1, 5]),
            extension(&[0x2a, 3, 4], &[5, 0]),
        ]);
        let granted = grant(&wishes, Profile::Server, terms(&wishes), None, None).unwrap();
        assert_eq!(
            told(&granted),
            [
                "subject CN=a.internal CN=a.internal",
                "name - DNS:a.internal",
                "usage digitalSignature digitalSignature",
                "usage keyEncipherment -",
                "usage keyCertSign -",
                "usage clientAuth -",
                "usage - serverAuth",
                "extension basicConstraints CA:TRUE -",
                "extension tlsfeature -",
                "extension 1.2.3.4 -",
            ]
        );
        assert_eq!(granted.refused().count(), 6);
        assert!(granted.request.extensions.is_empty() && !granted.request.must_staple);
        let generous = Request {
            must_staple: true,
            extensions: vec!["1.2.3.4=hex:0500".parse().unwrap()],
            extended_key_usage: vec!["codeSigning".parse().unwrap()],
            ..terms(&wishes)
        };
        let granted = told(&grant(&wishes, Profile::Peer, generous, None, None).unwrap());
        for line in ["usage clientAuth clientAuth", "usage - codeSigning", "extension tlsfeature tlsfeature"]
        {
            assert!(granted.iter().any(|told| told == line), "{line}: {granted:?}");
        }
        // A client without alternative names asks for none.
        let client = grant(&wishes, Profile::Client, terms(&wishes), None, None).unwrap();
        assert!(client.request.sans.is_empty());
    }

    #[test]
    fn names_are_granted_all_or_none_unless_they_are_stated() {
        // DNS:A.b, DNS:*.com, IP of three octets
        let names = [0x30, 15, 0x82, 3, b'A', b'.', b'b', 0x82, 5, b'*', b'.', b'c', b'o', b'm', 0x87, 1, 1];
        let wishes = csr(&[extension(oid::SUBJECT_ALT_NAME, &names)]);
        match grant(&wishes, Profile::Server, terms(&wishes), None, None).unwrap_err() {
            Error::CsrNameRefused { names, .. } => assert_eq!(names.len(), 2, "{names:?}"),
            other => panic!("{other}"),
        }
        let stated = vec!["a.b".parse().unwrap(), "c.d".parse().unwrap()];
        let granted = grant(&wishes, Profile::Server, terms(&wishes), Some(stated), None).unwrap();
        let told = told(&granted);
        assert_eq!(
            told[1..5],
            ["name DNS:A.b DNS:a.b", "name DNS:*.com -", "name IP:01 -", "name - DNS:c.d"]
        );
        let none = grant(&wishes, Profile::Client, terms(&wishes), Some(vec![]), None).unwrap();
        assert!(none.request.sans.is_empty());
        let deceiving = Request { subject: Name::from_der(&control_character()), ..terms(&wishes) };
        let refused = grant(&wishes, Profile::Client, deceiving, Some(vec![]), None).unwrap_err();
        assert_eq!(refused.code(), "subject-invalid");
    }

    /// `CN=a\0b`
    fn control_character() -> Vec<u8> {
        let value = [0x0c, 3, b'a', 0, b'b'];
        let pair = der::sequence(&[&Oid::from_content(oid::COMMON_NAME).der(), &value]);
        der::sequence(&[&[&[0x31, pair.len() as u8][..], &pair].concat()])
    }
}
