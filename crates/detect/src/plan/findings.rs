//! What looking at the values of one event found.

use super::RuleAt;
use super::literal::Said;

/// Gathers answers, and the rules that they make worth trying. What an earlier stamp says does not
/// count.
pub(super) struct Findings<'f> {
    /// The number of this event.
    pub(super) stamp: u32,
    /// By question of the plan: stamp, times four, plus what [`super::literal::Says`] says.
    pub(super) answers: &'f mut [u32],
    /// By rule of the plan: stamp of its last trial.
    pub(super) tried: &'f mut [u32],
    pub(super) worth: &'f mut Vec<RuleAt>,
}

impl Findings<'_> {
    /// Takes what the occurrence of a text says.
    pub(super) fn occurs(&mut self, says: &[Said], rules: &[RuleAt]) {
        for said in says {
            let known = &mut self.answers[said.ask() as usize];
            let before = if *known >> 2 == self.stamp { *known } else { self.stamp << 2 };
            *known = before | said.says();
        }
        self.worth(rules);
    }

    /// Takes rules that are worth trying, each once.
    pub(super) fn worth(&mut self, rules: &[RuleAt]) {
        for rule in rules {
            let tried = &mut self.tried[*rule as usize];
            if *tried != self.stamp {
                *tried = self.stamp;
                self.worth.push(*rule);
            }
        }
    }
}
