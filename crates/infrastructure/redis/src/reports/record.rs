//! A report as bytes, before it is sealed.
//!
//! **Architecture Invariant:** what is read is what was written, or nothing: bytes of another form or a later version are
//! no report.

use crate::offence;
use passerby_application::ports::{Report, ReportId};
use passerby_domain::id::{ChatId, Origin, UserId};
use passerby_domain::text::Detail;
use passerby_domain::time::UnixMillis;

const VERSION: u8 = 1;

/// Everything but the number, which the store gives.
pub(super) fn write(report: &Report) -> Vec<u8> {
    let mut bytes = vec![VERSION, offence::number(report.offence)];
    bytes.extend_from_slice(&report.at.0.to_be_bytes());
    bytes.extend_from_slice(report.chat.as_str().as_bytes());
    bytes.extend_from_slice(&report.reporter.bits().to_be_bytes());
    bytes.extend_from_slice(&report.reported.bits().to_be_bytes());
    bytes.extend_from_slice(&report.reported_origin.bits().to_be_bytes());
    // An empty detail is not the same as none.
    match &report.detail {
        None => bytes.push(0),
        Some(detail) => {
            bytes.push(1);
            bytes.extend_from_slice(detail.as_str().as_bytes());
        }
    }
    bytes
}

/// The report that was written.
pub(super) fn read(id: ReportId, bytes: &[u8]) -> Option<Report> {
    let mut rest = bytes;
    let [version, offence] = take(&mut rest)?;
    if version != VERSION {
        return None;
    }
    let at = UnixMillis(u64::from_be_bytes(take(&mut rest)?));
    let chat: ChatId = std::str::from_utf8(&take::<16>(&mut rest)?).ok()?.parse().ok()?;
    let [reporter, reported, origin] = [
        take(&mut rest).map(u128::from_be_bytes)?,
        take(&mut rest).map(u128::from_be_bytes)?,
        take(&mut rest).map(u128::from_be_bytes)?,
    ];
    let detail = match take(&mut rest)? {
        [0] if rest.is_empty() => None,
        [1] => Some(Detail::parse(std::str::from_utf8(rest).ok()?).ok()?),
        _ => return None,
    };
    Some(Report {
        id,
        at,
        chat,
        reporter: UserId::from_bits(reporter),
        reported: UserId::from_bits(reported),
        reported_origin: Origin::from_bits(origin),
        offence: offence::from_number(offence)?,
        detail,
    })
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, left) = rest.split_first_chunk()?;
    *rest = left;
    Some(*taken)
}
