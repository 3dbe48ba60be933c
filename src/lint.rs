//! What is wrong, unwise or unusual in certificates, CRLs and requests, by rules that each have a name and a place where
//! they stand: RFC 5280 and its neighbours, and what private PKIs learn the hard way.
//!
//! Everything is read leniently, because what breaks a rule often cannot be read strictly; a part that cannot be read is
//! a finding itself. Whether peers accept a chain is not judged here; [`crate::verify`] does that.

mod chain;
mod constraint;
mod crl;
mod encoding;
mod extension;
mod field;
mod key;
mod name;
mod pointer;
mod policy;
mod request;
mod rule;
mod subject;
mod usage;
mod validity;
mod view;

#[cfg(test)]
mod tests;

use serde::{Serialize, Serializer};
use time::OffsetDateTime;

pub use rule::{Rule, Severity};

use crate::{
    Error,
    cert::{Certificate, is_certificate},
    der::{Reader, tag},
    name::{Name, escape},
    origin::Origin,
    pem,
};

/// All rules, in the order in which they are judged.
pub fn rules() -> impl Iterator<Item = &'static Rule> {
    let tables = [
        encoding::RULES,
        field::RULES,
        validity::RULES,
        subject::RULES,
        name::RULES,
        key::RULES,
        extension::RULES,
        usage::RULES,
        constraint::RULES,
        policy::RULES,
        pointer::RULES,
        chain::RULES,
        crl::RULES,
        request::RULES,
    ];
    tables.into_iter().flatten().copied()
}

/// The rule of this id.
pub fn rule(id: &str) -> Option<&'static Rule> {
    rules().find(|rule| rule.id == id)
}

/// What can be judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A certificate
    Certificate,
    /// A revocation list
    Crl,
    /// A certificate request
    Request,
}

/// Something to be judged: its bytes as they are.
pub struct Item {
    kind: Kind,
    der: Vec<u8>,
    origin: Origin,
}

impl Item {
    /// Bytes of a known kind.
    pub fn new(kind: Kind, der: Vec<u8>, origin: Origin) -> Self {
        Self { kind, der, origin }
    }

    /// What it is.
    pub fn kind(&self) -> Kind {
        self.kind
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule that is broken
    pub rule: &'static Rule,
    /// By what, with values. Escaped for a terminal.
    pub fact: String,
}

impl Serialize for Finding {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let mut fields = serializer.serialize_struct("Finding", 4)?;
        fields.serialize_field("rule", self.rule.id)?;
        fields.serialize_field("severity", &self.rule.severity)?;
        fields.serialize_field("section", self.rule.section)?;
        fields.serialize_field("fact", &self.fact)?;
        fields.end()
    }
}

/// What was found in one certificate, CRL or request.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The file, escaped for a terminal
    pub source: String,
    /// Which of those in the file, from 1
    pub position: usize,
    /// How many the file holds
    pub of: usize,
    /// What it is
    pub kind: Kind,
    /// What people call it: its subject, or the issuer of a CRL. Escaped for a terminal.
    pub title: String,
    /// What is wrong, the gravest first
    pub findings: Vec<Finding>,
}

/// Findings in the making.
struct Found<'a> {
    now: OffsetDateTime,
    findings: &'a mut Vec<Finding>,
}

/// Most findings of one thing that are kept; more say nothing more.
const MOST: usize = 200;

impl Found<'_> {
    fn add(&mut self, rule: &'static Rule, fact: impl AsRef<str>) {
        let finding = Finding { rule, fact: escape(fact.as_ref()).into_owned() };
        if self.findings.len() < MOST && !self.findings.contains(&finding) {
            self.findings.push(finding);
        }
    }

    fn is_full(&self) -> bool {
        self.findings.len() >= MOST
    }
}

/// Everything in the bytes of a file that can be judged, PEM or DER; keys and the like are passed over. A PEM block
/// that is broken is an error in its place.
///
/// # Errors
/// [`Error::NothingFound`] where there is nothing to be judged.
pub fn read(bytes: &[u8], origin: &Origin) -> Result<Vec<Result<Item, Error>>, Error> {
    let nothing = || Error::NothingFound { origin: origin.clone(), what: "certificate, CRL or request" };
    if !pem::looks_like_pem(bytes) {
        let kind = kind_of(bytes).ok_or_else(nothing)?;
        return Ok(vec![Ok(Item { kind, der: bytes.to_vec(), origin: origin.clone() })]);
    }
    let text = pem::Text::new(bytes);
    let found: Vec<Result<(Kind, Vec<u8>), Error>> = text
        .armors(origin)
        .filter_map(|armor| {
            let label = match &armor {
                Ok(armor) => armor.label.clone(),
                Err(broken) => broken.label.clone(),
            };
            let kind = match label.as_str() {
                label if is_certificate(label) => Kind::Certificate,
                TRUSTED => Kind::Certificate,
                "X509 CRL" => Kind::Crl,
                "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST" => Kind::Request,
                _ => return None,
            };
            let armor = armor.map_err(|broken| broken.error);
            Some(armor.and_then(|armor| {
                let der = armor.decode()?.der;
                let first = Reader::lenient(&der).next().filter(|_| label == TRUSTED);
                Ok((kind, first.map_or(der.as_slice(), |first| first.raw).to_vec()))
            }))
        })
        .collect();
    if found.is_empty() {
        return Err(nothing());
    }
    let count = found.len();
    let numbered = found.into_iter().enumerate();
    Ok(numbered
        .map(|(index, item)| item.map(|(kind, der)| Item { kind, der, origin: origin.nth(index + 1, count) }))
        .collect())
}

/// The label of a certificate that is followed by openssl's trust settings, which are not judged.
const TRUSTED: &str = "TRUSTED CERTIFICATE";

/// What DER is by its outline, as far as that can be seen: where lengths do not fit, by what it begins with.
fn kind_of(der: &[u8]) -> Option<Kind> {
    const TIMES: [u8; 2] = [tag::UTC_TIME, tag::GENERALIZED_TIME];
    let tbs =
        Reader::lenient(der).expect(tag::SEQUENCE).and_then(|outer| outer.inside().expect(tag::SEQUENCE));
    let tags: Vec<u8> = tbs.into_iter().flat_map(view::members).take(4).map(|field| field.tag).collect();
    match tags.as_slice() {
        [tag::SEQUENCE, tag::SEQUENCE, time, ..] if TIMES.contains(time) => return Some(Kind::Crl),
        [tag::INTEGER, tag::SEQUENCE, tag::SEQUENCE, time] if TIMES.contains(time) => return Some(Kind::Crl),
        [tag::INTEGER, tag::SEQUENCE, tag::SEQUENCE, 0xa0] => return Some(Kind::Request),
        _ => {}
    }
    match inside(inside(der)?)? {
        [0xa0 | tag::INTEGER, ..] => Some(Kind::Certificate),
        [tag::SEQUENCE, ..] => Some(Kind::Crl),
        _ => None,
    }
}

/// What follows the head of a SEQUENCE, whatever its length says.
fn inside(bytes: &[u8]) -> Option<&[u8]> {
    let (&first, rest) = bytes.strip_prefix(&[tag::SEQUENCE])?.split_first()?;
    if first <= 0x80 { Some(rest) } else { rest.get(usize::from(first & 0x7f)..) }
}

/// Judges everything, each by itself and the certificates side by side.
pub fn judge(items: &[Item], now: OffsetDateTime) -> Vec<Report> {
    let mut all: Vec<Vec<Finding>> = vec![Vec::new(); items.len()];
    let mut members = Vec::new();
    let mut files: Vec<usize> = Vec::new();
    let mut before: Option<&str> = None;
    for (index, (item, findings)) in items.iter().zip(&mut all).enumerate() {
        if before != Some(item.origin.place()) {
            files.push(0);
            before = Some(item.origin.place());
        }
        let mut found = Found { now, findings };
        encoding::check(&item.der, &mut found);
        match item.kind {
            Kind::Crl => crl::check(&item.der, &mut found),
            Kind::Request => request::check(&item.der, &mut found),
            Kind::Certificate => {
                files.last_mut().into_iter().for_each(|count| *count += 1);
                let file = files.len() - 1;
                match view::Certificate::read(&item.der) {
                    Err(part) => encoding::missing(part, &mut found),
                    Ok(view) => members.push(certificate(index, file, &item.der, view, &mut found)),
                }
            }
        }
    }
    let mut founds: Vec<Found<'_>> = all.iter_mut().map(|findings| Found { now, findings }).collect();
    chain::check(&members, &files, &mut founds);
    let titles: Vec<String> = items.iter().map(title).collect();
    let reports = items.iter().zip(all).zip(titles);
    reports
        .map(|((item, mut findings), title)| {
            findings.sort_by_key(|finding| std::cmp::Reverse(finding.rule.severity));
            Report {
                source: escape(item.origin.place()).into_owned(),
                position: item.origin.position().unwrap_or(1),
                of: item.origin.count(),
                kind: item.kind,
                title,
                findings,
            }
        })
        .collect()
}

fn certificate<'a>(
    index: usize,
    file: usize,
    der: &'a [u8],
    view: view::Certificate<'a>,
    found: &mut Found<'_>,
) -> chain::Member<'a> {
    if let Some(part) = view.oddity {
        encoding::missing(part, found);
    }
    let strict = Certificate::from_der(der, Origin::named("certificate")).ok();
    let is_root = match &strict {
        Some(strict) => strict.is_own_issuer(),
        None => view.is_self_issued(),
    };
    let all = view.all();
    field::check(&view, found);
    field::signature(&view.signed, Some(view.algorithm), is_root, found);
    validity::check(&view, found);
    subject::check(&view, found);
    name::check(view.subject, all, found);
    key::check(view.spki, all, found);
    extension::check(all, extension::Holder::Certificate, found);
    extension::presence(&view, is_root, found);
    usage::check(all, found);
    if view.is_ca() && !is_root {
        usage::limits(&view, found);
    }
    constraint::check(all, view.is_ca(), found);
    policy::check(all, found);
    pointer::check(all, found);
    chain::Member { index, file, der, view, strict, is_root }
}

fn title(item: &Item) -> String {
    let name = |raw: &[u8]| {
        let name = Name::from_der(raw);
        if name.is_empty() { "without a name".to_owned() } else { name.short() }
    };
    match item.kind {
        Kind::Certificate => match Certificate::from_der(&item.der, item.origin.clone()) {
            Ok(certificate) => certificate.title(),
            Err(_) => view::Certificate::read(&item.der)
                .map_or_else(|_| "a certificate".into(), |view| name(view.subject.raw)),
        },
        Kind::Crl => view::Crl::read(&item.der)
            .map_or_else(|_| "a CRL".into(), |view| format!("CRL of {}", name(view.issuer.raw))),
        Kind::Request => view::Request::read(&item.der)
            .map_or_else(|_| "a request".into(), |view| format!("request for {}", name(view.subject.raw))),
    }
}
