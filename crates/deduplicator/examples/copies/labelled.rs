//! Labelled streams: articles whose event is known, decided about in the order in which they appear.

use std::collections::HashMap;
use std::hash::Hash;

use depeche_model::StoryId;
use depeche_testkit::copydesk::{Dice, Edit, Press, Text};

use crate::reader::{Appearance, Reader};

/// An article of a labelled stream.
pub(crate) struct Labelled {
    event: String,
    minutes: i64,
    source: String,
    text: Text,
}

/// How well stories agree with events. Each value is 0–1.
pub(crate) struct Agreement {
    pub(crate) events: usize,
    /// Of the pairs of articles in one story, those of one event.
    pub(crate) pair_precision: f64,
    /// Of the pairs of articles of one event, those in one story.
    pub(crate) pair_recall: f64,
    /// B-cubed (Bagga and Baldwin, 1998): of the articles in an article's story, those of its event, on average.
    pub(crate) precision: f64,
    /// Of the articles of an article's event, those in its story, on average.
    pub(crate) recall: f64,
}

impl Agreement {
    /// The harmonic mean of both B-cubed values.
    pub(crate) fn f1(&self) -> f64 {
        2.0 * self.precision * self.recall / (self.precision + self.recall)
    }

    /// Whether stories agree with events as they have to: a wrong link hides an article, so precision counts by itself.
    pub(crate) fn is_enough(&self) -> bool {
        self.precision >= 0.94 && self.f1() >= 0.93
    }
}

/// The running subjects that were written by hand, side by side in one stream.
pub(crate) fn sagas(press: &Press) -> Vec<Labelled> {
    press
        .sagas()
        .into_iter()
        .enumerate()
        .map(|(number, report)| Labelled {
            event: report.event,
            minutes: report.hours * 60,
            source: format!("quotidien {number}"),
            text: report.text,
        })
        .collect()
}

/// The same running subjects in the second week of an invented stream, when much is known of which words are rare.
pub(crate) fn sagas_among_others(press: &Press, events: u64) -> Vec<Labelled> {
    let mut stream = days(press, events);
    stream.extend(sagas(press).into_iter().map(|labelled| Labelled {
        minutes: labelled.minutes + 9 * 24 * 60,
        ..labelled
    }));
    stream.sort_by_key(|labelled| labelled.minutes);
    stream
}

/// Reports of each invented event, by its number: half of all events are told once or twice.
const REPORTS: [u64; 8] = [1, 1, 2, 2, 3, 3, 5, 8];
/// Every so many events another one happens in the same town and before the same body.
const NEIGHBOURS: u64 = 4;
/// Every so many reports a further one copies it in part.
const COPIED: u64 = 3;

/// Ten days of invented events, each told by several papers within two days, some of them copying.
pub(crate) fn days(press: &Press, events: u64) -> Vec<Labelled> {
    let mut stream = Vec::new();
    let mut add = |event: String, minutes: i64, text: Text| {
        let source = format!("journal {}", stream.len());
        stream.push(Labelled {
            event,
            minutes,
            source,
            text,
        });
    };
    for number in 0..events {
        let mut dice = Dice::new("déroulement", number);
        let start = (number * 10 * 24 * 60 / events).cast_signed();
        let event = press.event("jours", number);
        let reports = REPORTS[(number % REPORTS.len() as u64) as usize];
        for report in 0..reports {
            let minutes = start + dice.between(0, 44 * 60);
            let words = usize::try_from(dice.between(90, 600)).unwrap_or(90);
            let text = press.report(number, &event, Dice::new("récit", number * 100 + report), words);
            if report % COPIED == COPIED - 1 {
                let copy = Edit::Dropped(20).apply(press, &text, number);
                add(format!("e{number}"), minutes + dice.between(5, 300), copy);
            }
            add(format!("e{number}"), minutes, text);
        }
        if number % NEIGHBOURS == 0 {
            let (here, there) = press.neighbouring_events(number);
            add(format!("ici {number}"), start, here);
            add(format!("là {number}"), start + 300, there);
        }
    }
    stream.sort_by_key(|labelled| labelled.minutes);
    stream
}

/// Decides about a stream and compares the stories with the events.
pub(crate) fn judge(stream: &[Labelled]) -> Agreement {
    let mut reader = Reader::new();
    let found: Vec<(&str, Option<StoryId>)> = stream
        .iter()
        .map(|labelled| {
            let ruling = reader.decide(&Appearance {
                text: &labelled.text,
                source: &labelled.source,
                guid: None,
                url: None,
                minutes: labelled.minutes,
            });
            (labelled.event.as_str(), ruling.story)
        })
        .collect();
    agreement(&found)
}

fn agreement(found: &[(&str, Option<StoryId>)]) -> Agreement {
    let events = sizes(found.iter().map(|(event, _)| *event));
    let stories = sizes(found.iter().map(|(_, story)| *story));
    let both = sizes(found.iter().copied());
    let pairs = |sizes: &mut dyn Iterator<Item = usize>| sizes.map(|n| n * (n - 1) / 2).sum::<usize>() as f64;
    let together = pairs(&mut both.values().copied());
    let (mut precision, mut recall) = (0.0, 0.0);
    for ((event, story), &shared) in &both {
        // Each of the articles that share both counts by the same share.
        let squared = (shared * shared) as f64;
        precision += squared / stories[story] as f64;
        recall += squared / events[event] as f64;
    }
    let all = found.len().max(1) as f64;
    Agreement {
        events: events.len(),
        pair_precision: together / pairs(&mut stories.values().copied()).max(1.0),
        pair_recall: together / pairs(&mut events.values().copied()).max(1.0),
        precision: precision / all,
        recall: recall / all,
    }
}

fn sizes<T: Eq + Hash>(items: impl Iterator<Item = T>) -> HashMap<T, usize> {
    let mut sizes = HashMap::new();
    for item in items {
        *sizes.entry(item).or_insert(0) += 1;
    }
    sizes
}
