//! `pkit revoke`.

use std::path::PathBuf;

use serde::Serialize;
use time::OffsetDateTime;

use super::{
    Context, Exit, OutputArgs,
    crl::Row,
    exit,
    hint::pki_option,
    passphrase::PassphraseArgs,
    signer::StoreArgs,
    terminal::{self, BOLD, WARN, styled},
};
use crate::{
    Error,
    cert::load_certificates,
    crl::{Reason, may_sign_lists},
    fingerprint::{hex, unhex},
    name::escape,
    origin::Origin,
    store::{Authority, Record, Revocation, Shelf, Store, Target, Wait},
    validity::{format_time, parse_moment, parse_time},
};

#[derive(clap::Args)]
#[command(after_help = exit::help("  pkit revoke api.internal --reason keyCompromise
  pkit revoke --serial 5e:c3:96:77:0f --issuer issuing --reason superseded
  pkit revoke --cert lost.pem --revoked-at 2026-11-02T08:00:00Z
  pkit revoke laptop-7 --reason certificateHold
  pkit revoke laptop-7 --release

NAME is the current certificate of that name, a leaf or an intermediate CA; one that was replaced is revoked by its serial
number, see `pkit list`. The revocation goes on record, and then into the CRL of the CA that signed, which is made anew at once
and is good for as long as the last one was. It has to reach the peers, for which see `pkit crl --bundle`.

Said again, it is done already; another reason or date than on record is refused, but a hold can become final. Where the key of
the CA is not here the revocation is on record all the same, but the exit status is 2, because no CRL tells of it yet."))]
#[command(group(clap::ArgGroup::new("which").required(true).args(["name", "serial", "cert"])))]
pub(super) struct Args {
    /// The certificate: its name in the PKI directory
    name: Option<String>,
    /// Its serial number in hexadecimal
    #[arg(long, value_name = "HEX")]
    serial: Option<String>,
    /// The CA that gave that serial number; one that is not on record can be revoked so
    #[arg(long, value_name = "NAME", requires = "serial")]
    issuer: Option<String>,
    /// Its file
    #[arg(long, value_name = "FILE")]
    cert: Option<PathBuf>,
    /// Why
    #[arg(long, value_name = "REASON", ignore_case = true)]
    reason: Option<Reason>,
    /// Since when, if not since now: 2026-11-02T08:00:00Z, or -3d for three days ago
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    revoked_at: Option<String>,
    /// Take a hold back
    #[arg(long, conflicts_with_all = ["reason", "revoked_at"])]
    release: bool,
    /// Put it on record alone; the CRL is made later, by `pkit crl`
    #[arg(long)]
    no_crl: bool,
    #[command(flatten)]
    passphrase: PassphraseArgs,
    #[command(flatten)]
    store: StoreArgs,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Serialize)]
struct Report {
    #[serde(flatten)]
    target: Target,
    /// `revoked`, `on-hold`, `released`, `not-revoked`
    state: &'static str,
    /// Whether this command made it so.
    changed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Reason>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked_at: Option<String>,
    /// The list that was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    crl: Option<Row>,
    /// Where the key is in other hands: other certificates of it that are still good.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    same_key: Vec<Other>,
}

/// Another certificate of a compromised key.
#[derive(Serialize)]
struct Other {
    name: String,
    serial: String,
    issuer: String,
    not_after: String,
}

impl From<Record> for Other {
    fn from(record: Record) -> Self {
        let Record { name, serial, issuer, not_after, .. } = record;
        Self { name, serial, issuer: issuer.name, not_after }
    }
}

pub(super) fn run(args: Args, context: &Context) -> anyhow::Result<Exit> {
    let store = Store::open(&args.store.pki.pki)?;
    let now = context.now();
    let revoked_at = args.revoked_at.as_ref().map(|text| parse_moment(text, now)).transpose()?;
    if revoked_at.is_some_and(|at| at > now) {
        return Err(Error::Usage { problem: "--revoked-at lies in the future".into() }.into());
    }
    let (target, authority) = args.target(&store)?;
    // Done already, it needs neither the key nor the lock.
    let known = if args.release { None } else { store.revocation(&target)? };
    if let Some(known) = known.filter(|known| known.says(args.reason, revoked_at)) {
        let listed = args.no_crl || {
            let list = store.crl(&authority, now);
            list.is_ok_and(|list| {
                list.lookup(&target.serial_octets()).map(|entry| entry.reason) == Some(known.reason)
            })
        };
        if listed {
            return Report::of(known, false).with_others(&store, now)?.tell(args.output, now);
        }
    }
    // The key is opened first: what cannot be done for want of a passphrase leaves nothing half done.
    let issuer = match args.no_crl {
        true => Ok(None),
        // A CA that cannot make a list is no reason not to put it on record.
        false => match may_sign_lists(&authority.certificate) {
            Err(error) => Err(error),
            Ok(()) => match authority.open(&mut args.passphrase.opener(), now) {
                Err(error @ (Error::CaKeyAbsent { .. } | Error::IssuerExpired { .. })) => Err(error),
                other => Ok(Some(other?)),
            },
        },
    };
    let (report, lacking) = args.store.waiting(args.output, |wait: &mut Wait<'_>| {
        let writer = store.write(wait)?;
        let mut report = if args.release {
            let changed = writer.release(&target, now)?;
            let state = if changed { "released" } else { "not-revoked" };
            Report {
                target: target.clone(),
                state,
                changed,
                reason: None,
                revoked_at: None,
                crl: None,
                same_key: Vec::new(),
            }
        } else {
            let (known, changed) = writer.revoke(&target, args.reason, revoked_at, now)?;
            Report::of(known, changed)
        };
        // What was on record before may not have got into a list.
        let serial = target.serial_octets();
        let listed = |list: crate::crl::Crl| list.lookup(&serial).map(|entry| entry.reason) == report.reason;
        let up_to_date = !report.changed && store.crl(&authority, now).is_ok_and(listed);
        let lacking = match &issuer {
            _ if args.no_crl || up_to_date => None,
            Err(error) => Some(error),
            Ok(None) => None,
            Ok(Some(issuer)) => {
                let (list, _) = writer.renew_crl(&authority.name, issuer, None, now, &context.random)?;
                report.crl = Some(Row::new(&store, &authority.name, &list)?);
                None
            }
        };
        Ok((report, lacking))
    })?;
    report.with_others(&store, now)?.tell(args.output, now)?;
    match lacking {
        Some(error) => {
            let cause = error.to_string();
            Err(Error::CrlNotRenewed { name: authority.name, cause }.into())
        }
        None => Ok(Exit::Yes),
    }
}

impl Args {
    fn target(&self, store: &Store) -> Result<(Target, Authority), Error> {
        if let Some(serial) = &self.serial {
            let octets = unhex(serial).filter(|octets| !octets.is_empty()).ok_or_else(|| Error::Usage {
                problem: format!("`{}` is no serial number in hexadecimal", escape(serial)),
            })?;
            let digits = crate::crl::unsigned(octets);
            let digits = digits.strip_prefix(&[0]).filter(|rest| !rest.is_empty()).unwrap_or(&digits);
            if digits.len() > 20 {
                let problem = "a serial number has at most 20 octets (RFC 5280 4.1.2.2)".into();
                return Err(Error::Usage { problem });
            }
            let target = store.target_by_serial(&hex(digits), self.issuer.as_deref())?;
            if target.0.fingerprint.is_none() {
                self.output.notice("this serial number is on no record here; is it the one that was meant?");
            }
            return Ok(target);
        }
        let path = match (&self.cert, &self.name) {
            (Some(file), _) => file.clone(),
            (None, name) => {
                let name = name.as_deref().unwrap_or_default();
                match (store.current(Shelf::Live, name)?, store.current(Shelf::Ca, name)?) {
                    (Some(_), Some(_)) => {
                        let problem =
                            "a certificate and a CA have this name: say which with --serial or --cert";
                        return Err(Error::Usage { problem: problem.into() });
                    }
                    (Some(set), None) | (None, Some(set)) => set.join("cert.pem"),
                    (None, None) => {
                        let path = store.root().join(Shelf::Live.directory());
                        return Err(Error::CertificateUnknown { name: name.to_owned(), path });
                    }
                }
            }
        };
        // A file may hold the chain; the certificate itself stands first.
        let certificate = load_certificates(&path)?.into_iter().next();
        let certificate = certificate
            .ok_or_else(|| Error::NothingFound { origin: Origin::file(&path), what: "certificate" })?;
        store.target(&certificate, self.name.as_deref())
    }
}

impl Report {
    fn of(known: Revocation, changed: bool) -> Self {
        let state = if known.reason == Reason::CertificateHold { "on-hold" } else { "revoked" };
        let (reason, revoked_at) = (Some(known.reason), Some(known.revoked_at));
        Self { target: known.target, state, changed, reason, revoked_at, crl: None, same_key: Vec::new() }
    }

    /// With the other certificates of the key, where that is in other hands.
    fn with_others(mut self, store: &Store, now: OffsetDateTime) -> Result<Self, Error> {
        if matches!(self.reason, Some(Reason::KeyCompromise | Reason::CaCompromise)) {
            self.same_key = store.others_of_key(&self.target, now)?.into_iter().map(Other::from).collect();
        }
        Ok(self)
    }

    fn tell(&self, output: OutputArgs, now: OffsetDateTime) -> anyhow::Result<Exit> {
        if output.json {
            terminal::print_json(self)?;
        } else if !output.quiet {
            terminal::print(&self.text(now))?;
        }
        Ok(Exit::Yes)
    }

    fn text(&self, now: OffsetDateTime) -> String {
        let title = styled(BOLD, escape(self.target.title()));
        let done = match (self.state, self.changed) {
            ("not-revoked", _) => format!("{title} is not revoked: there is no hold to take back"),
            ("released", _) => format!("released {title}: it is not revoked any more"),
            ("on-hold", true) => format!("put {title} on hold"),
            ("on-hold", false) => format!("{title} is on hold already"),
            (_, true) => format!("revoked {title}"),
            (_, false) => format!("{title} is revoked already"),
        };
        let since = self.revoked_at.as_deref().and_then(|since| parse_time(since).ok());
        let mut text = match (self.reason, since) {
            (Some(reason), Some(since)) => format!("{done}: {reason}, since {}\n", format_time(since)),
            _ => format!("{done}\n"),
        };
        text.push_str(&format!(
            "  serial {} of {}\n",
            escape(&self.target.serial),
            escape(&self.target.issuer.name)
        ));
        if let Some(crl) = &self.crl {
            text.push_str(&format!("  {}", crl.text(now)));
        }
        for other in &self.same_key {
            text.push_str(&format!(
                "  {} {}: pkit revoke --serial {} --reason keyCompromise{}\n",
                styled(WARN, "the same key is in"),
                escape(&other.name),
                escape(&other.serial),
                pki_option(),
            ));
        }
        text
    }
}
