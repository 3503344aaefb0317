//! WebSocket frames made by hand, also those that no library would send.

use std::fmt::Write as _;

/// A frame as a client would send it, until a part of it is made wrong on purpose.
#[derive(Clone, Debug)]
pub struct Frame {
    first: u8,
    masked: bool,
    length: Length,
    payload: Vec<u8>,
}

#[derive(Clone, Copy, Debug)]
enum Length {
    Honest,
    /// Written in 8 bytes although fewer would do.
    Long,
    /// What the header claims, whatever follows.
    Claimed(u64),
}

const FIN: u8 = 0x80;
const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

impl Frame {
    /// A whole frame of this opcode.
    pub fn new(opcode: u8, payload: impl AsRef<[u8]>) -> Self {
        Self {
            first: FIN | opcode,
            masked: true,
            length: Length::Honest,
            payload: payload.as_ref().to_vec(),
        }
    }

    /// A whole text frame.
    pub fn text(payload: impl AsRef<[u8]>) -> Self {
        Self::new(1, payload)
    }

    /// A whole binary frame.
    pub fn binary(payload: impl AsRef<[u8]>) -> Self {
        Self::new(2, payload)
    }

    /// The last frame of a fragmented message.
    pub fn continuation(payload: impl AsRef<[u8]>) -> Self {
        Self::new(0, payload)
    }

    /// A ping.
    pub fn ping(payload: impl AsRef<[u8]>) -> Self {
        Self::new(9, payload)
    }

    /// A pong.
    pub fn pong(payload: impl AsRef<[u8]>) -> Self {
        Self::new(10, payload)
    }

    /// A close frame with a code and a reason.
    pub fn close(code: u16, reason: impl AsRef<[u8]>) -> Self {
        let mut payload = code.to_be_bytes().to_vec();
        payload.extend_from_slice(reason.as_ref());
        Self::new(8, payload)
    }

    /// More fragments follow.
    #[must_use]
    pub fn unfinished(mut self) -> Self {
        self.first &= !FIN;
        self
    }

    /// With these reserved bits (0x40, 0x20, 0x10) set.
    #[must_use]
    pub fn reserved(mut self, bits: u8) -> Self {
        self.first |= bits;
        self
    }

    /// Without a mask, as only a server may.
    #[must_use]
    pub fn unmasked(mut self) -> Self {
        self.masked = false;
        self
    }

    /// With the length in its longest form.
    #[must_use]
    pub fn long_length(mut self) -> Self {
        self.length = Length::Long;
        self
    }

    /// With a header that claims this length.
    #[must_use]
    pub fn claiming(mut self, length: u64) -> Self {
        self.length = Length::Claimed(length);
        self
    }

    /// The bytes of the frame.
    pub fn bytes(&self) -> Vec<u8> {
        let mask_bit = if self.masked { 0x80 } else { 0 };
        let mut bytes = vec![self.first];
        let honest = self.payload.len();
        match (self.length, honest) {
            (Length::Claimed(length), _) => {
                bytes.push(mask_bit + 127);
                bytes.extend_from_slice(&length.to_be_bytes());
            }
            (Length::Honest, 0..126) => bytes.push(mask_bit | u8::try_from(honest).expect("under 126")),
            (Length::Honest, 126..65_536) => {
                bytes.push(mask_bit + 126);
                bytes.extend_from_slice(&u16::try_from(honest).expect("under 65,536").to_be_bytes());
            }
            _ => {
                bytes.push(mask_bit + 127);
                bytes.extend_from_slice(&(honest as u64).to_be_bytes());
            }
        }
        if self.masked {
            bytes.extend_from_slice(&MASK);
            bytes.extend(
                self.payload
                    .iter()
                    .zip(MASK.iter().cycle())
                    .map(|(byte, mask)| byte ^ mask),
            );
        } else {
            bytes.extend_from_slice(&self.payload);
        }
        bytes
    }
}

/// A frame the server sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// 1 text, 8 close, 9 ping, 10 pong.
    pub opcode: u8,
    /// What it carries.
    pub payload: Vec<u8>,
}

impl Received {
    /// Takes one frame from the front of the buffer, if a whole one is there. A server's frame is whole, unmasked
    /// and has no reserved bit.
    pub fn take(buffer: &mut Vec<u8>) -> Option<Self> {
        let (first, second) = (*buffer.first()?, *buffer.get(1)?);
        assert!(
            first & 0xf0 == FIN,
            "a fragment or a reserved bit from the server: {}",
            hex(buffer)
        );
        assert!(
            second & 0x80 == 0,
            "a masked frame from the server: {}",
            hex(buffer)
        );
        let (length, start) = match second {
            126 => (
                u64::from(u16::from_be_bytes(buffer.get(2..4)?.try_into().ok()?)),
                4,
            ),
            127 => (u64::from_be_bytes(buffer.get(2..10)?.try_into().ok()?), 10),
            short => (u64::from(short), 2),
        };
        let end = start + usize::try_from(length).expect("a server's frame fits in memory");
        let payload = buffer.get(start..end)?.to_vec();
        buffer.drain(..end);
        Some(Self {
            opcode: first & 0x0f,
            payload,
        })
    }

    /// The code of a close frame, if it has one.
    pub fn close_code(&self) -> Option<u16> {
        let code = self.payload.get(..2).and_then(|code| code.try_into().ok())?;
        (self.opcode == 8).then(|| u16::from_be_bytes(code))
    }

    /// The payload as text.
    pub fn as_text(&self) -> &str {
        std::str::from_utf8(&self.payload).expect("a text frame is text")
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().take(32).fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x} ");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_take_the_form_that_fits() {
        let head = |size: usize| Frame::text(vec![0; size]).bytes()[1];
        assert_eq!(
            [head(125), head(126), head(65_535), head(65_536)],
            [0xfd, 0xfe, 0xfe, 0xff]
        );
    }

    #[test]
    fn an_unmasked_frame_reads_back() {
        let mut bytes = Frame::close(1002, "no").unmasked().bytes();
        let frame = Received::take(&mut bytes).expect("a whole frame");
        assert_eq!((frame.close_code(), bytes.len()), (Some(1002), 0));
    }
}
