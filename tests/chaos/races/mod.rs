//! Two things at once to one order: whatever they are, the order ends as if one had come after the other.
//!
//! No table here says how a race may end. The service says it itself, asked for the same two in turn, in both orders; a race has to end
//! like one of them. What no order of things may do is in the books: ours, which must agree with themselves, and the partner's own.
//!
//! In reading order: a [`Scene`] is where an order stands, a [`Racer`] what is done to it, a [`Pair`] two of them. [`locked`] is the one
//! race whose course is no matter of luck.

mod course;
mod locked;
mod pair;
mod racer;
mod scene;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use futures_util::{StreamExt as _, stream};

use crate::setting;

use self::{
    course::Course,
    pair::{Ending, Pair, Way},
    racer::Racer,
    scene::Scene,
};

/// Races of one run, unless `RACE_PAIRS` says otherwise.
const PAIRS: u64 = 2_000;
/// Orders that are raced for at a time: enough to keep the service busy, and few enough that nobody waits a second for a connection.
const IN_FLIGHT: usize = 16;

#[tokio::test(flavor = "multi_thread")]
async fn two_at_once_end_as_if_one_had_come_after_the_other() {
    let pairs = setting("RACE_PAIRS").unwrap_or(PAIRS);
    let seed = setting("RACE_SEED").unwrap_or_else(|| fastrand::u64(..));
    // Shown when the test fails, wherever it does.
    eprintln!("RACE_PAIRS={pairs} RACE_SEED={seed} draws the same pairs");
    let mut random = fastrand::Rng::with_seed(seed);
    let pairs: Vec<Pair> = (0..pairs).map(|_| Pair::draw(&mut random)).collect();

    let course = Arc::new(Course::open().await);
    let allowed = in_turn(&course, &pairs).await;
    let races = run(&course, pairs, Way::AtOnce).await;
    let wrong: Vec<_> = races.iter().filter(|(pair, ending)| !allowed[&pair.sorted()].contains(ending)).collect();
    let expected = wrong.iter().map(|(pair, _)| (pair, &allowed[&pair.sorted()])).collect::<BTreeMap<_, _>>();
    assert!(wrong.is_empty(), "{} ended like no turn of theirs: {wrong:#?}\nin turn: {expected:#?}", wrong.len());
    course.assert_all_books_are_right().await;
}

/// How each pair may end: as it does when one comes after the other, in both orders.
async fn in_turn(course: &Arc<Course>, pairs: &[Pair]) -> BTreeMap<Pair, BTreeSet<Ending>> {
    let distinct: BTreeSet<Pair> = pairs.iter().map(|pair| pair.sorted()).collect();
    let turns: BTreeSet<Pair> = distinct.iter().flat_map(|pair| [*pair, pair.reversed()]).collect();
    let mut endings = BTreeMap::<_, BTreeSet<_>>::new();
    for (pair, ending) in run(course, turns, Way::InTurn).await {
        endings.entry(pair.sorted()).or_default().insert(ending);
    }
    endings
}

/// Runs pairs, each for an order of its own, many at a time.
async fn run(course: &Arc<Course>, pairs: impl IntoIterator<Item = Pair>, way: Way) -> Vec<(Pair, Ending)> {
    let races = pairs.into_iter().map(|pair| {
        let course = Arc::clone(course);
        tokio::spawn(async move { (pair, pair.run(&course, way).await) })
    });
    stream::iter(races).buffer_unordered(IN_FLIGHT).map(|race| race.unwrap()).collect().await
}
