//! Stories: the reports of one event come together, and only those.

use depeche_deduplicator::{Aliases, outline};
use depeche_model::{Article, Decision, Precision, Published};
use depeche_testkit::copydesk::{Dice, Press};
use jiff::SignedDuration;

use crate::support::{Desk, article, base, hours, start};

const FLOOD_1: &str = "Le barrage de Korvanta, dans le nord de l'Estavie, a cédé mardi sous la pression des pluies. Selon \
    la gouverneure Mirela Dostan, 2 300 habitants de la vallée de l'Isker ont été conduits dans des gymnases de Brelov. \
    Deux ponts ont disparu et la ligne ferroviaire Brelov-Santarin est coupée pour plusieurs semaines.";
const FLOOD_2: &str = "Des hélicoptères tournaient encore mercredi au-dessus de la vallée de l'Isker, en Estavie, à la \
    recherche de rescapés réfugiés sur les toits. La rupture de l'ouvrage de Korvanta a surpris le bourg en pleine nuit. \
    « Nous manquons de couvertures », a lancé Mirela Dostan depuis Brelov, où dorment 2 300 évacués.";
const QUAKE: &str = "Un séisme de magnitude 5,8 a secoué mercredi le sud de l'Estavie, près de Lumera, sans faire de victime. \
    Des cheminées sont tombées et l'électricité a manqué pendant trois heures. L'institut sismologique de Santarin prévoit \
    des répliques et invite les 14 000 habitants de Lumera à dormir dehors.";

fn dated(mut article: Article, at: &str, precision: Precision) -> Article {
    article.published = Some(Published {
        at: at.parse().unwrap(),
        precision,
    });
    article
}

#[test]
fn two_reports_of_one_event_share_a_story_and_another_event_of_the_country_does_not() {
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
        let mut desk = Desk::new();
        let mut stories = [None; 3];
        for index in order {
            let text = [FLOOD_1, FLOOD_2, QUAKE][index];
            let judged = desk.judge(start(), article(&format!("s{index}"), "1", text));
            stories[index] = Some(judged.record.story);
        }
        assert_eq!(stories[0], stories[1], "{order:?}");
        assert_ne!(stories[0], stories[2], "{order:?}");
    }
}

#[test]
fn a_headline_of_familiar_names_does_not_join_every_story_that_has_them() {
    let mut desk = Desk::new();
    let report = "Volodymyr Zelensky a remis jeudi à Kiev une médaille aux soigneurs du zoo de Mykolaïv, où un \
        éléphanteau est né sous les bombardements. Donald Trump a fait envoyer de Washington un film sur la \
        naissance. « Il s'appellera Espoir », a dit la directrice, Oksana Bilyk, devant deux cents écoliers venus \
        de toute la région avec des pommes et des carottes.";
    let known = desk.judge(start(), article("a", "1", report));
    let mut headline = article("b", "2", "");
    headline.title = "Volodymyr Zelensky et Donald Trump se parlent avant Washington".to_owned();
    let headline = desk.judge(start(), headline);
    assert_ne!(known.record.story, headline.record.story);
}

#[test]
fn an_article_joins_a_story_until_its_window_has_passed() {
    for (hour, joins) in [(72, true), (73, false)] {
        let mut desk = Desk::new();
        let first = desk.judge(start(), article("a", "1", FLOOD_1));
        let second = desk.judge(hours(hour), article("b", "2", FLOOD_2));
        assert_eq!(first.record.story == second.record.story, joins, "{hour} h");
    }
}

const FLOOD_3: &str = "Une semaine après la catastrophe, le silence pèse sur Brelov. Mirela Dostan a promis des maisons de bois \
    aux 2 300 sinistrés de la vallée de l'Isker avant l'hiver. L'Estavie n'a pas les moyens de rebâtir l'ouvrage de Korvanta, \
    admet la gouverneure, qui attend un prêt pour la ligne de Santarin.";

#[test]
fn a_story_stays_open_as_long_as_its_articles_follow_each_other() {
    for (hour, joins) in [(122, true), (123, false)] {
        let mut desk = Desk::new();
        let first = desk.judge(start(), article("a", "1", FLOOD_1));
        let between = desk.judge(hours(50), article("b", "2", FLOOD_2));
        let late = desk.judge(hours(hour), article("c", "3", FLOOD_3));
        assert_eq!(first.record.story, between.record.story);
        assert_eq!(late.duplicate_of, None);
        assert_eq!(first.record.story == late.record.story, joins, "{hour} h");
    }
}

#[test]
fn a_copy_keeps_the_story_of_its_leader_open() {
    let mut desk = Desk::new();
    let first = desk.judge(start(), article("a", "1", FLOOD_1));
    let copy = desk.judge(hours(60), article("b", "2", &format!("{FLOOD_1} (Avec agences)")));
    assert_eq!(copy.duplicate_of, Some(first.record.article));
    assert_eq!(copy.record.story, first.record.story);
    let late = desk.judge(hours(130), article("c", "3", FLOOD_3));
    assert_eq!(late.record.story, first.record.story);
}

#[test]
fn a_story_is_outlined_by_its_most_central_article() {
    let titled = |source: &str, title: &str, text: &str| {
        let mut article = article(source, "1", text);
        article.title = title.to_owned();
        article
    };
    let articles = [
        titled("gazette", "Un séisme secoue Lumera", QUAKE),
        titled("courrier", "Estavie : le barrage de Korvanta cède", FLOOD_1),
        titled("écho", "Brelov, une semaine après", FLOOD_3),
        titled("courrier", "Rescapés sur les toits", FLOOD_2),
    ];
    let appeared: Vec<_> = articles.iter().zip([0, 5, 50, 9].map(hours)).collect();
    let outlined = outline(&appeared, &Aliases::built_in()).unwrap();
    assert_ne!(outlined.title, "Un séisme secoue Lumera");
    assert_eq!(outlined.sources, ["courrier", "gazette", "écho"]);
    assert_eq!((outlined.first, outlined.last), (hours(0), hours(50)));
    assert_eq!(outlined.articles, 4);
    assert_eq!(outline(&[], &Aliases::built_in()), None);
}

#[test]
fn dates_too_far_apart_are_never_one_story() {
    let cases = [
        ("2026-02-06T08:00:00Z", Precision::Second, true),
        ("2026-02-02T08:00:00Z", Precision::Second, false),
        ("2026-02-01T00:00:00Z", Precision::Month, true),
        ("2025-06-01T00:00:00Z", Precision::Month, false),
    ];
    for (at, precision, joins) in cases {
        let mut desk = Desk::new();
        let first = desk.judge(start(), article("a", "1", FLOOD_1));
        let second = desk.judge(start(), dated(article("b", "2", FLOOD_2), at, precision));
        assert_eq!(
            first.record.story == second.record.story,
            joins,
            "{at} {precision:?}"
        );
    }
}

#[test]
fn unrelated_articles_have_stories_of_their_own() {
    let mut desk = Desk::new();
    let mut stories: Vec<_> = ["canal", "tramway", "fromagerie", "observatoire"]
        .iter()
        .map(|name| desk.judge(start(), article(name, "1", &base(name))).record.story)
        .collect();
    stories.sort();
    stories.dedup();
    assert_eq!(stories.len(), 4);
}

#[test]
fn a_deduplicator_that_was_opened_again_finds_the_same_stories_for_weeks() {
    let press = Press::new();
    let mut reports = Vec::new();
    for number in 0..60 {
        let event = press.event("semaines", number);
        for report in 0..3 {
            // Thirty days: terms are forgotten, and every story is closed before the next but five.
            let minutes = number.cast_signed() * 720 + report * 500;
            let text = press.report(
                number,
                &event,
                Dice::new("récit", number * 3 + report.unsigned_abs()),
                120,
            );
            reports.push((minutes, format!("s{number}-{report}"), text));
        }
    }
    reports.sort_by_key(|(minutes, ..)| *minutes);
    let (mut whole, mut opened) = (Desk::new(), Desk::new());
    let mut joined = 0;
    for (index, (minutes, source, text)) in reports.into_iter().enumerate() {
        if index % 25 == 24 {
            opened = opened.clone();
        }
        let at = start().checked_add(SignedDuration::from_mins(minutes)).unwrap();
        let mut article = article(&source, "1", &text.body);
        article.title = text.title;
        let expected = whole.judge(at, article.clone());
        assert_eq!(opened.judge(at, article), expected, "{source}");
        joined += usize::from(whole.memory.decisions.iter().rev().skip(1).any(
            |decision| matches!(decision, Decision::Judged(known) if known.record.story == expected.record.story),
        ));
    }
    assert!(joined > 60, "{joined} of 120 later reports joined a story");
}
