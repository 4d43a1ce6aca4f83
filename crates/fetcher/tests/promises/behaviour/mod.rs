//! The behaviour score: what the public scores for feed readers ask for, each as a scene in virtual time.
//!
//! The criteria are those of rachelbythebay.com (feed reader behaviour project), openrss.org (polling policies) and
//! earth.org.uk (on the cost of podcast and feed polling), and the complaints that publishers and users voice most.

mod failing;
mod hints;
mod moving;
mod validators;
mod world;

use std::time::Duration;

use depeche_testkit::Score;
use depeche_testkit::witness::{Judgement, apart, conditional_after_the_first, fact, gaps};

use world::{World, feed, hours, minutes};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn the_behaviour_score_is_100_percent() {
    let mut score = Score::default();
    score.enter(
        "one unconditional request at the start, conditions ever after",
        start().await,
    );
    score.enter("no second request when a feed is added", adding().await);
    score.enter(
        "a feed that was removed and added again keeps its state",
        adding_again().await,
    );
    score.enter("nothing asked early after a restart", restart(false).await);
    score.enter("nothing asked early after SIGKILL", restart(true).await);
    score.enter("two seconds between requests to one host", spacing().await);
    score.enter(
        "no cookies, no Referer, a User-Agent with an address, Accept names feeds",
        manners().await,
    );
    score.enter("polls are not on the beat", jitter().await);
    score.enter("a lively feed at most every five minutes", shortest().await);
    validators::enter(&mut score).await;
    hints::enter(&mut score).await;
    failing::enter(&mut score).await;
    moving::enter(&mut score).await;
    println!("{score}");
    let failed: Vec<_> = score.failed().collect();
    assert!(failed.is_empty(), "{failed:#?}");
}

async fn start() -> Judgement {
    let mut world = World::new();
    world.witness.on("/f", |visit| {
        if visit.is_conditional() {
            depeche_testkit::Reply::status(304)
        } else {
            feed(0..20).header("ETag", "\"a\"")
        }
    });
    world.start(&[world.url("/f")]);
    world.pass(minutes(4), SECOND).await;
    fact(
        world.witness.all().len() == 1,
        format!("{} requests at the start", world.witness.all().len()),
    )?;
    world.pass(hours(6), minutes(1)).await;
    conditional_after_the_first(&world.witness.visits("/f"))
}

async fn adding() -> Judgement {
    let mut world = World::new();
    world.witness.on("/a", |_| feed(0..20));
    world.witness.on("/b", |_| feed(0..20));
    world.start(&[world.url("/a")]);
    world.pass(minutes(1), SECOND).await;
    world.change_list(&[world.url("/a"), world.url("/b")]).await;
    world.pass(minutes(3), SECOND).await;
    for path in ["/a", "/b"] {
        let count = world.witness.visits(path).len();
        fact(count == 1, format!("{count} requests for {path}"))?;
    }
    Ok(())
}

async fn adding_again() -> Judgement {
    let mut world = World::new();
    world.witness.on("/f", |_| feed(0..20).header("ETag", "\"a\""));
    let url = world.url("/f");
    world.start(std::slice::from_ref(&url));
    world.pass(minutes(1), SECOND).await;
    let due = world.next_due(&url).ok_or("nothing kept")?;
    world.change_list(&[]).await;
    world.pass(minutes(1), SECOND).await;
    world.change_list(std::slice::from_ref(&url)).await;
    world.pass(hours(1), SECOND).await;
    let visits = world.witness.visits("/f");
    let second = visits.get(1).ok_or("not asked again")?;
    fact(second.at >= due, format!("asked at {}, due at {due}", second.at))?;
    fact(second.is_conditional(), "asked without a condition")
}

async fn restart(killed: bool) -> Judgement {
    let mut world = World::new();
    let urls: Vec<String> = (0..6).map(|n| world.url(&format!("/{n}"))).collect();
    for n in 0..6 {
        world
            .witness
            .on(&format!("/{n}"), |_| feed(0..20).header("ETag", "\"a\""));
    }
    world.start(&urls);
    world.pass(minutes(30), SECOND).await;
    for _ in 0..5 {
        let due: Vec<_> = urls.iter().map(|url| world.next_due(url)).collect();
        if killed {
            world.kill().await;
        } else {
            world.stop().await;
        }
        let before = world.witness.all().len();
        world.start(&urls);
        world.pass(minutes(7), SECOND).await;
        for visit in world.witness.all().into_iter().skip(before) {
            let number = urls
                .iter()
                .position(|url| url.ends_with(visit.request.path()))
                .ok_or("another path")?;
            let due = due[number].ok_or("no due time was kept")?;
            fact(visit.at >= due, format!("asked at {}, due at {due}", visit.at))?;
            fact(visit.is_conditional(), "asked without a condition")?;
        }
    }
    fact(world.witness.visits("/0").len() > 2, "too few visits to judge")
}

async fn spacing() -> Judgement {
    let mut world = World::new();
    let urls: Vec<String> = (0..10).map(|n| world.url(&format!("/{n}"))).collect();
    for n in 0..10 {
        world.witness.on(&format!("/{n}"), |_| feed(0..20));
    }
    world.start(&urls);
    world.pass(hours(2), SECOND).await;
    let all = world.witness.all();
    fact(all.len() > 40, format!("{} visits", all.len()))?;
    apart(&all, 2 * SECOND)
}

async fn manners() -> Judgement {
    let mut world = World::new();
    let target = world.url("/g");
    world.witness.on("/f", move |_| {
        depeche_testkit::Reply::redirect(302, &target).header("Set-Cookie", "id=1; Path=/")
    });
    world
        .witness
        .on("/g", |_| feed(0..20).header("Set-Cookie", "id=2; Path=/"));
    world.start(&[world.url("/f")]);
    world.pass(hours(1), SECOND).await;
    let all = world.witness.all();
    fact(all.len() > 4, format!("{} visits", all.len()))?;
    for visit in &all {
        for name in ["cookie", "referer", "cookie2"] {
            fact(visit.sent(name).is_none(), format!("{name} was sent"))?;
        }
        let sent = |name: &str| String::from_utf8_lossy(visit.sent(name).unwrap_or_default()).into_owned();
        fact(sent("user-agent").contains("+https://"), sent("user-agent"))?;
        fact(
            sent("accept").contains("application/atom+xml") && sent("accept").contains("application/rss+xml"),
            sent("accept"),
        )?;
        fact(sent("accept-encoding").contains("gzip"), sent("accept-encoding"))?;
        fact(visit.request.method == "GET", &visit.request.method)?;
    }
    Ok(())
}

async fn jitter() -> Judgement {
    let mut world = World::with(|options| options.interval.adaptive = false);
    world.witness.on("/f", |_| feed(0..20));
    world.start(&[world.url("/f")]);
    world.pass(hours(12), SECOND).await;
    let visits = world.witness.visits("/f");
    apart(&visits, minutes(15))?;
    let mut gaps = gaps(&visits);
    gaps.sort_unstable();
    gaps.dedup();
    fact(gaps.len() > 10, format!("{} different waits", gaps.len()))?;
    fact(gaps.last() < Some(&minutes(17)), format!("{:?}", gaps.last()))
}

async fn shortest() -> Judgement {
    let mut world = World::new();
    world
        .witness
        .on("/f", |visit| feed(visit.number * 10..visit.number * 10 + 20));
    world.start(&[world.url("/f")]);
    world.pass(hours(12), SECOND * 5).await;
    let visits = world.witness.visits("/f");
    fact(visits.len() > 100, format!("{} visits", visits.len()))?;
    apart(&visits, minutes(5))
}
