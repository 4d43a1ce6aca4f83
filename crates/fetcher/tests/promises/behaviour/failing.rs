//! What fails is left alone for longer and longer, and never given up.

use depeche_testkit::Reply;
use depeche_testkit::witness::{Judgement, Score, apart, fact, gaps};
use jiff::tz::TimeZone;

use super::SECOND;
use super::world::{World, feed, hours, minutes};

pub(super) async fn enter(score: &mut Score) {
    for status in [429, 503] {
        for form in ["seconds", "IMF-fixdate", "RFC 850 date", "asctime date"] {
            let judged = retry_after(status, form).await;
            score.enter(&format!("Retry-After with {status} as {form} is kept to"), judged);
        }
    }
    for status in [301, 302, 307] {
        score.enter(
            &format!("Retry-After with {status} is kept to"),
            redirected(status).await,
        );
    }
    score.enter(
        "Retry-After of a year is not believed beyond two days",
        far_off().await,
    );
    score.enter("Retry-After outlives a restart", over_a_restart().await);
    score.enter(
        "404 is asked for ever more seldom, and never given up",
        back_off(404, 60).await,
    );
    score.enter(
        "500 is asked for ever more seldom, and never given up",
        back_off(500, 100).await,
    );
    score.enter("a success ends the back-off", recovered().await);
    score.enter("410 ends the asking but for once a month", gone().await);
    score.enter(
        "an outage of our own network is nobody's failure",
        outage(20).await,
    );
    score.enter("an outage is seen with six feeds as with many", outage(6).await);
    score.enter("no stampede after an outage", outage(40).await);
}

/// A date two hours from `at` in one of the forms of HTTP.
fn date(at: jiff::Timestamp, form: &str) -> String {
    let utc = (at + hours(2)).to_zoned(TimeZone::UTC);
    match form {
        "IMF-fixdate" => utc.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string(),
        "RFC 850 date" => utc.strftime("%A, %d-%b-%y %H:%M:%S GMT").to_string(),
        "asctime date" => utc.strftime("%a %b %e %H:%M:%S %Y").to_string(),
        _ => "7200".to_owned(),
    }
}

async fn retry_after(status: u16, form: &'static str) -> Judgement {
    let mut world = World::new();
    world.witness.on("/f", move |visit| match visit.number {
        2 => Reply::status(status).header("Retry-After", date(visit.at, form)),
        _ => feed(0..20),
    });
    world.start(&[world.url("/f")]);
    world.pass(hours(5), SECOND * 5).await;
    let waits = gaps(&world.witness.visits("/f"));
    let wait = waits.get(1).ok_or("not asked again")?;
    fact(*wait >= hours(2) && *wait < minutes(135), format!("{wait:?}"))
}

async fn redirected(status: u16) -> Judgement {
    let mut world = World::new();
    let target = world.url("/g");
    world.witness.on("/f", move |_| {
        Reply::redirect(status, &target).header("Retry-After", "3600")
    });
    world.witness.on("/g", |_| feed(0..20));
    world.start(&[world.url("/f")]);
    world.pass(hours(3), SECOND * 5).await;
    let (from, to) = (world.witness.visits("/f"), world.witness.visits("/g"));
    let (from, to) = (
        from.first().ok_or("not asked")?,
        to.first().ok_or("not followed")?,
    );
    fact(
        to.at >= from.at + hours(1),
        format!("followed at {}, told at {}", to.at, from.at),
    )
}

async fn far_off() -> Judgement {
    let mut world = World::new();
    world
        .witness
        .on("/f", |_| Reply::status(503).header("Retry-After", "31536000"));
    world.start(&[world.url("/f")]);
    world.pass(hours(120), minutes(5)).await;
    let waits = gaps(&world.witness.visits("/f"));
    let wait = waits.first().ok_or("not asked again")?;
    fact(*wait >= hours(48) && *wait < hours(50), format!("{wait:?}"))
}

async fn over_a_restart() -> Judgement {
    let mut world = World::new();
    world.witness.on("/f", |visit| match visit.number {
        1 => Reply::status(429).header("Retry-After", "10800"),
        _ => feed(0..20),
    });
    world.start(&[world.url("/f")]);
    world.pass(minutes(2), SECOND).await;
    for _ in 0..5 {
        world.kill().await;
        world.start(&[world.url("/f")]);
        world.pass(hours(1), SECOND * 5).await;
    }
    let visits = world.witness.visits("/f");
    fact(visits.len() > 1, "not asked again")?;
    apart(&visits[..2], hours(3))
}

async fn back_off(status: u16, most: usize) -> Judgement {
    let mut world = World::new();
    world.witness.on("/f", move |visit| match visit.number {
        1 => feed(0..20),
        _ => Reply::status(status),
    });
    world.start(&[world.url("/f")]);
    world.pass(hours(24 * 10), minutes(4)).await;
    let early = world.witness.visits("/f").len();
    fact(
        (4..=most).contains(&early),
        format!("{early} requests in ten days"),
    )?;
    world.pass(hours(24 * 100), minutes(30)).await;
    let visits = world.witness.visits("/f");
    fact(visits.len() > early, "given up")?;
    let longest = gaps(&visits).into_iter().max().unwrap_or_default();
    fact(longest <= hours(24 * 31), format!("{longest:?} without a try"))
}

async fn recovered() -> Judgement {
    let mut world = World::new();
    world.witness.on("/f", |visit| match visit.number {
        2..=8 => Reply::status(404),
        n => feed(n..n + 20),
    });
    world.start(&[world.url("/f")]);
    world.pass(hours(24 * 40), minutes(15)).await;
    let waits = gaps(&world.witness.visits("/f"));
    let after = waits.get(8).ok_or_else(|| format!("{} waits", waits.len()))?;
    fact(*after < hours(6), format!("{after:?} after the success"))
}

async fn gone() -> Judgement {
    let mut world = World::new();
    world.witness.on("/f", |visit| match visit.number {
        1 => feed(0..20),
        _ => Reply::status(410),
    });
    world.start(&[world.url("/f")]);
    world.pass(hours(24 * 70), minutes(30)).await;
    let visits = world.witness.visits("/f");
    fact(
        (3..=4).contains(&visits.len()),
        format!("{} requests in 70 days", visits.len()),
    )?;
    apart(&visits[1..], hours(24 * 30))
}

/// As many feeds on hosts of their own; the network is away for six hours.
async fn outage(feeds: usize) -> Judgement {
    let mut world = World::with(|options| options.concurrency = 4);
    let path = |n: usize| format!("/{n}");
    let urls: Vec<String> = (0..feeds)
        .map(|n| world.witness.url(&format!("hote{n}.fr"), &path(n)))
        .collect();
    for n in 0..feeds {
        world
            .witness
            .on(&path(n), |visit| feed(visit.number..visit.number + 20));
    }
    world.start(&urls);
    world.pass(hours(2), SECOND * 5).await;
    world.set_network(false);
    world.pass(hours(6), SECOND * 5).await;
    let back = world.now();
    let before = world.witness.all().len();
    world.set_network(true);
    world.pass(minutes(45), SECOND).await;
    let after: Vec<_> = world.witness.all().into_iter().skip(before).collect();
    for n in 0..feeds {
        let path = path(n);
        let seen = after.iter().find(|visit| visit.request.path() == path);
        let at = seen
            .ok_or_else(|| format!("{path} not asked within 45 minutes"))?
            .at;
        fact(at < back + minutes(40), format!("{path} asked at {at} only"))?;
    }
    // Places for four; forty feeds in one second would be a stampede.
    let busiest = after
        .iter()
        .map(|visit| {
            after
                .iter()
                .filter(|other| other.at >= visit.at && other.at < visit.at + SECOND)
                .count()
        })
        .max()
        .unwrap_or_default();
    fact(
        feeds < 10 || busiest <= 12,
        format!("{busiest} requests in one second"),
    )?;
    let failures = world
        .reports()
        .iter()
        .filter(|report| report.at < back)
        .filter(|report| {
            report
                .record
                .as_ref()
                .is_some_and(|record| record.rule.starts_with("back-off"))
        })
        .count();
    fact(failures <= 8, format!("{failures} failures counted"))?;
    // One try each 20 seconds.
    let most = 6 * 3600 / 20 + 60 * feeds;
    let tries = world.reports().iter().filter(|report| report.at < back).count();
    fact(tries <= most, format!("{tries} polls before the end of it"))
}
