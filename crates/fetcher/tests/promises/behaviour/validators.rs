//! Validators: echoed byte for byte, both, and always the latest.

use depeche_testkit::witness::{Judgement, Score, fact, sends};
use depeche_testkit::{Reply, Visit};

use super::SECOND;
use super::world::{World, feed, hours, minutes};

/// Odd bytes, as servers send them.
const ETAG: &[u8] = b"W/\"caf\xe9 ,;\\\"";
const DATE: &[u8] = b"Mon, 2 Feb 2026 06:00:00 +0100 (odd)";

pub(super) async fn enter(score: &mut Score) {
    score.enter("ETag and Last-Modified echoed byte for byte, both", bytes().await);
    score.enter(
        "new validators taken over after an equal body",
        after_equal_bodies().await,
    );
    score.enter(
        "new validators taken over when only one of them changed",
        only_one().await,
    );
    score.enter("new validators taken over from a 304", from_a_304().await);
    score.enter("validators dropped when an answer has none", dropped().await);
    score.enter("validators kept over an error", kept_over_an_error().await);
    score.enter("a page in the feed's place leaves no validators", a_page().await);
    score.enter("an equal answer is not journaled again", equal_answers().await);
    score.enter("a silent 304 is doubted, at most once a day", doubted().await);
}

/// Asks one feed for a while; gives back its visits.
async fn visits(script: impl Fn(&Visit) -> Reply + Send + Sync + 'static) -> Vec<Visit> {
    let mut world = World::new();
    world.witness.on("/f", script);
    world.start(&[world.url("/f")]);
    world.pass(hours(4), SECOND * 10).await;
    world.witness.visits("/f")
}

async fn bytes() -> Judgement {
    let visits = visits(|visit| {
        let reply = if visit.is_conditional() {
            Reply::status(304)
        } else {
            feed(0..20)
        };
        reply.header("ETag", ETAG).header("Last-Modified", DATE)
    })
    .await;
    sends(visits.get(1), Some(ETAG), Some(DATE))?;
    sends(visits.get(3), Some(ETAG), Some(DATE))
}

async fn after_equal_bodies() -> Judgement {
    let visits = visits(|visit| {
        feed(0..20)
            .header("ETag", format!("\"v{}\"", visit.number))
            .header("Last-Modified", format!("day {}", visit.number))
    })
    .await;
    for n in 1..4 {
        let (etag, date) = (format!("\"v{n}\""), format!("day {n}"));
        sends(visits.get(n), Some(etag.as_bytes()), Some(date.as_bytes()))?;
    }
    Ok(())
}

async fn only_one() -> Judgement {
    let visits = visits(|visit| {
        feed(0..20)
            .header("ETag", "\"same\"")
            .header("Last-Modified", format!("day {}", visit.number))
    })
    .await;
    for n in 1..4 {
        sends(
            visits.get(n),
            Some(b"\"same\""),
            Some(format!("day {n}").as_bytes()),
        )?;
    }
    Ok(())
}

async fn from_a_304() -> Judgement {
    let visits = visits(|visit| {
        let reply = if visit.is_conditional() {
            Reply::status(304)
        } else {
            feed(0..20)
        };
        reply
            .header("ETag", "\"a\"")
            .header("Last-Modified", format!("day {}", visit.number))
    })
    .await;
    sends(visits.get(3), Some(b"\"a\""), Some(b"day 3"))
}

async fn dropped() -> Judgement {
    let visits = visits(|visit| {
        if visit.number == 1 {
            feed(0..20).header("ETag", "\"a\"").header("Last-Modified", DATE)
        } else {
            feed(1..21).header("Last-Modified", "day 2")
        }
    })
    .await;
    sends(visits.get(1), Some(b"\"a\""), Some(DATE))?;
    sends(visits.get(2), None, Some(b"day 2"))
}

async fn kept_over_an_error() -> Judgement {
    let visits = visits(|visit| match visit.number {
        1 => feed(0..20).header("ETag", "\"a\""),
        2 => Reply::status(500).header("ETag", "\"error\""),
        _ => Reply::status(304),
    })
    .await;
    sends(visits.get(2), Some(b"\"a\""), None)
}

async fn a_page() -> Judgement {
    let visits = visits(|visit| match visit.number {
        1 => feed(0..20).header("ETag", "\"a\""),
        2 => Reply::page("<html><body>Maintenance</body></html>").header("ETag", "\"page\""),
        _ => Reply::status(304),
    })
    .await;
    sends(visits.get(2), Some(b"\"a\""), None)
}

async fn equal_answers() -> Judgement {
    let mut world = World::new();
    // The time of the answer and the comments change, the items do not.
    world.witness.on("/f", |visit| {
        let head = format!("<lastBuildDate>{}</lastBuildDate>", visit.number);
        let items = usize::from(visit.number > 4);
        Reply::feed(super::world::rss(items..items + 20, &head))
    });
    world.start(&[world.url("/f")]);
    world.pass(hours(6), SECOND * 10).await;
    let (visits, kept) = (world.witness.visits("/f").len(), world.captures(&world.url("/f")));
    fact(
        visits > 5 && kept == 2,
        format!("{visits} answers, {kept} journaled"),
    )
}

async fn doubted() -> Judgement {
    let mut world = World::new();
    // Two items an hour for two days; then the server is stuck.
    world.witness.on("/f", |visit| {
        let hour = visit.at.as_second() / 1800 - 1_770_022_800 / 1800;
        let hour = usize::try_from(hour).unwrap_or_default();
        if hour > 96 && visit.is_conditional() {
            return Reply::status(304);
        }
        feed(hour..hour + 20).header("ETag", format!("\"{hour}\""))
    });
    world.start(&[world.url("/f")]);
    world.pass(hours(48), minutes(4)).await;
    let before = world.witness.visits("/f").len();
    world.pass(hours(47), minutes(4)).await;
    let early: Vec<_> = world.witness.visits("/f").split_off(before);
    fact(
        early.iter().all(Visit::is_conditional),
        "doubted before two days were over",
    )?;
    // The unconditional answer shows that items did come; from there on it is silent again.
    world.pass(hours(24 * 8), minutes(4)).await;
    let all = world.witness.visits("/f").split_off(before);
    let probes: Vec<Visit> = all.into_iter().filter(|visit| !visit.is_conditional()).collect();
    fact(
        (2..=6).contains(&probes.len()),
        format!("{} unconditional requests", probes.len()),
    )?;
    depeche_testkit::witness::apart(&probes, hours(24))
}
