//! Which arguments a program may be given.

use alloc::string::String;

use crate::CommandGrant;

impl CommandGrant {
    /// Whether the arguments are those that the patterns stand for.
    pub(super) fn allows(&self, args: &[String]) -> bool {
        let (patterns, any) = match self.args.split_last() {
            Some((last, patterns)) if last == "**" => (patterns, true),
            _ => (self.args.as_slice(), false),
        };
        let Some((each, rest)) = args.split_at_checked(patterns.len()) else { return false };
        (any || rest.is_empty())
            && patterns.iter().zip(each).all(|(pattern, arg)| stands_for(pattern, arg))
            && rest.iter().all(|arg| stands_for("*", arg))
    }
}

/// Whether a pattern stands for an argument: what is no `*` for itself, and each `*` for any text. What
/// begins with `-` may be an option to the program, and is an argument only if the pattern begins so too.
fn stands_for(pattern: &str, arg: &str) -> bool {
    if arg.contains('\0') || (arg.starts_with('-') && !pattern.starts_with('-')) {
        return false;
    }
    let Some((start, pattern)) = pattern.split_once('*') else { return pattern == arg };
    let Some(mut rest) = arg.strip_prefix(start) else { return false };
    // The first place that fits leaves most room for what follows.
    let mut pattern = pattern;
    while let Some((piece, more)) = pattern.split_once('*') {
        let Some((_, after)) = rest.split_once(piece) else { return false };
        (rest, pattern) = (after, more);
    }
    rest.ends_with(pattern)
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use proptest::prelude::*;

    use super::*;

    /// The same, by trying all there is.
    fn naive(pattern: &[u8], arg: &[u8]) -> bool {
        match pattern.split_first() {
            None => arg.is_empty(),
            Some((b'*', rest)) => (0..=arg.len()).any(|at| naive(rest, &arg[at..])),
            Some((byte, rest)) => arg.first() == Some(byte) && naive(rest, &arg[1..]),
        }
    }

    proptest! {
        #[test]
        fn a_star_stands_for_any_text(pattern in "[ab*]{0,7}", arg in "[ab]{0,9}") {
            prop_assert_eq!(
                stands_for(&pattern, &arg),
                naive(pattern.as_bytes(), arg.as_bytes())
            );
        }

        #[test]
        fn an_option_is_never_an_argument_unless_the_pattern_begins_like_one(
            patterns in prop::collection::vec("-?[-a*]{0,4}|\\*\\*", 0..4),
            args in prop::collection::vec("-{0,2}[-a]{0,4}", 0..4),
        ) {
            let grant = CommandGrant::new("/bin/true", patterns.iter().map(String::as_str));
            if grant.allows(&args) {
                for (at, arg) in args.iter().enumerate().filter(|(_, arg)| arg.starts_with('-')) {
                    prop_assert!(patterns.get(at).is_some_and(|pattern| pattern.starts_with('-')), "{arg}");
                }
            }
        }

        #[test]
        fn any_text_is_compared_without_harm(pattern in "\\PC{0,20}", arg in "\\PC{0,20}") {
            if stands_for(&pattern, &arg) && !pattern.contains('*') {
                prop_assert_eq!(pattern, arg);
            }
        }
    }

    #[test]
    fn arguments_are_those_of_the_patterns() {
        for (patterns, args, expected) in [
            (&[][..], &[][..], true),
            (&[], &["a"], false),
            (&["a"], &["a"], true),
            (&["a"], &[], false),
            (&["a"], &["a", "b"], false),
            (&["*"], &["a b; rm"], true),
            (&["*"], &[""], true),
            (&["*"], &["-r"], false),
            (&["-*"], &["-r"], true),
            (&["--file=*.json"], &["--file=a/b.json"], true),
            (&["--file=*.json"], &["--file=x"], false),
            (&["--file=*"], &["--other"], false),
            (&["v*-*"], &["v1-2-3"], true),
            (&["**"], &[], true),
            (&["**"], &["a", "b"], true),
            (&["**"], &["a", "-b"], false),
            (&["log", "**"], &["log"], true),
            (&["log", "**"], &["show"], false),
            (&["log", "-n*", "**"], &["log", "-n3", "a"], true),
            (&["**", "a"], &["x", "a"], true),
            (&["**", "a"], &["x", "y", "a"], false),
            (&["a*a"], &["a"], false),
            (&["*ab*ab"], &["abab"], true),
            (&["*ab*ab"], &["xab"], false),
            (&["*"], &["a\0b"], false),
        ] {
            let args: Vec<String> = args.iter().map(|arg| (*arg).into()).collect();
            let grant = CommandGrant::new("/bin/true", patterns.iter().copied());
            assert_eq!(grant.allows(&args), expected, "{patterns:?} {args:?}");
        }
    }
}
