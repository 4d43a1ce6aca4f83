//! Invented publication times of French feeds: who publishes when, over some weeks, from a seed.
//!
//! Items come by a Poisson process whose rate follows the hours of the day and the days of the week, each feed with peaks
//! of its own; breaking stories multiply it for some hours; some systems release what piled up at fixed minutes; weeklies
//! publish one morning and are silent otherwise. None of it is the shape that the schedule begins with.

use depeche_fetcher::schedule::Dice;

/// An hour, in seconds.
pub(crate) const HOUR: f64 = 3600.0;
/// A day, in seconds.
pub(crate) const DAY: f64 = 24.0 * HOUR;

/// What a feed published.
#[derive(Debug, Clone)]
pub(crate) struct Trace {
    /// When, in seconds since the begin of watching; negative before it. In order.
    pub published: Vec<f64>,
    /// How many items the feed shows.
    pub window: usize,
    /// Whether its items say when they were published.
    pub dated: bool,
}

/// The kinds of feeds: their part in a hundred, the least and the most items on a working day.
const KINDS: [(f64, f64, f64); 6] = [
    // A national daily's front page, an agency.
    (6.0, 120.0, 400.0),
    // A regional daily, a section of a national one.
    (24.0, 30.0, 120.0),
    // A town's pages, a specialised site.
    (30.0, 6.0, 30.0),
    // A magazine, a local weekly that publishes online as well.
    (20.0, 1.5, 6.0),
    // A blog of a journalist, a press service.
    (12.0, 0.15, 1.5),
    // A weekly that publishes its issue at once.
    (8.0, 1.0, 3.0),
];

/// How lively a feed is at each hour of a working day and of a day at the weekend.
struct Curve {
    levels: [[f64; 24]; 2],
}

impl Curve {
    fn draw(dice: &mut Dice) -> Self {
        let between = |dice: &mut Dice, low: f64, high: f64| low + (high - low) * dice.part();
        let peaks = [
            between(dice, 5.0, 11.0),
            between(dice, 11.5, 15.0),
            between(dice, 16.0, 21.0),
        ];
        let heights = [
            between(dice, 0.4, 1.6),
            between(dice, 0.1, 0.9),
            between(dice, 0.3, 1.5),
        ];
        let widths = [
            between(dice, 1.0, 2.6),
            between(dice, 0.8, 2.0),
            between(dice, 1.0, 2.6),
        ];
        let night = between(dice, 0.0, 0.12);
        let weekend = between(dice, 0.15, 0.95);
        let mut levels = [[0.0; 24]; 2];
        for (day, levels) in levels.iter_mut().enumerate() {
            for (hour, level) in levels.iter_mut().enumerate() {
                let hour = hour as f64 + 0.5;
                let bumps: f64 = (0..3)
                    .map(|n| heights[n] * (-((hour - peaks[n]) / widths[n]).powi(2) / 2.0).exp())
                    .sum();
                *level = (night + bumps) * if day == 1 { weekend } else { 1.0 };
            }
        }
        let mean: f64 = levels[0].iter().sum::<f64>() / 24.0;
        for level in levels.iter_mut().flatten() {
            *level /= mean;
        }
        Self { levels }
    }

    /// The level at a moment; watching begins at midnight in Paris, of a Monday.
    fn at(&self, second: f64) -> f64 {
        let day = (second / DAY).floor();
        let hour = (0..23)
            .take_while(|hour| second - day * DAY >= f64::from(hour + 1) * HOUR)
            .count();
        let weekend = usize::from(day.rem_euclid(7.0) >= 5.0);
        self.levels[weekend][hour]
    }
}

/// Draws the feeds: `count` of them, each with what it published from `before` seconds before watching begins to its end
/// after `length` seconds.
pub(crate) fn draw(count: usize, before: f64, length: f64, seed: u64) -> Vec<Trace> {
    let mut dice = Dice::seeded(seed);
    (0..count)
        .map(|n| feed(n as f64 / count as f64 * 100.0, before, length, &mut dice.fork()))
        .collect()
}

fn feed(place: f64, before: f64, length: f64, dice: &mut Dice) -> Trace {
    let mut kind = 0;
    let mut up_to = KINDS[0].0;
    while place >= up_to && kind + 1 < KINDS.len() {
        kind += 1;
        up_to += KINDS[kind].0;
    }
    let (_, least, most) = KINDS[kind];
    let a_day = least * (most / least).powf(dice.part());
    let window = 15 + dice.below(45) as usize;
    let dated = dice.part() < 0.85;
    let published = if kind == KINDS.len() - 1 {
        weekly(before, length, dice)
    } else {
        daily(a_day, before, length, dice)
    };
    Trace {
        published,
        window,
        dated,
    }
}

/// 5 to 20 items one morning a week, within the hour; now and then a single item on another day.
fn weekly(before: f64, length: f64, dice: &mut Dice) -> Vec<f64> {
    let day = (dice.part() * 5.0).floor();
    let hour = 5.0 + dice.part() * 6.0;
    let mut published = Vec::new();
    let mut week = (-before / (7.0 * DAY)).floor();
    while week * 7.0 * DAY < length {
        let issue = (week * 7.0 + day) * DAY + hour * HOUR;
        for _ in 0..dice.below(16) + 5 {
            published.push(issue + dice.part() * HOUR);
        }
        if dice.part() < 0.5 {
            published.push(week * 7.0 * DAY + dice.part() * 7.0 * DAY);
        }
        week += 1.0;
    }
    finish(published, before, length)
}

fn daily(a_day: f64, before: f64, length: f64, dice: &mut Dice) -> Vec<f64> {
    let curve = Curve::draw(dice);
    // A story breaks every four days or so, and is worth three to six times the usual for two to six hours.
    let mut bursts = Vec::new();
    let mut at = -before;
    loop {
        at += -(1.0 - dice.part()).ln() * 4.0 * DAY;
        if at > length {
            break;
        }
        bursts.push((at, 2.0 + 4.0 * dice.part(), (2.0 + 4.0 * dice.part()) * HOUR));
    }
    // Every fourth feed releases what piled up at fixed minutes.
    let release = (dice.part() < 0.25).then(|| [15.0, 30.0, 60.0][dice.below(3) as usize] * 60.0);
    let burst_at = |second: f64| -> f64 {
        bursts
            .iter()
            .filter(|(begin, _, long)| second >= *begin && second < begin + long * 2.0)
            .map(|(begin, times, long)| times * (-(second - begin) / long).exp())
            .sum()
    };
    // Thinning: candidates at a rate that is never exceeded.
    let highest = a_day / DAY * curve.levels.iter().flatten().fold(0.0, |a: f64, b| a.max(*b)) * 14.0;
    let mut published = Vec::new();
    let mut at = -before;
    loop {
        at += -(1.0 - dice.part()).ln() / highest;
        if at > length {
            break;
        }
        let rate = a_day / DAY * curve.at(at) * (1.0 + burst_at(at));
        if dice.part() * highest < rate {
            published.push(match release {
                Some(every) => (at / every).ceil() * every,
                None => at,
            });
        }
    }
    finish(published, before, length)
}

fn finish(mut published: Vec<f64>, before: f64, length: f64) -> Vec<f64> {
    published.retain(|at| *at >= -before && *at < length);
    published.sort_by(f64::total_cmp);
    published
}
