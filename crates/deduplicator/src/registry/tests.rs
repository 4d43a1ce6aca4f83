//! What is known under which key, for how long, and that nothing is left of what is not.

use depeche_model::{Place, Sketch, TermVector};
use jiff::SignedDuration;

use super::*;

fn id(number: u64) -> ArticleId {
    ArticleId(Digest::of([number.to_be_bytes().as_slice()]))
}

fn digest(name: &str) -> Digest {
    Digest::of([name.as_bytes()])
}

fn day(number: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * number)
}

fn url(name: &str) -> Key {
    Key::Url(format!("https://journal.example/{name}"))
}

fn guid(name: &str) -> Key {
    Key::Guid {
        feed: "https://journal.example/rss".to_owned(),
        guid: name.to_owned(),
    }
}

fn body(name: &str) -> Key {
    Key::Body(digest(name))
}

/// A record of a new article with these keys.
fn record(seq: u64, article: u64, keys: Vec<Key>) -> Remembered {
    Remembered {
        seq: Seq(seq),
        article: id(article),
        revision: 1,
        verdict: Verdict::New,
        of: None,
        captured_at: day(0),
        event: (day(0), day(0)),
        source: "journal".to_owned(),
        keys,
        content: digest(&format!("content {seq}")),
        entry_digest: Some(digest(&format!("entry {seq}"))),
        tokens: 100,
        sketch: Sketch::default(),
        lead: Sketch::default(),
        story: StoryId(id(article).0),
        terms: TermVector::default(),
    }
}

fn sighting(seq: u64, article: u64, keys: Vec<Key>, source: &str, entry: &str) -> Sighting {
    Sighting {
        seq: Seq(seq),
        of: Seq(1),
        article: id(article),
        place: Some(Place {
            source: source.to_owned(),
            feed_url: None,
            url: None,
            seen_at: day(0),
        }),
        keys,
        entry_digest: Some(digest(entry)),
    }
}

fn entry(registry: &Registry, key: &Key) -> Option<Half> {
    registry.lead(key).unwrap().entry_digest
}

/// Slots in use, keys, and articles that are known.
fn held(registry: &Registry) -> (usize, usize, usize) {
    (
        registry.articles.slots(),
        registry.keys.len(),
        registry.articles.known(),
    )
}

/// Forgets until nothing more is cleared.
fn forget_all(registry: &mut Registry, stream: Timestamp) {
    for _ in 0..100 {
        registry.forget(stream);
    }
}

#[test]
fn an_article_is_known_under_all_its_keys_with_what_was_last_said_of_it() {
    let mut registry = Registry::default();
    let first = record(1, 1, vec![guid("a"), url("a"), body("a")]);
    registry.remember(&first, None, Some(Standing::Leader), day(0));
    for key in [guid("a"), url("a")] {
        assert_eq!(registry.lead(&key).unwrap().article, id(1));
        assert_eq!(entry(&registry, &key), Some(Half::of(digest("entry 1"))));
    }
    assert!(registry.lead(&url("b")).is_none());
    let second = Remembered {
        revision: 2,
        verdict: Verdict::Revision,
        keys: vec![guid("a"), url("a2"), body("a2")],
        ..record(5, 1, Vec::new())
    };
    registry.remember(&second, None, None, day(1));
    let known = registry.article(id(1)).unwrap();
    assert_eq!(
        (known.latest, known.revision, known.posted),
        (Seq(5), 2, Some(Seq(1)))
    );
    assert!(known.content == digest("content 5"));
    assert!(known.has_url && known.leader.is_none());
    assert_eq!(registry.article_of(Seq(1)), Some(id(1)));
    assert_eq!(registry.article_of(Seq(5)), Some(id(1)));
    assert_eq!(registry.article_of(Seq(4)), None);
}

#[test]
fn each_key_leads_to_the_entry_last_met_under_it() {
    let mut registry = Registry::default();
    registry.remember(&record(1, 1, vec![guid("a"), url("a")]), None, None, day(0));
    // The other feed's entry changes what its guid and the address say, and not what the first guid says.
    let elsewhere = vec![guid("b"), url("a")];
    registry.remember_sighting(&sighting(2, 1, elsewhere, "elsewhere", "of b"), day(0));
    assert_eq!(entry(&registry, &guid("a")), Some(Half::of(digest("entry 1"))));
    assert_eq!(entry(&registry, &guid("b")), Some(Half::of(digest("of b"))));
    assert_eq!(entry(&registry, &url("a")), Some(Half::of(digest("of b"))));
    // And back, for the address alone.
    registry.remember_sighting(&sighting(3, 1, vec![url("a")], "journal", "entry 1"), day(0));
    assert_eq!(entry(&registry, &url("a")), Some(Half::of(digest("entry 1"))));
    assert_eq!(entry(&registry, &guid("b")), Some(Half::of(digest("of b"))));
    // One that is met under all keys is that of all.
    let all = vec![guid("a"), guid("b"), url("a")];
    registry.remember_sighting(&sighting(4, 1, all.clone(), "journal", "of all"), day(0));
    for key in &all {
        assert_eq!(entry(&registry, key), Some(Half::of(digest("of all"))));
    }
}

#[test]
fn a_place_is_known_once_it_was_seen_and_its_feed_with_it() {
    let mut registry = Registry::default();
    let keys = vec![guid("a"), url("a")];
    registry.remember(&record(1, 1, keys.clone()), None, None, day(0));
    let here = PlaceMark::of("journal", &keys);
    let other = PlaceMark::of("journal", &[guid("a"), url("b")]);
    let elsewhere = PlaceMark::of("elsewhere", &[url("a")]);
    let known = registry.article(id(1)).unwrap();
    assert!(known.is_known_at(here) && !known.is_known_at(other) && !known.is_known_at(elsewhere));
    assert!(known.is_known_in_feed_of(other) && !known.is_known_in_feed_of(elsewhere));
    registry.remember_sighting(&sighting(2, 1, vec![url("a")], "elsewhere", "x"), day(0));
    assert!(registry.article(id(1)).unwrap().is_known_at(elsewhere));
}

#[test]
fn a_body_leads_to_its_first_record_whatever_became_of_the_article_since() {
    let mut registry = Registry::default();
    registry.remember(&record(1, 1, vec![url("a"), body("a")]), None, None, day(0));
    let copy = Remembered {
        verdict: Verdict::Near,
        ..record(2, 2, vec![url("b"), body("b")])
    };
    registry.remember(&copy, Some((Seq(1), id(1))), None, day(1));
    for (seq, name) in [(3, "b2"), (4, "b")] {
        let version = Remembered {
            revision: seq as u32,
            verdict: Verdict::Revision,
            keys: vec![url("b"), body(name)],
            ..record(seq, 2, Vec::new())
        };
        registry.remember(&version, None, None, day(2));
    }
    let first = registry.body(digest("b"), day(2)).unwrap();
    assert_eq!((first.record, first.verdict), (Seq(2), Verdict::Near));
    assert_eq!(first.leader, Some((Seq(1), id(1))));
    let second = registry.body(digest("b2"), day(2)).unwrap();
    assert_eq!(
        (second.record, second.verdict, second.leader),
        (Seq(3), Verdict::Revision, None)
    );
    // Ninety days after it came another takes its place, though its article is known still.
    assert!(registry.body(digest("b"), day(91)).is_some());
    assert!(registry.body(digest("b"), day(92)).is_none());
    registry.remember_sighting(&sighting(5, 2, vec![url("b")], "journal", "x"), day(60));
    registry.remember(&record(6, 3, vec![url("c"), body("b")]), None, None, day(92));
    assert_eq!(registry.body(digest("b"), day(92)).unwrap().article, id(3));
    assert!(registry.article(id(2)).is_some());
}

#[test]
fn what_a_copy_repeats_is_told_for_as_long_as_the_copy_is_known() {
    let mut registry = Registry::default();
    registry.remember(&record(1, 1, vec![url("a"), body("a")]), None, None, day(0));
    let copy = record(2, 2, vec![url("b"), body("b")]);
    registry.remember(&copy, Some((Seq(1), id(1))), None, day(50));
    forget_all(&mut registry, day(100));
    assert!(registry.article(id(1)).is_none() && registry.article_of(Seq(1)).is_none());
    assert_eq!(
        registry.article(id(2)).unwrap().leader,
        Some((Seq(1), id(1))),
        "the leader's name is kept"
    );
    assert_eq!(held(&registry), (2, 2, 1));
    // The leader's article comes back under its id, and a version of the copy that repeats nothing lets it go.
    registry.remember(&record(3, 1, vec![url("a")]), None, None, day(100));
    assert_eq!(registry.article(id(1)).unwrap().latest, Seq(3));
    registry.remember(&record(4, 2, vec![url("b")]), None, None, day(101));
    assert_eq!(registry.article(id(2)).unwrap().leader, None);
    forget_all(&mut registry, day(300));
    assert_eq!(held(&registry), (0, 0, 0));
}

#[test]
fn an_article_is_known_for_ninety_days_after_it_was_last_met_and_not_a_moment_longer() {
    let mut registry = Registry::default();
    registry.remember(&record(1, 1, vec![url("a"), body("a")]), None, None, day(0));
    registry.remember_sighting(&sighting(2, 1, vec![url("a")], "journal", "x"), day(40));
    forget_all(&mut registry, day(130));
    assert!(registry.article(id(1)).is_some());
    let after = day(130) + SignedDuration::from_micros(1);
    registry.forget(after);
    assert!(registry.article(id(1)).is_none() && registry.lead(&url("a")).is_none());
    assert!(registry.body(digest("a"), day(50)).is_none() && registry.article_of(Seq(1)).is_none());
    // A sighting of what is forgotten brings nothing back, a record of it begins anew.
    registry.remember_sighting(&sighting(3, 1, vec![url("a")], "journal", "x"), after);
    assert!(registry.lead(&url("a")).is_none());
    registry.remember(&record(4, 1, vec![url("c")]), None, None, after);
    assert_eq!(registry.article(id(1)).unwrap().latest, Seq(4));
    assert!(registry.lead(&url("a")).is_none());
    assert!(
        !registry
            .article(id(1))
            .unwrap()
            .is_known_at(PlaceMark::of("journal", &[url("a")]))
    );
}

#[test]
fn a_key_that_was_used_again_leads_to_its_later_article_and_stays_with_it() {
    let mut registry = Registry::default();
    registry.remember(&record(1, 1, vec![url("a"), guid("a")]), None, None, day(0));
    registry.remember(&record(2, 2, vec![guid("a")]), None, None, day(50));
    assert_eq!(registry.lead(&guid("a")).unwrap().article, id(2));
    forget_all(&mut registry, day(100));
    assert_eq!(registry.lead(&guid("a")).unwrap().article, id(2));
    assert!(registry.lead(&url("a")).is_none());
}

#[test]
fn a_stream_of_months_leaves_nothing_behind_and_uses_its_slots_again() {
    let mut registry = Registry::default();
    let mut most = 0;
    for number in 1..=4000_u64 {
        // Ten a day: every third is a copy, every fifth a version of the one before.
        let at = day(0) + SignedDuration::from_hours(24 * (number / 10).cast_signed());
        let article = if number % 5 == 0 { number - 1 } else { number };
        let names: Vec<String> = (0..=number % 8).map(|key| format!("{article} {key}")).collect();
        let mut keys: Vec<Key> = names.iter().map(|name| url(name)).collect();
        keys.push(body(&names[0]));
        let leader = (number % 3 == 0 && number > 3).then(|| (Seq(number - 2), id(number - 2)));
        registry.remember(&record(number, article, keys), leader, None, at);
        registry.forget(at);
        most = most.max(registry.articles.slots());
    }
    assert!(most < 1000, "{most}");
    forget_all(&mut registry, day(1000));
    assert_eq!(held(&registry), (0, 0, 0));
    assert_eq!(registry.records.pages(), 0);
}

#[test]
fn what_was_refused_is_refused_again_for_ninety_days() {
    let mut registry = Registry::default();
    registry.remember_rejection(&url("a"), digest("wrong"), day(0));
    assert!(registry.is_refused(&url("a"), digest("wrong")));
    assert!(!registry.is_refused(&url("a"), digest("mended")));
    assert!(!registry.is_refused(&url("b"), digest("wrong")));
    registry.forget(day(90));
    assert!(registry.is_refused(&url("a"), digest("wrong")));
    registry.forget(day(91));
    assert!(!registry.is_refused(&url("a"), digest("wrong")));
}
