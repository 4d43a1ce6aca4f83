//! Durations and sizes as people write them: `30s`, `15m`, `14d`; `64KiB`, `15MiB`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A length of time, written as a whole number and one of `ms`, `s`, `m`, `h`, `d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Period(pub(crate) Duration);

/// A number of bytes, written as a whole number and one of `B`, `KiB`, `MiB`, `GiB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Size(pub(crate) u64);

const PERIODS: [(&str, u64); 5] = [
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1000),
    ("ms", 1),
];
const SIZES: [(&str, u64); 4] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)];

/// The number times its unit.
fn parse(written: &str, units: &[(&str, u64)]) -> Option<u64> {
    let digits = written
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(written.len());
    let (number, unit) = written.split_at(digits);
    let (_, factor) = units
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(unit.trim()))?;
    number.parse::<u64>().ok()?.checked_mul(*factor)
}

/// The largest unit that leaves a whole number.
fn write(f: &mut fmt::Formatter<'_>, value: u64, units: &[(&str, u64)]) -> fmt::Result {
    let fits = |(_, factor): &&(&str, u64)| value != 0 && value.is_multiple_of(*factor);
    let smallest = units.iter().min_by_key(|(_, factor)| *factor);
    match units.iter().find(fits).or(smallest) {
        Some((unit, factor)) => write!(f, "{}{unit}", value / factor),
        None => Ok(()),
    }
}

impl FromStr for Period {
    type Err = String;

    fn from_str(written: &str) -> Result<Self, String> {
        parse(written, &PERIODS).map(Duration::from_millis).map(Self).ok_or_else(|| {
            format!("`{written}` is no duration: write a whole number with its unit, such as `500ms`, `30s`, `15m`, `24h`, `14d`")
        })
    }
}

impl FromStr for Size {
    type Err = String;

    fn from_str(written: &str) -> Result<Self, String> {
        parse(written, &SIZES).map(Self).ok_or_else(|| {
            format!("`{written}` is no size: write a whole number with its unit, such as `512KiB`, `15MiB`, `1GiB`")
        })
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write(f, self.0.as_millis() as u64, &PERIODS)
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write(f, self.0, &SIZES)
    }
}

macro_rules! as_text {
    ($type:ident) => {
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?
                    .parse()
                    .map_err(D::Error::custom)
            }
        }
    };
}

as_text!(Period);
as_text!(Size);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back() {
        for written in ["500ms", "2s", "30s", "15m", "24h", "14d", "0ms"] {
            let period: Period = written.parse().unwrap();
            assert_eq!(period.to_string().parse::<Period>().unwrap(), period, "{written}");
        }
        assert_eq!("90s".parse::<Period>().unwrap().to_string(), "90s");
        assert_eq!("24h".parse::<Period>().unwrap().to_string(), "1d");
        assert_eq!("15MiB".parse::<Size>().unwrap().to_string(), "15MiB");
        assert_eq!("1024 KiB".parse::<Size>().unwrap().to_string(), "1MiB");
    }

    #[test]
    fn what_is_no_duration_or_size_says_how_to_write_one() {
        for wrong in [
            "",
            "s",
            "20",
            "-1s",
            "1.5h",
            "20 parsecs",
            "99999999999999999999d",
            "é",
        ] {
            assert!(wrong.parse::<Period>().unwrap_err().contains("`30s`"), "{wrong}");
            assert!(wrong.parse::<Size>().unwrap_err().contains("`15MiB`"), "{wrong}");
        }
    }
}
