//! What each phase does.

use time::OffsetDateTime;

use super::{Args, report::Report};
use crate::{
    Error,
    cert::Certificate,
    cli::{Context, signer::IssuerArgs},
    crl::Crl,
    issue::plan,
    issuer::{Issuer, fit_above},
    key::{KeyType, PrivateKey},
    name::escape,
    renew::{certify_again, end_as_before},
    rotate::{Scene, Side, below, prove, successor_request},
    store::{Authority, Generation, KeyState, Phase, Rotation, Shelf, Store, Untold, Writer, directory_name},
    validity::{End, Span, tell},
};

/// A rollover at one of its phases.
pub(super) struct Work<'a> {
    pub(super) args: &'a Args,
    pub(super) context: &'a Context,
    pub(super) store: &'a Store,
    pub(super) now: OffsetDateTime,
    pub(super) from: Authority,
    pub(super) before: Option<Rotation>,
    pub(super) rotation: Rotation,
    pub(super) report: Report,
}

impl Work<'_> {
    /// Does the phase. Returns the names of the leaves whose files were changed, or `None` where it was refused.
    pub(super) fn run(&mut self) -> anyhow::Result<Option<Vec<String>>> {
        match self.rotation.phase {
            Phase::TrustBoth => self.trust_both().map(Some),
            Phase::IssueFromNew => self.issue_from_new(),
            Phase::DropOld => self.drop_old(),
        }
    }

    fn trust_both(&mut self) -> anyhow::Result<Vec<String>> {
        let rotations = self.store.rotations()?;
        if rotations.to(&self.args.name).is_some_and(|other| other.phase == Phase::TrustBoth) {
            let problem = format!("\"{}\" has not taken its own place yet", escape(&self.args.name));
            return Err(Error::Usage { problem }.into());
        }
        let (sets, new) = match self.store.current(Shelf::Ca, &self.rotation.to)? {
            // A crash came after it was made.
            Some(_) if self.before.is_some() => (Vec::new(), None),
            _ => {
                self.store.require_free(Shelf::Ca, &self.rotation.to)?;
                let (sets, new) = self.make()?;
                (sets, Some(new))
            }
        };
        let list = match (self.list_validity(), new) {
            (Some(validity), Some(new)) => Some((validity, new)),
            (Some(validity), None) if !self.to()?.crl().exists() => {
                Some((validity, self.to()?.open(&mut self.args.passphrase.opener(), self.now)?))
            }
            _ => None,
        };
        if let Some((validity, _)) = &list {
            let to = escape(&self.rotation.to).into_owned();
            self.report
                .step("list", format!("a CRL of \"{to}\", good for {validity}, because the old CA has one"));
        }
        if self.from.is_root() {
            self.report
                .step("trust", "both roots in ca.pem of every certificate that trusts the old one".into());
        }
        self.report.announce(self.args.output)?;
        if self.args.dry_run {
            return Ok(Vec::new());
        }
        self.write(|work, writer| {
            writer.set_phase(&work.rotation, work.now)?;
            if !sets.is_empty() {
                writer.commit(sets)?;
            }
            if let Some((validity, new)) = &list {
                let random = &work.context.random;
                writer.renew_crl(&work.rotation.to, new, Some(*validity), work.now, random)?;
            }
            match work.from.is_root() {
                true => work.exchange(writer, &[work.from.certificate.clone(), work.to()?.certificate]),
                false => Ok(Vec::new()),
            }
        })
    }

    /// Signs the new CA. Returns its set of files, and that of its cross-certificate, not yet written.
    fn make(&mut self) -> anyhow::Result<(Vec<Generation>, Issuer)> {
        let (args, store, now) = (self.args, self.store, self.now);
        // Nothing of an ended CA is accepted any more, so there is nothing to go over from, and no proof would pass.
        fit_above(&self.from.certificate, &self.from.above, Some(now))?;
        let validity = &store.config().validity;
        let usual = if self.from.is_root() { validity.root } else { validity.intermediate };
        let end = match args.validity {
            Some(end) => end,
            None => end_as_before(&self.from, usual, now)?,
        };
        let mut request = successor_request(&self.from, &self.rotation.to, end)?;
        request.end_is_explicit = args.validity.is_some();
        let signer = match self.from.is_root() {
            true => None,
            false => {
                let lineage = store.lineage(Shelf::Ca, &args.name)?;
                let record = lineage.of_serial(&self.from.certificate.serial_hex());
                let name = record.map(|record| record.issuer.name.clone()).unwrap_or_default();
                let signer = IssuerArgs::named(&name).open(store, &args.passphrase, now)?;
                let name = signer.name.clone().unwrap_or(name);
                if !signer.issuer.certificate().subject().same(self.from.certificate.issuer()) {
                    let label = directory_name(&name)?;
                    request.by_another_issuer(store.config().pointers(&label));
                }
                Some((name, signer.issuer))
            }
        };
        let issuer = signer.as_ref().map(|(_, issuer)| issuer);
        let plan = plan(request, issuer, now)?;
        let kind = args.key_type.unwrap_or_else(|| KeyType::like(self.from.certificate.key_algorithm()));
        let key = PrivateKey::generate(kind, &self.context.random)?;
        let what = format!("CA \"{}\"", self.rotation.to);
        let protection = match self.from.key_state() {
            _ if args.dry_run => None,
            // As the old one's is.
            KeyState::Plain if !args.new_passphrase.is_used() => None,
            _ => args.new_passphrase.passphrase(&what, &args.passphrase)?,
        };
        let certificate = match issuer {
            None => plan.sign_root(&key, &self.context.random)?,
            Some(issuer) => plan.sign(key.public(), issuer, &self.context.random)?,
        };
        let file = match &protection {
            Some(passphrase) => key.to_encrypted_pem(passphrase, &self.context.random)?,
            None => key.to_pem(),
        };
        let ends = tell(certificate.validity().not_after, now);
        let called = if self.from.is_root() { "root CA" } else { "intermediate CA" };
        self.report
            .step("make", format!("{called} \"{}\", key {kind}, until {ends}", escape(&self.rotation.to)));
        let signed_by = signer.as_ref().map(|(name, issuer)| (name.as_str(), issuer));
        let mut sets = vec![Generation::authority(&self.rotation.to, &certificate, file, signed_by, now)];
        let above = issuer.map(|issuer| issuer.path().to_vec()).unwrap_or_default();
        let origin = certificate.origin().clone();
        let new = Issuer::new(certificate.clone(), &above, key, origin, now)?;
        if args.cross_sign {
            sets.push(self.cross_certificate(&certificate)?);
        }
        if protection.is_none() && !args.dry_run {
            args.output.notice("the CA's key is not encrypted: whoever reads the file can issue in its name");
        }
        Ok((sets, new))
    }

    /// How long the new CA's list is to be good, where the old one has a list: as long as that.
    fn list_validity(&self) -> Option<Span> {
        let list = Crl::load(&self.from.crl()).ok()?.pop()?;
        // Lists begin a minute before they are made.
        let seconds = (list.next_update() - list.this_update()).whole_seconds() - 60;
        u64::try_from(seconds).ok().map(Span::seconds)
    }

    /// The new root by the old one.
    fn cross_certificate(&mut self, new: &Certificate) -> anyhow::Result<Generation> {
        if !self.from.is_root() {
            let problem = "--cross-sign is for roots: peers find the way to an intermediate by themselves";
            return Err(Error::Usage { problem: problem.into() }.into());
        }
        let name = &self.args.name;
        let old = IssuerArgs::named(name).open_named(self.store, &self.args.passphrase, self.now)?.issuer;
        let called = format!("{} by {name}", self.rotation.to);
        self.store.require_free(Shelf::Ca, &called)?;
        let end = (End::At(new.validity().not_after), false);
        let pointers = self.store.config().pointers(&directory_name(name)?);
        let (certificate, _) = certify_again(new, end, &old, pointers, &self.context.random, self.now)?;
        self.report.step(
            "sign",
            format!(
                "\"{}\" by \"{}\", for peers that trust only that one",
                escape(&self.rotation.to),
                escape(name)
            ),
        );
        Ok(Generation::cross_signed(&called, &certificate, (name, &old), self.now))
    }

    fn issue_from_new(&mut self) -> anyhow::Result<Option<Vec<String>>> {
        let to = self.to()?;
        self.require_list(&to)?;
        let new = to.open(&mut self.args.passphrase.opener(), self.now)?;
        let usual = self.store.config().validity.intermediate;
        let pointers = self.store.config().pointers(&directory_name(&self.rotation.to)?);
        let (mut sets, mut certified) = (Vec::new(), Vec::new());
        for (ca, lineage) in below(self.store, [&self.from, &to], self.now)? {
            if ca.above.first().is_some_and(|above| above.is_same_authority(&to.certificate)) {
                certified.push((ca.clone(), ca.certificate));
                continue;
            }
            let end = (end_as_before(&ca, usual, self.now)?, false);
            let random = &self.context.random;
            let (certificate, _) =
                certify_again(&ca.certificate, end, &new, pointers.clone(), random, self.now)?;
            let ends = tell(certificate.validity().not_after, self.now);
            self.report.step("sign", format!("\"{}\", with its key, until {ends}", escape(&ca.name)));
            let problem = || Error::PkiDamaged {
                path: ca.key.with_file_name("cert.pem"),
                problem: "it is on no record".into(),
            };
            let record = lineage.of_serial(&ca.certificate.serial_hex()).ok_or_else(problem)?;
            let key = ca.key_file()?;
            let by = Some((self.rotation.to.as_str(), &new));
            let set = Generation::renewed_authority(&ca.name, &certificate, key, by, record, self.now);
            sets.push((set, ca.clone()));
            certified.push((ca, certificate));
        }
        self.report.step(
            "issue",
            format!("from \"{}\", also where the old one is named", escape(&self.rotation.to)),
        );
        self.report.announce(self.args.output)?;
        let changed = self.converge()?;
        if !self.prove(&to, &certified, &[Side::Old, Side::New], None)? {
            return Ok(None);
        }
        if !self.args.dry_run {
            self.write(|work, writer| {
                let sets = sets.into_iter().map(|(set, ca)| set.keeping_list(&ca));
                let sets = sets.collect::<Result<Vec<_>, _>>()?;
                if !sets.is_empty() {
                    writer.commit(sets)?;
                }
                writer.set_phase(&work.rotation, work.now)?;
                Ok(Vec::new())
            })?;
        }
        self.report.dependent = self.dependent()?;
        Ok(Some(changed))
    }

    fn drop_old(&mut self) -> anyhow::Result<Option<Vec<String>>> {
        let to = self.to()?;
        self.require_list(&to)?;
        self.report.dependent = self.dependent()?;
        if self.from.is_root() {
            self.report.step("trust", "the new root alone in ca.pem of every certificate".into());
        }
        self.report.step(
            "keep",
            format!("the files of \"{}\", for its CRL and the record", escape(&self.args.name)),
        );
        self.report.announce(self.args.output)?;
        if self.before.as_ref().is_some_and(|rotation| rotation.phase < Phase::DropOld) {
            if !self.report.dependent.is_empty() && !self.args.force {
                return Ok(None);
            }
            let certified: Vec<_> = below(self.store, [&self.from, &to], self.now)?
                .into_iter()
                .map(|(ca, _)| (ca.clone(), ca.certificate))
                .collect();
            self.converge()?;
            let alone = self.from.is_root().then(|| self.from.certificate.clone());
            let whole = self.prove(&to, &certified, &[Side::Old, Side::New], None)?
                && self.prove(&to, &certified, &[Side::New], alone.as_ref())?;
            if !whole {
                return Ok(None);
            }
        }
        if self.args.dry_run {
            return Ok(Some(Vec::new()));
        }
        self.write(|work, writer| {
            writer.set_phase(&work.rotation, work.now)?;
            match work.from.is_root() {
                true => work.exchange(writer, std::slice::from_ref(&to.certificate)),
                false => Ok(Vec::new()),
            }
        })
        .map(Some)
    }

    /// What was issued while the first phase was under way by a command that had begun before.
    fn converge(&mut self) -> anyhow::Result<Vec<String>> {
        if !self.from.is_root() || self.args.dry_run {
            return Ok(Vec::new());
        }
        self.write(|work, writer| {
            work.exchange(writer, &[work.from.certificate.clone(), work.to()?.certificate])
        })
    }

    /// Peers that look into lists want one of the new CA from its first certificate on.
    fn require_list(&self, to: &Authority) -> Result<(), Error> {
        match self.from.crl().exists() {
            true => self.store.crl(to, self.now).map(drop),
            false => Ok(()),
        }
    }

    fn prove(
        &mut self,
        to: &Authority,
        certified: &[(Authority, Certificate)],
        sides: &[Side],
        without: Option<&Certificate>,
    ) -> anyhow::Result<bool> {
        let scene = Scene { store: self.store, from: &self.from, to, now: self.now };
        let leaves = scene.leaves()?;
        let mut anchors = scene.anchors(&leaves);
        for set in &mut anchors {
            set.retain(|one| without.is_none_or(|gone| !one.is_same_authority(gone)));
        }
        anchors.dedup();
        let clock = self.context.clock();
        let mut passed = true;
        for signers in scene.signers(certified, &leaves, &mut self.args.passphrase.opener())? {
            for anchors in &anchors {
                for row in prove(&signers, sides, anchors, &self.context.random, &clock)? {
                    passed &= row.passed;
                    self.report.proof.push(row);
                }
            }
        }
        Ok(passed)
    }

    /// Certificates in use that hang on the old CA. Revoked ones are nobody's concern.
    fn dependent(&self) -> Result<Vec<String>, Error> {
        let mut names = self.store.dependent_on(&self.from.certificate, self.now)?;
        let lineages = self.store.lineages(Shelf::Live, &names.iter().map(String::as_str).collect())?;
        names.retain(|name| lineages.get(name).is_none_or(|lineage| !lineage.is_revoked()));
        Ok(names)
    }

    fn to(&self) -> Result<Authority, Error> {
        self.store.authority(&self.rotation.to)
    }

    /// Writes under the lock, if nobody else went on with it meanwhile; what changed leaves somebody to be told.
    fn write(
        &self,
        work: impl FnOnce(&Self, &Writer<'_>) -> Result<Vec<String>, Error>,
    ) -> anyhow::Result<Vec<String>> {
        let changed = self.args.store.waiting(self.args.output, |wait| {
            let writer = self.store.write(wait)?;
            if self.store.rotations()?.from(&self.args.name) != self.before.as_ref() {
                let problem = "another pkit went on with this rollover just now: ask again how far it is";
                return Err(Error::Usage { problem: problem.into() });
            }
            work(self, &writer)
        })?;
        Ok(changed)
    }

    /// Has everyone trust these instead of the old root. Who is to be told of it is noted first, so that a crash in between
    /// leaves nobody with the old file.
    fn exchange(&self, writer: &Writer<'_>, wanted: &[Certificate]) -> Result<Vec<String>, Error> {
        let hooked = self.args.hook.read()?.is_some();
        writer.replace_anchors(&self.from.certificate, wanted, |names| {
            let untold = names.iter().filter(|_| hooked).map(|name| {
                let leaf = self.store.leaf(name)?;
                let serial = leaf.fullchain.first().map(Certificate::serial_hex).unwrap_or_default();
                Ok(Untold { name: name.clone(), serial })
            });
            match untold.collect::<Result<Vec<_>, Error>>()? {
                none if none.is_empty() => Ok(()),
                some => writer.note_untold(&some),
            }
        })
    }
}
