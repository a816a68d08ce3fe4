//! The difference between two texts, line by line.

/// Lines that are only in `old` behind `-`, only in `new` behind `+`, and up to two
/// common lines around them.
#[must_use]
pub fn difference(old: &str, new: &str) -> Vec<String> {
    let old: Vec<&str> = old.lines().collect();
    let new: Vec<&str> = new.lines().collect();
    let marked = mark(&old, &new);
    let changed: Vec<bool> = marked.iter().map(|(mark, _)| *mark != ' ').collect();
    let near = |at: usize| {
        changed[at.saturating_sub(2)..(at + 3).min(changed.len())].contains(&true)
    };
    let mut lines = Vec::new();
    let mut gap = false;
    for (at, (mark, line)) in marked.iter().enumerate() {
        if !near(at) {
            gap = true;
            continue;
        }
        if gap && !lines.is_empty() {
            lines.push("…".to_owned());
        }
        gap = false;
        lines.push(format!("{mark} {line}"));
    }
    lines
}

/// All lines of both, those of a longest common subsequence once.
fn mark<'a>(old: &[&'a str], new: &[&'a str]) -> Vec<(char, &'a str)> {
    // common[i][j]: how many lines old[i..] and new[j..] have in common
    let mut common = vec![vec![0; new.len() + 1]; old.len() + 1];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            common[i][j] = if old[i] == new[j] {
                common[i + 1][j + 1] + 1
            } else {
                common[i + 1][j].max(common[i][j + 1])
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut marked = Vec::new();
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            marked.push((' ', old[i]));
            i += 1;
            j += 1;
        } else if j == new.len()
            || i < old.len() && common[i + 1][j] >= common[i][j + 1]
        {
            marked.push(('-', old[i]));
            i += 1;
        } else {
            marked.push(('+', new[j]));
            j += 1;
        }
    }
    marked
}

#[cfg(test)]
mod tests {
    use super::difference;

    #[test]
    fn shows_what_changed_and_its_surroundings() {
        let old = "a\nb\nc\nd\ne\nf";
        let new = "a\nb\nc\nx\ne\nf";
        assert_eq!(
            difference(old, new),
            ["  b", "  c", "- d", "+ x", "  e", "  f"]
        );
        assert!(difference(old, old).is_empty());
        assert_eq!(difference("", "n"), ["+ n"]);
    }
}
