//! The same probe again and again: what came of the runs, and how long they took.

use std::time::Duration;

use serde::Serialize;

use super::text::milliseconds;
use crate::{
    cli::{
        Exit,
        terminal::{BAD, GOOD, WARN, styled},
    },
    tls::probe::{Report, StepName, Verdict},
};

/// What came of the runs so far.
#[derive(Default)]
pub(super) struct Series {
    good: usize,
    /// Accepted, and something that was demanded beside did not come.
    unmet: usize,
    refused: usize,
    undecided: usize,
    handshakes: Vec<Duration>,
    totals: Vec<Duration>,
}

/// Of so many times, in microseconds: the shortest, the middle, that under which 95 of 100 stay, and the longest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
struct Times {
    min: u64,
    median: u64,
    p95: u64,
    max: u64,
}

#[derive(Serialize)]
struct Summary {
    runs: usize,
    accepted: usize,
    unmet: usize,
    refused: usize,
    undecided: usize,
    handshake_microseconds: Option<Times>,
    total_microseconds: Option<Times>,
}

#[derive(Serialize)]
pub(super) struct Ending {
    summary: Summary,
}

impl Series {
    /// Takes in a run; `None` where it came to no connection.
    pub(super) fn take(&mut self, report: Option<&Report>) {
        let count = match report {
            Some(report) if report.is_good() => &mut self.good,
            Some(Report { verdict: Verdict::Accepted, .. }) => &mut self.unmet,
            Some(Report { verdict: Verdict::Refused, .. }) => &mut self.refused,
            _ => &mut self.undecided,
        };
        *count += 1;
        // The time of what was broken off says nothing of the server.
        if let Some(report) = report.filter(|report| report.verdict == Verdict::Accepted) {
            self.handshakes.extend(report.step(StepName::Handshake));
            self.totals.push(report.total);
        }
    }

    pub(super) fn runs(&self) -> usize {
        self.good + self.unmet + self.refused + self.undecided
    }

    /// A no is one, whatever else could not be found out.
    pub(super) fn exit(&self) -> Exit {
        match self {
            Self { refused: 1.., .. } | Self { unmet: 1.., .. } => Exit::No,
            Self { undecided: 1.., .. } => Exit::Failed,
            Self { good: 0, .. } => Exit::Failed,
            _ => Exit::Yes,
        }
    }

    pub(super) fn ending(&self) -> Ending {
        Ending {
            summary: Summary {
                runs: self.runs(),
                accepted: self.good + self.unmet,
                unmet: self.unmet,
                refused: self.refused,
                undecided: self.undecided,
                handshake_microseconds: times(&self.handshakes),
                total_microseconds: times(&self.totals),
            },
        }
    }

    pub(super) fn text(&self) -> String {
        let Summary { runs, accepted, unmet, refused, undecided, .. } = self.ending().summary;
        let but = if unmet > 0 { format!(" ({unmet} not as demanded)") } else { String::new() };
        let plural = if runs == 1 { "" } else { "s" };
        let mut text = format!(
            "{runs} run{plural}: {accepted} accepted{but}, {refused} refused, {undecided} undecided\n"
        );
        for (what, all) in [("handshake", &self.handshakes), ("total", &self.totals)] {
            if let Some(Times { min, median, p95, max }) = times(all) {
                let [min, median, p95, max] = [min, median, p95, max].map(|time| time as f64 / 1e3);
                text.push_str(&format!(
                    "{what:10} min {min:.1} ms  median {median:.1} ms  p95 {p95:.1} ms  max {max:.1} ms\n"
                ));
            }
        }
        text
    }
}

/// A run in one line.
pub(super) fn line(number: usize, report: &Report) -> String {
    let style = match report.verdict {
        Verdict::Accepted if report.is_good() => GOOD,
        Verdict::Refused => BAD,
        _ => WARN,
    };
    let handshake = report.step(StepName::Handshake).unwrap_or_default();
    let unmet: Vec<_> = report.unmet.iter().map(|unmet| format!("; {}", unmet.fact)).collect();
    format!(
        "{number:4}  {}  handshake {:.1} ms  total {:.1} ms  {}{}\n",
        styled(style, format!("{:9}", report.verdict.name())),
        milliseconds(handshake),
        milliseconds(report.total),
        report.reason,
        unmet.concat()
    )
}

fn times(all: &[Duration]) -> Option<Times> {
    let mut all: Vec<u64> =
        all.iter().map(|time| u64::try_from(time.as_micros()).unwrap_or(u64::MAX)).collect();
    all.sort_unstable();
    // The nearest rank: as many of 100 are not above it.
    let rank = |percent: usize| all.get((all.len() * percent).div_ceil(100).max(1) - 1).copied();
    Some(Times { min: *all.first()?, median: rank(50)?, p95: rank(95)?, max: *all.last()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_ranks() {
        let of = |numbers: &[u64]| {
            times(&numbers.iter().map(|number| Duration::from_micros(*number)).collect::<Vec<_>>())
        };
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[7]), Some(Times { min: 7, median: 7, p95: 7, max: 7 }));
        let hundred: Vec<u64> = (1..=100).rev().collect();
        assert_eq!(of(&hundred), Some(Times { min: 1, median: 50, p95: 95, max: 100 }));
        assert_eq!(of(&[3, 1, 2]), Some(Times { min: 1, median: 2, p95: 3, max: 3 }));
    }
}
