//! What the tests share: articles by hand, a store in memory, files of texts.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use depeche_deduplicator::{Deduplicator, Options, Recall};
use depeche_model::{
    Article, ArticleId, ContentFrom, Decided, Decision, Digest, Judged, Normalized, Output, Precision,
    Published, Regrouped, Seq, Warning, WarningCode,
};
use depeche_testkit::parcels;
use jiff::{SignedDuration, Timestamp};

/// The moment at which the tests' streams begin.
pub(crate) fn start() -> Timestamp {
    "2026-02-06T08:00:00Z".parse().unwrap()
}

pub(crate) fn hours(hours: i64) -> Timestamp {
    start().checked_add(SignedDuration::from_hours(hours)).unwrap()
}

/// An article from the feed of `source`, with this guid, at an address of that source made of the guid.
pub(crate) fn article(source: &str, guid: &str, text: &str) -> Article {
    let url = format!("https://{source}.example/{guid}");
    Article {
        canonical_url: Some(url.clone()),
        url: Some(url),
        title: format!("Titre {guid}"),
        feed_url: Some(format!("https://{source}.example/rss.xml")),
        guid: Some(guid.to_owned()),
        entry_digest: Some(Digest::of([guid.as_bytes(), text.as_bytes()])),
        ..parcels::article(source, text.to_owned())
    }
}

/// The article of a replayed file, normalised trivially: a leading ` date YYYY-MM ` becomes its month.
pub(crate) fn file_article(folder: &str, name: &str, bytes: &[u8]) -> Article {
    let text = std::str::from_utf8(bytes).map_or_else(
        |_| bytes.iter().map(|&byte| char::from(byte)).collect(),
        str::to_owned,
    );
    let (published, text) = match text.trim_start_matches('\u{feff}').strip_prefix(" date ") {
        Some(dated) => {
            let (month, rest) = dated.split_at(7);
            let at = format!("{month}-01T00:00:00Z").parse().unwrap();
            let published = Published {
                at,
                precision: Precision::Month,
            };
            (Some(published), rest.trim().to_owned())
        }
        None => (None, text.trim().to_owned()),
    };
    let title = text.split(['.', '\n']).next().unwrap_or_default().to_owned();
    Article {
        canonical_url: None,
        url: None,
        feed_url: None,
        title,
        published,
        content_from: ContentFrom::File,
        entry_digest: None,
        warnings: vec![Warning::from(WarningCode::TitleDerived)],
        ..article(folder, name, &text)
    }
}

pub(crate) fn normalized(captured_at: Timestamp, outputs: Vec<Output>) -> Normalized {
    parcels::normalized(1, captured_at, outputs)
}

/// Everything that was decided, as a store would keep it.
#[derive(Default, Clone)]
pub(crate) struct Memory {
    pub(crate) texts: BTreeMap<Seq, String>,
    pub(crate) articles: BTreeSet<ArticleId>,
    pub(crate) decisions: Vec<Decision>,
}

impl Recall for Memory {
    fn text(&self, seq: Seq) -> Option<String> {
        self.texts.get(&seq).cloned()
    }

    fn knows(&self, article: ArticleId) -> bool {
        self.articles.contains(&article)
    }

    fn copies(&self, leader: ArticleId) -> Vec<ArticleId> {
        let judged = self.decisions.iter().filter_map(|decision| match decision {
            Decision::Judged(judged) => Some(judged),
            _ => None,
        });
        judged
            .flat_map(|judged| &judged.regroupings)
            .filter(|line| line.leader == leader && line.what == Regrouped::Joined)
            .map(|line| line.copy)
            .collect()
    }
}

impl Memory {
    pub(crate) fn keep(&mut self, decided: &Decided) {
        for decision in &decided.decisions {
            if let Decision::Judged(judged) = decision {
                self.texts.insert(judged.record.seq, judged.article.text.clone());
                self.articles.insert(judged.record.article);
            }
            self.decisions.push(decision.clone());
        }
    }

    /// Makes a deduplicator remember everything kept.
    pub(crate) fn restore(&self, deduplicator: &mut Deduplicator) {
        for decision in &self.decisions {
            match decision {
                Decision::Judged(judged) => deduplicator.remember(&judged.record),
                Decision::Seen(sighting) => deduplicator.remember_sighting(sighting),
                Decision::Rejected(seq, rejection) => deduplicator.remember_rejection(*seq, rejection),
                Decision::Unchanged | Decision::PageOwed(_) => {}
            }
        }
    }
}

/// A deduplicator with its store.
pub(crate) struct Desk {
    pub(crate) deduplicator: Deduplicator,
    pub(crate) memory: Memory,
}

impl Clone for Desk {
    /// A desk that was closed and opened again: the deduplicator is restored from the store.
    fn clone(&self) -> Self {
        let mut copy = Self::new();
        self.memory.restore(&mut copy.deduplicator);
        copy.memory = self.memory.clone();
        copy
    }
}

impl Desk {
    pub(crate) fn new() -> Self {
        // Read once: many tests open many desks.
        static OPTIONS: LazyLock<Options> = LazyLock::new(Options::default);
        Self::with(OPTIONS.clone())
    }

    pub(crate) fn with(options: Options) -> Self {
        Self {
            deduplicator: Deduplicator::new(options),
            memory: Memory::default(),
        }
    }

    pub(crate) fn output(&mut self, captured_at: Timestamp, output: Output) -> Decision {
        let decided = self
            .deduplicator
            .decide(normalized(captured_at, vec![output]), &self.memory);
        self.memory.keep(&decided);
        decided.decisions.into_iter().next().unwrap()
    }

    pub(crate) fn decide(&mut self, captured_at: Timestamp, article: Article) -> Decision {
        self.output(captured_at, Output::Article(Box::new(article)))
    }

    pub(crate) fn judge(&mut self, captured_at: Timestamp, article: Article) -> Judged {
        match self.decide(captured_at, article) {
            Decision::Judged(judged) => *judged,
            other => panic!("expected a judged article, got {other:?}"),
        }
    }
}

/// The text files below a folder, in path order, with their paths relative to it.
pub(crate) fn text_files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "txt") {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    walk(folder, &mut found);
    found.sort();
    found
        .into_iter()
        .map(|path| {
            let name = path.strip_prefix(folder).unwrap().to_string_lossy().into_owned();
            (name, std::fs::read(path).unwrap())
        })
        .collect()
}

/// The workspace's root.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// One of the base texts under `tests/data/base`.
pub(crate) fn base(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/data/base/{name}.txt"));
    std::fs::read_to_string(path).unwrap()
}
