//! Copies: the same text again, changed, cut or enlarged, and texts that only look alike.

use depeche_deduplicator::{Aliases, Options, explain};
use depeche_model::{ArticleId, Judged, Regrouped, Rule, Seq, Verdict};
use jiff::SignedDuration;

use crate::support::{Desk, article, base, hours, start};

fn words(text: &str) -> Vec<&str> {
    text.split_whitespace().collect()
}

fn opening(text: &str, count: usize) -> String {
    words(text)[..count].join(" ")
}

#[test]
fn the_same_body_in_other_typography_is_exact() {
    let mut desk = Desk::new();
    let leader = desk.judge(start(), article("lejour", "1", &base("canal")));
    let other = base("canal")
        .to_uppercase()
        .replace('\'', "’")
        .replace("\n\n", "\n");
    let copy = desk.judge(hours(1), article("lesoir", "2", &other));
    assert_eq!(
        (copy.record.verdict, copy.evidence.rule, copy.similarity),
        (Verdict::Exact, Rule::SameBody, Some(1.0))
    );
    assert_eq!(copy.duplicate_of, Some(leader.record.article));
    assert_eq!(copy.record.of, Some(leader.record.seq));
    assert_eq!(copy.record.story, leader.record.story);
    assert_ne!(copy.record.article, leader.record.article);
}

#[test]
fn the_same_body_from_the_same_source_and_folder_is_exact() {
    let mut desk = Desk::new();
    desk.judge(start(), article("lejour", "1", &base("canal")));
    let copy = desk.judge(hours(1), article("lejour", "2", &base("canal")));
    assert_eq!(copy.record.verdict, Verdict::Exact);
}

#[test]
fn fewer_than_twenty_five_tokens_are_never_merged_by_text() {
    for (count, expected) in [(24, Verdict::New), (25, Verdict::Exact)] {
        let mut desk = Desk::new();
        let text: String = (0..count)
            .map(|n| format!("mot{n}"))
            .collect::<Vec<_>>()
            .join(" ");
        desk.judge(start(), article("lejour", "1", &text));
        let again = desk.judge(hours(1), article("lesoir", "2", &text));
        assert_eq!(again.record.verdict, expected, "{count} tokens");
        if count == 24 {
            assert_eq!(again.evidence.rule, Rule::TooShort);
        }
    }
}

#[test]
fn a_text_with_one_more_paragraph_is_near_its_leader() {
    let mut desk = Desk::new();
    let leader = desk.judge(start(), article("lejour", "1", &base("canal")));
    let longer = format!("{}\n\n{}", base("canal"), opening(&base("tramway"), 60));
    let copy = desk.judge(hours(1), article("lesoir", "2", &longer));
    assert_eq!(copy.record.verdict, Verdict::Near);
    assert_eq!(copy.duplicate_of, Some(leader.record.article));
    assert_eq!(copy.similarity, copy.evidence.jaccard);
}

#[test]
fn a_part_is_contained_in_its_leader_and_a_whole_contains_it() {
    let middle = words(&base("canal"))[120..290].join(" ");
    let whole = [base("canal"), base("tramway"), base("fromagerie")].join("\n\n");
    let mut desk = Desk::new();
    desk.judge(start(), article("lejour", "1", &whole));
    let part = desk.judge(hours(1), article("lesoir", "2", &middle));
    assert_eq!(
        (part.record.verdict, part.evidence.rule),
        (Verdict::ContainedIn, Rule::Containment)
    );
    let mut desk = Desk::new();
    desk.judge(start(), article("lesoir", "2", &middle));
    let large = desk.judge(hours(1), article("lejour", "1", &whole));
    assert_eq!(large.record.verdict, Verdict::Contains);
    assert!(large.similarity.unwrap() > 0.99);
}

#[test]
fn a_short_opening_is_a_teaser_at_every_length() {
    for count in [25, 30, 40, 50, 80] {
        for name in ["canal", "tramway", "fromagerie", "observatoire"] {
            let mut desk = Desk::new();
            let leader = desk.judge(start(), article("lejour", "1", &base(name)));
            let teaser = desk.judge(hours(1), article("lesoir", "2", &opening(&base(name), count)));
            assert_eq!(
                teaser.record.verdict,
                Verdict::Teaser,
                "{name}, {count} words: {:?}",
                teaser.evidence
            );
            assert_eq!(teaser.duplicate_of, Some(leader.record.article));
        }
    }
}

#[test]
fn a_full_text_that_follows_its_teaser_contains_it() {
    let mut desk = Desk::new();
    let teaser = desk.judge(start(), article("lesoir", "2", &opening(&base("canal"), 40)));
    let full = desk.judge(hours(1), article("lejour", "1", &base("canal")));
    assert_eq!(full.record.verdict, Verdict::Contains);
    assert_eq!(full.duplicate_of, Some(teaser.record.article));
}

#[test]
fn a_copy_of_a_copy_repeats_the_leader() {
    let mut desk = Desk::new();
    let leader = desk.judge(start(), article("a", "1", &base("canal")));
    let longer = format!("{}\n\n{}", base("canal"), opening(&base("tramway"), 60));
    let copy = desk.judge(hours(1), article("b", "2", &longer));
    let again = desk.judge(hours(2), article("c", "3", &longer));
    assert_eq!(
        (again.record.verdict, again.evidence.rule),
        (Verdict::Near, Rule::SameBody)
    );
    assert_eq!(again.record.of, Some(leader.record.seq));
    // The first was estimated from sketches, the second is counted.
    assert!((again.similarity.unwrap() - copy.similarity.unwrap()).abs() < 0.08);
    let exact = desk.judge(hours(3), article("d", "4", &base("canal")));
    let exact_again = desk.judge(hours(4), article("e", "5", &base("canal")));
    assert_eq!(
        (exact.record.of, exact_again.record.of),
        (again.record.of, again.record.of)
    );
}

#[test]
fn copies_do_not_drift_away_from_their_leader() {
    // Each text keeps two thirds of the one before; the last has nothing of the first any more.
    let source = words(&[base("canal"), base("tramway"), base("fromagerie")].join(" ")).join(" ");
    let all = words(&source);
    let mut desk = Desk::new();
    let (mut leaders, mut copies) = (Vec::new(), Vec::new());
    for step in 0..8_usize {
        let text = all[step * 70..step * 70 + 210].join(" ");
        let judged = desk.judge(hours(1), article(&format!("s{step}"), "1", &text));
        match judged.record.verdict {
            Verdict::New => leaders.push(judged.record.seq),
            // A copy with something of its own can be copied in turn, but that copy cannot.
            _ if leaders.contains(&judged.record.of.unwrap()) => copies.push(judged.record.seq),
            _ => assert!(copies.contains(&judged.record.of.unwrap()), "step {step}"),
        }
    }
    assert!(leaders.len() >= 3, "{leaders:?}");
}

#[test]
fn the_most_similar_leader_is_chosen_and_of_equals_the_first() {
    let mut desk = Desk::new();
    let text = base("canal");
    let half = words(&text)[..150].join(" ");
    let part = desk.judge(start(), article("a", "1", &half));
    let other = format!("{}\n\n{}", words(&text)[150..].join(" "), base("tramway"));
    desk.judge(start(), article("b", "2", &other));
    let copy = desk.judge(hours(1), article("c", "3", &words(&text)[..140].join(" ")));
    assert_eq!(copy.duplicate_of, Some(part.record.article));
}

#[test]
fn copies_match_every_version_of_their_leader() {
    let mut desk = Desk::new();
    let first = desk.judge(start(), article("a", "1", &base("canal")));
    let mut rewritten = article(
        "a",
        "1",
        &format!("{}\n\n{}", opening(&base("canal"), 120), base("tramway")),
    );
    rewritten.title = "Réécrit".to_owned();
    let second = desk.judge(hours(1), rewritten.clone());
    assert_eq!(second.record.verdict, Verdict::Revision);
    let of_first = desk.judge(hours(2), article("b", "2", &format!("Agence. {}", base("canal"))));
    let of_second = desk.judge(
        hours(2),
        article("c", "3", &format!("Agence. {}", rewritten.text)),
    );
    for (copy, version) in [(of_first, &first), (of_second, &second)] {
        assert_eq!(copy.record.verdict, Verdict::Near);
        assert_eq!(copy.record.of, Some(version.record.seq));
        assert_eq!(copy.duplicate_of, Some(first.record.article));
    }
}

#[test]
fn a_corrected_copy_is_a_revision_that_still_repeats_its_leader() {
    let mut desk = Desk::new();
    let leader = desk.judge(start(), article("a", "1", &base("canal")));
    let copy = desk.judge(hours(1), article("b", "2", &format!("Agence. {}", base("canal"))));
    let corrected = desk.judge(hours(2), article("b", "2", &base("canal").replace("neuf", "dix")));
    assert_eq!(corrected.record.verdict, Verdict::Revision);
    assert_eq!(corrected.record.article, copy.record.article);
    assert_eq!(corrected.duplicate_of, Some(leader.record.article));
    let own = desk.judge(
        hours(3),
        article(
            "b",
            "2",
            &format!("{} {}", opening(&base("canal"), 60), base("tramway")),
        ),
    );
    assert_eq!((own.record.verdict, own.duplicate_of), (Verdict::Revision, None));
}

#[test]
fn two_fillings_of_one_template_from_one_source_stay_apart() {
    let filling = |town: &str, n: [u32; 5]| {
        format!(
            "Le marché de {town} a clôturé la séance de mardi à {} points, soit un recul de {} points sur la veille. \
             Les échanges ont porté sur {} titres à {town}, contre {} en moyenne depuis le début de l'année, dans une \
             ambiance que les opérateurs de {town} jugent attentiste avant la réunion de la banque centrale. À {town}, \
             l'indice des moyennes valeurs a fini à {} points.",
            n[0], n[1], n[2], n[3], n[4]
        )
    };
    let (a, b) = (
        filling("Valmory", [4213, 38, 91_200, 88_400, 712]),
        filling("Aubrelle", [1877, 12, 23_050, 25_600, 391]),
    );
    let mut desk = Desk::new();
    let first = desk.judge(start(), article("bourse", "1", &a));
    let second = desk.judge(hours(1), article("bourse", "2", &b));
    assert_eq!(
        (second.record.verdict, second.evidence.rule),
        (Verdict::New, Rule::TemplateGuard)
    );
    assert_eq!(second.evidence.against, Some(first.record.article));
    assert_ne!(second.record.story, first.record.story);
    let comparison = explain(&first, &second, &Aliases::built_in());
    assert_eq!(
        (comparison.rule, comparison.verdict),
        (Rule::TemplateGuard, Verdict::New)
    );
    assert!(comparison.numeric_containment < 0.2 && comparison.jaccard > 0.3);
}

#[test]
fn a_copy_after_the_near_window_is_a_new_article_and_an_identical_one_is_still_exact() {
    let changed = format!("Agence. {}", base("canal"));
    for (day, expected) in [(14, Verdict::Near), (15, Verdict::New)] {
        let mut desk = Desk::new();
        desk.judge(start(), article("a", "1", &base("canal")));
        assert_eq!(
            desk.judge(hours(day * 24), article("b", "2", &changed))
                .record
                .verdict,
            expected,
            "day {day}"
        );
    }
    for (day, expected) in [(90, Verdict::Exact), (91, Verdict::New)] {
        let mut desk = Desk::new();
        desk.judge(start(), article("a", "1", &base("canal")));
        assert_eq!(
            desk.judge(hours(day * 24), article("b", "2", &base("canal")))
                .record
                .verdict,
            expected,
            "day {day}"
        );
    }
}

#[test]
fn the_oldest_texts_are_forgotten_beyond_the_limit() {
    let options = |max_texts| Options {
        max_texts,
        near_window: SignedDuration::from_hours(24),
        ..Options::default()
    };
    for (max_texts, expected) in [(2, Verdict::Near), (1, Verdict::New)] {
        let mut desk = Desk::with(options(max_texts));
        desk.judge(start(), article("a", "1", &base("canal")));
        desk.judge(start(), article("b", "2", &base("tramway")));
        let copy = desk.judge(hours(1), article("c", "3", &format!("Agence. {}", base("canal"))));
        assert_eq!(copy.record.verdict, expected, "{max_texts} texts");
    }
}

#[test]
fn an_explanation_shows_the_longest_passages_and_the_rule() {
    let mut desk = Desk::new();
    let a = desk.judge(start(), article("a", "1", &base("canal")));
    let b = desk.judge(hours(1), article("b", "2", &opening(&base("canal"), 40)));
    let comparison = explain(&b, &a, &Aliases::built_in());
    assert_eq!(
        (comparison.rule, comparison.verdict),
        (Rule::LeadContainment, Verdict::Teaser)
    );
    assert_eq!(comparison.passages.len(), 1);
    assert!(comparison.passages[0].starts_with("Le canal de la Basse-Sèvre restera fermé"));
    assert_eq!(comparison.shared_keys, []);
}

#[test]
fn an_explanation_of_two_versions_shows_the_words_that_changed() {
    let mut desk = Desk::new();
    let a = desk.judge(start(), article("a", "1", &base("canal")));
    let corrected = base("canal").replace("neuf mètres", "douze mètres");
    let b = desk.judge(hours(1), article("a", "1", &corrected));
    let rewording = explain(&b, &a, &Aliases::built_in()).rewording;
    assert_eq!(rewording, b.rewording, "what is stored is what is explained");
    let changes = rewording.unwrap().changes;
    assert_eq!(changes.len(), 1);
    assert_eq!(
        (changes[0].removed.as_str(), changes[0].added.as_str()),
        ("neuf", "douze")
    );
}

/// What a record changed between copies and their leader.
fn moves(judged: &Judged) -> Vec<(Regrouped, ArticleId, Option<Seq>, Option<Seq>)> {
    let lines = judged.regroupings.iter();
    lines
        .map(|line| (line.what, line.copy, line.before, line.after))
        .collect()
}

#[test]
fn a_copy_joins_its_leader_by_a_line_of_the_log() {
    let mut desk = Desk::new();
    let leader = desk.judge(start(), article("a", "1", &base("canal")));
    assert_eq!(moves(&leader), []);
    let copy = desk.judge(hours(1), article("b", "2", &format!("Agence. {}", base("canal"))));
    let (of, joined) = (leader.record.seq, copy.record.article);
    assert_eq!(moves(&copy), [(Regrouped::Joined, joined, None, Some(of))]);
    let line = &copy.regroupings[0];
    assert_eq!(
        (line.leader, &line.evidence),
        (leader.record.article, &copy.evidence)
    );
}

#[test]
fn a_version_of_a_copy_that_is_another_text_leaves_its_leader() {
    let mut desk = Desk::new();
    let leader = desk.judge(start(), article("a", "1", &base("canal")));
    let copy = desk.judge(hours(1), article("b", "2", &base("canal")));
    let corrected = base("canal").replace("neuf mètres", "douze mètres");
    let still = desk.judge(hours(2), article("b", "2", &corrected));
    assert_eq!(
        (moves(&still), still.duplicate_of),
        (vec![], Some(leader.record.article))
    );
    let gone = desk.judge(hours(3), article("b", "2", &base("fromagerie")));
    assert_eq!(gone.record.article, copy.record.article);
    let before = Some(leader.record.seq);
    assert_eq!(
        (moves(&gone), gone.duplicate_of),
        (vec![(Regrouped::Left, copy.record.article, before, None)], None)
    );
    let evidence = &gone.regroupings[0].evidence;
    assert!(evidence.on_full_texts && evidence.jaccard.is_some_and(|jaccard| jaccard < 0.1));
}

#[test]
fn a_version_of_a_leader_leaves_the_copies_behind_that_it_no_longer_resembles() {
    let mut desk = Desk::new();
    let leader = desk.judge(start(), article("a", "1", &base("canal")));
    let near = desk.judge(hours(1), article("b", "2", &format!("Agence. {}", base("canal"))));
    let teaser = desk.judge(hours(2), article("c", "3", &opening(&base("canal"), 40)));
    let other = desk.judge(hours(2), article("d", "4", &base("fromagerie")));
    assert_eq!(
        (teaser.record.verdict, other.record.verdict),
        (Verdict::Teaser, Verdict::New)
    );
    // A correction moves away from none of them; another text under the same address from all.
    let corrected = base("canal").replace("neuf mètres", "douze mètres");
    let second = desk.judge(hours(3), article("a", "1", &corrected));
    assert_eq!(moves(&second), []);
    let mut again = desk.clone();
    let third = desk.judge(hours(4), article("a", "1", &base("tramway")));
    assert_eq!(third.record.article, leader.record.article);
    let (before, after) = (Some(second.record.seq), Some(third.record.seq));
    assert_eq!(
        moves(&third),
        [
            (Regrouped::LeftBehind, near.record.article, before, None),
            (Regrouped::LeftBehind, teaser.record.article, before, None),
        ]
    );
    // They are its copies all the same: of the version that they repeat.
    let fourth = desk.judge(hours(5), article("a", "1", &corrected));
    assert_eq!(moves(&fourth).len(), 2);
    assert!(
        moves(&fourth)
            .iter()
            .all(|line| line.0 == Regrouped::Returned && line.2.is_none())
    );
    assert!(after < Some(fourth.record.seq));
    // What the store gives back is enough to tell it.
    let told = again.judge(hours(4), article("a", "1", &base("tramway")));
    assert_eq!((moves(&told), told.record.seq), (moves(&third), third.record.seq));
}

#[test]
fn of_a_text_that_is_a_third_of_another_the_evidence_says_that_nothing_was_added() {
    let mut desk = Desk::new();
    let long = [base("canal"), base("tramway")].join("\n\n");
    desk.judge(start(), article("lejour", "1", &long));
    let part = desk.judge(hours(1), article("lesoir", "2", &base("canal")));
    assert_eq!(part.record.verdict, Verdict::Near);
    let evidence = &part.evidence;
    assert!(
        evidence.containment.is_some_and(|share| share > 0.99),
        "{evidence:?}"
    );
    assert!(evidence.jaccard.is_some_and(|share| share < 0.67), "{evidence:?}");
}
