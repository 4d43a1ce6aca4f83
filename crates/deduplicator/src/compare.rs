//! Resemblance and containment: which leader, if any, a text repeats.
//!
//! Candidates come from the leaders' index. Sketches estimate how alike two texts are; near a threshold, and
//! where a sketch is too small to tell, the texts themselves are counted.

use depeche_model::{Article, ArticleId, ContentFrom, Evidence, Remembered, Rule, Seq, Verdict};
use jiff::{SignedDuration, Timestamp};

use crate::decide::{Deduplicator, Recall};
use crate::fold::Folded;
use crate::incoming::Incoming;
use crate::leaders::{Candidate, SHORT_TOKENS};
use crate::shingles::{Similarity, Sketches};
use crate::template::Facts;

/// From here on two texts are one text with small changes. One word in ten replaced leaves 0.49; a quarter of
/// recycled background gives 0.14.
const NEAR_JACCARD: f64 = 0.30;
/// From here on the shorter text is a part of the longer one.
const PART_CONTAINMENT: f64 = 0.60;
/// From here on the same source has rewritten its text under another address.
pub(crate) const REWRITE_JACCARD: f64 = 0.50;
/// So soon a rewrite follows.
const REWRITE_WINDOW: SignedDuration = SignedDuration::from_hours(48);
/// Estimates this near to a threshold are counted on the texts: with 50 fingerprints the standard error at a
/// Jaccard similarity of 0.3 is 0.05.
const DOUBT: f64 = 0.08;
/// Below this many fingerprints an estimate is never trusted.
const SMALL_SKETCH: usize = 24;

/// What a text is to the leaders.
pub(crate) enum Kinship {
    /// A copy of one.
    Copy(Match),
    /// One that the same source rewrote.
    Rewrite {
        /// The article.
        article: ArticleId,
        /// Why.
        evidence: Evidence,
    },
    /// Nothing; with the nearest refused candidate, if there was one.
    None(Evidence),
}

/// A leader, and how a text repeats it.
pub(crate) struct Match {
    /// How.
    pub(crate) verdict: Verdict,
    /// The leader's record.
    pub(crate) of: Seq,
    /// The leader's article.
    pub(crate) article: ArticleId,
    /// The similarity that decided.
    pub(crate) similarity: Option<f32>,
    /// Why.
    pub(crate) evidence: Evidence,
}

/// The lengths of two texts in tokens.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lengths {
    /// Of the new text.
    pub(crate) new: u32,
    /// Of the leader's.
    pub(crate) old: u32,
}

/// The verdict that a similarity leads to, with the rule and the value that decided.
pub(crate) fn classify(similarity: Similarity, lengths: Lengths) -> Option<(Verdict, Rule, f64)> {
    let new_is_shorter = lengths.new <= lengths.old;
    let is_short = lengths.new.min(lengths.old) <= SHORT_TOKENS;
    if similarity.jaccard >= NEAR_JACCARD {
        return Some((Verdict::Near, Rule::Jaccard, similarity.jaccard));
    }
    if is_short && similarity.lead >= PART_CONTAINMENT {
        let verdict = if new_is_shorter {
            Verdict::Teaser
        } else {
            Verdict::Contains
        };
        return Some((verdict, Rule::LeadContainment, similarity.lead));
    }
    if similarity.containment >= PART_CONTAINMENT {
        let verdict = if new_is_shorter {
            Verdict::ContainedIn
        } else {
            Verdict::Contains
        };
        return Some((verdict, Rule::Containment, similarity.containment));
    }
    None
}

fn is_doubtful(similarity: Similarity, new: &Sketches, old: &Sketches, rewrite_possible: bool) -> bool {
    let close = |value: f64, threshold: f64| (value - threshold).abs() <= DOUBT;
    new.whole.fingerprints().len().min(old.whole.fingerprints().len()) < SMALL_SKETCH
        || close(similarity.jaccard, NEAR_JACCARD)
        || (similarity.jaccard < NEAR_JACCARD && close(similarity.containment, PART_CONTAINMENT))
        || (rewrite_possible && close(similarity.jaccard, REWRITE_JACCARD))
}

impl Deduplicator {
    /// The leader that a text repeats: the most similar one, of equals the first.
    pub(crate) fn find_leader(&self, incoming: &Incoming, now: Timestamp, recall: &dyn Recall) -> Kinship {
        let tokens = incoming.folded.tokens().len() as u32;
        let mut best: Option<(f64, Seq, Kinship)> = None;
        let mut refused: Option<(f64, Evidence)> = None;
        for candidate in self.leaders.candidates(&incoming.sketches, tokens, now) {
            let (similarity, old_text) = self.measure(incoming, candidate, recall);
            let posted = candidate.posted;
            let lengths = Lengths {
                new: tokens,
                old: posted.tokens,
            };
            let Some((verdict, rule, value)) = classify(similarity, lengths) else {
                continue;
            };
            let mut evidence = Evidence {
                rule,
                against: Some(posted.article),
                jaccard: Some(similarity.jaccard as f32),
                containment: Some(similarity.containment as f32),
                lead_containment: Some(similarity.lead as f32),
                shared_fingerprints: Some(incoming.sketches.whole.shared(&posted.sketches.whole) as u32),
                on_full_texts: similarity.exact,
            };
            let same_source = posted.is_from(&incoming.article.source);
            if same_source {
                let old_text = old_text.or_else(|| self.text(posted.seq, recall).map(Into::into));
                let facts = old_text.map(|old| Facts::common(&incoming.article.text, &old));
                if facts.is_some_and(Facts::are_another_filling) {
                    evidence.rule = Rule::TemplateGuard;
                    if refused.as_ref().is_none_or(|(worse, _)| value > *worse) {
                        refused = Some((value, evidence));
                    }
                    continue;
                }
            }
            if best
                .as_ref()
                .is_some_and(|(known, seq, _)| *known > value || (*known >= value && *seq < posted.seq))
            {
                continue;
            }
            let is_rewrite = similarity.jaccard >= REWRITE_JACCARD && rewrite_possible(incoming, candidate);
            let kinship = if is_rewrite {
                evidence.rule = Rule::SameSourceRewrite;
                Kinship::Rewrite {
                    article: posted.article,
                    evidence,
                }
            } else {
                Kinship::Copy(Match {
                    verdict,
                    of: posted.seq,
                    article: posted.article,
                    similarity: Some(value as f32),
                    evidence,
                })
            };
            best = Some((value, posted.seq, kinship));
        }
        match (best, refused) {
            (Some((_, _, Kinship::Copy(found))), _) => Kinship::Copy(self.counted(found, incoming, recall)),
            (Some((_, _, kinship)), _) => kinship,
            (None, Some((_, evidence))) => Kinship::None(evidence),
            (None, None) => Kinship::None(Evidence::of(Rule::NoMatch)),
        }
    }

    /// The same match with its similarities counted on the texts, where they were estimated: an estimate far from the
    /// thresholds decides well, and is still no figure to keep.
    fn counted(&self, found: Match, incoming: &Incoming, recall: &dyn Recall) -> Match {
        if found.evidence.on_full_texts {
            return found;
        }
        let Some(text) = self.text(found.of, recall) else {
            return found;
        };
        let similarity = Similarity::count(incoming.folded.tokens(), Folded::of(&text).tokens());
        let value = match found.evidence.rule {
            Rule::Jaccard => similarity.jaccard,
            Rule::LeadContainment => similarity.lead,
            _ => similarity.containment,
        };
        Match {
            similarity: Some(value as f32),
            evidence: Evidence {
                jaccard: Some(similarity.jaccard as f32),
                containment: Some(similarity.containment as f32),
                lead_containment: Some(similarity.lead as f32),
                on_full_texts: true,
                ..found.evidence
            },
            ..found
        }
    }

    /// How alike a text and a candidate are, estimated or counted, and the candidate's text where it was read.
    fn measure(
        &self,
        incoming: &Incoming,
        candidate: Candidate<'_>,
        recall: &dyn Recall,
    ) -> (Similarity, Option<String>) {
        let (new, old) = (&incoming.sketches, &candidate.posted.sketches);
        let estimate = Similarity::estimate((&new.whole, &new.lead), (&old.whole, &old.lead));
        if !is_doubtful(estimate, new, old, rewrite_possible(incoming, candidate)) {
            return (estimate, None);
        }
        match self.text(candidate.posted.seq, recall) {
            Some(text) => (
                Similarity::count(incoming.folded.tokens(), Folded::of(&text).tokens()),
                Some(text.into_owned()),
            ),
            None => (estimate, None),
        }
    }

    /// What a new version of a copy still repeats: its leader, while one of the leader's texts resembles it.
    pub(crate) fn still_repeats(&self, record: &Remembered) -> Option<(Seq, ArticleId)> {
        let (_, leader) = self.registry.article(record.article)?.leader?;
        let sketches = Sketches {
            whole: record.sketch.clone(),
            lead: record.lead.clone(),
        };
        self.leaders
            .candidates(&sketches, record.tokens, self.stream())
            .into_iter()
            .filter(|candidate| candidate.posted.article == leader)
            .find_map(|candidate| {
                let old = &candidate.posted.sketches;
                let estimate =
                    Similarity::estimate((&sketches.whole, &sketches.lead), (&old.whole, &old.lead));
                let lengths = Lengths {
                    new: record.tokens,
                    old: candidate.posted.tokens,
                };
                classify(estimate, lengths).map(|_| (candidate.posted.seq, leader))
            })
    }
}

fn rewrite_possible(incoming: &Incoming, candidate: Candidate<'_>) -> bool {
    may_be_rewritten(
        &incoming.article,
        candidate.posted.is_from(&incoming.article.source),
        incoming.captured_at,
        candidate.posted.captured_at,
    )
}

/// Whether a resemblance would be a rewrite: the same source, soon after, and not one of a folder's files.
pub(crate) fn may_be_rewritten(article: &Article, same_source: bool, new: Timestamp, old: Timestamp) -> bool {
    same_source
        && article.content_from != ContentFrom::File
        && new.duration_since(old).abs() <= REWRITE_WINDOW
}
