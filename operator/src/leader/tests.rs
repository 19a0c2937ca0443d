use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, AtomicU32, Ordering},
};

use kube::core::Status;

use super::*;

/// One lease as an API server keeps it.
#[derive(Clone, Default)]
struct Kept {
    lease: Arc<Mutex<Option<Lease>>>,
    version: Arc<AtomicU32>,
}

/// A candidate's way to it, which a test can cut.
#[derive(Clone, Default)]
struct Way {
    kept: Kept,
    cut: Arc<AtomicBool>,
}

fn refused(code: u16, reason: &str) -> kube::Error {
    kube::Error::Api(Box::new(Status { code, reason: reason.to_owned(), ..Status::default() }))
}

impl Way {
    async fn passes(&self) {
        if self.cut.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
    }

    fn keep(&self, lease: &Lease) -> Lease {
        let mut lease = lease.clone();
        let version = self.kept.version.fetch_add(1, Ordering::Relaxed) + 1;
        lease.metadata.resource_version = Some(version.to_string());
        *self.kept.lease.lock().unwrap() = Some(lease.clone());
        lease
    }
}

impl Leases for Way {
    async fn get(&self) -> Result<Option<Lease>, kube::Error> {
        self.passes().await;
        Ok(self.kept.lease.lock().unwrap().clone())
    }

    async fn create(&self, lease: &Lease) -> Result<Lease, kube::Error> {
        self.passes().await;
        if self.kept.lease.lock().unwrap().is_some() {
            return Err(refused(409, "AlreadyExists"));
        }
        Ok(self.keep(lease))
    }

    async fn replace(&self, lease: &Lease) -> Result<Lease, kube::Error> {
        self.passes().await;
        let version = self.kept.lease.lock().unwrap().clone().and_then(|kept| kept.metadata.resource_version);
        if version != lease.metadata.resource_version {
            return Err(refused(409, "Conflict"));
        }
        Ok(self.keep(lease))
    }
}

/// A clock that is wrong by whole years.
struct Wrong(i64);

impl Clock for Wrong {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + self.0 * 31_536_000).unwrap()
    }
}

fn candidate(way: &Way, name: &str, years: i64) -> Candidate<Way, Wrong> {
    Candidate::new(way.clone(), Wrong(years), name.to_owned(), Timing::default())
}

fn two() -> (Way, Way) {
    let first = Way::default();
    let second = Way { kept: first.kept.clone(), cut: Arc::default() };
    (first, second)
}

#[tokio::test(start_paused = true)]
async fn a_second_operator_stands_by_until_the_first_gives_the_lease_back() {
    let (one, two) = two();
    let (mut a, mut b) = (candidate(&one, "a", 0), candidate(&two, "b", 0));
    let (stop_a, stop_b) = (CancellationToken::new(), CancellationToken::new());
    assert!(a.campaign(&stop_a).await);
    let holding = tokio::spawn({
        let stop = stop_a.clone();
        async move {
            let ended = a.hold(&stop).await;
            a.resign().await;
            ended
        }
    });
    let began = Instant::now();
    let campaign = tokio::spawn(async move { b.campaign(&stop_b).await });
    tokio::time::sleep(Duration::from_mins(10)).await;
    assert!(!campaign.is_finished(), "both lead");
    stop_a.cancel();
    assert_eq!(holding.await.unwrap(), Ended::Stopped);
    assert!(campaign.await.unwrap());
    assert!(began.elapsed() < Duration::from_mins(10) + Duration::from_secs(3), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn who_cannot_reach_the_api_server_ends_before_another_one_begins() {
    // Clocks that differ by decades are no reason to begin early, nor to wait longer.
    for years in [-40, 0, 40] {
        let (one, two) = two();
        let (mut a, mut b) = (candidate(&one, "a", years), candidate(&two, "b", 0));
        let stop = CancellationToken::new();
        assert!(a.campaign(&stop).await);
        let (held, stop_a) = (one.cut.clone(), stop.clone());
        let holding = tokio::spawn(async move { (a.hold(&stop_a).await, Instant::now()) });
        let campaign =
            tokio::spawn(async move { (b.campaign(&CancellationToken::new()).await, Instant::now()) });
        tokio::time::sleep(Duration::from_mins(1)).await;
        let cut = Instant::now();
        held.store(true, Ordering::Relaxed);
        let (ended, lost) = holding.await.unwrap();
        let (leads, began) = campaign.await.unwrap();
        assert!(matches!(ended, Ended::Lost(_)), "{ended:?}");
        assert!(leads);
        assert!(lost + Duration::from_secs(2) < began, "no margin between the two");
        assert!(began - cut <= Duration::from_secs(20), "{:?}", began - cut);
    }
}

#[tokio::test(start_paused = true)]
async fn a_holder_that_another_one_displaced_ends_at_its_next_look() {
    let (one, two) = two();
    let mut a = candidate(&one, "a", 0);
    let stop = CancellationToken::new();
    assert!(a.campaign(&stop).await);
    let mut lease = two.get().await.unwrap().unwrap();
    lease.spec.as_mut().unwrap().holder_identity = Some("b".to_owned());
    two.replace(&lease).await.unwrap();
    assert_eq!(a.hold(&stop).await, Ended::Lost("b took the lease".to_owned()));
    // And it does not give away what is no longer its own.
    a.resign().await;
    let spec = two.get().await.unwrap().unwrap().spec.unwrap();
    assert_eq!(spec.holder_identity.as_deref(), Some("b"));
}

#[tokio::test(start_paused = true)]
async fn of_twenty_that_begin_at_once_one_leads() {
    let way = Way::default();
    let stop = CancellationToken::new();
    let candidates: Vec<_> = (0..20)
        .map(|n| {
            let (mut candidate, stop) = (candidate(&way, &format!("c{n}"), 0), stop.clone());
            tokio::spawn(async move { candidate.campaign(&stop).await && !stop.is_cancelled() })
        })
        .collect();
    tokio::time::sleep(Duration::from_secs(10)).await;
    let leading = candidates.iter().filter(|candidate| candidate.is_finished()).count();
    assert_eq!(leading, 1);
    stop.cancel();
}

#[tokio::test(start_paused = true)]
async fn a_short_outage_costs_no_leadership() {
    let (one, _) = two();
    let mut a = candidate(&one, "a", 0);
    let stop = CancellationToken::new();
    assert!(a.campaign(&stop).await);
    let (cut, stopping) = (one.cut.clone(), stop.clone());
    tokio::spawn(async move {
        cut.store(true, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_secs(6)).await;
        cut.store(false, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_mins(1)).await;
        stopping.cancel();
    });
    assert_eq!(a.hold(&stop).await, Ended::Stopped);
}
