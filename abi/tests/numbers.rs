//! The numbers of the ABI never change: a plugin that was built yesterday must run tomorrow.

use cpex_wasmi_abi::{Field, HostFunction, Status};

#[test]
fn fields_keep_their_numbers() {
    let pinned = include_str!("pinned/fields.txt");
    let now: String = Field::ALL
        .iter()
        .map(|field| {
            let info = field.info();
            format!(
                "{:#06x} {} {:?} indexed={}\n",
                info.number, info.path, info.shape, info.indexed
            )
        })
        .collect();
    assert_pinned("fields", pinned, &now);
}

#[test]
fn functions_keep_their_signatures() {
    let pinned = include_str!("pinned/functions.txt");
    let now: String = HostFunction::ALL
        .iter()
        .map(|function| {
            let info = function.info();
            let params: Vec<String> =
                info.params.iter().map(|(name, kind)| format!("{name}: {kind:?}")).collect();
            format!("{}({})\n", info.name, params.join(", "))
        })
        .collect();
    assert_pinned("functions", pinned, &now);
}

#[test]
fn statuses_keep_their_codes() {
    let pinned = include_str!("pinned/statuses.txt");
    let now: String =
        Status::ALL.iter().map(|status| format!("{} {}\n", status.code(), status.name())).collect();
    assert_pinned("statuses", pinned, &now);
}

/// Lines that were pinned must still be there; new lines may come, and are to be pinned too.
fn assert_pinned(what: &str, pinned: &str, now: &str) {
    assert!(
        pinned == now,
        "the {what} changed. If something was added, raise the minor version of the ABI and put \
         this into abi/tests/pinned/{what}.txt; if a line changed or went, undo it.\n{now}"
    );
}

#[test]
fn fields_are_found_by_number_and_in_order() {
    for field in Field::ALL {
        assert_eq!(Field::from_number(field.number()), Some(*field));
    }
    assert!(Field::ALL.is_sorted_by_key(|field| field.number()));
    assert_eq!(Field::from_number(0), None);
}

#[test]
fn statuses_are_negative_and_found_by_code() {
    for status in Status::ALL {
        assert!(status.code() < 0);
        assert_eq!(Status::from_code(status.code()), Some(*status));
    }
    assert_eq!(Status::from_code(0), None);
}
