//! Whether an answer came to what its author has not written yet.

/// What a `todo!` says, after the place where it stands.
const SAYS: &str = ":\nnot yet implemented";

/// The line of the first `todo!` that was come to, as the panic on standard error
/// tells: `… panicked at src/bin/name.rs:20:5:`.
pub(super) fn gap(errors: &str) -> Option<usize> {
    let told = errors.split(SAYS);
    told.filter_map(line_at_end).next()
}

/// What was printed before the first panic.
pub(super) fn before_panic(printed: &str) -> &str {
    let panic = printed.find("\nthread '");
    panic.map_or(printed, |start| &printed[..start])
}

/// The line in `… panicked at src/bin/name.rs:20:5`.
fn line_at_end(text: &str) -> Option<usize> {
    let (_, place) = text.rsplit_once(" panicked at src/bin/")?;
    let mut parts = place.split(':').skip(1);
    let (line, _column) = (parts.next()?.parse().ok()?, parts.next()?);
    parts.next().is_none().then_some(line)
}

#[cfg(test)]
mod tests {
    use super::{before_panic, gap};

    const GAP: &str = "started\n\nthread 'main' (3) panicked at \
                       src/bin/answer_a.rs:20:5:\nnot yet implemented: square 3\n";

    #[test]
    fn a_todo_is_found_by_its_line() {
        assert_eq!(gap(GAP), Some(20));
        let later = GAP.replace("20:5", "31:9");
        assert_eq!(gap(&format!("{GAP}{later}")), Some(20));
        assert_eq!(before_panic(GAP), "started\n");
    }

    #[test]
    fn other_panics_and_other_files_are_no_gap() {
        assert_eq!(gap(&GAP.replace("not yet implemented", "no room")), None);
        assert_eq!(gap(&GAP.replace("src/bin/", "/registry/src/")), None);
        let other = GAP.replace("not yet implemented", "no room at 1:2:3:");
        assert_eq!(gap(&format!("{other}:\nnot yet implemented")), None);
        assert_eq!(before_panic("all is well\n"), "all is well\n");
    }
}
