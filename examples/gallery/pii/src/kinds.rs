//! The kinds of personal data, and the patterns that candidates match.

use crate::checks;

/// A kind of personal data.
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    /// The counter of what was found.
    pub(crate) metric: &'static str,
    pub(crate) pattern: &'static str,
    /// Tells candidates that are personal data from those that only look like it.
    pub(crate) check: fn(&str) -> bool,
    /// The letters and digits that a mask leaves at the end.
    pub(crate) shown: usize,
}

/// All kinds. Of two that overlap, the one that begins first counts, then the longer one.
pub(crate) static KINDS: [Kind; 7] = [
    Kind {
        name: "email",
        metric: "pii.email",
        pattern: r"\b[A-Za-z0-9][A-Za-z0-9._%+-]*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}\b",
        check: |_| true,
        shown: 0,
    },
    Kind {
        name: "phone",
        metric: "pii.phone",
        pattern: r"\+[1-9][0-9]{0,2}(?:[ .-]?\(?[0-9]{2,4}\)?){2,4}[0-9]|\(?\b[2-9][0-9]{2}\)?[ .-][2-9][0-9]{2}[ .-][0-9]{4}\b",
        check: checks::phone,
        shown: 2,
    },
    Kind {
        name: "card",
        metric: "pii.card",
        pattern: r"\b[2-6][0-9]{3}(?:[ -]?[0-9]{2,6}){2,4}\b",
        check: checks::card,
        shown: 4,
    },
    Kind {
        name: "iban",
        metric: "pii.iban",
        pattern: r"\b[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{2,4}){3,8}\b",
        check: checks::iban,
        shown: 4,
    },
    Kind {
        name: "us_ssn",
        metric: "pii.us_ssn",
        pattern: r"\b[0-8][0-9]{2}-[0-9]{2}-[0-9]{4}\b",
        check: checks::us_ssn,
        shown: 4,
    },
    Kind {
        name: "uk_nino",
        metric: "pii.uk_nino",
        pattern: r"\b[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?[0-9]{2} ?[0-9]{2} ?[0-9]{2} ?[A-D]\b",
        check: |_| true,
        shown: 1,
    },
    Kind {
        name: "ip",
        metric: "pii.ip",
        pattern: r"\b[0-9]{1,3}(?:\.[0-9]{1,3}){3}\b",
        check: checks::ip,
        shown: 0,
    },
];
