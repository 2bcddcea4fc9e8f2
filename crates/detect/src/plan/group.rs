//! Alternatives whose answers come along with looking at the values, taken together: one step of a
//! rule instead of one for each, and most rules list dozens.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use super::AskAt;
use super::build::Ask;
use super::literal::Said;
use super::question::Tree;
use super::steps::Known;

/// The questions of a plan while alternatives among them are taken together.
pub(super) struct Groups<'g> {
    asks: &'g mut Vec<Ask>,
    known: &'g mut Vec<Known>,
    /// By the questions of a group, in order.
    by_members: HashMap<Vec<AskAt>, AskAt, FixedState>,
    /// By question: the groups that it is a part of.
    groups_of: Vec<Vec<AskAt>>,
    /// By question: whether a rule asks it by itself.
    alone: Vec<bool>,
}

impl<'g> Groups<'g> {
    /// Takes the questions and what is known of each beforehand.
    pub(super) fn new(asks: &'g mut Vec<Ask>, known: &'g mut Vec<Known>) -> Self {
        let (groups_of, alone) = (vec![Vec::new(); asks.len()], vec![false; asks.len()]);
        Self { asks, known, by_members: HashMap::default(), groups_of, alone }
    }

    /// Returns the condition with its answered alternatives taken together.
    pub(super) fn join(&mut self, tree: Tree<AskAt>) -> Tree<AskAt> {
        match tree {
            Tree::Ask(ask) => self.single(ask),
            Tree::Not(inner) => Tree::Not(Box::new(self.join(*inner))),
            Tree::All(terms) => Tree::All(terms.into_iter().map(|term| self.join(term)).collect()),
            Tree::Any(terms) => self.any(terms),
        }
    }

    fn any(&mut self, terms: Vec<Tree<AskAt>>) -> Tree<AskAt> {
        let mut joined = Vec::new();
        // Alternatives about the same fields, of which there are few kinds in one rule.
        let mut alike: Vec<Vec<AskAt>> = Vec::new();
        for term in terms {
            match term {
                Tree::Ask(ask) if self.is_answered(ask) => {
                    let place = self.asks[ask as usize].at;
                    let same = |asks: &&mut Vec<AskAt>| self.asks[asks[0] as usize].at == place;
                    match alike.iter_mut().find(same) {
                        Some(asks) => asks.push(ask),
                        None => alike.push(vec![ask]),
                    }
                }
                other => joined.push(self.join(other)),
            }
        }
        joined.extend(alike.into_iter().map(|asks| self.together(asks)));
        if joined.len() == 1 { joined.remove(0) } else { Tree::Any(joined) }
    }

    fn together(&mut self, mut members: Vec<AskAt>) -> Tree<AskAt> {
        members.sort_unstable();
        members.dedup();
        if let [one] = members[..] {
            return self.single(one);
        }
        if let Some(group) = self.by_members.get(&members) {
            return Tree::Ask(*group);
        }
        let first = members[0] as usize;
        let group = AskAt::try_from(self.asks.len()).unwrap_or(AskAt::MAX);
        self.asks.push(self.asks[first]);
        self.known.push(self.known[first]);
        members.iter().for_each(|member| self.groups_of[*member as usize].push(group));
        self.by_members.insert(members, group);
        Tree::Ask(group)
    }

    fn is_answered(&self, ask: AskAt) -> bool {
        matches!(self.known[ask as usize], Known::Answered | Known::AnsweredTwice)
    }

    fn single(&mut self, ask: AskAt) -> Tree<AskAt> {
        self.alone[ask as usize] = true;
        Tree::Ask(ask)
    }

    /// Returns the questions of each group.
    pub(super) fn members(self) -> HashMap<AskAt, Vec<AskAt>, FixedState> {
        self.by_members.into_iter().map(|(members, group)| (group, members)).collect()
    }

    /// Appends what an occurrence that says this tells those who ask.
    pub(super) fn tell(&self, said: Said, told: &mut Vec<Said>) {
        let ask = said.ask();
        if !self.is_answered(ask) {
            return told.push(said);
        }
        told.extend(self.groups_of[ask as usize].iter().map(|group| said.about(*group)));
        told.extend(self.alone[ask as usize].then_some(said));
    }
}
