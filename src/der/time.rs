//! Times as certificates and revocation lists write them (RFC 5280 4.1.2.5): UTCTime until 2049, GeneralizedTime after.

use time::{Date, Month, OffsetDateTime, Time, UtcOffset};

use super::{Element, put, tag};

/// Appends a time, in whole seconds.
pub(crate) fn put_time(out: &mut Vec<u8>, time: OffsetDateTime) {
    let time = time.to_offset(UtcOffset::UTC);
    let two = |number: u8| [b'0' + number / 10 % 10, b'0' + number % 10];
    let (year, low) = (time.year(), (time.year().rem_euclid(100)) as u8);
    let [low, month, day, hour, minute, second] =
        [low, u8::from(time.month()), time.day(), time.hour(), time.minute(), time.second()].map(two);
    if (1950..2050).contains(&year) {
        put(out, tag::UTC_TIME, &[&low, &month, &day, &hour, &minute, &second, b"Z"]);
    } else {
        let high = two((year / 100).clamp(0, 99) as u8);
        put(out, tag::GENERALIZED_TIME, &[&high, &low, &month, &day, &hour, &minute, &second, b"Z"]);
    }
}

/// Reads a time of either kind.
pub(crate) fn read_time(element: Element<'_>) -> Option<OffsetDateTime> {
    let digits = element.content.strip_suffix(b"Z")?;
    let numbers: Vec<u8> = digits
        .chunks(2)
        .map(|pair| match pair {
            [high @ b'0'..=b'9', low @ b'0'..=b'9'] => Some((high - b'0') * 10 + low - b'0'),
            _ => None,
        })
        .collect::<Option<_>>()?;
    let (year, rest) = match (element.tag, numbers.as_slice()) {
        (tag::UTC_TIME, [year, rest @ ..]) => (i32::from(*year) + if *year < 50 { 2000 } else { 1900 }, rest),
        (tag::GENERALIZED_TIME, [high, low, rest @ ..]) => (i32::from(*high) * 100 + i32::from(*low), rest),
        _ => return None,
    };
    let &[month, day, hour, minute, second] = rest else { return None };
    moment(year, [month, day, hour, minute, second])
}

fn moment(year: i32, [month, day, hour, minute, second]: [u8; 5]) -> Option<OffsetDateTime> {
    let date = Date::from_calendar_date(year, Month::try_from(month).ok()?, day).ok()?;
    Some(date.with_time(Time::from_hms(hour, minute, second).ok()?).assume_utc())
}

/// Reads a time as X.680 has it, which allows more than certificates may have: without seconds or minutes, with fractions
/// of seconds, and with an offset from UTC. What says no zone is taken as UTC.
pub(crate) fn read_any_time(element: Element<'_>) -> Option<OffsetDateTime> {
    let text = std::str::from_utf8(element.content).ok()?.trim();
    let (local, zone) = match text.find(['Z', '+', '-']) {
        Some(at) => text.split_at(at),
        None => (text, "Z"),
    };
    let whole = local.split(['.', ',']).next()?;
    let (year, rest) = match element.tag {
        tag::UTC_TIME => whole.split_at_checked(2)?,
        tag::GENERALIZED_TIME => whole.split_at_checked(4)?,
        _ => return None,
    };
    let digits = |text: &str| text.bytes().all(|digit| digit.is_ascii_digit()).then(|| text.parse().ok())?;
    let year = match (digits(year)?, year.len()) {
        (low @ 0..50, 2) => 2000 + low,
        (low, 2) => 1900 + low,
        (year, _) => year,
    };
    let mut parts = [1, 1, 0, 0, 0];
    if !rest.is_ascii() || rest.len() > 10 || rest.len() % 2 != 0 || rest.len() < 6 {
        return None;
    }
    for (part, pair) in parts.iter_mut().zip(rest.as_bytes().chunks(2)) {
        *part = u8::try_from(digits(std::str::from_utf8(pair).ok()?)?).ok()?;
    }
    let time = moment(year, parts)?;
    let (sign, offset) = match zone.split_at_checked(1)? {
        ("Z", "") => return Some(time),
        ("+", offset) => (1, offset),
        ("-", offset) => (-1, offset),
        _ => return None,
    };
    let (hours, minutes) = offset.split_at_checked(2)?;
    let minutes = digits(hours)? * 60 + if minutes.is_empty() { 0 } else { digits(minutes)? };
    time.checked_sub(time::Duration::minutes((sign * minutes).into()))
}

#[cfg(test)]
mod tests {
    use ::time::macros::datetime;

    use super::*;
    use crate::der::Reader;

    #[test]
    fn what_certificates_may_not_have_is_read_too() {
        for (der, time) in [
            (&b"\x17\x0b2703090405Z"[..], Some(datetime!(2027-03-09 04:05:00 UTC))),
            (b"\x17\x11270309040506+0130", Some(datetime!(2027-03-09 02:35:06 UTC))),
            (b"\x18\x1220270309040506.25Z", Some(datetime!(2027-03-09 04:05:06 UTC))),
            (b"\x18\x0e20270309040506", Some(datetime!(2027-03-09 04:05:06 UTC))),
            (b"\x17\x0d271309040506Z", None),
            (b"\x17\x0d27030904050+Z", None),
            (b"\x17\x00", None),
        ] {
            assert_eq!(read_any_time(Reader::new(der).next().unwrap()), time, "{der:?}");
        }
    }

    #[test]
    fn times_are_written_as_the_standard_wants_and_read_back() {
        for (time, der) in [
            (datetime!(2027-03-09 04:05:06 UTC), &b"\x17\x0d270309040506Z"[..]),
            (datetime!(2049-12-31 23:59:59 UTC), b"\x17\x0d491231235959Z"),
            (datetime!(2050-01-01 00:00:00 UTC), b"\x18\x0f20500101000000Z"),
            (datetime!(1950-01-01 00:00:00 UTC), b"\x17\x0d500101000000Z"),
        ] {
            let mut out = Vec::new();
            put_time(&mut out, time);
            assert_eq!(out, der);
            assert_eq!(read_time(Reader::new(der).next().unwrap()), Some(time));
        }
        for bad in
            [&b"\x17\x0d271309040506Z"[..], b"\x17\x0c270309040506", b"\x17\x0b2703090405Z", b"\x17\x01Z"]
        {
            assert_eq!(read_time(Reader::new(bad).next().unwrap()), None, "{bad:?}");
        }
    }
}
