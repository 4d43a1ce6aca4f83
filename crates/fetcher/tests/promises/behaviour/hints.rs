//! What publishers ask for is kept to.

use std::time::Duration;

use depeche_testkit::witness::{Judgement, Score, apart, fact};
use depeche_testkit::{Reply, Visit};
use jiff::tz::TimeZone;

use super::SECOND;
use super::world::{World, hours, minutes, rss};

pub(super) async fn enter(score: &mut Score) {
    type Field = (&'static str, &'static str);
    let fields: [(&str, &[Field], Duration); 4] = [
        (
            "Cache-Control: max-age",
            &[("Cache-Control", "public, max-age=5400")],
            minutes(90),
        ),
        (
            "Cache-Control: s-maxage",
            &[("Cache-Control", "s-maxage=3600")],
            hours(1),
        ),
        (
            "Cache-Control less Age",
            &[("Cache-Control", "max-age=7200"), ("Age", "1800")],
            minutes(90),
        ),
        (
            "Expires, relative to Date",
            &[
                ("Date", "Sun, 01 Feb 2026 10:00:00 GMT"),
                ("Expires", "Sun, 01 Feb 2026 12:00:00 GMT"),
            ],
            hours(2),
        ),
    ];
    for (name, fields, least) in fields {
        let judged = kept_to("", fields, least).await;
        score.enter(&format!("{name} is kept to"), judged);
    }
    let feeds = [
        ("ttl", "<ttl>90</ttl>", minutes(90)),
        (
            "sy:updatePeriod and sy:updateFrequency",
            "<sy:updatePeriod xmlns:sy=\"http://purl.org/rss/1.0/modules/syndication/\">daily</sy:updatePeriod>\
             <sy:updateFrequency xmlns:sy=\"http://purl.org/rss/1.0/modules/syndication/\">12</sy:updateFrequency>",
            hours(2),
        ),
    ];
    for (name, head, least) in feeds {
        score.enter(&format!("{name} is kept to"), kept_to(head, &[], least).await);
    }
    score.enter("no hint beyond a day", a_year().await);
    score.enter("a 304 may shorten a hint and not lengthen it", of_a_304().await);
    score.enter("skipHours and skipDays are kept to", skipped().await);
}

/// A lively feed with these hints is asked as often as they allow.
async fn kept_to(
    head: &'static str,
    fields: &'static [(&'static str, &'static str)],
    least: Duration,
) -> Judgement {
    let visits = lively(head, fields, hours(24)).await;
    apart(&visits, least)?;
    let often = hours(24).as_secs() / least.as_secs();
    fact(
        visits.len() as u64 > often / 2,
        format!("only {} visits", visits.len()),
    )
}

async fn lively(
    head: &'static str,
    fields: &'static [(&'static str, &'static str)],
    span: Duration,
) -> Vec<Visit> {
    let mut world = World::new();
    world.witness.on("/f", move |visit| {
        let reply = Reply::feed(rss(visit.number * 9..visit.number * 9 + 20, head));
        fields
            .iter()
            .fold(reply, |reply, (name, value)| reply.header(name, value))
    });
    world.start(&[world.url("/f")]);
    world.pass(span, SECOND * 20).await;
    world.witness.visits("/f")
}

async fn a_year() -> Judgement {
    let visits = lively("", &[("Cache-Control", "max-age=31536000")], hours(80)).await;
    apart(&visits, hours(24))?;
    fact(visits.len() >= 3, format!("{} visits in 80 hours", visits.len()))
}

async fn of_a_304() -> Judgement {
    let mut world = World::new();
    world.witness.on("/f", |visit| {
        if visit.number == 1 {
            return Reply::feed(rss(0..20, ""))
                .header("ETag", "\"a\"")
                .header("Cache-Control", "max-age=7200");
        }
        // The first 304 asks for a day, the later ones for next to nothing.
        let wish = if visit.number == 2 {
            "max-age=86400"
        } else {
            "max-age=60"
        };
        Reply::status(304)
            .header("ETag", "\"a\"")
            .header("Cache-Control", wish)
    });
    world.start(&[world.url("/f")]);
    world.pass(hours(9), SECOND * 20).await;
    let waits = depeche_testkit::witness::gaps(&world.witness.visits("/f"));
    let [first, second, third, ..] = waits.as_slice() else {
        return Err(format!("{waits:?}"));
    };
    fact(
        *first >= hours(2) && *second >= hours(2) && *second < hours(3),
        format!("{waits:?}"),
    )?;
    fact(*third < hours(2), format!("{waits:?}"))
}

async fn skipped() -> Judgement {
    let head = "<skipHours><hour>1</hour><hour>2</hour><hour>12</hour></skipHours>\
                <skipDays><day>Thursday</day></skipDays>";
    let visits = lively(head, &[], hours(24 * 5)).await;
    fact(visits.len() > 100, format!("{} visits", visits.len()))?;
    for visit in visits {
        // Time goes in steps of twenty seconds: a poll may be that late.
        let utc = (visit.at - SECOND * 20).to_zoned(TimeZone::UTC);
        fact(![1, 2, 12].contains(&utc.hour()), format!("asked at {utc}"))?;
        fact(
            utc.weekday() != jiff::civil::Weekday::Thursday,
            format!("asked at {utc}"),
        )?;
    }
    Ok(())
}
