//! Certifying a CA again: the same name, key and limits, so that everything it signed stays good.

use time::{Duration, OffsetDateTime};

use ring::rand::SecureRandom;

use crate::{
    Error,
    cert::Certificate,
    issue::{Kind, Notice, Pointers, Request, plan},
    issuer::Issuer,
    store::Authority,
    validity::{End, Span},
};

/// An end as long from now as before; of a CA that was cut short by the end of one above, at least as long as new ones last.
///
/// # Errors
/// [`Error::DurationInvalid`].
pub fn end_as_before(old: &Authority, usual: Span, now: OffsetDateTime) -> Result<End, Error> {
    let validity = old.certificate.validity();
    // It begins a minute before now.
    let now = now.replace_nanosecond(0).unwrap_or(now);
    let end = now - Duration::MINUTE + (validity.not_after - validity.not_before);
    let cut_short = old.above.iter().any(|above| above.validity().not_after == validity.not_after);
    Ok(End::At(if cut_short { end.max(usual.after(now)?) } else { end }))
}

/// Signs an intermediate CA again. Where another CA signs it than before, it points to what is said of that one.
///
/// # Errors
/// Those of [`plan`] and of signing.
pub fn certify_again(
    old: &Certificate,
    end: (End, bool),
    issuer: &Issuer,
    pointers: Pointers,
    random: &dyn SecureRandom,
    now: OffsetDateTime,
) -> Result<(Certificate, Vec<Notice>), Error> {
    let mut request = Request::again(old, Kind::Intermediate, end.0);
    request.end_is_explicit = end.1;
    let another = !issuer.certificate().subject().same(old.issuer());
    let lost = another && request.by_another_issuer(pointers);
    let mut plan = plan(request, Some(issuer), now)?;
    let certificate = plan.sign(old.public_key(), issuer, random)?;
    // What held before is no news.
    plan.notices.retain(|notice| matches!(notice, Notice::Clamped { .. }));
    plan.notices.extend(lost.then_some(Notice::PointersLeftOut));
    Ok((certificate, plan.notices))
}
