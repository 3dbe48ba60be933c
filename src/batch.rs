//! A fleet of certificates in one process: rows are read one after the other, certificates made on all cores, and
//! committed in groups.

mod rows;
mod run;

pub use rows::{Line, Row, Rows, rows};
pub use run::{Fleet, GROUP, Made, Outcome, Summary, Wanted};
