//! What the regions of a run gave.

use crate::stack::Diagnostics;

/// What the regions of a run gave, and what went wrong in the others.
#[derive(Debug)]
pub(in crate::cli) struct Answers<T> {
    /// What they gave, in their order.
    pub(in crate::cli) all: Vec<T>,
    /// What went wrong.
    pub(in crate::cli) problems: Diagnostics,
}

impl<T> Answers<T> {
    /// Nothing but problems.
    pub(in crate::cli) fn failed(problems: Diagnostics) -> Self {
        Self { all: Vec::new(), problems }
    }

    /// Gathers what each region gave. Of several, a problem that not all of them have says which
    /// one has it.
    pub(super) fn of(regions: Vec<(&str, Result<Vec<T>, Diagnostics>)>) -> Self {
        let number = regions.len();
        let mut failed: Vec<(&str, Diagnostics)> = Vec::new();
        let mut answers = Self { all: Vec::new(), problems: Diagnostics::new() };
        for (region, result) in regions {
            match result {
                Ok(found) => answers.all.extend(found),
                Err(problems) => failed.push((region, problems)),
            }
        }
        for (region, problems) in &failed {
            for problem in &problems.0 {
                let here = failed.iter().filter(|(_, other)| other.0.contains(problem)).count();
                answers.problems.push(if here == number {
                    problem.clone()
                } else {
                    problem.clone().note(format!("This is in the region {region}."))
                });
            }
        }
        answers
    }

    /// What all regions gave; fails when one of them did.
    pub(in crate::cli) fn whole(self) -> Result<Vec<T>, Diagnostics> {
        if self.problems.is_empty() { Ok(self.all) } else { Err(self.problems) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stack::Diagnostic;

    #[test]
    fn problems_of_all_regions_are_told_once_and_others_with_their_region() {
        let both = || Diagnostic::error("both", "both");
        let one = || Diagnostic::error("one", "one");
        let failed = |found: &[Diagnostic]| Err(found.iter().cloned().collect::<Diagnostics>());
        let alone = Answers::<u8>::of(vec![("a", failed(&[one()]))]);
        assert_eq!(alone.problems.0, [one()]);
        let two = vec![("a", failed(&[both(), one()])), ("b", failed(&[both()]))];
        let two = Answers::<u8>::of(two);
        assert_eq!(two.problems.0, [both(), one().note("This is in the region a.")]);
        let part = Answers::of(vec![("a", failed(&[one()])), ("b", Ok(vec![1, 2]))]);
        assert_eq!(part.all, [1, 2]);
        assert_eq!(part.problems.0, [one().note("This is in the region a.")]);
        assert!(part.whole().is_err());
    }
}
