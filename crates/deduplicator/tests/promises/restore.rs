//! The state is derived: rebuilt from what was stored, it decides like the one that never stopped.

use depeche_model::{Article, Decision, Digest, Key, Output, Rejection, RejectionReason};
use jiff::SignedDuration;
use proptest::prelude::*;

use crate::support::{Desk, Memory, article, base, hours};

/// One event of a random stream, small in range so that keys, texts and times collide often.
#[derive(Debug, Clone)]
struct Step {
    source: u8,
    guid: u8,
    text: u8,
    cut: u8,
    kind: u8,
    gap_hours: u16,
}

fn step() -> impl Strategy<Value = Step> {
    (0..3_u8, 0..4_u8, 0..4_u8, 0..6_u8, 0..12_u8, 0..80_u16).prop_map(
        |(source, guid, text, cut, kind, gap)| Step {
            source,
            guid,
            text,
            cut,
            kind,
            // Mostly minutes apart, now and then past a window.
            gap_hours: match gap {
                0 => 24 * 100,
                1 => 24 * 15,
                2..6 => 73,
                _ => gap / 20,
            },
        },
    )
}

fn text_of(step: &Step) -> String {
    let whole = base(["canal", "tramway", "fromagerie", "observatoire"][usize::from(step.text)]);
    let words: Vec<&str> = whole.split(' ').collect();
    match step.cut {
        0 => words[..30].join(" "),
        1 => words[..110].join(" "),
        2 => words[60..].join(" "),
        3 => words[..10].join(" "),
        4 => format!("Avec agence. {whole}"),
        _ => whole.clone(),
    }
}

fn output_of(step: &Step) -> Output {
    let text = text_of(step);
    let mut item: Article = article(&format!("s{}", step.source), &format!("{}", step.guid), &text);
    match step.kind {
        0 => {
            return Output::Rejected(Rejection {
                reason: RejectionReason::Empty,
                title: None,
                url: None,
                key: Some(Key::Url(format!("https://vide.example/{}", step.guid))),
                digest: Digest([step.text; 16]),
            });
        }
        1 => item.canonical_url = Some(format!("https://commun.example/{}", step.guid)),
        2 => item.entry_digest = Some(Digest([step.cut; 16])),
        3 => item.guid = None,
        4 => item.feed_url = Some("https://autre.example/rss.xml".to_owned()),
        _ => {}
    }
    Output::Article(Box::new(item))
}

/// The decisions on a stream, with a restart from the store before each step where `restarts` says so.
fn decide(steps: &[Step], restarts: impl Fn(usize) -> bool) -> Memory {
    let mut desk = Desk::new();
    let mut at = 0;
    for (index, step) in steps.iter().enumerate() {
        if restarts(index) {
            desk = desk.clone();
        }
        at += i64::from(step.gap_hours);
        desk.output(hours(at), output_of(step));
    }
    desk.memory
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn a_restored_state_decides_like_the_one_that_never_stopped(
        steps in prop::collection::vec(step(), 1..40),
        restart in 0_usize..40,
    ) {
        let never = decide(&steps, |_| false);
        prop_assert_eq!(&decide(&steps, |index| index == restart % steps.len()).decisions, &never.decisions);
        prop_assert_eq!(&decide(&steps, |_| true).decisions, &never.decisions, "a restart before every step");
    }

    #[test]
    fn numbers_have_no_gaps_and_copies_point_at_leaders(steps in prop::collection::vec(step(), 1..40)) {
        let mut next = 1;
        let mut leaders = Vec::new();
        for decision in decide(&steps, |_| false).decisions {
            let seq = match &decision {
                Decision::Judged(judged) => {
                    let record = &judged.record;
                    if record.verdict.is_duplicate() {
                        prop_assert!(leaders.contains(&record.of.unwrap()), "{:?}", record);
                        prop_assert!(judged.duplicate_of.is_some());
                    } else {
                        leaders.push(record.seq);
                    }
                    record.seq
                }
                Decision::Seen(sighting) => sighting.seq,
                Decision::Rejected(seq, _) => *seq,
                Decision::Unchanged | Decision::PageOwed(_) => continue,
            };
            prop_assert_eq!(seq.0, next);
            next += 1;
        }
    }
}

#[test]
fn what_lies_outside_every_window_is_forgotten() {
    let mut desk = Desk::new();
    let mut late = Desk::new();
    let window = SignedDuration::from_hours(24 * 91).as_hours();
    desk.judge(hours(0), article("a", "1", &base("canal")));
    for desk in [&mut desk, &mut late] {
        desk.judge(hours(window), article("b", "2", &base("tramway")));
    }
    let forgotten = desk.judge(hours(window), article("a", "1", &base("canal")));
    let never_known = late.judge(hours(window), article("a", "1", &base("canal")));
    assert_eq!(forgotten.record.verdict, never_known.record.verdict);
    assert_eq!(forgotten.record.article, never_known.record.article);
}
