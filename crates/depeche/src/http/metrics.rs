//! The counters in the text format of Prometheus.

use depeche_deduplicator::Held;
use depeche_fetcher::websub::HubCounts;
use depeche_fetcher::{Counters, Feeds, Pages, Polls};
use depeche_model::Verdict;
use depeche_store::Progress;

use crate::pipeline::{CLASSES, Deciding};

/// The counters in the text format of Prometheus 0.0.4.
pub(super) fn exposition(
    progress: &Progress,
    pending: usize,
    is_short_of_room: bool,
    fetched: &Counters,
    hubs: Option<HubCounts>,
    deciding: &Deciding,
) -> String {
    let tally = &progress.tally;
    let mut families: Vec<String> = Vec::new();
    let mut family = |name: &str, kind: &str, help: &str, samples: &[(String, u64)]| {
        families.push(format!(
            "# HELP depeche_{name} {help}\n# TYPE depeche_{name} {kind}\n"
        ));
        families.extend(
            samples
                .iter()
                .map(|(labels, value)| format!("depeche_{name}{labels} {value}\n")),
        );
    };
    let one = |value: u64| [(String::new(), value)];
    family(
        "captures_total",
        "counter",
        "Captures committed.",
        &one(tally.captures),
    );
    let verdicts: Vec<_> = Verdict::ALL
        .iter()
        .map(|verdict| {
            let count = tally.verdicts.get(verdict).copied().unwrap_or(0);
            (format!("{{verdict=\"{}\"}}", verdict.as_str()), count)
        })
        .collect();
    family(
        "articles_total",
        "counter",
        "Articles stored, by verdict.",
        &verdicts,
    );
    let rejected: Vec<_> = tally
        .rejected
        .iter()
        .map(|(reason, count)| (format!("{{reason=\"{reason}\"}}"), *count))
        .collect();
    family(
        "rejected_total",
        "counter",
        "Items rejected, by reason.",
        &rejected,
    );
    family(
        "sightings_total",
        "counter",
        "Further places of known articles.",
        &one(tally.sightings),
    );
    family(
        "unchanged_total",
        "counter",
        "Items met again without anything new.",
        &one(tally.unchanged),
    );
    family(
        "pages_ordered_total",
        "counter",
        "Pages ordered.",
        &one(tally.pages_owed),
    );
    family(
        "deliveries_pending",
        "gauge",
        "Captures journaled and not yet settled.",
        &one(pending as u64),
    );
    family(
        "waiting_for_room",
        "gauge",
        "1 while the disk has too little room and nothing is fetched or stored.",
        &one(u64::from(is_short_of_room)),
    );
    for (name, kind, help, samples) in of_fetcher(fetched) {
        family(name, kind, help, &samples);
    }
    for (name, kind, help, value) in hubs.iter().flat_map(of_hubs) {
        family(name, kind, help, &one(value));
    }
    let held = |number: fn(&Held) -> usize| {
        let parts = deciding.holds.parts();
        parts.map(|(part, held)| (format!("{{part=\"{part}\"}}"), number(&held) as u64))
    };
    family(
        "index_entries",
        "gauge",
        "What the deduplicator holds in memory, by part: texts, articles by their keys, articles of open stories, recent records.",
        &held(|held| held.count),
    );
    family(
        "index_bytes",
        "gauge",
        "Bytes of memory of what the deduplicator holds, by part.",
        &held(|held| held.bytes),
    );
    families.push(histogram(deciding));
    families.concat()
}

/// The time that deciding took, capture by capture.
fn histogram(deciding: &Deciding) -> String {
    let name = "depeche_deciding_seconds";
    let mut lines = vec![format!(
        "# HELP {name} Time to decide about all items of a capture.\n# TYPE {name} histogram\n"
    )];
    let mut so_far = 0;
    for (end, captures) in CLASSES.iter().zip(deciding.captures) {
        so_far += captures;
        let end = end.as_secs_f64();
        lines.push(format!("{name}_bucket{{le=\"{end}\"}} {so_far}\n"));
    }
    let all = deciding.all;
    let took = deciding.took.as_secs_f64();
    lines.push(format!(
        "{name}_bucket{{le=\"+Inf\"}} {all}\n{name}_sum {took}\n{name}_count {all}\n"
    ));
    lines.concat()
}

/// A family: name, kind, help and samples.
type Family = (&'static str, &'static str, &'static str, Vec<(String, u64)>);

/// What the fetcher did, and how its feeds stand.
fn of_fetcher(fetched: &Counters) -> Vec<Family> {
    let by = |label: &str, samples: &[(&str, u64)]| {
        samples
            .iter()
            .map(|(word, value)| (format!("{{{label}=\"{word}\"}}"), *value))
            .collect()
    };
    let one = |value: u64| vec![(String::new(), value)];
    let Polls {
        fetched: polled,
        repeated,
        not_modified,
        refused,
        blocked,
        failed,
        put_off,
    } = fetched.polls;
    let polls = [
        ("fetched", polled),
        ("repeated", repeated),
        ("not_modified", not_modified),
        ("refused", refused),
        ("blocked", blocked),
        ("failed", failed),
        ("put_off", put_off),
    ];
    let Pages {
        fetched: pages,
        shared,
        failed,
    } = fetched.pages;
    let pages = [("fetched", pages), ("shared", shared), ("failed", failed)];
    let Feeds {
        ok,
        failing,
        gone,
        never,
    } = fetched.feeds;
    let feeds = [("ok", ok), ("failing", failing), ("gone", gone), ("never", never)];
    let bytes = [("wire", fetched.wire_bytes), ("decoded", fetched.decoded_bytes)];
    vec![
        (
            "polls_total",
            "counter",
            "Polls of feeds, by outcome.",
            by("outcome", &polls),
        ),
        (
            "pages_total",
            "counter",
            "Orders for pages answered, by outcome.",
            by("outcome", &pages),
        ),
        (
            "fetched_bytes_total",
            "counter",
            "Bytes of bodies, on the wire and decoded.",
            by("form", &bytes),
        ),
        (
            "possible_gaps_total",
            "counter",
            "Polls that found nothing known.",
            one(fetched.possible_gaps),
        ),
        ("feeds", "gauge", "Feeds, by how they stand.", by("state", &feeds)),
        (
            "due_lag_seconds",
            "gauge",
            "How long the most overdue feed has been due.",
            one(fetched.due_lag_secs),
        ),
        (
            "requests_in_flight",
            "gauge",
            "Requests in flight.",
            one(fetched.in_flight),
        ),
    ]
}

/// What subscriptions did: name, kind, help and value.
fn of_hubs(hubs: &HubCounts) -> [(&'static str, &'static str, &'static str, u64); 10] {
    [
        ("websub_feeds", "gauge", "Feeds with a WebSub hub.", hubs.feeds),
        (
            "websub_active",
            "gauge",
            "Feeds whose hub is bound to deliver.",
            hubs.active,
        ),
        (
            "websub_requests_total",
            "counter",
            "Requests to hubs.",
            hubs.requests,
        ),
        (
            "websub_requests_failed_total",
            "counter",
            "Requests that no hub took.",
            hubs.requests_failed,
        ),
        (
            "websub_verified_total",
            "counter",
            "Requests that hubs verified.",
            hubs.verified,
        ),
        (
            "websub_not_meant_total",
            "counter",
            "Verifications of what was not requested.",
            hubs.not_meant,
        ),
        (
            "websub_deliveries_total",
            "counter",
            "Deliveries that became captures.",
            hubs.deliveries,
        ),
        (
            "websub_repeated_total",
            "counter",
            "Deliveries that were those before once more.",
            hubs.repeated,
        ),
        (
            "websub_unsigned_total",
            "counter",
            "Deliveries without a right signature.",
            hubs.unsigned,
        ),
        (
            "websub_dropped_total",
            "counter",
            "Hubs dropped for what they missed.",
            hubs.dropped,
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_are_in_the_text_format() {
        let mut progress = Progress::default();
        progress.tally.captures = 3;
        progress.tally.verdicts.insert(Verdict::Near, 2);
        progress.tally.rejected.insert("language".to_owned(), 1);
        let hubs = HubCounts {
            unsigned: 5,
            ..HubCounts::default()
        };
        let mut fetched = Counters::default();
        fetched.polls.not_modified = 9;
        fetched.feeds.failing = 2;
        let mut deciding = Deciding {
            all: 7,
            took: std::time::Duration::from_millis(2_500),
            ..Deciding::default()
        };
        deciding.holds.texts.count = 11;
        deciding.holds.stories.bytes = 13;
        deciding.captures[0] = 4;
        deciding.captures[2] = 2;
        let text = exposition(&progress, 4, true, &fetched, Some(hubs), &deciding);
        for line in [
            "# TYPE depeche_captures_total counter\ndepeche_captures_total 3\n",
            "depeche_articles_total{verdict=\"near\"} 2\n",
            "# TYPE depeche_rejected_total counter\ndepeche_rejected_total{reason=\"language\"} 1\n",
            "# TYPE depeche_deliveries_pending gauge\ndepeche_deliveries_pending 4\n",
            "depeche_waiting_for_room 1\n",
            "depeche_polls_total{outcome=\"not_modified\"} 9\n",
            "# TYPE depeche_feeds gauge\ndepeche_feeds{state=\"ok\"} 0\ndepeche_feeds{state=\"failing\"} 2\n",
            "# TYPE depeche_websub_unsigned_total counter\ndepeche_websub_unsigned_total 5\n",
            "# TYPE depeche_index_entries gauge\ndepeche_index_entries{part=\"texts\"} 11\n",
            "depeche_index_bytes{part=\"stories\"} 13\n",
            "# TYPE depeche_deciding_seconds histogram\ndepeche_deciding_seconds_bucket{le=\"0.0001\"} 4\n",
            "_bucket{le=\"0.0005\"} 4\ndepeche_deciding_seconds_bucket{le=\"0.001\"} 6\n",
            "_bucket{le=\"+Inf\"} 7\ndepeche_deciding_seconds_sum 2.5\ndepeche_deciding_seconds_count 7\n",
        ] {
            assert!(text.contains(line), "{line}\nis not in\n{text}");
        }
    }
}
