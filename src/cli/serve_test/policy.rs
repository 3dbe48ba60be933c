//! Options that say who is let in, and what is answered.

use std::path::Path;

use crate::{
    Error,
    fingerprint::{hex, unhex},
    name::escape,
    source,
    tls::serve::{Allow, Answer},
};

/// Names of which a client must have one.
#[derive(clap::Args, Clone)]
pub(super) struct AllowArgs {
    /// Let in only clients with this common name; of several --allow-… one has to match, others get 403
    #[arg(long, value_name = "NAME", help_heading = "Who is let in", value_parser = name())]
    allow_cn: Vec<String>,
    /// … with this DNS name, whatever its case
    #[arg(long, value_name = "NAME", help_heading = "Who is let in", value_parser = name())]
    allow_dns: Vec<String>,
    /// … with this URI: spiffe://example.org/service
    #[arg(long, value_name = "URI", help_heading = "Who is let in", value_parser = name())]
    allow_uri: Vec<String>,
    /// … with this organizational unit
    #[arg(long, value_name = "NAME", help_heading = "Who is let in", value_parser = name())]
    allow_ou: Vec<String>,
    /// … with this e-mail address
    #[arg(long, value_name = "ADDRESS", help_heading = "Who is let in", value_parser = name())]
    allow_email: Vec<String>,
    /// … of this SHA-256 fingerprint, in hexadecimal
    #[arg(long, value_name = "HEX", help_heading = "Who is let in")]
    allow_fingerprint: Vec<String>,
}

fn name() -> clap::builder::NonEmptyStringValueParser {
    clap::builder::NonEmptyStringValueParser::new()
}

impl AllowArgs {
    pub(super) fn read(&self) -> Result<Allow, Error> {
        let fingerprint = |text: &String| match unhex(text) {
            Some(octets) if octets.len() == 32 => Ok(hex(&octets)),
            _ => Err(Error::Usage {
                problem: format!("`{}` is no SHA-256 fingerprint in hexadecimal", escape(text)),
            }),
        };
        Ok(Allow {
            common_names: self.allow_cn.clone(),
            organizational_units: self.allow_ou.clone(),
            dns: self.allow_dns.clone(),
            uris: self.allow_uri.clone(),
            emails: self.allow_email.clone(),
            fingerprints: self.allow_fingerprint.iter().map(fingerprint).collect::<Result<_, _>>()?,
        })
    }
}

/// What requests get.
#[derive(clap::Args, Clone)]
pub(super) struct AnswerArgs {
    /// Answer with this status
    #[arg(long, value_name = "N", help_heading = "Answers", value_parser = clap::value_parser!(u16).range(200..600))]
    status: Option<u16>,
    /// Answer with this text, or what a file holds: @FILE; 64 KiB at most
    #[arg(long, value_name = "TEXT|@FILE", help_heading = "Answers")]
    body: Option<String>,
    /// Answer with the request as it came: method, target, headers, and a body of 64 KiB at most
    #[arg(long, help_heading = "Answers", conflicts_with = "body")]
    echo: bool,
}

/// As the server has it.
const MOST: u64 = 64 * 1024;

impl AnswerArgs {
    pub(super) fn read(&self) -> Result<Answer, Error> {
        let body = self.body.as_ref().map(|body| match body.strip_prefix('@') {
            Some(path) => source::read(Path::new(path), MOST),
            None => Ok(body.clone().into_bytes()),
        });
        Ok(Answer { status: self.status, body: body.transpose()?, echo: self.echo })
    }
}
