//! An article on its way to a decision, with everything that deciding looks at computed once.

use depeche_model::{
    Article, ArticleId, CaptureRef, ContentFrom, Digest, Hasher, Key, Output, Place, Precision, WarningCode,
};
use jiff::Timestamp;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::fold::Folded;
use crate::numbers::number_key;
use crate::registry::PlaceMark;
use crate::shingles::{Sketches, sketch_tokens};

/// Fewer tokens than these are never compared as texts: a headline, a formula, a one-line alert.
pub(crate) const COMPARABLE_TOKENS: usize = 25;

/// An article to decide about.
pub(crate) struct Incoming {
    /// The article.
    pub(crate) article: Article,
    /// When it was captured.
    pub(crate) captured_at: Timestamp,
    /// Its guid as a key.
    pub(crate) guid: Option<Key>,
    /// Its canonical address as a key.
    pub(crate) url: Option<Key>,
    /// The number in its address as a key.
    pub(crate) number: Option<Key>,
    /// Its feed, date, title and text as a key, where its publisher gives a date.
    pub(crate) entry: Option<Key>,
    /// The digest of its title and text.
    pub(crate) content: Digest,
    /// Its text, folded.
    pub(crate) folded: Folded,
    /// Its sketches.
    pub(crate) sketches: Sketches,
}

impl Incoming {
    /// Computes what deciding looks at.
    pub(crate) fn new(article: Article, capture: &CaptureRef, shared_guids: &SharedGuids) -> Self {
        let url = article.canonical_url.clone().map(Key::Url);
        let content = article.content_digest();
        let guid = guid_key(&article).map(|key| shared_guids.own(key, distinguishing(&article)));
        // Without guid and address, source and content alone tell articles apart.
        let guid = guid.or_else(|| {
            url.is_none().then(|| Key::Guid {
                feed: article.feed_url.as_ref().unwrap_or(&article.source).clone(),
                guid: content.to_string(),
            })
        });
        let number = article.canonical_url.as_deref().and_then(number_key);
        let entry = entry_key(&article, content);
        let folded = Folded::of(&article.text);
        let sketches = sketch_tokens(folded.tokens());
        Self {
            captured_at: capture.captured_at,
            guid,
            url,
            number,
            entry,
            content,
            folded,
            sketches,
            article,
        }
    }

    /// Whether the text is long enough to be compared.
    pub(crate) fn is_comparable(&self) -> bool {
        self.folded.tokens().len() >= COMPARABLE_TOKENS
    }

    /// The folded body's digest, where the text is long enough to be compared.
    pub(crate) fn body(&self) -> Option<Digest> {
        self.is_comparable().then(|| self.folded.digest())
    }

    /// The keys it is known under, without the body.
    pub(crate) fn identity_keys(&self) -> Vec<Key> {
        [&self.guid, &self.url, &self.number, &self.entry]
            .into_iter()
            .flatten()
            .cloned()
            .collect()
    }

    /// The mark of the place it was seen at.
    pub(crate) fn place_mark(&self) -> PlaceMark {
        PlaceMark::of(&self.article.source, &self.identity_keys())
    }

    /// The place it was seen at.
    pub(crate) fn place(&self) -> Place {
        Place {
            source: self.article.source.clone(),
            feed_url: self.article.feed_url.clone(),
            url: self.article.url.clone(),
            seen_at: self.captured_at,
        }
    }

    /// The first and the last moment at which it can have been published; the capture's time where no date is
    /// given.
    pub(crate) fn event(&self) -> (Timestamp, Timestamp) {
        match &self.article.published {
            Some(published) if published.precision != Precision::None => published.range(),
            _ => (self.captured_at, self.captured_at),
        }
    }

    /// The id it gets as an article of its own: the same on every run, and the same for its later versions.
    pub(crate) fn article_id(&self) -> ArticleId {
        let mut hasher = Hasher::default();
        match (&self.guid, &self.url) {
            (Some(guid), _) => {
                hasher.part(&guid.digest().0);
            }
            // Of the address as it is written: stored ids are, and an index may take two addresses for one.
            (None, Some(Key::Url(url))) => {
                let address = Hasher::default().part(b"url").part(url.as_bytes()).finish();
                hasher.part(&address.0);
            }
            (None, _) => {}
        }
        ArticleId(hasher.part(&self.content.0).finish())
    }

    /// Whether the text is known to be less than what the publisher has.
    pub(crate) fn is_known_to_be_partial(&self) -> bool {
        self.article.warnings.iter().any(|warning| {
            matches!(
                warning.code,
                WarningCode::PageUnusable | WarningCode::Paywalled | WarningCode::BodyTruncated
            )
        })
    }
}

/// Guids that several items of one capture carry: they name none of them.
#[derive(Default)]
pub(crate) struct SharedGuids(FxHashSet<Digest>);

impl SharedGuids {
    /// The guids that different items of a capture share.
    pub(crate) fn of(outputs: &[Output]) -> Self {
        let mut first: FxHashMap<Digest, &str> = FxHashMap::default();
        let mut shared = FxHashSet::default();
        for output in outputs {
            let (key, item) = match output {
                Output::Article(article) => match guid_key(article) {
                    Some(key) => (key, distinguishing(article)),
                    None => continue,
                },
                Output::PageWanted(order) => (order.key(), order.entry.link.as_deref().unwrap_or_default()),
                Output::Rejected(_) => continue,
            };
            let key = key.digest();
            if *first.entry(key).or_insert(item) != item {
                shared.insert(key);
            }
        }
        Self(shared)
    }

    /// The key of a guid: as it is or, where items share it, with what tells them apart.
    pub(crate) fn own(&self, key: Key, item: &str) -> Key {
        let is_shared = self.0.contains(&key.digest());
        match key {
            Key::Guid { feed, guid } if is_shared => Key::Guid {
                feed,
                guid: format!("{guid} {item}"),
            },
            key => key,
        }
    }
}

/// The key of the publisher's identifier, where there is one.
fn guid_key(article: &Article) -> Option<Key> {
    Some(Key::Guid {
        feed: article.feed_url.as_ref().unwrap_or(&article.source).clone(),
        guid: article.guid.clone()?,
    })
}

/// The key of an entry by all that it says. Some feeds give an entry another guid and another address each time they
/// list it, and nothing else changes. The date is part of it: a broadcast has the same words every day.
fn entry_key(article: &Article, content: Digest) -> Option<Key> {
    let published = article.published.as_ref().filter(|published| {
        published.precision == Precision::Second && article.content_from != ContentFrom::File
    })?;
    let feed = article.feed_url.as_ref().unwrap_or(&article.source);
    let digest = Hasher::default()
        .part(feed.as_bytes())
        .part(&published.at.as_nanosecond().to_be_bytes())
        .part(&content.0)
        .finish();
    Some(Key::Entry(digest))
}

/// What tells an article from others of the same guid.
fn distinguishing(article: &Article) -> &str {
    article.url.as_ref().unwrap_or(&article.title)
}
