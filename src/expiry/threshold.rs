//! How close to its end something may come before somebody has to act.

use std::{fmt, str::FromStr};

use time::OffsetDateTime;

use super::State;
use crate::{
    Error,
    validity::{Span, Validity},
};

/// A distance from the end: a time, or a share of the whole life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Threshold {
    /// This long before the end; months count 30 days, years 365
    Left(Span),
    /// When no more than this much of its life is left, in percent
    Percent(u8),
}

impl Threshold {
    /// Whether a period has come this close to its end at a moment.
    pub fn is_reached(self, validity: Validity, at: OffsetDateTime) -> bool {
        let left = validity.not_after - at;
        match self {
            // Seconds, not dates: a threshold beyond the end of the calendar is still a threshold.
            Self::Left(span) => left <= span.to_duration(),
            Self::Percent(percent) => {
                let whole = (validity.not_after - validity.not_before).whole_seconds();
                i128::from(left.whole_seconds()) * 100 <= i128::from(whole) * i128::from(percent)
            }
        }
    }

    /// How long before its end a period comes to it, in seconds.
    pub fn seconds(self, validity: Validity) -> i64 {
        let seconds = match self {
            Self::Left(span) => i128::from(span.to_duration().as_secs()),
            Self::Percent(percent) => {
                let whole = (validity.not_after - validity.not_before).whole_seconds().max(0);
                i128::from(whole) * i128::from(percent) / 100
            }
        };
        i64::try_from(seconds).unwrap_or(i64::MAX)
    }

    /// Whether it is the longer one; `None` where a time and a share stand against each other.
    fn exceeds(self, other: Self) -> Option<bool> {
        match (self, other) {
            (Self::Left(one), Self::Left(two)) => Some(one.to_duration() > two.to_duration()),
            (Self::Percent(one), Self::Percent(two)) => Some(one > two),
            _ => None,
        }
    }
}

/// `30d`, or `33%`
impl FromStr for Threshold {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let Some(number) = text.trim().strip_suffix('%') else { return text.parse().map(Self::Left) };
        match number.trim_end().parse() {
            Ok(percent) if percent <= 100 => Ok(Self::Percent(percent)),
            _ => Err(Error::Usage {
                problem: format!(
                    "`{}` is no share of a life: a whole number from 0% to 100%",
                    crate::name::escape(text)
                ),
            }),
        }
    }
}

/// As it is read.
impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Left(span) => span.fmt(f),
            Self::Percent(percent) => write!(f, "{percent}%"),
        }
    }
}

/// Both thresholds of one kind of thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Thresholds {
    warn: Threshold,
    critical: Threshold,
}

impl Thresholds {
    /// Of certificates, unless said otherwise: 30 and 7 days.
    pub const CERTIFICATE: Self =
        Self { warn: Threshold::Left(Span::days(30)), critical: Threshold::Left(Span::days(7)) };
    /// Of revocation lists: a third and a tenth of their life, because they live for days or months, as their CA likes.
    pub const CRL: Self = Self { warn: Threshold::Percent(33), critical: Threshold::Percent(10) };

    /// Takes both.
    ///
    /// # Errors
    /// [`Error::Usage`] where `critical` is the longer one: nothing would ever be only due.
    pub fn new(warn: Threshold, critical: Threshold) -> Result<Self, Error> {
        if critical.exceeds(warn) == Some(true) {
            return Err(Error::Usage {
                problem: format!("--critical {critical} must not be longer than --warn {warn}"),
            });
        }
        Ok(Self { warn, critical })
    }

    /// Takes what was said, and of what was not, these. A critical threshold that was not said is of the same kind as the
    /// other: 7 days or 10 %, or a quarter of the other where that is not longer.
    ///
    /// # Errors
    /// As [`Thresholds::new`].
    pub fn or(self, warn: Option<Threshold>, critical: Option<Threshold>) -> Result<Self, Error> {
        let warn = warn.unwrap_or(self.warn);
        let critical = critical.unwrap_or_else(|| {
            let (default, quarter) = match warn {
                Threshold::Left(span) => (
                    Self::CERTIFICATE.critical,
                    Threshold::Left(Span::seconds(span.to_duration().as_secs() / 4)),
                ),
                Threshold::Percent(percent) => (Self::CRL.critical, Threshold::Percent(percent / 4)),
            };
            if warn.exceeds(default) == Some(true) { default } else { quarter }
        });
        Self::new(warn, critical)
    }

    /// When it is due.
    pub fn warn(&self) -> Threshold {
        self.warn
    }

    /// When it is high time.
    pub fn critical(&self) -> Threshold {
        self.critical
    }

    /// How a period stands at a moment.
    pub fn state(&self, validity: Validity, at: OffsetDateTime) -> State {
        if at > validity.not_after {
            State::Expired
        } else if at < validity.not_before {
            State::NotYetValid
        } else if self.critical.is_reached(validity, at) {
            State::Critical
        } else if self.warn.is_reached(validity, at) {
            State::Warn
        } else {
            State::Ok
        }
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const VALIDITY: Validity =
        Validity { not_before: datetime!(2027-01-01 0:00 UTC), not_after: datetime!(2027-12-31 0:00 UTC) };

    #[test]
    fn states_change_at_their_thresholds() {
        for (at, state) in [
            (datetime!(2026-12-31 23:59:59 UTC), State::NotYetValid),
            (datetime!(2027-01-01 0:00 UTC), State::Ok),
            (datetime!(2027-11-30 23:59:59 UTC), State::Ok),
            (datetime!(2027-12-01 0:00 UTC), State::Warn),
            (datetime!(2027-12-23 23:59:59 UTC), State::Warn),
            (datetime!(2027-12-24 0:00 UTC), State::Critical),
            (datetime!(2027-12-31 0:00 UTC), State::Critical),
            (datetime!(2027-12-31 0:00:01 UTC), State::Expired),
        ] {
            assert_eq!(Thresholds::CERTIFICATE.state(VALIDITY, at), state, "{at}");
        }
    }

    #[test]
    fn shares_follow_the_length_of_a_life() {
        let of = |warn: &str, critical: &str| {
            Thresholds::new(warn.parse().unwrap(), critical.parse().unwrap()).unwrap()
        };
        // Of 364 days, a quarter is 91.
        let share = of("25%", "0%");
        assert_eq!(share.state(VALIDITY, datetime!(2027-09-30 23:59:59 UTC)), State::Ok);
        assert_eq!(share.state(VALIDITY, datetime!(2027-10-01 0:00 UTC)), State::Warn);
        assert_eq!(share.state(VALIDITY, datetime!(2027-12-30 23:59:59 UTC)), State::Warn);
        assert_eq!(share.state(VALIDITY, VALIDITY.not_after), State::Critical);
        assert_eq!("25%".parse::<Threshold>().unwrap().seconds(VALIDITY), 91 * 86_400);
        // One of each kind: whichever is reached.
        assert_eq!(of("50%", "300d").state(VALIDITY, datetime!(2027-05-01 0:00 UTC)), State::Critical);
        for wrong in ["101%", "-1%", "%", "1.5%", "x%", "30"] {
            assert!(wrong.parse::<Threshold>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_warning_after_the_alarm_is_refused() {
        let threshold = |text: &str| text.parse::<Threshold>().unwrap();
        assert!(Thresholds::new(threshold("7d"), threshold("30d")).is_err());
        assert!(Thresholds::new(threshold("7d"), threshold("7d")).is_ok());
        assert!(Thresholds::new(threshold("10%"), threshold("33%")).is_err());
        let told = |warn: &str| {
            Thresholds::CERTIFICATE.or(Some(threshold(warn)), None).unwrap().critical().to_string()
        };
        assert_eq!(["60d", "4d", "50%", "8%"].map(told), ["7d", "1d", "10%", "2%"]);
        assert_eq!(Thresholds::CERTIFICATE.or(None, None).unwrap(), Thresholds::CERTIFICATE);
        assert!(Thresholds::CERTIFICATE.or(None, Some(threshold("60d"))).is_err());
    }
}
