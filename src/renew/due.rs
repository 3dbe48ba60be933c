//! When it is time to renew.

use std::str::FromStr;

use time::OffsetDateTime;

use crate::{
    Error,
    validity::{Span, Validity},
};

/// How much of its life a certificate has left when it is due.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Due {
    /// The last third, as `list` has it.
    #[default]
    LastThird,
    /// So many hundredths
    Percent(u8),
    /// So much time
    Before(Span),
}

impl Due {
    /// Whether that is reached.
    pub fn is_reached(self, validity: Validity, now: OffsetDateTime) -> bool {
        let (left, whole) = (validity.not_after - now, validity.not_after - validity.not_before);
        match self {
            Self::LastThird => left < whole / 3,
            Self::Percent(percent) => {
                left.whole_seconds() as i128 * 100 < whole.whole_seconds() as i128 * i128::from(percent)
            }
            Self::Before(span) => left < span.to_duration(),
        }
    }
}

/// `30d`, or `33%`.
impl FromStr for Due {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let Some(number) = text.trim().strip_suffix('%') else { return text.parse().map(Self::Before) };
        match number.parse() {
            Ok(33) => Ok(Self::LastThird),
            Ok(percent @ 0..=100) => Ok(Self::Percent(percent)),
            _ => Err(Error::DurationInvalid {
                value: text.to_owned(),
                reason: "a part of a lifetime is written 0% to 100%".into(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn parts_and_times() {
        let validity = Validity {
            not_before: datetime!(2027-01-01 0:00 UTC),
            not_after: datetime!(2027-04-11 0:00 UTC),
        };
        let reached = |text: &str, day| {
            let now = validity.not_before + time::Duration::days(day);
            text.parse::<Due>().unwrap().is_reached(validity, now)
        };
        for (due, day) in [("33%", 66), ("10%", 90), ("30d", 70), ("0%", 100), ("0s", 100)] {
            assert!(!reached(due, day) && reached(due, day + 1), "{due}");
        }
        assert!(reached("100%", 1) && reached("1y", 0));
        for bad in ["101%", "-1%", "x%", "%", "soon", "30"] {
            assert!(matches!(bad.parse::<Due>(), Err(Error::DurationInvalid { .. })), "{bad}");
        }
    }
}
