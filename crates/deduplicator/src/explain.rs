//! Explaining: how two records compare under every rule.
//!
//! In: two judged articles, in any order. Out: what each rule looks at, always counted on the whole texts, and the
//! rule that would decide about the later one if the earlier one alone were known.

use std::ops::Range;

use depeche_model::{Digest, Judged, Key, Rewording, Rule, Verdict};
use jiff::SignedDuration;
use rustc_hash::FxHashSet;

use crate::aliases::Aliases;
use crate::changes::reword;
use crate::compare::{Lengths, REWRITE_JACCARD, classify, may_be_rewritten};
use crate::fold::{Folded, is_inside_token};
use crate::identity::share_wording;
use crate::incoming::COMPARABLE_TOKENS;
use crate::likeness::{StorySimilarity, similarity_by_prior};
use crate::shingles::{SHINGLE, Similarity, shingles, sketch_tokens};
use crate::template::{Claims, Facts};
use crate::terms::Terms;

/// Passages that are shown, the longest first.
const PASSAGES: usize = 5;

/// How two records compare.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Comparison {
    /// Keys under which both are known.
    pub shared_keys: Vec<Key>,
    /// Fingerprints that both sketches hold.
    pub shared_fingerprints: usize,
    /// Jaccard similarity of word 4-grams, 0–1.
    pub jaccard: f64,
    /// Shared 4-grams over those of the shorter text, 0–1.
    pub containment: f64,
    /// The same of the two openings.
    pub lead_containment: f64,
    /// Whole sentences in common over those of the text that has fewer, 0–1.
    pub sentence_containment: f64,
    /// Distinct numbers in common over those of the text that has fewer, 0–1; 1 where one has none.
    pub numeric_containment: f64,
    /// Distinct numbers and names in common over those of the text that has fewer, 0–1; 1 where one has few.
    pub fact_containment: f64,
    /// Numbers and names between the same words: of the places that both fill, those filled alike, 0–1; 1 where they are few.
    pub place_agreement: f64,
    /// The longest runs of words in common, as the later text writes them.
    pub passages: Vec<String>,
    /// Where the later one is a version of the earlier one: the words it has in place of which others.
    pub rewording: Option<Rewording>,
    /// How similar they are as reports of one event, with no counts but the built-in ones: the running
    /// deduplicator, which knows how rare each term was in those days, may give a slightly different value.
    pub story: StorySimilarity,
    /// Time between the moments at which they can have been published, in seconds; 0 where these overlap.
    pub apart_secs: i64,
    /// The rule that would decide.
    pub rule: Rule,
    /// What it would decide about the later one.
    pub verdict: Verdict,
}

/// How two records compare.
#[must_use]
pub fn explain(a: &Judged, b: &Judged, aliases: &Aliases) -> Comparison {
    let (old, new) = if a.record.seq <= b.record.seq {
        (a, b)
    } else {
        (b, a)
    };
    let (old_folded, new_folded) = (Folded::of(&old.article.text), Folded::of(&new.article.text));
    let similarity = Similarity::count(new_folded.tokens(), old_folded.tokens());
    let facts = Facts::common(&Claims::of(&new.article.text), &Claims::of(&old.article.text));
    let old_keys: Vec<Digest> = old.record.keys.iter().map(Key::digest).collect();
    let shared_keys: Vec<Key> = new
        .record
        .keys
        .iter()
        .filter(|key| old_keys.contains(&key.digest()))
        .cloned()
        .collect();
    let (rule, verdict) = decide(old, new, &shared_keys, similarity, facts);
    Comparison {
        shared_fingerprints: sketch_tokens(new_folded.tokens())
            .whole
            .shared(&sketch_tokens(old_folded.tokens()).whole),
        jaccard: similarity.jaccard,
        containment: similarity.containment,
        lead_containment: similarity.lead,
        sentence_containment: facts.sentences,
        numeric_containment: facts.numbers,
        fact_containment: facts.all,
        place_agreement: facts.places,
        passages: passages(&new.article.text, new_folded.tokens(), old_folded.tokens()),
        rewording: (verdict == Verdict::Revision).then(|| reword(&old.article.text, &new.article.text)),
        story: similarity_by_prior(
            &mut Terms::new(aliases.clone()),
            (&old.article, old.record.captured_at),
            (&new.article, new.record.captured_at),
        ),
        apart_secs: apart(old, new).as_secs(),
        shared_keys,
        rule,
        verdict,
    }
}

fn decide(
    old: &Judged,
    new: &Judged,
    shared_keys: &[Key],
    similarity: Similarity,
    facts: Facts,
) -> (Rule, Verdict) {
    let shares = |wanted: fn(&Key) -> bool| shared_keys.iter().any(wanted);
    if shares(|key| matches!(key, Key::Guid { .. })) {
        return (Rule::SameGuid, Verdict::Revision);
    }
    if shares(|key| matches!(key, Key::Url(_))) {
        return (Rule::SameUrl, Verdict::Revision);
    }
    if shares(|key| matches!(key, Key::Number { .. })) && share_wording(similarity) {
        return (Rule::SameNumber, Verdict::Revision);
    }
    if shares(|key| matches!(key, Key::Body(_))) {
        return (Rule::SameBody, Verdict::Exact);
    }
    let lengths = Lengths {
        new: new.record.tokens,
        old: old.record.tokens,
    };
    if (lengths.new.min(lengths.old) as usize) < COMPARABLE_TOKENS {
        return (Rule::TooShort, Verdict::New);
    }
    let Some((verdict, rule, _)) = classify(similarity, lengths) else {
        return (Rule::NoMatch, Verdict::New);
    };
    let same_source = old.article.source == new.article.source;
    if facts.are_another_filling(same_source) {
        return (Rule::TemplateGuard, Verdict::New);
    }
    if similarity.jaccard >= REWRITE_JACCARD
        && may_be_rewritten(
            &new.article,
            same_source,
            new.record.captured_at,
            old.record.captured_at,
        )
    {
        return (Rule::SameSourceRewrite, Verdict::Revision);
    }
    (rule, verdict)
}

fn apart(a: &Judged, b: &Judged) -> SignedDuration {
    let ((start, end), (other_start, other_end)) = (a.record.event, b.record.event);
    start
        .duration_since(other_end)
        .max(other_start.duration_since(end))
        .max(SignedDuration::ZERO)
}

/// The longest runs of words of `new` that `old` has too, as `text` writes them, between single spaces.
fn passages(text: &str, new: &[u64], old: &[u64]) -> Vec<String> {
    let known: FxHashSet<u64> = shingles(old).collect();
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for (position, shingle) in shingles(new).enumerate() {
        if !known.contains(&shingle) {
            continue;
        }
        match runs.last_mut() {
            Some((_, end)) if position < *end - SHINGLE + 2 => *end = position + SHINGLE,
            _ => runs.push((position, position + SHINGLE)),
        }
    }
    runs.sort_by_key(|(start, end)| (std::cmp::Reverse(end - start), *start));
    runs.truncate(PASSAGES);
    let tokens = written_tokens(text);
    runs.into_iter()
        .filter_map(|(start, end)| {
            let (first, last) = (tokens.get(start)?, tokens.get(end.checked_sub(1)?)?);
            let passage = text.get(first.start..last.end)?;
            Some(passage.split_whitespace().collect::<Vec<_>>().join(" "))
        })
        .collect()
}

/// Where a text writes its tokens: one place for each folded token.
fn written_tokens(text: &str) -> Vec<Range<usize>> {
    let mut tokens = Vec::new();
    let mut at = 0;
    for piece in text.split_inclusive(|c: char| !c.is_alphanumeric() && !is_inside_token(c)) {
        let token = piece.trim_end_matches(|c: char| !c.is_alphanumeric() && !is_inside_token(c));
        if !Folded::of(token).tokens().is_empty() {
            tokens.push(at..at + token.len());
        }
        at += piece.len();
    }
    tokens
}
