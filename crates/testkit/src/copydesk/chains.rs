//! Chains: what one publisher does to its own article, with what each step must be taken for.

use crate::copydesk::dice::Dice;
use crate::copydesk::{Edit, Press, Text};

/// One appearance of an article in a feed.
#[derive(Debug, Clone)]
pub struct Version {
    /// The source's name.
    pub source: String,
    /// The entry's guid.
    pub guid: Option<String>,
    /// The entry's address.
    pub url: Option<String>,
    /// Headline and text.
    pub text: Text,
    /// Minutes since the chain's first appearance.
    pub minutes: i64,
    /// What it must be taken for.
    pub expected: Expected,
}

/// What an appearance must be taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// An article of its own.
    New,
    /// An article of its own, with a warning that its guid was another's.
    NewWithReusedGuid,
    /// A later version of the chain's first article.
    Revision,
    /// The chain's first article again, unchanged: nothing to store, or a further place.
    Again,
    /// A copy of the chain's first article.
    Duplicate,
}

/// What happens in a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chain {
    /// A few words corrected under the same guid and address.
    Corrected,
    /// A breaking story that grows three times.
    Growing,
    /// Another headline over the same text.
    Retitled,
    /// A feed that shows a teaser first and the whole text later.
    Completed,
    /// A text rewritten from scratch under the same guid and address.
    Rewritten,
    /// The address follows a corrected headline; the article's number in it stays. The guid is the address.
    SlugCorrected,
    /// The guid is the headline, which is corrected; the address stays.
    GuidOfHeadline,
    /// The guid is another one each time, as Google News gives them; address and text stay.
    GuidOfTheDay,
    /// The same source rewrites its text under another guid and address within two days.
    Republished,
    /// The same source prints the text again after three days, under another guid and address.
    PrintedAgain,
    /// A guid that names another article, at another address, a week later.
    GuidReused,
    /// Another source copies the second version.
    VersionCopied,
}

impl Chain {
    /// Every kind, in the order of tables.
    pub const ALL: [Self; 12] = [
        Self::Corrected,
        Self::Growing,
        Self::Retitled,
        Self::Completed,
        Self::Rewritten,
        Self::SlugCorrected,
        Self::GuidOfHeadline,
        Self::GuidOfTheDay,
        Self::Republished,
        Self::PrintedAgain,
        Self::GuidReused,
        Self::VersionCopied,
    ];

    /// What tables call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Corrected => "words corrected",
            Self::Growing => "growing story",
            Self::Retitled => "headline changed",
            Self::Completed => "teaser, then the text",
            Self::Rewritten => "rewritten from scratch",
            Self::SlugCorrected => "slug corrected, number kept",
            Self::GuidOfHeadline => "guid is the headline",
            Self::GuidOfTheDay => "guid changes each time",
            Self::Republished => "rewritten elsewhere in 48 h",
            Self::PrintedAgain => "printed again after 3 days",
            Self::GuidReused => "guid reused",
            Self::VersionCopied => "second version copied",
        }
    }

    /// The appearances of the chain number `number`, in order.
    #[must_use]
    #[expect(clippy::too_many_lines, reason = "one arm a kind, each a few lines")]
    pub fn versions(self, press: &Press, number: u64) -> Vec<Version> {
        let base = press.article("chaîne", number);
        let mut dice = Dice::new("chaîne", number);
        let source = format!("Le Courrier {}", number % 7);
        let article_number = 2_000_000 + number * 17 + Self::ALL.len() as u64;
        let site = format!("https://courrier-{}.example/article", number % 7);
        let url = format!("{site}/une-affaire-{number}-{article_number}.html");
        let first = Version {
            source,
            guid: Some(format!("article-{article_number}")),
            url: Some(url),
            text: base.clone(),
            minutes: 0,
            expected: Expected::New,
        };
        let later = |minutes: i64, expected: Expected, text: Text| Version {
            text,
            minutes,
            expected,
            ..first.clone()
        };
        let edited = |edit: Edit| edit.apply(press, &base, number);
        let mut elsewhere = |version: Version| {
            let other = dice.below(1_000_000);
            Version {
                guid: Some(format!("autre-{other}")),
                url: Some(format!("{site}/tout-autre-chose-{other}.html")),
                ..version
            }
        };
        match self {
            Self::Corrected => {
                let second = later(40, Expected::Revision, edited(Edit::Words(3)));
                vec![first, second]
            }
            Self::Growing => {
                let mut versions = vec![first.clone()];
                let mut text = base.clone();
                for step in 1..=3 {
                    text = Edit::Added.apply(press, &text, number * 4 + step);
                    versions.push(later(25 * step.cast_signed(), Expected::Revision, text.clone()));
                }
                versions
            }
            Self::Retitled => {
                let title = press.article("titraille", number).title;
                let second = later(
                    90,
                    Expected::Revision,
                    Text {
                        title,
                        ..base.clone()
                    },
                );
                vec![first, second]
            }
            Self::Completed => {
                let second = later(15, Expected::Revision, base.clone());
                let text = edited(Edit::Teaser(50));
                vec![Version { text, ..first }, second]
            }
            Self::Rewritten => {
                let second = later(300, Expected::Revision, press.article("réécriture", number));
                vec![first, second]
            }
            Self::SlugCorrected => {
                let corrected = Some(format!("{site}/une-tout-autre-affaire-{article_number}.html"));
                let guid = first.url.clone();
                let second = Version {
                    url: corrected.clone(),
                    guid: corrected,
                    ..later(30, Expected::Revision, edited(Edit::Words(3)))
                };
                vec![Version { guid, ..first }, second]
            }
            Self::GuidOfHeadline => {
                let title = press.article("titraille", number).title;
                let second = Version {
                    guid: Some(title.clone()),
                    ..later(
                        30,
                        Expected::Revision,
                        Text {
                            title,
                            ..base.clone()
                        },
                    )
                };
                let guid = Some(base.title.clone());
                vec![Version { guid, ..first }, second]
            }
            Self::GuidOfTheDay => {
                let again = |step: i64| Version {
                    guid: Some(format!(
                        "CBMi{:016x}",
                        Dice::new("nouvelle", number * 8 + step.unsigned_abs()).draw()
                    )),
                    ..later(
                        step * 60,
                        if step == 0 { Expected::New } else { Expected::Again },
                        base.clone(),
                    )
                };
                (0..4).map(again).collect()
            }
            Self::Republished => {
                let second = elsewhere(later(26 * 60, Expected::Revision, edited(Edit::Dropped(10))));
                vec![first, second]
            }
            Self::PrintedAgain => {
                let second = elsewhere(later(72 * 60, Expected::Duplicate, edited(Edit::Dropped(10))));
                vec![first, second]
            }
            Self::GuidReused => {
                let other = elsewhere(later(
                    7 * 24 * 60,
                    Expected::NewWithReusedGuid,
                    press.article("tout autre", number),
                ));
                let guid = first.guid.clone();
                vec![first, Version { guid, ..other }]
            }
            Self::VersionCopied => {
                let grown = Edit::Added.apply(press, &base, number);
                let copied = Edit::Dropped(10).apply(press, &grown, number);
                let copy = elsewhere(later(120, Expected::Duplicate, copied));
                let second = later(45, Expected::Revision, grown);
                let source = "La Dépêche du Plateau".to_owned();
                vec![first, second, Version { source, ..copy }]
            }
        }
    }
}
