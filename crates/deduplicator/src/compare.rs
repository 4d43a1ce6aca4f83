//! Resemblance and containment: which leader, if any, a text repeats.
//!
//! Candidates come from the leaders' index with what they share, from which both values are estimated. Where an estimate
//! could lie on the wrong side of a threshold, the texts themselves are counted: so verdicts are those of the counts.
//!
//! Resemblance is asked first, so a part of a text that is a third of it or more is `near`, although all of it stands in
//! the longer one. It stays so because nothing in two texts tells a part from an edited copy there. Of invented copies, those
//! that lost two fifths or a half of their sentences one by one have 0.35 to 0.67 of the words left and all of these in
//! common; those of which the lower part was cut 0.60, those inside a digest 0.34 and more, first thirds 0.33 and more. A
//! ratio of lengths would call most edited copies parts. Either is a duplicate of the same leader, and the evidence holds
//! both values: a containment near 1 says that nothing was added.

use std::borrow::Cow;

use depeche_model::{Article, ArticleId, ContentFrom, Evidence, Remembered, Rule, Seq, Verdict};
use jiff::{SignedDuration, Timestamp};

use crate::decide::{Deduplicator, Recall};
use crate::fold::Folded;
use crate::incoming::Incoming;
use crate::leaders::{Candidate, SHORT_TOKENS, Standing};
use crate::shingles::{Counts, Shingled, Similarity, Sketches};
use crate::template::{Claims, Facts};

/// From here on two texts are one text with small changes. One word in ten replaced leaves 0.49; a quarter of
/// recycled background gives 0.14.
pub const NEAR_JACCARD: f64 = 0.30;
/// From here on the shorter text is a part of the longer one.
pub const PART_CONTAINMENT: f64 = 0.60;
/// From here on, and below what makes a copy, a text takes passages over from another: half of the threshold.
const REUSE_JACCARD: f64 = 0.15;
/// The same by the share of the shorter text.
const REUSE_CONTAINMENT: f64 = 0.30;
/// From here on the same source has rewritten its text under another address.
pub(crate) const REWRITE_JACCARD: f64 = 0.50;
/// So soon a rewrite follows.
const REWRITE_WINDOW: SignedDuration = SignedDuration::from_hours(48);
/// Estimates this near to a threshold are counted on the texts, however many fingerprints they rest on.
const DOUBT: f64 = 0.08;
/// And those within so many standard deviations of it, for the fingerprints there are: with 50 of them the deviation at a
/// Jaccard similarity of 0.3 is 0.05. One estimate in a hundred lies further off.
const DEVIATIONS: f64 = 2.5;
/// Where more than this share of a text's fingerprints was not followed, what is shared is not known.
const MOST_SKIPPED: f64 = 0.25;
/// Candidates that are compared; a text resembles more only as one of a series.
const COMPARED: usize = 16;

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

impl Lengths {
    /// Whether the shorter one is so short that openings are compared.
    fn is_short(self) -> bool {
        self.new.min(self.old) <= SHORT_TOKENS
    }
}

/// The verdict that a similarity leads to, with the rule and the value that decided.
pub(crate) fn classify(similarity: Similarity, lengths: Lengths) -> Option<(Verdict, Rule, f64)> {
    let new_is_shorter = lengths.new <= lengths.old;
    if similarity.jaccard >= NEAR_JACCARD {
        return Some((Verdict::Near, Rule::Jaccard, similarity.jaccard));
    }
    if lengths.is_short() && similarity.lead >= PART_CONTAINMENT {
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

/// Whether two texts share passages without one being a copy of the other.
pub(crate) fn is_reuse(similarity: Similarity) -> bool {
    similarity.jaccard >= REUSE_JACCARD || similarity.containment >= REUSE_CONTAINMENT
}

/// An estimate with what it rests on.
#[derive(Debug, Clone, Copy)]
struct Estimate {
    similarity: Similarity,
    whole: Counts,
    lead: Counts,
}

impl Estimate {
    /// Of a text that has so many fingerprints, of the whole and of the opening alone.
    fn new((whole, lead): (usize, usize), candidate: Candidate<'_>) -> Self {
        let whole = Counts {
            a: whole,
            b: usize::from(candidate.posted.whole),
            shared: candidate.whole as usize,
        };
        let lead = Counts {
            a: lead,
            b: usize::from(candidate.posted.lead),
            shared: candidate.lead as usize,
        };
        Self {
            similarity: Similarity::estimate(whole, lead),
            whole,
            lead,
        }
    }

    /// Whether the count could lie on the other side of a threshold.
    fn is_doubtful(&self, lengths: Lengths, rewrite_possible: bool) -> bool {
        let near = |value: f64, threshold: f64, of: usize| {
            let deviation = (threshold * (1.0 - threshold) / of.max(1) as f64).sqrt();
            (value - threshold).abs() <= DOUBT.max(DEVIATIONS * deviation)
        };
        let union = self.whole.a + self.whole.b - self.whole.shared;
        let smaller = self.whole.a.min(self.whole.b);
        let Similarity {
            jaccard,
            containment,
            lead,
            ..
        } = self.similarity;
        near(jaccard, NEAR_JACCARD, union)
            || (rewrite_possible && near(jaccard, REWRITE_JACCARD, union))
            || (jaccard < NEAR_JACCARD
                && (near(containment, PART_CONTAINMENT, smaller)
                    || (lengths.is_short() && near(lead, PART_CONTAINMENT, self.lead.a.min(self.lead.b)))))
    }
}

/// What one candidate is to a text, with what tells which of several is meant.
struct Ranked {
    kinship: Kinship,
    standing: Standing,
    is_part: bool,
    value: f64,
    seq: Seq,
}

impl Ranked {
    /// Whether this one is meant rather than the other: a leader rather than one of its copies, the same text rather
    /// than a part, then the more similar one, of equals the first.
    fn is_before(&self, other: &Self) -> bool {
        let rank = |ranked: &Self| (ranked.standing == Standing::Member, ranked.is_part);
        rank(self)
            .cmp(&rank(other))
            .then(other.value.total_cmp(&self.value))
            .then(self.seq.cmp(&other.seq))
            .is_lt()
    }
}

impl Deduplicator {
    /// The leader that a text repeats.
    pub(crate) fn find_leader(&self, incoming: &Incoming, now: Timestamp, recall: &dyn Recall) -> Kinship {
        let tokens = incoming.folded.tokens().len() as u32;
        let found = self.leaders.candidates(&incoming.sketches, tokens, now);
        let (mut shingled, mut claims) = (None, None);
        let mut best: Option<Ranked> = None;
        let mut refused: Option<(f64, Evidence)> = None;
        let mut reused: Option<Evidence> = None;
        let mut compared = 0;
        for candidate in found.candidates {
            let posted = candidate.posted;
            let lengths = Lengths {
                new: tokens,
                old: posted.tokens,
            };
            let estimate = Estimate::new(found.fingerprints, candidate);
            let mut similarity = estimate.similarity;
            let mut old_text = None;
            if found.skipped > MOST_SKIPPED
                || estimate.is_doubtful(lengths, rewrite_possible(incoming, candidate))
            {
                old_text = self.text(posted.seq, recall);
                if let Some(text) = &old_text {
                    let new = shingled.get_or_insert_with(|| Shingled::of(incoming.folded.tokens()));
                    similarity = Similarity::of(new, &Shingled::of(Folded::of(text).tokens()));
                }
            }
            let mut evidence = Evidence {
                rule: Rule::PartialReuse,
                against: Some(posted.article),
                jaccard: Some(similarity.jaccard as f32),
                containment: Some(similarity.containment as f32),
                lead_containment: (similarity.exact || lengths.is_short()).then_some(similarity.lead as f32),
                shared_fingerprints: Some(candidate.whole),
                on_full_texts: similarity.exact,
            };
            let Some((verdict, rule, value)) = classify(similarity, lengths) else {
                compared += usize::from(similarity.exact);
                if compared >= COMPARED {
                    break;
                }
                if is_reuse(similarity) && reused.is_none() {
                    reused = Some(evidence);
                }
                continue;
            };
            compared += 1;
            evidence.rule = rule;
            let claims = claims.get_or_insert_with(|| Claims::of(&incoming.article.text));
            if self.is_another_filling(incoming, claims, candidate, old_text, recall) {
                evidence.rule = Rule::TemplateGuard;
                if refused.as_ref().is_none_or(|(worse, _)| value > *worse) {
                    refused = Some((value, evidence));
                }
            } else {
                let is_rewrite =
                    similarity.jaccard >= REWRITE_JACCARD && rewrite_possible(incoming, candidate);
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
                let ranked = Ranked {
                    kinship,
                    standing: posted.standing,
                    is_part: rule != Rule::Jaccard,
                    value,
                    seq: posted.seq,
                };
                if best.as_ref().is_none_or(|best| ranked.is_before(best)) {
                    best = Some(ranked);
                }
            }
            if compared >= COMPARED {
                break;
            }
        }
        match (best.map(|best| best.kinship), refused) {
            (Some(Kinship::Copy(found)), _) => Kinship::Copy(self.counted(found, incoming, recall)),
            (Some(kinship), _) => kinship,
            (None, Some((_, evidence))) => Kinship::None(evidence),
            (None, None) => Kinship::None(reused.unwrap_or_else(|| Evidence::of(Rule::NoMatch))),
        }
    }

    /// Whether the template guard forbids that a text, which makes these claims, repeats a candidate.
    fn is_another_filling(
        &self,
        incoming: &Incoming,
        claims: &Claims,
        candidate: Candidate<'_>,
        old_text: Option<Cow<'_, str>>,
        recall: &dyn Recall,
    ) -> bool {
        old_text
            .or_else(|| self.text(candidate.posted.seq, recall))
            .is_some_and(|old| {
                Facts::common(claims, &Claims::of(&old))
                    .are_another_filling(candidate.posted.is_from(&incoming.article.source))
            })
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

    /// What a new version of a copy still repeats: its leader, while one of the leader's texts resembles it.
    pub(crate) fn still_repeats(&self, record: &Remembered) -> Option<(Seq, ArticleId)> {
        let (_, leader) = self.registry.article(record.article)?.leader?;
        let sketches = Sketches {
            whole: record.sketch.clone(),
            lead: record.lead.clone(),
        };
        let found = self.leaders.candidates(&sketches, record.tokens, self.stream());
        let fingerprints = found.fingerprints;
        found
            .candidates
            .into_iter()
            .filter(|candidate| candidate.posted.article == leader)
            .find_map(|candidate| {
                let lengths = Lengths {
                    new: record.tokens,
                    old: candidate.posted.tokens,
                };
                classify(Estimate::new(fingerprints, candidate).similarity, lengths)
                    .map(|_| (candidate.posted.seq, leader))
            })
    }
}

fn rewrite_possible(incoming: &Incoming, candidate: Candidate<'_>) -> bool {
    may_be_rewritten(
        &incoming.article,
        candidate.posted.is_from(&incoming.article.source),
        incoming.captured_at,
        candidate.posted.captured_at.timestamp(),
    )
}

/// Whether a resemblance would be a rewrite: the same source, soon after, and not one of a folder's files.
pub(crate) fn may_be_rewritten(article: &Article, same_source: bool, new: Timestamp, old: Timestamp) -> bool {
    same_source
        && article.content_from != ContentFrom::File
        && new.duration_since(old).abs() <= REWRITE_WINDOW
}
