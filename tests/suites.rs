//! Path validation judged by the test suites of others, where they are at hand: x509-limbo (BetterTLS among it), NIST PKITS and
//! x509test, in the JSON of x509-limbo. `PKIT_SUITES=DIR cargo test --test suites -- --nocapture` takes every `*.json` of the
//! directory that has test cases. Each case that comes out otherwise than it should has to be in `tests/suites/exceptions.md`
//! with its reason, and each that is in there has to come out so.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::disallowed_methods
)]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use pkit::{
    cert::{Certificate, decode_certificates},
    crl::Crl,
    oid::Oid,
    origin::Origin,
    pem,
    validity::parse_time,
    verify::{Demands, Policies, Purpose, Question, Rules, verify_by},
};
use rayon::prelude::*;
use serde_json::Value;

/// What one case may take at most, in an optimized build with room to spare in others.
const LONGEST: Duration = Duration::from_millis(if cfg!(debug_assertions) { 1000 } else { 100 });

#[test]
fn suites_of_others() {
    let Some(directory) = std::env::var_os("PKIT_SUITES") else {
        eprintln!("\n*** NOT RUN: the suites of others. PKIT_SUITES names no directory with them. ***\n");
        return;
    };
    let exceptions = exceptions();
    let mut met = BTreeSet::new();
    let mut unexpected = Vec::new();
    let mut files = 0;
    for entry in fs::read_dir(&directory).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "xz") && !path.with_extension("").exists() {
            eprintln!("\n*** NOT RUN: {} is packed: xz -dk it ***\n", path.display());
        }
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let suite: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        let Some(cases) = suite.get("testcases").and_then(Value::as_array) else { continue };
        files += 1;
        let right = AtomicUsize::new(0);
        let wrong: Vec<(String, String)> = cases
            .par_iter()
            .filter_map(|case| {
                let id = case["id"].as_str().unwrap().to_owned();
                let start = Instant::now();
                let verdict = judge(case);
                assert!(start.elapsed() < LONGEST, "{id} took {:?}", start.elapsed());
                let wanted = case["expected_result"] == "SUCCESS";
                if verdict.is_ok() == wanted {
                    right.fetch_add(1, Ordering::Relaxed);
                    return None;
                }
                Some((id, verdict.err().unwrap_or_else(|| "accepted".into())))
            })
            .collect();
        let right = right.into_inner();
        eprintln!("{}: {right} of {} as they should be", path.display(), cases.len());
        for (id, reason) in wrong {
            match exceptions.contains_key(&id) {
                true => drop(met.insert(id)),
                false => unexpected.push(format!("{id}: {reason}")),
            }
        }
        let present = cases.iter().filter_map(|case| case["id"].as_str());
        for id in present.filter(|id| exceptions.contains_key(*id) && !met.contains(*id)) {
            unexpected.push(format!("{id} is as it should be, and is listed as an exception"));
        }
    }
    assert!(files > 0, "there is no suite in {}", Path::new(&directory).display());
    assert!(unexpected.is_empty(), "{} cases:\n{}", unexpected.len(), unexpected.join("\n"));
}

/// The cases of `exceptions.md`: rows of tables whose first cell is a case in backticks; all of a glob with `*` at the end are
/// written out.
fn exceptions() -> BTreeMap<String, String> {
    let text = fs::read_to_string("tests/suites/exceptions.md").unwrap();
    let rows = text.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` | "));
    rows.map(|(id, reason)| (id.to_owned(), reason.trim_end_matches(" |").to_owned())).collect()
}

/// The verdict on a case, by the options of `profiles.json`: `Err` says why not.
fn judge(case: &Value) -> Result<(), String> {
    let text = |key: &str| case[key].as_str().map(str::to_owned);
    let texts = |key: &str| -> Vec<String> {
        let list = case.get(key).and_then(Value::as_array).into_iter().flatten();
        list.filter_map(|value| value.as_str().map(str::to_owned)).collect()
    };
    let id = text("id").unwrap();
    let read = |pem: &str, place: &str| -> Result<Vec<Certificate>, String> {
        decode_certificates(pem.as_bytes(), &Origin::named(place)).map_err(|error| error.to_string())
    };
    let leaf = read(&text("peer_certificate").unwrap(), "leaf")?.remove(0);
    let mut anchors = Vec::new();
    for pem in texts("trusted_certs") {
        anchors.extend(read(&pem, "root")?);
    }
    // One that cannot be read cannot be in a path.
    let intermediates: Vec<Certificate> = texts("untrusted_intermediates")
        .iter()
        .filter_map(|pem| read(pem, "intermediate").ok())
        .flatten()
        .collect();
    let crls: Vec<Crl> = texts("crls")
        .iter()
        .flat_map(|text| pem::blocks(text.as_bytes(), &Origin::named("CRL")).unwrap())
        .filter_map(|block| Crl::partial_from_der(block.der.to_vec(), Origin::named("CRL")).ok())
        .collect();
    let peer = &case["expected_peer_name"];
    let is_mail = |name: &Value| name["kind"] == "RFC822";
    let mails = case["expected_peer_names"]
        .as_array()
        .into_iter()
        .flatten()
        .chain([peer])
        .filter(|name| is_mail(name));
    let emails: Vec<String> = mails.map(|name| name["value"].as_str().unwrap().to_owned()).collect();
    let host = (!peer.is_null() && !is_mail(peer)).then(|| peer["value"].as_str().unwrap());
    let acceptable: Vec<Oid> =
        texts("x_initial_policies").iter().map(|policy| policy.parse().unwrap()).collect();
    let set = |key: &str| case.get(key).and_then(Value::as_bool) == Some(true);
    let lists: Vec<_> = crls.iter().collect();
    let demands = Demands {
        rules: match id.split("::").next() {
            Some("webpki") => Rules::Webpki,
            Some("pkits") => Rules::Path,
            _ => Rules::Rfc5280,
        },
        emails: &emails,
        uris: &[],
        max_depth: case["max_chain_depth"].as_u64().map(|depth| usize::try_from(depth).unwrap()),
        policies: Policies {
            acceptable: &acceptable,
            explicit: set("x_explicit_policy") || !acceptable.is_empty(),
            inhibit_mapping: set("x_inhibit_mapping"),
            inhibit_any: set("x_inhibit_any"),
        },
        crls: (!texts("crls").is_empty()).then_some(lists.as_slice()),
    };
    let question = Question {
        anchors: &anchors,
        intermediates: &intermediates,
        purpose: match case["validation_kind"].as_str() {
            Some("SERVER") => Purpose::Server,
            Some("CLIENT") => Purpose::Client,
            _ => Purpose::Any,
        },
        host,
        at: text("validation_time").map_or_else(time::OffsetDateTime::now_utc, |at| parse_time(&at).unwrap()),
    };
    let verdict = verify_by(&leaf, &question, &demands);
    assert!(!verdict.is_undecided(), "{id} is left undecided");
    match verdict.findings.first() {
        None => Ok(()),
        Some(finding) => Err(finding.to_string()),
    }
}
