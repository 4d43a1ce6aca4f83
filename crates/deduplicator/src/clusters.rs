//! Clusters: which copies join a leader, leave it, and are left behind by it.
//!
//! In: a record that was just decided, and the texts around it. Out: the lines that it adds to the log of its leader's
//! copies. Promised: a line says what was before and what is after, so any earlier state can be told from the log; and
//! nothing here changes what is decided.
//!
//! Whether a version of a leader moved away from a copy is counted on the texts: the version before it resembled the copy
//! and this one does not. So nothing has to be remembered for it beside the texts.

use depeche_model::{ArticleId, Evidence, Regrouped, Regrouping, Remembered, Rule, Seq, Verdict};

use crate::compare::{Lengths, classify, is_reuse};
use crate::decide::{Deduplicator, Recall};
use crate::fold::Folded;
use crate::shingles::{Shingled, Similarity};

/// Copies that a new version of their leader is compared with, the first ones. The most widely copied dispatches have
/// some eighty; each takes a fifth of a millisecond.
const COPIES_COMPARED: usize = 100;

/// A text as it is compared here.
struct Counted {
    tokens: u32,
    shingled: Shingled,
}

impl Counted {
    fn of(folded: &Folded) -> Self {
        Self {
            tokens: folded.tokens().len() as u32,
            shingled: Shingled::of(folded.tokens()),
        }
    }

    /// Whether it repeats a text of its leader, and how alike both are.
    fn compare(&self, leader: &Self, article: ArticleId) -> (bool, Evidence) {
        let similarity = Similarity::of(&self.shingled, &leader.shingled);
        let lengths = Lengths {
            new: self.tokens,
            old: leader.tokens,
        };
        let found = classify(similarity, lengths);
        let rule = match found {
            Some((_, rule, _)) => rule,
            None if is_reuse(similarity) => Rule::PartialReuse,
            None => Rule::NoMatch,
        };
        let evidence = Evidence {
            rule,
            against: Some(article),
            jaccard: Some(similarity.jaccard as f32),
            containment: Some(similarity.containment as f32),
            lead_containment: Some(similarity.lead as f32),
            shared_fingerprints: None,
            on_full_texts: true,
        };
        (found.is_some(), evidence)
    }
}

impl Deduplicator {
    /// What a record that was just remembered changes between copies and their leader. `joined` is what a copy was found
    /// to repeat, `repeated` what the article repeated before.
    pub(crate) fn regroupings(
        &self,
        record: &Remembered,
        folded: &Folded,
        joined: Option<(Seq, ArticleId, &Evidence)>,
        repeated: Option<(Seq, ArticleId)>,
        recall: &dyn Recall,
    ) -> Vec<Regrouping> {
        if let Some((of, leader, evidence)) = joined {
            return vec![Regrouping {
                what: Regrouped::Joined,
                copy: record.article,
                version: record.seq,
                leader,
                before: None,
                after: Some(of),
                evidence: evidence.clone(),
            }];
        }
        let repeats = self
            .registry
            .article(record.article)
            .and_then(|known| known.leader);
        match (repeated, repeats) {
            (Some((of, leader)), None) => vec![Regrouping {
                what: Regrouped::Left,
                copy: record.article,
                version: record.seq,
                leader,
                before: Some(of),
                after: None,
                evidence: self.parting(folded, leader, recall),
            }],
            (None, None) if record.verdict == Verdict::Revision => {
                self.moved_from_copies(record, folded, recall)
            }
            _ => Vec::new(),
        }
    }

    /// How alike a version of a copy still is to its leader's latest text.
    fn parting(&self, folded: &Folded, leader: ArticleId, recall: &dyn Recall) -> Evidence {
        let text = self
            .registry
            .article(leader)
            .and_then(|known| self.text(known.latest, recall));
        match text {
            Some(text) => {
                let (_, evidence) = Counted::of(folded).compare(&Counted::of(&Folded::of(&text)), leader);
                Evidence {
                    rule: if evidence.rule == Rule::PartialReuse {
                        evidence.rule
                    } else {
                        Rule::NoMatch
                    },
                    ..evidence
                }
            }
            None => Evidence {
                against: Some(leader),
                ..Evidence::of(Rule::NoMatch)
            },
        }
    }

    /// The copies that a new version of their leader leaves behind, or takes up again.
    fn moved_from_copies(
        &self,
        record: &Remembered,
        folded: &Folded,
        recall: &dyn Recall,
    ) -> Vec<Regrouping> {
        let leader = record.article;
        let copies = self.copies(leader, recall);
        let earlier = record.of.filter(|_| !copies.is_empty());
        let Some((earlier, text)) = earlier.and_then(|of| Some((of, self.text(of, recall)?))) else {
            return Vec::new();
        };
        let earlier_text = Counted::of(&Folded::of(&text));
        let new_text = Counted::of(folded);
        let mut moved = Vec::new();
        for (copy, version) in copies {
            let Some(text) = self.text(version, recall) else {
                continue;
            };
            let text = Counted::of(&Folded::of(&text));
            let (did, _) = text.compare(&earlier_text, leader);
            let (does, evidence) = text.compare(&new_text, leader);
            if did == does {
                continue;
            }
            moved.push(Regrouping {
                what: if does {
                    Regrouped::Returned
                } else {
                    Regrouped::LeftBehind
                },
                copy,
                version,
                leader,
                before: did.then_some(earlier),
                after: does.then_some(record.seq),
                evidence,
            });
        }
        moved
    }

    /// The articles that repeat a leader now, with their latest records, in the order in which they joined it.
    fn copies(&self, leader: ArticleId, recall: &dyn Recall) -> Vec<(ArticleId, Seq)> {
        let mut copies = Vec::new();
        let mut met = rustc_hash::FxHashSet::default();
        // What is stored comes before what is not; what is both is met once.
        for copy in recall
            .copies(leader)
            .into_iter()
            .chain(self.recent.copies_of(leader))
        {
            let known = self.registry.article(copy).filter(|_| met.insert(copy));
            let repeats = known.and_then(|known| Some((known.leader?.1, known.latest)));
            if let Some((_, latest)) = repeats.filter(|(of, _)| *of == leader) {
                copies.push((copy, latest));
                if copies.len() == COPIES_COMPARED {
                    break;
                }
            }
        }
        copies
    }
}
