//! SQL as words and statements, with comments and quotes as far as all databases agree on them.

use alloc::string::String;
use alloc::vec::Vec;

/// A text of SQL.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Script {
    /// The text, with a space for each comment.
    pub(crate) clean: String,
    /// True if there were comments.
    pub(crate) had_comments: bool,
    /// The words of each statement outside of quotes, in upper case.
    pub(crate) statements: Vec<Vec<String>>,
}

/// SQL that databases read in different ways, so that a statement could hide in it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Ambiguous;

/// Reads a text.
///
/// # Errors
///
/// If databases read it in different ways: a quote without its end, `\` or a comment in quotes of some kinds, `$$`, `#`, `/*!`,
/// a comment in a comment.
pub(crate) fn read(text: &str) -> Result<Script, Ambiguous> {
    let mut script = Script::default();
    let mut words = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let len = match first {
            '\'' | '"' => quoted(rest, first, &['\\'])?,
            '`' => quoted(rest, '`', &['\\', '\'', '"'])?,
            '[' => quoted(rest, ']', &['\'', '"', '`'])?,
            '#' => return Err(Ambiguous),
            '-' if rest.starts_with("--") => {
                script.had_comments = true;
                script.clean.push(' ');
                rest = rest.find(['\n', '\r']).map_or("", |end| &rest[end..]);
                continue;
            }
            '/' if rest.starts_with("/*") => {
                let end = rest[2..].find("*/").ok_or(Ambiguous)?;
                let inside = &rest[2..2 + end];
                if inside.starts_with(['!', 'M']) || inside.contains("/*") {
                    return Err(Ambiguous);
                }
                script.had_comments = true;
                script.clean.push(' ');
                rest = &rest[end + 4..];
                continue;
            }
            ';' => {
                script.statements.push(core::mem::take(&mut words));
                1
            }
            _ if is_of_word(first) => {
                let len = rest.find(|one| !is_of_word(one)).unwrap_or(rest.len());
                if rest[..len].contains('$') && !rest.starts_with('$') || rest.starts_with("$$") {
                    return Err(Ambiguous);
                }
                // `$tag$` begins a quote in one database.
                if first == '$' && rest[1..len].contains('$') {
                    return Err(Ambiguous);
                }
                words.push(rest[..len].to_ascii_uppercase());
                len
            }
            _ => first.len_utf8(),
        };
        script.clean.push_str(&rest[..len]);
        rest = &rest[len..];
    }
    script.statements.push(words);
    script.statements.retain(|words| !words.is_empty());
    Ok(script)
}

/// The length of what is quoted, with its quotes. A quote within is written twice.
fn quoted(text: &str, end: char, ambiguous: &[char]) -> Result<usize, Ambiguous> {
    let inside = &text[1..];
    let mut from = 0;
    loop {
        let at = from + inside[from..].find(end).ok_or(Ambiguous)?;
        if inside[at + 1..].starts_with(end) {
            from = at + 2;
            continue;
        }
        return if inside[..at].contains(ambiguous) { Err(Ambiguous) } else { Ok(at + 2) };
    }
}

/// True for what words are made of. Other letters are left out, as spaces of other alphabets would join words.
fn is_of_word(one: char) -> bool {
    one.is_ascii_alphanumeric() || one == '_' || one == '$'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<Vec<String>> {
        read(text).unwrap().statements
    }

    #[test]
    fn words_in_quotes_do_not_count() {
        assert_eq!(words("select 'drop table', \"delete\" from a"), [["SELECT", "FROM", "A"]]);
        assert_eq!(words("select 'it''s; drop'; ; x"), [vec!["SELECT"], vec!["X"]]);
        assert_eq!(words("select a[1], $1"), [["SELECT", "A", "$1"]]);
    }

    #[test]
    fn comments_become_a_space() {
        let script = read("select/* a */1 -- x\nfrom b--").unwrap();
        assert_eq!((&*script.clean, script.had_comments), ("select 1  \nfrom b ", true));
        assert_eq!(script.statements, [["SELECT", "1", "FROM", "B"]]);
        assert!(!read("select 1 - 2 / 3 * 4 '--'").unwrap().had_comments);
    }

    #[test]
    fn what_databases_read_differently_is_ambiguous() {
        for text in [
            "select 'a\\'; drop table b; --'",
            "select $$'$$; drop table b",
            "select $a$ ' $a$",
            "select 1 # ' \n; drop table b -- '",
            "select [a'], 1 ']",
            "select `a'`, '`'",
            "select 1 /*! ; drop table b */",
            "select /* /* */ 1 */",
            "select 'a",
            "select 1 /* a",
            "select a$$",
        ] {
            assert_eq!(read(text), Err(Ambiguous), "{text}");
        }
    }
}
