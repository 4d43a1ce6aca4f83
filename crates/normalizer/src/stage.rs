//! The stage: deliveries in, deliveries out, in the same order whatever the number of workers.
//!
//! Parsing is CPU work and recurses over what strangers wrote, so it runs on threads of its own with a stack of known
//! size. The async side hands each delivery to the threads and keeps, in order of arrival, one oneshot per
//! delivery in flight; it sends on whatever the oldest one answers. At most twice as many deliveries as workers are
//! in flight, so a slow outlet is felt at the inlet.
//!
//! There is no deadline. A thread cannot be ended from outside, and an article that depended on how long its page took
//! would differ from one run to the next, against promise P4. What a capture may cost is bounded by what can be counted
//! instead: its bytes, and of a page what building its tree goes through (`page/guard`). The dearest of 108 pages made to
//! cost takes a third of a second of processor time on a busy machine, twice what plain prose of its size takes
//! (`cargo bench -p depeche-normalizer --bench hostile`).
//!
//! A worker that panics loses its delivery and goes on. The stage then ends: what came before is sent on, and what is
//! behind it is lost too, since it may not overtake what will be delivered again.

use std::collections::VecDeque;
use std::io;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use depeche_model::{Delivery, Journaled, Normalized, panic_message};
use tokio::sync::{mpsc, oneshot};

/// Stack of a worker thread. The tree builder recurses once an open element: at the depth that
/// [`crate::page`] admits this is ten times what was measured to be needed.
const STACK_BYTES: usize = 16 * 1024 * 1024;

/// Deliveries in flight for each worker: one being worked on, one waiting, so that no worker idles while the oldest
/// is sent on.
const IN_FLIGHT_PER_WORKER: usize = 2;

type Answer = Delivery<Normalized>;

struct Job {
    delivery: Delivery<Journaled>,
    answer: oneshot::Sender<Answer>,
}

/// Does `work`, which is to [normalize](crate::Normalizer::normalize), on what comes through `inlet` on `workers` threads
/// and sends it through `outlet` in the order it came.
///
/// Ends when `inlet` closes and everything in flight is sent, when `outlet` is closed, or at the first delivery that a
/// panic loses: what is in flight then is dropped, so it counts as lost and is delivered again.
///
/// # Errors
///
/// What the system says when not one thread can be started; nothing was taken from the inlet then.
pub async fn run(
    inlet: mpsc::Receiver<Delivery<Journaled>>,
    outlet: mpsc::Sender<Answer>,
    workers: NonZeroUsize,
    work: impl Fn(&Journaled) -> Normalized + Send + Sync + 'static,
) -> io::Result<()> {
    let limit = workers.get().saturating_mul(IN_FLIGHT_PER_WORKER);
    let Workers { jobs, mut ended } = start_workers(workers, limit, work)?;
    pass(inlet, outlet, jobs, limit).await;
    // No delivery of this line may be settled after it: whoever delivers again must know of every loss.
    while ended.recv().await.is_some() {}
    Ok(())
}

/// Passes deliveries through the workers; everything still in flight at the end is dropped.
async fn pass(
    mut inlet: mpsc::Receiver<Delivery<Journaled>>,
    outlet: mpsc::Sender<Answer>,
    jobs: mpsc::Sender<Job>,
    limit: usize,
) {
    let mut in_flight: VecDeque<oneshot::Receiver<Answer>> = VecDeque::new();
    let mut open = true;
    loop {
        tokio::select! {
            biased;
            answer = oldest(&mut in_flight), if !in_flight.is_empty() => {
                in_flight.pop_front();
                // No answer: the worker panicked and the delivery is lost.
                let Some(delivery) = answer else { return };
                if outlet.send(delivery).await.is_err() {
                    return;
                }
            }
            delivery = inlet.recv(), if open && in_flight.len() < limit => match delivery {
                None => open = false,
                Some(delivery) => {
                    let (answer, receiver) = oneshot::channel();
                    // Fails only when no worker could be started; the delivery is lost, and so are all after it.
                    if jobs.send(Job { delivery, answer }).await.is_err() {
                        return;
                    }
                    in_flight.push_back(receiver);
                }
            },
            // The consumer is gone and nothing is on its way to it: no use in waiting for the inlet.
            () = outlet.closed(), if in_flight.is_empty() && open => return,
            else => return,
        }
    }
}

/// What the oldest delivery in flight came to; cancel-safe, since the receiver stays in the queue.
async fn oldest(in_flight: &mut VecDeque<oneshot::Receiver<Answer>>) -> Option<Answer> {
    match in_flight.front_mut() {
        Some(receiver) => receiver.await.ok(),
        None => None,
    }
}

/// The threads that work.
struct Workers {
    /// When this is dropped they end by themselves.
    jobs: mpsc::Sender<Job>,
    /// Closed when the last has ended; nothing is ever sent.
    ended: mpsc::Receiver<()>,
}

fn start_workers(
    workers: NonZeroUsize,
    capacity: usize,
    work: impl Fn(&Journaled) -> Normalized + Send + Sync + 'static,
) -> io::Result<Workers> {
    let (running, ended) = mpsc::channel(1);
    let (sender, receiver) = mpsc::channel::<Job>(capacity);
    let (receiver, work) = (Arc::new(Mutex::new(receiver)), Arc::new(work));
    for number in 0..workers.get() {
        let receiver = Arc::clone(&receiver);
        let work = Arc::clone(&work);
        let running = running.clone();
        let started = std::thread::Builder::new()
            .name(format!("normalizer-{number}"))
            .stack_size(STACK_BYTES)
            .spawn(move || {
                let _running = running;
                loop {
                    let job = receiver
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .blocking_recv();
                    let Some(job) = job else { return };
                    answer(job, &*work);
                }
            });
        match started {
            Ok(_) => {}
            Err(error) if number == 0 => return Err(error),
            Err(error) => tracing::error!(number, %error, "cannot start a normalizer thread; fewer work"),
        }
    }
    Ok(Workers { jobs: sender, ended })
}

fn answer(job: Job, work: &impl Fn(&Journaled) -> Normalized) {
    let (journaled, duty) = job.delivery.take();
    match catch_unwind(AssertUnwindSafe(|| work(&journaled))) {
        Ok(normalized) => {
            // A receiver that is gone means that the stage has ended: the delivery comes back and is dropped.
            drop(job.answer.send(duty.map(|()| normalized)));
        }
        Err(panic) => duty.lose(format!("the normalizer panicked: {}", panic_message(&*panic))),
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use depeche_model::{Capture, CaptureKind, Outcome, PagePolicy, Payload, Position};
    use jiff::Timestamp;

    use super::*;

    fn numbered(number: u64) -> Journaled {
        Journaled {
            capture: Capture {
                kind: CaptureKind::File,
                uri: format!("{number:03}.txt"),
                final_uri: None,
                captured_at: Timestamp::UNIX_EPOCH,
                source: "seeds".to_owned(),
                page_policy: PagePolicy::Never,
                timezone: None,
                order: None,
                payload: Payload::File {
                    content_type: None,
                    body: Bytes::from(format!("Texte {number}.")),
                },
            },
            position: Position {
                ordinal: number,
                segment: 0,
                offset: 0,
                length: 0,
            },
            given_up: Vec::new(),
        }
    }

    fn empty(journaled: &Journaled) -> Normalized {
        Normalized {
            capture: journaled.capture.reference(journaled.position),
            outputs: Vec::new(),
            warnings: Vec::new(),
        }
    }

    fn workers(number: usize) -> NonZeroUsize {
        NonZeroUsize::new(number).unwrap()
    }

    #[tokio::test]
    async fn a_panic_loses_its_delivery_and_those_behind_it_and_none_before() {
        let outcomes = Arc::new(Mutex::new(Vec::new()));
        let (sender, inlet) = mpsc::channel(4);
        let (outlet, mut answers) = mpsc::channel(4);
        let stage = tokio::spawn(run(inlet, outlet, workers(2), |journaled| {
            assert_ne!(
                journaled.position.ordinal, 3,
                "three is the capture that breaks the worker"
            );
            empty(journaled)
        }));
        for number in 1..=4 {
            let log = Arc::clone(&outcomes);
            let delivery = Delivery::new(numbered(number), move |outcome| {
                log.lock().unwrap().push((number, outcome));
            });
            sender.send(delivery).await.unwrap();
        }
        let mut seen = Vec::new();
        while let Some(delivery) = answers.recv().await {
            seen.push(delivery.item().capture.position.ordinal);
            delivery.settle(Outcome::Stored);
        }
        stage.await.unwrap().unwrap();
        assert!(sender.is_closed());
        assert_eq!(seen, [1, 2]);
        let mut outcomes = outcomes.lock().unwrap().clone();
        outcomes.sort_unstable();
        let Outcome::Lost { why } = &outcomes[2].1 else {
            panic!("{outcomes:?}");
        };
        assert!(
            why.starts_with("the normalizer panicked: ") && why.contains("three is"),
            "{why}"
        );
        assert!(matches!(outcomes[3], (4, Outcome::Lost { .. })));
    }

    #[tokio::test]
    async fn twice_as_many_as_workers_are_in_flight_and_no_more() {
        let gate = Arc::new((Mutex::new(false), std::sync::Condvar::new()));
        let (sender, inlet) = mpsc::channel(20);
        let (outlet, mut answers) = mpsc::channel(20);
        for number in 1..=20 {
            sender.send(Delivery::new(numbered(number), drop)).await.unwrap();
        }
        let shut = Arc::clone(&gate);
        tokio::spawn(run(inlet, outlet, workers(2), move |journaled| {
            let mut open = shut.0.lock().unwrap();
            while !*open {
                open = shut.1.wait(open).unwrap();
            }
            empty(journaled)
        }));
        // 1. Four leave the inlet.
        while sender.capacity() < 4 {
            tokio::task::yield_now().await;
        }
        // 2. However often the stage is asked, no fifth does while no worker has finished.
        for _ in 0..1000 {
            tokio::task::yield_now().await;
        }
        assert_eq!(sender.capacity(), 4);
        // 3. The workers go on, and everything comes out.
        *gate.0.lock().unwrap() = true;
        gate.1.notify_all();
        drop(sender);
        let mut count = 0;
        while answers.recv().await.is_some() {
            count += 1;
        }
        assert_eq!(count, 20);
    }

    #[tokio::test]
    async fn a_closed_outlet_loses_what_is_in_flight_and_ends_the_stage() {
        let (sender, inlet) = mpsc::channel(4);
        let (outlet, answers) = mpsc::channel(4);
        drop(answers);
        let outcomes = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&outcomes);
        sender
            .send(Delivery::new(numbered(1), move |outcome| {
                log.lock().unwrap().push(outcome);
            }))
            .await
            .unwrap();
        run(inlet, outlet, workers(1), empty).await.unwrap();
        assert!(matches!(
            outcomes.lock().unwrap().as_slice(),
            [Outcome::Lost { .. }]
        ));
    }
}
