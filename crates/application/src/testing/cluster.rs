//! Nodes made of fakes that share a store and a post.

use super::chat::World;
use super::post::{LetterBox, PostOffice, Reader};
use super::{
    CountingIdentity, HonestPairing, ListedBans, ListedReports, ManualClock, PassAll, RecordingDelivery,
    TestChat, TestPorts, UnreliablePairing, Visit, Visitor, chat,
};
use crate::chat::{Chat, Deployment, Options};
use crate::ports::{HandoverAnswer, HandoverRequest, Letter, PairingStore};
use passerby_domain::id::{Incarnation, NodeId};
use passerby_domain::time::Millis;
use std::fmt;
use std::future::Future;
use std::ops::Index;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

/// How often a node looks after what cannot wait.
const TICK: Millis = Millis::new(250);
/// How long nodes take to hear of each other.
const INTRODUCTION: Millis = Millis::from_secs(3);
/// After so many rounds of letters it is assumed that they never end.
const ENDLESS: usize = 10_000;
/// How often it says that it lives.
const BEAT: Millis = Millis::new(500);

/// A node of a cluster.
pub type ClusterChat<S> = TestChat<S, PassAll, LetterBox>;
/// Somebody on a node of a cluster.
pub type Guest<S = UnreliablePairing<HonestPairing>> = Visitor<S, PassAll, LetterBox>;
/// The ports of a node of a cluster.
pub type ClusterPorts<S> = TestPorts<S, PassAll, LetterBox>;

/// What a node does beside serving its users. Of each kind but the last it does one at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chore {
    /// [`Chat::beat`].
    Beat,
    /// [`Chat::tend`].
    Tend,
    /// [`Chat::reap`].
    Reap,
    /// What a letter led to, or what a test wants.
    Errand,
}

type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Nodes that share a store and a post. Letters are carried, and time passes, when a test says so; a node that is
/// dead or stalled does nothing meanwhile.
pub struct TestCluster<S: PairingStore = UnreliablePairing<HonestPairing>> {
    /// What time it is, for all.
    pub clock: ManualClock,
    /// The post between the nodes.
    pub office: PostOffice,
    /// The store, as nobody's.
    pub store: HonestPairing,
    nodes: Vec<Member<S>>,
    incarnations: u64,
    world: World,
    make: Box<dyn Fn(HonestPairing, ManualClock) -> S>,
    change: fn(&mut Options),
}

struct Member<S: PairingStore> {
    chat: Arc<ClusterChat<S>>,
    own: Incarnation,
    life: Life,
    tasks: Vec<(Chore, Task)>,
    waited: Millis,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Life {
    Running,
    Stalled,
    Dead,
}

impl TestCluster {
    /// So many nodes, with the options of the protocol's defaults.
    pub fn of(nodes: usize) -> Self {
        Self::with(nodes, |_| {})
    }

    /// So many nodes, with other options.
    pub fn with(nodes: usize, change: fn(&mut Options)) -> Self {
        Self::made_by(nodes, |store, _| UnreliablePairing::new(store), change)
    }

    /// Cuts a node off from the store and from the post.
    pub fn cut(&self, node: usize) {
        self[node].adapters().pairing.set(super::Line::Down);
        self.office.cut(self.nodes[node].own);
    }

    /// Ends that.
    pub fn mend(&self, node: usize) {
        self[node].adapters().pairing.set(super::Line::Good);
        self.office.mend(self.nodes[node].own);
    }
}

#[expect(clippy::panic, reason = "a test fails by panicking")]
impl<S: PairingStore> TestCluster<S> {
    /// So many nodes, each with what `make` makes of its side of the store. They have heard of each other.
    pub fn made_by(
        nodes: usize,
        make: impl Fn(HonestPairing, ManualClock) -> S + 'static,
        change: fn(&mut Options),
    ) -> Self {
        let builder = chat();
        let clock = builder.clock();
        let world = World {
            delivery: RecordingDelivery::default(),
            identity: CountingIdentity::default(),
            clock: clock.clone(),
            reports: Arc::new(ListedReports::default()),
            bans: Arc::new(ListedBans::default()),
            visitors: Arc::default(),
        };
        let mut store = None;
        let _ = builder.pairing(|pairing| {
            store = Some(pairing.node(Incarnation::from_bits(0)));
            pairing
        });
        let store = store.unwrap_or_else(|| unreachable!("it was just made"));
        let mut cluster = Self {
            office: PostOffice::new(clock.clone()),
            clock,
            store,
            nodes: Vec::new(),
            incarnations: 0,
            world,
            make: Box::new(make),
            change,
        };
        for number in 0..nodes {
            let member = cluster.member(number);
            cluster.nodes.push(member);
        }
        for node in 0..nodes {
            cluster.begin(node, Chore::Beat);
        }
        cluster.deliver();
        // They take nobody in before.
        cluster.pass(INTRODUCTION);
        cluster
    }

    fn member(&mut self, number: usize) -> Member<S> {
        self.incarnations += 1;
        let own = Incarnation::from_bits(100 + self.incarnations);
        let change = self.change;
        let chat = chat()
            .pairing(|_| (self.make)(self.store.node(own), self.clock.clone()))
            .among(self.office.open(own), &self.world)
            .options(|options| {
                options.deployment = Deployment::Shared;
                options.node = NodeId::parse(&format!("node-{number}")).unwrap_or_else(|_| NodeId::unnamed());
                change(options);
            })
            .start();
        chat.tick();
        Member {
            chat: Arc::new(chat),
            own,
            life: Life::Running,
            tasks: Vec::new(),
            waited: Millis::ZERO,
        }
    }

    /// How many nodes there are, also those that are dead.
    pub fn size(&self) -> usize {
        self.nodes.len()
    }

    /// Who a node is, in its present life.
    pub fn incarnation(&self, node: usize) -> Incarnation {
        self.nodes[node].own
    }

    /// A node, to be held by more than one.
    pub fn share(&self, node: usize) -> Arc<ClusterChat<S>> {
        self.nodes[node].chat.clone()
    }

    /// Whether a node is neither dead nor stalled.
    pub fn is_running(&self, node: usize) -> bool {
        self.nodes[node].life == Life::Running
    }

    /// Whether a node is dead.
    pub fn is_dead(&self, node: usize) -> bool {
        self.nodes[node].life == Life::Dead
    }

    /// A node dies, with all that it was doing.
    pub fn kill(&mut self, node: usize) {
        self.office.close(self.nodes[node].own);
        self.nodes[node].life = Life::Dead;
        self.nodes[node].tasks.clear();
    }

    /// A node is started again, in a new life.
    pub fn restart(&mut self, node: usize) {
        self.kill(node);
        self.nodes[node] = self.member(node);
        self.begin(node, Chore::Beat);
        self.deliver();
    }

    /// A node does not run for a while.
    pub fn stall(&mut self, node: usize) {
        self.nodes[node].life = Life::Stalled;
    }

    /// It runs again, and looks at its clock first.
    pub fn wake(&mut self, node: usize) {
        if self.nodes[node].life == Life::Stalled {
            self.nodes[node].life = Life::Running;
            self.nodes[node].chat.tick();
        }
    }

    /// As [`Self::wake`], and the store hears that it lives.
    pub fn wake_and_beat(&mut self, node: usize) {
        self.wake(node);
        self.begin(node, Chore::Beat);
        self.work();
    }

    /// Begins a chore, unless the node is at one of that kind.
    pub fn begin(&mut self, node: usize, chore: Chore) {
        let member = &mut self.nodes[node];
        let is_at_it = member.tasks.iter().any(|(task, _)| *task == chore);
        if member.life != Life::Running || (is_at_it && chore != Chore::Errand) {
            return;
        }
        let chat = member.chat.share();
        let task: Task = match chore {
            Chore::Beat => Box::pin(async move {
                // A heartbeat that failed is made up for by the next one.
                let _ = chat.beat().await;
            }),
            Chore::Tend => Box::pin(async move { chat.tend().await }),
            Chore::Reap => Box::pin(async move { chat.reap().await }),
            Chore::Errand => return,
        };
        self.nodes[node].tasks.push((chore, task));
    }

    /// Gives a node something to do.
    pub fn spawn(&mut self, node: usize, errand: impl Future<Output = ()> + Send + 'static) {
        self.nodes[node].tasks.push((Chore::Errand, Box::pin(errand)));
    }

    /// How many things a node is at.
    pub fn tasks(&self, node: usize) -> usize {
        self.nodes[node].tasks.len()
    }

    /// Lets a node go on with one of them. True if that is done.
    pub fn poll(&mut self, node: usize, task: usize) -> bool {
        let member = &mut self.nodes[node];
        if member.life != Life::Running || task >= member.tasks.len() {
            return false;
        }
        let mut context = Context::from_waker(Waker::noop());
        let is_done = member.tasks[task].1.as_mut().poll(&mut context).is_ready();
        if is_done {
            drop(member.tasks.swap_remove(task));
        }
        is_done
    }

    /// Carries the next letter from one node to another. False if none can be.
    pub fn carry(&mut self, from: Incarnation, to: Incarnation) -> bool {
        let member = self.nodes.iter_mut().find(|member| member.own == to);
        let Some(member) = member.filter(|member| member.life == Life::Running) else {
            return false;
        };
        let mut desk = Desk {
            chat: member.chat.share(),
            tasks: &mut member.tasks,
        };
        let carried = self.office.take(from, to, &mut desk);
        desk.chat.flush_received();
        carried
    }

    /// Carries all letters, and does all that they lead to, until nothing is left that can be done.
    ///
    /// # Panics
    /// If there is always more to do.
    pub fn deliver(&mut self) {
        for _ in 0..ENDLESS {
            let mut is_quiet = true;
            for (from, to) in self.office.waiting() {
                is_quiet &= !self.carry(from, to);
            }
            is_quiet &= !self.work();
            if is_quiet {
                return;
            }
        }
        let waiting = self.office.waiting().into_iter();
        let letters: Vec<_> = waiting.map(|(from, to)| self.office.kinds(from, to)).collect();
        panic!("letters lead to letters for ever: {letters:?}");
    }

    /// Lets all nodes go on with all they are at. True if something was done.
    pub fn work(&mut self) -> bool {
        let mut has_done = false;
        for node in 0..self.nodes.len() {
            for task in (0..self.nodes[node].tasks.len()).rev() {
                has_done |= self.poll(node, task);
            }
        }
        has_done
    }

    /// Lets time pass, a quarter of a second at a time, with all that nodes do meanwhile.
    pub fn pass(&mut self, span: Millis) {
        let mut left = span.get();
        while left > 0 {
            let step = left.min(TICK.get());
            left -= step;
            self.clock.advance(Millis::new(step));
            self.keep_up(Millis::new(step));
            self.deliver();
        }
    }

    /// What nodes do by the clock, after `passed`.
    pub fn keep_up(&mut self, passed: Millis) {
        for node in 0..self.nodes.len() {
            if !self.is_running(node) {
                continue;
            }
            self.nodes[node].chat.tick();
            let waited = self.nodes[node].waited + passed;
            self.nodes[node].waited = waited;
            if waited >= BEAT {
                self.nodes[node].waited = Millis::ZERO;
                self.begin(node, Chore::Beat);
            }
            self.begin(node, Chore::Reap);
            self.begin(node, Chore::Tend);
        }
    }

    /// Does something that may have to wait for letters; time passes only if it has to wait for that too.
    pub fn finish<T>(&mut self, future: impl Future<Output = T>) -> T {
        let mut future = pin!(future);
        let mut context = Context::from_waker(Waker::noop());
        loop {
            if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
                self.deliver();
                return output;
            }
            let before = self.office.waiting().len();
            self.deliver();
            if before == 0 {
                self.clock.advance(Millis::new(100));
            }
        }
    }

    /// Somebody comes to a node.
    ///
    /// # Panics
    /// If they are not let in.
    pub fn visit(&mut self, node: usize, visit: Visit) -> Guest<S> {
        let chat = self.share(node);
        match self.finish(async move { chat.visit(visit).await }) {
            Ok(visitor) => visitor,
            Err(error) => panic!("nobody is let in: {error}"),
        }
    }

    /// Somebody comes to a node for the queue and wants anybody. All letters are carried.
    ///
    /// # Panics
    /// If they are not let in.
    pub fn visitor(&mut self, node: usize) -> Guest<S> {
        self.visit(node, Visit::default())
    }

    /// Two come, each to a node, and are paired with each other; what they heard of it is read already.
    ///
    /// # Panics
    /// If they are not.
    pub fn pair(&mut self, nodes: [usize; 2]) -> [Guest<S>; 2] {
        let pair = nodes.map(|node| self.visitor(node));
        assert!(!pair[0].chat().is_empty(), "the first is paired");
        assert_eq!(pair[0].chat(), pair[1].chat(), "they are paired with each other");
        for guest in &pair {
            guest.hears();
        }
        pair
    }

    /// Somebody comes back to a node with the token of their last welcome, having seen the events up to `seen`. `None`
    /// if it takes nothing back.
    ///
    /// # Panics
    /// If the store does not answer, or they are banned.
    pub fn come_back(&mut self, node: usize, guest: &Guest<S>, seen: u64) -> Option<Guest<S>> {
        let chat = self.share(node);
        let token = guest.token().0;
        match self.finish(async move { chat.come_back(guest, &token, seen).await }) {
            Ok(guest) => guest,
            Err(error) => panic!("they do not come back: {error}"),
        }
    }

    /// As [`Self::come_back`], while no letter is carried: nobody who is asked for the seat answers.
    ///
    /// # Panics
    /// If they do not come back.
    pub fn come_back_unheard(&mut self, node: usize, guest: &Guest<S>, seen: u64) -> Guest<S> {
        let (chat, token) = (self.share(node), guest.token().0);
        let mut coming = pin!(chat.come_back(guest, &token, seen));
        let mut context = Context::from_waker(Waker::noop());
        loop {
            match coming.as_mut().poll(&mut context) {
                Poll::Ready(Ok(Some(guest))) => return guest,
                Poll::Ready(_) => panic!("they do not come back"),
                Poll::Pending => self.clock.advance(Millis::new(100)),
            }
        }
    }
}

impl<S: PairingStore> Index<usize> for TestCluster<S> {
    type Output = ClusterChat<S>;

    fn index(&self, node: usize) -> &Self::Output {
        &self.nodes[node].chat
    }
}

impl<S: PairingStore> fmt::Debug for TestCluster<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestCluster")
            .field("nodes", &self.nodes.len())
            .finish_non_exhaustive()
    }
}

/// Where a node reads its letters.
struct Desk<'a, S: PairingStore> {
    chat: Arc<Chat<ClusterPorts<S>>>,
    tasks: &'a mut Vec<(Chore, Task)>,
}

impl<S: PairingStore> Reader for Desk<'_, S> {
    fn gap(&mut self, _from: Incarnation) {
        self.chat.letters_lost();
    }

    fn read(&mut self, from: Incarnation, letter: Letter<'_>) {
        if let Some(followup) = self.chat.receive(from, letter) {
            self.tasks.push((Chore::Errand, followup));
        }
    }

    fn hand_over(&mut self, from: Incarnation, request: HandoverRequest) -> Option<HandoverAnswer> {
        self.chat.hand_over(from, request)
    }
}
