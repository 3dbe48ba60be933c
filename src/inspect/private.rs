//! What can be said of a private key without showing it: kind, size, its public half, and how it is encrypted.

use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use zeroize::Zeroizing;

use super::{
    KeyReport, Place, PublicKeyReport,
    key::{describe, significant},
};
use crate::{
    der::{self, Element, put, tag, text},
    key::{
        Passphrase, PrivateKey,
        scheme::{self, Scheme},
        sealed, traditional,
    },
    name::escape,
    oid::{self, Oid},
    origin::Origin,
    pem::Block,
};

/// How private keys are encoded.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Form {
    Pkcs8,
    Sealed,
    Pkcs1,
    Sec1,
    Dsa,
    OpenSsh,
}

impl Form {
    /// By the label of its PEM block.
    pub(super) fn of_label(label: &str) -> Option<Self> {
        Some(match label {
            "PRIVATE KEY" => Self::Pkcs8,
            "ENCRYPTED PRIVATE KEY" => Self::Sealed,
            "RSA PRIVATE KEY" => Self::Pkcs1,
            "EC PRIVATE KEY" | "SM2 PRIVATE KEY" => Self::Sec1,
            "DSA PRIVATE KEY" => Self::Dsa,
            "OPENSSH PRIVATE KEY" => Self::OpenSsh,
            _ => return None,
        })
    }

    fn name(self) -> &'static str {
        match self {
            Self::Pkcs8 | Self::Sealed => "PKCS#8",
            Self::Pkcs1 => "PKCS#1",
            Self::Sec1 => "SEC 1",
            Self::Dsa => "DSA, as openssl writes it",
            Self::OpenSsh => "OpenSSH",
        }
    }
}

fn empty(form: Form, place: Place) -> KeyReport {
    KeyReport {
        place,
        format: form.name(),
        encrypted: false,
        encryption: None,
        algorithm: None,
        bits: None,
        public_key: None,
        attributes: Vec::new(),
        warnings: Vec::new(),
    }
}

/// Tells of a key in a PEM block; `passphrase` opens it where it is encrypted, and `curve` is what an `EC PARAMETERS` block
/// before it says.
pub(super) fn in_block(
    form: Form,
    block: &Block,
    curve: Option<&[u8]>,
    place: Place,
    passphrase: &mut dyn FnMut() -> Option<Passphrase>,
) -> KeyReport {
    if !traditional::is_encrypted(block) {
        return in_der(form, &block.der, curve, place, passphrase);
    }
    let mut report = empty(form, place);
    report.encrypted = true;
    let cipher = traditional::cipher_name(block).map(|name| escape(name).into_owned());
    report.encryption = Some(format!("{}, key from one round of MD5", cipher.unwrap_or_default()));
    report
        .warnings
        .push("its encryption is weak: one round of MD5 makes the key; pkit key passphrase".into());
    if form == Form::Pkcs1 {
        report.algorithm = Some("RSA".into());
    }
    if let Some(passphrase) = passphrase() {
        let mut once = |_: &Origin, attempt: u32| Ok((attempt == 1).then(|| passphrase.copy()));
        match traditional::open(block, &Origin::named(""), &mut once) {
            Ok(plain) => tell(&mut report, form, &plain, curve),
            Err(_) => report.warnings.push("the passphrase does not open it".into()),
        }
    }
    report
}

/// Tells of a key in DER.
pub(super) fn in_der(
    form: Form,
    der: &[u8],
    curve: Option<&[u8]>,
    place: Place,
    passphrase: &mut dyn FnMut() -> Option<Passphrase>,
) -> KeyReport {
    let mut report = empty(form, place);
    if form != Form::Sealed {
        tell(&mut report, form, der, curve);
        return report;
    }
    report.encrypted = true;
    let Some((algorithm, octets)) = sealed::parts(der) else {
        report.warnings.push("its PKCS#8 structure does not hold".into());
        return report;
    };
    report.encryption = Some(scheme::describe(algorithm));
    if let Some(passphrase) = passphrase() {
        let plain =
            Scheme::read(algorithm).ok().and_then(|scheme| scheme.decrypt(passphrase.bytes(), octets));
        match plain.filter(|plain| der::whole(plain, tag::SEQUENCE).is_some()) {
            Some(plain) => tell(&mut report, Form::Pkcs8, &plain, None),
            None => report.warnings.push("the passphrase does not open it".into()),
        }
    }
    report
}

/// What is told of the key itself.
struct Facts {
    algorithm: String,
    bits: Option<u32>,
    spki: Option<Vec<u8>>,
}

fn tell(report: &mut KeyReport, form: Form, der: &[u8], curve: Option<&[u8]>) {
    let facts = match form {
        Form::Pkcs8 | Form::Sealed => pkcs8(der),
        Form::Pkcs1 => rsa(der, &rsa_identifier()),
        Form::Sec1 => ec(der, curve),
        Form::Dsa => dsa(der),
        Form::OpenSsh => return openssh(report, der),
    };
    let Some(facts) = facts else {
        report.warnings.push("it cannot be read: its structure does not hold".into());
        return;
    };
    let public = facts.spki.map(|spki| PublicKeyReport::of(&spki));
    if let Some(weakness) = facts.bits.filter(|bits| facts.algorithm.starts_with("RSA") && *bits < 2048) {
        report.warnings.push(format!("an RSA key of {weakness} bits is too weak; 2048 is the least"));
    }
    report.algorithm = Some(facts.algorithm);
    report.bits = facts.bits;
    report.public_key = public;
}

fn rsa_identifier() -> Vec<u8> {
    der::sequence(&[&Oid::from_content(oid::RSA).der(), &[tag::NULL, 0]])
}

fn spki(identifier: &[u8], bits: &[u8]) -> Vec<u8> {
    let mut string = Vec::new();
    put(&mut string, tag::BIT_STRING, &[&[0], bits]);
    der::sequence(&[identifier, &string])
}

/// `SEQUENCE { version, algorithm, key OCTET STRING, [0] attributes?, [1] public key? }` (RFC 5958 section 2)
fn pkcs8(der: &[u8]) -> Option<Facts> {
    let mut fields = der::whole(der, tag::SEQUENCE)?.inside();
    fields.expect(tag::INTEGER)?;
    let identifier = fields.expect(tag::SEQUENCE)?;
    let key = fields.expect(tag::OCTET_STRING)?.content;
    let kind = identifier.inside().expect(tag::OID)?.content;
    let (algorithm, bits) = describe(identifier);
    let mut facts = match kind {
        oid::RSA | oid::RSA_PSS => rsa(key, identifier.raw).unwrap_or(Facts { algorithm, bits, spki: None }),
        oid::EC_PUBLIC_KEY => {
            let point = ec_point(key).map(|point| spki(identifier.raw, point));
            Facts { algorithm, bits, spki: point }
        }
        _ => Facts { algorithm, bits, spki: None },
    };
    while let Some(field) = fields.next() {
        if field.tag == 0x81 && facts.spki.is_none() {
            facts.spki = field.content.split_first().map(|(_, bits)| spki(identifier.raw, bits));
        }
    }
    if facts.spki.is_none() {
        // The public half is not in the file; ring computes it, for the kinds that it knows.
        let key = PrivateKey::from_pkcs8(Zeroizing::new(der.to_vec()), &Origin::named("")).ok();
        facts.spki = key.map(|key| key.public().spki().to_vec());
    }
    if let Some(spki) = &facts.spki {
        let public = PublicKeyReport::of(spki);
        (facts.algorithm, facts.bits) = (public.algorithm, public.bits);
    }
    Some(facts)
}

/// RSAPrivateKey (RFC 8017 A.1.2): the public half is its modulus and public exponent.
fn rsa(der: &[u8], identifier: &[u8]) -> Option<Facts> {
    let mut fields = der::whole(der, tag::SEQUENCE)?.inside();
    fields.expect(tag::INTEGER)?;
    let (modulus, exponent) = (fields.expect(tag::INTEGER)?, fields.expect(tag::INTEGER)?);
    let bits = significant(modulus.content)?;
    let public = spki(identifier, &der::sequence(&[modulus.raw, exponent.raw]));
    let algorithm = PublicKeyReport::of(&public).algorithm;
    Some(Facts { algorithm, bits: Some(bits), spki: Some(public) })
}

/// The public point in an ECPrivateKey (RFC 5915 section 3).
fn ec_point(der: &[u8]) -> Option<&[u8]> {
    let mut fields = der::whole(der, tag::SEQUENCE)?.inside();
    let field = std::iter::from_fn(|| fields.next()).find(|field| field.tag == 0xa1)?;
    field.inside().expect(tag::BIT_STRING)?.content.strip_prefix(&[0])
}

fn ec(der: &[u8], curve: Option<&[u8]>) -> Option<Facts> {
    let mut fields = der::whole(der, tag::SEQUENCE)?.inside();
    fields.expect(tag::INTEGER)?;
    fields.expect(tag::OCTET_STRING)?;
    let own = std::iter::from_fn(|| fields.next()).find(|field| field.tag == 0xa0);
    let parameters = own.map(|field| field.content).or(curve)?;
    let identifier = der::sequence(&[&Oid::from_content(oid::EC_PUBLIC_KEY).der(), parameters]);
    let (algorithm, bits) = describe(der::whole(&identifier, tag::SEQUENCE)?);
    if let Some(point) = ec_point(der) {
        return Some(Facts { algorithm, bits, spki: Some(spki(&identifier, point)) });
    }
    // Without its public half: as PKCS#8, whose reader computes it.
    let version = [tag::INTEGER, 1, 0];
    let mut key = Zeroizing::new(Vec::with_capacity(der.len() + 8));
    put(&mut key, tag::OCTET_STRING, &[der]);
    pkcs8(&Zeroizing::new(der::sequence(&[&version, &identifier, &key])))
}

/// `SEQUENCE { version, p, q, g, y, x }`
fn dsa(der: &[u8]) -> Option<Facts> {
    let mut fields = der::whole(der, tag::SEQUENCE)?.inside();
    fields.expect(tag::INTEGER)?;
    let (p, q, g) =
        (fields.expect(tag::INTEGER)?, fields.expect(tag::INTEGER)?, fields.expect(tag::INTEGER)?);
    let y = fields.expect(tag::INTEGER)?;
    let group = der::sequence(&[p.raw, q.raw, g.raw]);
    let identifier = der::sequence(&[&Oid::from_content(oid::DSA).der(), &group]);
    let (algorithm, bits) = describe(der::whole(&identifier, tag::SEQUENCE)?);
    Some(Facts { algorithm, bits, spki: Some(spki(&identifier, y.raw)) })
}

/// What a public key file holds, as a subjectPublicKeyInfo: that itself, or an RSAPublicKey.
pub(super) fn public(der: &[u8], place: Place) -> Option<KeyReport> {
    let mut report = KeyReport { format: "subjectPublicKeyInfo", ..empty(Form::Pkcs8, place) };
    let mut fields = der::whole(der, tag::SEQUENCE)?.inside();
    let first = fields.next()?;
    let public = match first.tag {
        tag::INTEGER => {
            report.format = "PKCS#1";
            fields.expect(tag::INTEGER)?;
            PublicKeyReport::of(&spki(&rsa_identifier(), der))
        }
        tag::SEQUENCE => {
            fields.expect(tag::BIT_STRING)?;
            PublicKeyReport::of(der)
        }
        _ => return None,
    };
    report.algorithm = Some(public.algorithm.clone());
    report.bits = public.bits;
    report.public_key = Some(public);
    Some(report)
}

/// Length-prefixed strings of SSH (RFC 4251 section 5).
struct Ssh<'a>(&'a [u8]);

impl<'a> Ssh<'a> {
    fn number(&mut self) -> Option<usize> {
        let (number, rest) = self.0.split_first_chunk::<4>()?;
        self.0 = rest;
        usize::try_from(u32::from_be_bytes(*number)).ok()
    }

    fn string(&mut self) -> Option<&'a [u8]> {
        let length = self.number()?;
        let (string, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(string)
    }
}

/// The type in the public half of an SSH key.
fn ssh_type(public: &[u8]) -> Option<String> {
    Some(escape(std::str::from_utf8(Ssh(public).string()?).ok()?).into_owned())
}

/// The file of OpenSSH's own (PROTOCOL.key): cipher, key derivation, and public halves in the clear.
fn openssh(report: &mut KeyReport, der: &[u8]) {
    let read = || {
        let mut fields = Ssh(der.strip_prefix(b"openssh-key-v1\0")?);
        let (cipher, kdf) = (fields.string()?, fields.string()?);
        fields.string()?;
        fields.number()?;
        let name = |octets: &[u8]| escape(&String::from_utf8_lossy(octets)).into_owned();
        Some((name(cipher), name(kdf), fields.string()?))
    };
    let Some((cipher, kdf, public)) = read() else {
        report.warnings.push("it cannot be read: its structure does not hold".into());
        return;
    };
    report.encrypted = cipher != "none";
    report.encryption = report.encrypted.then(|| format!("{cipher}, {kdf}"));
    report.algorithm = ssh_type(public);
    report.attributes.push(ssh_fingerprint(public));
}

fn ssh_fingerprint(public: &[u8]) -> String {
    format!("SSH fingerprint SHA256:{}", STANDARD_NO_PAD.encode(crate::fingerprint::sha256(public)))
}

/// A line of OpenSSH with a public key: `ssh-ed25519 AAAA… comment`.
pub(super) fn ssh_line(line: &str, place: Place) -> Option<KeyReport> {
    let mut words = line.split_ascii_whitespace();
    let kind = words.next()?;
    let known = ["ssh-", "ecdsa-sha2-", "sk-ssh-", "sk-ecdsa-sha2-"];
    known.iter().find(|start| kind.starts_with(*start))?;
    let blob = base64::engine::general_purpose::STANDARD.decode(words.next()?).ok()?;
    let named = ssh_type(&blob).filter(|named| named == kind)?;
    let mut report = KeyReport { format: "OpenSSH", ..empty(Form::OpenSsh, place) };
    report.algorithm = Some(named);
    report.attributes.push(ssh_fingerprint(&blob));
    Some(report)
}

/// What openssl says beside a certificate (X509_CERT_AUX): for what it is trusted, and its name.
pub(super) fn openssl_trust(aux: Element<'_>) -> Vec<String> {
    let usages = |list: Element<'_>| {
        let mut inside = list.inside();
        let names = std::iter::from_fn(|| inside.next()).map(|usage| Oid::from_content(usage.content).name());
        names.collect::<Vec<_>>().join(", ")
    };
    let mut fields = aux.inside();
    std::iter::from_fn(|| fields.next())
        .filter_map(|field| match field.tag {
            tag::SEQUENCE => Some(format!("openssl trusts it for {}", usages(field))),
            0xa0 => Some(format!("openssl refuses it for {}", usages(field))),
            tag::UTF8 => Some(format!("alias {}", escape(&text::read(field.tag, field.content)?))),
            _ => None,
        })
        .collect()
}

/// A key of which nothing is known but that it is there.
pub(super) fn locked(place: Place) -> KeyReport {
    empty(Form::Sealed, place)
}
