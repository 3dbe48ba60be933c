//! Times as certificates and revocation lists write them (RFC 5280 4.1.2.5): UTCTime until 2049, GeneralizedTime after.

use time::{Date, Month, OffsetDateTime, Time, UtcOffset};

use crate::der::{Element, put, tag};

/// Appends a time, in whole seconds.
pub(super) fn put_time(out: &mut Vec<u8>, time: OffsetDateTime) {
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
pub(super) fn read_time(element: Element<'_>) -> Option<OffsetDateTime> {
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
    let date = Date::from_calendar_date(year, Month::try_from(month).ok()?, day).ok()?;
    Some(date.with_time(Time::from_hms(hour, minute, second).ok()?).assume_utc())
}

#[cfg(test)]
mod tests {
    use ::time::macros::datetime;

    use super::*;
    use crate::der::Reader;

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
