//! The comparing key: the comparing form with hosts as people write them.

use std::borrow::Cow;

use depeche_model::comparing_form;

use super::canonical::canonical;

/// What begins an internationalised label in its encoded form (RFC 5891 §4.4).
const ENCODED_LABEL: &str = "xn--";

/// What two addresses of one article have in common: the [comparing form](comparing_form) of the canonical one, with the host as
/// people write it (`évènement.fr/a`). It is for comparing, not for fetching. An address that is none of HTTP is its own key.
#[must_use]
pub fn key(written: &str) -> String {
    let form = comparing_form(&canonical(written));
    let end = form.find(['/', '?', '#', ':']).unwrap_or(form.len());
    let (host, rest) = form.split_at_checked(end).unwrap_or((&form, ""));
    let host = if host.contains(ENCODED_LABEL) {
        Cow::Owned(idna::domain_to_unicode(host).0)
    } else {
        Cow::Borrowed(host)
    };
    format!("{host}{rest}")
}
