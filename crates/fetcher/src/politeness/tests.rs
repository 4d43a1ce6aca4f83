use super::*;

fn url(host: &str) -> Url {
    Url::parse(&format!("https://{host}/x")).unwrap()
}

fn rule(name: &str, interval: Option<u64>, concurrency: Option<usize>) -> HostRule {
    HostRule {
        name: name.to_owned(),
        interval: interval.map(Duration::from_secs),
        concurrency,
    }
}

async fn starts(hosts: &Hosts, order: &[&'static str]) -> Vec<(&'static str, u64)> {
    let begin = Instant::now();
    let mut starts = Vec::new();
    for host in order {
        drop(hosts.turn(&url(host)).await);
        starts.push((*host, begin.elapsed().as_secs()));
    }
    starts
}

#[tokio::test(start_paused = true)]
async fn requests_to_one_domain_start_the_interval_apart_and_others_do_not_wait() {
    let hosts = Hosts::new(1, Duration::from_secs(2), &[]);
    assert_eq!(
        starts(&hosts, &["www.a.fr", "rss.a.fr", "b.fr", "a.fr"]).await,
        [("www.a.fr", 0), ("rss.a.fr", 2), ("b.fr", 2), ("a.fr", 4)]
    );
}

#[tokio::test(start_paused = true)]
async fn a_named_host_goes_at_its_own_pace_with_its_sub_domains() {
    let rules = [rule("a.fr", Some(5), None), rule("Rss.a.fr", Some(1), None)];
    let hosts = Hosts::new(1, Duration::from_secs(2), &rules);
    assert_eq!(
        starts(
            &hosts,
            &["a.fr", "www.a.fr", "rss.a.fr", "x.rss.a.fr", "b.fr", "b.fr"]
        )
        .await,
        [
            ("a.fr", 0),
            ("www.a.fr", 5),
            ("rss.a.fr", 5),
            ("x.rss.a.fr", 6),
            ("b.fr", 6),
            ("b.fr", 8)
        ]
    );
}

#[test]
fn the_longest_name_counts_and_a_public_suffix_joins_nobody() {
    let rules = [
        rule("blogspot.com", Some(9), Some(3)),
        rule("a.fr", None, Some(2)),
    ];
    let hosts = Hosts::new(1, Duration::from_secs(2), &rules);
    let lane = |host| {
        let lane = hosts.lane(&url(host));
        (lane.key, lane.at_once, lane.spacing.as_secs())
    };
    assert_eq!(lane("un.blogspot.com"), ("un.blogspot.com".to_owned(), 3, 9));
    assert_eq!(lane("www.a.fr"), ("a.fr".to_owned(), 2, 2));
    assert_eq!(lane("aa.fr"), ("aa.fr".to_owned(), 1, 2));
}

#[tokio::test(start_paused = true)]
async fn a_crawl_delay_holds_the_page_and_not_the_feed_after_it() {
    let hosts = Hosts::new(1, Duration::from_secs(2), &[]);
    let delay = Some(Duration::from_secs(30));
    let begin = Instant::now();
    let mut starts = Vec::new();
    for _ in 0..2 {
        drop(hosts.page_turn(&url("a.fr"), delay).await);
        starts.push(begin.elapsed().as_secs());
    }
    drop(hosts.turn(&url("a.fr")).await);
    starts.push(begin.elapsed().as_secs());
    assert_eq!(starts, [0, 30, 32]);
}

#[tokio::test(start_paused = true)]
async fn a_feed_does_not_wait_behind_the_pages_of_its_site() {
    for delay in [None, Some(Duration::from_secs(30))] {
        let hosts = Arc::new(Hosts::new(1, Duration::from_secs(2), &[]));
        let (sender, mut order) = tokio::sync::mpsc::channel(100);
        for n in 0..50 {
            let (hosts, sender) = (Arc::clone(&hosts), sender.clone());
            tokio::spawn(async move {
                let turn = hosts.page_turn(&url("a.fr"), delay).await;
                sender.send((n, Instant::now())).await.unwrap();
                drop(turn);
            });
            tokio::task::yield_now().await;
        }
        let (_, first) = order.recv().await.unwrap();
        let begin = Instant::now();
        drop(hosts.turn(&url("a.fr")).await);
        // Behind the page that stands before it, at most.
        assert!(begin.elapsed() <= Duration::from_secs(4), "{:?}", begin.elapsed());
        // The pages come in their order, none is lost, and each is a crawl delay behind the one before.
        let mut before = first;
        for n in 1..50 {
            let (page, start) = order.recv().await.unwrap();
            assert_eq!(page, n);
            assert!(start - before >= delay.unwrap_or_default());
            before = start;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn pages_keep_their_crawl_delay_where_several_may_be_asked_for_at_once() {
    let hosts = Arc::new(Hosts::new(3, Duration::from_secs(1), &[]));
    let delay = Some(Duration::from_secs(10));
    let (sender, mut starts) = tokio::sync::mpsc::channel(10);
    for _ in 0..6 {
        let (hosts, sender) = (Arc::clone(&hosts), sender.clone());
        tokio::spawn(async move {
            let turn = hosts.page_turn(&url("a.fr"), delay).await;
            sender.send(Instant::now()).await.unwrap();
            tokio::time::sleep(Duration::from_secs(7)).await;
            drop(turn);
        });
    }
    let mut before = starts.recv().await.unwrap();
    for _ in 1..6 {
        let start = starts.recv().await.unwrap();
        assert!(start - before >= Duration::from_secs(10));
        before = start;
    }
}

#[tokio::test(start_paused = true)]
async fn a_few_guests_wait_at_a_lane_and_the_others_come_again_one_after_the_other() {
    let hosts = Hosts::new(1, Duration::from_secs(2), &[]);
    let (home, lane) = (url("a.fr"), url("b.fr"));
    assert!(hosts.admit(&url("www.b.fr"), &lane).unwrap().is_none());
    let mut guests: Vec<_> = (0..GUESTS).map(|_| hosts.admit(&lane, &home).unwrap()).collect();
    let again = |hosts: &Hosts| hosts.admit(&lane, &home).unwrap_err().as_secs();
    assert_eq!([again(&hosts), again(&hosts), again(&hosts)], [10, 12, 14]);
    for _ in 0..10_000 {
        assert!(again(&hosts) <= LONGEST_GUEST_WAIT.as_secs());
    }
    // Another lane has room of its own, and so has this one when a guest is gone.
    assert!(hosts.admit(&url("c.fr"), &home).unwrap().is_some());
    assert!(guests.pop().unwrap().is_some());
    assert!(hosts.admit(&lane, &home).unwrap().is_some());
}

#[tokio::test(start_paused = true)]
async fn turns_are_given_first_come_first_served() {
    let hosts = Arc::new(Hosts::new(1, Duration::from_secs(1), &[]));
    let (sender, mut order) = tokio::sync::mpsc::channel(10);
    for n in 0..10 {
        let (hosts, sender) = (Arc::clone(&hosts), sender.clone());
        tokio::spawn(async move {
            drop(hosts.turn(&url("a.fr")).await);
            sender.send(n).await.unwrap();
        });
        tokio::task::yield_now().await;
    }
    for n in 0..10 {
        assert_eq!(order.recv().await, Some(n));
    }
}

#[tokio::test(start_paused = true)]
async fn no_more_requests_at_once_than_the_host_allows() {
    let hosts = Hosts::new(2, Duration::ZERO, &[]);
    let (one, two) = (hosts.turn(&url("a.fr")).await, hosts.turn(&url("b.a.fr")).await);
    let a = url("a.fr");
    let third = hosts.turn(&a);
    tokio::pin!(third);
    assert!(
        tokio::time::timeout(Duration::from_hours(1), &mut third)
            .await
            .is_err()
    );
    drop(one);
    third.await;
    drop(two);
}

#[tokio::test(start_paused = true)]
async fn a_lane_whose_request_runs_is_not_at_rest() {
    let hosts = Hosts::new(1, Duration::from_secs(2), &[]);
    let held = hosts.turn(&url("lent.fr")).await;
    for n in 0..2 * LANES_KEPT {
        drop(hosts.turn(&url(&format!("h{n}.fr"))).await);
        tokio::time::advance(Duration::from_secs(3)).await;
    }
    let lent = url("lent.fr");
    let second = hosts.turn(&lent);
    tokio::pin!(second);
    assert!(
        tokio::time::timeout(Duration::from_hours(1), &mut second)
            .await
            .is_err()
    );
    drop(held);
    second.await;
}

#[tokio::test(start_paused = true)]
async fn lanes_at_rest_are_forgotten() {
    let hosts = Hosts::new(1, Duration::from_secs(2), &[]);
    for n in 0..2 * LANES_KEPT + 10 {
        drop(hosts.turn(&url(&format!("h{n}.fr"))).await);
        tokio::time::advance(Duration::from_secs(3)).await;
    }
    assert!(hosts.gates.lock().unwrap().lanes.len() <= LANES_KEPT);
}
