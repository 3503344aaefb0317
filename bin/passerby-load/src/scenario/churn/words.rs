//! What users say to each other: texts that tell where they come from.
//!
//! **Architecture Invariants:** a text is made of its run, chat, sender and number alone, so whoever receives it can make
//! it again and see that not a byte was changed.

use crate::checker::book::Said;

/// The text of a message, of this many bytes or a little more.
pub(super) fn text(seed: u64, said: Said<'_>, bytes: usize) -> String {
    let Said { chat, sender, number } = said;
    let mut text = format!("{seed:x} {chat} {sender} {number} ");
    text.extend(std::iter::repeat_n('x', bytes.saturating_sub(text.len()).max(1)));
    text
}

/// Whose message a text is, if it is one of this run and unchanged.
pub(super) fn read(seed: u64, received: &str, bytes: usize) -> Option<Said<'_>> {
    let mut parts = received.split(' ');
    let (_seed, chat, sender, number) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let said = Said {
        chat,
        sender: sender.parse().ok()?,
        number: number.parse().ok()?,
    };
    (text(seed, said, bytes) == received).then_some(said)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: Said<'_> = Said {
        chat: "abc-_9",
        sender: 7,
        number: 12,
    };

    #[test]
    fn a_text_tells_whose_it_is() {
        for bytes in [1, 16, 100, 2000] {
            let text = text(99, SAID, bytes);
            assert!(text.len() >= bytes);
            assert_eq!(read(99, &text, bytes), Some(SAID));
        }
        assert_eq!(text(99, SAID, 100).len(), 100);
    }

    #[test]
    fn a_changed_text_and_one_of_another_run_are_nobodys() {
        let text = text(99, SAID, 100);
        assert_eq!(read(98, &text, 100), None);
        assert_eq!(read(99, &text.replace("xx", "xy"), 100), None);
        assert_eq!(read(99, text.trim_end_matches('x'), 100), None);
        assert_eq!(read(99, "hello", 100), None);
        assert_eq!(read(99, "", 100), None);
    }
}
