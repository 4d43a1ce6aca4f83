//! Guids and addresses: what is known is met again, revised or told apart.

use depeche_model::{
    ContentFrom, Decision, Digest, Entry, Key, Output, PageOrder, Rejection, RejectionReason, Rule, Seq,
    Verdict, Warning, WarningCode,
};

use crate::support::{Desk, article, base, file_article, hours, start};

fn unchanged(decision: &Decision) -> bool {
    matches!(decision, Decision::Unchanged)
}

#[test]
fn the_same_entry_again_is_unchanged() {
    let mut desk = Desk::new();
    desk.judge(start(), article("lejour", "1", &base("canal")));
    assert!(unchanged(
        &desk.decide(hours(1), article("lejour", "1", &base("canal")))
    ));
    assert_eq!(desk.deduplicator.next_seq(), Seq(2), "nothing was numbered");
}

#[test]
fn a_changed_entry_around_the_same_text_is_seen_once_without_a_place() {
    let mut desk = Desk::new();
    let known = desk.judge(start(), article("lejour", "1", &base("canal")));
    let mut changed = article("lejour", "1", &base("canal"));
    changed.entry_digest = Some(Digest([7; 16]));
    let Decision::Seen(sighting) = desk.decide(hours(1), changed.clone()) else {
        panic!("expected a sighting");
    };
    assert_eq!(
        (
            sighting.of,
            sighting.article,
            sighting.place,
            sighting.entry_digest
        ),
        (known.record.seq, known.record.article, None, changed.entry_digest)
    );
    assert!(unchanged(&desk.decide(hours(2), changed)));
}

#[test]
fn a_corrected_text_is_a_revision_of_the_same_article_and_story() {
    let mut desk = Desk::new();
    let first = desk.judge(start(), article("lejour", "1", &base("canal")));
    let corrected = base("canal").replace("neuf mètres", "douze mètres");
    let second = desk.judge(hours(1), article("lejour", "1", &corrected));
    let third = desk.judge(
        hours(2),
        article("lejour", "1", &corrected.replace("18 avril", "25 avril")),
    );
    assert_eq!(second.record.verdict, Verdict::Revision);
    assert_eq!(second.evidence.rule, Rule::SameGuid);
    assert_eq!(
        (
            second.record.revision,
            second.record.of,
            third.record.revision,
            third.record.of
        ),
        (2, Some(first.record.seq), 3, Some(second.record.seq))
    );
    for later in [&second, &third] {
        assert_eq!(later.record.article, first.record.article);
        assert_eq!(later.record.story, first.record.story);
    }
}

#[test]
fn a_changed_title_alone_is_a_revision() {
    let mut desk = Desk::new();
    desk.judge(start(), article("lejour", "1", &base("canal")));
    let mut retitled = article("lejour", "1", &base("canal"));
    retitled.title = "Un autre titre".to_owned();
    retitled.entry_digest = None;
    assert_eq!(desk.judge(hours(1), retitled).record.verdict, Verdict::Revision);
}

#[test]
fn a_guid_used_again_for_another_text_elsewhere_is_a_new_article_with_a_warning() {
    let mut desk = Desk::new();
    desk.judge(start(), article("lejour", "1", &base("canal")));
    let mut other = article("lejour", "1", &base("fromagerie"));
    other.canonical_url = Some("https://lejour.example/tout-autre".to_owned());
    let judged = desk.judge(hours(1), other);
    assert_eq!(judged.record.verdict, Verdict::New);
    assert_eq!(
        judged.article.warnings,
        [Warning::new(WarningCode::GuidReused, "1")]
    );
}

#[test]
fn items_of_one_feed_that_share_a_guid_stay_apart_at_every_poll() {
    let mut desk = Desk::new();
    let items = || {
        ["canal", "fromagerie", "observatoire"].map(|name| {
            let mut item = article("lejour", name, &base(name));
            item.guid = Some("0".to_owned());
            Output::Article(Box::new(item))
        })
    };
    for poll in 0..3 {
        let decided = desk.deduplicator.decide(
            crate::support::normalized(hours(poll), items().into()),
            &desk.memory,
        );
        desk.memory.keep(&decided);
        for decision in decided.decisions {
            match decision {
                Decision::Judged(judged) => assert_eq!((poll, judged.record.verdict), (0, Verdict::New)),
                Decision::Unchanged => assert_ne!(poll, 0),
                other => panic!("{other:?}"),
            }
        }
    }
}

#[test]
fn entries_that_all_link_to_the_home_page_stay_apart_at_every_poll() {
    let mut desk = Desk::new();
    for poll in 0..3 {
        for name in ["canal", "fromagerie", "observatoire"] {
            let mut item = article("lejour", name, &base(name));
            item.canonical_url = Some("https://lejour.example/".to_owned());
            match desk.decide(hours(poll), item) {
                Decision::Judged(judged) => assert_eq!((poll, judged.record.verdict), (0, Verdict::New)),
                Decision::Unchanged => assert_ne!(poll, 0),
                other => panic!("{other:?}"),
            }
        }
    }
}

/// The same address in the feed of another section.
fn in_another_feed(text: &str) -> depeche_model::Article {
    let mut other = article("lejour", "1", text);
    other.feed_url = Some("https://lejour.example/regions.xml".to_owned());
    other.guid = Some("regions-1".to_owned());
    other
}

#[test]
fn the_same_address_in_another_feed_is_a_sighting_with_its_place_and_key() {
    let mut desk = Desk::new();
    let known = desk.judge(start(), article("lejour", "1", &base("canal")));
    let teaser: String = base("canal").split_inclusive(' ').take(40).collect();
    for text in [base("canal"), teaser, String::new()] {
        let mut desk = desk.clone();
        let other = in_another_feed(&text);
        let Decision::Seen(sighting) = desk.decide(hours(1), other.clone()) else {
            panic!("expected a sighting of {text:?}");
        };
        assert_eq!(
            (sighting.of, sighting.entry_digest),
            (known.record.seq, other.entry_digest)
        );
        assert_eq!(sighting.place.as_ref().unwrap().feed_url, other.feed_url);
        assert!(sighting.keys.contains(&Key::Guid {
            feed: other.feed_url.clone().unwrap(),
            guid: "regions-1".to_owned()
        }));
        assert!(
            unchanged(&desk.decide(hours(2), other)),
            "the same place again adds none"
        );
    }
}

#[test]
fn a_correction_that_is_shorter_and_says_something_else_is_a_revision() {
    let mut desk = Desk::new();
    desk.judge(start(), article("lejour", "1", &base("canal")));
    let text = base("canal")
        .replace("neuf mètres", "douze mètres")
        .replace("Une trentaine", "Vingt");
    let (cut, _) = text.trim_end_matches('.').rsplit_once(". ").unwrap();
    let corrected = desk.judge(hours(1), in_another_feed(&format!("{cut}.")));
    assert_eq!(
        (corrected.record.verdict, corrected.evidence.rule),
        (Verdict::Revision, Rule::SameUrl)
    );
}

#[test]
fn a_fuller_text_at_the_same_address_is_a_revision() {
    let mut desk = Desk::new();
    let teaser: String = base("canal").split_inclusive(' ').take(40).collect();
    desk.judge(start(), article("lejour", "1", &teaser));
    let full = desk.judge(hours(1), in_another_feed(&base("canal")));
    assert_eq!(
        (full.record.verdict, full.evidence.rule),
        (Verdict::Revision, Rule::SameUrl)
    );
}

#[test]
fn an_unreadable_page_does_not_replace_a_text_by_its_teaser() {
    let mut desk = Desk::new();
    desk.judge(start(), article("lejour", "1", &base("canal")));
    let teaser: String = base("canal").split_inclusive(' ').take(40).collect();
    let mut less = article("lejour", "1", &teaser);
    less.warnings.push(Warning::from(WarningCode::PageUnusable));
    assert!(matches!(desk.decide(hours(1), less), Decision::Seen(sighting) if sighting.place.is_none()));
}

#[test]
fn a_file_of_the_same_name_is_unchanged_corrected_or_another() {
    let mut desk = Desk::new();
    let file = |text: &str| file_article("seeds", "001.txt", text.as_bytes());
    desk.judge(start(), file(&base("canal")));
    assert!(unchanged(&desk.decide(hours(1), file(&base("canal")))));
    let corrected = desk.judge(
        hours(2),
        file(&base("canal").replace("neuf mètres", "dix mètres")),
    );
    assert_eq!(corrected.record.verdict, Verdict::Revision);
    let other = desk.judge(hours(3), file(&base("fromagerie")));
    assert_eq!(other.record.verdict, Verdict::New);
}

#[test]
fn a_guid_that_goes_to_another_text_and_back_makes_no_article_a_copy_of_itself() {
    let mut desk = Desk::new();
    let file = |name: &str| file_article("seeds", "001.txt", base(name).as_bytes());
    let first = desk.judge(start(), file("canal"));
    desk.judge(hours(1), file("fromagerie"));
    let back = desk.judge(hours(2), file("canal"));
    assert_eq!(back.record.verdict, Verdict::Exact);
    assert_eq!(back.duplicate_of, Some(first.record.article));
    assert_ne!(back.record.article, first.record.article);
}

#[test]
fn an_article_without_guid_and_address_is_known_by_its_content() {
    let mut desk = Desk::new();
    let mut bare = article("lejour", "1", &base("canal"));
    (bare.guid, bare.url, bare.canonical_url) = (None, None, None);
    desk.judge(start(), bare.clone());
    assert!(unchanged(&desk.decide(hours(1), bare)));
}

#[test]
fn the_same_source_rewriting_soon_at_another_address_is_a_revision() {
    let mut desk = Desk::new();
    let first = desk.judge(start(), article("lejour", "1", &base("canal")));
    let rewritten = base("canal").replace("Une trentaine de péniches", "Trente-deux péniches");
    let second = desk.judge(hours(47), article("lejour", "2", &rewritten));
    assert_eq!(
        (second.record.verdict, second.evidence.rule, second.record.article),
        (Verdict::Revision, Rule::SameSourceRewrite, first.record.article)
    );
    let mut late = Desk::new();
    late.judge(start(), article("lejour", "1", &base("canal")));
    let copy = late.judge(hours(49), article("lejour", "2", &rewritten));
    assert_eq!(copy.record.verdict, Verdict::Near);
    let mut files = Desk::new();
    let file = |name: &str, text: &str| {
        let mut file = article("seeds", name, text);
        file.content_from = ContentFrom::File;
        file
    };
    files.judge(start(), file("1", &base("canal")));
    assert_eq!(
        files.judge(hours(1), file("2", &rewritten)).record.verdict,
        Verdict::Near
    );
}

/// An article whose guid is its address, as many feeds have it.
fn at_address(path: &str, text: &str) -> depeche_model::Article {
    let mut item = article("lejour", "1", text);
    let url = format!("https://lejour.example/{path}");
    item.guid = Some(url.clone());
    (item.url, item.canonical_url) = (Some(url.clone()), Some(url));
    item
}

#[test]
fn an_address_whose_words_were_corrected_around_its_number_is_a_revision() {
    let mut desk = Desk::new();
    // So late that a rewrite under another address would be a copy.
    let first = desk.judge(
        start(),
        at_address("region/canal-ferme-12345678.php", &base("canal")),
    );
    let corrected = base("canal").replace("neuf mètres", "dix mètres");
    let second = desk.judge(
        hours(60),
        at_address("region/le-canal-reste-ferme-12345678.php", &corrected),
    );
    assert_eq!(
        (second.record.verdict, second.evidence.rule, second.record.article),
        (Verdict::Revision, Rule::SameNumber, first.record.article)
    );
    let again = desk.decide(hours(61), at_address("region/canal-12345678.php", &corrected));
    assert!(matches!(again, Decision::Seen(sighting) if sighting.article == first.record.article));
    // Teasers are too short to be compared as texts, and here they are versions all the same.
    let teaser = |path: &str, words: usize| {
        at_address(
            path,
            &base("tramway")
                .split_inclusive(' ')
                .take(words)
                .collect::<String>(),
        )
    };
    let first = desk.judge(start(), teaser("tram-7654321", 18));
    let second = desk.judge(hours(1), teaser("le-tram-7654321", 22));
    assert_eq!(second.record.article, first.record.article);
}

#[test]
fn a_number_that_counts_something_else_makes_no_versions() {
    let mut desk = Desk::new();
    desk.judge(start(), at_address("dossier/canal-12345678", &base("canal")));
    let other = desk.judge(hours(1), at_address("dossier/tramway-12345678", &base("tramway")));
    assert_eq!(other.record.verdict, Verdict::New);
    assert_eq!(other.article.warnings, []);
}

#[test]
fn a_headline_in_the_guid_may_be_corrected() {
    let mut desk = Desk::new();
    let titled = |title: &str, text: &str| {
        let mut item = article("lejour", "1", text);
        title.clone_into(&mut item.title);
        item.guid = Some(title.to_owned());
        item
    };
    let first = desk.judge(start(), titled("Le canal ferme", &base("canal")));
    let second = desk.judge(hours(1), titled("Le canal restera fermé", &base("canal")));
    assert_eq!(
        (second.record.verdict, second.record.article),
        (Verdict::Revision, first.record.article)
    );
}

/// A short entry with this publication date, under a guid and an address that were made for this listing.
fn listed(listing: &str, title: &str, at: &str) -> depeche_model::Article {
    let mut item = at_address(&format!("rss/articles/CBMi{listing}?oc=5"), "");
    title.clone_into(&mut item.title);
    item.entry_digest = Some(Digest::of([listing.as_bytes()]));
    item.published = Some(depeche_model::Published {
        at: at.parse().unwrap(),
        precision: depeche_model::Precision::Second,
    });
    item
}

#[test]
fn an_entry_whose_guid_and_address_change_at_each_listing_is_told_once() {
    let mut desk = Desk::new();
    let first = desk.judge(start(), listed("a", "Le canal ferme", "2026-02-06T07:00:00Z"));
    for (hour, listing) in [(1, "b"), (2, "c")] {
        let again = desk.decide(
            hours(hour),
            listed(listing, "Le canal ferme", "2026-02-06T07:00:00Z"),
        );
        assert!(matches!(again, Decision::Seen(sighting) if sighting.article == first.record.article));
    }
}

#[test]
fn a_broadcast_that_is_announced_in_the_same_words_every_day_is_another_each_day() {
    let mut desk = Desk::new();
    for day in 0..3 {
        let at = hours(day * 24).to_string();
        let judged = desk.judge(
            hours(day * 24),
            listed(&day.to_string(), "Le journal de 20 heures", &at),
        );
        assert_eq!(judged.record.verdict, Verdict::New, "day {day}");
    }
}

fn order(guid: &str, title: &str) -> PageOrder {
    PageOrder {
        source: "lejour".to_owned(),
        feed_url: "https://lejour.example/rss.xml".to_owned(),
        entry: Entry {
            guid: Some(guid.to_owned()),
            link: Some(format!("https://lejour.example/{guid}")),
            title: Some(title.to_owned()),
            ..Entry::default()
        },
        published: None,
        warnings: Vec::new(),
    }
}

#[test]
fn a_page_is_owed_until_its_entry_is_known_as_it_stands() {
    let mut desk = Desk::new();
    let wanted = |title: &str| Output::PageWanted(Box::new(order("1", title)));
    assert!(matches!(desk.output(start(), wanted("a")), Decision::PageOwed(_)));
    let mut page = article("lejour", "1", &base("canal"));
    page.content_from = ContentFrom::Page;
    page.entry_digest = Some(order("1", "a").entry.digest());
    desk.judge(hours(1), page);
    assert!(unchanged(&desk.output(hours(2), wanted("a"))));
    assert!(matches!(
        desk.output(hours(3), wanted("b")),
        Decision::PageOwed(_)
    ));
}

fn rejection(digest: u8) -> Rejection {
    Rejection {
        reason: RejectionReason::NoArticle,
        title: None,
        url: None,
        key: Some(order("1", "a").key()),
        digest: match digest {
            0 => order("1", "a").entry.digest(),
            other => Digest([other; 16]),
        },
    }
}

#[test]
fn a_rejection_is_told_once_for_the_same_content() {
    let mut desk = Desk::new();
    let rejected = |digest| Output::Rejected(rejection(digest));
    assert!(matches!(
        desk.output(start(), rejected(0)),
        Decision::Rejected(Seq(1), _)
    ));
    assert!(unchanged(&desk.output(hours(1), rejected(0))));
    assert!(unchanged(
        &desk.output(hours(1), Output::PageWanted(Box::new(order("1", "a"))))
    ));
    assert!(matches!(
        desk.output(hours(2), rejected(9)),
        Decision::Rejected(Seq(2), _)
    ));
    let judged = desk.judge(hours(3), article("lejour", "1", &base("canal")));
    assert_eq!(
        judged.record.verdict,
        Verdict::New,
        "what was rejected once can become an article"
    );
}

#[test]
fn numbers_have_no_gaps_and_count_only_what_is_stored() {
    let mut desk = Desk::new();
    let mut numbers = Vec::new();
    let outputs = [
        Output::Article(Box::new(article("lejour", "1", &base("canal")))),
        Output::Rejected(rejection(3)),
        Output::Article(Box::new(article("lejour", "1", &base("canal")))),
        Output::PageWanted(Box::new(order("9", "z"))),
        Output::Article(Box::new(in_another_feed(&base("canal")))),
        Output::Article(Box::new(article("lesoir", "2", &base("fromagerie")))),
    ];
    for output in outputs {
        match desk.output(start(), output) {
            Decision::Judged(judged) => numbers.push(judged.record.seq.0),
            Decision::Seen(sighting) => numbers.push(sighting.seq.0),
            Decision::Rejected(seq, _) => numbers.push(seq.0),
            Decision::Unchanged | Decision::PageOwed(_) => {}
        }
    }
    assert_eq!(numbers, [1, 2, 3, 4]);
}

#[test]
fn what_a_publisher_lists_for_months_is_told_again_before_it_is_forgotten() {
    let mut desk = Desk::new();
    desk.judge(start(), article("lejour", "1", &base("canal")));
    let mut told = 0;
    for day in 1..200 {
        // The stream goes on elsewhere.
        desk.decide(
            hours(day * 24),
            article("lesoir", &format!("{day}"), &format!("Brève numéro {day}.")),
        );
        match desk.decide(hours(day * 24), article("lejour", "1", &base("canal"))) {
            Decision::Unchanged => {}
            Decision::Seen(sighting) => {
                assert_eq!(sighting.place, None);
                told += 1;
            }
            other => panic!("day {day}: {other:?}"),
        }
    }
    assert_eq!(told, 4, "every 46th day");
}

/// The same text under another guid and another spelling of its address.
fn at(url: &str, guid: &str, text: &str) -> depeche_model::Article {
    let mut article = article("lejour", guid, text);
    "Le canal rouvre".clone_into(&mut article.title);
    article.url = Some(url.to_owned());
    article.canonical_url = Some(url.to_owned());
    article
}

#[test]
fn an_address_is_the_same_with_and_without_its_scheme_www_and_the_root_s_slash() {
    for (one, other) in [
        ("http://lejour.example:80/a", "https://lejour.example/a"),
        ("https://www.lejour.example/a", "https://lejour.example/a"),
        ("https://lejour.example/?p=12", "https://www2.lejour.example?p=12"),
        ("https://unecause.example", "https://unecause.example/"),
        (
            "https://lejour.example/soci%C3%A9t%C3%A9/a",
            "https://lejour.example/société/a",
        ),
    ] {
        let mut desk = Desk::new();
        let known = desk.judge(start(), at(one, "1", &base("canal")));
        let corrected = base("canal").replace("neuf mètres", "douze mètres");
        let judged = desk.judge(hours(60), at(other, "2", &corrected));
        assert_eq!(judged.record.verdict, Verdict::Revision, "{one} {other}");
        assert_eq!(judged.evidence.rule, Rule::SameUrl, "{one} {other}");
        assert_eq!(judged.record.article, known.record.article);
    }
}

#[test]
fn a_feed_that_moves_to_https_and_drops_its_www_shows_nothing_new() {
    let mut desk = Desk::new();
    desk.judge(start(), at("http://www.lejour.example/a", "1", &base("canal")));
    let moved = at("https://lejour.example/a", "1", &base("canal"));
    assert!(unchanged(&desk.decide(hours(1), moved)));
}

#[test]
fn the_number_of_an_article_is_the_site_s_with_and_without_www() {
    let mut desk = Desk::new();
    let slug = |host: &str, words: &str| format!("https://{host}/monde/{words}_6665432.html");
    let known = desk.judge(
        start(),
        at(&slug("www.lejour.example", "le-canal"), "1", &base("canal")),
    );
    let corrected = base("canal").replace("neuf mètres", "douze mètres");
    let judged = desk.judge(
        hours(60),
        at(&slug("lejour.example", "un-canal"), "2", &corrected),
    );
    assert_eq!(judged.evidence.rule, Rule::SameNumber);
    assert_eq!(judged.record.article, known.record.article);
}

#[test]
fn other_addresses_of_a_site_are_other_articles() {
    for (one, other) in [
        ("https://lejour.example/a", "https://lejour.example/A"),
        ("https://lejour.example/a", "https://sport.lejour.example/a"),
        ("https://lejour.example/?p=1", "https://lejour.example/?p=2"),
        ("https://lejour.example:8443/a", "https://lejour.example/a"),
        ("https://lejour.example/a%2Fb", "https://lejour.example/a/b"),
    ] {
        let mut desk = Desk::new();
        desk.judge(start(), at(one, "1", &base("canal")));
        let judged = desk.judge(hours(1), at(other, "2", &base("fromagerie")));
        assert_eq!(judged.record.verdict, Verdict::New, "{one} {other}");
    }
}
