//! What speaks for one date of a page or another, and which of them is believed.
//!
//! In: the date for machines, those that readers see, the day of the address, and the zone of the site. Out: one date, and a
//! warning where they contradict each other: then it is told to the day only, as that day in the site's zone.

use depeche_model::{Precision, Published, Warning, WarningCode};
use jiff::tz::TimeZone;

/// Hours between two dates that name the same day in different zones.
const SAME_DAY_HOURS: i64 = 36;

/// Hours that an address may be off: it is made when an article is begun.
const ADDRESS_HOURS: i64 = 96;

/// What speaks for one date or another.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Evidence {
    pub(super) machine: Option<Published>,
    /// A line that says of itself that it is the time of publication.
    pub(super) labelled: Option<Published>,
    /// A line that is a date.
    pub(super) plain: Option<Published>,
    pub(super) address: Option<Published>,
}

impl Evidence {
    /// Those that name a day at least.
    pub(super) fn all(self) -> impl Iterator<Item = Published> {
        let days = self.address.filter(|address| address.precision <= Precision::Day);
        [self.machine, self.labelled, self.plain, days]
            .into_iter()
            .flatten()
    }

    /// The one that is believed. `zone` is that of the site.
    pub(super) fn weighed(self, zone: &TimeZone) -> (Option<Published>, Option<Warning>) {
        let shown = self.labelled.or(self.plain);
        let agrees = |date: &Published| self.address.is_none_or(|address| is_near_address(date, &address));
        let Some(machine) = self.machine else {
            let Some(shown) = shown else {
                let told = self
                    .address
                    .map(|date| Warning::new(WarningCode::DateFromAddress, date.at.to_string()));
                return (self.address, told);
            };
            if agrees(&shown) {
                return (Some(shown), None);
            }
            // A line that only happens to be a date weighs less than an address that is made from one.
            let chosen = if self.labelled.is_some() {
                Some(shown)
            } else {
                self.address
            };
            return doubted(
                chosen,
                zone,
                "the page and its address",
                [Some(shown), self.address],
            );
        };
        if let Some(labelled) = self.labelled
            && !is_same_day(&machine, &labelled)
        {
            // Two against one, where there are two.
            let outvoted = self
                .address
                .is_some_and(|address| is_near_address(&labelled, &address))
                && !agrees(&machine);
            let chosen = if outvoted { labelled } else { machine };
            return doubted(
                Some(chosen),
                zone,
                "metadata and text",
                [Some(machine), Some(labelled)],
            );
        }
        let exact = shown
            .filter(|shown| is_same_day(&machine, shown) && shown.precision < coarse(&machine))
            .unwrap_or(machine);
        if !agrees(&machine) && shown.is_none_or(|shown| !is_same_day(&machine, &shown)) {
            return doubted(
                Some(machine),
                zone,
                "metadata and address",
                [Some(machine), self.address],
            );
        }
        (Some(exact), None)
    }
}

/// A date that another one contradicts: what is left of it is the day.
fn doubted(
    chosen: Option<Published>,
    zone: &TimeZone,
    sources: &str,
    both: [Option<Published>; 2],
) -> (Option<Published>, Option<Warning>) {
    let said: Vec<String> = both.iter().flatten().map(|date| date.at.to_string()).collect();
    let chosen = chosen.map(|date| to_the_day(date, zone));
    let detail = format!("{sources}: {}", said.join(", "));
    (chosen, Some(Warning::new(WarningCode::DateContradicted, detail)))
}

/// The day of a moment: its midnight, as days are told, and not the moment that nobody vouches for.
fn to_the_day(date: Published, zone: &TimeZone) -> Published {
    if date.precision >= Precision::Day {
        return date;
    }
    let day = date.at.to_zoned(zone.clone()).date();
    Published {
        at: day.to_zoned(TimeZone::UTC).map_or(date.at, |day| day.timestamp()),
        precision: Precision::Day,
    }
}

/// The precision of a date, of which midnight is a day that a system made a moment of.
fn coarse(date: &Published) -> Precision {
    if date.at.as_second().rem_euclid(3600) == 0
        && matches!(date.at.as_second().rem_euclid(86_400) / 3600, 0 | 22 | 23)
    {
        date.precision.max(Precision::Day)
    } else {
        date.precision
    }
}

fn hours_between(a: &Published, b: &Published) -> i64 {
    (a.at.as_second() - b.at.as_second()).abs() / 3600
}

/// Whether two dates can be of one day.
pub(super) fn is_same_day(a: &Published, b: &Published) -> bool {
    let coarser = a.precision.max(b.precision);
    match coarser {
        // The coarser one says the first day of its month or year.
        Precision::Month => hours_between(a, b) <= 32 * 24,
        Precision::Year | Precision::None => true,
        _ => hours_between(a, b) <= SAME_DAY_HOURS,
    }
}

fn is_near_address(date: &Published, address: &Published) -> bool {
    if address.precision >= Precision::Month {
        return is_same_day(date, address);
    }
    hours_between(date, address) <= ADDRESS_HOURS
}

#[cfg(test)]
mod tests {
    use super::*;
    use depeche_feed::{DEFAULT_ZONE, parse_date, zone};

    fn day(written: &str) -> Option<Published> {
        parse_date(written)
    }

    fn paris() -> TimeZone {
        zone(DEFAULT_ZONE).unwrap()
    }

    #[test]
    fn two_sources_outvote_a_date_for_machines() {
        let evidence = Evidence {
            machine: day("2024-11-04T03:12:45+01:00"),
            labelled: day("2019-05-12"),
            address: day("2019-05-12"),
            plain: None,
        };
        let (date, warning) = evidence.weighed(&paris());
        assert_eq!(date, day("2019-05-12"));
        assert_eq!(
            warning.map(|warning| warning.code),
            Some(WarningCode::DateContradicted)
        );
    }

    #[test]
    fn a_date_that_is_contradicted_is_told_to_the_day_only() {
        for (labelled, address) in [(day("2019-05-12"), None), (None, day("2019-05-12"))] {
            let evidence = Evidence {
                machine: day("2024-11-04T03:12:45+01:00"),
                labelled,
                address,
                plain: None,
            };
            let (date, warning) = evidence.weighed(&paris());
            assert_eq!(date, day("2024-11-04"));
            assert!(warning.is_some());
        }
    }

    #[test]
    fn a_contradicted_moment_becomes_the_day_it_was_in_the_zone_of_the_site() {
        let evidence = Evidence {
            machine: day("2024-11-03T23:30:00Z"),
            labelled: day("2019-05-12"),
            ..Evidence::default()
        };
        assert_eq!(evidence.weighed(&paris()).0, day("2024-11-04"));
        assert_eq!(evidence.weighed(&TimeZone::UTC).0, day("2024-11-03"));
    }

    #[test]
    fn sources_that_agree_give_the_most_exact_of_them() {
        let evidence = Evidence {
            machine: day("2026-01-17"),
            labelled: day("17/01/2026 13:05"),
            address: day("2026-01-16"),
            plain: None,
        };
        assert_eq!(evidence.weighed(&paris()), (day("17/01/2026 13:05"), None));
    }

    #[test]
    fn the_address_alone_gives_a_day_with_a_warning() {
        let evidence = Evidence {
            address: day("2025-07-15"),
            ..Evidence::default()
        };
        let (date, warning) = evidence.weighed(&paris());
        assert_eq!(date, day("2025-07-15"));
        assert_eq!(
            warning.map(|warning| warning.code),
            Some(WarningCode::DateFromAddress)
        );
        assert_eq!(Evidence::default().weighed(&paris()), (None, None));
    }
}
