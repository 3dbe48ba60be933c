//! Revocation lists: whose they are, whether they are current, and whom they revoke.

use time::OffsetDateTime;

use super::{File, Problems, Rule, Tree};
use crate::{
    Error,
    cert::Certificate,
    crl::Crl,
    validity::{format_time, tell},
};

pub(super) fn check(tree: &Tree<'_>, now: OffsetDateTime, problems: &mut Problems) {
    for file in tree.files {
        for list in &file.lists {
            let Some(issuer) = issuer(list, &tree.authorities, file, problems) else { continue };
            if list.next_update() < now {
                let fact =
                    format!("it lapsed on {}: who checks it refuses everyone", tell(list.next_update(), now));
                problems.say(Rule::CrlLapsed, &file.path, fact, None);
            } else if list.this_update() > now {
                let fact = format!("it is not valid before {}", tell(list.this_update(), now));
                problems.say(Rule::CrlLapsed, &file.path, fact, None);
            }
            revoked(list, issuer, file, tree.files, problems);
        }
    }
}

fn issuer<'a>(
    list: &Crl,
    authorities: &'a [Certificate],
    file: &File,
    problems: &mut Problems,
) -> Option<&'a Certificate> {
    let named: Vec<_> = authorities.iter().filter(|ca| ca.subject().same(list.issuer())).collect();
    let judged = named.iter().map(|ca| (*ca, list.verify(ca)));
    let mut refused = None;
    for (authority, judgement) in judged {
        match judgement {
            Ok(()) => return Some(authority),
            Err(error) => refused = Some((authority, error)),
        }
    }
    match refused {
        None => {
            let fact = format!(
                "its issuer \"{}\" is not here, so nobody knows whether it is genuine",
                list.issuer()
            );
            problems.say(Rule::CrlIssuerMissing, &file.path, fact, None);
        }
        Some((authority, error)) => {
            let why = match error {
                Error::CrlForeign { .. } => "another CA of that name signed it".to_owned(),
                other => other.to_string(),
            };
            let fact =
                format!("it is not the work of \"{}\" in {}: {why}", authority.title(), authority.origin());
            problems.say(Rule::CrlForeign, &file.path, fact, None);
        }
    }
    None
}

fn revoked(list: &Crl, issuer: &Certificate, file: &File, files: &[File], problems: &mut Problems) {
    for holder in files.iter().filter(|holder| !holder.is_put_away) {
        for certificate in &holder.certificates {
            if !certificate.issuer().same(issuer.subject()) || certificate.is_own_issuer() {
                continue;
            }
            if let Some(entry) = list.lookup(certificate.serial()) {
                let fact = format!(
                    "\"{}\" is revoked ({}, since {}) by {}",
                    certificate.title(),
                    entry.reason,
                    format_time(entry.date),
                    file.path.display()
                );
                problems.say(Rule::Revoked, &holder.path, fact, Some(&file.path));
            }
        }
    }
}
