//! When a certificate or a list is valid, and how that is written (RFC 5280 4.1.2.5).

use time::{Date, Month, OffsetDateTime, Time};

use super::{Found, view};
use crate::{
    der::{Element, tag},
    oid,
    validity::{format_time, tell},
};

super::rule::rules! {
    TIME_FORM "time-form-invalid" Error "RFC 5280 4.1.2.5.1, 4.1.2.5.2"
        "Times are UTCTime YYMMDDHHMMSSZ or GeneralizedTime YYYYMMDDHHMMSSZ: with seconds, in UTC, without fractions."
        "Readers refuse other forms, or read another time out of them."
        "Have it made anew, with software that encodes times rightly.";
    TIME_KIND "time-kind-wrong" Error "RFC 5280 4.1.2.5, 5.1.2.4"
        "Times through 2049 are UTCTime, later ones GeneralizedTime."
        "Strict readers refuse the wrong kind; two digits of a year cannot say 2050."
        "Have it made anew, with software that chooses the kind by the year.";
    REVERSED "validity-reversed" Error "RFC 5280 4.1.2.5"
        "notAfter is later than notBefore."
        "It is never valid."
        "Have it made anew.";
    EXPIRED "expired" Warn "RFC 5280 6.1.3 (a)(2)"
        "The time is not after notAfter."
        "Every peer refuses it."
        "Renew it: pkit renew NAME.";
    NOT_YET "not-yet-valid" Warn "RFC 5280 6.1.3 (a)(2)"
        "The time is not before notBefore."
        "Every peer refuses it until then."
        "Wait, or set the clock, or have it made anew.";
    LEAF_LONG "leaf-validity-long" Info "CA/Browser Forum BR 6.3.2, Apple HT211025"
        "A server certificate is valid for at most 398 days."
        "Browsers refuse longer ones below public CAs; below private ones they take them. A lost key stays useful for as long."
        "Issue for a shorter time and renew by a timer: pkit renew --all.";
    LEAF_TOO_LONG "leaf-validity-over-825-days" Warn "Apple HT210176"
        "A server certificate that was issued since July 2019 is valid for at most 825 days."
        "macOS and iOS refuse it, below private CAs too."
        "Have it made anew for 825 days or less.";
    NO_END "validity-without-end" Info "RFC 5280 4.1.2.5"
        "A certificate has an end that somebody means."
        "99991231235959Z says that there is none: nothing but revocation ends it. Readers with 32-bit times fail on dates after 2038."
        "Give it an end, and renew it.";
}

/// Reads a time, telling what its form breaks.
pub(super) fn time(what: &str, element: Element<'_>, found: &mut Found<'_>) -> Option<OffsetDateTime> {
    let text = String::from_utf8_lossy(element.content).into_owned();
    let generalized = match element.tag {
        tag::UTC_TIME => false,
        tag::GENERALIZED_TIME => true,
        other => {
            found.add(&TIME_FORM, format!("{what} has the tag {other:02x}, which is that of no time"));
            return None;
        }
    };
    let mut bad = |problem: &str| found.add(&TIME_FORM, format!("{what} {text}: {problem}"));
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (date, zone) = text.split_at_checked(digits)?;
    let wanted = if generalized { 14 } else { 12 };
    if zone.starts_with(['.', ',']) {
        bad("it has fractions of a second");
    } else if zone.is_empty() {
        bad("it says no zone, and must end in Z");
    } else if zone != "Z" {
        bad("its zone is not Z");
    }
    if digits + 2 == wanted {
        bad("it has no seconds");
    } else if digits != wanted {
        bad("it has not the digits of a time");
        return None;
    }
    let read = moment(date, generalized, digits < wanted);
    let Some(moment) = read else {
        bad("there is no such time");
        return None;
    };
    if generalized && moment.year() < 2050 {
        found.add(&TIME_KIND, format!("{what} {text} is GeneralizedTime, and before 2050"));
    }
    Some(moment)
}

fn moment(digits: &str, generalized: bool, no_seconds: bool) -> Option<OffsetDateTime> {
    let two = |at: usize| digits.get(at..at + 2)?.parse::<u8>().ok();
    let (year, at) = if generalized {
        (digits.get(..4)?.parse::<i32>().ok()?, 4)
    } else {
        let year = i32::from(two(0)?);
        (year + if year < 50 { 2000 } else { 1900 }, 2)
    };
    let date = Date::from_calendar_date(year, Month::try_from(two(at)?).ok()?, two(at + 2)?).ok()?;
    let second = if no_seconds { 0 } else { two(at + 8)? };
    Some(date.with_time(Time::from_hms(two(at + 4)?, two(at + 6)?, second).ok()?).assume_utc())
}

/// The validity of a certificate.
pub(super) fn check(certificate: &view::Certificate<'_>, found: &mut Found<'_>) {
    let mut times = view::members(certificate.validity);
    let mut next = |what: &str, found: &mut Found<'_>| match times.next() {
        Some(element) => time(what, element, found),
        None => {
            super::encoding::missing("validity", found);
            None
        }
    };
    let (begin, end) = (next("notBefore", found), next("notAfter", found));
    let (Some(begin), Some(end)) = (begin, end) else { return };
    let now = found.now;
    if end <= begin {
        found.add(&REVERSED, format!("it begins {} and ends {}", format_time(begin), format_time(end)));
    } else if now > end {
        found.add(&EXPIRED, format!("it ended {}", tell(end, now)));
    } else if now < begin {
        found.add(&NOT_YET, format!("it begins {}", tell(begin, now)));
    }
    let usages = view::extended_key_usage(certificate.all()).unwrap_or_default();
    let days = (end - begin).whole_seconds() as f64 / 86_400.0;
    if !certificate.is_ca() && usages.contains(&oid::SERVER_AUTH) {
        let since = time::macros::datetime!(2019-07-01 0:00 UTC);
        let fact = || format!("it is valid for {days:.0} days");
        if days > 825.0 && begin >= since {
            found.add(&LEAF_TOO_LONG, fact());
        } else if days > 398.0 {
            found.add(&LEAF_LONG, fact());
        }
    }
    if end.year() == 9999 {
        found.add(&NO_END, format!("it ends {}", format_time(end)));
    }
}
