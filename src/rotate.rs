//! Rolling a CA over to a new one without an outage: trust both, issue from the new, drop the old. Between the phases,
//! handshakes of all four pairings of old and new servers and clients prove that nobody will be refused.

mod proof;

use std::{path::PathBuf, sync::Arc};

use time::OffsetDateTime;

pub use proof::{Row, Side, prove};

use crate::{
    Error,
    cert::Certificate,
    crl::Lists,
    issue::{Kind, Request},
    issuer::Issuer,
    key::Opener,
    oid::{self, Oid},
    store::{Authority, Leaf, Lineage, Shelf, Store},
    validity::End,
};

/// What to call the CA that takes another's place: a number behind the name, as public CAs count their generations.
pub fn successor_name(name: &str) -> String {
    let counted = name.rsplit_once(" G").and_then(|(base, number)| Some((base, number.parse::<u32>().ok()?)));
    match counted {
        Some((base, number)) => format!("{base} G{}", number.saturating_add(1)),
        None => format!("{name} G2"),
    }
}

/// Asks for a CA with the limits of another, a name of its own, and a new key. Another name, because verifiers and revocation
/// lists know CAs by their names: two of one name and different keys are taken for each other.
///
/// # Errors
/// [`Error::SubjectInvalid`].
pub fn successor_request(old: &Authority, called: &str, end: End) -> Result<Request, Error> {
    let kind = if old.is_root() { Kind::Root } else { Kind::Intermediate };
    let mut request = Request::again(&old.certificate, kind, end);
    request.subject = request.subject.with(&Oid::from_content(oid::COMMON_NAME), &[called])?;
    request.key_id = None;
    Ok(request)
}

/// The CAs right below another that sign now: not ended, not revoked, not dropped for another, not those of the rollover.
///
/// # Errors
/// Those of reading the store.
pub fn below(
    store: &Store,
    pair: [&Authority; 2],
    now: OffsetDateTime,
) -> Result<Vec<(Authority, Lineage)>, Error> {
    let (mut found, dropped) = (Vec::new(), store.dropped()?);
    for ca in store.authorities()? {
        let of_pair = |one: &Certificate| pair.iter().any(|own| own.certificate.is_same_authority(one));
        if of_pair(&ca.certificate)
            || !ca.above.first().is_some_and(of_pair)
            || !ca.certificate.is_current(now)
            || dropped.iter().any(|gone| gone.is_same_authority(&ca.certificate))
        {
            continue;
        }
        let lineage = store.lineage(Shelf::Ca, &ca.name)?;
        if !lineage.is_revoked() {
            found.push((ca, lineage));
        }
    }
    Ok(found)
}

/// A CA that signs leaves as it stands below the old CA, and as it stands below the new one.
pub struct Signers {
    /// Below the old one, or it itself
    pub old: Issuer,
    /// Below the new one, or it itself
    pub new: Issuer,
    /// The lists of all CAs above both, where each has one: peers may ask for them
    pub crls: Option<Arc<Lists>>,
}

/// Everything a rollover is about: the CA that goes, the one that comes, those below them.
pub struct Scene<'a> {
    /// The PKI directory
    pub store: &'a Store,
    /// The CA that goes
    pub from: &'a Authority,
    /// The CA that comes
    pub to: &'a Authority,
    /// As of when
    pub now: OffsetDateTime,
}

impl Scene<'_> {
    /// The leaves that have to do with either CA.
    ///
    /// # Errors
    /// Those of reading them.
    pub fn leaves(&self) -> Result<Vec<Leaf>, Error> {
        let mut found = Vec::new();
        for name in self.store.names(Shelf::Live)? {
            let leaf = match self.store.leaf(&name) {
                Err(_) if matches!(self.store.current(Shelf::Live, &name), Ok(None)) => continue,
                other => other?,
            };
            let concerned = |one: &Certificate| {
                [self.from, self.to].iter().any(|ca| ca.certificate.is_same_authority(one))
            };
            if leaf.fullchain.iter().chain(&leaf.anchors).any(concerned) {
                found.push(leaf);
            }
        }
        Ok(found)
    }

    /// What peers trust, by their files: each set of trust anchors that there is, or what it will be where no leaf was
    /// issued yet.
    pub fn anchors(&self, leaves: &[Leaf]) -> Vec<Vec<Certificate>> {
        let mut sets: Vec<Vec<Certificate>> = Vec::new();
        for leaf in leaves {
            if !sets.contains(&leaf.anchors) {
                sets.push(leaf.anchors.clone());
            }
        }
        if sets.is_empty() {
            let root = |ca: &Authority| ca.above.last().unwrap_or(&ca.certificate).clone();
            let mut both = vec![root(self.from), root(self.to)];
            both.dedup();
            sets.push(both);
        }
        sets
    }

    /// The CAs that sign leaves, each below the old and below the new CA. `certified` holds the CAs below with the certificate
    /// that they have, or will have, from the new one. Those whose key is not here sign nothing here.
    ///
    /// # Errors
    /// Those of opening keys, and of [`Issuer::new`]; [`Error::CaKeyAbsent`] where nobody could sign.
    pub fn signers(
        &self,
        certified: &[(Authority, Certificate)],
        leaves: &[Leaf],
        opener: &mut Opener<'_>,
    ) -> Result<Vec<Signers>, Error> {
        let mut signers = Vec::new();
        let path = |ca: &Authority| -> Vec<Certificate> {
            std::iter::once(ca.certificate.clone()).chain(ca.above.iter().cloned()).collect()
        };
        for (ca, by_new) in certified.iter().filter(|(ca, _)| ca.key.exists()) {
            let by_old = |one: &Certificate| one.is_signed_by(self.from.certificate.public_key()).is_ok();
            let Some(by_old) = ca.certificates().into_iter().rev().find(by_old) else { continue };
            let open = ca.open(opener, self.now)?;
            let old = open.by(by_old, &path(self.from), self.now)?;
            signers.push(self.pair(old, open.by(by_new.clone(), &path(self.to), self.now)?)?);
        }
        let direct = |leaf: &Leaf| {
            let signed = |one: &Certificate| one.is_signed_by(self.from.certificate.public_key()).is_ok();
            leaf.fullchain.first().is_some_and(signed)
        };
        if signers.is_empty() || !self.from.is_root() || leaves.iter().any(direct) {
            let old = self.from.open(opener, self.now)?;
            signers.push(self.pair(old, self.to.open(opener, self.now)?)?);
        }
        Ok(signers)
    }

    /// Both with the cross-certificates that their leaves carry, and with the lists of the CAs above.
    fn pair(&self, old: Issuer, new: Issuer) -> Result<Signers, Error> {
        let all = self.store.authorities()?;
        let mut lists: Option<Vec<PathBuf>> = Some(Vec::new());
        for above in old.path().iter().chain(new.path()) {
            let mut here =
                all.iter().filter(|ca| ca.certificate.is_same_authority(above)).map(Authority::crl);
            match (here.find(|list| list.exists()), &mut lists) {
                (Some(list), Some(lists)) => lists.push(list),
                _ => lists = None,
            }
        }
        let crls = lists.map(|files| Lists::load(&files, |_, _| {})).transpose()?.map(Arc::new);
        let sent_along = |issuer: Issuer| {
            let cross = Store::cross_certificates(&issuer, &all, self.now);
            issuer.with_cross(cross)
        };
        Ok(Signers { old: sent_along(old), new: sent_along(new), crls })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_count_on() {
        let next = ["Acme Root", "Acme Root G2", "x G9", "Big G", "G7"].map(successor_name);
        assert_eq!(next, ["Acme Root G2", "Acme Root G3", "x G10", "Big G G2", "G7 G2"]);
    }
}
