//! What waits to be sent to one node.
//!
//! Frames are appended to chunks that lie in memory as they will be sent, with room for the header in front. A chunk is
//! closed when it is as long as a batch may be, or when it is taken.
//!
//! **Architecture Invariants.** The queue is bounded by bytes and by frames, and so is each chunk. Appending a frame
//! allocates nothing but what the chunk grows by. An empty queue keeps at most one small buffer.

use super::envelope::HEADER_BYTES;
use passerby_application::ports::Unsent;
use passerby_domain::time::Moment;
use std::collections::VecDeque;

/// A batch is not made longer than this, but by a single frame.
const BATCH_BYTES: usize = 512 * 1024;
/// The longest frame.
const FRAME_BYTES: usize = 1024 * 1024;
/// The longest buffer that is kept for the next batch.
const SPARE_BYTES: usize = 64 * 1024;

/// How much may wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bounds {
    /// In bytes.
    pub(super) bytes: usize,
    /// In frames.
    pub(super) frames: usize,
}

/// Frames that are sent together.
#[derive(Debug, Default)]
pub(super) struct Chunk {
    /// Room for the header, and the frames.
    pub(super) bytes: Vec<u8>,
    /// How many.
    pub(super) frames: usize,
    /// When the first one was appended: all of them are worth something for so long.
    pub(super) since: Moment,
}

/// What waits, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Queue {
    chunks: VecDeque<Chunk>,
    /// Without the room for headers.
    bytes: usize,
    frames: usize,
    spare: Vec<u8>,
}

impl Queue {
    pub(super) fn is_empty(&self) -> bool {
        self.frames == 0
    }

    /// Whether there is room for a frame of any size.
    pub(super) fn has_room(&self, bounds: Bounds) -> bool {
        self.frames < bounds.frames && self.bytes + FRAME_BYTES <= bounds.bytes
    }

    /// Appends the frame that `write` writes.
    ///
    /// # Errors
    /// [`Unsent::Full`]: nothing was appended.
    pub(super) fn push(
        &mut self,
        bounds: Bounds,
        now: impl FnOnce() -> Moment,
        write: impl FnOnce(&mut Vec<u8>),
    ) -> Result<(), Unsent> {
        if self.frames >= bounds.frames {
            return Err(Unsent::Full);
        }
        if self
            .chunks
            .back()
            .is_none_or(|chunk| chunk.bytes.len() >= BATCH_BYTES)
        {
            let chunk = self.begin(now());
            self.chunks.push_back(chunk);
        }
        let Some(chunk) = self.chunks.back_mut() else {
            return Err(Unsent::Full);
        };
        let start = chunk.bytes.len();
        write(&mut chunk.bytes);
        let length = chunk.bytes.len() - start;
        if length > FRAME_BYTES || self.bytes + length > bounds.bytes {
            chunk.bytes.truncate(start);
            if chunk.frames == 0 {
                self.chunks.pop_back();
            }
            return Err(Unsent::Full);
        }
        self.bytes += length;
        self.frames += 1;
        if chunk.bytes.len() <= BATCH_BYTES || chunk.frames == 0 {
            chunk.frames += 1;
            return Ok(());
        }
        // It goes alone, or with what comes after it.
        let frame = chunk.bytes.split_off(start);
        let since = chunk.since;
        let mut next = self.begin(since);
        next.bytes.extend_from_slice(&frame);
        next.frames = 1;
        self.chunks.push_back(next);
        Ok(())
    }

    /// The next batch.
    pub(super) fn take(&mut self) -> Option<Chunk> {
        let chunk = self.chunks.pop_front()?;
        self.frames -= chunk.frames;
        self.bytes -= chunk.bytes.len() - HEADER_BYTES;
        Some(chunk)
    }

    /// Gives the buffer of a batch back.
    pub(super) fn give_back(&mut self, mut buffer: Vec<u8>) {
        if buffer.capacity() <= SPARE_BYTES && self.spare.capacity() == 0 {
            buffer.clear();
            self.spare = buffer;
        }
    }

    fn begin(&mut self, since: Moment) -> Chunk {
        let mut bytes = std::mem::take(&mut self.spare);
        bytes.resize(HEADER_BYTES, 0);
        Chunk {
            bytes,
            frames: 0,
            since,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Bounds = Bounds {
        bytes: 4 * 1024 * 1024,
        frames: 1_000,
    };

    fn push(queue: &mut Queue, length: usize) -> Result<(), Unsent> {
        queue.push(
            BOUNDS,
            || Moment::ORIGIN,
            |bytes| bytes.extend(std::iter::repeat_n(7, length)),
        )
    }

    fn taken(queue: &mut Queue) -> Option<(usize, usize)> {
        let chunk = queue.take()?;
        Some((chunk.bytes.len() - HEADER_BYTES, chunk.frames))
    }

    #[test]
    fn what_waits_is_taken_together_and_in_order() {
        let mut queue = Queue::default();
        for letter in 1..=3_u8 {
            queue
                .push(BOUNDS, || Moment::ORIGIN, |bytes| bytes.push(letter))
                .unwrap();
        }
        assert_eq!(queue.take().unwrap().bytes[HEADER_BYTES..], [1, 2, 3]);
        assert!(queue.is_empty() && queue.take().is_none());
    }

    #[test]
    fn a_batch_is_no_longer_than_it_may_be_unless_one_frame_is() {
        let mut queue = Queue::default();
        push(&mut queue, 400 * 1024).unwrap();
        push(&mut queue, 100 * 1024).unwrap();
        push(&mut queue, 900 * 1024).unwrap();
        push(&mut queue, 10).unwrap();
        push(&mut queue, BATCH_BYTES).unwrap();
        push(&mut queue, 1).unwrap();
        assert_eq!(taken(&mut queue), Some((500 * 1024, 2)));
        assert_eq!(taken(&mut queue), Some((900 * 1024, 1)));
        assert_eq!(taken(&mut queue), Some((10, 1)));
        assert_eq!(taken(&mut queue), Some((BATCH_BYTES, 1)));
        assert_eq!(taken(&mut queue), Some((1, 1)));
        assert_eq!(taken(&mut queue), None);
    }

    #[test]
    fn a_frame_too_long_or_too_many_is_refused_and_leaves_nothing() {
        let mut queue = Queue::default();
        assert_eq!(push(&mut queue, FRAME_BYTES + 1), Err(Unsent::Full));
        assert!(queue.take().is_none());
        for _ in 0..4 {
            push(&mut queue, FRAME_BYTES).unwrap();
        }
        assert!(!queue.has_room(BOUNDS));
        assert_eq!(push(&mut queue, 1), Err(Unsent::Full));
        taken(&mut queue).unwrap();
        assert!(queue.has_room(BOUNDS));
        push(&mut queue, 1).unwrap();
        let mut queue = Queue::default();
        for _ in 0..BOUNDS.frames {
            push(&mut queue, 1).unwrap();
        }
        assert_eq!(push(&mut queue, 1), Err(Unsent::Full));
        assert_eq!(taken(&mut queue), Some((BOUNDS.frames, BOUNDS.frames)));
    }

    #[test]
    fn a_small_buffer_is_used_again_and_a_large_one_is_not_kept() {
        let mut queue = Queue::default();
        push(&mut queue, 100).unwrap();
        let buffer = queue.take().unwrap().bytes;
        let place = buffer.as_ptr();
        queue.give_back(buffer);
        push(&mut queue, 10).unwrap();
        assert_eq!(queue.take().unwrap().bytes.as_ptr(), place);
        queue.give_back(Vec::with_capacity(SPARE_BYTES + 1));
        assert_eq!(queue.spare.capacity(), 0);
    }
}
