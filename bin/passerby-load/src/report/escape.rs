//! Text inside HTML.
//!
//! **Architecture Invariants:** whatever goes into a report that is not a constant of ours goes through here, numbers
//! apart: addresses, ids and texts come from outside.

/// The text as HTML shows it, in an element or between quotes in an attribute.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\n' | '\t' => escaped.push(character),
            // HTML has no way to write these.
            _ if character.is_control() => escaped.push('\u{fffd}'),
            _ => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_means_something_to_html_is_left() {
        let escaped = escape("<a href=\"x\" title='y'>&amp;\u{0}\u{1b}[2J\n</a>");
        assert_eq!(
            escaped,
            "&lt;a href=&quot;x&quot; title=&#39;y&#39;&gt;&amp;amp;\u{fffd}\u{fffd}[2J\n&lt;/a&gt;"
        );
    }

    #[test]
    fn plain_text_stays_as_it_is() {
        assert_eq!(escape("p99 é 日 12"), "p99 é 日 12");
    }
}
