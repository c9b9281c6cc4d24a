//! What differs between two lists of lines: short ones, so the longest common part is found by a table.

/// Every line of both, marked: `  ` in both, `- ` only before, `+ ` only after.
pub(super) fn diff(before: &[String], after: &[String]) -> Vec<String> {
    // common[i][j]: how many lines the parts from i and from j on have in common.
    let mut common = vec![vec![0_usize; after.len() + 1]; before.len() + 1];
    for i in (0..before.len()).rev() {
        for j in (0..after.len()).rev() {
            common[i][j] = match before[i] == after[j] {
                true => common[i + 1][j + 1] + 1,
                false => common[i + 1][j].max(common[i][j + 1]),
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut lines = Vec::new();
    while i < before.len() || j < after.len() {
        if i < before.len() && j < after.len() && before[i] == after[j] {
            lines.push(format!("  {}", before[i]));
            (i, j) = (i + 1, j + 1);
        } else if i < before.len() && (j == after.len() || common[i + 1][j] >= common[i][j + 1]) {
            lines.push(format!("- {}", before[i]));
            i += 1;
        } else {
            lines.push(format!("+ {}", after[j]));
            j += 1;
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_and_go() {
        let lines = |text: &str| text.split(' ').filter(|line| !line.is_empty()).map(str::to_owned).collect::<Vec<_>>();
        let differ = |before: &str, after: &str| diff(&lines(before), &lines(after)).join("|");
        assert_eq!(differ("a b c", "a b c"), "  a|  b|  c");
        assert_eq!(differ("a b c", "a x c"), "  a|- b|+ x|  c");
        assert_eq!(differ("", "a"), "+ a");
        assert_eq!(differ("a b", ""), "- a|- b");
        assert_eq!(differ("a b", "b a"), "- a|  b|+ a");
    }
}
