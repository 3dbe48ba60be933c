//! Time: durations as people write them, periods of validity, and how a date is told.

use std::{fmt, str::FromStr};

use serde::Serialize;
use time::{
    Date, Month, OffsetDateTime, format_description::well_known::Rfc3339, macros::format_description,
};

use crate::Error;

/// How long something lasts: whole calendar months and seconds.
///
/// Written as a sum of `90s`, `10m`, `24h`, `30d`, `2w`, `6mo`, `1y`. Months and years follow the calendar:
/// one year after 2027-03-01 is 2028-03-01, though that is 366 days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    months: u32,
    seconds: u64,
}

impl Span {
    /// Of this many days.
    pub const fn days(days: u64) -> Self {
        Self { months: 0, seconds: days * 86_400 }
    }

    /// Of this many calendar years.
    pub const fn years(years: u32) -> Self {
        Self { months: years * 12, seconds: 0 }
    }

    /// Of this many seconds.
    pub const fn seconds(seconds: u64) -> Self {
        Self { months: 0, seconds }
    }

    /// The moment that lies this long after `start`; the last day of a month stands in for a day it does not have.
    ///
    /// # Errors
    /// [`Error::DurationInvalid`] beyond the year 9999, where X.509 ends.
    pub fn after(self, start: OffsetDateTime) -> Result<OffsetDateTime, Error> {
        self.shift(start, 1).ok_or_else(|| Error::DurationInvalid {
            value: self.to_string(),
            reason: "it ends after the year 9999, which a certificate cannot hold".into(),
        })
    }

    /// The moment that lies this long before `start`.
    ///
    /// # Errors
    /// [`Error::DurationInvalid`] before the year 1.
    pub fn before(self, start: OffsetDateTime) -> Result<OffsetDateTime, Error> {
        self.shift(start, -1).ok_or_else(|| Error::DurationInvalid {
            value: format!("-{self}"),
            reason: "it begins before the year 1".into(),
        })
    }

    fn shift(self, start: OffsetDateTime, sign: i64) -> Option<OffsetDateTime> {
        let month_count = i64::from(start.year()) * 12 + i64::from(u8::from(start.month())) - 1;
        let month_count = month_count + sign * i64::from(self.months);
        let year = i32::try_from(month_count.div_euclid(12)).ok().filter(|year| (1..=9999).contains(year))?;
        let month = Month::try_from((month_count.rem_euclid(12) + 1) as u8).ok()?;
        let date = Date::from_calendar_date(year, month, start.day().min(month.length(year))).ok()?;
        let seconds = i64::try_from(self.seconds).ok()?;
        start
            .replace_date(date)
            .checked_add(time::Duration::seconds(sign * seconds))
            .filter(|moment| (1..=9999).contains(&moment.year()))
    }

    /// As a standard duration, with months of 30 days and years of 365, for time limits and thresholds.
    pub fn to_duration(self) -> std::time::Duration {
        let years = u64::from(self.months / 12);
        let months = u64::from(self.months % 12);
        std::time::Duration::from_secs(((years * 365 + months * 30) * 86_400).saturating_add(self.seconds))
    }
}

impl FromStr for Span {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let refused =
            |reason: &str| Error::DurationInvalid { value: text.to_owned(), reason: reason.to_owned() };
        const SHAPE: &str = "a duration is a sum of numbers with units: 90s, 10m, 24h, 30d, 2w, 6mo, 1y";
        let mut span = Self { months: 0, seconds: 0 };
        let mut rest = text.trim();
        if rest.is_empty() {
            return Err(refused(SHAPE));
        }
        while !rest.is_empty() {
            let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(|| refused(SHAPE))?;
            let (number, tail) = rest.split_at(digits);
            let unit_end = tail.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(tail.len());
            let (unit, tail) = tail.split_at(unit_end);
            let number: u64 = number.parse().map_err(|_| refused(SHAPE))?;
            let too_long = || refused("it is longer than a certificate can last");
            let (months, seconds) = match unit {
                "s" => (0, 1),
                "m" => (0, 60),
                "h" => (0, 3_600),
                "d" => (0, 86_400),
                "w" => (0, 7 * 86_400),
                "mo" => (1, 0),
                "y" => (12, 0),
                _ => return Err(refused(SHAPE)),
            };
            let months =
                number.checked_mul(months).and_then(|sum| u32::try_from(sum).ok()).ok_or_else(too_long)?;
            let seconds = number.checked_mul(seconds).ok_or_else(too_long)?;
            span.months = span.months.checked_add(months).ok_or_else(too_long)?;
            span.seconds = span.seconds.checked_add(seconds).ok_or_else(too_long)?;
            rest = tail.trim_start();
        }
        if span.months > 12 * 9_999 || span.seconds > 9_999 * 366 * 86_400 {
            return Err(refused("it is longer than a certificate can last"));
        }
        Ok(span)
    }
}

/// The shortest form that reads back as the same span.
impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [
            (u64::from(self.months / 12), "y"),
            (u64::from(self.months % 12), "mo"),
            (self.seconds / 86_400, "d"),
            (self.seconds % 86_400 / 3_600, "h"),
            (self.seconds % 3_600 / 60, "m"),
            (self.seconds % 60, "s"),
        ];
        for (number, unit) in parts.iter().filter(|(number, _)| *number > 0) {
            write!(f, "{number}{unit}")?;
        }
        if self.months == 0 && self.seconds == 0 { f.write_str("0s") } else { Ok(()) }
    }
}

/// When something ends: after a span, or at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// This long after now.
    After(Span),
    /// At this moment.
    At(OffsetDateTime),
}

impl End {
    /// The moment, counted from `now`.
    ///
    /// # Errors
    /// As [`Span::after`].
    pub fn moment(self, now: OffsetDateTime) -> Result<OffsetDateTime, Error> {
        match self {
            Self::After(span) => span.after(now),
            Self::At(moment) => Ok(moment),
        }
    }
}

/// A duration, or an RFC 3339 time (`2027-06-30T00:00:00Z`; a date alone means its first second, UTC).
impl FromStr for End {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        if text.len() >= 10 && text.get(4..5) == Some("-") {
            return parse_time(text).map(Self::At);
        }
        text.parse().map(Self::After)
    }
}

/// A moment as people write it: an RFC 3339 time, `30d` for in 30 days, `-1h` for an hour ago.
///
/// # Errors
/// [`Error::DurationInvalid`].
pub fn parse_moment(text: &str, now: OffsetDateTime) -> Result<OffsetDateTime, Error> {
    match text.strip_prefix('-') {
        Some(span) => span.parse::<Span>()?.before(now),
        None => text.parse::<End>()?.moment(now),
    }
}

/// Reads an RFC 3339 time, or a date alone as its first second, UTC.
///
/// # Errors
/// [`Error::DurationInvalid`] where it is neither.
pub fn parse_time(text: &str) -> Result<OffsetDateTime, Error> {
    let refused = || Error::DurationInvalid {
        value: text.to_owned(),
        reason: "a time is written as in RFC 3339: 2027-06-30T12:00:00Z, or 2027-06-30".into(),
    };
    let time = OffsetDateTime::parse(text, &Rfc3339).or_else(|_| {
        Date::parse(text, format_description!("[year]-[month]-[day]"))
            .map(|date| date.midnight().assume_utc())
    });
    // West of Greenwich, the last hours of the year 9999 lie beyond it in UTC.
    let time = time.ok().and_then(|time| time.checked_to_offset(time::UtcOffset::UTC)).ok_or_else(refused)?;
    let time = time.replace_nanosecond(0).map_err(|_| refused())?;
    if (1..=9999).contains(&time.year()) { Ok(time) } else { Err(refused()) }
}

/// The period in which a certificate may be used, both ends included (RFC 5280 4.1.2.5), in whole seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    /// First second.
    pub not_before: OffsetDateTime,
    /// Last second.
    pub not_after: OffsetDateTime,
}

impl Validity {
    /// Whether `at` lies in the period.
    pub fn contains(&self, at: OffsetDateTime) -> bool {
        self.not_before <= at && at <= self.not_after
    }

    /// What is left of it at a moment.
    pub fn remaining(&self, at: OffsetDateTime) -> Remaining {
        let seconds = (self.not_after - at).whole_seconds();
        let whole = (self.not_after - self.not_before).whole_seconds();
        let percent =
            if whole <= 0 { 0 } else { (i128::from(seconds) * 100 / i128::from(whole)).clamp(0, 100) };
        Remaining { days: seconds.div_euclid(86_400), percent: u8::try_from(percent).unwrap_or(0) }
    }
}

/// What is left of a validity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Remaining {
    /// Whole days until its end: 0 on the last day, negative after it.
    #[serde(rename = "days_left")]
    pub days: i64,
    /// How much of its life is left, in whole percent.
    #[serde(rename = "percent_left")]
    pub percent: u8,
}

/// `2026-10-02 14:00:00 UTC`
pub fn format_time(time: OffsetDateTime) -> String {
    let format = format_description!("[year]-[month]-[day] [hour]:[minute]:[second] UTC");
    time.to_offset(time::UtcOffset::UTC).format(format).unwrap_or_else(|_| time.to_string())
}

/// `2026-10-02`
pub fn format_date(time: OffsetDateTime) -> String {
    let format = format_description!("[year]-[month]-[day]");
    time.to_offset(time::UtcOffset::UTC).format(format).unwrap_or_else(|_| time.to_string())
}

/// `2026-10-02T14:00:00Z`, as JSON carries it.
pub fn format_rfc3339(time: OffsetDateTime) -> String {
    let time = time.to_offset(time::UtcOffset::UTC);
    time.format(&Rfc3339).unwrap_or_else(|_| time.to_string())
}

/// How far a moment lies from `now`, in the largest unit that tells it well: `50 days ago`, `in 3 hours`.
pub fn relative(moment: OffsetDateTime, now: OffsetDateTime) -> String {
    let seconds = (moment - now).whole_seconds();
    let size = seconds.unsigned_abs();
    let rounded = |unit: u64| (size + unit / 2) / unit;
    let (count, unit) = match size {
        0..=119 => (size, "second"),
        120..=7_199 => (rounded(60), "minute"),
        7_200..=172_799 => (rounded(3_600), "hour"),
        172_800..=63_071_999 => (rounded(86_400), "day"),
        _ => (rounded(31_556_952), "year"),
    };
    let plural = if count == 1 { "" } else { "s" };
    if seconds < 0 { format!("{count} {unit}{plural} ago") } else { format!("in {count} {unit}{plural}") }
}

/// `2026-10-02 14:00:00 UTC, 50 days ago`
pub fn tell(moment: OffsetDateTime, now: OffsetDateTime) -> String {
    format!("{}, {}", format_time(moment), relative(moment, now))
}

/// For `#[serde(serialize_with)]`: RFC 3339 in UTC.
pub(crate) fn serialize_time<S: serde::Serializer>(
    time: &OffsetDateTime,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&format_rfc3339(*time))
}

/// The same of a time that may not be known: `null` then.
pub(crate) fn serialize_maybe<S: serde::Serializer>(
    time: &Option<OffsetDateTime>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match time {
        Some(time) => serialize_time(time, serializer),
        None => serializer.serialize_none(),
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn spans_read_and_print() {
        for (text, printed) in [
            ("90s", "1m30s"),
            ("24h", "1d"),
            ("30d", "30d"),
            ("2w", "14d"),
            ("6mo", "6mo"),
            ("18mo", "1y6mo"),
            ("1y30d", "1y30d"),
            ("1y 2d", "1y2d"),
        ] {
            let span: Span = text.parse().unwrap();
            assert_eq!(span.to_string(), printed);
            assert_eq!(printed.parse::<Span>().unwrap(), span);
        }
        for bad in ["", "30", "d", "30x", "-1d", "1.5d", "99999999999999999999d", "99999y", "1M", "30 d"] {
            assert!(bad.parse::<Span>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn calendar_months_and_years() {
        let after = |span: &str, start| span.parse::<Span>().unwrap().after(start).unwrap();
        assert_eq!(after("1y", datetime!(2027-03-01 0:00 UTC)), datetime!(2028-03-01 0:00 UTC));
        assert_eq!(after("1mo", datetime!(2027-01-31 1:02 UTC)), datetime!(2027-02-28 1:02 UTC));
        assert_eq!(after("1y", datetime!(2028-02-29 0:00 UTC)), datetime!(2029-02-28 0:00 UTC));
        assert_eq!(after("1d1mo", datetime!(2027-12-31 0:00 UTC)), datetime!(2028-02-01 0:00 UTC));
        assert!("9000y".parse::<Span>().unwrap().after(datetime!(2027-01-01 0:00 UTC)).is_err());
        let now = datetime!(2027-03-31 0:00 UTC);
        assert_eq!(parse_moment("-1mo1h", now).unwrap(), datetime!(2027-02-27 23:00 UTC));
        assert_eq!(parse_moment("2d", now).unwrap(), datetime!(2027-04-02 0:00 UTC));
        assert!(parse_moment("-3000y", now).is_err() && parse_moment("--1d", now).is_err());
    }

    #[test]
    fn a_time_beyond_the_calendar_is_refused() {
        assert!(parse_time("9999-12-31T23:59:59-00:01").is_err());
        assert!(parse_time("0000-01-01T00:00:00+00:01").is_err());
        assert_eq!(parse_time("9999-12-31T23:59:59+00:00").unwrap(), datetime!(9999-12-31 23:59:59 UTC));
    }

    #[test]
    fn times_are_told_with_their_distance() {
        let now = datetime!(2026-11-21 14:00 UTC);
        assert_eq!(tell(datetime!(2026-10-02 14:00 UTC), now), "2026-10-02 14:00:00 UTC, 50 days ago");
        assert_eq!(relative(datetime!(2026-11-21 15:30 UTC), now), "in 90 minutes");
        assert_eq!(relative(datetime!(2036-11-21 14:00 UTC), now), "in 10 years");
        assert_eq!(relative(datetime!(2026-11-21 13:59:59 UTC), now), "1 second ago");
    }

    #[test]
    fn what_is_left_is_rounded_down() {
        let validity = Validity {
            not_before: datetime!(2027-01-01 0:00 UTC),
            not_after: datetime!(2027-01-11 0:00 UTC),
        };
        let left = |at| {
            let left = validity.remaining(at);
            (left.days, left.percent)
        };
        assert_eq!(left(datetime!(2027-01-01 0:00 UTC)), (10, 100));
        assert_eq!(left(datetime!(2027-01-01 0:00:01 UTC)), (9, 99));
        assert_eq!(left(datetime!(2027-01-10 23:59 UTC)), (0, 0));
        assert_eq!(left(datetime!(2027-01-11 0:00:01 UTC)), (-1, 0));
        assert_eq!(left(datetime!(2026-12-01 0:00 UTC)), (41, 100));
        let empty = Validity { not_before: validity.not_after, not_after: validity.not_before };
        assert_eq!(empty.remaining(validity.not_before).percent, 0);
    }

    #[test]
    fn ends_are_spans_or_moments() {
        assert_eq!("30d".parse::<End>().unwrap(), End::After(Span::days(30)));
        assert_eq!(
            "2027-06-30T12:00:00+02:00".parse::<End>().unwrap(),
            End::At(datetime!(2027-06-30 10:00 UTC))
        );
        assert_eq!("2027-06-30".parse::<End>().unwrap(), End::At(datetime!(2027-06-30 0:00 UTC)));
        assert!("2027-13-30".parse::<End>().is_err());
    }
}
