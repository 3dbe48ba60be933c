//! The files of directories: what does not fit together, and what mends it.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::Args;
use crate::{
    Error,
    check::{Findings, Problem, Rule, Severity, check_directories},
    cli::{
        Context, Exit,
        terminal::{self, BAD, DIM, WARN, styled},
    },
    inspect::Locked,
    name::escape,
    origin::Origin,
    store::{self, Shelf, Store},
    validity::parse_moment,
};

#[derive(Serialize)]
struct Report {
    /// Whether nothing is wrong.
    sound: bool,
    /// What does not hold in PKI directories, by their record.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    records: Vec<store::Problem>,
    #[serde(flatten)]
    findings: Findings,
    /// What mends each problem, in their order; `null` where nothing sure can be said.
    remedies: Vec<Option<String>>,
}

pub(super) fn run(args: &Args, context: &Context) -> anyhow::Result<Exit> {
    let now = context.now();
    let at = args.at.as_ref().map_or(Ok(now), |text| parse_moment(text, now))?;
    let (mut roots, mut records) = (Vec::new(), Vec::new());
    for directory in &args.directories {
        if directory.is_file() {
            let problem = format!(
                "`{}` is a file, and `check` is for directories; files are for `lint`, `verify` and `inspect`",
                escape(&directory.to_string_lossy())
            );
            return Err(Error::Usage { problem }.into());
        }
        match Store::open_existing(directory)? {
            // What is in use; the archive holds what is not any more.
            Some(store) => {
                records.extend(store::check(&store)?.problems);
                roots.extend([Shelf::Ca, Shelf::Live].map(|shelf| directory.join(shelf.directory())));
            }
            None => roots.push(directory.clone()),
        }
    }
    let mut ask = args.passphrase.opener();
    let mut opener = |_: Locked, origin: &Origin, attempt: u32| match args.passphrase.is_stated() {
        true => ask(origin, attempt),
        false => Ok(None),
    };
    let findings = check_directories(&roots, &mut opener, at)?;
    if findings.files == 0 && findings.problems.is_empty() && records.is_empty() {
        let origin = Origin::file(args.directories.first().map_or(Path::new("."), PathBuf::as_path));
        return Err(Error::NothingFound { origin, what: "certificate, key or CRL" }.into());
    }
    let remedies = findings.problems.iter().map(remedy).collect();
    let sound = records.is_empty() && findings.problems.is_empty();
    let report = Report { sound, records, findings, remedies };
    if args.output.json {
        terminal::print_json(&report)?;
    } else {
        terminal::print(&text(&report, &args.directories, args.output.quiet))?;
    }
    Ok(Exit::answer(sound))
}

fn text(report: &Report, directories: &[PathBuf], quiet: bool) -> String {
    let mut text = String::new();
    for problem in &report.records {
        let (code, path) = (problem.fault.code(), problem.path.to_string_lossy());
        text.push_str(&format!("{}    {code}  {}: {}\n", styled(BAD, "error"), escape(&path), problem.fact));
    }
    for (problem, remedy) in report.findings.problems.iter().zip(&report.remedies) {
        let word = match problem.severity {
            Severity::Error => styled(BAD, "error  "),
            Severity::Warning => styled(WARN, "warning"),
        };
        let path = problem.path.to_string_lossy();
        text.push_str(&format!("{word}  {}  {}: {}\n", problem.rule.code(), escape(&path), problem.fact));
        if let Some(remedy) = remedy {
            text.push_str(&styled(DIM, format!("         {}\n", escape(remedy))));
        }
    }
    if quiet {
        return text;
    }
    let found = &report.findings;
    let count = |number: usize, one: &str, several: &str| match number {
        1 => format!("1 {one}"),
        _ => format!("{number} {several}"),
    };
    let names: Vec<_> = directories.iter().map(|path| escape(&path.to_string_lossy()).into_owned()).collect();
    let sealed = match found.sealed {
        0 => String::new(),
        number => format!("; under a passphrase, and not compared: {number}"),
    };
    let verdict = match (report.sound, found.problems.len() + report.records.len()) {
        (true, _) => "fits together".to_owned(),
        (false, number) => count(number, "problem", "problems"),
    };
    text.push_str(&format!(
        "{}: {verdict}: {}, {}, {}, {}{sealed}\n",
        names.join(", "),
        count(found.files, "file", "files"),
        count(found.certificates, "certificate", "certificates"),
        count(found.keys, "private key", "private keys"),
        count(found.lists, "CRL", "CRLs"),
    ));
    text
}

/// What mends it: a line that can be pasted or followed.
fn remedy(problem: &Problem) -> Option<String> {
    let quote = |path: &Path| {
        let text = path.to_string_lossy();
        shlex::try_quote(&text).map_or_else(|_| text.to_string(), |quoted| quoted.into_owned())
    };
    let path = quote(&problem.path);
    let directory = problem.path.parent().map(quote).unwrap_or_default();
    let other = problem.other.as_deref().map(quote);
    Some(match (problem.rule, other) {
        (Rule::Unreadable, _) => format!("see what it is: head -c 200 {path}"),
        (Rule::NothingFound, _) => "put it back from where it came, or remove it".into(),
        (Rule::DanglingLink, _) => format!("make the link anew, or remove it: rm {path}"),
        (Rule::KeyReadable, _) => format!("chmod 600 {path}"),
        (Rule::Writable, _) => format!("chmod go-w {path}"),
        (Rule::OwnerDiffers, _) => format!("whose shall it be? ls -ln {path}"),
        (Rule::KeyMismatch, Some(key)) => format!("the key of that certificate is {key}"),
        (Rule::KeyMismatch, None) => format!("see what belongs together: pkit inspect --match {directory}"),
        (Rule::KeyAlone, _) => {
            "remove it if nothing uses it; look for its certificate: pkit inspect --match PATH…".into()
        }
        (Rule::RequestAlone, _) => "remove it once its certificate is there, or look for its key".into(),
        (Rule::KeyCopied, Some(first)) => format!("keep one, {first} or this, and link to it"),
        (Rule::KeyCopied, None) => return None,
        (Rule::KeyShared, _) => "give each a key of its own: pkit renew NAME --now".into(),
        (Rule::WeakKey, _) => {
            "replace key and certificate: pkit renew NAME --now, or pkit key generate".into()
        }
        (Rule::Duplicate | Rule::ChainOrder | Rule::RootInChain | Rule::SurplusCertificate, _) => {
            format!("put it in order: pkit bundle {path} -o {path} --force")
        }
        (Rule::IntermediateMissing, Some(place)) => {
            format!("it is in {place}: pkit bundle {path} {place} -o {path} --force")
        }
        (Rule::IntermediateMissing, None) => "append the missing certificate".into(),
        (Rule::UnknownIssuer, _) => "put the certificates of the CAs above beside it".into(),
        (Rule::IssuerKeyMismatch, _) => {
            "the CA was made anew: have the certificate issued again, or put the old CA's certificate back"
                .into()
        }
        (Rule::Expired, _) => "renew it: pkit renew NAME, pkit ca renew NAME, or where it came from".into(),
        (Rule::NotYetValid, _) => "look at the clock, or wait".into(),
        (Rule::InvalidChain, _) => format!("see what peers will say: pkit verify {path} --roots ROOT"),
        (Rule::NotACa, _) => "put the certificate of the CA there".into(),
        (Rule::WrongAnchor, Some(root)) => format!("its root is in {root}"),
        (Rule::WrongAnchor, None) => return None,
        (Rule::NameDiffers, _) => format!("is it the file that was meant? pkit inspect --short {path}"),
        (Rule::StoreDiffers, Some(pem)) => {
            format!("make it anew: pkit export NAME --to p12, or openssl pkcs12 -export -in {pem}")
        }
        (Rule::StoreDiffers, None) => return None,
        (Rule::CrlIssuerMissing, _) => "put the certificate of its CA beside it".into(),
        (Rule::CrlForeign, _) => "fetch it anew from the CA: pkit crl CA".into(),
        (Rule::CrlLapsed, _) => "make or fetch a new one: pkit crl CA".into(),
        (Rule::Revoked, _) => "replace it: pkit renew NAME, or where it came from".into(),
    })
}
