//! What stands in a page's place: a consent page, a wall against robots, a login page, the site's front page, an error page.
//!
//! In: the address asked and the one that answered; the text of the page. Out: the barrier, if there is one. A barrier
//! is told by the address that a redirect led to, else by what the page says where an article should be. Pages about
//! cookies and consent are articles too: of a page that calls itself one, or says a lot, more is asked before it is
//! taken for a barrier.

use std::fmt;

use depeche_feed::Wall;
use url::Url;

use super::MIN_PAGE_WORDS;
use crate::text::word_count;
use crate::urls;

/// What a consent page says in all its layers. Those that list their purposes have 400 to 900 words; with the names of all
/// partners they are longer, and so is a policy, which is no article either.
pub(super) const MAX_CONSENT_WORDS: usize = 1_500;

/// What a consent page says without its purposes; those of the French press stay under 350 words.
const MAX_SHORT_WORDS: usize = 400;

/// What every consent page speaks of, as it is written; a page that has none of these is not looked at closer.
const SUBJECTS: &[&str] = &[
    "ookie",
    "COOKIE",
    "traceur",
    "personnelles",
    "privée",
    "privacy",
    "personal data",
];

/// What a consent page speaks of, folded.
const CORE: &[&str] = &[
    "cookie",
    "traceur",
    "donnees personnelles",
    "vie privee",
    "consent",
    "partenaires",
    "publicites personnalisees",
    "publicite personnalisee",
    "publicites ciblees",
    "publicite ciblee",
    "contenu personnalise",
    "audience",
    "identifiants",
    "personal data",
    "privacy",
    "partners",
    "device",
    "vendors",
];

/// The words with which it speaks to its visitor, folded.
const ADDRESS: &[&str] = &[
    "vous", "votre", "vos", "nous", "notre", "nos", "je", "j", "we", "our", "you", "your", "us",
];

/// The share of such words in a text. Reports have under 2 %, interviews up to 4, consent pages of the press 6 to 14.
const ADDRESS_SHARE: f32 = 0.05;

/// How words on their buttons begin, folded.
const LABELS: &[&str] = &[
    "accept",
    "refus",
    "consen",
    "parametr",
    "personnalis",
    "preferences",
    "choix",
    "choisi",
    "acceder gratuitement",
    "d accord",
    "non merci",
    "ok pour moi",
    "continuer sans",
    "plus d options",
    "agree",
    "disagree",
    "i agree",
    "reject",
    "more options",
    "manage",
];

/// What is written on the buttons of consent pages, folded.
const BUTTONS: &[&str] = &[
    "continuer sans accepter",
    "accepter et fermer",
    "accepter et continuer",
    "accepter et acceder",
    "accepter les cookies",
    "accepter tous les cookies",
    "refuser les cookies",
    "refuser et s abonner",
    "tout accepter",
    "tout refuser",
    "gerer mes choix",
    "parametrer mes choix",
    "parametrer les cookies",
    "personnaliser mes choix",
];

/// What consent pages talk about, folded.
const TALK: &[&str] = &[
    "cookies",
    "traceurs",
    "nos partenaires",
    "votre consentement",
    "vos preferences",
    "donnees personnelles",
    "publicites personnalisees",
    "publicite personnalisee",
    "mesure d audience",
    "interet legitime",
    "stocker et ou acceder",
    "retirer votre consentement",
];

/// First labels of hosts that ask for consent in a publisher's place (`guce` is Yahoo's).
const CONSENT_HOSTS: &[&str] = &[
    "consent",
    "consentement",
    "cmp",
    "guce",
    "myprivacy",
    "privacy",
    "choix",
];

/// Path segments, or beginnings of them, that name a consent page.
const CONSENT_PATHS: &[&str] = &[
    "consent",
    "collectconsent",
    "choix-cookies",
    "cookie-wall",
    "cookiewall",
    "cookies-wall",
    "gestion-des-cookies",
    "gestion-cookies",
];

/// First labels of hosts, and path segments, that lead to a login.
const LOGIN: &[&str] = &[
    "login",
    "signin",
    "sign-in",
    "sso",
    "auth",
    "oauth",
    "connexion",
    "se-connecter",
    "identification",
    "authentification",
    "mon-compte",
    "moncompte",
];

/// What stands in a page's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Barrier {
    Consent,
    Robots(Wall),
    Login,
    FrontPage,
    /// The page says that there is none.
    Error,
}

impl fmt::Display for Barrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Consent => f.write_str("a page that asks for consent to cookies stands in its place"),
            Self::Robots(wall) => write!(f, "a wall against robots stands in its place ({})", wall.as_str()),
            Self::Login => f.write_str("a login page stands in its place"),
            Self::FrontPage => f.write_str("the site's front page stands in its place"),
            Self::Error => f.write_str("an error page stands in its place"),
        }
    }
}

/// What a redirect led to instead of the page that was asked.
pub(super) fn of_redirect(asked: &str, landed: &str) -> Option<Barrier> {
    let (asked, landed) = (Url::parse(asked).ok()?, Url::parse(landed).ok()?);
    let first_label = |url: &Url| {
        let label = url.domain()?.split('.').next()?;
        Some(label.to_ascii_lowercase())
    };
    let segments = |url: &Url| -> Vec<String> {
        url.path()
            .to_ascii_lowercase()
            .split('/')
            .map(str::to_owned)
            .collect()
    };
    let (label, before) = (first_label(&landed), first_label(&asked));
    let moved_to =
        |known: &[&str]| label != before && label.as_deref().is_some_and(|label| known.contains(&label));
    let before = segments(&asked);
    let new: Vec<String> = segments(&landed)
        .into_iter()
        .filter(|segment| !before.contains(segment))
        .collect();
    // The last segment is an article's words: `/tech/consentement-aux-cookies-la-cnil-sanctionne`.
    let named = |known: &[&str]| {
        new.iter().any(|segment| {
            let stem = segment.split('.').next().unwrap_or(segment);
            known.contains(&stem)
        })
    };
    if moved_to(CONSENT_HOSTS) || named(CONSENT_PATHS) {
        Some(Barrier::Consent)
    } else if moved_to(LOGIN) || named(LOGIN) {
        Some(Barrier::Login)
    } else if urls::is_front_page(landed.as_str()) && !urls::is_front_page(asked.as_str()) {
        Some(Barrier::FrontPage)
    } else {
        None
    }
}

/// What is known of a page's content.
#[derive(Debug, Clone, Copy)]
pub(super) struct Content<'a> {
    /// The document as it came.
    pub(super) html: &'a str,
    /// The main text, folded.
    pub(super) main: &'a str,
    /// All that stands in the element of the main text, folded: buttons too.
    pub(super) around: &'a str,
    /// All that the page shows, folded.
    pub(super) shown: &'a str,
    /// Lines of it, those at its foot left out, that say what buttons of consent pages say.
    pub(super) buttons: usize,
    /// Those of them that may belong to the main text: where the page marks an article, those that stand in its element. Beside
    /// it stand those of the site's banner.
    pub(super) buttons_of_text: usize,
    /// It calls itself an article.
    pub(super) is_article: bool,
    /// It asks for a password.
    pub(super) asks_password: bool,
}

/// Whether a text may be a consent page's at all.
pub(super) fn may_be_consent(text: &str) -> bool {
    SUBJECTS.iter().any(|subject| text.contains(subject))
}

/// Whether a short folded line has what a button of a consent page says.
pub(super) fn is_button(line: &str) -> bool {
    LABELS.iter().any(|label| {
        line.match_indices(label).any(|(at, _)| {
            line.get(..at)
                .is_some_and(|before| before.is_empty() || before.ends_with(' '))
        })
    })
}

/// Whether the folded text of a box with such buttons asks for consent: it speaks of cookies and their like, and to somebody.
pub(super) fn is_consent(text: &str) -> bool {
    let talk = TALK.iter().filter(|phrase| text.contains(**phrase)).count();
    talk >= 1 && asks_for_consent(text, text, 2, true)
}

/// Whether a folded text asks its reader for consent: it, or what stands around it, speaks of cookies and their like, and
/// it speaks to somebody. An article about them does the first only.
fn asks_for_consent(text: &str, around: &str, buttons: usize, is_article: bool) -> bool {
    let core = CORE.iter().filter(|word| around.contains(**word)).count();
    if core < 2 {
        return false;
    }
    let (mut words, mut address) = (0_usize, 0_usize);
    for word in text.split_whitespace() {
        words += 1;
        address += usize::from(ADDRESS.contains(&word));
    }
    let share = address as f32 / words.max(1) as f32;
    let buttons_asked = if is_article { 2 } else { 1 };
    share >= ADDRESS_SHARE && buttons >= buttons_asked
}

/// What the page shows instead of an article.
pub(super) fn of_content(content: Content<'_>) -> Option<Barrier> {
    let words = word_count(content.main);

    let count =
        |phrases: &[&str], text: &str| phrases.iter().filter(|phrase| text.contains(**phrase)).count();
    if words >= MIN_PAGE_WORDS {
        let (buttons, talk) = (count(BUTTONS, content.around), count(TALK, content.around));
        let shown = content.buttons_of_text;
        let is_consent = if content.is_article {
            buttons >= 2 && talk >= 3 && shown >= 1
        } else {
            shown >= 1 && ((buttons >= 1 && talk >= 2) || talk >= 5)
        };
        // Beside a short article stands the site's banner; the page is one where its text is about it too.
        let is_consent = (words <= MAX_SHORT_WORDS && is_consent && count(TALK, content.main) >= 1)
            || asks_for_consent(content.main, content.around, shown, content.is_article);
        return (words <= MAX_CONSENT_WORDS && is_consent).then_some(Barrier::Consent);
    }
    // Too few words for an article, so it is asked what else there is.
    if count(BUTTONS, content.shown) >= 1 && count(TALK, content.shown) >= 2 {
        return Some(Barrier::Consent);
    }
    if asks_for_consent(content.shown, content.shown, content.buttons, content.is_article) {
        return Some(Barrier::Consent);
    }
    match depeche_feed::wall(content.html) {
        Some(Wall::Consent) => Some(Barrier::Consent),
        // A login form has its captcha.
        Some(Wall::Captcha) | None if content.asks_password => Some(Barrier::Login),
        wall => wall.map(Barrier::Robots),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redirect_to_a_barrier_is_known_by_its_address() {
        let asked = "https://www.example.org/tech/consent-et-cookies-la-cnil-tranche-123456";
        for (landed, barrier) in [
            (
                "https://consent.example.org/v2/collect?sessionId=1",
                Some(Barrier::Consent),
            ),
            (
                "https://www.example.org/choix-cookies?back=%2Ftech",
                Some(Barrier::Consent),
            ),
            ("https://www.example.org/consent.html", Some(Barrier::Consent)),
            ("https://connexion.example.org/?retour=1", Some(Barrier::Login)),
            ("https://www.example.org/compte/login.php", Some(Barrier::Login)),
            ("https://www.example.org/", Some(Barrier::FrontPage)),
            (
                "https://m.example.org/tech/consent-et-cookies-la-cnil-tranche-123456",
                None,
            ),
            (
                "https://www.example.org/eco/consent-et-cookies-ce-qui-change",
                None,
            ),
            ("https://www.example.org/?p=12", None),
        ] {
            assert_eq!(of_redirect(asked, landed), barrier, "{landed}");
        }
        // What the link itself names was meant.
        assert_eq!(
            of_redirect("https://login.example.org/a", "https://login.example.org/b"),
            None
        );
    }
}
