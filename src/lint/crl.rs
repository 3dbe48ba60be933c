//! Revocation lists (RFC 5280 section 5).

use std::collections::HashSet;

use super::{Found, encoding, extension, field, name, pointer, subject, validity, view};
use crate::{
    crl::Reason,
    der::{Element, tag},
    fingerprint::hex,
    oid,
    validity::{format_time, tell},
};

super::rule::rules! {
    VERSION "crl-version-not-2" Error "RFC 5280 5.1.2.1"
        "A CRL has version 2."
        "Version 1 has no extensions: no number, by which the newer list is known, and no key identifier."
        "Have it made anew: pkit crl CA.";
    NEXT_UPDATE "crl-without-next-update" Error "RFC 5280 5.1.2.5"
        "A CRL says when the next one will be there."
        "Without nextUpdate an old list can be shown for ever."
        "Have it made anew with one.";
    REVERSED "crl-next-update-before-this" Error "RFC 5280 5.1.2.4, 5.1.2.5"
        "nextUpdate is later than thisUpdate."
        "The list was never current."
        "Have it made anew.";
    LAPSED "crl-lapsed" Warn "RFC 5280 6.3.3"
        "The time is not after nextUpdate."
        "Peers that check revocation refuse every certificate of this CA."
        "Have it made anew, best by a timer: pkit crl CA.";
    NOT_YET "crl-not-yet-valid" Warn "RFC 5280 6.3.3"
        "The time is not before thisUpdate."
        "Peers pass over the list."
        "Set the clock, or wait.";
    EMPTY "crl-entries-empty" Error "RFC 5280 5.1.2.6"
        "Where nothing is revoked, revokedCertificates is left out."
        "Strict readers refuse an empty list."
        "Have it made anew, with software that leaves the field out.";
    NUMBER_MISSING "crl-number-missing" Error "RFC 5280 5.2.3"
        "A CRL has a number."
        "The newer of two lists is known by it."
        "Have it made anew with one.";
    NUMBER "crl-number-invalid" Error "RFC 5280 5.2.3"
        "The number of a CRL is 0 or greater, in at most 20 octets."
        "Readers refuse others."
        "Have it made anew.";
    LONG "crl-validity-long" Info "CA/Browser Forum BR 7.2, 4.9.7"
        "A CRL that speaks of leaf certificates is valid for at most 10 days, of CAs for 12 months."
        "Whoever keeps the list goes by it until nextUpdate: for so long a revocation may not be seen."
        "Make lists more often, for a shorter time: pkit crl CA --validity 7d.";
    ENTRY "crl-entry-malformed" Error "RFC 5280 5.1.2.6"
        "An entry is a serial number, a date, and extensions where there are any."
        "Who cannot read an entry cannot go by the list."
        "Have it made anew.";
    ENTRY_TWICE "crl-entry-repeated" Error "RFC 5280 5.3"
        "A serial number stands in a list once."
        "Two entries may say different things of a certificate."
        "Have it made anew.";
    ENTRY_FUTURE "crl-entry-in-future" Warn "RFC 5280 5.1.2.6"
        "A certificate was revoked before the list was made."
        "Readers disagree whether it is revoked."
        "Have it made anew with the right date.";
    ENTRY_EARLY "crl-entry-date-implausible" Warn "practice"
        "A revocation is not older than X.509 certificates of version 3 are: 1996."
        "Such dates come from fields that were not set."
        "Have it made anew with the right date.";
    REASON "crl-reason-invalid" Error "RFC 5280 5.3.1"
        "A reason is one of ten: 0 to 10 without 7."
        "Readers refuse others."
        "Have it made anew.";
    REASON_UNSPECIFIED "crl-reason-unspecified" Warn "RFC 5280 5.3.1"
        "The reason unspecified (0) is left out."
        "It says nothing."
        "Leave the extension out.";
    REASON_REMOVE "crl-reason-remove-without-delta" Error "RFC 5280 5.3.1"
        "removeFromCRL is in delta CRLs alone."
        "In a full list it revokes and does not."
        "Leave the entry out.";
    INDIRECT "crl-entry-issuer-without-indirect" Error "RFC 5280 5.3.3, 5.2.5"
        "Entries name another issuer in indirect CRLs alone, which say so in issuingDistributionPoint."
        "Readers take the serial number for one of the CRL's issuer."
        "Have it made anew.";
    SCOPE "crl-scope-contradicts" Error "RFC 5280 5.2.5"
        "A CRL is for user certificates alone, CAs alone, or attribute certificates alone, not for two of those alone."
        "It would be for none."
        "Have it made anew.";
    DELTA "crl-delta-with-freshest" Error "RFC 5280 5.2.6"
        "A delta CRL has no freshestCRL."
        "It is the freshest itself."
        "Leave it out.";
}

/// Judges a list.
pub(super) fn check(der: &[u8], found: &mut Found<'_>) {
    let crl = match view::Crl::read(der) {
        Ok(crl) => crl,
        Err(part) => return encoding::missing(part, found),
    };
    if let Some(part) = crl.oddity {
        encoding::missing(part, found);
    }
    let extensions = crl.extensions.as_deref().unwrap_or_default();
    field::signature(&crl.signed, Some(crl.algorithm), false, found);
    subject::list_issuer(crl.issuer, found);
    if crl.version != Some(&[1]) {
        let version = crl.version.map_or_else(
            || "none, which means 1".to_owned(),
            |version| {
                view::small(version)
                    .map_or_else(|| hex(version), |number| (number.saturating_add(1)).to_string())
            },
        );
        found.add(&VERSION, format!("its version is {version}"));
    }
    let times = times(&crl, found);
    extension::check(extensions, extension::Holder::Crl, found);
    extension::list_key_id(extensions, found);
    pointer::check(extensions, found);
    number(extensions, found);
    let is_indirect = scope(extensions, found);
    let is_delta = view::find(extensions, oid::DELTA_CRL_INDICATOR).is_some();
    if is_delta && view::find(extensions, oid::FRESHEST_CRL).is_some() {
        found.add(&DELTA, "it is a delta CRL, and has freshestCRL");
    }
    let Some(entries) = crl.entries else { return };
    if entries.content.is_empty() {
        found.add(&EMPTY, "revokedCertificates is there, and empty");
    }
    let mut serials = HashSet::new();
    for entry in view::members(entries) {
        let facts = Entry { this_update: times, is_delta, is_indirect };
        facts.check(entry, &mut serials, found);
    }
}

/// Judges thisUpdate and nextUpdate; the first, where it can be read.
fn times(crl: &view::Crl<'_>, found: &mut Found<'_>) -> Option<time::OffsetDateTime> {
    let this = validity::time("thisUpdate", crl.this_update, found);
    let Some(next) = crl.next_update else {
        found.add(&NEXT_UPDATE, "it has no nextUpdate");
        return this;
    };
    let (this, next) = (this?, validity::time("nextUpdate", next, found)?);
    let now = found.now;
    if next <= this {
        found.add(
            &REVERSED,
            format!("thisUpdate is {} and nextUpdate {}", format_time(this), format_time(next)),
        );
    } else if now > next {
        found.add(&LAPSED, format!("it lapsed {}", tell(next, now)));
    } else if now < this {
        found.add(&NOT_YET, format!("it begins {}", tell(this, now)));
    }
    let days = (next - this).whole_days();
    if days > 366 {
        found.add(&LONG, format!("it is valid for {days} days"));
    }
    Some(this)
}

fn number(extensions: &[view::Ext<'_>], found: &mut Found<'_>) {
    let Some(extension) = view::find(extensions, oid::CRL_NUMBER) else {
        return found.add(&NUMBER_MISSING, "it has no cRLNumber");
    };
    let Some(number) = view::whole(extension.value, tag::INTEGER) else { return };
    let negative = number.content.first().is_some_and(|first| first & 0x80 != 0);
    if negative || number.content.len() > 20 {
        found.add(&NUMBER, format!("cRLNumber is {}", hex(number.content)));
    }
}

/// Judges issuingDistributionPoint; whether it makes the list an indirect one.
fn scope(extensions: &[view::Ext<'_>], found: &mut Found<'_>) -> bool {
    let value = view::find(extensions, oid::ISSUING_DISTRIBUTION_POINT).map(|extension| extension.value);
    let parts = value.and_then(view::sequence).unwrap_or_default();
    let says = |number: u8| {
        parts.iter().any(|part| part.tag & 0x1f == number && part.content.iter().any(|&octet| octet != 0))
    };
    if [1, 2, 5].into_iter().filter(|only| says(*only)).count() > 1 {
        found.add(&SCOPE, "it is for two kinds of certificates alone");
    }
    if let Some(name) = parts.iter().find(|part| part.tag == 0xa0) {
        pointer::point_name("issuingDistributionPoint", *name, false, found);
    }
    says(4)
}

/// What the list says around an entry.
struct Entry {
    this_update: Option<time::OffsetDateTime>,
    is_delta: bool,
    is_indirect: bool,
}

impl Entry {
    fn check<'a>(&self, entry: Element<'a>, serials: &mut HashSet<&'a [u8]>, found: &mut Found<'_>) {
        let parts = view::all_members(entry).unwrap_or_default();
        let (serial, date, extensions) = match parts.as_slice() {
            [serial, date] if serial.tag == tag::INTEGER => (serial, date, Vec::new()),
            [serial, date, list] if serial.tag == tag::INTEGER && list.tag == tag::SEQUENCE => {
                let (extensions, oddity) = view::extension_list(*list);
                if let Some(part) = oddity.or(extensions.is_empty().then_some("the extensions of an entry")) {
                    encoding::missing(part, found);
                }
                (serial, date, extensions)
            }
            _ => return found.add(&ENTRY, "an entry is not serial number, date and extensions"),
        };
        let shown = hex(serial.content);
        field::serial(serial.content, "the serial number", found);
        // In an indirect CRL the same number of two CAs is two certificates.
        if !serials.insert(serial.content) && !self.is_indirect {
            found.add(&ENTRY_TWICE, format!("the serial number {shown} is there more than once"));
        }
        if let Some(date) = validity::time("revocationDate", *date, found) {
            if self.this_update.is_some_and(|this| date > this) {
                found.add(
                    &ENTRY_FUTURE,
                    format!("{shown} was revoked {}, after the list was made", format_time(date)),
                );
            } else if date.year() < 1996 {
                found.add(&ENTRY_EARLY, format!("{shown} was revoked {}", format_time(date)));
            }
        }
        extension::check(&extensions, extension::Holder::Entry, found);
        self.reason(&shown, &extensions, found);
        if let Some(issuer) = view::find(&extensions, oid::CERTIFICATE_ISSUER) {
            if !self.is_indirect {
                found.add(
                    &INDIRECT,
                    format!("the entry of {shown} names its issuer, and the list is not indirect"),
                );
            }
            for general in view::sequence(issuer.value).unwrap_or_default() {
                name::general_name("certificateIssuer", &general, found);
            }
        }
    }

    fn reason(&self, shown: &str, extensions: &[view::Ext<'_>], found: &mut Found<'_>) {
        let value = view::find(extensions, oid::CRL_REASON).map(|extension| extension.value);
        let Some(reason) = value.and_then(|value| view::whole(value, tag::ENUMERATED)) else { return };
        match reason.content {
            [0] => found.add(&REASON_UNSPECIFIED, format!("the reason of {shown} is unspecified")),
            [8] if !self.is_delta => {
                found.add(&REASON_REMOVE, format!("the reason of {shown} is removeFromCRL"));
            }
            [8] => {}
            [code] if Reason::from_code(*code).is_some() => {}
            other => found.add(&REASON, format!("the reason of {shown} is {}", hex(other))),
        }
    }
}
