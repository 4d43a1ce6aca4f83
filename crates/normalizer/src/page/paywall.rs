//! Paywalls as pages speak of them, in French.
//!
//! In: clean paragraphs. Out: whether one of them says that the rest is for subscribers, and the text without those that
//! do and without the offers behind them.

use crate::text::{fold, word_count};

/// A notice is a line or two; a longer paragraph that has the words is an article about paywalls.
const MAX_NOTICE_WORDS: usize = 40;

/// The characters behind a notice's first words in which its others stand.
const MAX_NOTICE_CHARS: usize = 60;

/// What a notice says, folded: its first words, and others behind them.
const NOTICES: &[&[&str]] = &[
    &["il vous reste", "de cet article"],
    &["il vous reste", "de l article a lire"],
    &["cet article est reserve a", "abonne"],
    &["cet article est payant"],
    &["cet article est exclusivement reserve"],
    &["ce contenu est reserve a", "abonne"],
    &["la suite est reservee a", "abonne"],
    &["suite de cet article est reservee"],
    &["la suite de l article est reservee"],
    &["suite reservee aux abonnes"],
    &["lecture reservee aux abonnes"],
    &["pour lire la suite", "abonne"],
    &["pour lire l integralite de cet article", "abonne"],
    &["abonnez vous pour lire la suite"],
    &["abonnez vous pour lire cet article"],
    &["pour continuer la lecture de cet article", "abonne"],
];

/// Lines that say it only where they stand alone in an article: lists of links have them beside other articles.
const LABELS: &[&str] = &[
    "article reserve aux abonnes",
    "contenu reserve aux abonnes",
    "reserve aux abonnes",
    "reserve a nos abonnes",
    "article abonne",
];

/// Whether a folded text holds a notice.
pub(super) fn is_named_in(folded: &str) -> bool {
    NOTICES.iter().any(|phrases| {
        let [first, rest @ ..] = phrases else {
            return false;
        };
        folded.split(first).skip(1).any(|behind| {
            // What belongs to one notice stands close together.
            let near: String = behind.chars().take(MAX_NOTICE_CHARS).collect();
            rest.iter().all(|phrase| near.contains(phrase))
        })
    })
}

/// The text without notices, and whether there was one.
pub(super) fn without_notices(text: &str) -> (String, bool) {
    let paragraphs: Vec<&str> = text.split("\n\n").collect();
    let is_notice = |paragraph: &&str| {
        if word_count(paragraph) > MAX_NOTICE_WORDS {
            return false;
        }
        let folded = fold(paragraph);
        LABELS.contains(&folded.as_str()) || is_named_in(&folded)
    };
    let Some(first) = paragraphs.iter().position(is_notice) else {
        return (text.to_owned(), false);
    };
    let words = |paragraphs: &[&str]| -> usize { paragraphs.iter().map(|text| word_count(text)).sum() };
    let (before, behind) = paragraphs.split_at(first);
    let behind: Vec<&str> = behind
        .iter()
        .copied()
        .filter(|paragraph| !is_notice(paragraph))
        .collect();
    // A notice above the text labels it; one below the free part is followed by offers.
    let kept = if words(before) > words(&behind) {
        before.to_vec()
    } else {
        [before, &behind].concat()
    };
    (kept.join("\n\n"), true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notices_are_known_and_go_with_the_offers_behind_them() {
        let free = "Le port de Lorient a rouvert mercredi matin après deux jours de tempête, ont annoncé les autorités.";
        for notice in [
            "Il vous reste 80.57% de cet article à lire. La suite est réservée aux abonnés.",
            "Cet article est réservé aux abonnés",
            "La suite est réservée à nos abonnés.",
            "Pour lire la suite, abonnez-vous.",
            "Article réservé aux abonnés",
        ] {
            let text = format!("{free}\n\n{notice}\n\nDès 1 € par mois");
            assert_eq!(without_notices(&text), (free.to_owned(), true), "{notice}");
        }
        let labelled = format!("Réservé aux abonnés\n\n{free}");
        assert_eq!(without_notices(&labelled), (free.to_owned(), true));
    }

    #[test]
    fn an_article_about_subscribers_is_none() {
        for text in [
            "Il vous reste trois jours pour visiter l’exposition.",
            "Le concert, réservé aux abonnés de la salle, affiche complet.",
            "La suite de cet article de loi a été censurée.",
        ] {
            assert_eq!(without_notices(text), (text.to_owned(), false));
        }
    }
}
