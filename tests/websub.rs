//! The daemon as a subscriber of a WebSub hub on loopback.

use std::net::TcpListener;

use depeche_testkit::hub::{Behaviour, Signature, Subscriber, ask, ask_back, sign};
use depeche_testkit::{Hub, Newsroom, Origin, Reply};

use crate::support::{Depeche, PATIENCE, wait_until};

/// A newsroom whose feed names a hub, and a daemon that hubs can reach.
struct Publisher {
    origin: Origin,
    hub: Hub,
    newsroom: Newsroom,
    depeche: Depeche,
    daemon_url: String,
}

impl Publisher {
    /// The feed shows what is published now, for ever: what is published later comes by delivery or not at all.
    fn whose_feed_stands_still() -> Self {
        let publisher = Self::new();
        let feed = publisher.newsroom.feed();
        publisher.serve(move || feed.clone());
        publisher
    }

    fn new() -> Self {
        let origin = Origin::start();
        let hub = Hub::open(&origin, "/hub");
        let newsroom = Newsroom::open(&origin, "gazette", 3);
        let depeche = Depeche::new();
        // Hubs are told the address before the daemon listens there.
        let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = free.local_addr().expect("an address");
        depeche.write(
            "depeche.toml",
            format!(
                "[fetch]\nallow_private_addresses = true\nper_host_interval = \"0ms\"\nper_host_concurrency = 8\n\
                 timeout = \"5s\"\nmax_body = \"256KiB\"\n\
                 interval = {{ default = \"200ms\", min = \"200ms\", max = \"200ms\" }}\n\
                 [http]\nlisten = \"{address}\"\n[websub]\nenabled = true\ncallback = \"http://{address}/websub/\"\n"
            ),
        );
        let publisher = Self {
            origin,
            hub,
            newsroom,
            depeche,
            daemon_url: format!("http://{address}"),
        };
        let newsroom = publisher.newsroom.clone();
        publisher.serve(move || newsroom.feed());
        publisher
    }

    fn serve(&self, feed: impl Fn() -> String + Send + Sync + 'static) {
        let link = format!("<{}>; rel=\"hub\"", self.hub.url());
        self.origin.on(&self.newsroom.feed_path(), move |_| {
            Reply::feed(feed()).header("Link", &link)
        });
    }

    fn add_feed(&self) {
        self.depeche
            .run(["feeds", "add", &self.newsroom.feed_url()])
            .expect_code(0);
    }

    #[track_caller]
    fn subscribed(&self, verifications: usize) -> Subscriber {
        assert!(self.hub.wait_for_verifications(verifications, PATIENCE));
        assert_eq!(self.hub.verified()[verifications - 1], (200, true));
        self.hub.subscribers().pop().expect("a subscriber")
    }

    #[track_caller]
    fn deliver(&self, body: &str, signature: Signature) {
        assert_eq!(
            self.hub.deliver(&self.newsroom.feed_url(), body, signature),
            [202]
        );
    }

    /// A counter of the daemon.
    fn metric(&self, name: &str) -> String {
        let address = self.daemon_url.trim_start_matches("http://");
        let text = crate::support::ask_as(address, "localhost", "/metrics");
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix(&format!("depeche_{name} ")));
        line.unwrap_or("none").to_owned()
    }

    #[track_caller]
    fn assert_stored(&self, entries: &[u64]) {
        self.depeche.run(["verify"]).expect_code(0);
        let lines = self.depeche.export(&["--all"]);
        let mut guids: Vec<&str> = lines.iter().filter_map(|line| line["guid"].as_str()).collect();
        guids.sort_unstable();
        let mut expected: Vec<String> = entries.iter().map(|n| self.newsroom.story(*n).guid).collect();
        expected.sort_unstable();
        assert_eq!(guids, expected);
        for line in lines {
            assert_eq!(line["content_from"], "page", "{line:#}");
        }
    }
}

#[test]
fn what_a_hub_delivers_is_stored_without_a_poll_and_what_is_forged_is_not() {
    let publisher = Publisher::whose_feed_stands_still();
    publisher.add_feed();
    let daemon = publisher.depeche.spawn(["run", "-v"]);
    let subscriber = publisher.subscribed(1);

    // 1. The publisher publishes, the hub delivers: the article's page is fetched.
    publisher.newsroom.publish(1);
    let fourth = publisher.newsroom.feed();
    publisher.deliver(&fourth, Signature::Right);
    assert!(
        publisher
            .origin
            .wait_for(&publisher.newsroom.story(4).path, 1, PATIENCE)
    );
    // 2. Others who found the callback are told that all is well, and are not believed.
    publisher.newsroom.publish(1);
    publisher.deliver(&publisher.newsroom.feed(), Signature::Forged);
    publisher.deliver(&publisher.newsroom.feed(), Signature::Missing);
    assert_eq!(publisher.metric("websub_unsigned_total"), "2");
    // 3. The same delivery once more, and the one before behind another.
    publisher.deliver(&fourth, Signature::Right);
    let reordered = fourth.replace("<language>fr</language>", "<language>fr-FR</language>");
    publisher.deliver(&reordered, Signature::Right);
    publisher.deliver(&fourth, Signature::Right);
    assert_eq!(publisher.metric("websub_deliveries_total"), "3");
    assert_eq!(publisher.metric("websub_repeated_total"), "1");
    assert_eq!(publisher.metric("websub_active"), "1");
    // 4. More than fits.
    let large = "é".repeat(200_000);
    let signature = [("X-Hub-Signature", sign(&subscriber.secret, large.as_bytes()))];
    let answer = ask("POST", &subscriber.callback, &signature, &large);
    // The daemon may have hung up before all was sent.
    assert!(answer.is_err() || answer.is_ok_and(|(status, _)| status == 413));

    assert_eq!(daemon.terminate(), Some(0));
    publisher.assert_stored(&[1, 2, 3, 4]);
    let explained = publisher
        .depeche
        .run(["feeds", "explain", &publisher.newsroom.feed_url()])
        .expect_code(0);
    assert!(
        explained
            .stdout
            .contains(&format!("its hub stood so: {}: ", publisher.hub.url())),
        "{}",
        explained.stdout
    );
    let journal = std::fs::read_dir(publisher.depeche.path().join("data/journal")).expect("a journal");
    let records: Vec<u8> = journal
        .flat_map(|segment| std::fs::read(segment.expect("an entry").path()).unwrap_or_default())
        .collect();
    let records = String::from_utf8_lossy(&records).into_owned();
    assert_eq!(records.matches("WARC-Type: resource\r\n").count(), 3);
    // The journal alone gives the same.
    let before = publisher.depeche.export(&["--all"]);
    publisher.depeche.run(["rebuild"]).expect_code(0);
    assert_eq!(publisher.depeche.export(&["--all"]), before);
}

#[test]
fn a_restart_keeps_the_callback_and_stores_nothing_twice() {
    let publisher = Publisher::whose_feed_stands_still();
    publisher.add_feed();
    let daemon = publisher.depeche.spawn(["run", "-v"]);
    let before = publisher.subscribed(1);
    publisher.newsroom.publish(1);
    let fourth = publisher.newsroom.feed();
    publisher.deliver(&fourth, Signature::Right);
    daemon.kill();
    // Whatever was taken is there, though its page was not fetched yet.
    let daemon = publisher.depeche.spawn(["run", "-v"]);
    wait_until("the callback is known again", || {
        publisher
            .hub
            .deliver(&publisher.newsroom.feed_url(), &fourth, Signature::Right)
            == [202]
    });
    assert_eq!(publisher.hub.subscribers(), [before]);
    assert_eq!(daemon.terminate(), Some(0));
    publisher.depeche.run(["run", "--once"]).expect_code(0);
    publisher.assert_stored(&[1, 2, 3, 4]);
}

#[test]
fn a_hub_that_refuses_or_is_silent_holds_no_poll_up() {
    for behaviour in [
        Behaviour::Refuses(500),
        Behaviour::Forgets,
        Behaviour::Denies,
        Behaviour::Good,
    ] {
        let publisher = Publisher::new();
        publisher.hub.behave(behaviour);
        publisher.add_feed();
        let daemon = publisher.depeche.spawn(["run", "-v"]);
        assert!(publisher.hub.wait_for_requests(1, PATIENCE), "{behaviour:?}");
        publisher.newsroom.publish(1);
        let page = publisher.newsroom.story(4).path;
        assert!(publisher.origin.wait_for(&page, 1, PATIENCE), "{behaviour:?}");
        assert_eq!(daemon.terminate(), Some(0));
        publisher.depeche.run(["run", "--once"]).expect_code(0);
        publisher.assert_stored(&[1, 2, 3, 4]);
    }
}

#[test]
fn a_feed_that_is_removed_while_the_daemon_runs_is_unsubscribed() {
    let publisher = Publisher::new();
    publisher.add_feed();
    let daemon = publisher.depeche.spawn(["run", "-v"]);
    let subscriber = publisher.subscribed(1);
    publisher
        .depeche
        .run(["feeds", "remove", &publisher.newsroom.feed_url()])
        .expect_code(0);
    assert!(publisher.hub.wait_for_verifications(2, PATIENCE));
    assert_eq!(publisher.hub.asked()[1].mode, "unsubscribe");
    assert!(publisher.hub.subscribers().is_empty());
    assert_eq!(
        ask("POST", &subscriber.callback, &[], "").expect("answered").0,
        404
    );
    assert_eq!(daemon.terminate(), Some(0));
}

#[test]
fn strangers_learn_nothing_at_the_callback() {
    let publisher = Publisher::new();
    publisher.add_feed();
    let daemon = publisher.depeche.spawn(["run", "-v"]);
    let subscriber = publisher.subscribed(1);
    let (feed, at) = (publisher.newsroom.feed_url(), publisher.daemon_url.as_str());
    let asks = |mode: &str, topic: &str| {
        ask_back(
            &subscriber.callback,
            &[
                ("hub.mode", mode),
                ("hub.topic", topic),
                ("hub.challenge", "<script>"),
            ],
        )
    };
    assert_eq!(asks("unsubscribe", &feed), (404, String::new()));
    assert_eq!(asks("subscribe", "https://autre.example/"), (404, String::new()));
    let nobodys = format!("{at}/websub/0123456789abcdef0123456789abcdef");
    for path in ["", "/", "/x", "/x/y"] {
        let (status, body) = ask("GET", &format!("{at}/websub{path}"), &[], "").expect("answered");
        assert!(matches!(status, 404 | 421), "{path}: {status} {body}");
    }
    assert_eq!(
        ask("POST", &nobodys, &[], "<rss/>").expect("answered"),
        (404, String::new())
    );
    assert_eq!(ask("PUT", &nobodys, &[], "").expect("answered").0, 405);
    // Under the name that hubs come by, nothing else is told.
    for path in [
        "/metrics",
        "/api/v1/stats",
        "/api/v1/backup",
        "/readyz",
        "/healthz",
    ] {
        let (status, _) = ask("GET", &format!("{at}{path}"), &[], "").expect("answered");
        assert_eq!(status, 421, "{path}");
    }
    assert_eq!(daemon.terminate(), Some(0));
}
