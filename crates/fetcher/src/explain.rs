//! Why the next poll of a feed is when it is, in sentences.

use std::time::Duration;

use jiff::Timestamp;

use crate::memory::{FeedMemory, Moved};
use crate::options::Interval;
use crate::schedule::{Decision, backoff, lateness, words};

/// Says why the next poll of a feed is when it is: the rule that won first, then all that was considered.
#[must_use]
pub fn explain(memory: &FeedMemory, interval: &Interval) -> Vec<String> {
    let mut said = vec![memory.decision.sentence()];
    said.extend(bounds(&memory.decision, interval));
    said.push(arrivals(memory, interval));
    said.extend(hints(memory, interval));
    if memory.failures > 0 {
        let interval = Duration::from_millis(memory.decision.interval_ms.into());
        let longest = backoff::ceiling(interval, memory.score);
        let times = match memory.failures {
            1 => "once".to_owned(),
            2 => "twice in a row".to_owned(),
            count => format!("{count} times in a row"),
        };
        said.push(if longest.is_zero() {
            format!("It failed {times}.")
        } else {
            format!(
                "It failed {times}, after which the wait is {} at most.",
                words(longest)
            )
        });
    }
    if memory.gaps > 0 {
        said.push(format!(
            "Its last {} held no item that was known before (`possible_gap`).",
            answers(memory.gaps.into()),
        ));
    }
    if let Some(since) = memory.silence.since.filter(|_| memory.silence.expected >= 1.0) {
        said.push(format!(
            "Nothing new came since {}, where {:.0} items were to be expected.",
            second(since),
            memory.silence.expected,
        ));
    }
    if let Some(probed) = memory.silence.probed {
        said.push(format!(
            "Since its 304s were doubted, it was asked without a condition at {}.",
            second(probed)
        ));
    }
    if let Some(hub) = &memory.hub {
        said.push(format!("At the last poll its hub stood so: {hub}."));
    }
    match &memory.moved {
        Moved::No => {}
        Moved::Maybe { to, days, .. } => said.push(format!(
            "It is redirected for good to {to} (day {days} of 3): if that holds for 3 days, it is asked for there."
        )),
        Moved::Elsewhere(to) => said.push(format!(
            "It is redirected for good to {to}, which was another feed when that began: the address is kept."
        )),
        Moved::To(to) => said.push(format!("It has moved for good and is asked for at {to}.")),
    }
    said
}

/// What the wait lay between.
fn bounds(decision: &Decision, interval: &Interval) -> Option<String> {
    (decision.interval_ms > 0).then(|| {
        format!(
            "Its own interval is {}, between {} (`fetch.interval.min`) and {} (`max`); up to a tenth is added, so that \
             feeds are not polled together.",
            words(Duration::from_millis(decision.interval_ms.into())),
            words(interval.min),
            words(interval.max),
        )
    })
}

fn arrivals(memory: &FeedMemory, interval: &Interval) -> String {
    let Some(until) = memory.arrivals.until() else {
        return if memory.polls == 0 {
            "It has not answered yet, so it is not known how often something new comes.".to_owned()
        } else {
            "It has given no feed yet, so it is not known how often something new comes.".to_owned()
        };
    };
    let a_day = memory.arrivals.mean() * 24.0;
    let brings = if memory.arrivals.is_assumed() {
        format!("There is no history yet: {a_day:.0} items a day are assumed.")
    } else {
        format!(
            "It brings {a_day:.1} items a day in the mean; the last hours were {:.1} times as lively as usual. It was \
             watched until {until}.",
            memory.arrivals.liveliness(),
        )
    };
    format!(
        "{brings} It is asked so often that its new items, taken together, wait {:.0} minutes to be seen (from \
         `fetch.interval.default`).",
        lateness(interval.default) * 60.0,
    )
}

fn hints(memory: &FeedMemory, interval: &Interval) -> Vec<String> {
    let mut said: Vec<String> = memory
        .standing
        .waits()
        .map(|(hint, wait)| {
            let clamped = if wait > interval.max_hint {
                format!(
                    ", of which {} counts (`fetch.interval.max_hint`)",
                    words(interval.max_hint)
                )
            } else {
                String::new()
            };
            format!(
                "The publisher asks for at least {} ({}){clamped}.",
                words(wait),
                hint.as_str()
            )
        })
        .collect();
    let feed = memory.standing.feed;
    if feed.skip_hours != 0 {
        let hours: Vec<String> = (0..24)
            .filter(|hour| feed.skip_hours >> hour & 1 == 1)
            .map(|hour| hour.to_string())
            .collect();
        said.push(format!(
            "The publisher asks to skip the hours {} (UTC).",
            hours.join(", ")
        ));
    }
    if feed.skip_days != 0 {
        let names = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
        let days: Vec<&str> = names
            .into_iter()
            .enumerate()
            .filter(|(day, _)| feed.skip_days >> day & 1 == 1)
            .map(|(_, name)| name)
            .collect();
        said.push(format!(
            "The publisher asks to skip the days {} (UTC).",
            days.join(", ")
        ));
    }
    said
}

fn answers(count: u32) -> String {
    match count {
        1 => "answer".to_owned(),
        count => format!("{count} answers"),
    }
}

fn second(unix: i64) -> String {
    Timestamp::from_second(unix).map_or_else(|_| unix.to_string(), |at| at.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::{Dice, FailureClass, Finding, Item, plan};

    #[test]
    fn everything_that_was_considered_is_said() {
        let options = Interval::default();
        let mut dice = Dice::seeded(1);
        let mut memory = FeedMemory::default();
        assert!(explain(&memory, &options)[0].contains("never polled"));
        memory.standing.feed.ttl = 48 * 3600;
        memory.standing.feed.skip_hours = 0b101;
        memory.standing.feed.skip_days = 0b110_0000;
        let now: Timestamp = "2026-02-02T09:00:00Z".parse().unwrap();
        let items = [Item {
            fingerprint: 1,
            published: None,
            delivered: false,
        }];
        let mut step = |memory: &mut FeedMemory, finding: &Finding<'_>| {
            plan(memory, "https://a.fr/", finding, &[], &options, now, &mut dice);
            explain(memory, &options).join("\n")
        };
        let said = step(&mut memory, &Finding::Feed(&items));
        for part in [
            "ttl is 1 d",
            "at least 2 d (ttl), of which 1 d counts",
            "hours 0, 2 (UTC)",
            "days Sat, Sun",
            "items a day",
        ] {
            assert!(said.contains(part), "{part}\n{said}");
        }
        step(&mut memory, &Finding::Failed(FailureClass::Soft));
        memory.moved = Moved::To("https://b.fr/".into());
        let said = step(&mut memory, &Finding::Failed(FailureClass::Soft));
        for part in [
            "The last poll failed, maybe for long",
            "It failed twice in a row",
            "moved for good and is asked for at https://b.fr/",
        ] {
            assert!(said.contains(part), "{part}\n{said}");
        }
    }
}
