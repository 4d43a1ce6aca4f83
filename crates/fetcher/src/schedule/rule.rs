//! Why a feed is polled when it is: the rule that won, with its numbers, for people.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::backoff::FailureClass;
use super::hints::Hint;

/// The rule that set the time of the next poll. New ones are added at the end: this is written to the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Rule {
    /// It was never polled.
    New,
    /// The interval is fixed: `fetch.interval.adaptive = false`.
    Fixed,
    /// By then the items that should have come have waited as long as they may.
    Arrivals,
    /// By then half of the feed should be new; later, items could have come and gone.
    Window,
    /// The last answer held no known item, so some may have been missed; the next one should overlap.
    Gap,
    /// `fetch.interval.min`.
    Shortest,
    /// `fetch.interval.max`.
    Longest,
    /// The publisher asks for it.
    Hint(Hint),
    /// `Retry-After`.
    RetryAfter,
    /// It failed; the wait was drawn, the longer the more it failed.
    BackOff(FailureClass),
    /// 410: it is gone, and asked for once a month.
    Gone,
    /// Our own network seems to be away: the failure does not count.
    OwnNetwork,
    /// Its host asked for quiet, so it was not asked.
    PutOff,
    /// The answer could not be kept, so the poll does not count.
    Unsettled,
    /// A hub delivers what is new; polling is a check on it.
    Hub,
    /// It is redirected to where too many others wait for their turns already.
    Crowded,
}

impl Rule {
    /// The rule in one word or two, as listings write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Fixed => "fixed",
            Self::Arrivals => "arrivals",
            Self::Window => "window",
            Self::Gap => "gap",
            Self::Shortest => "interval.min",
            Self::Longest => "interval.max",
            Self::Hint(hint) => hint.as_str(),
            Self::RetryAfter => "Retry-After",
            Self::BackOff(_) => "back-off",
            Self::Gone => "gone",
            Self::OwnNetwork => "own network",
            Self::PutOff => "put off",
            Self::Unsettled => "unsettled",
            Self::Hub => "hub",
            Self::Crowded => "crowded",
        }
    }
}

/// A planned poll and why it is then.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// The rule that won.
    pub rule: Rule,
    /// When it was decided, in Unix milliseconds.
    pub at_ms: i64,
    /// When the poll is due, in Unix milliseconds.
    pub due_ms: i64,
    /// The interval before hints, failures and jitter.
    pub interval_ms: u32,
    /// What the winning rule asked for, before phase and jitter.
    pub wait_ms: u32,
    /// Items expected by then.
    pub expected: f32,
}

impl Default for Decision {
    fn default() -> Self {
        Self {
            rule: Rule::New,
            at_ms: 0,
            due_ms: 0,
            interval_ms: 0,
            wait_ms: 0,
            expected: 0.0,
        }
    }
}

impl Decision {
    /// The decision in one line, for the fetch log.
    #[must_use]
    pub fn line(&self) -> String {
        let wait = words(Duration::from_millis(self.wait_ms.into()));
        match self.rule {
            Rule::Arrivals | Rule::Window | Rule::Shortest | Rule::Longest => {
                format!(
                    "{} {wait}, {:.1} items expected",
                    self.rule.as_str(),
                    self.expected
                )
            }
            Rule::BackOff(class) => format!("back-off {wait} ({})", class.as_str()),
            Rule::New => self.rule.as_str().to_owned(),
            rule => format!("{} {wait}", rule.as_str()),
        }
    }

    /// The winning rule as a sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        let wait = words(Duration::from_millis(self.wait_ms.into()));
        let expected = self.expected;
        match self.rule {
            Rule::New => "It was never polled, so it is polled as soon as there is room.".to_owned(),
            Rule::Fixed => format!("The interval is fixed at {wait} (`fetch.interval.adaptive = false`)."),
            Rule::Arrivals => format!(
                "Within {wait} about {expected:.1} new items are expected, which is when asking again is worth a request."
            ),
            Rule::Window => format!(
                "Within {wait} about half of the feed should be new ({expected:.1} items): were it asked later, items could \
                 come and go unseen."
            ),
            Rule::Gap => format!(
                "The last answer held no known item, so some may have been missed (`possible_gap`): {wait} makes the next \
                 one overlap."
            ),
            Rule::Shortest => {
                format!(
                    "The feed is so lively that the shortest interval counts: {wait} (`fetch.interval.min`)."
                )
            }
            Rule::Longest => {
                format!(
                    "The feed is so quiet that the longest interval counts: {wait} (`fetch.interval.max`)."
                )
            }
            Rule::Hint(hint) => format!("The publisher asks for it: {} is {wait}.", hint.as_str()),
            Rule::RetryAfter => format!("The server asked to wait for {wait} (`Retry-After`)."),
            Rule::BackOff(class) => {
                let outlook = match class {
                    FailureClass::Hard => "most likely for long",
                    FailureClass::Soft => "maybe for long",
                    FailureClass::Transient => "most likely for a moment",
                };
                format!(
                    "The last poll failed, {outlook}: it is left alone for {wait}, drawn by lot from a span that grows \
                     with every failure."
                )
            }
            Rule::Gone => {
                format!("The server says that the feed is gone (410): it is asked again after {wait}.")
            }
            Rule::OwnNetwork => {
                format!(
                    "Most hosts failed at once, so our own network is to blame: tried again after {wait}."
                )
            }
            Rule::Crowded => format!(
                "It is redirected to where too many others wait for their turns: asked again after {wait}."
            ),
            Rule::PutOff => format!("Its host asked for quiet, so it was not asked: put off by {wait}."),
            Rule::Hub => format!("A hub delivers what is new; as a check it is polled after {wait}."),
            Rule::Unsettled => format!("The last answer could not be kept: asked again after {wait}."),
        }
    }
}

/// A time span as people say it: the two largest units.
#[must_use]
pub fn words(span: Duration) -> String {
    let seconds = span.as_secs();
    let (days, hours, minutes, rest) = (
        seconds / 86_400,
        seconds / 3600 % 24,
        seconds / 60 % 60,
        seconds % 60,
    );
    let two = |one: u64, unit: &str, other: u64, smaller: &str| {
        if other == 0 {
            format!("{one} {unit}")
        } else {
            format!("{one} {unit} {other} {smaller}")
        }
    };
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{rest} s"),
        (0, 0, _) => two(minutes, "min", rest, "s"),
        (0, _, _) => two(hours, "h", minutes, "min"),
        _ => two(days, "d", hours, "h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_read_as_people_say_them() {
        for (seconds, said) in [
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min"),
            (61, "1 min 1 s"),
            (3600, "1 h"),
            (3 * 3600 + 240, "3 h 4 min"),
            (30 * 86_400 + 3600, "30 d 1 h"),
        ] {
            assert_eq!(words(Duration::from_secs(seconds)), said);
        }
    }
}
