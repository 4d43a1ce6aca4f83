//! Pages that say that there is no page, in an answer that says that there is.
//!
//! In: what a page calls itself, and its main text. Out: whether it is an error page, of the site or of its server. A title that
//! says nothing else tells it; without one, a short text that speaks of the page asked for. Articles about errors say more: "Erreur
//! 404 : comment les sites soignent leurs pages perdues".

use crate::text::{fold, word_count};

/// Words of a page that is asked: beside an error's title stand advice and teasers. Error pages of the press stay under 150.
pub(super) const MAX_WORDS: usize = 200;

/// Words of a text that tells it alone.
const MAX_TEXT_WORDS: usize = 90;

/// Words of a title that says nothing but the error.
const MAX_TITLE_WORDS: usize = 14;

/// What such titles are made of, folded; the longer of those that begin alike first.
const TITLES: &[&str] = &[
    "page non trouvee",
    "page introuvable",
    "page inexistante",
    "page inconnue",
    "page indisponible",
    "page supprimee",
    "page not found",
    "pagina no encontrada",
    "seite nicht gefunden",
    "article introuvable",
    "article non trouve",
    "article indisponible",
    "article supprime",
    "contenu introuvable",
    "contenu non trouve",
    "contenu indisponible",
    "document introuvable",
    "cette page n existe pas",
    "cette page n existe plus",
    "cette page est introuvable",
    "cette page n est plus disponible",
    "cette page n est pas disponible",
    "la page n existe pas",
    "la page demandee n existe pas",
    "la page demandee est introuvable",
    "la page que vous cherchez n existe pas",
    "la page que vous recherchez n existe pas",
    "la page que vous cherchez est introuvable",
    "la page que vous recherchez est introuvable",
    "nous n avons pas trouve cette page",
    "service temporairement indisponible",
    "service indisponible",
    "site temporairement indisponible",
    "site indisponible",
    "site en maintenance",
    "site en cours de maintenance",
    "maintenance en cours",
    "acces refuse",
    "acces interdit",
    "access denied",
    "not found",
    "forbidden",
    "bad gateway",
    "bad request",
    "gateway timeout",
    "gateway time out",
    "service unavailable",
    "service temporarily unavailable",
    "internal server error",
    "server error",
    "erreur interne du serveur",
    "erreur serveur",
    "erreur interne",
    "une erreur est survenue",
    "une erreur s est produite",
    "erreur",
    "error",
    "oups",
    "oops",
    "desole",
    "desoles",
    "http",
    "status",
    "code",
    "nginx",
];

/// The numbers of errors that servers answer with.
const CODES: &[&str] = &[
    "400", "401", "403", "404", "410", "429", "500", "502", "503", "504",
];

/// Of these, an error's title has more than one; alone they could head anything.
const WEAK: &[&str] = &[
    "erreur", "error", "oups", "oops", "desole", "desoles", "http", "status", "code", "nginx",
];

/// What a text says of the page that was asked for, folded.
const TEXTS: &[&str] = &[
    "la page que vous cherchez",
    "la page que vous recherchez",
    "la page que vous demandez",
    "la page que vous avez demandee",
    "la page que vous souhaitez consulter",
    "la page que vous tentez",
    "la page que vous essayez",
    "la page demandee",
    "la page recherchee",
    "cette page n existe pas",
    "cette page n existe plus",
    "cette page est introuvable",
    "cette page n est plus disponible",
    "l article que vous recherchez n",
    "l article que vous cherchez n",
    "l article demande n",
    "le contenu que vous recherchez n",
    "le contenu demande n",
    "l adresse que vous avez saisie",
    "l url que vous avez saisie",
    "l url demandee",
    "l adresse demandee",
    "the page you requested",
    "the page you are looking for",
    "the requested url",
    "was not found on this server",
    "this page could not be found",
    "erreur 404",
    "error 404",
    "404 not found",
    "404 page",
];

/// Whether a page is an error page: by what it calls itself (`titles`, the site's name among them or not), or by its main text,
/// folded and of [`MAX_WORDS`] at the most. A page that calls itself an article is believed where it says something.
pub(super) fn is_error(
    titles: &[Option<&str>],
    site_name: Option<&str>,
    text: &str,
    is_article: bool,
) -> bool {
    let words = word_count(text);
    let site = fold(site_name.unwrap_or_default());
    let says_so = titles
        .iter()
        .flatten()
        .any(|title| is_error_title(&fold(title), &site));
    // "Accès interdit" is also the title of a film, of which a review says more.
    (says_so && (!is_article || words <= MAX_TEXT_WORDS))
        || (!is_article
            && words <= MAX_TEXT_WORDS
            && TEXTS.iter().any(|phrase| {
                text.match_indices(phrase).any(|(at, _)| {
                    text.get(..at)
                        .is_some_and(|before| before.is_empty() || before.ends_with(' '))
                })
            }))
}

/// Whether a folded title is words of an error's, a number of one, and the site's name, and nothing else.
fn is_error_title(title: &str, site: &str) -> bool {
    if word_count(title) > MAX_TITLE_WORDS {
        return false;
    }
    let (mut rest, mut strong, mut weak) = (title, false, 0);
    while !rest.is_empty() {
        let known = TITLES
            .iter()
            .chain(CODES)
            .copied()
            .chain((!site.is_empty()).then_some(site))
            .find_map(|known| {
                let behind = rest.strip_prefix(known)?;
                (behind.is_empty() || behind.starts_with(' ')).then_some((known, behind))
            });
        let Some((known, behind)) = known else {
            // What follows the error may be the name of the site, which not all pages tell elsewhere.
            return strong && !site_follows_prose(rest);
        };
        if WEAK.contains(&known) || CODES.contains(&known) {
            weak += 1;
        } else if known != site {
            strong = true;
        }
        rest = behind.trim_start();
    }
    // "404" by itself, "Erreur 404", and not "Erreur" or "500".
    strong || weak >= 2 || title == "404"
}

/// Words behind an error that may be a site's name at most.
const MAX_SITE_WORDS: usize = 3;

/// Whether what is left of a title is more than a name.
fn site_follows_prose(rest: &str) -> bool {
    word_count(rest) > MAX_SITE_WORDS
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(title: &str, text: &str) -> bool {
        is_error(&[Some(title)], Some("Le Courrier"), &fold(text), false)
    }

    #[test]
    fn a_page_that_says_there_is_none_is_told() {
        for (title, text) in [
            ("404", "Retour à l’accueil"),
            ("Erreur 404", ""),
            (
                "Erreur 404 - Page introuvable | Le Courrier",
                "Vous pouvez utiliser la recherche.",
            ),
            (
                "Page non trouvée – Le Courrier",
                "Oups ! Il semble que rien n’ait été trouvé à cet endroit.",
            ),
            ("Page non trouvée - Le Quotidien", "Les plus lus"),
            ("404 Not Found", "nginx"),
            (
                "503 Service Unavailable",
                "The server is temporarily unable to service your request.",
            ),
            (
                "Le Courrier",
                "La page que vous recherchez n’existe pas ou a été déplacée. Retournez à l’accueil.",
            ),
            ("", "Oups ! Cette page n’existe plus. Voici les articles du jour."),
            ("Site en maintenance", "Nous revenons vite."),
        ] {
            assert!(told(title, text), "{title}: {text}");
        }
        let review = fold(&"Le film suit un gardien de phare. ".repeat(20));
        assert!(!is_error(&[Some("Accès interdit")], None, &review, true));
        let long = "Le pont de la scierie a rouvert lundi matin. ".repeat(12);
        for (title, text) in [
            (
                "Erreur 404 : comment les sites soignent leurs pages perdues",
                "Le web perd la mémoire.",
            ),
            ("Erreur", "Le juge a reconnu son erreur, dit l’avocat."),
            ("500", "Ils étaient cinq cents à défiler."),
            (
                "Accès refusé aux migrants dans le port de Calais",
                "Le bateau a fait demi-tour.",
            ),
            (
                "Service indisponible depuis lundi à la préfecture de Rennes",
                "Les usagers attendent.",
            ),
            ("Le pont rouvre", "Le pont de la scierie a rouvert lundi matin."),
            ("", &format!("{long} La page demandée n’existe pas.")),
        ] {
            assert!(!told(title, text), "{title}: {text}");
        }
    }
}
