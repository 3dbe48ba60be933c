//! What a revocation list says, entry for entry.

use serde::{Serialize, Serializer};
use time::OffsetDateTime;

use super::{
    ExtensionReport, Fingerprints, Place,
    anatomy::{Part, parts},
    certificate::serial,
    extension::{self, warnings_of},
    meaning,
};
use crate::{
    cert::ExtensionValue,
    der::{self, Element, Reader, ber, tag, text, time::read_any_time},
    fingerprint::hex,
    key::SignatureAlgorithm,
    name::Name,
    oid,
    validity::serialize_maybe,
};

/// Everything that a list says (RFC 5280 5). All text is escaped for a terminal.
#[derive(Clone, Debug, Serialize)]
pub struct CrlReport {
    /// Where it was found
    #[serde(flatten)]
    pub place: Place,
    /// Whose list it says it is
    pub issuer: String,
    /// 1 or 2
    pub version: u32,
    /// From when on it is true; `None` where it is no date
    #[serde(serialize_with = "serialize_maybe")]
    pub this_update: Option<OffsetDateTime>,
    /// When it lapses; `None` where it does not say, or it is no date
    #[serde(serialize_with = "serialize_maybe")]
    pub next_update: Option<OffsetDateTime>,
    /// Whether the moment of the report lies behind that
    pub lapsed: Option<bool>,
    /// cRLNumber
    pub number: Option<String>,
    /// The key identifier of authorityKeyIdentifier in hexadecimal
    pub authority_key_id: Option<String>,
    /// How it was signed
    pub signature_algorithm: String,
    /// Every extension of the list, in order
    pub extensions: Vec<ExtensionReport>,
    /// What anyone who relies on it should know
    pub warnings: Vec<String>,
    /// Hashes of the whole list
    pub fingerprints: Fingerprints,
    /// How many entries it has
    pub count: usize,
    /// What is revoked
    pub revoked: Entries,
}

/// The entries of a list, each read when it is asked for: there may be millions.
#[derive(Clone, Debug)]
pub struct Entries {
    der: Vec<u8>,
}

impl Entries {
    /// The entries in order.
    pub fn iter(&self) -> impl Iterator<Item = EntryReport> {
        let mut reader = Reader::new(&self.der);
        std::iter::from_fn(move || reader.next()).map(entry)
    }
}

impl Serialize for Entries {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

/// One entry of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EntryReport {
    /// Serial number of the revoked certificate, as reports on certificates have it
    pub serial: String,
    /// Since when; `None` where it is no date
    #[serde(serialize_with = "serialize_maybe")]
    pub date: Option<OffsetDateTime>,
    /// Why, where it says
    pub reason: Option<String>,
    /// What else it says: since when the key is known to others, whose certificate it is
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub extensions: Vec<String>,
}

/// Tells what a list says at `now`, however much of it breaks the rules; `None` where it does not look like one at all.
pub(super) fn inspect(bytes: &[u8], place: Place, now: OffsetDateTime) -> Option<CrlReport> {
    let strict = Reader::new(bytes).expect(tag::SEQUENCE);
    if let Some(whole) = strict.filter(|whole| is_regular(*whole))
        && let Some(mut report) = report(whole, place.clone(), now)
    {
        if whole.raw.len() < bytes.len() {
            report.warnings.insert(0, "bytes follow its end".to_owned());
        }
        return Some(report);
    }
    let (normal, length) = ber::to_der(bytes)?;
    let mut report = report(der::whole(&normal, tag::SEQUENCE)?, place, now)?;
    report.fingerprints = Fingerprints::of(bytes.get(..length)?);
    report.warnings.insert(0, "it is BER, not DER".to_owned());
    Some(report)
}

/// Whether all of its signed part is DER at the first level.
fn is_regular(whole: Element<'_>) -> bool {
    let regular = |mut reader: Reader<'_>| {
        while reader.next().is_some() {}
        reader.is_empty()
    };
    regular(whole.inside()) && whole.inside().next().is_some_and(|tbs| regular(tbs.inside()))
}

fn report(whole: Element<'_>, place: Place, now: OffsetDateTime) -> Option<CrlReport> {
    let mut outer = whole.inside();
    let tbs = outer.expect(tag::SEQUENCE)?;
    let mut warnings = Vec::new();
    let algorithm = outer.next().and_then(|element| SignatureAlgorithm::from_der(element.raw));
    let mut fields = tbs.inside();
    let mut field = fields.next()?;
    let mut version = 1;
    if field.tag == tag::INTEGER {
        if field.content != [1] {
            warnings.push("it states a version that does not exist".to_owned());
        }
        version = 2;
        field = fields.next()?;
    }
    if field.tag != tag::SEQUENCE {
        return None;
    }
    let inner = SignatureAlgorithm::from_der(field.raw);
    if inner != algorithm {
        warnings.push("the signed and the unsigned statement of the signature algorithm differ".to_owned());
    }
    let issuer = Name::from_der(fields.expect(tag::SEQUENCE)?.raw);
    if !issuer.is_readable() {
        warnings.push("its issuer is no distinguished name (RFC 5280 4.1.2.4)".to_owned());
    }
    let mut date = |field: Element<'_>, which: &str| {
        let time = read_any_time(field);
        if time.is_none() {
            warnings.push(format!("its {which} is no date"));
        }
        time
    };
    let this_update = date(fields.next()?, "thisUpdate");
    let mut field = fields.next();
    let is_time = |field: &Element<'_>| matches!(field.tag, tag::UTC_TIME | tag::GENERALIZED_TIME);
    let next_update = field.filter(is_time).map(|element| {
        let time = date(element, "nextUpdate");
        field = fields.next();
        time
    });
    if next_update.is_none() {
        warnings.push("it does not say when it lapses (RFC 5280 5.1.2.5)".to_owned());
    }
    let next_update = next_update.flatten();
    let mut revoked = Vec::new();
    if let Some(list) = field.filter(|field| field.tag == tag::SEQUENCE) {
        revoked = list.content.to_vec();
        field = fields.next();
    }
    let found: Vec<Part> = match field {
        Some(field) if field.tag == 0xa0 => {
            let list = der::whole(field.content, tag::SEQUENCE).map(parts);
            if !matches!(&list, Some((_, true))) {
                warnings.push("its extensions cannot be read".to_owned());
            }
            list.map(|(parts, _)| parts).unwrap_or_default()
        }
        None => Vec::new(),
        Some(_) => {
            warnings.push("there is something in its signed part that does not belong there".to_owned());
            Vec::new()
        }
    };
    warnings_of(&found, &mut warnings);
    if let Some(weakness) = algorithm.as_ref().and_then(SignatureAlgorithm::weakness) {
        warnings.push(weakness.to_owned());
    }
    let entries = Entries { der: revoked };
    let mut count = 0;
    let mut reader = Reader::new(&entries.der);
    while reader.next().is_some() {
        count += 1;
    }
    if !reader.is_empty() {
        warnings.push("one of its entries cannot be read, and none behind it".to_owned());
    }
    let number = found.iter().find(|part| part.extension.oid.content() == oid::CRL_NUMBER);
    let number = number.and_then(|part| der::whole(&part.octets, tag::INTEGER));
    Some(CrlReport {
        place,
        issuer: issuer.to_string(),
        version,
        this_update,
        next_update,
        lapsed: next_update.map(|end| now > end),
        number: number.map(|number| text::number(number.content)),
        authority_key_id: found.iter().find_map(|part| match &part.extension.value {
            ExtensionValue::AuthorityKeyId { key_id, .. } => key_id.as_deref().map(hex),
            _ => None,
        }),
        signature_algorithm: algorithm.map(|by| by.name()).unwrap_or_default(),
        extensions: found.iter().map(extension::extension).collect(),
        warnings,
        fingerprints: Fingerprints::of(whole.raw),
        count,
        revoked: entries,
    })
}

/// `SEQUENCE { serial, date, extensions? }`; what cannot be read is left out.
fn entry(element: Element<'_>) -> EntryReport {
    let mut fields = element.inside();
    let number = fields.next().filter(|field| field.tag == tag::INTEGER);
    let date = fields.next().and_then(read_any_time);
    let found = fields.next().map(|list| parts(list).0).unwrap_or_default();
    let mut report = EntryReport {
        serial: number.map(|number| serial(number.content)).unwrap_or_default(),
        date,
        reason: None,
        extensions: Vec::new(),
    };
    for Part { extension, octets } in &found {
        let told = meaning::meaning(extension.oid.content(), octets);
        let told = told.map_or_else(|| hex(octets), |lines| lines.join(", "));
        match extension.oid.content() {
            oid::CRL_REASON => report.reason = Some(told),
            _ => report.extensions.push(format!("{} {told}", extension.oid.name())),
        }
    }
    report
}
