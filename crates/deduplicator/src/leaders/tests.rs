//! The index finds what a comparison of all with all finds, and forgets what it should.

use std::collections::BTreeMap;

use depeche_model::{Digest, StoryId, TermVector};

use super::*;
use crate::fold::mix;

const WINDOW: SignedDuration = SignedDuration::from_hours(14 * 24);

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

fn record(seq: u64, tokens: u32, whole: Vec<u32>, lead: Vec<u32>) -> Remembered {
    Remembered {
        seq: Seq(seq),
        article: ArticleId(Digest([0; 16])),
        revision: 1,
        verdict: Verdict::New,
        of: None,
        captured_at: at(0),
        event: (at(0), at(0)),
        source: "source".to_owned(),
        keys: Vec::new(),
        content: Digest([0; 16]),
        entry_digest: None,
        tokens,
        sketch: Sketch::new(whole),
        lead: Sketch::new(lead),
        story: StoryId(Digest([0; 16])),
        terms: TermVector::default(),
    }
}

/// A text whose fingerprints are drawn from those of its family, one of forty; every third text is short.
fn random(seq: u64) -> Remembered {
    let draw = |count: u64, salt: u64| {
        (0..count)
            .map(|n| mix(seq % 40 * 1000 + salt + mix(seq * 1000 + n) % 120) as u32)
            .collect::<Vec<u32>>()
    };
    let is_short = seq.is_multiple_of(3);
    record(
        seq,
        if is_short { 100 } else { 400 },
        draw(if is_short { 12 } else { 50 }, 0),
        draw(30, 500),
    )
}

/// What two texts share, counted without an index.
fn shared(a: &Remembered, b: &Remembered) -> (u32, u32) {
    let lead = |record: &Remembered| Sketch::new(lead_alone(&record.sketch, &record.lead));
    let is_short = a.tokens.min(b.tokens) <= SHORT_TOKENS;
    let lead = if is_short { lead(a).shared(&lead(b)) } else { 0 };
    (a.sketch.shared(&b.sketch) as u32, lead as u32)
}

#[test]
fn every_text_in_the_window_is_found_by_all_that_it_shares_however_segments_lie() {
    let mut leaders = Leaders::new(WINDOW, 1_000_000);
    let mut posted: Vec<(i64, Remembered)> = Vec::new();
    // Twenty days, one of them with several open segments, so that neighbours were merged.
    for seq in 1..6000_u64 {
        let second = match seq {
            ..2000 => seq * 600,
            2000..5500 => 2000 * 600 + (seq - 2000),
            _ => 2000 * 600 + (seq - 5490) * 6000,
        };
        let second = second.cast_signed();
        let text = random(seq);
        leaders.post(&text, Standing::Leader, at(second));
        leaders.forget(at(second));
        posted.push((second, text));
        if seq % 500 != 499 {
            continue;
        }
        let query = random(seq + 100_000);
        let sketches = Sketches {
            whole: query.sketch.clone(),
            lead: query.lead.clone(),
        };
        let found = leaders.candidates(&sketches, query.tokens, at(second));
        let found: BTreeMap<Seq, (u32, u32)> = found
            .candidates
            .iter()
            .map(|candidate| (candidate.posted.seq, (candidate.whole, candidate.lead)))
            .collect();
        let mut expected = BTreeMap::new();
        for (since, text) in &posted {
            let (whole, lead) = shared(&query, text);
            let is_short = query.tokens.min(text.tokens) <= SHORT_TOKENS;
            let enough = if is_short { SHARED_SHORT } else { SHARED };
            if second - since <= WINDOW.as_secs() && whole + lead >= enough {
                expected.insert(text.seq, (whole, lead));
            }
        }
        assert!(!expected.is_empty(), "{seq}");
        assert_eq!(found, expected, "{seq}");
    }
    assert!(leaders.size().segments < 30, "{:?}", leaders.size());
}

#[test]
fn what_leaves_the_window_is_forgotten_a_day_at_a_time() {
    let mut leaders = Leaders::new(WINDOW, 1_000_000);
    for hour in 0..60 * 24_u32 {
        leaders.post(
            &random(u64::from(hour) + 1),
            Standing::Leader,
            at(i64::from(hour) * 3600),
        );
        leaders.forget(at(i64::from(hour) * 3600));
        assert!(
            leaders.size().texts <= 15 * 24 + 24,
            "hour {hour}: {:?}",
            leaders.size()
        );
        assert!(leaders.size().segments <= 16, "hour {hour}: {:?}", leaders.size());
    }
}

#[test]
fn no_more_texts_than_allowed_are_found_and_few_more_are_held() {
    let mut leaders = Leaders::new(WINDOW, 1500);
    let same: Vec<u32> = (0..50).map(|n| n * 80_000_000).collect();
    for seq in 1..=5000 {
        let whole = if seq % 100 == 0 { same.clone() } else { Vec::new() };
        leaders.post(&record(seq, 400, whole, Vec::new()), Standing::Leader, at(0));
        leaders.forget(at(0));
    }
    let sketches = Sketches {
        whole: Sketch::new(same),
        lead: Sketch::default(),
    };
    let found = leaders.candidates(&sketches, 400, at(0));
    let found: Vec<u64> = found.candidates.iter().map(|found| found.posted.seq.0).collect();
    assert_eq!(found, (36..=50).map(|n| n * 100).collect::<Vec<_>>());
    assert!(leaders.size().texts <= 1500 + 2 * 2048, "{:?}", leaders.size());
}

#[test]
fn a_stock_phrase_is_not_followed_and_its_share_is_told() {
    let mut leaders = Leaders::new(WINDOW, 1_000_000);
    for seq in 0..=FREQUENT as u64 {
        let own = (0..4).map(|n| seq as u32 * 10 + n + 1000);
        let whole = (0..12).chain(own).collect();
        leaders.post(&record(seq + 1, 400, whole, Vec::new()), Standing::Leader, at(0));
    }
    let sketches = Sketches {
        whole: Sketch::new((0..12).chain(1000..1004).collect()),
        lead: Sketch::default(),
    };
    let found = leaders.candidates(&sketches, 400, at(0));
    assert!((found.skipped - 0.75).abs() < 1e-9);
    assert_eq!(found.candidates.len(), 1);
    assert_eq!(found.candidates[0].whole, 4);
}

#[test]
fn a_text_has_its_own_beyond_three_tenths_of_its_fingerprints() {
    let mut leaders = Leaders::new(WINDOW, 1_000_000);
    leaders.post(
        &record(1, 400, (0..100).collect(), Vec::new()),
        Standing::Leader,
        at(0),
    );
    for (new, expected) in [(30, false), (31, true)] {
        let text = record(2, 400, (new..new + 100).collect(), Vec::new());
        assert_eq!(leaders.has_its_own(&text, Seq(1)), expected, "{new} new");
    }
    let text = record(2, 400, (0..100).collect(), Vec::new());
    assert!(leaders.has_its_own(&text, Seq(9)), "compared with nothing");
}

#[test]
fn a_text_that_hundreds_rewrite_is_found_by_its_words_still() {
    let words = |from: u64, count: u64| (from..from + count).map(|n| mix(n) as u32);
    let text: Vec<u32> = words(0, 60).collect();
    let mut leaders = Leaders::new(WINDOW, 1_000_000);
    leaders.post(&record(1, 400, text.clone(), Vec::new()), Standing::Leader, at(0));
    for seq in 2..500 {
        let rewritten = words(seq % 20, 40).chain(words(1000 * seq, 30)).collect();
        let mut rewritten = record(seq, 400, rewritten, Vec::new());
        rewritten.verdict = Verdict::Near;
        assert!(leaders.has_its_own(&rewritten, Seq(1)));
        if !leaders.is_crowded(&rewritten) {
            leaders.post(&rewritten, Standing::Member, at(0));
        }
    }
    let posted = leaders.size().texts;
    assert!((50..FREQUENT).contains(&posted), "{posted}");
    let sketches = Sketches {
        whole: Sketch::new(text),
        lead: Sketch::default(),
    };
    let found = leaders.candidates(&sketches, 400, at(0));
    let first = found.candidates.first().unwrap();
    assert_eq!((first.posted.seq, first.whole), (Seq(1), 60));
}
