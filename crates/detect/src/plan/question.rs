//! The tests of all rules, each different one once, and rules as trees over them.

use std::collections::HashMap;
use std::sync::OnceLock;

use foldhash::fast::FixedState;

use super::witness::Weighed;
use crate::fields::FieldId;
use crate::sigma::condition::Expr;
use crate::sigma::matcher::{Item, Search, Test};
use crate::sigma::pattern::Pattern;

/// A question, by its place in [`Questions`].
pub(crate) type QuestionAt = u32;

/// One test of one field, or of every value of the event.
#[derive(Debug)]
pub(crate) struct Question {
    pub(crate) field: Option<FieldId>,
    pub(crate) test: Test,
    /// Weighed once for all plans, by whichever asks first.
    weighed: OnceLock<Weighed>,
}

impl Question {
    fn new(field: Option<FieldId>, test: &Test) -> Self {
        Self { field, test: test.clone(), weighed: OnceLock::new() }
    }

    /// Returns what must be in a value for a yes, and how much it costs to look for it.
    pub(super) fn weighed(&self) -> &Weighed {
        self.weighed.get_or_init(|| Weighed::new(&self.test))
    }
}

/// What a rule asks: a condition whose leaves are questions.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Tree<Leaf> {
    Ask(Leaf),
    Not(Box<Self>),
    All(Vec<Self>),
    Any(Vec<Self>),
}

/// The questions of a rule set.
#[derive(Debug, Default)]
pub(crate) struct Questions {
    list: Vec<Question>,
    /// Texts, which most questions are, by what they ask.
    texts: HashMap<(Option<FieldId>, bool, Pattern), QuestionAt, FixedState>,
}

impl Questions {
    /// Returns the question at this place.
    pub(crate) fn get(&self, at: QuestionAt) -> &Question {
        &self.list[at as usize]
    }

    /// Takes a rule's searches and condition in.
    pub(crate) fn condition(&mut self, expr: &Expr, searches: &[Search]) -> Tree<QuestionAt> {
        match expr {
            Expr::Search(at) => self.search(&searches[*at]),
            Expr::Not(inner) => Tree::Not(Box::new(self.condition(inner, searches))),
            Expr::All(terms) => {
                Tree::All(terms.iter().map(|term| self.condition(term, searches)).collect())
            }
            Expr::Any(terms) => {
                Tree::Any(terms.iter().map(|term| self.condition(term, searches)).collect())
            }
        }
    }

    /// Forgets what only taking rules in needed.
    pub(crate) fn close(&mut self) {
        self.texts = HashMap::default();
        self.list.shrink_to_fit();
    }

    fn search(&mut self, search: &Search) -> Tree<QuestionAt> {
        match search {
            Search::All(inner) => Tree::All(inner.iter().map(|s| self.search(s)).collect()),
            Search::Any(inner) => Tree::Any(inner.iter().map(|s| self.search(s)).collect()),
            Search::Item(item) => self.item(item),
        }
    }

    fn item(&mut self, item: &Item) -> Tree<QuestionAt> {
        let tests = item.tests.iter().map(|test| self.test(item.field, test)).collect();
        if item.negated {
            Tree::Not(Box::new(Tree::Any(tests)))
        } else if item.all {
            Tree::All(tests)
        } else {
            Tree::Any(tests)
        }
    }

    fn test(&mut self, field: Option<FieldId>, test: &Test) -> Tree<QuestionAt> {
        match test {
            Test::OneOf(variants) => {
                Tree::Any(variants.iter().map(|test| self.test(field, test)).collect())
            }
            Test::Text { pattern, cased } => {
                let next = self.next();
                let key = (field, *cased, pattern.clone());
                let at = *self.texts.entry(key).or_insert(next);
                if at == next {
                    self.list.push(Question::new(field, test));
                }
                Tree::Ask(at)
            }
            test => {
                let at = self.next();
                self.list.push(Question::new(field, test));
                Tree::Ask(at)
            }
        }
    }

    fn next(&self) -> QuestionAt {
        // The texts of all rules are bounded far below 4 G questions.
        QuestionAt::try_from(self.list.len()).unwrap_or(QuestionAt::MAX)
    }
}
