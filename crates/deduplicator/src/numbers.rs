//! The number by which a publisher's system knows an article, read from its address.
//!
//! In: a canonical address. Out: the site and the number, or what serves as one. Editors correct the words of an
//! address after publishing, and often the guid is the address; the number between the words stays: `_6665432.html`,
//! `-12345678.php`, `4123456-20260205-des-mots`, an identifier of the software (`…-QWERTZ2ASDFG7YXCVBN4MLKJH.php`) or a
//! UUID. A date is none, and what is short is a section's or a page's.

use depeche_model::Key;

/// Digits of an article's number, at least: with five, a site of one article an hour is through after ten years.
const FEWEST_DIGITS: usize = 6;
/// Digits at most: a timestamp with milliseconds has seventeen.
const MOST_DIGITS: usize = 18;
/// Characters of an identifier of letters and digits, at least: words in capitals with a digit are shorter.
const IDENTIFIER: usize = 16;

/// The key of the number in an address.
pub(crate) fn number_key(url: &str) -> Option<Key> {
    let (_, rest) = url.split_once("://")?;
    let (site, path) = rest.split_once('/')?;
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let name = path.trim_end_matches('/').rsplit('/').next()?;
    let name = match name.rsplit_once('.') {
        Some((name, extension)) if extension.len() <= 5 => name,
        _ => name,
    };
    let number = uuid(name).or_else(|| longest(name))?;
    Some(Key::Number {
        site: site.to_owned(),
        number: number.to_owned(),
    })
}

/// The longest part of a name that can be a number, of equals the last.
fn longest(name: &str) -> Option<&str> {
    name.split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|part| is_number(part) || is_identifier(part))
        .max_by_key(|part| part.len())
}

fn is_number(part: &str) -> bool {
    (FEWEST_DIGITS..=MOST_DIGITS).contains(&part.len())
        && part.bytes().all(|byte| byte.is_ascii_digit())
        && !is_date(part)
}

/// Whether these digits are a day or a month: `20260205`, `05022026`, `202602`.
fn is_date(digits: &str) -> bool {
    let part = |range: std::ops::Range<usize>| digits.get(range).and_then(|part| part.parse::<u32>().ok());
    let is = |year, month, day| {
        matches!(year, Some(1900..2100)) && matches!(month, Some(1..=12)) && matches!(day, Some(1..=31))
    };
    match digits.len() {
        6 => is(part(0..4), part(4..6), Some(1)),
        8 => is(part(0..4), part(4..6), part(6..8)) || is(part(4..8), part(2..4), part(0..2)),
        _ => false,
    }
}

/// Whether these are the capitals and digits of an identifier, or those of a hash.
fn is_identifier(part: &str) -> bool {
    let has_digit = part.bytes().any(|byte| byte.is_ascii_digit());
    let all = |allowed: fn(u8) -> bool| part.bytes().all(allowed);
    let capitals = all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    let hash = all(|byte| matches!(byte, b'a'..=b'f' | b'0'..=b'9'));
    part.len() >= IDENTIFIER && has_digit && (capitals || hash)
}

/// The UUID in a name: groups of 8, 4, 4, 4 and 12 hexadecimal digits.
fn uuid(name: &str) -> Option<&str> {
    const GROUPS: [usize; 5] = [8, 4, 4, 4, 12];
    const LENGTH: usize = 36;
    let is_uuid = |candidate: &str| {
        candidate.split('-').map(str::len).eq(GROUPS)
            && candidate
                .bytes()
                .all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
    };
    (0..name.len().saturating_sub(LENGTH - 1))
        .filter_map(|at| name.get(at..at + LENGTH))
        .find(|candidate| is_uuid(candidate))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_an_article_is_read_from_addresses_as_publishers_make_them() {
        let cases = [
            (
                "https://a.example/monde/article/2026/02/05/des-mots-ici_6665432_3210.html",
                Some("6665432"),
            ),
            (
                "https://a.example/2026/02/05/le-pont-ferme-12345678.php",
                Some("12345678"),
            ),
            (
                "https://a.example/societe/4123456-20260205-le-pont-ferme",
                Some("4123456"),
            ),
            (
                "https://a.example/sport/le-pont_AN-202602050123.html",
                Some("202602050123"),
            ),
            (
                "https://a.example/le-pont-05-02-2026-QWERTZ2ASDFG7YXCVBN4MLKJH.php",
                Some("QWERTZ2ASDFG7YXCVBN4MLKJH"),
            ),
            (
                "https://a.example/bretagne/le-pont-0a1b2c3d-e5f6-11ee-9abc-0123456789ab/",
                Some("0a1b2c3d-e5f6-11ee-9abc-0123456789ab"),
            ),
            ("https://a.example/article/7654321?page=2", Some("7654321")),
            // Dates, sections, years and words are no numbers of articles.
            ("https://a.example/monde/20260205-le-pont-ferme", None),
            ("https://a.example/monde/le-pont-ferme-05022026.html", None),
            ("https://a.example/archives/202602", None),
            ("https://a.example/monde_3210/le-pont-ferme", None),
            ("https://a.example/1234567/le-pont-ferme", None),
            ("https://a.example/le-pont-ferme-jusqu-en-2027", None),
            ("https://a.example/", None),
            ("https://a.example", None),
            ("pas une adresse", None),
        ];
        for (url, expected) in cases {
            let found = number_key(url);
            let expected = expected.map(|number| Key::Number {
                site: "a.example".to_owned(),
                number: number.to_owned(),
            });
            assert_eq!(found, expected, "{url}");
        }
    }

    #[test]
    fn letters_beyond_ascii_do_no_harm() {
        let url = format!("https://a.example/{}-1234567é", "é".repeat(40));
        assert_eq!(
            number_key(&url).map(|key| key.digest()),
            number_key("https://a.example/x-1234567").map(|key| key.digest())
        );
    }
}
