//! `pkit verify`: would a peer accept this certificate, and if not, why.

mod input;
mod report;

use std::path::PathBuf;

use super::{AtArgs, Context, Exit, OutputArgs, PkiArgs, exit, terminal};
use crate::{
    Error,
    crl::Crl,
    name::escape,
    oid::Oid,
    verify::{Demands, Policies, Purpose, Question, Rules, Second, verify_by},
};
use input::{Input, Leaf};
use rayon::prelude::*;
use report::{Report, Row};

#[derive(clap::Args)]
#[command(after_help = exit::help("  pkit verify api.internal --purpose server --host api.internal
  pkit verify server.pem --intermediates issuing.pem --roots root.pem --host api.internal
  pkit verify client.pem --roots ca.pem --purpose client --crl root-crl.pem --crl issuing-crl.pem
  pkit verify *.pem --roots ca.pem --at 30d --quiet
  pkit verify site.pem --system-roots --host www.example.com --rules webpki --json

Every certificate of the path is judged, the root included, and all that is wrong is told. Only the roots that are named are
trusted. 1 means that the answer is no, for damaged certificates too; 2 that there is no answer: a file that is not there, a
root that is none, or a search that was given up."))]
pub(super) struct Args {
    /// Names of certificates in the PKI directory, or files: the leaf first, then what is sent with it
    #[arg(value_name = "NAME|FILE", required = true)]
    leaves: Vec<PathBuf>,
    /// Certificates that may link the leaf to a root, in any order
    #[arg(long, value_name = "FILE", help_heading = "Certificates")]
    intermediates: Vec<PathBuf>,
    /// The roots that are trusted, and no others; for a NAME its ca.pem by default
    #[arg(long, value_name = "FILE", help_heading = "Certificates")]
    roots: Vec<PathBuf>,
    /// Trust the roots of this system
    #[arg(long, conflicts_with = "roots", help_heading = "Certificates")]
    system_roots: bool,
    /// CRLs: every CA of the path then needs one that is current
    #[arg(long, value_name = "FILE", help_heading = "Certificates")]
    crl: Vec<PathBuf>,
    /// What it is to be used for; server where --host is given, else any
    #[arg(long, value_enum, help_heading = "Question")]
    purpose: Option<Purpose>,
    /// The DNS name or IP address under which the peer is reached
    #[arg(long, value_name = "NAME|IP", alias = "ip", help_heading = "Question")]
    host: Option<String>,
    /// An e-mail address that it has to hold
    #[arg(long, value_name = "ADDRESS", help_heading = "Question")]
    email: Vec<String>,
    /// A URI that it has to hold, such as a SPIFFE ID
    #[arg(long, value_name = "URI", help_heading = "Question")]
    uri: Vec<String>,
    #[command(flatten)]
    at: AtArgs,
    /// Most intermediates in the path; self-issued ones do not count
    #[arg(long, value_name = "N", help_heading = "Question")]
    max_depth: Option<usize>,
    /// By which rules
    #[arg(long, value_enum, default_value = "rfc5280", help_heading = "Question")]
    rules: Rules,
    /// A policy under which the path may be valid; any where none is named
    #[arg(long, value_name = "OID", help_heading = "Certificate policies")]
    policy: Vec<String>,
    /// Ask for a path that is valid under a policy, even where no CA asks for one
    #[arg(long, help_heading = "Certificate policies")]
    explicit_policy: bool,
    /// Take no policy for another, though a CA says that they are the same
    #[arg(long, help_heading = "Certificate policies")]
    inhibit_mapping: bool,
    /// Take anyPolicy for no policy
    #[arg(long, help_heading = "Certificate policies")]
    inhibit_any: bool,
    /// Leave out what rustls says
    #[arg(long)]
    no_rustls: bool,
    #[command(flatten)]
    pki: PkiArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// Whether it is `host:443`, which no name or address is.
fn has_port(host: &str) -> bool {
    let port = host.rsplit_once(':').filter(|(host, _)| !host.contains(':') || host.ends_with(']'));
    port.is_some_and(|(_, port)| !port.is_empty() && port.bytes().all(|digit| digit.is_ascii_digit()))
}

pub(super) fn run(args: Args, context: &Context) -> anyhow::Result<Exit> {
    let at = args.at.moment(context)?;
    if args.host.as_deref().is_some_and(str::is_empty) {
        return Err(Error::Usage { problem: "an empty host is no host".into() }.into());
    }
    if let Some(host) = args.host.as_deref().filter(|host| host.contains("://") || has_port(host)) {
        return Err(Error::Usage {
            problem: format!("`{}` is more than a host: name it alone", escape(host)),
        }
        .into());
    }
    let purpose = args.purpose.unwrap_or(match args.host {
        Some(_) => Purpose::Server,
        None => Purpose::Any,
    });
    let oid = |text: &String| {
        text.parse::<Oid>()
            .map_err(|()| Error::Usage { problem: format!("`{text}` is no object identifier") })
    };
    let acceptable = args.policy.iter().map(oid).collect::<Result<Vec<_>, _>>()?;
    let input = Input::read(&args)?;
    for passed_over in &input.notices {
        args.output.notice(passed_over);
    }
    let crls: Option<Vec<&Crl>> = input.crls.as_ref().map(|crls| crls.iter().collect());
    let demands = Demands {
        rules: args.rules,
        emails: &args.email,
        uris: &args.uri,
        max_depth: args.max_depth,
        policies: Policies {
            acceptable: &acceptable,
            explicit: args.explicit_policy || !acceptable.is_empty(),
            inhibit_mapping: args.inhibit_mapping,
            inhibit_any: args.inhibit_any,
        },
        crls: crls.as_deref(),
    };
    let shared =
        (!args.no_rustls && purpose != Purpose::Any).then(|| Second::new(&input.anchors, crls.as_deref()));
    // As URLs write an address of IPv6.
    let bare = |host| str::strip_prefix(host, "[").and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    let host = args.host.as_deref().map(bare);
    let judge = |given: &PathBuf| -> Result<Row, Error> {
        let leaf = Leaf::read(given, &input)?;
        let (certificate, own) = match leaf.chain.split_first() {
            Some((certificate, own)) => (certificate, own),
            None => return Ok(Row::malformed(given, &leaf)),
        };
        let joined: Vec<_>;
        let intermediates = match own {
            [] => input.intermediates.as_slice(),
            own => {
                joined = own.iter().chain(&input.intermediates).cloned().collect();
                &joined
            }
        };
        let anchors = leaf.anchors.as_deref().unwrap_or(&input.anchors);
        let question = Question { anchors, intermediates, purpose, host, at };
        let verdict = verify_by(certificate, &question, &demands);
        let own_second;
        let second = match (&leaf.anchors, &shared) {
            (_, None) => None,
            (None, Some(shared)) => Some(shared),
            (Some(anchors), Some(_)) => {
                own_second = Second::new(anchors, crls.as_deref());
                Some(&own_second)
            }
        };
        let rustls =
            second.and_then(|second| second.judge(certificate, intermediates, (purpose, host), at, &verdict));
        Ok(Row::new(given, &leaf, verdict, rustls))
    };
    let outcomes: Vec<_> = match args.leaves.as_slice() {
        // No threads for one.
        [one] => vec![judge(one)],
        several => several.par_iter().map(judge).collect(),
    };
    let mut report = Report::new(purpose, &args, at);
    let mut failures = Vec::new();
    for outcome in outcomes {
        match outcome {
            Ok(row) => {
                if let Some(note) = &row.note {
                    args.output.notice(note);
                }
                report.verdicts.push(row);
            }
            Err(error) => failures.push(error),
        }
    }
    if let ([error], true) = (failures.as_mut_slice(), report.verdicts.is_empty()) {
        let error = std::mem::replace(error, Error::Usage { problem: String::new() });
        return Err(error.into());
    }
    report.look_around(&args);
    if args.output.json {
        terminal::print_json(&report)?;
    } else {
        terminal::print(&report.text(args.output.quiet))?;
    }
    for error in &failures {
        terminal::failure(error, args.output.json);
    }
    Ok(report.exit(!failures.is_empty()))
}
