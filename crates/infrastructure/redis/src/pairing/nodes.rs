//! The lives of nodes: heartbeats, comparing, and forgetting the dead.

use super::calls::{Patience, digits, number};
use super::memory::Seen;
use super::record::{Record, generation, node, read_seat, seat};
use super::{RedisPairing, TimeSource};
use crate::connection::Failure;
use crate::time::RedisMillis;
use passerby_application::ports::{Belief, Believed, Difference, Pulse, Stamp, StoreError};
use passerby_domain::id::{Generation, Incarnation, NodeId, UserId};
use passerby_domain::notice::Census;
use passerby_domain::time::Millis;

/// How long a node that is not heard from counts as alive.
pub(super) const LEASE: Millis = Millis::from_secs(5);

/// How far apart two looks at a node must be that agree that it is dead.
const SECOND_LOOK: Millis = Millis::from_secs(1);

/// How much longer to wait when more than half of all nodes look dead: it is more likely that Redis was away.
const MAJORITY: Millis = Millis::from_secs(10);

/// How much longer than the longest grace the seats of a dead node are kept.
const MARGIN: Millis = Millis::from_secs(2);

/// How many seats one script looks at when it forgets.
const SOME: u64 = 200;

/// How many such scripts one call runs.
const ROUNDS: usize = 20;

/// How many seats are listed at once.
const OWNED: usize = 500;

/// How long the sums of a census are.
const SUMS: usize = 24;

/// How many beliefs one script compares.
const BELIEFS: usize = 500;

impl RedisPairing {
    pub(super) async fn beat(&self, name: &NodeId, own: Census) -> Result<Pulse, StoreError> {
        let asked = self.caller.time.moment();
        let counts = [own.online, own.waiting, own.chatting].map(|count| count.to_string());
        let lease = LEASE.get().to_string();
        let epoch = self.new_epoch();
        let args: [&[u8]; 6] = [
            name.as_str().as_bytes(),
            counts[0].as_bytes(),
            counts[1].as_bytes(),
            counts[2].as_bytes(),
            lease.as_bytes(),
            &epoch,
        ];
        let link = self.caller.redis.link_epoch();
        // Its own time may have made a leap: a heartbeat is never too late to learn that.
        let (script, keys) = (&self.caller.scripts.heartbeat, self.caller.keys.all());
        let answer = self.caller.call(script, &keys, Patience::Endless, &args).await?;
        let [time, epoch, lease, sums, peers @ ..] = answer.as_slice() else {
            return Err(Failure::shape());
        };
        let time = number(time).ok_or_else(Failure::shape)?;
        let (sums, namesake) = sums.split_at_checked(SUMS).ok_or_else(Failure::shape)?;
        if !namesake.is_empty() {
            self.anomalies.note_namesake(name);
        }
        if self.options.time == TimeSource::Redis {
            self.caller.time.learn(asked, RedisMillis(time));
        }
        let seen = Seen {
            epoch: epoch.clone(),
            link,
            time,
            at: self.caller.time.moment(),
        };
        Ok(Pulse {
            census: census(sums).ok_or_else(Failure::shape)?,
            peers: peers
                .chunks(2)
                .map(peer)
                .collect::<Option<_>>()
                .ok_or_else(Failure::shape)?,
            memory: self.memory.note(seen, number(lease)),
        })
    }

    /// A name for the memory of Redis, should it have none. It differs from all others, as the incarnation does.
    fn new_epoch(&self) -> Vec<u8> {
        let mut name = node(self.options.incarnation).to_vec();
        name.extend_from_slice(&self.caller.time.moment().as_millis().to_be_bytes());
        name
    }

    pub(super) async fn compare(&self, beliefs: &[Belief]) -> Result<Vec<Difference>, StoreError> {
        let offset = self.caller.offset().await?;
        let mut differences = Vec::new();
        for some in beliefs.chunks(BELIEFS) {
            let mut told = Vec::with_capacity(some.len() * 41);
            for belief in some {
                told.extend_from_slice(&seat(belief.stamp.seat));
                told.extend_from_slice(&generation(belief.stamp.generation));
                let (kind, chat) = match &belief.standing {
                    Believed::Waiting => (b'w', None),
                    Believed::Chatting(chat) => (b'c', Some(chat)),
                    Believed::Resting => (b'r', None),
                };
                told.push(kind);
                told.extend_from_slice(chat.map_or(&[0; 16][..], |chat| chat.as_str().as_bytes()));
            }
            let (script, keys) = (&self.caller.scripts.verify, [&self.caller.keys.book]);
            let patience = Patience::Usual(offset);
            let args: [&[u8]; 1] = [&told];
            let answer = self.caller.call(script, &keys, patience, &args).await?;
            for word in answer {
                differences.push(difference(&word, some).ok_or_else(Failure::shape)?);
            }
        }
        Ok(differences)
    }

    /// Some of the seats that `owners` has of this node, from the first behind `after` on.
    pub(super) async fn list_own(&self, after: Option<UserId>) -> Result<Vec<Stamp>, StoreError> {
        let own = node(self.options.incarnation);
        let from = after.map_or_else(
            || [&b"("[..], &own].concat(),
            |after| [&b"("[..], &own, b"\0", &seat(after)].concat(),
        );
        let to = [&b"("[..], &own, b"\x01"].concat();
        let (owners, book) = (&self.caller.keys.owners, &self.caller.keys.book);
        let mut question = crate::client::cmd("ZRANGEBYLEX");
        question.arg(owners.as_str()).arg(from).arg(to);
        question.arg("LIMIT").arg(0).arg(OWNED);
        let members: Vec<Vec<u8>> = self.caller.redis.command(owners, &question).await?;
        if members.is_empty() {
            return Ok(Vec::new());
        }
        let seats = members
            .iter()
            .map(|member| read_seat(member.get(own.len() + 1..)?));
        let seats = seats.collect::<Option<Vec<_>>>().ok_or_else(Failure::shape)?;
        let mut question = crate::client::cmd("HMGET");
        question.arg(book.as_str());
        for user in &seats {
            question.arg(&seat(*user)[..]);
        }
        let records: Vec<Option<Vec<u8>>> = self.caller.redis.command(book, &question).await?;
        let stamps = seats.into_iter().zip(records).map(|(seat, record)| {
            // One that has gone, or was taken, between the two questions is of no generation that anybody knows: what is said
            // of it as of that changes nothing.
            let record = record.and_then(|record| Record::read(&record));
            let record = record.filter(|record| record.owner == self.options.incarnation);
            let generation = record.map_or_else(Generation::default, |record| record.generation);
            Stamp { seat, generation }
        });
        Ok(stamps.collect())
    }

    pub(super) async fn forget_dead(&self) -> Result<(), StoreError> {
        let offset = self.caller.offset().await?;
        let numbers = [
            SECOND_LOOK.get(),
            MAJORITY.get(),
            (self.options.longest_grace + MARGIN).get(),
            SOME,
            LEASE.get(),
        ]
        .map(|number| number.to_string());
        let args: [&[u8]; 5] = [0, 1, 2, 3, 4].map(|place: usize| numbers[place].as_bytes());
        for _ in 0..ROUNDS {
            let (script, keys) = (&self.caller.scripts.reap, self.caller.keys.all());
            let answer = self
                .caller
                .call(script, &keys[..7], Patience::Usual(offset), &args);
            let answer = answer.await?;
            let [word, _, strays] = answer.as_slice() else {
                return Err(Failure::shape());
            };
            self.anomalies
                .note_strays(digits(strays).ok_or_else(Failure::shape)?);
            if word != b"more" {
                break;
            }
        }
        Ok(())
    }
}

fn census(sums: &[u8]) -> Option<Census> {
    let mut sums = sums.chunks(8).map(number);
    let mut next = || sums.next().flatten();
    Some(Census {
        online: next()?,
        waiting: next()?,
        chatting: next()?,
    })
}

fn peer(words: &[Vec<u8>]) -> Option<(Incarnation, Millis)> {
    let [peer, silent] = words else { return None };
    Some((
        Incarnation::from_bits(number(peer)?),
        Millis::new(number(silent)?),
    ))
}

fn difference(word: &[u8], beliefs: &[Belief]) -> Option<Difference> {
    let (kind, rest) = word.split_first()?;
    let (generation, place) = rest.split_at_checked(if matches!(kind, b'g' | b'e') { 8 } else { 0 })?;
    let place = usize::try_from(digits(place)?).ok()?;
    let seat = beliefs.get(place)?.stamp.seat;
    let stamp = || {
        let generation = Generation::new(number(generation)?);
        Some(Stamp { seat, generation })
    };
    match kind {
        b'u' => Some(Difference::Unlike(seat)),
        b't' => Some(Difference::Taken(seat)),
        b'g' => stamp().map(Difference::Given),
        b'e' => stamp().map(Difference::Ended),
        _ => None,
    }
}
