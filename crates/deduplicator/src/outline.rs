//! Outlines: what a story is, in a line.
//!
//! In: the articles of a story. Out: the title of the most central one, when the first and the last appeared, who reported it.
//! The most central article is the one that is most similar to the others on average, copies included: what many print is what
//! the story is called by.

use depeche_model::{Article, Precision};
use jiff::Timestamp;

use crate::aliases::Aliases;
use crate::likeness::Weighted;
use crate::rarity::Rarity;
use crate::terms::Terms;

/// Articles among which the central one is looked for, the first ones: each is compared with each, in a quarter of a second.
const COMPARED: usize = 300;

/// A story, in a line.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Outline {
    /// The title of its most central article.
    pub title: String,
    /// When its first article appeared, as far as is known.
    pub first: Timestamp,
    /// When its last article appeared.
    pub last: Timestamp,
    /// Its sources, in alphabetical order.
    pub sources: Vec<String>,
    /// How many articles it has.
    pub articles: usize,
}

/// The outline of a story of these articles, each with its capture's time; `None` of none. Of equally central articles
/// the first counts.
#[must_use]
pub fn outline(articles: &[(&Article, Timestamp)], aliases: &Aliases) -> Option<Outline> {
    let appeared = |&(article, captured_at): &(&Article, Timestamp)| match &article.published {
        Some(published) if published.precision != Precision::None => published.at,
        _ => captured_at,
    };
    let mut sources: Vec<String> = articles
        .iter()
        .map(|(article, _)| article.source.clone())
        .collect();
    sources.sort();
    sources.dedup();
    Some(Outline {
        title: central(articles, aliases)?.title.clone(),
        first: articles.iter().map(appeared).min()?,
        last: articles.iter().map(appeared).max()?,
        sources,
        articles: articles.len(),
    })
}

fn central<'a>(articles: &[(&'a Article, Timestamp)], aliases: &Aliases) -> Option<&'a Article> {
    // Of one or two, neither is more central.
    if articles.len() < 3 {
        return articles.first().map(|(article, _)| *article);
    }
    let mut terms = Terms::new(aliases.clone());
    let rarity = Rarity::default();
    let weighted: Vec<Weighted> = articles
        .iter()
        .take(COMPARED)
        .map(|(article, captured_at)| {
            let vector = terms.of(article, *captured_at);
            Weighted::of(&terms, &rarity, &vector)
        })
        .collect();
    let kept: Vec<_> = weighted.iter().map(Weighted::kept).collect();
    let mut best: Option<(f64, &Article)> = None;
    for ((at, one), (article, _)) in weighted.iter().enumerate().zip(articles) {
        let others = kept.iter().enumerate().filter(|(other, _)| *other != at);
        let centrality: f64 = others.map(|(_, other)| one.similarity(other).combined).sum();
        if best.is_none_or(|(known, _)| centrality > known) {
            best = Some((centrality, article));
        }
    }
    best.map(|(_, article)| article)
}
