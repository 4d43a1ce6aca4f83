//! Writes an archive of invented news to replay: feeds with whole texts, each dated by the stream, two thirds of them copies.
//!
//! ```sh
//! cargo run --release -p depeche-testkit --example archive -- 14 21429 2026-10-20T00:00:00Z > press.warc
//! depeche replay press.warc
//! ```
//!
//! The arguments are days, articles a day, and when the first was published. A store that was filled so is what starting again
//! is measured on.

use std::error::Error;
use std::fmt::Write as _;
use std::io::{BufWriter, Write};

use depeche_testkit::copydesk::{Item, Press, Stream};
use jiff::{SignedDuration, Timestamp};

/// Articles in one answer of a feed: about what a busy one has new.
const ITEMS: u64 = 20;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [days, per_day, start] = arguments.as_slice() else {
        return Err("archive DAYS ARTICLES_A_DAY FIRST_MOMENT > FILE".into());
    };
    let (days, per_day, start) = (
        days.parse::<u64>()?,
        per_day.parse::<u64>()?,
        start.parse::<Timestamp>()?,
    );
    let press = Press::new();
    let stream = Stream::new(&press, per_day);
    let mut out = BufWriter::with_capacity(1 << 20, std::io::stdout().lock());
    for first in (0..days * per_day).step_by(ITEMS as usize) {
        let items: Vec<Item> = (first..(first + ITEMS).min(days * per_day))
            .map(|number| stream.item(number))
            .collect();
        let Some(last) = items.last() else { break };
        let at = start.checked_add(SignedDuration::from_secs(last.secs))?;
        answer(&mut out, &items, at)?;
    }
    out.flush()?;
    Ok(())
}

/// One answer of a feed, as a record of the archive.
fn answer(out: &mut impl Write, items: &[Item], at: Timestamp) -> Result<(), Box<dyn Error>> {
    let feed = items.first().map_or(0, |item| item.source);
    let mut body = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<rss version=\"2.0\" \
         xmlns:content=\"http://purl.org/rss/1.0/modules/content/\"><channel><title>Presse</title><language>fr</language>\n",
    );
    for item in items {
        let link = format!("https://source-{}.example/{}", item.source, item.number);
        let paragraphs = item.text.body.replace("\n\n", "</p><p>");
        writeln!(
            body,
            "<item><title>{}</title><link>{link}</link><guid>{link}</guid><content:encoded>{}</content:encoded></item>",
            escaped(&item.text.title),
            escaped(&format!("<p>{paragraphs}</p>")),
        )?;
    }
    body.push_str("</channel></rss>\n");
    let http = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml; charset=utf-8\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    write!(
        out,
        "WARC/1.1\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:uuid:00000000-0000-4000-8000-{:012x}>\r\n\
         WARC-Target-URI: https://source-{feed}.example/rss\r\nWARC-Date: {at:.0}\r\n\
         Content-Type: application/http; msgtype=response\r\nContent-Length: {}\r\n\r\n{http}\r\n\r\n",
        items.first().map_or(0, |item| item.number),
        http.len(),
    )?;
    Ok(())
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
