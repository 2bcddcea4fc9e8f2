//! A rule's condition as steps: each asks one question and says where to go on.

use super::AskAt;
use super::question::Tree;

/// Where to go on: a step, or the end.
pub(super) type Goal = u32;

/// The rule holds.
pub(super) const HIT: Goal = Goal::MAX;
/// It does not.
pub(super) const MISS: Goal = Goal::MAX - 1;

/// One question of a rule.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    pub(super) ask: AskAt,
    pub(super) known: Known,
    pub(super) yes: Goal,
    pub(super) no: Goal,
}

/// What is known about a question before it is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    /// Nothing.
    Open,
    /// Looking at the values of the event has answered it.
    Answered,
    /// So it has, for each of two fields.
    AnsweredTwice,
    /// Looking has found what a yes needs, or there is none.
    Hinted,
    /// So it has, if all values are plain.
    HintedInPlain,
}

/// Appends the steps of a condition and returns the first of them. The last questions come first,
/// so that every step knows where to go on.
pub(super) fn lay(
    tree: &Tree<AskAt>,
    yes: Goal,
    no: Goal,
    known: &impl Fn(AskAt) -> Known,
    steps: &mut Vec<Step>,
) -> Goal {
    match tree {
        Tree::Ask(ask) => {
            // The texts of all rules are bounded far below 4 G questions.
            let place = Goal::try_from(steps.len()).unwrap_or(MISS);
            steps.push(Step { ask: *ask, known: known(*ask), yes, no });
            place
        }
        Tree::Not(inner) => lay(inner, no, yes, known, steps),
        Tree::All(terms) => {
            terms.iter().rev().fold(yes, |next, term| lay(term, next, no, known, steps))
        }
        Tree::Any(terms) => {
            terms.iter().rev().fold(no, |next, term| lay(term, yes, next, known, steps))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Tree::{All, Any, Ask, Not};

    fn holds(tree: &Tree<AskAt>, answers: u32) -> bool {
        let mut steps = Vec::new();
        let mut at = lay(tree, HIT, MISS, &|_| Known::Open, &mut steps);
        while at < MISS {
            let step = steps[at as usize];
            at = if answers >> step.ask & 1 == 1 { step.yes } else { step.no };
        }
        at == HIT
    }

    #[test]
    fn steps_come_to_the_same_end_as_the_condition() {
        let not = |tree| Not(Box::new(tree));
        let tree = All(vec![
            Any(vec![Ask(0), All(vec![Ask(1), not(Ask(2))])]),
            not(Any(vec![Ask(3), Any(vec![])])),
            All(vec![]),
        ]);
        for answers in 0..16 {
            let yes = |ask: u32| answers >> ask & 1 == 1;
            let expected = (yes(0) || yes(1) && !yes(2)) && !yes(3);
            assert_eq!(holds(&tree, answers), expected, "{answers:04b}");
        }
        assert!(holds(&All(vec![]), 0) && !holds(&Any(vec![]), 0));
    }
}
