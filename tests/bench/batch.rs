//! What a fleet costs: `cargo bench --bench batch [-- ROWS]`, 10,000 rows unless said otherwise. Medians of three runs of
//! `pkit issue server --batch`, beside a plain program that writes the same files with the same syncs and nothing else.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods
)]

use std::{
    fs::{self, File, OpenOptions, Permissions},
    io::Write,
    os::unix::fs::{OpenOptionsExt, PermissionsExt, symlink},
    path::Path,
    process::{Command, Stdio},
    sync::atomic::{AtomicUsize, Ordering},
    time::Instant,
};

use nix::sys::resource::{Usage, UsageWho, getrusage};

/// As `pkit::batch::GROUP`, and the hands of the commit protocol.
const GROUP: usize = pkit::batch::GROUP;
const HANDS: usize = 16;

/// User, system and wall time in seconds.
struct Cost([f64; 3]);

fn measured(who: UsageWho, work: impl FnOnce()) -> Cost {
    let seconds = |time: nix::sys::time::TimeVal| time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6;
    let cpu = |usage: Usage| [seconds(usage.user_time()), seconds(usage.system_time())];
    let (before, start) = (cpu(getrusage(who).unwrap()), Instant::now());
    work();
    let after = cpu(getrusage(who).unwrap());
    Cost([after[0] - before[0], after[1] - before[1], start.elapsed().as_secs_f64()])
}

/// Medians of each.
fn report(what: &str, rows: usize, costs: &[Cost]) {
    let median = |index: usize| {
        let mut all: Vec<f64> = costs.iter().map(|cost| cost.0[index]).collect();
        all.sort_by(f64::total_cmp);
        all[all.len() / 2]
    };
    let (user, system, wall) = (median(0), median(1), median(2));
    let each = 1e3 / rows as f64;
    println!(
        "{what:44} {:6.3} ms user {:6.3} ms system {:6.3} ms wall a leaf   {:.1} cores, {wall:.1} s",
        user * each,
        system * each,
        wall * each,
        (user + system) / wall
    );
}

fn pkit(directory: &Path, args: &[&str]) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pkit"));
    let status = command.args(args).current_dir(directory).stdout(Stdio::null()).status();
    assert!(status.unwrap().success(), "{args:?}");
}

fn sync(path: &Path) {
    File::open(path).unwrap().sync_all().unwrap();
}

fn file(path: &Path, bytes: &[u8], mode: u32) {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).unwrap();
    file.write_all(bytes).unwrap();
    file.set_permissions(Permissions::from_mode(mode)).unwrap();
    file.sync_all().unwrap();
}

fn directory(path: &Path) {
    fs::create_dir(path).unwrap();
    fs::set_permissions(path, Permissions::from_mode(0o755)).unwrap();
}

/// The files of one leaf and the line of its record, as pkit wrote them.
struct Sample {
    files: Vec<(String, Vec<u8>, u32)>,
    record: Vec<u8>,
}

impl Sample {
    fn of(pki: &Path) -> Self {
        let set = pki.join("live/dev-1.fleet.internal");
        let files = fs::read_dir(set).unwrap().map(|entry| {
            let path = entry.unwrap().path();
            let mode = fs::metadata(&path).unwrap().permissions().mode();
            (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read(&path).unwrap(), mode)
        });
        let inventory = fs::read_to_string(pki.join("inventory.jsonl")).unwrap();
        Self { files: files.collect(), record: format!("{}\n", inventory.lines().last().unwrap()).into() }
    }

    /// The plain program.
    fn write(&self, root: &Path, rows: usize) {
        for path in ["", "archive", "archive/live", "live"] {
            directory(&root.join(path));
        }
        let mut inventory =
            OpenOptions::new().append(true).create(true).open(root.join("inventory.jsonl")).unwrap();
        let (archive, live) = (root.join("archive/live"), root.join("live"));
        for first in (0..rows).step_by(GROUP) {
            let last = rows.min(first + GROUP);
            let records = self.record.repeat(last - first);
            file(&root.join("pending.new"), &records, 0o600);
            fs::rename(root.join("pending.new"), root.join("pending")).unwrap();
            sync(root);
            let next = AtomicUsize::new(first);
            std::thread::scope(|scope| {
                for _ in 0..HANDS {
                    scope.spawn(|| {
                        loop {
                            let number = next.fetch_add(1, Ordering::Relaxed);
                            if number >= last {
                                break;
                            }
                            let set = archive.join(format!("dev-{number}.fleet.internal"));
                            let generation = set.join("0001");
                            directory(&set);
                            directory(&generation);
                            for (name, bytes, mode) in &self.files {
                                file(&generation.join(name), bytes, *mode);
                            }
                            sync(&generation);
                            sync(&set);
                        }
                    });
                }
            });
            sync(&archive);
            inventory.write_all(&records).unwrap();
            inventory.sync_all().unwrap();
            for number in first..last {
                let name = format!("dev-{number}.fleet.internal");
                symlink(format!("../archive/live/{name}/0001"), live.join(name)).unwrap();
            }
            sync(&live);
            fs::remove_file(root.join("pending")).unwrap();
        }
    }
}

fn main() {
    let rows = std::env::args().skip(1).find_map(|word| word.parse::<usize>().ok()).unwrap_or(10_000);
    let runs = if rows > 20_000 { 1 } else { 3 };
    let (mut fleet, mut tried, mut plain) = (Vec::new(), Vec::new(), Vec::new());
    let args = ["issue", "server", "--batch", "fleet.csv"];
    for _ in 0..runs {
        let sandbox = tempfile::tempdir().unwrap();
        let directory = sandbox.path();
        pkit(directory, &["ca", "root", "root", "--unencrypted", "-q"]);
        pkit(directory, &["ca", "intermediate", "issuing", "--unencrypted", "-q"]);
        let lines: String = (1..=rows).map(|row| format!("dev-{row}.fleet.internal\n")).collect();
        fs::write(directory.join("fleet.csv"), format!("name\n{lines}")).unwrap();
        let children = UsageWho::RUSAGE_CHILDREN;
        tried.push(measured(children, || pkit(directory, &[&args[..], &["--dry-run"]].concat())));
        fleet.push(measured(children, || pkit(directory, &args)));
        let sample = Sample::of(&directory.join("pki"));
        plain.push(measured(UsageWho::RUSAGE_SELF, || sample.write(&directory.join("plain"), rows)));
    }
    report("made, verified, recorded", rows, &fleet);
    report("made, verified (--dry-run)", rows, &tried);
    report("a plain program, the same files and syncs", rows, &plain);
    let peak = getrusage(UsageWho::RUSAGE_CHILDREN).unwrap().max_rss();
    println!("peak memory of {rows} rows: {:.1} MiB", peak as f64 / 1024.0);
}
