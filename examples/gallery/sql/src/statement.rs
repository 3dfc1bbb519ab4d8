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
/// If databases read it in different ways. That is over a quote without its end, `\` or a comment in quotes of some kinds, and
/// over `$$`, `#`, `/*!` and a comment in a comment.
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
                rest = rest.find(['\n', '\r']).map_or("", |end| cut(rest, end).1);
                continue;
            }
            '/' if rest.starts_with("/*") => {
                let behind = cut(rest, 2).1;
                let (inside, end) = cut(behind, place(behind, *b"*/").ok_or(Ambiguous)?);
                if inside.starts_with(['!', 'M']) || place(inside, *b"/*").is_some() {
                    return Err(Ambiguous);
                }
                script.had_comments = true;
                script.clean.push(' ');
                rest = cut(end, 2).1;
                continue;
            }
            ';' => {
                script.statements.push(core::mem::take(&mut words));
                1
            }
            _ if is_of_word(first) => {
                let len = rest.find(|one| !is_of_word(one)).unwrap_or(rest.len());
                let word = cut(rest, len).0;
                // `$tag$` begins a quote in one database; `$1` is a parameter.
                if cut(word, 1).1.contains('$') {
                    return Err(Ambiguous);
                }
                words.push(word.to_ascii_uppercase());
                len
            }
            _ => first.len_utf8(),
        };
        let (passed, left) = cut(rest, len);
        script.clean.push_str(passed);
        rest = left;
    }
    script.statements.push(words);
    script.statements.retain(|words| !words.is_empty());
    Ok(script)
}

/// The length of what is quoted, with its quotes. A quote within is written twice.
fn quoted(text: &str, end: char, ambiguous: &[char]) -> Result<usize, Ambiguous> {
    let mut len = 1;
    loop {
        let rest = cut(text, len).1;
        let (inside, behind) = cut(rest, rest.find(end).ok_or(Ambiguous)?);
        if inside.contains(ambiguous) {
            return Err(Ambiguous);
        }
        len += inside.len() + 1;
        if !cut(behind, 1).1.starts_with(end) {
            return Ok(len);
        }
        len += 1;
    }
}

/// The text up to a place, and from there on.
fn cut(text: &str, at: usize) -> (&str, &str) {
    text.split_at_checked(at).unwrap_or((text, ""))
}

/// The place of two characters in a text.
fn place(text: &str, pair: [u8; 2]) -> Option<usize> {
    text.as_bytes().windows(2).position(|bytes| bytes == pair)
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
