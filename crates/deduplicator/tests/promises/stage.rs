//! The stage: deliveries pass in order, and none is settled on the way.

use std::sync::{Arc, Mutex};

use depeche_deduplicator::{Aliases, Deduplicator, Options, Recall, run};
use depeche_model::{Decision, Delivery, Outcome, Output, Seq};
use tokio::sync::{mpsc, watch};

use crate::support::{Memory, article, base, normalized, start};

type Settled = Arc<Mutex<Vec<(usize, Outcome)>>>;

fn delivery(number: usize, name: &str, settled: &Settled) -> Delivery<depeche_model::Normalized> {
    let settled = Arc::clone(settled);
    let output = Output::Article(Box::new(article(name, "1", &base(name))));
    Delivery::new(normalized(start(), vec![output]), move |outcome| {
        settled.lock().unwrap().push((number, outcome));
    })
}

/// Spellings that nobody changes.
fn spellings() -> watch::Receiver<Aliases> {
    watch::channel(Aliases::default()).1
}

#[tokio::test]
async fn new_spellings_hold_from_the_next_delivery_on() {
    const PORT: &str = "Le port de Karvinsk a été bloqué par douze cargos, selon la capitaine Irma Solev, de \
        la compagnie Bartok. Les 340 marins attendent à quai que Lorna Petsch signe leur relève.";
    let texts = [
        PORT.to_owned(),
        "À quai, des équipages de Bartok patientent. « Rien ne bouge », soupire un matelot du port de Qarvinsque, \
         où la douane exige des papiers qu'aucun navire ne possède plus depuis la tempête de printemps."
            .to_owned(),
        "Une relève arrive enfin pour Bartok. À Qarvinsque, les familles pleurent de joie devant les grilles, \
         tandis que la douane range ses formulaires et que les grues reprennent leur lente chorégraphie."
            .to_owned(),
    ];
    let change = watch::Sender::new(Aliases::default());
    let (send, inlet) = mpsc::channel(1);
    let (outlet, mut receive) = mpsc::channel(1);
    let options = Options {
        aliases: Aliases::default(),
        ..Options::default()
    };
    let stage = tokio::spawn(run(
        inlet,
        outlet,
        Deduplicator::new(options),
        Box::new(Memory::default()),
        change.subscribe(),
        (),
    ));
    let mut names = Vec::new();
    for (number, text) in texts.into_iter().enumerate() {
        let output = Output::Article(Box::new(article(&format!("s{number}"), "1", &text)));
        let delivery = Delivery::new(normalized(start(), vec![output]), |_| {});
        send.send(delivery).await.unwrap();
        let decided = receive.recv().await.unwrap();
        let Decision::Judged(judged) = &decided.item().decisions[0] else {
            panic!("{:?}", decided.item());
        };
        names.push(judged.record.terms.names.clone());
        decided.settle(Outcome::Stored);
        if number == 1 {
            change.send_replace(Aliases::parse("Karvinsk | Qarvinsque").0);
        }
    }
    drop(send);
    stage.await.unwrap();
    let shared = |a: usize, b: usize| {
        let has = |term: u32| names[b].iter().any(|(other, _)| *other == term);
        names[a].iter().filter(|(term, _)| has(*term)).count()
    };
    assert_eq!(shared(0, 1), 1, "Bartok alone");
    assert_eq!(shared(0, 2), 2, "Bartok and the town");
}

#[tokio::test]
async fn deliveries_pass_in_order_and_the_stage_ends_with_its_inlet() {
    let settled = Settled::default();
    let (send, inlet) = mpsc::channel(2);
    let (outlet, mut receive) = mpsc::channel(1);
    let stage = tokio::spawn(run(
        inlet,
        outlet,
        Deduplicator::new(Options::default()),
        Box::new(Memory::default()),
        spellings(),
        (),
    ));
    let sender = {
        let settled = Arc::clone(&settled);
        tokio::spawn(async move {
            for (number, name) in ["canal", "tramway", "canal"].into_iter().enumerate() {
                send.send(delivery(number, name, &settled)).await.unwrap();
            }
        })
    };
    let mut seqs = Vec::new();
    while let Some(decided) = receive.recv().await {
        assert!(
            settled.lock().unwrap().len() == seqs.len(),
            "nothing settles before its commit"
        );
        seqs.push(match &decided.item().decisions[0] {
            Decision::Judged(judged) => Some(judged.record.seq),
            _ => None,
        });
        decided.settle(Outcome::Stored);
    }
    sender.await.unwrap();
    assert_eq!(seqs, [Some(Seq(1)), Some(Seq(2)), None]);
    assert_eq!(
        *settled.lock().unwrap(),
        [(0, Outcome::Stored), (1, Outcome::Stored), (2, Outcome::Stored)]
    );
    stage.await.unwrap();
}

#[tokio::test]
async fn the_stage_ends_when_nobody_takes_decisions_and_what_it_held_is_lost() {
    let settled = Settled::default();
    let (send, inlet) = mpsc::channel(2);
    let (outlet, receive) = mpsc::channel(1);
    drop(receive);
    send.send(delivery(0, "canal", &settled)).await.unwrap();
    run(
        inlet,
        outlet,
        Deduplicator::new(Options::default()),
        Box::new(Memory::default()),
        spellings(),
        (),
    )
    .await;
    assert!(matches!(
        settled.lock().unwrap().as_slice(),
        [(0, Outcome::Lost { .. })]
    ));
    assert!(send.is_closed());
}

/// A store whose reading panics.
struct Broken;

impl Recall for Broken {
    fn text(&self, _seq: Seq) -> Option<String> {
        panic!("the page is torn")
    }

    fn knows(&self, _article: depeche_model::ArticleId) -> bool {
        panic!("the page is torn")
    }
}

#[tokio::test]
async fn a_panic_loses_its_delivery_with_the_reason_and_ends_the_stage() {
    let settled = Settled::default();
    let (send, inlet) = mpsc::channel(2);
    let (outlet, mut receive) = mpsc::channel(2);
    send.send(delivery(0, "canal", &settled)).await.unwrap();
    run(
        inlet,
        outlet,
        Deduplicator::new(Options::default()),
        Box::new(Broken),
        spellings(),
        (),
    )
    .await;
    assert!(receive.recv().await.is_none());
    let settled = settled.lock().unwrap();
    let [(0, Outcome::Lost { why })] = settled.as_slice() else {
        panic!("{settled:?}");
    };
    assert_eq!(why, "the deduplicator panicked: the page is torn");
}
