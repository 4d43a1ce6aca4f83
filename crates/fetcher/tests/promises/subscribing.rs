//! Subscriptions at a hub on loopback: asked for, verified, renewed, delivered to, dropped. Time is moved by hand.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use depeche_fetcher::websub::{Admission, FoundItem, Post, Received, Told};
use depeche_fetcher::{FeedState, FeedTarget, FetchOptions, Fetcher, Mode, PollSummary, poll};
use depeche_journal::Intake;
use depeche_model::{Capture, CaptureKind, Clock, HttpAnswer, Payload, PollReport};
use depeche_testkit::hub::{Behaviour, ask_back, sign};
use depeche_testkit::{Newsroom, Reply};
use jiff::SignedDuration;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::desk::{journal, options};
use crate::room::{HOUR, LIMIT, MINUTE, Room, subscriptions, token};

#[tokio::test]
async fn a_feed_that_names_a_hub_is_subscribed_to_and_renewed_at_two_thirds_of_the_lease() {
    let room = Room::open();
    room.hub.give_leases_of(Duration::from_mins(6));
    let subscriber = room.subscribed().await;
    assert_eq!(subscriber.topic, room.feed());
    assert!(subscriber.callback.starts_with(&room.callbacks.url("/websub/")));
    let asked = &room.hub.asked()[0];
    assert_eq!(
        (asked.mode.as_str(), asked.lease_secs),
        ("subscribe", Some(864_000))
    );
    assert!(subscriber.secret.len() >= 32 && subscriber.secret.len() < 200);

    room.wait(4 * MINUTE - 1);
    room.hear();
    room.wait(1);
    room.hear();
    room.verified(2).await;
    assert_eq!(room.hub.asked().len(), 2);
    assert_eq!(
        room.hub.subscribers(),
        [subscriber],
        "the same callback and secret"
    );
    room.close().await;
}

#[tokio::test]
async fn hubs_of_old_that_verify_before_they_answer_are_understood() {
    let room = Room::open();
    room.hub.behave(Behaviour::VerifiesFirst);
    room.subscribed().await;
    room.close().await;
}

#[tokio::test]
async fn only_what_was_asked_for_is_confirmed() {
    let room = Room::open();
    let subscriber = room.subscribed().await;
    let feed = room.feed();
    for (mode, topic) in [
        ("subscribe", "https://autre.example/rss"),
        ("unsubscribe", feed.as_str()),
        ("SUBSCRIBE", feed.as_str()),
        ("", ""),
    ] {
        let query = [("hub.mode", mode), ("hub.topic", topic), ("hub.challenge", "x")];
        let answer = ask_back(&subscriber.callback, &query);
        assert_eq!(answer, (404, String::new()), "{mode} {topic}");
    }
    let nobodys = room.callbacks.url("/websub/00000000000000000000000000000000");
    let query = [
        ("hub.mode", "subscribe"),
        ("hub.topic", feed.as_str()),
        ("hub.challenge", "x"),
    ];
    assert_eq!(ask_back(&nobodys, &query).0, 404);
    room.close().await;
}

#[tokio::test]
async fn a_delivery_is_a_capture_of_its_feed_without_validators() {
    let room = Room::open();
    let secret = room.subscribed().await.secret;
    let body = room.newsroom.feed();
    assert_eq!(
        room.subscriptions.check_interval(&room.feed()),
        None,
        "it has not shown that it delivers"
    );
    let (received, kept) = room.deliver(&body, &sign(&secret, body.as_bytes())).await;
    assert_eq!(received, Received::Kept);
    let [capture] = &kept[..] else { panic!("{kept:?}") };
    assert_eq!(
        (capture.kind, capture.uri.as_str()),
        (CaptureKind::Feed, room.feed().as_str())
    );
    assert_eq!(capture.source, "Gazette");
    let Payload::File {
        content_type,
        body: kept,
    } = &capture.payload
    else {
        panic!("{capture:?}")
    };
    assert_eq!(content_type.as_deref(), Some("application/rss+xml"));
    assert_eq!(kept.as_ref(), body.as_bytes());
    assert!(room.subscriptions.check_interval(&room.feed()) >= Some(Duration::from_hours(1)));
    room.close().await;
}

#[tokio::test]
async fn what_is_forged_repeated_empty_or_nobodys_becomes_no_capture() {
    let room = Room::open();
    let secret = room.subscribed().await.secret;
    let body = room.newsroom.feed();
    let right = sign(&secret, body.as_bytes());
    for signature in [
        "",
        "sha256=00",
        &sign("another", body.as_bytes()),
        &sign(&secret, b"another"),
    ] {
        let (received, kept) = room.deliver(&body, signature).await;
        assert_eq!((received, kept.len()), (Received::Unsigned, 0), "{signature}");
    }
    assert_eq!(room.deliver(&body, &right).await.1.len(), 1);
    let (received, kept) = room.deliver(&body, &right).await;
    assert_eq!(
        (received, kept.len()),
        (Received::Nothing, 0),
        "the same once more"
    );
    let (received, kept) = room.deliver(" \n", &sign(&secret, b" \n")).await;
    assert_eq!((received, kept.len()), (Received::Nothing, 0));
    let (outlet, _kept) = journal();
    let received = room
        .subscriptions
        .receive("nobody", Post::default(), &outlet, LIMIT)
        .await;
    assert_eq!(received, Received::Unknown);
    let counts = room.subscriptions.counts();
    assert_eq!((counts.deliveries, counts.unsigned, counts.repeated), (1, 4, 2));
    room.close().await;
}

#[tokio::test]
async fn a_delivery_that_is_not_durable_is_not_taken_and_comes_again() {
    let room = Room::open();
    let subscriber = room.subscribed().await;
    let body = room.newsroom.feed();
    let post = || Post {
        signatures: vec![sign(&subscriber.secret, body.as_bytes()).into_bytes()],
        body: Bytes::copy_from_slice(body.as_bytes()),
        ..Post::default()
    };
    let (outlet, mut inlet) = mpsc::channel::<Intake>(1);
    let receiving = room
        .subscriptions
        .receive(token(&subscriber.callback), post(), &outlet, LIMIT);
    // The journal takes it and loses it: the receipt is dropped.
    let (received, lost) = tokio::join!(receiving, async { drop(inlet.recv().await.unwrap()) });
    assert_eq!((received, lost), (Received::NotKept, ()));
    drop(inlet);
    let received = room
        .subscriptions
        .receive(token(&subscriber.callback), post(), &outlet, LIMIT)
        .await;
    assert_eq!(received, Received::NotKept, "the journal takes nothing more");
    assert_eq!(room.post(post()).await.0, Received::Kept, "it is no repetition");
    room.close().await;
}

#[tokio::test]
async fn a_compressed_delivery_is_signed_as_sent_and_kept_as_meant() {
    let room = Room::open();
    let secret = room.subscribed().await.secret;
    let body = room.newsroom.feed();
    let gzip = |content: &[u8]| {
        let mut coder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        std::io::Write::write_all(&mut coder, content).unwrap();
        coder.finish().unwrap()
    };
    let post = |body: &[u8], coding: &str| Post {
        signatures: vec![sign(&secret, body).into_bytes()],
        content_type: None,
        content_encoding: Some(coding.to_owned()),
        body: Bytes::copy_from_slice(body),
    };
    let (received, kept) = room.post(post(&gzip(body.as_bytes()), "gzip")).await;
    assert_eq!(received, Received::Kept);
    assert_eq!(kept[0].body().as_ref(), body.as_bytes());
    for unreadable in [
        post(&[0, 159, 146, 150, 1, 2, 3, 0, 255], "lzw2"),
        post(&gzip(&vec![b'x'; LIMIT as usize + 1]), "gzip"),
        post(&vec![b'x'; LIMIT as usize + 1], "identity"),
    ] {
        let (received, kept) = room.post(unreadable).await;
        assert!(
            matches!(received, Received::Unreadable(_)) && kept.is_empty(),
            "{received:?}"
        );
    }
    room.close().await;
}

#[tokio::test]
async fn a_hub_gone_mad_is_told_to_slow_down() {
    let room = Room::open();
    let callback = room.subscribed().await.callback;
    let admitted = (0..100)
        .filter(|_| room.subscriptions.admit(token(&callback)) == Admission::Welcome)
        .count();
    assert_eq!(admitted, 30);
    assert_eq!(room.subscriptions.admit(token(&callback)), Admission::TooMany);
    assert_eq!(room.subscriptions.admit("nobody"), Admission::Unknown);
    room.wait(MINUTE);
    assert_eq!(room.subscriptions.admit(token(&callback)), Admission::Welcome);
    room.close().await;
}

#[tokio::test]
async fn a_hub_that_misses_what_polls_find_is_dropped_and_the_feed_polled_as_before() {
    let room = Room::open();
    let secret = room.subscribed().await.secret;
    let body = room.newsroom.feed();
    room.deliver(&body, &sign(&secret, body.as_bytes())).await;
    let feed = room.feed();
    let delivered = fingerprints(&body);
    let observe = |fingerprint, published, polled_before| {
        let item = FoundItem {
            fingerprint,
            published,
        };
        room.subscriptions.observe_poll(&feed, [item], polled_before);
    };
    assert!(room.subscriptions.was_delivered(&feed, delivered[0]));
    for round in 1..=3 {
        // From the first miss on polls are all there is.
        assert_eq!(
            room.subscriptions.check_interval(&feed).is_some(),
            round == 1,
            "round {round}"
        );
        let after_the_first = room.now().saturating_add(SignedDuration::from_secs(1)).unwrap();
        room.wait(6 * HOUR);
        if round == 1 {
            // What was delivered, or is too young to have been, is no miss.
            observe(delivered[0], None, Some(after_the_first));
            observe(1, Some(room.now()), None);
        }
        observe(100 + round, None, Some(after_the_first));
    }
    assert_eq!(room.subscriptions.check_interval(&feed), None);
    assert!(room.told().contains("dropped"), "{}", room.told());
    assert_eq!(room.subscriptions.counts().dropped, 1);
    // After a week it is given another chance.
    room.wait(7 * 24 * HOUR);
    room.hear();
    room.verified(2).await;
    assert!(room.told().contains("subscribed until"), "{}", room.told());
    room.close().await;
}

fn fingerprints(body: &str) -> Vec<u64> {
    let body = Bytes::copy_from_slice(body.as_bytes());
    let feed = depeche_feed::read(&body, None, "http://gazette.example/", LIMIT).unwrap();
    feed.items.iter().map(depeche_feed::Item::fingerprint).collect()
}

#[tokio::test]
async fn a_hub_that_refuses_is_asked_again_later_and_one_that_denies_in_a_week() {
    let room = Room::open();
    room.hub.behave(Behaviour::Refuses(500));
    room.hear();
    room.until(|counts| counts.requests_failed == 1).await;
    assert!(room.told().contains("500: not today"), "{}", room.told());
    room.hear();
    room.wait(9 * MINUTE);
    room.hear();
    room.hub.behave(Behaviour::Denies);
    room.wait(MINUTE);
    room.hear();
    room.verified(1).await;
    assert_eq!(room.hub.asked().len(), 2);
    assert!(
        room.told().contains("denied the subscription (pas vous)"),
        "{}",
        room.told()
    );
    assert!(room.hub.subscribers().is_empty());
    room.close().await;
}

#[tokio::test]
async fn a_request_that_is_not_verified_is_made_again() {
    let room = Room::open();
    room.hub.behave(Behaviour::Forgets);
    room.hear();
    room.until(|counts| counts.requests == 1).await;
    room.wait(15 * MINUTE);
    room.hear();
    room.until(|_| room.told().contains("did not verify")).await;
    room.hub.behave(Behaviour::Good);
    room.wait(10 * MINUTE);
    room.hear();
    room.verified(1).await;
    assert_eq!(room.hub.asked().len(), 2);
    room.close().await;
}

#[tokio::test]
async fn a_hub_at_a_private_address_is_not_asked() {
    let room = Room::open_with(FetchOptions {
        allow_private_addresses: false,
        ..options()
    });
    room.hear();
    room.until(|counts| counts.requests_failed == 1).await;
    assert!(room.told().contains("loopback"), "{}", room.told());
    room.wait(24 * HOUR);
    room.hear_of("<http://localhost:8765/>; rel=hub");
    room.until(|counts| counts.requests_failed == 2).await;
    assert!(room.told().contains("loopback"), "{}", room.told());
    assert!(room.origin.requests().is_empty());
    room.close().await;
}

#[tokio::test]
async fn a_hub_may_send_elsewhere_by_307_and_308_and_by_nothing_else() {
    let room = Room::open();
    for (status, is_followed) in [(307, true), (308, true), (301, false), (302, false), (303, false)] {
        let moved = format!("/moved/{status}");
        room.origin.set(&moved, Reply::redirect(status, room.hub.url()));
        let before = room.hub.asked().len();
        let counts = room.subscriptions.counts();
        room.wait(24 * HOUR);
        room.hear_of(&format!("<{}>; rel=hub", room.origin.url(&moved)));
        room.until(|now| now.verified + now.requests_failed > counts.verified + counts.requests_failed)
            .await;
        assert_eq!(
            room.hub.asked().len() - before,
            usize::from(is_followed),
            "{status}"
        );
    }
    room.origin.set("/circle", Reply::redirect(307, "/circle"));
    let failed = room.subscriptions.counts().requests_failed;
    room.wait(24 * HOUR);
    room.hear_of(&format!("<{}>; rel=hub", room.origin.url("/circle")));
    room.until(|now| now.requests_failed > failed).await;
    assert!(room.told().contains("circle"), "{}", room.told());
    room.close().await;
}

#[tokio::test]
async fn a_removed_feed_is_unsubscribed_and_its_callback_is_nobodys() {
    let room = Room::open();
    let callback = room.subscribed().await.callback;
    room.subscriptions.remove(&room.feed());
    room.verified(2).await;
    assert_eq!(room.hub.verified()[1], (200, true));
    assert!(room.hub.subscribers().is_empty());
    assert_eq!(room.subscriptions.state(&room.feed()), None);
    assert_eq!(room.subscriptions.admit(token(&callback)), Admission::Unknown);
    room.wait(2 * HOUR);
    room.subscriptions.remove("https://another.example/");
    room.until(|counts| counts.feeds == 0).await;
    room.close().await;
}

#[tokio::test]
async fn a_hub_that_never_verifies_the_end_of_a_subscription_is_not_waited_for_without_end() {
    let room = Room::open();
    room.subscribed().await;
    room.hub.behave(Behaviour::Forgets);
    room.subscriptions.remove(&room.feed());
    room.until(|counts| counts.requests == 2).await;
    room.until(|_| room.hub.asked().len() == 2).await;
    // Nothing happens but time; whether the hub's answer was read before is all the same.
    room.until(|counts| {
        room.wait(HOUR);
        room.subscriptions.remove("https://another.example/");
        counts.feeds == 0
    })
    .await;
    room.close().await;
}

#[tokio::test]
async fn a_feed_that_names_no_hub_any_more_is_forgotten_but_not_for_a_body_that_broke_off() {
    let room = Room::open();
    room.subscribed().await;
    let answer = HttpAnswer {
        status: 200,
        headers: Vec::new(),
        body: Bytes::new(),
    };
    for (hours, is_whole, feeds) in [(0, true, 1), (24, false, 1), (0, true, 0)] {
        room.wait(hours * HOUR);
        let told = Told {
            answer: &answer,
            base: &room.feed(),
            hubs: &[],
            topic: None,
            is_whole,
        };
        room.subscriptions.heard(&room.target(), &told);
        assert_eq!(room.subscriptions.counts().feeds, feeds);
    }
    room.close().await;
}

#[tokio::test]
async fn a_document_names_hub_and_topic_where_no_header_does() {
    let room = Room::open();
    let answer = HttpAnswer {
        status: 200,
        headers: Vec::new(),
        body: Bytes::new(),
    };
    let told = Told {
        answer: &answer,
        base: &room.feed(),
        hubs: &[room.hub.url().to_owned()],
        topic: Some("https://gazette.example/rss"),
        is_whole: true,
    };
    room.subscriptions.heard(&room.target(), &told);
    room.verified(1).await;
    assert_eq!(room.hub.subscribers()[0].topic, "https://gazette.example/rss");
    room.close().await;
}

#[tokio::test]
async fn a_restart_goes_on_with_the_same_callback_and_asks_nothing() {
    let room = Room::open();
    let before = room.subscribed().await;
    let state = room.subscriptions.state(&room.feed()).unwrap();
    let clock: Arc<dyn Clock> = {
        let now = Arc::clone(&room.now);
        Arc::new(move || *now.lock().unwrap())
    };
    let again = subscriptions(&room.callbacks, &clock, 7);
    again.restore([(&room.target(), state.clone())]);
    assert_eq!(again.state(&room.feed()), Some(state.clone()));
    assert_eq!(again.admit(token(&before.callback)), Admission::Welcome);
    // With another secret the hub would deliver to an address that is nobody's.
    let other = subscriptions(&room.callbacks, &clock, 8);
    other.restore([(&room.target(), state)]);
    assert!(
        other
            .state(&room.feed())
            .unwrap()
            .to_string()
            .contains("to be asked")
    );
    assert_eq!(other.admit(token(&before.callback)), Admission::Unknown);
    room.close().await;
}

#[tokio::test]
async fn a_publisher_whose_servers_disagree_is_held_to_one_hub_for_a_day() {
    let room = Room::open();
    let subscriber = room.subscribed().await;
    for n in 0..10 {
        room.hear_of(&format!(
            "<{}?server={n}>; rel=hub, </autre/{n}>; rel=self",
            room.hub.url()
        ));
        room.hear();
    }
    assert_eq!(
        room.subscriptions.state(&room.feed()).unwrap().topic(),
        subscriber.topic
    );
    room.wait(24 * HOUR);
    room.hear_of(&format!("<{}>; rel=hub, </autre>; rel=self", room.hub.url()));
    room.verified(2).await;
    assert_eq!(room.hub.asked().len(), 2);
    assert_eq!(room.hub.asked()[1].topic, room.origin.url("/autre"));
    assert_ne!(room.hub.asked()[1].callback, subscriber.callback);
    room.close().await;
}

/// A poll of the room's feed, whenever the clock is moved to when it is due.
struct Polling {
    lists: mpsc::Sender<Vec<(FeedTarget, FeedState)>>,
    reports: mpsc::Receiver<PollReport>,
    kept: JoinHandle<Vec<Capture>>,
    task: JoinHandle<PollSummary>,
    stop: CancellationToken,
}

impl Polling {
    fn begin(room: &Room, fetcher: &Arc<Fetcher>, state: FeedState) -> Self {
        let (lists, inlet) = mpsc::channel(4);
        let (outlet, kept) = journal();
        let (reports, told) = mpsc::channel(64);
        let stop = CancellationToken::new();
        let polling = poll(
            Arc::clone(fetcher),
            inlet,
            outlet,
            reports,
            Mode::Forever,
            stop.clone(),
        );
        lists.try_send(vec![(room.target(), state)]).unwrap();
        Self {
            lists,
            reports: told,
            kept,
            task: tokio::spawn(polling),
            stop,
        }
    }

    async fn report(&mut self) -> PollReport {
        self.reports.recv().await.unwrap()
    }

    /// Moves the clock to when the next poll is due; how long that is, in seconds.
    async fn next(&mut self, room: &Room, last: &PollReport) -> (i64, PollReport) {
        let due = last.next_due.unwrap();
        let wait = due.duration_since(room.now()).as_secs() + 1;
        room.wait(wait);
        // A list makes the scheduler look at the clock.
        self.lists
            .send(vec![(room.target(), FeedState::default())])
            .await
            .unwrap();
        (wait, self.report().await)
    }

    async fn end(self) -> Vec<Capture> {
        self.stop.cancel();
        self.task.await.unwrap();
        self.kept.await.unwrap()
    }
}

#[tokio::test]
async fn polls_are_a_check_while_a_hub_delivers_and_all_there_is_once_it_missed_three() {
    let mut room = Room::open();
    // A feed that does not run over within a day. The newsroom dates what it publishes, ten minutes apart from six o'clock
    // on.
    room.newsroom = Newsroom::open(&room.origin, "gazette", 200);
    *room.now.lock().unwrap() = "2026-02-01T05:55:00Z".parse().unwrap();
    room.wait(200 * 10 * MINUTE);
    let (newsroom, link) = (room.newsroom.clone(), format!("<{}>; rel=hub", room.hub.url()));
    room.origin.on(&newsroom.feed_path(), move |_| {
        Reply::feed(newsroom.feed()).header("Link", &link)
    });
    // 1. The first poll finds the hub; the hub delivers.
    let mut polling = Polling::begin(&room, &room.fetcher, FeedState::default());
    let first = polling.report().await;
    room.verified(1).await;
    let secret = room.hub.subscribers().remove(0).secret;
    room.newsroom.publish(1);
    let body = room.newsroom.feed();
    let (received, _) = room.deliver(&body, &sign(&secret, body.as_bytes())).await;
    assert_eq!(received, Received::Kept);
    // 2. The poll that was planned before sees nothing that was missed. Polls are far between from now on.
    let (wait, mut last) = polling.next(&room, &first).await;
    assert!(wait < 6 * HOUR, "{wait}");
    for missed in 1..=3 {
        let is_check = last.record.as_ref().unwrap().rule.contains("hub");
        assert_eq!(
            is_check,
            missed == 1,
            "polling is all there is from the first miss on: {last:?}"
        );
        // 3. The hub says nothing of what is published; the polls find it.
        room.newsroom.publish(1);
        let (wait, report) = polling.next(&room, &last).await;
        assert_eq!(wait >= 6 * HOUR, missed == 1, "{missed}: {wait}");
        last = report;
    }
    // 4. The hub is dropped, and the feed polled by what it brings.
    assert!(room.told().contains("dropped"), "{}", room.told());
    assert!(!last.record.as_ref().unwrap().rule.contains("hub"), "{last:?}");
    let captures = polling.end().await;
    assert_eq!(captures.len(), 5, "each poll found something");
    // 5. A restart knows it still.
    let clock: Arc<dyn Clock> = {
        let now = Arc::clone(&room.now);
        Arc::new(move || *now.lock().unwrap())
    };
    let again = subscriptions(&room.callbacks, &clock, 7);
    let fetcher = Fetcher::new(options(), clock).unwrap();
    let fetcher = Arc::new(fetcher.subscribe_with(Arc::clone(&again)));
    assert!(!again.is_restored());
    let state = FeedState {
        next_due: last.next_due,
        memory: last.memory.unwrap().into_boxed_slice(),
        ..FeedState::default()
    };
    let polling = Polling::begin(&room, &fetcher, state);
    while !again.is_restored() {
        tokio::task::yield_now().await;
    }
    assert_eq!(again.state(&room.feed()), room.subscriptions.state(&room.feed()));
    polling.end().await;
    room.close().await;
}
