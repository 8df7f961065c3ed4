//! Texts of a peer made fit for a terminal or a log: nothing in them moves a cursor or turns the direction of writing.

/// Length of a name, a signature or a line of documentation as it is shown, in characters.
const NAME_CHARS_MAX: usize = 100;

/// Whether a character does something to what is around it instead of being shown.
fn is_active(c: char) -> bool {
    matches!(c,
        // C0, DEL and C1.
        '\0'..='\x1f' | '\x7f'..='\u{9f}'
        // Marks, embeddings, overrides and isolates of the direction of writing.
        | '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        // Separators that end a line without being a control character.
        | '\u{2028}' | '\u{2029}')
}

/// A text with all that is not simply shown written as `\n`, `\t` or `\u{...}`: control characters, line separators and
/// marks that change the direction of writing. Whatever prints texts that a peer has sent prints them through this.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    text.chars().for_each(|c| push(&mut out, c));
    out
}

/// Adds one character, escaped.
pub(super) fn push(out: &mut String, c: char) {
    match c {
        '\n' | '\r' | '\t' => out.extend(c.escape_default()),
        c if is_active(c) => out.extend(c.escape_unicode()),
        c => out.push(c),
    }
}

/// As [`escape`], cut where it gets long: for names and other short texts, which stand without quotes.
pub(super) fn name(text: &str) -> String {
    let mut out = String::new();
    let mut chars = text.chars();
    chars.by_ref().take(NAME_CHARS_MAX).for_each(|c| push(&mut out, c));
    if chars.next().is_some() {
        out.push_str("...");
    }
    out
}
