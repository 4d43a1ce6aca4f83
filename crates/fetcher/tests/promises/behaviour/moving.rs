//! Redirects: what holds for good is learnt, in time, and nothing else.

use depeche_testkit::Reply;
use depeche_testkit::witness::{Judgement, Score, fact};

use super::world::{World, feed, hours, minutes};

pub(super) async fn enter(score: &mut Score) {
    for status in [301, 308] {
        score.enter(
            &format!("{status} is learnt after three days of the same feed"),
            learnt(&[status]).await,
        );
    }
    for status in [302, 303, 307] {
        score.enter(
            &format!("{status} is never learnt"),
            not_learnt(&[status], 0).await,
        );
    }
    score.enter(
        "a chain is learnt only when every redirect is for good",
        chain().await,
    );
    score.enter(
        "a redirect to another feed is not learnt",
        not_learnt(&[301], 500).await,
    );
    score.enter("a redirect that does not hold is not learnt", broken_off().await);
    score.enter(
        "an address that was learnt and fails is given up",
        given_up().await,
    );
}

/// A world where `/0` leads over these redirects to `/feed`, whose items begin at `first` when they come that way.
fn world(statuses: &[u16], first: usize) -> World {
    let world = World::new();
    for (n, status) in statuses.iter().copied().enumerate() {
        let next = if n + 1 == statuses.len() {
            "/feed".to_owned()
        } else {
            format!("/{}", n + 1)
        };
        let to = world.url(&next);
        world.witness.on(&format!("/{n}"), move |visit| {
            // At first it answers itself.
            if n == 0 && visit.number == 1 {
                feed(0..20)
            } else {
                Reply::redirect(status, &to)
            }
        });
    }
    world.witness.on("/feed", move |visit| {
        let new = visit.number / 20;
        feed(first + new..first + new + 20).header("ETag", format!("\"{new}\""))
    });
    world
}

async fn learnt(statuses: &[u16]) -> Judgement {
    let mut world = world(statuses, 0);
    let url = world.url("/0");
    world.start(std::slice::from_ref(&url));
    world.pass(hours(24), minutes(4)).await;
    let early = world.witness.visits("/0").len();
    fact(early > world.witness.visits("/feed").len(), "learnt too early")?;
    world.pass(hours(24 * 3), minutes(4)).await;
    let asked = world.witness.visits("/0").len();
    world.kill().await;
    world.start(std::slice::from_ref(&url));
    let there = world.witness.visits("/feed").len();
    world.pass(hours(24), minutes(4)).await;
    fact(
        world.witness.visits("/0").len() == asked,
        "the old address is still asked",
    )?;
    fact(
        world.witness.visits("/feed").len() > there,
        "the new address is not asked",
    )?;
    let under_own_name = world.reports().iter().all(|report| report.feed_url == url);
    fact(under_own_name, "reported under another address")
}

async fn not_learnt(statuses: &[u16], first: usize) -> Judgement {
    let mut world = world(statuses, first);
    world.start(&[world.url("/0")]);
    world.pass(hours(24 * 6), minutes(4)).await;
    let (there, here) = (
        world.witness.visits("/feed").len(),
        world.witness.visits("/0").len(),
    );
    // The first answer came from here, and the last redirect may still wait for the host's turn there.
    fact(
        there > 20 && (there + 1..=there + 2).contains(&here),
        format!("{here} requests here, {there} there"),
    )
}

async fn chain() -> Judgement {
    learnt(&[301, 308]).await?;
    not_learnt(&[301, 302], 0).await
}

async fn broken_off() -> Judgement {
    let mut world = World::new();
    let to = world.url("/feed");
    // Every other day it answers itself again.
    world.witness.on("/0", move |visit| {
        if visit.at.as_second() / 86_400 % 2 == 0 {
            feed(0..20)
        } else {
            Reply::redirect(301, &to)
        }
    });
    world.witness.on("/feed", |_| feed(0..20));
    world.start(&[world.url("/0")]);
    world.pass(hours(24 * 9), minutes(4)).await;
    let before = world.witness.visits("/0").len();
    world.pass(hours(24), minutes(4)).await;
    fact(world.witness.visits("/0").len() > before, "learnt all the same")
}

async fn given_up() -> Judgement {
    let mut world = world(&[301], 0);
    let url = world.url("/0");
    world.start(std::slice::from_ref(&url));
    world.pass(hours(24 * 4), minutes(4)).await;
    let asked = world.witness.visits("/0").len();
    world.witness.on("/feed", |_| Reply::status(404));
    world.witness.on("/0", |_| feed(0..20));
    world.pass(hours(24), minutes(4)).await;
    fact(
        world.witness.visits("/0").len() > asked + 1,
        "the configured address is not asked again",
    )
}
