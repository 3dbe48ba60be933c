//! A bar for whoever waits longer than a second before a terminal.

use std::{
    io::IsTerminal,
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// What is done by then needs none.
const PATIENCE: Duration = Duration::from_secs(1);

pub(super) struct Bar {
    bar: ProgressBar,
    begun: Instant,
    wanted: bool,
}

impl Bar {
    pub(super) fn new(silent: bool) -> Self {
        let style = ProgressStyle::with_template("{wide_bar} {human_pos}/{human_len}  {eta} left");
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        Self {
            bar: bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar())),
            begun: Instant::now(),
            wanted: !silent && std::io::stderr().is_terminal(),
        }
    }

    pub(super) fn set(&self, done: usize, all: usize) {
        if !self.wanted || self.begun.elapsed() < PATIENCE {
            return;
        }
        if self.bar.is_hidden() {
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        self.bar.set_length(all as u64);
        self.bar.set_position(done as u64);
    }

    pub(super) fn clear(&self) {
        self.bar.finish_and_clear();
    }
}
