//! What was found, judged at a moment: soonest first, and counted.

use serde::{Serialize, Serializer};
use time::OffsetDateTime;

use super::{Gathered, State, Thresholds, Trouble, chain, item::Item};
use crate::{
    cert::Role,
    fingerprint::colons,
    validity::{Remaining, Validity, serialize_time},
};

/// Something that ends, and how it stands.
#[derive(Clone, Debug)]
pub struct Row {
    /// What
    pub item: Box<Item>,
    /// How it stands, the chain above it included
    pub state: State,
    /// What ends before it does and takes it along
    pub chain: Option<Box<Break>>,
    at: OffsetDateTime,
}

/// The end of a chain that comes before the end of the certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Break {
    /// Its last second
    #[serde(serialize_with = "serialize_time")]
    pub ends: OffsetDateTime,
    /// Whole days until then, negative afterwards
    pub days_left: i64,
    /// What people call the certificate that ends
    pub cause: String,
    /// Its serial number in hexadecimal
    pub serial: String,
    /// The file or server whose chain it is, where the issuer lies beside the certificate. Escaped for a terminal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
}

impl Row {
    /// When it stops working: its own end, or that of its chain.
    pub fn ends(&self) -> OffsetDateTime {
        self.chain.as_ref().map_or(self.item.validity.not_after, |chain| chain.ends)
    }

    /// The moment it is judged at.
    pub fn at(&self) -> OffsetDateTime {
        self.at
    }

    /// What is left of it by itself.
    pub fn remaining(&self) -> Remaining {
        self.item.validity.remaining(self.at)
    }

    /// Whole days until it stops working, negative afterwards.
    pub fn days(&self) -> i64 {
        let Validity { not_before, .. } = self.item.validity;
        Validity { not_before, not_after: self.ends() }.remaining(self.at).days
    }
}

#[derive(Serialize)]
struct CertificateRow<'a> {
    title: &'a str,
    subject: String,
    issuer: &'a str,
    kind: Role,
    state: State,
    #[serde(serialize_with = "serialize_time")]
    not_before: OffsetDateTime,
    #[serde(serialize_with = "serialize_time")]
    not_after: OffsetDateTime,
    #[serde(flatten)]
    remaining: Remaining,
    chain: &'a Option<Box<Break>>,
    serial: &'a str,
    fingerprint: String,
    paths: Vec<&'a str>,
}

#[derive(Serialize)]
struct CrlRow<'a> {
    issuer: String,
    state: State,
    #[serde(serialize_with = "serialize_time")]
    this_update: OffsetDateTime,
    #[serde(serialize_with = "serialize_time")]
    next_update: OffsetDateTime,
    #[serde(flatten)]
    remaining: Remaining,
    number: Option<&'a str>,
    fingerprint: String,
    paths: Vec<&'a str>,
}

impl Serialize for Row {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { item, state, chain, .. } = self;
        let Validity { not_before, not_after } = item.validity;
        let (remaining, fingerprint) = (self.remaining(), colons(&item.fingerprint));
        let paths = item.places();
        match (item.subject(), item.role()) {
            (Some(subject), Some(kind)) => CertificateRow {
                title: item.title(),
                subject: subject.to_string(),
                issuer: item.issuer_title(),
                kind,
                state: *state,
                not_before,
                not_after,
                remaining,
                chain,
                serial: item.number(),
                fingerprint,
                paths,
            }
            .serialize(serializer),
            _ => CrlRow {
                issuer: item.issuer().to_string(),
                state: *state,
                this_update: not_before,
                next_update: not_after,
                remaining,
                number: Some(item.number()).filter(|number| !number.is_empty()),
                fingerprint,
                paths,
            }
            .serialize(serializer),
        }
    }
}

/// How many are in which state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Certificates
    pub certificates: usize,
    /// Revocation lists
    pub crls: usize,
    /// Expired
    pub expired: usize,
    /// Critical
    pub critical: usize,
    /// Due
    pub warn: usize,
    /// Beginning later
    pub not_yet_valid: usize,
    /// Well
    pub ok: usize,
}

impl Counts {
    fn add(&mut self, row: &Row) {
        *match row.item.role() {
            Some(_) => &mut self.certificates,
            None => &mut self.crls,
        } += 1;
        *match row.state {
            State::Expired => &mut self.expired,
            State::Critical => &mut self.critical,
            State::Warn => &mut self.warn,
            State::NotYetValid => &mut self.not_yet_valid,
            State::Ok => &mut self.ok,
        } += 1;
    }

    /// Everything that ends.
    pub fn all(&self) -> usize {
        self.certificates + self.crls
    }

    /// How many are in a state.
    pub fn of(&self, state: State) -> usize {
        match state {
            State::Expired => self.expired,
            State::Critical => self.critical,
            State::Warn => self.warn,
            State::NotYetValid => self.not_yet_valid,
            State::Ok => self.ok,
        }
    }
}

/// What runs out, soonest first.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// As of when
    #[serde(serialize_with = "serialize_time")]
    pub at: OffsetDateTime,
    /// How long before its end a certificate is due
    pub warn: String,
    /// How long before its end it is high time
    pub critical: String,
    /// The same for revocation lists
    pub crl_warn: String,
    /// The same for revocation lists
    pub crl_critical: String,
    /// How many are in which state
    pub counts: Counts,
    /// Files that were looked at
    pub files: usize,
    /// Servers that were asked
    pub servers: usize,
    /// Certificates of servers, clients and others
    pub leaves: Vec<Row>,
    /// Certificates of CAs
    pub authorities: Vec<Row>,
    /// Revocation lists
    pub crls: Vec<Row>,
    /// What could not be read
    pub errors: Vec<Trouble>,
}

impl Report {
    /// Whether anything is due.
    pub fn is_due(&self) -> bool {
        self.rows().any(|row| row.state.is_due())
    }

    /// All rows, CAs behind the others, and revocation lists last.
    pub fn rows(&self) -> impl Iterator<Item = &Row> {
        self.leaves.iter().chain(&self.authorities).chain(&self.crls)
    }

    /// What ends next, of what has not ended yet.
    pub fn next(&self) -> Option<&Row> {
        self.rows().filter(|row| row.ends() >= self.at).min_by_key(|row| row.ends())
    }

    /// With the rows in some states alone.
    #[must_use]
    pub fn only(mut self, is_wanted: impl Fn(State) -> bool) -> Self {
        for rows in [&mut self.leaves, &mut self.authorities, &mut self.crls] {
            rows.retain(|row| is_wanted(row.state));
        }
        self.counts = Counts::default();
        let mut counts = Counts::default();
        self.rows().for_each(|row| counts.add(row));
        self.counts = counts;
        self
    }
}

impl Gathered {
    /// Judges what was found at a moment.
    pub fn report(self, certificates: &Thresholds, crls: &Thresholds, at: OffsetDateTime) -> Report {
        let Self { items, groups, errors, files, servers } = self;
        let breaks: Vec<Option<(Box<Break>, State)>> = chain::outlooks(&items, &groups)
            .into_iter()
            .enumerate()
            .map(|(index, (outlook, place))| {
                let cause = items.get(outlook.cause).filter(|_| outlook.cause != index)?;
                let found = Break {
                    ends: outlook.end,
                    days_left: cause.validity.remaining(at).days,
                    cause: cause.title().to_owned(),
                    serial: cause.number().to_owned(),
                    place: place.map(str::to_owned),
                };
                Some((Box::new(found), certificates.state(cause.validity, at)))
            })
            .collect();
        let mut counts = Counts::default();
        let (mut leaves, mut authorities, mut lists) = (Vec::new(), Vec::new(), Vec::new());
        for (mut item, found) in items.into_iter().zip(breaks).filter(|(item, _)| item.wanted) {
            item.spots.sort();
            item.spots.dedup();
            let thresholds = if item.role().is_some() { certificates } else { crls };
            let mut state = thresholds.state(item.validity, at);
            // The worst comes first.
            state = found.as_ref().map_or(state, |(_, above)| state.min(*above));
            let row = Row { item, state, chain: found.map(|(found, _)| found), at };
            counts.add(&row);
            match row.item.role() {
                None => lists.push(row),
                Some(role) if role.is_ca() => authorities.push(row),
                Some(_) => leaves.push(row),
            }
        }
        for rows in [&mut leaves, &mut authorities, &mut lists] {
            // Stable, so that those that end together stay in the order in which they were found.
            rows.sort_by_key(Row::ends);
        }
        Report {
            at,
            warn: certificates.warn().to_string(),
            critical: certificates.critical().to_string(),
            crl_warn: crls.warn().to_string(),
            crl_critical: crls.critical().to_string(),
            counts,
            files,
            servers,
            leaves,
            authorities,
            crls: lists,
            errors,
        }
    }
}
