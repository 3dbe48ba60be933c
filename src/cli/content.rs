//! Options that say what a new certificate holds: subject, validity, and what any kind of certificate can carry.

use time::OffsetDateTime;

use crate::{
    Error,
    batch::Row,
    issue::{Custom, Kind, Pointers, Policy, Request, pointer},
    name::Name,
    oid::Oid,
    store::Config,
    validity::{End, parse_moment},
};

/// Subject, validity and extensions of a new certificate.
#[derive(clap::Args, Clone)]
pub(crate) struct ContentArgs {
    #[command(flatten)]
    subject: SubjectArgs,
    #[command(flatten)]
    validity: ValidityArgs,
    #[command(flatten)]
    extensions: ExtensionArgs,
}

/// The subject. Options for single fields replace what --subject or pkit.toml say of the same field.
#[derive(clap::Args, Clone, Default)]
pub(crate) struct SubjectArgs {
    /// The whole subject: "C=US,O=Acme,CN=api", in RFC 4514's order too, or "/C=US/O=Acme/CN=api"
    #[arg(long, value_name = "DN", help_heading = "Subject")]
    pub(crate) subject: Option<String>,
    /// The common name, where it is not to be NAME; empty for none
    #[arg(long, value_name = "NAME", alias = "common-name", help_heading = "Subject")]
    cn: Option<String>,
    /// The organization
    #[arg(long, value_name = "NAME", alias = "organization", help_heading = "Subject")]
    org: Option<String>,
    /// An organizational unit; more than one may be given
    #[arg(long, value_name = "NAME", alias = "organizational-unit", help_heading = "Subject")]
    ou: Vec<String>,
    /// The country, in two letters
    #[arg(long, value_name = "CODE", help_heading = "Subject")]
    country: Option<String>,
    /// The state or province
    #[arg(long, value_name = "NAME", alias = "province", help_heading = "Subject")]
    state: Option<String>,
    /// The city
    #[arg(long, value_name = "NAME", alias = "city", help_heading = "Subject")]
    locality: Option<String>,
}

/// The validity.
#[derive(clap::Args, Clone)]
pub(crate) struct ValidityArgs {
    /// How long it is valid: a duration (90d, 1y6mo) or an RFC 3339 time
    #[arg(long, value_name = "DURATION|TIME", help_heading = "Validity")]
    pub(crate) validity: Option<String>,
    /// When it begins: an RFC 3339 time, or -1h for an hour ago; a minute ago by default
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, help_heading = "Validity")]
    not_before: Option<String>,
    /// When it ends: an RFC 3339 time, or 90d for in 90 days
    #[arg(
        long,
        value_name = "TIME",
        allow_hyphen_values = true,
        conflicts_with = "validity",
        help_heading = "Validity"
    )]
    not_after: Option<String>,
    /// Allow a certificate that has expired or is not valid yet, to test what refuses it
    #[arg(long, help_heading = "Validity")]
    for_testing: bool,
}

/// Extensions of any kind of certificate.
#[derive(clap::Args, Clone, Default)]
pub(crate) struct ExtensionArgs {
    /// Where the CRL of the issuer is
    #[arg(long, value_name = "URL", help_heading = "Extensions")]
    crl_url: Vec<String>,
    /// Where the certificate of the issuer is (AIA caIssuers)
    #[arg(long, value_name = "URL", help_heading = "Extensions")]
    issuer_url: Vec<String>,
    /// Where the OCSP responder of the issuer is (AIA)
    #[arg(long, value_name = "URL", help_heading = "Extensions")]
    ocsp_url: Vec<String>,
    /// A certificate policy, with the URL of its practice statement if there is one
    #[arg(long, value_name = "OID[=URL]", help_heading = "Extensions")]
    policy: Vec<String>,
    /// Any other extension, as DER: 1.3.6.1.4.1.99999.1=critical,hex:0c0161
    #[arg(long, value_name = "OID=[critical,]hex:DER", help_heading = "Extensions")]
    extension: Vec<String>,
}

impl ContentArgs {
    /// The same for one row of a batch: what the row says wins, and `{name}` in a subject is its name.
    pub(crate) fn for_row(&self, row: &Row) -> Self {
        let mut content = self.clone();
        let SubjectArgs { subject, cn, .. } = &mut content.subject;
        if let Some(text) = row.subject.as_ref().or(subject.as_ref()) {
            // Escaped as the form has it, so that a name is a value and no further attribute.
            let special = if text.trim_start().starts_with('/') { "/+\\" } else { ",+\"\\<>;=#" };
            let escape = |c: char| if special.contains(c) { format!("\\{c}") } else { c.to_string() };
            *subject = Some(text.replace("{name}", &row.name.chars().map(escape).collect::<String>()));
        }
        *cn = cn.take().map(|cn| cn.replace("{name}", &row.name));
        if row.validity.is_some() {
            content.validity.not_after = None;
            content.validity.validity.clone_from(&row.validity);
        }
        content
    }

    /// The request for a certificate of this kind and name. The name becomes the common name where none is stated; one
    /// that is too long for that is left out where `optional`. `issuer` is the directory name of the CA in the PKI
    /// directory, for the URLs of pkit.toml.
    pub(crate) fn request(
        &self,
        kind: Kind,
        name: &str,
        optional: bool,
        config: &Config,
        issuer: Option<&str>,
        now: OffsetDateTime,
    ) -> Result<Request, Error> {
        let subject = self.subject.name(name, optional, config)?;
        self.of_subject(kind, subject, config, issuer, now)
    }

    /// As [`ContentArgs::request`], where another program asks for a subject: that one, but for what is stated here.
    pub(crate) fn request_for(
        &self,
        kind: Kind,
        asked: &Name,
        config: &Config,
        issuer: Option<&str>,
        now: OffsetDateTime,
    ) -> Result<Request, Error> {
        let default = if asked.is_empty() { config.subject.as_ref() } else { Some(asked) };
        self.of_subject(kind, self.subject.over(default)?, config, issuer, now)
    }

    fn of_subject(
        &self,
        kind: Kind,
        subject: Name,
        config: &Config,
        issuer: Option<&str>,
        now: OffsetDateTime,
    ) -> Result<Request, Error> {
        let default = match kind {
            Kind::Root => config.validity.root,
            Kind::Intermediate => config.validity.intermediate,
            Kind::Leaf(_) => config.validity.leaf,
        };
        let mut request = Request::new(kind, subject, End::After(default));
        self.validity.apply(&mut request, End::After(default), now)?;
        self.extensions
            .apply(&mut request, issuer.map(|issuer| config.pointers(issuer)).unwrap_or_default())?;
        Ok(request)
    }
}

impl SubjectArgs {
    /// The whole subject; see [`ContentArgs::request`].
    pub(crate) fn name(&self, name: &str, optional: bool, config: &Config) -> Result<Name, Error> {
        let base = self.base(config)?;
        match &self.cn {
            Some(_) => Ok(base),
            None => crate::issue::subject(base, name, optional),
        }
    }

    /// All but the common name that follows from the certificate's name.
    pub(crate) fn base(&self, config: &Config) -> Result<Name, Error> {
        self.over(config.subject.as_ref())
    }

    /// What is stated here, over a subject that comes from elsewhere.
    fn over(&self, default: Option<&Name>) -> Result<Name, Error> {
        let base = match (&self.subject, default) {
            (Some(text), _) => text.parse()?,
            (None, Some(base)) => base.clone(),
            (None, None) => Name::empty(),
        };
        let single = |value: &Option<String>| value.clone().map(|value| vec![value]);
        let fields = [
            ("C", single(&self.country)),
            ("ST", single(&self.state)),
            ("L", single(&self.locality)),
            ("O", single(&self.org)),
            ("OU", (!self.ou.is_empty()).then(|| self.ou.clone())),
            ("CN", self.cn.clone().map(|cn| if cn.is_empty() { vec![] } else { vec![cn] })),
        ];
        fields.into_iter().try_fold(base, |base, (kind, values)| match (kind.parse::<Oid>(), values) {
            (Ok(kind), Some(values)) => base.with(&kind, &values),
            _ => Ok(base),
        })
    }
}

impl ValidityArgs {
    pub(crate) fn apply(
        &self,
        request: &mut Request,
        default: End,
        now: OffsetDateTime,
    ) -> Result<(), Error> {
        request.for_testing = self.for_testing;
        request.begin = self.not_before.as_ref().map(|text| parse_moment(text, now)).transpose()?;
        request.end_is_explicit = self.validity.is_some() || self.not_after.is_some();
        request.end = match (&self.validity, &self.not_after) {
            (Some(text), _) => text.parse()?,
            (None, Some(text)) => End::At(parse_moment(text, now)?),
            (None, None) => default,
        };
        Ok(())
    }
}

impl ExtensionArgs {
    pub(crate) fn apply(&self, request: &mut Request, defaults: Pointers) -> Result<(), Error> {
        let urls = |given: &[String], default: Vec<String>| match given {
            [] => Ok(default),
            given => given.iter().map(|url| pointer(url)).collect::<Result<Vec<_>, _>>(),
        };
        request.pointers = Pointers {
            crl: urls(&self.crl_url, defaults.crl)?,
            issuer: urls(&self.issuer_url, defaults.issuer)?,
            ocsp: urls(&self.ocsp_url, defaults.ocsp)?,
        };
        request.policies = self.policy.iter().map(|text| text.parse()).collect::<Result<Vec<Policy>, _>>()?;
        request.extensions =
            self.extension.iter().map(|text| text.parse()).collect::<Result<Vec<Custom>, _>>()?;
        Ok(())
    }
}
