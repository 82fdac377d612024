//! Two racers for one order, and how it ends for them.

use uuid::Uuid;

use super::{Course, Racer, Scene, course::Books};

/// Two racers on an order that stands somewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pair {
    scene: Scene,
    racers: [Racer; 2],
    /// They are one request, said twice.
    one_key: bool,
}

/// How two racers start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Both together.
    AtOnce,
    /// The second when the first has its answer.
    InTurn,
}

/// What came of a pair: what each was answered, and the order once every operation has its outcome. Whether an operation was withdrawn
/// or undone is a matter of moments and makes no difference here.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ending {
    answers: [(Racer, String); 2],
    books: Books,
}

impl Pair {
    /// Any two that make sense.
    pub fn draw(random: &mut fastrand::Rng) -> Self {
        let scene = Scene::ALL[random.usize(..Scene::ALL.len())];
        let field = scene.racers();
        let racers = [(); 2].map(|()| field[random.usize(..field.len())]);
        let one_key = racers[0] == racers[1] && !racers[0].is_news() && random.bool();
        Self { scene, racers, one_key }
    }

    /// The same two, whoever is named first.
    pub fn sorted(mut self) -> Self {
        self.racers.sort();
        self
    }

    /// The same two, the other one first.
    pub fn reversed(mut self) -> Self {
        self.racers.reverse();
        self
    }

    /// Runs it on a new order.
    pub async fn run(self, course: &Course, way: Way) -> Ending {
        let order = self.scene.prepare(course).await;
        let first_key = Uuid::new_v4().to_string();
        let second_key = if self.one_key { first_key.clone() } else { Uuid::new_v4().to_string() };
        let [first, second] = self.racers;
        let (running, other) = (first.run(course, &order, &first_key), second.run(course, &order, &second_key));
        let (answer, other) = match way {
            Way::AtOnce => tokio::join!(running, other),
            Way::InTurn => (running.await, other.await),
        };
        let books = course.settle(&order.id).await;
        let mut answers = [(first, answer), (second, other)];
        answers.sort();
        Ending { answers, books }
    }
}
