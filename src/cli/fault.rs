//! `serve-test --fault`: a server that is bad on purpose, to see that a client refuses it.

use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use serde::Serialize;

use super::{
    Context, PkiArgs,
    audit::{revoked_by, signer_of},
    passphrase::PassphraseArgs,
};
use crate::{
    Error,
    profile::Profile,
    store::Store,
    tls::{Identity, serve::Stopper},
    twin::{Attempt, Fault, Twin, Twins},
};

/// How long such a server runs: no certificate like this lasts longer than an hour.
const LIFETIME: Duration = Duration::from_secs(55 * 60);

#[derive(clap::Args)]
pub(crate) struct FaultArgs {
    /// Be bad on purpose: show a certificate like NAME's that is wrong in this way, made for this from its CA; for 55 minutes
    #[arg(long, value_name = "FAULT", requires = "name", conflicts_with_all = ["cert", "reload"], value_parser = faults(), help_heading = "Fault")]
    fault: Option<Fault>,
    /// For `--fault revoked`: the serial number, in hexadecimal, of a certificate that the CA has revoked; else one of its CRL
    #[arg(long, value_name = "HEX", requires = "fault", help_heading = "Fault")]
    revoked_serial: Option<String>,
}

/// By their names.
fn faults() -> impl TypedValueParser<Value = Fault> {
    let known = Fault::OF_SERVERS;
    PossibleValuesParser::new(known.map(Fault::code))
        // The parser lets nothing else through.
        .map(move |name| known.into_iter().find(|fault| fault.code() == name).unwrap_or(Fault::Expired))
}

/// What is served instead of NAME's certificate.
pub(crate) struct Faulty {
    pub(crate) identity: Identity,
    pub(crate) facts: Facts,
}

/// What is told of it.
#[derive(Clone, Serialize)]
pub(crate) struct Facts {
    fault: Fault,
    /// Of the certificates that NAME's CA signed for it
    serials: Vec<String>,
}

impl FaultArgs {
    /// Makes the certificate, where one was asked for.
    pub(crate) fn make(
        &self,
        name: Option<&str>,
        pki: &PkiArgs,
        passphrase: &PassphraseArgs,
        context: &Context,
    ) -> Result<Option<Faulty>, Error> {
        let (Some(fault), Some(name)) = (self.fault, name) else { return Ok(None) };
        let now = context.now();
        let store = Store::open(&pki.pki)?;
        let leaf = store.leaf(name)?;
        let Some(certificate) = leaf.fullchain.first() else {
            return Err(Error::LeafMissing { key: None, key_id: None });
        };
        let signer = signer_of(certificate, &store, passphrase, now)?;
        let revoked = revoked_by(&signer, &store, self.revoked_serial.as_deref(), &[])?;
        let twins = Twins::of(certificate, Profile::Server, &signer.issuer, &context.random, now)?;
        match twins.revoking(revoked).wrong(fault)? {
            Attempt::Made(Twin { identity, serials }) => {
                Ok(Some(Faulty { identity, facts: Facts { fault, serials } }))
            }
            Attempt::NotMade(why) => {
                Err(Error::Usage { problem: format!("there is no --fault {fault} for {name}: {why}") })
            }
        }
    }
}

impl Faulty {
    /// Ends the server before the certificate does.
    pub(crate) fn limit(&self, stopper: Stopper) {
        std::thread::spawn(move || {
            std::thread::sleep(LIFETIME);
            stopper.stop();
        });
    }
}

impl Facts {
    /// The line that says what this is.
    pub(crate) fn line(&self) -> String {
        let serials = match self.serials.as_slice() {
            [] => "signed by no CA of yours".to_owned(),
            serials => format!("serial {}", serials.join(", ")),
        };
        let minutes = LIFETIME.as_secs() / 60;
        format!(
            "BAD ON PURPOSE: the certificate is one {} ({}), {serials}; this ends in {minutes} minutes\n",
            self.fault.title(),
            self.fault
        )
    }
}
