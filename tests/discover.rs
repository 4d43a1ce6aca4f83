//! `depeche feeds discover` against sites on loopback.

use depeche_testkit::{Origin, Reply};
use serde_json::Value;

use crate::support::{Depeche, Ran};

/// An RSS feed of so many entries under `prefix`.
fn rss(title: &str, prefix: &str, items: usize) -> String {
    let items: Vec<String> = (0..items)
        .map(|n| {
            format!(
                "<item><title>La mairie de Redon rouvre, épisode {n}</title><link>https://exemple.fr/{prefix}/{n}</link>\
                 <guid>{prefix}-{n}</guid></item>"
            )
        })
        .collect();
    format!(
        "<?xml version=\"1.0\"?><rss version=\"2.0\"><channel><title>{title}</title><link>https://exemple.fr/</link>\
         <description>d</description><language>fr</language>{}</channel></rss>",
        items.concat()
    )
}

fn page(head: &str, body: &str) -> Reply {
    Reply::page(format!(
        "<!DOCTYPE html><html lang=fr><head><title>L’Écho du Val</title>{head}</head><body>{body}</body></html>"
    ))
}

fn discover(depeche: &Depeche, arguments: &[&str]) -> Ran {
    depeche.run(["feeds", "discover", "--format", "jsonl"].iter().chain(arguments))
}

/// Each feed's path and what led to it, in their order.
fn told(ran: &Ran, origin: &Origin) -> Vec<String> {
    ran.stdout
        .lines()
        .map(|line| {
            let line: Value = serde_json::from_str(line).expect("a JSON line");
            let path = line["url"]
                .as_str()
                .expect("an address")
                .replace(&origin.url(""), "");
            format!(
                "{} {path} by {}",
                line["rank"],
                line["found_by"].as_str().expect("a way")
            )
        })
        .collect()
}

#[test]
fn feeds_are_found_in_every_way_and_ranked_with_comments_last() {
    let origin = Origin::start();
    let depeche = Depeche::configured("");
    let head = "<link rel=alternate type=application/rss+xml title=\"Commentaires pour L’Écho\" href=/comments/feed>\
                <link rel=alternate type=application/rss+xml title=L’Écho href=/flux/une.xml>\
                <link rel=alternate type=application/atom+xml href=/perdu.xml>";
    let body = "<a href=/sport/rss.xml>Sport</a> <a href=/contact>Contact</a> <a href=/copie/rss.xml>RSS</a>";
    origin.set(
        "/",
        page(head, body).header(
            "Link",
            "</culture/feed>; rel=\"alternate\"; type=\"application/rss+xml\"",
        ),
    );
    origin.set(
        "/comments/feed",
        Reply::feed(rss("Commentaires pour L’Écho du Val", "c", 30)),
    );
    origin.set("/flux/une.xml", Reply::feed(rss("L’Écho du Val", "u", 20)));
    origin.set("/copie/rss.xml", Reply::feed(rss("L’Écho du Val", "u", 20)));
    origin.set(
        "/sport/rss.xml",
        Reply::feed(rss("L’Écho du Val - Sport", "s", 20)),
    );
    origin.set(
        "/culture/feed",
        Reply::feed(rss("L’Écho du Val - Culture et loisirs", "k", 20)),
    );
    let sitemap = "<?xml version=\"1.0\"?><urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\" \
        xmlns:news=\"http://www.google.com/schemas/sitemap-news/0.9\"><url><loc>https://exemple.fr/n/1</loc><news:news>\
        <news:publication><news:name>L’Écho</news:name><news:language>fr</news:language></news:publication>\
        <news:publication_date>2026-02-05T10:00:00Z</news:publication_date><news:title>Le pont de Redon rouvre</news:title>\
        </news:news></url></urlset>";
    origin.set("/sitemap-news.xml", Reply::feed(sitemap));
    origin.set(
        "/robots.txt",
        Reply::ok(format!(
            "User-agent: *\nAllow: /\nSitemap: {}\n",
            origin.url("/sitemap-news.xml")
        )),
    );
    let ran = discover(&depeche, &[&origin.url("/")]).expect_code(0);
    let found = told(&ran, &origin);
    assert_eq!(found[0], "1 /flux/une.xml by link", "{found:#?}");
    assert_eq!(
        found.last().expect("feeds"),
        "5 /comments/feed by link",
        "{found:#?}"
    );
    for way in [
        "/culture/feed by header",
        "/sport/rss.xml by anchor",
        "/sitemap-news.xml by robots",
    ] {
        assert!(
            found.iter().any(|line| line.ends_with(way)),
            "{way} is not in {found:#?}"
        );
    }
    assert!(
        ran.stdout.contains("/copie/rss.xml\"]"),
        "one content is one feed: {}",
        ran.stdout
    );
    assert!(
        ran.stderr.contains("/perdu.xml: the server answered 404"),
        "{}",
        ran.stderr
    );
    assert_eq!(origin.count("/contact"), 0);
    assert_eq!(origin.count("/rss.xml"), 0, "what is declared is not guessed");
}

#[test]
fn usual_paths_are_tried_where_nothing_is_declared() {
    let origin = Origin::start();
    let depeche = Depeche::configured("");
    origin.set("/", page("", "<p>Bienvenue</p>"));
    origin.set("/rss.xml", Reply::feed(rss("L’Écho", "u", 3)));
    let ran = discover(&depeche, &["--add", &origin.url("/")]).expect_code(0);
    assert_eq!(told(&ran, &origin), ["1 /rss.xml by known path"]);
    assert_eq!(origin.count("/atom.xml"), 0, "one is enough");
    let list = depeche.run(["feeds", "list", "--format", "jsonl"]).stdout;
    assert!(
        list.contains(&origin.url("/rss.xml")) && list.contains("L’Écho"),
        "{list}"
    );
}

#[test]
fn an_address_that_is_a_feed_is_the_answer() {
    let origin = Origin::start();
    let depeche = Depeche::configured("");
    origin.set("/flux", Reply::feed(rss("L’Écho", "u", 3)));
    let ran = discover(&depeche, &[&origin.url("/flux")]).expect_code(0);
    assert_eq!(told(&ran, &origin), ["1 /flux by address"]);
    assert_eq!(origin.count("/feed"), 0);
}

#[test]
fn a_page_that_lists_feeds_is_read() {
    let origin = Origin::start();
    let depeche = Depeche::configured("");
    origin.set("/", page("", "<a href=/nos-flux-rss>Nos flux</a>"));
    origin.set(
        "/nos-flux-rss",
        page("", "<ul><li><a href=/feeds/une.rss>Une</a></ul>"),
    );
    origin.set("/feeds/une.rss", Reply::feed(rss("L’Écho", "u", 3)));
    let ran = discover(&depeche, &[&origin.url("/")]).expect_code(0);
    assert_eq!(told(&ran, &origin), ["1 /feeds/une.rss by anchor"]);
}

#[test]
fn a_site_without_feeds_one_that_is_closed_and_one_that_is_gone_are_told_apart() {
    let origin = Origin::start();
    let depeche = Depeche::configured("");
    origin.set(
        "/",
        page("<link rel=alternate type=application/rss+xml href=/rss.xml>", ""),
    );
    let none = discover(&depeche, &[&origin.url("/")]).expect_code(1);
    assert!(none.stderr.contains("no feed was found"), "{}", none.stderr);
    assert!(
        origin.requests().len() <= 42,
        "{} requests",
        origin.requests().len()
    );

    origin.set("/rss.xml", Reply::feed(rss("L’Écho", "u", 3)));
    origin.set("/robots.txt", Reply::ok("User-agent: depeche\nDisallow: /\n"));
    origin.clear_log();
    let closed = discover(&depeche, &[&origin.url("/")]).expect_code(1);
    assert!(closed.stderr.contains("robots.txt"), "{}", closed.stderr);
    assert_eq!(origin.count("/") + origin.count("/rss.xml"), 0);

    let gone = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = gone.local_addr().expect("an address");
    drop(gone);
    let silent = discover(&depeche, &[&format!("http://{address}/")]).expect_code(69);
    assert!(silent.stderr.contains("nothing answers"), "{}", silent.stderr);
    let private = Depeche::new();
    let refused = discover(&private, &[&origin.url("/")]).expect_code(1);
    assert!(
        refused.stderr.contains("allow_private_addresses"),
        "{}",
        refused.stderr
    );
}

#[test]
fn a_host_that_turns_us_away_is_asked_nothing_more() {
    let declared = "<link rel=alternate type=application/rss+xml href=/a.xml>\
                    <link rel=alternate type=application/rss+xml href=/b.xml>";
    let wall = "<!DOCTYPE html><html><head><title>Just a moment...</title></head><body><script>window._cf_chl_opt={}</script>\
                <noscript>Enable JavaScript and cookies to continue</noscript></body></html>";
    for (refusal, told) in [
        (
            Reply::status(429).header("Retry-After", "3600"),
            "asked for quiet until",
        ),
        (
            Reply::status(503).header("Retry-After", "600"),
            "asked for quiet until",
        ),
        (Reply::page(wall), "a wall against robots"),
    ] {
        let origin = Origin::start();
        let depeche = Depeche::configured("");
        origin.set("/", page(declared, ""));
        origin.set("/a.xml", refusal);
        let ran = depeche
            .run(["feeds", "discover", &origin.url("/")])
            .expect_code(1);
        assert!(
            ran.stdout.contains(told) && ran.stdout.contains("one lead was dropped"),
            "{}",
            ran.stdout
        );
        assert!(ran.stderr.contains(told), "{}", ran.stderr);
        let asked: Vec<String> = origin
            .requests()
            .iter()
            .map(|asked| asked.path().to_owned())
            .collect();
        assert_eq!(asked, ["/robots.txt", "/", "/a.xml"]);
    }
    // The robots.txt itself.
    let origin = Origin::start();
    let depeche = Depeche::configured("");
    origin.set("/robots.txt", Reply::status(429).header("Retry-After", "3600"));
    let ran = discover(&depeche, &[&origin.url("/")]).expect_code(1);
    assert!(ran.stderr.contains("asked for quiet until"), "{}", ran.stderr);
    assert_eq!(origin.requests().len(), 1);
}

#[test]
fn of_a_host_that_is_away_the_cause_is_named_first() {
    let gone = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = gone.local_addr().expect("an address");
    drop(gone);
    let ran = discover(&Depeche::configured(""), &[&format!("http://{address}/")]).expect_code(69);
    let note = ran
        .stderr
        .lines()
        .find(|line| line.starts_with("note:"))
        .unwrap_or_default();
    assert!(note.contains(": connecting to "), "{note}");
}
