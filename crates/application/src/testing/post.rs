//! A post between nodes that carries each letter when a test says so.

mod kept;

use crate::ports::{Clock, HandoverAnswer, HandoverRequest, Hearing, Letter, Peers, Unsent};
use crate::testing::ManualClock;
use kept::KeptLetter;
use passerby_domain::id::Incarnation;
use passerby_domain::time::{Millis, Moment};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;

/// A letter that has not arrived after so long never does.
const PATIENCE: Millis = Millis::from_secs(2);
/// How long an answer is waited for.
const ANSWER: Millis = Millis::from_secs(1);

/// The post between nodes. What they write waits, in order for each pair of nodes, until somebody
/// [takes](PostOffice::take) it to its reader. Clones are the same post.
#[derive(Clone, Debug)]
pub struct PostOffice {
    clock: ManualClock,
    post: Arc<Mutex<Post>>,
}

#[derive(Debug, Default)]
struct Post {
    ways: BTreeMap<(Incarnation, Incarnation), Way>,
    nodes: BTreeSet<Incarnation>,
    cut: BTreeSet<Incarnation>,
    /// Answers to wishes for seats, by the number of the wish.
    answers: BTreeMap<u64, Option<HandoverAnswer>>,
    wishes: u64,
}

/// The letters from one node to another.
#[derive(Debug, Default)]
struct Way {
    waiting: VecDeque<(u64, Moment, Parcel)>,
    /// The number of the last that was sent, and of the last that arrived.
    sent: u64,
    arrived: u64,
}

/// What is sent.
#[derive(Debug)]
enum Parcel {
    Letter(KeptLetter),
    Wish(u64, HandoverRequest),
    Answer(u64, Option<HandoverAnswer>),
}

/// Who reads what is sent to a node.
pub trait Reader {
    /// Some letters of this node were lost.
    fn gap(&mut self, from: Incarnation);

    /// A letter has come.
    fn read(&mut self, from: Incarnation, letter: Letter<'_>);

    /// A node that has taken a seat wishes for all there is of it.
    fn hand_over(&mut self, from: Incarnation, request: HandoverRequest) -> Option<HandoverAnswer>;
}

impl PostOffice {
    /// A post with no nodes.
    pub fn new(clock: ManualClock) -> Self {
        Self {
            clock,
            post: Arc::default(),
        }
    }

    /// Opens the letter box of a node.
    pub fn open(&self, own: Incarnation) -> LetterBox {
        self.lock().nodes.insert(own);
        LetterBox {
            own,
            office: self.clone(),
        }
    }

    /// A node is dead: nothing is carried to it any more. What it has written still is.
    pub fn close(&self, node: Incarnation) {
        let mut post = self.lock();
        post.nodes.remove(&node);
        post.cut.remove(&node);
        post.ways.retain(|(_, to), _| *to != node);
    }

    /// Cuts a node off: what it writes is lost, and what is written to it waits.
    pub fn cut(&self, node: Incarnation) {
        self.lock().cut.insert(node);
    }

    /// Ends that.
    pub fn mend(&self, node: Incarnation) {
        self.lock().cut.remove(&node);
    }

    /// The pairs of nodes between which letters wait that can be carried.
    pub fn waiting(&self) -> Vec<(Incarnation, Incarnation)> {
        let post = self.lock();
        let waiting = post
            .ways
            .iter()
            .filter(|((_, to), way)| !way.waiting.is_empty() && !post.cut.contains(to));
        waiting.map(|(way, _)| *way).collect()
    }

    /// What waits on the way from one node to another, each as the name of its kind.
    pub fn kinds(&self, from: Incarnation, to: Incarnation) -> Vec<&'static str> {
        let post = self.lock();
        let waiting = post
            .ways
            .get(&(from, to))
            .into_iter()
            .flat_map(|way| &way.waiting);
        waiting
            .map(|(_, _, parcel)| match parcel {
                Parcel::Letter(letter) => letter.kind(),
                Parcel::Wish(..) => "wish",
                Parcel::Answer(..) => "answer",
            })
            .collect()
    }

    /// Loses the next letter on a way. Its reader will notice with the one after it.
    pub fn lose(&self, from: Incarnation, to: Incarnation) {
        if let Some(way) = self.lock().ways.get_mut(&(from, to)) {
            way.waiting.pop_front();
        }
    }

    /// Loses all letters on a way.
    pub fn lose_all(&self, from: Incarnation, to: Incarnation) {
        if let Some(way) = self.lock().ways.get_mut(&(from, to)) {
            way.waiting.clear();
        }
    }

    /// Takes the next letter on a way to its reader. False if none waits, or the reader is cut off.
    pub fn take(&self, from: Incarnation, to: Incarnation, reader: &mut impl Reader) -> bool {
        let now = self.clock.now();
        let (gap, parcel) = {
            let mut post = self.lock();
            if post.cut.contains(&to) {
                return false;
            }
            let Some(way) = post.ways.get_mut(&(from, to)) else {
                return false;
            };
            let Some((number, sent, parcel)) = way.waiting.pop_front() else {
                return false;
            };
            let is_late = now.since(sent) > PATIENCE;
            if is_late && !matches!(parcel, Parcel::Answer(..)) {
                return true;
            }
            let gap = number != way.arrived + 1;
            way.arrived = number;
            (gap, parcel)
        };
        if gap {
            reader.gap(from);
        }
        match parcel {
            Parcel::Letter(letter) => letter.with(|letter| reader.read(from, letter)),
            Parcel::Wish(number, request) => {
                let answer = reader.hand_over(from, request);
                let _ = self.send(to, from, Parcel::Answer(number, answer));
            }
            Parcel::Answer(number, answer) => {
                self.lock().answers.insert(number, answer);
            }
        }
        true
    }

    fn send(&self, from: Incarnation, to: Incarnation, parcel: Parcel) -> Result<(), Unsent> {
        let now = self.clock.now();
        let mut post = self.lock();
        if !post.nodes.contains(&to) {
            return Err(Unsent::Gone);
        }
        let is_lost = post.cut.contains(&from) || !post.nodes.contains(&from);
        let way = post.ways.entry((from, to)).or_default();
        way.sent += 1;
        let number = way.sent;
        if !is_lost {
            way.waiting.push_back((number, now, parcel));
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Post> {
        self.post.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The letter box of one node.
///
/// A wish for a seat waits on the way as letters do: poll its future by hand, with [`step`](super::step), and take the
/// letters meanwhile.
#[derive(Clone)]
pub struct LetterBox {
    own: Incarnation,
    office: PostOffice,
}

impl fmt::Debug for LetterBox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LetterBox")
            .field("own", &self.own)
            .finish_non_exhaustive()
    }
}

impl Peers for LetterBox {
    fn own(&self) -> Incarnation {
        self.own
    }

    fn send(&self, to: Incarnation, letter: &Letter<'_>) -> Result<(), Unsent> {
        self.office
            .send(self.own, to, Parcel::Letter(KeptLetter::from(letter)))
    }

    async fn ask_for(
        &self,
        former: Incarnation,
        request: HandoverRequest,
        hearing: &dyn Hearing,
    ) -> Option<HandoverAnswer> {
        let number = {
            let mut post = self.office.lock();
            post.wishes += 1;
            post.wishes
        };
        self.office
            .send(self.own, former, Parcel::Wish(number, request))
            .ok()?;
        let asked = self.office.clock.now();
        let mut is_heard = None;
        poll_fn(|context| {
            if let Some(answer) = self.office.lock().answers.remove(&number) {
                return Poll::Ready(answer);
            }
            let waited = self.office.clock.now().since(asked);
            if waited >= ANSWER {
                let is_heard = *is_heard.get_or_insert_with(|| hearing.hears(former));
                if !is_heard || waited >= ANSWER + ANSWER {
                    return Poll::Ready(None);
                }
            }
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await
    }
}
