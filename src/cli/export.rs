//! `pkit export`: what is in the PKI directory, or in files, in the form that another program wants.

mod authority;
mod delivery;
mod input;
mod manifest;
mod owner;
mod p12;
mod target;

use std::{net::IpAddr, path::PathBuf};

use clap::builder::PossibleValue;

use super::{
    Context, Exit, OutputArgs, PkiArgs, exit,
    identity::KeyPairArgs,
    passphrase::{ExportPasswordArgs, PassphraseArgs},
};
use crate::{export::Target, name::San, pkcs12::Compat};

#[derive(clap::Args)]
#[command(after_help = exit::help("  pkit export api.internal --for nginx --out /etc/nginx/tls > tls.conf
  pkit export db.internal --for postgres --out /etc/postgresql/tls --owner postgres --client app
  pkit export service-a --for curl --host api.internal --port 443
  pkit export api.internal --to p12 -o api.p12
  PKIT_EXPORT_PASSWORD=changeit pkit export api.internal --to p12 --compat legacy --alias server
  pkit export --cert fullchain.pem --key privkey.pem --roots ca.pem --for haproxy --out haproxy
  pkit export api.internal --to k8s-tls --namespace shop -o - | kubectl apply -f -
  pkit export issuing --to cert-manager-ca --with-ca-key -o issuing.yaml

--for writes the files that a program wants, in its order and format, and prints the lines of its
configuration on standard output; what was made, and the line of a client that is let in, go to
standard error. cert-manager-ca, istio, linkerd and vault hand over a CA with its key."))]
#[command(group = clap::ArgGroup::new("form").required(true).args(["to", "program"]))]
pub(super) struct Args {
    /// The certificate in the PKI directory; the CA, for what hands over a CA
    #[arg(value_name = "NAME", required_unless_present = "cert", conflicts_with = "cert")]
    name: Option<String>,
    /// What to make
    #[arg(long, value_name = "FORM")]
    to: Option<Form>,
    /// For which program
    #[arg(long = "for", id = "program", value_name = "PROGRAM", value_parser = programs())]
    program: Option<String>,
    /// Which programs are to read PKCS#12
    #[arg(long, value_name = "PROGRAMS", default_value = "modern")]
    compat: Compat,
    #[command(flatten)]
    pair: KeyPairArgs,
    /// The roots that peers trust, with --cert
    #[arg(long, value_name = "FILE", num_args = 1.., requires = "cert")]
    roots: Vec<PathBuf>,
    /// The name under which programs show the key in PKCS#12, where it is not NAME
    #[arg(long, visible_alias = "alias", value_name = "NAME")]
    friendly_name: Option<String>,
    /// Where to write: a directory, or a file where the form is one, and then `-` is standard output [default: by NAME]
    #[arg(short, long, value_name = "PATH")]
    out: Option<PathBuf>,
    /// Replace the files where there are any
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    place: PlaceArgs,
    #[command(flatten)]
    owner: owner::OwnerArgs,
    /// The namespace in a Kubernetes manifest
    #[arg(long, value_name = "NAMESPACE", help_heading = "Kubernetes")]
    namespace: Option<String>,
    /// The name of what a Kubernetes manifest makes [default: from NAME]
    #[arg(long, value_name = "NAME", help_heading = "Kubernetes")]
    secret_name: Option<String>,
    /// Hand out the CA's private key, about which a warning comes whatever --quiet says
    #[arg(long)]
    with_ca_key: bool,
    #[command(flatten)]
    password: ExportPasswordArgs,
    #[command(flatten)]
    passphrase: PassphraseArgs,
    #[command(flatten)]
    pki: PkiArgs,
    #[command(flatten)]
    output: OutputArgs,
}

const LINES: &str = "Lines of configuration";

/// What stands in the lines of configuration.
#[derive(clap::Args)]
struct PlaceArgs {
    /// Where the files will be on the machine that uses them [default: where they are written]
    #[arg(long, help_heading = LINES, value_name = "DIR")]
    path: Option<PathBuf>,
    /// The server's name or address [default: the first in its certificate; for clients localhost]
    #[arg(long, help_heading = LINES, value_name = "HOST")]
    host: Option<San>,
    /// The address that the server binds
    #[arg(long, help_heading = LINES, value_name = "ADDRESS", default_value = "0.0.0.0")]
    listen: IpAddr,
    /// Its port [default: that of the program]
    #[arg(long, help_heading = LINES, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    port: Option<u16>,
    /// Be the client, with a certificate that is for both sides
    #[arg(long, help_heading = LINES)]
    as_client: bool,
    /// The client in the PKI directory that the client's line is for [default: files in ./client]
    #[arg(long, help_heading = LINES, value_name = "NAME")]
    client: Option<String>,
}

/// What can be made.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Form {
    /// PKCS#12 with the key, the certificate and the chain: for Java, Windows, browsers, Keychain
    P12,
    /// PKCS#12 with the roots to trust
    Truststore,
    /// A directory with every part in a file of its own
    Pem,
    /// One file with certificate, intermediates and key
    Combined,
    /// A directory as the Docker daemon, or a registry's client, wants it
    DockerDir,
    /// A Kubernetes Secret of the type kubernetes.io/tls
    K8sTls,
    /// A Kubernetes ConfigMap with the roots to trust; with --with-ca-key a Secret with the CA too
    K8sCa,
    /// The CA for cert-manager: a Secret and a ClusterIssuer, or with --namespace an Issuer
    CertManagerCa,
    /// The CA for Istio: the files of the Secret `cacerts`
    Istio,
    /// The CA for Linkerd: trust anchor and issuer
    Linkerd,
    /// The CA for Vault or OpenBao: pem_bundle
    Vault,
}

/// The names that `--for` takes.
fn programs() -> clap::builder::PossibleValuesParser {
    let named = Target::all().iter().filter(|target| target.name != "pem");
    named.map(|target| PossibleValue::new(target.name).help(target.about)).collect::<Vec<_>>().into()
}

pub(super) fn run(args: Args, context: &Context) -> anyhow::Result<Exit> {
    let Some(form) = args.to else {
        return target::run(&args, args.program.as_deref().unwrap_or_default(), context);
    };
    match form {
        Form::P12 => p12::keystore(&args, context),
        Form::Truststore => p12::truststore(&args, context),
        Form::Pem => target::run(&args, "pem", context),
        Form::DockerDir => target::run(&args, "docker", context),
        Form::Combined => target::combined(&args),
        Form::K8sTls => manifest::tls_secret(&args),
        Form::K8sCa if !args.with_ca_key => manifest::config_map(&args),
        Form::K8sCa | Form::CertManagerCa | Form::Istio | Form::Linkerd | Form::Vault => {
            authority::run(&args, form)
        }
    }
}
