//! What mends a refusal: a line to paste, with the file next door or the name in the PKI directory that it takes, where there is one.

use std::path::{Path, PathBuf};

use crate::{
    Error,
    cert::{Certificate, load_certificates},
    cli::{PkiArgs, hint::pki_option, remedy},
    name::{Name, escape},
    oid,
    store::{Shelf, Store},
    tls::{
        Identity, decisive,
        probe::{Cause, CauseCode, Reception, Report, Side},
    },
    verify::{Purpose, Question, Rule, authorities_in, issuer_among, verify},
};

/// What is at hand.
pub(super) struct Surroundings<'a> {
    pub(super) pki: &'a PkiArgs,
    /// The file that --cert names.
    pub(super) cert: Option<&'a Path>,
    /// The name that --as names.
    pub(super) name: Option<&'a str>,
    pub(super) identity: Option<&'a Identity>,
    pub(super) roots: &'a [Certificate],
    pub(super) now: time::OffsetDateTime,
}

/// Certificates above ours that are looked for.
const MOST_ABOVE: usize = 8;
/// Files beside ours that are looked into for a whole chain.
const MOST_FILES: usize = 50;

impl Surroundings<'_> {
    /// Looks beside our certificate for what it lacks, and tells the report where it proves the cause.
    pub(super) fn explain(&self, report: &mut Report) {
        let is_guess = |cause: &&Cause| cause.code == CauseCode::IntermediateMissing && !cause.certain;
        if report.us_to_server.verdict != Reception::Refused
            || !report.us_to_server.causes.iter().any(|cause| is_guess(&cause))
        {
            return;
        }
        let (Some(identity), Some(directory)) = (self.identity, self.directory()) else { return };
        let named = &report.certificate_request.authority_names;
        let found = authorities_in(&directory);
        let mut above: Vec<&Certificate> = Vec::new();
        let Some(leaf) = identity.leaf() else { return };
        while let Some(issuer) = issuer_among(above.last().copied().unwrap_or(leaf), &found) {
            // The server may name none; then it is enough that the chain comes to a CA that is trusted here.
            let known = |root: &Certificate| root.subject().same(issuer.issuer());
            let leads = named.is_empty() && self.roots.iter().any(known)
                || named.iter().any(|name| name.same(issuer.issuer()) || name.same(issuer.subject()));
            above.push(issuer);
            if leads {
                let fact = format!(
                    "\"{}\", which issued what we sent, was not sent along; it is in {}, and leads to a CA that {}",
                    escape(&above.first().copied().unwrap_or(issuer).title()),
                    above.first().copied().unwrap_or(issuer).origin(),
                    if named.is_empty() { "is trusted here" } else { "the server names" }
                );
                report.explain(Cause::intermediate_missing(fact));
                return;
            }
            if issuer.is_self_issued() {
                // All that there is above it was sent, but the root, which need not be.
                let root = escape(&issuer.title()).into_owned();
                let code = CauseCode::OtherAuthority;
                report.explain(Cause::guess(
                    code,
                    format!("what we sent leads to \"{root}\", and the server names other CAs"),
                ));
                return;
            }
            if above.len() > MOST_ABOVE {
                return;
            }
        }
    }

    /// The directory of our certificate.
    fn directory(&self) -> Option<PathBuf> {
        if let Some(name) = self.name {
            return Store::open_existing(&self.pki.pki).ok()??.link(Shelf::Live, name).ok();
        }
        let parent = self.cert?.parent()?;
        Some(if parent.as_os_str().is_empty() { PathBuf::from(".") } else { parent.to_owned() })
    }

    /// What to do about it, where that is sure enough to be worth a try.
    pub(super) fn remedy(&self, report: &Report) -> Option<String> {
        if report.side == Some(Side::Us) && !report.server_to_us.findings.is_empty() {
            let finding = decisive(&report.server_to_us.findings)?;
            if finding.rule == Rule::UnknownIssuer
                && let Some(ca) = self.roots(report)
            {
                let file = quote(ca.origin().place());
                let is_trusted = |root: &Certificate| ca.is_signed_by(root.public_key()).is_ok();
                return Some(match !ca.is_self_issued() && self.roots.iter().any(is_trusted) {
                    true => format!(
                        "let the server send its intermediate along, which is here in {file}: fullchain.pem in the place of cert.pem"
                    ),
                    false => {
                        format!("if it is the right server, trust its CA, which is here: --roots {file}")
                    }
                });
            }
            let came_alone = report.chain.len() == 1 && !report.chain.iter().any(Certificate::is_self_issued);
            return match came_alone && finding.rule == Rule::UnknownIssuer {
                true => Some(
                    "let the server send its intermediates along; or, if it is the right server, trust its CA: --roots FILE"
                        .into(),
                ),
                false => remedy::remedy(finding, Purpose::Server).map(str::to_owned),
            };
        }
        if report.rule.as_deref() == Some("key-mismatch") {
            return Some(
                "let the server have the key of its certificate: on it, pkit inspect --match CERT KEY".into(),
            );
        }
        let named = &report.certificate_request.authority_names;
        let own = self.name.map_or_else(|| "NAME".to_owned(), quote);
        let pki = pki_option();
        Some(match report.us_to_server.causes.first()?.code {
            CauseCode::NoCertificate => match self.fitting(named) {
                Some(name) => format!("name one that it takes: --as {}{pki}", quote(&name)),
                None => "name a certificate: --as NAME, or --cert FILE --key FILE".into(),
            },
            CauseCode::KeyNotSupported => "use a key that it knows: EC P-256 works everywhere".into(),
            CauseCode::Expired => format!("renew the certificate: pkit renew {own}{pki}"),
            CauseCode::NotYetValid => "is the clock of this machine right? date -u".into(),
            CauseCode::Revoked => format!("get another certificate: pkit renew {own}{pki}"),
            CauseCode::NotForClients => match self.fitting(named) {
                Some(name) => format!("use one for clients: --as {}{pki}", quote(&name)),
                None => format!("issue one for clients: pkit issue client NAME{pki}"),
            },
            CauseCode::IntermediateMissing => match self.whole_chain() {
                Some(file) => format!("send the chain with it: --cert {file}"),
                None => "send the chain with it: cat cert.pem chain.pem > fullchain.pem, then --cert fullchain.pem".into(),
            },
            CauseCode::OtherAuthority => match self.fitting(named) {
                Some(name) => format!("use a certificate of a CA that it names: --as {}{pki}", quote(&name)),
                None => "use a certificate of a CA that it names, or add yours to its CAs".into(),
            },
            CauseCode::NameConstraint => format!("issue it below a CA that permits its names: pkit issue client NAME --issuer CA{pki}"),
            CauseCode::WeakKey => format!("make a new key, P-256 say: pkit renew {own} --now{pki}"),
            CauseCode::BrokenChain => match self.cert {
                Some(file) => format!("see what is wrong with it: pkit verify --purpose client {}", quote(&file.to_string_lossy())),
                None => format!("see what is wrong with it: pkit verify --purpose client {own}{pki}"),
            },
            CauseCode::NameUnknown => "ask for a name that it has: --server-name NAME".into(),
            CauseCode::VersionTooOld => "let the server speak TLS 1.2 or 1.3; it is a matter of its software or configuration".into(),
            CauseCode::VersionNotSpoken => "leave --tls out, or name the other version".into(),
            CauseCode::CipherTooOld => "let the server offer ECDHE with AES-GCM or ChaCha20, or TLS 1.3".into(),
            CauseCode::ProtocolNotSpoken => "offer another one: --alpn NAME".into(),
            CauseCode::PlainHttp => "is TLS on another port? 443 and 8443 are usual".into(),
            CauseCode::NotTls => "is it the right port? for mail, LDAP, databases and XMPP say --starttls".into(),
            CauseCode::TimedOut => "wait longer: --timeout 60s".into(),
            CauseCode::NotAllowed => "have one of its names let in on the server, or use a certificate that it lets in: --as NAME".into(),
            CauseCode::KnownAuthority => return None,
        })
    }

    /// A name in the PKI directory whose certificate is for clients, holds now, and is of a CA that the server names.
    fn fitting(&self, named: &[Name]) -> Option<String> {
        if named.is_empty() {
            return None;
        }
        let store = Store::open_existing(&self.pki.pki).ok()??;
        let names = store.names(Shelf::Live).ok()?;
        names.into_iter().find(|name| {
            let Ok(leaf) = store.leaf(name) else { return false };
            let Some(certificate) = leaf.fullchain.first() else { return false };
            let usages = certificate.extended_key_usage();
            let is_client =
                usages.is_none_or(|usages| usages.iter().any(|usage| usage.content() == oid::CLIENT_AUTH));
            let is_named = |one: &Certificate| named.iter().any(|name| name.same(one.issuer()));
            is_client
                && certificate.is_current(self.now)
                && leaf.key.is_file()
                && leaf.fullchain.iter().any(is_named)
                && self.identity.and_then(Identity::leaf) != Some(certificate)
        })
    }

    /// The file beside our certificate that begins with it and has more behind it.
    fn whole_chain(&self) -> Option<String> {
        let leaf = self.identity?.leaf()?;
        let mut files: Vec<_> = std::fs::read_dir(self.directory()?)
            .ok()?
            .filter_map(Result::ok)
            .map(|entry| entry.path())
            .collect();
        files.sort();
        let is_whole = |file: &&PathBuf| {
            file.is_file()
                && load_certificates(file).is_ok_and(|chain| chain.len() > 1 && chain.first() == Some(leaf))
        };
        files.iter().take(MOST_FILES).find(is_whole).map(|file| quote(&file.to_string_lossy()))
    }

    /// A CA that is here and to which the server's chain leads.
    fn roots(&self, report: &Report) -> Option<Certificate> {
        let (leaf, intermediates) = report.chain.split_first()?;
        let mut known = self.directory().map(|directory| authorities_in(&directory)).unwrap_or_default();
        if let Ok(Some(store)) = Store::open_existing(&self.pki.pki)
            && let Ok(authorities) = store.authorities()
        {
            let roots = authorities.into_iter().filter(|authority| authority.is_root());
            known.extend(roots.map(|authority| authority.certificate));
        }
        let leads = |root: &&Certificate| {
            let anchors = std::slice::from_ref(*root);
            let host = Some(report.server_name.as_str());
            let question = Question { anchors, intermediates, purpose: Purpose::Server, host, at: self.now };
            verify(leaf, &question).accepted
        };
        known.iter().filter(|root| root.is_ca()).find(leads).cloned()
    }
}

fn quote(text: &str) -> String {
    match shlex::try_quote(text) {
        Ok(quoted) => escape(&quoted).into_owned(),
        Err(_) => escape(text).into_owned(),
    }
}

/// What the PKI directory, where there is one, has on record of the revocation of what we sent.
pub(super) fn on_record(
    pki: &PkiArgs,
    identity: &Identity,
    now: time::OffsetDateTime,
) -> Result<Vec<Cause>, Error> {
    let Some(store) = Store::open_existing(&pki.pki)? else { return Ok(Vec::new()) };
    let source = format!("the record in {}", escape(&pki.pki.to_string_lossy()));
    let cause = |(index, certificate): (usize, &Certificate)| {
        let target = match store.target(certificate, None) {
            Ok((target, _)) => target,
            // Not the work of a CA that is here.
            Err(Error::RootNotRevocable { .. } | Error::IssuerNotHere { .. } | Error::Malformed { .. }) => {
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let known = store.revocation(&target)?;
        let known = known.map(|known| (known.reason, known.date().unwrap_or(now)));
        Ok(known.map(|known| Cause::revoked(certificate, known, &source).at(index + 1)))
    };
    identity.chain().iter().enumerate().map(cause).filter_map(Result::transpose).collect()
}
