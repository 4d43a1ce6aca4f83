//! Deciding about texts as the daemon does: captures in, decisions out, nothing of the inside seen.

use std::collections::HashMap;

use depeche_deduplicator::{Deduplicator, Options, Recall};
use depeche_model::{
    Article, ArticleId, Decision, Normalized, Output, Precision, Published, Seq, StoryId, Verdict,
    WarningCode,
};
use depeche_testkit::copydesk::Text;
use depeche_testkit::parcels;
use jiff::{SignedDuration, Timestamp};

/// What was decided about a text.
#[derive(Debug, Clone)]
pub(crate) struct Ruling {
    /// The verdict; `None` where nothing new was met.
    pub(crate) verdict: Option<Verdict>,
    /// The article it is, or is a sighting of.
    pub(crate) article: Option<ArticleId>,
    /// The article it repeats.
    pub(crate) leader: Option<ArticleId>,
    /// Its story.
    pub(crate) story: Option<StoryId>,
    /// Its guid was another article's.
    pub(crate) guid_reused: bool,
}

impl Ruling {
    /// Whether it was taken for a copy, or for a version, of an earlier text.
    pub(crate) fn merged(&self) -> bool {
        self.verdict != Some(Verdict::New)
    }
}

/// A text with where and when it appears.
pub(crate) struct Appearance<'a> {
    pub(crate) text: &'a Text,
    pub(crate) source: &'a str,
    /// `None` for a name of its own.
    pub(crate) guid: Option<&'a str>,
    pub(crate) url: Option<&'a str>,
    /// Minutes since the stream began.
    pub(crate) minutes: i64,
}

/// A deduplicator with a store of texts behind it.
pub(crate) struct Reader {
    deduplicator: Deduplicator,
    texts: Texts,
    met: u64,
}

struct Texts(HashMap<u64, String>);

impl Recall for Texts {
    fn text(&self, seq: Seq) -> Option<String> {
        self.0.get(&seq.0).cloned()
    }
}

impl Reader {
    pub(crate) fn new() -> Self {
        Self {
            deduplicator: Deduplicator::new(Options::default()),
            texts: Texts(HashMap::new()),
            met: 0,
        }
    }

    /// Decides about a text of a source that is met a minute after the one before, under keys of its own.
    pub(crate) fn next(&mut self, text: &Text, source: &str) -> Ruling {
        let minutes = self.met.cast_signed();
        self.decide(&Appearance {
            text,
            source,
            guid: None,
            url: None,
            minutes,
        })
    }

    pub(crate) fn decide(&mut self, appearance: &Appearance<'_>) -> Ruling {
        self.met += 1;
        let normalized = normalized(appearance, self.met);
        let mut decided = self.deduplicator.decide(normalized, &self.texts);
        match decided.decisions.pop() {
            Some(Decision::Judged(judged)) => {
                self.texts
                    .0
                    .insert(judged.record.seq.0, judged.article.text.clone());
                Ruling {
                    verdict: Some(judged.record.verdict),
                    article: Some(judged.record.article),
                    leader: judged.duplicate_of,
                    story: Some(judged.record.story),
                    guid_reused: judged
                        .article
                        .warnings
                        .iter()
                        .any(|warning| warning.code == WarningCode::GuidReused),
                }
            }
            Some(Decision::Seen(sighting)) => Ruling {
                article: Some(sighting.article),
                ..Ruling::nothing()
            },
            _ => Ruling::nothing(),
        }
    }
}

impl Ruling {
    fn nothing() -> Self {
        Self {
            verdict: None,
            article: None,
            leader: None,
            story: None,
            guid_reused: false,
        }
    }
}

/// The first moment of every stream; which one does not matter.
fn moment(minutes: i64) -> Timestamp {
    Timestamp::from_second(1_770_000_000)
        .and_then(|start| start.checked_add(SignedDuration::from_mins(minutes)))
        .unwrap_or(Timestamp::MAX)
}

fn normalized(appearance: &Appearance<'_>, number: u64) -> Normalized {
    let at = moment(appearance.minutes);
    let own = || format!("texte {number}");
    let article = Article {
        url: appearance.url.map(str::to_owned),
        canonical_url: appearance.url.map(str::to_owned),
        title: appearance.text.title.clone(),
        published: Some(Published {
            at,
            precision: Precision::Minute,
        }),
        feed_url: Some(format!("https://{}.example/rss", appearance.source)),
        guid: Some(appearance.guid.map_or_else(own, str::to_owned)),
        ..parcels::article(appearance.source, appearance.text.body.clone())
    };
    parcels::normalized(number, at, vec![Output::Article(Box::new(article))])
}
