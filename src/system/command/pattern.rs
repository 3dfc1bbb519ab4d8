//! Which arguments a program may be given.

use alloc::string::String;

use crate::CommandGrant;
use crate::text::wildcard::stands_for;

impl CommandGrant {
    /// True if the arguments are those that the patterns stand for.
    pub(super) fn allows(&self, args: &[String]) -> bool {
        let (patterns, any) = match self.args.split_last() {
            Some((last, patterns)) if last == "**" => (patterns, true),
            _ => (self.args.as_slice(), false),
        };
        let Some((each, rest)) = args.split_at_checked(patterns.len()) else { return false };
        (any || rest.is_empty())
            && patterns.iter().zip(each).all(|(pattern, arg)| is_argument(pattern, arg))
            && rest.iter().all(|arg| is_argument("*", arg))
    }
}

/// True if a pattern stands for an argument. What begins with `-` may be an option to the program, and is an
/// argument only if the pattern begins so too.
fn is_argument(pattern: &str, arg: &str) -> bool {
    !arg.contains('\0')
        && (pattern.starts_with('-') || !arg.starts_with('-'))
        && stands_for(pattern, arg)
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn options_need_a_pattern_that_begins_like_one(
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
