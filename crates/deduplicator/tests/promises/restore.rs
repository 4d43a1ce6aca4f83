//! The state is derived: rebuilt from what was stored, it decides like the one that never stopped.

use depeche_deduplicator::{Deduplicator, Options, Recall};
use depeche_model::{Article, Decision, Digest, Keep, Key, Output, Rejection, RejectionReason, Seq, Verdict};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use crate::support::{Desk, Memory, article, base, hours, normalized, start};

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

/// How the deduplicator comes to its state before a step.
#[derive(Clone, Copy)]
enum Start {
    /// It never stopped.
    None,
    /// From the rows that were kept.
    FromRows,
    /// From every record of all time.
    FromRecords,
}

/// The decisions on a stream, with a start before each step as `starts` says.
fn decide(options: Option<&Options>, steps: &[Step], starts: impl Fn(usize) -> Start) -> Memory {
    let mut desk = options.map_or_else(Desk::new, |options| Desk::with(options.clone()));
    let mut at = 0;
    for (index, step) in steps.iter().enumerate() {
        match starts(index) {
            Start::None => {}
            Start::FromRows => desk = desk.clone(),
            Start::FromRecords => desk = desk.remembered(),
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
        let never = decide(None, &steps, |_| Start::None);
        let once = |start| decide(None, &steps, |index| if index == restart % steps.len() { start } else { Start::None });
        prop_assert_eq!(&once(Start::FromRows).decisions, &never.decisions);
        prop_assert_eq!(&once(Start::FromRecords).decisions, &never.decisions);
        let always = decide(None, &steps, |_| Start::FromRows);
        prop_assert_eq!(&always.decisions, &never.decisions, "a restart before every step");
        prop_assert_eq!(&always.rows.known, &never.rows.known);
        prop_assert_eq!(&always.rows.posted, &never.rows.posted);
        prop_assert_eq!(&always.rows.parts, &never.rows.parts);
    }

    #[test]
    fn windows_of_hours_are_restored_too(
        steps in prop::collection::vec(step(), 1..40),
        near_hours in 1_i64..40,
        story_hours in 1_i64..20,
        max_texts in 1_usize..8,
    ) {
        let options = Options {
            near_window: SignedDuration::from_hours(near_hours),
            story_window: SignedDuration::from_hours(story_hours),
            max_texts,
            ..Options::default()
        };
        let never = decide(Some(&options), &steps, |_| Start::None);
        prop_assert_eq!(&decide(Some(&options), &steps, |_| Start::FromRows).decisions, &never.decisions);
    }

    #[test]
    fn numbers_have_no_gaps_and_copies_point_at_leaders_or_their_copies(steps in prop::collection::vec(step(), 1..40)) {
        let mut next = 1;
        let (mut leaders, mut copies) = (Vec::new(), Vec::new());
        for decision in decide(None, &steps, |_| Start::None).decisions {
            let seq = match &decision {
                Decision::Judged(judged) => {
                    let record = &judged.record;
                    if record.verdict.is_duplicate() {
                        let of = record.of.unwrap();
                        prop_assert!(leaders.contains(&of) || copies.contains(&of), "{:?}", record);
                        if leaders.contains(&of) {
                            copies.push(record.seq);
                        }
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
    let corrected = base("canal").replace("neuf mètres", "douze mètres");
    let forgotten = desk.judge(hours(window), article("a", "1", &corrected));
    let never_known = late.judge(hours(window), article("a", "1", &corrected));
    assert_eq!(forgotten.record.verdict, never_known.record.verdict);
    assert_eq!(forgotten.record.article, never_known.record.article);
}

/// A store to which nothing comes before the end of the test.
struct Late;

impl Recall for Late {
    fn text(&self, _: Seq) -> Option<String> {
        None
    }
}

/// Decides about one article.
fn decide_one(
    deduplicator: &mut Deduplicator,
    at: Timestamp,
    article: Article,
    recall: &dyn Recall,
) -> Decision {
    let output = Output::Article(Box::new(article));
    let decided = deduplicator.decide(normalized(at, vec![output]), recall);
    decided.decisions.into_iter().next().unwrap()
}

#[test]
fn what_was_forgotten_and_is_listed_again_is_not_told_twice() {
    for name in ["canal", "court"] {
        let text = match name {
            "court" => "Une brève de quelques mots.".to_owned(),
            name => base(name),
        };
        let mut desk = Desk::new();
        desk.judge(hours(0), article("a", "1", &text));
        desk.judge(hours(24 * 100), article("b", "2", &base("tramway")));
        for day in [100, 101] {
            let again = desk.decide(hours(24 * day), article("a", "1", &text));
            assert!(matches!(again, Decision::Unchanged), "{again:?}");
        }
    }
}

#[test]
fn what_was_forgotten_is_not_told_as_a_copy_of_its_copy() {
    let mut desk = Desk::new();
    desk.judge(hours(0), article("a", "1", &base("canal")));
    desk.judge(hours(24 * 89), article("b", "2", &base("tramway")));
    desk.judge(hours(24 * 100), article("b", "3", &base("canal")));
    let again = desk.decide(hours(24 * 101), article("a", "1", &base("canal")));
    assert!(matches!(again, Decision::Unchanged), "{again:?}");
}

#[test]
fn what_was_forgotten_before_it_was_stored_is_not_told_twice() {
    let mut deduplicator = Deduplicator::new(Options::default());
    for (day, source, name, told) in [
        (0, "a", "canal", true),
        (100, "b", "tramway", true),
        (100, "a", "canal", false),
    ] {
        let decision = decide_one(
            &mut deduplicator,
            hours(24 * day),
            article(source, name, &base(name)),
            &Late,
        );
        assert_eq!(matches!(decision, Decision::Judged(_)), told, "{decision:?}");
    }
}

#[test]
fn a_decision_does_not_depend_on_how_fast_the_store_is() {
    let mut verdicts = Vec::new();
    for is_late in [false, true] {
        let mut desk = Desk::new();
        let mut decide = |article: Article| {
            if is_late {
                decide_one(&mut desk.deduplicator, hours(0), article, &Late)
            } else {
                desk.decide(hours(0), article)
            }
        };
        decide(article("lejour", "1", &base("canal")));
        for number in 0..4200 {
            let number = number.to_string();
            decide(article("lesoir", &number, &format!("Brève numéro {number}.")));
        }
        // Whether the guid was used again for something else, only the first text can tell.
        let mut other = article("lejour", "1", &base("fromagerie"));
        other.canonical_url = Some("https://lejour.example/tout-autre".to_owned());
        match decide(other) {
            Decision::Judged(judged) => verdicts.push(judged.record.verdict),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(verdicts, [Verdict::New, Verdict::New]);
}

#[test]
fn an_article_that_a_capture_lists_often_is_kept_once() {
    let mut deduplicator = Deduplicator::new(Options::default());
    let outputs = ["neuf", "dix", "onze"].map(|metres| {
        let text = base("canal").replace("neuf mètres", &format!("{metres} mètres"));
        let mut version = article(metres, "1", &text);
        version.canonical_url = Some("https://lejour.example/canal".to_owned());
        Output::Article(Box::new(version))
    });
    let decided = deduplicator.decide(normalized(start(), outputs.into()), &Memory::default());
    let known: Vec<_> = decided
        .keeping
        .rows
        .iter()
        .filter_map(|row| match row {
            Keep::Known { known, before } => Some((known.seq, known.latest, known.revision, *before)),
            _ => None,
        })
        .collect();
    assert_eq!(known, [(Seq(3), Seq(3), 3, None)]);
}
