//! What the fuzz targets call: any bytes in; a panic, a hang or a broken promise is the finding.

use url::Url;

use crate::feed_list;
use crate::redirects::{self, MAX_HOPS};
use crate::robots::{MAX_BYTES, Robots};

/// Reads a feed list; what an export of it gives must read back to the byte.
pub fn opml(bytes: &[u8]) {
    let list = feed_list::parse("list", bytes);
    let once = feed_list::write("title", &list.feeds);
    let again = feed_list::parse("list", once.as_bytes());
    assert_eq!(
        feed_list::write("title", &again.feeds),
        once,
        "an export reads back"
    );
    assert_eq!(again.feeds.len(), list.feeds.len(), "no feed is lost");
}

/// Reads a `robots.txt`, whose first line stands for the path asked for as well.
pub fn robots(bytes: &[u8]) {
    let robots = Robots::parse(bytes, "depeche");
    let path = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let path = format!("/{}", String::from_utf8_lossy(path));
    let allowed = robots.allows(&path);
    assert_eq!(allowed, robots.allows(&path), "the same question has one answer");
    assert!(robots.allows("/robots.txt"), "robots.txt may always be asked");
    assert!(
        robots.crawl_delay().is_none_or(|delay| delay.as_secs() <= 60),
        "no delay is beyond its limit"
    );
    // What lies beyond the limit changes nothing.
    let mut longer = bytes.to_vec();
    longer.truncate(MAX_BYTES as usize);
    longer.resize(MAX_BYTES as usize, b'\n');
    longer.extend_from_slice(b"\nUser-agent: depeche\nDisallow: /\n");
    if bytes.len() < MAX_BYTES as usize {
        assert_eq!(Robots::parse(&longer, "depeche"), robots, "the limit is kept");
    }
}

/// Follows redirects: the first line is where they begin, each further one a `Location`.
pub fn redirects(bytes: &[u8]) {
    let mut lines = bytes.split(|byte| *byte == b'\n');
    let first = String::from_utf8_lossy(lines.next().unwrap_or_default()).into_owned();
    let Ok(begin) = Url::parse(&first) else {
        return;
    };
    if !matches!(begin.scheme(), "http" | "https") {
        return;
    }
    let mut visited = vec![begin.clone()];
    let mut at = begin;
    for location in lines {
        let Ok(next) = redirects::next_hop(&visited, &at, Some(location), MAX_HOPS) else {
            return;
        };
        assert!(
            matches!(next.scheme(), "http" | "https") && next.host_str().is_some(),
            "{next} can be asked"
        );
        assert!(
            at.scheme() == "http" || next.scheme() == "https",
            "no step down to {next}"
        );
        assert!(!visited.contains(&next), "no address twice");
        visited.push(next.clone());
        assert!(visited.len() <= MAX_HOPS + 1, "no more hops than allowed");
        // Which lane and scope a request falls into has an answer for any address that can be asked.
        drop((
            crate::politeness::host_key(&next),
            crate::politeness::registrable(&next),
        ));
        at = next;
    }
}

#[cfg(test)]
mod tests {
    /// Seeds with pieces exchanged and bytes changed, the same on every run.
    fn shaken(seeds: &[&[u8]], rounds: u32, target: fn(&[u8])) {
        let mut state = 1_u64;
        let mut draw = |below: usize| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize % below.max(1)
        };
        for _ in 0..rounds {
            let mut bytes = seeds[draw(seeds.len())].to_vec();
            for _ in 0..draw(6) {
                let other = seeds[draw(seeds.len())];
                let from = draw(other.len());
                let piece = &other[from..(from + draw(12)).min(other.len())];
                let at = draw(bytes.len());
                let until = (at + draw(8)).min(bytes.len());
                bytes.splice(at..until, piece.iter().copied());
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << draw(8);
                }
            }
            target(&bytes);
        }
    }

    #[test]
    fn robots_and_redirects_hold_for_shaken_seeds() {
        let seeds = [
            include_bytes!("../../../fuzz/seeds/redirects/press").as_slice(),
            include_bytes!("../../../fuzz/seeds/redirects/bad"),
            include_bytes!("../../../fuzz/seeds/redirects/schemes"),
        ];
        shaken(&seeds, 20_000, super::redirects);
        let seeds = [
            include_bytes!("../../../fuzz/seeds/robots/groups").as_slice(),
            include_bytes!("../../../fuzz/seeds/robots/encoded"),
            include_bytes!("../../../fuzz/seeds/robots/stars"),
        ];
        shaken(&seeds, 20, super::robots);
    }
}
