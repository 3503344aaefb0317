//! Where the figures of a row go.

use std::fs;
use std::time::Duration;

use passerby_tests::swarm::{Happened, Happening, story};

/// Prints the line of a row, and leaves it for the table.
pub(crate) fn row(name: &str, what: &str, figures: &str) {
    let line = format!("{name} | {what} | {figures}");
    eprintln!("{line}");
    if let Some(folder) = std::env::var_os("PASSERBY_FAULTS_TABLE") {
        let folder = std::path::PathBuf::from(folder);
        fs::create_dir_all(&folder).expect("a folder can be made");
        let file = format!(
            "{}.txt",
            what.replace(|letter: char| !letter.is_alphanumeric(), "-")
        );
        fs::write(folder.join(format!("{name}-{file}")), format!("{line}\n")).expect("a file can be written");
    }
}

/// Seconds with one digit.
pub(crate) fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

/// How many of these happened.
pub(crate) fn count(happened: &[Happened], is: impl Fn(&Happening) -> bool) -> usize {
    happened.iter().filter(|happened| is(&happened.what)).count()
}

/// How many chats ended for this reason.
pub(crate) fn ended(happened: &[Happened], reason: &str) -> usize {
    count(happened, |what| *what == Happening::Ended(reason.to_owned()))
}

/// How many commands were refused with this code.
pub(crate) fn refused(happened: &[Happened], code: &str) -> usize {
    count(happened, |what| *what == Happening::Refused(code.to_owned()))
}

/// How many connections were closed with this code.
pub(crate) fn closed(happened: &[Happened], code: Option<u16>) -> usize {
    count(happened, |what| *what == Happening::Closed(code))
}

/// What those went through who were lost, or whose partners were.
pub(crate) fn stories_of_the_lost(happened: &[Happened]) -> Vec<String> {
    stories_where(happened, |what| match what {
        Happening::Lost => true,
        Happening::Ended(reason) => ["partner_disconnected", "lost"].contains(&reason.as_str()),
        _ => false,
    })
}

/// What those went through to whom this happened.
pub(crate) fn stories_where(happened: &[Happened], is_one: impl Fn(&Happening) -> bool) -> Vec<String> {
    let those = happened.iter().filter(|happened| is_one(&happened.what));
    let seats: Vec<_> = those.map(|happened| happened.seat).collect();
    story(happened, &seats)
}

/// Resumes and, of these, those with a gap; seats that were lost; the longest time without a connection.
pub(crate) fn returns(happened: &[Happened]) -> (usize, usize, usize, Duration) {
    let mut longest = Duration::ZERO;
    let (mut resumed, mut gaps) = (0, 0);
    for happened in happened {
        if let Happening::Resumed { gap, after, .. } = happened.what {
            resumed += 1;
            gaps += usize::from(gap);
            longest = longest.max(after);
        }
    }
    (
        resumed,
        gaps,
        count(happened, |what| *what == Happening::Lost),
        longest,
    )
}
