//! Ways to tell copies, behind one face: ours through its public deciding, the baselines through their indexes.

use std::collections::HashMap;

use depeche_model::ArticleId;
use depeche_testkit::copydesk::Text;

use crate::minhash::{Index, Signature};
use crate::reader::Reader;
use crate::simhash::{SimHashIndex, simhash};

/// Tells copies of the texts it was given.
pub(crate) trait Detector {
    /// What tables call it.
    fn name(&self) -> &'static str;
    /// Takes in a text under the next number; says which earlier one it was taken for a copy of.
    fn add(&mut self, text: &Text, source: &str) -> Option<usize>;
    /// Which of the texts a later one is a copy of.
    fn find(&mut self, text: &Text, source: &str) -> Option<usize>;
}

/// Every way, each without any text yet, ours first.
pub(crate) fn all() -> Vec<Box<dyn Detector>> {
    vec![
        Box::new(Ours::new()),
        Box::new(MinHash::new("MinHash-LSH, J ≥ .3", 0.3)),
        Box::new(MinHash::new("J ≥ .5", 0.5)),
        Box::new(MinHash::new("J ≥ .7", 0.7)),
        Box::new(SimHash(SimHashIndex::default())),
    ]
}

/// The deduplicator.
pub(crate) struct Ours {
    reader: Reader,
    known: HashMap<ArticleId, usize>,
    count: usize,
}

impl Ours {
    pub(crate) fn new() -> Self {
        Self {
            reader: Reader::new(),
            known: HashMap::new(),
            count: 0,
        }
    }

    /// What the ruling on a text says it repeats: its leader, or itself where it became a version.
    fn judge(&mut self, text: &Text, source: &str) -> (Option<usize>, Option<ArticleId>) {
        let ruling = self.reader.next(text, source);
        let repeated = ruling.leader.or(ruling.article.filter(|_| ruling.merged()));
        (
            repeated.and_then(|leader| self.known.get(&leader).copied()),
            ruling.article,
        )
    }
}

impl Detector for Ours {
    fn name(&self) -> &'static str {
        "depeche"
    }

    fn add(&mut self, text: &Text, source: &str) -> Option<usize> {
        let (repeated, article) = self.judge(text, source);
        if let Some(article) = article {
            self.known.entry(article).or_insert(self.count);
        }
        self.count += 1;
        repeated
    }

    fn find(&mut self, text: &Text, source: &str) -> Option<usize> {
        self.judge(text, source).0
    }
}

struct MinHash {
    name: &'static str,
    index: Index,
}

impl MinHash {
    fn new(name: &'static str, threshold: f64) -> Self {
        Self {
            name,
            index: Index::new(threshold),
        }
    }
}

impl Detector for MinHash {
    fn name(&self) -> &'static str {
        self.name
    }

    fn add(&mut self, text: &Text, _: &str) -> Option<usize> {
        let signature = Signature::of(&text.body);
        let found = self.index.find(&signature);
        self.index.insert(signature);
        found
    }

    fn find(&mut self, text: &Text, _: &str) -> Option<usize> {
        self.index.find(&Signature::of(&text.body))
    }
}

struct SimHash(SimHashIndex);

impl Detector for SimHash {
    fn name(&self) -> &'static str {
        "SimHash-64"
    }

    fn add(&mut self, text: &Text, _: &str) -> Option<usize> {
        let signature = simhash(&text.body);
        let found = self.0.find(signature);
        self.0.insert(signature);
        found
    }

    fn find(&mut self, text: &Text, _: &str) -> Option<usize> {
        self.0.find(simhash(&text.body))
    }
}
