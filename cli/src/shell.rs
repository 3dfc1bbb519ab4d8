//! Words of a command line that can be pasted into a shell.

/// The word, quoted if a shell would take it for anything else.
pub(crate) fn quoted(word: &str) -> String {
    let is_plain = !word.is_empty()
        && word.chars().all(|char| char.is_ascii_alphanumeric() || "_-./+,:@%=".contains(char));
    if is_plain { word.to_owned() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_plain_is_left_unquoted() {
        assert_eq!(quoted("../my-policy/a.b_1"), "../my-policy/a.b_1");
        for (word, expected) in
            [("a b", "'a b'"), ("it's", r"'it'\''s'"), ("", "''"), ("$x", "'$x'")]
        {
            assert_eq!(quoted(word), expected);
        }
    }
}
