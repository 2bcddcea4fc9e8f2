//! From the rules that serve a log source to its plan.

use std::collections::HashMap;

use foldhash::fast::FixedState;
use khien_event::Value;

use super::column::Column;
use super::draft::{self, Draft};
use super::gate::Gate;
use super::group::Groups;
use super::literal::{Said, Says};
use super::question::{Question, QuestionAt, Questions, Tree};
use super::steps::{self, Goal, HIT, Known, MISS, Step};
use super::witness::{self, Meaning, Sign};
use super::{AskAt, RuleAt, Slot};
use crate::fields::{FieldId, Fields};
use crate::sigma::fold::fold;
use crate::sigma::matcher::{Seen, Test};

/// The field whose value decides most about what a Windows event is.
const EVENT_ID: &str = "EventID";

/// What a question takes in a plan besides its step and its texts, roughly: measured, with where its
/// texts are filed.
const ASK_BYTES: usize = 256;

/// What all events of a plan have in common.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Source<'s> {
    /// The source's own words for the fields of generic rules: (rule's word, source's word).
    pub(crate) aliases: &'s [(&'s str, &'s str)],
    /// The one value of `EventID`, if it is known.
    pub(crate) event_id: Option<&'s str>,
}

/// The rules of one log source, filed under their witnesses.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    /// Rules in the order of the rule set: (its number there, its first step).
    pub(super) rules: Vec<(usize, Goal)>,
    pub(super) steps: Vec<Step>,
    pub(super) asks: Vec<Ask>,
    /// The questions that one of `asks` stands for, where it stands for several.
    pub(super) groups: HashMap<AskAt, Vec<AskAt>, FixedState>,
    /// By field of the rule set: the slot of its values.
    pub(super) slots: Vec<Option<Slot>>,
    /// By slot.
    pub(super) columns: Vec<Column>,
    /// What is looked for in every value of the event.
    pub(super) anywhere: Option<Column>,
    /// For that, all values can be looked at as one text.
    pub(super) anywhere_joins: bool,
    /// And that text mostly holds none of it.
    pub(super) anywhere_gate: Option<Gate>,
    /// Rules that are asked of every event.
    pub(super) always: Vec<RuleAt>,
}

/// A question as this plan asks it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ask {
    pub(super) question: QuestionAt,
    /// The slot whose values are asked, and the one to turn to when it has none; nothing for
    /// keywords.
    pub(super) at: Option<(Slot, Option<Slot>)>,
    /// For a comparison of two fields: where the other one is.
    pub(super) other: Option<(Slot, Option<Slot>)>,
}

/// A rule that serves the source.
pub(crate) struct Serving<'r> {
    pub(crate) number: usize,
    pub(crate) asks: &'r Tree<QuestionAt>,
    /// Its field names are those of a category, for which the source may have its own words.
    pub(crate) generic: bool,
}

impl Plan {
    /// Compiles the rules, which come in the order of their numbers.
    pub(crate) fn new<'r>(
        serving: impl Iterator<Item = Serving<'r>>,
        source: Source<'_>,
        questions: &Questions,
        fields: &Fields,
    ) -> Self {
        let mut builder = Builder {
            plan: Self { slots: vec![None; fields.len()], ..Self::default() },
            drafts: Vec::new(),
            anywhere: None,
            source,
            questions,
            fields,
            trees: Vec::new(),
            rules_of: Vec::new(),
            known: Vec::new(),
            asked: HashMap::default(),
        };
        serving.for_each(|rule| builder.rule(&rule));
        builder.finish()
    }

    /// Returns roughly what it takes.
    pub(crate) fn bytes(&self) -> usize {
        let columns = self.columns.iter().chain(&self.anywhere);
        let texts: usize = columns.map(Column::text_bytes).sum();
        texts + self.asks.len() * ASK_BYTES + self.steps.len() * size_of::<Step>()
    }

    /// Returns whether no event of the source can be a hit.
    pub(crate) fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }
}

struct Builder<'b> {
    plan: Plan,
    /// By slot.
    drafts: Vec<Draft<'b>>,
    /// What is looked for in every value of the event.
    anywhere: Option<Draft<'b>>,
    trees: Vec<Tree<AskAt>>,
    /// By question: the rules worth trying once the answer may be yes.
    rules_of: Vec<Vec<RuleAt>>,
    /// By question.
    known: Vec<Known>,
    source: Source<'b>,
    questions: &'b Questions,
    fields: &'b Fields,
    /// Places of the asks so far; the same question of a generic rule may look elsewhere.
    asked: HashMap<(QuestionAt, bool), AskAt, FixedState>,
}

/// What is left of a tree once the source has decided what it can.
enum Left {
    Yes,
    No,
    Open(Tree<AskAt>),
}

impl<'b> Builder<'b> {
    fn rule(&mut self, rule: &Serving<'_>) {
        let tree = match self.decide(rule.asks, rule.generic) {
            Left::No => return,
            Left::Yes => Tree::All(Vec::new()),
            Left::Open(tree) => tree,
        };
        let at = RuleAt::try_from(self.trees.len()).unwrap_or(RuleAt::MAX);
        let asks = &self.plan.asks;
        let question = |ask: AskAt| self.questions.get(asks[ask as usize].question);
        match witness::witnesses(&tree, &question) {
            None => self.plan.always.push(at),
            Some(witnesses) => {
                for ask in witnesses {
                    self.rules_of[ask as usize].push(at);
                }
            }
        }
        self.plan.rules.push((rule.number, MISS));
        self.trees.push(tree);
    }

    fn decide(&mut self, tree: &Tree<QuestionAt>, generic: bool) -> Left {
        match tree {
            Tree::Ask(question) => self.decide_question(*question, generic),
            Tree::Not(inner) => match self.decide(inner, generic) {
                Left::Yes => Left::No,
                Left::No => Left::Yes,
                Left::Open(tree) => Left::Open(Tree::Not(Box::new(tree))),
            },
            Tree::All(terms) => {
                let mut open = Vec::with_capacity(terms.len());
                for term in terms {
                    match self.decide(term, generic) {
                        Left::Yes => {}
                        Left::No => return Left::No,
                        Left::Open(Tree::All(inner)) => open.extend(inner),
                        Left::Open(tree) => open.push(tree),
                    }
                }
                if open.is_empty() { Left::Yes } else { Left::Open(Self::joined(open, Tree::All)) }
            }
            Tree::Any(terms) => {
                let mut open = Vec::with_capacity(terms.len());
                for term in terms {
                    match self.decide(term, generic) {
                        Left::Yes => return Left::Yes,
                        Left::No => {}
                        Left::Open(Tree::Any(inner)) => open.extend(inner),
                        Left::Open(tree) => open.push(tree),
                    }
                }
                if open.is_empty() { Left::No } else { Left::Open(Self::joined(open, Tree::Any)) }
            }
        }
    }

    fn joined(
        mut terms: Vec<Tree<AskAt>>,
        join: fn(Vec<Tree<AskAt>>) -> Tree<AskAt>,
    ) -> Tree<AskAt> {
        if terms.len() == 1 {
            return terms.remove(0);
        }
        join(terms)
    }

    fn decide_question(&mut self, at: QuestionAt, generic: bool) -> Left {
        let question = self.questions.get(at);
        if let (Some(field), Some(event_id)) = (question.field, self.source.event_id)
            && self.fields.name(field) == EVENT_ID
            && !(generic && self.alias(field).is_some())
            && let Some(answer) = answer_for(question, event_id)
        {
            return if answer { Left::Yes } else { Left::No };
        }
        Left::Open(Tree::Ask(self.ask(at, generic)))
    }

    fn ask(&mut self, at: QuestionAt, generic: bool) -> AskAt {
        let question = self.questions.get(at);
        let place = question.field.map(|field| self.place(field, generic));
        // Only where an alias makes a difference two rules look at different fields.
        let aliased = place.is_some_and(|(_, other)| other.is_some());
        if let Some(asked) = self.asked.get(&(at, aliased)) {
            return *asked;
        }
        let other = match &question.test {
            Test::Field { other, .. } => Some(self.place(*other, generic)),
            _ => None,
        };
        let ask = AskAt::try_from(self.plan.asks.len()).unwrap_or(AskAt::MAX);
        self.plan.asks.push(Ask { question: at, at: place, other });
        self.rules_of.push(Vec::new());
        self.known.push(Known::Open);
        self.asked.insert((at, aliased), ask);
        ask
    }

    fn alias(&self, field: FieldId) -> Option<FieldId> {
        let name = self.fields.name(field);
        let alias = self.source.aliases.iter().find(|(generic, _)| *generic == name);
        alias.and_then(|(_, native)| self.fields.get(native))
    }

    /// For a generic rule the source's own word goes first.
    fn place(&mut self, field: FieldId, generic: bool) -> (Slot, Option<Slot>) {
        match self.alias(field).filter(|_| generic) {
            Some(alias) => (self.slot(alias), Some(self.slot(field))),
            None => (self.slot(field), None),
        }
    }

    fn slot(&mut self, field: FieldId) -> Slot {
        if let Some(slot) = self.plan.slots[field.index()] {
            return slot;
        }
        let slot = Slot::try_from(self.drafts.len()).unwrap_or(Slot::MAX);
        self.drafts.push(Draft::default());
        self.plan.slots[field.index()] = Some(slot);
        slot
    }

    fn effort(&self, tree: &Tree<AskAt>) -> u32 {
        match tree {
            Tree::Ask(ask) => {
                let question = self.questions.get(self.plan.asks[*ask as usize].question);
                let asked = effort(&question.test, question.field.is_none());
                match self.known[*ask as usize] {
                    Known::Answered | Known::AnsweredTwice => 0,
                    // Mostly it is not asked.
                    Known::Hinted | Known::HintedInPlain => asked / 8 + 1,
                    Known::Open => asked,
                }
            }
            Tree::Not(inner) => self.effort(inner).saturating_add(1),
            Tree::All(terms) | Tree::Any(terms) => {
                terms.iter().map(|term| self.effort(term)).fold(1, u32::saturating_add)
            }
        }
    }

    fn finish(mut self) -> Plan {
        let (needed, others): (Vec<usize>, Vec<usize>) =
            (0..self.plan.asks.len()).partition(|at| !self.rules_of[*at].is_empty());
        needed.into_iter().for_each(|at| self.file(at));
        let easy_from: Vec<usize> = self.drafts.iter().map(Draft::easy_from).collect();
        for at in others {
            if self.is_easy(at, &easy_from) {
                self.file(at);
            }
        }
        let trees = self.grouped();
        for (rule, mut tree) in trees.into_iter().enumerate() {
            self.sort(&mut tree);
            let known = |ask: AskAt| self.known[ask as usize];
            self.plan.rules[rule].1 = steps::lay(&tree, HIT, MISS, &known, &mut self.plan.steps);
        }
        self.plan.columns = self.drafts.into_iter().map(Draft::close).collect();
        if let Some(draft) = self.anywhere {
            let gate = draft.gate();
            let column = draft.close();
            self.plan.anywhere_joins = column.joins();
            self.plan.anywhere_gate = gate.filter(|_| self.plan.anywhere_joins);
            self.plan.anywhere = Some(column);
        }
        self.plan
    }

    /// Returns the conditions with those alternatives taken together that looking answers.
    fn grouped(&mut self) -> Vec<Tree<AskAt>> {
        let mut groups = Groups::new(&mut self.plan.asks, &mut self.known);
        let trees = std::mem::take(&mut self.trees);
        let trees = trees.into_iter().map(|tree| groups.join(tree)).collect();
        self.drafts.iter_mut().for_each(|draft| draft.regroup(&groups));
        self.plan.groups = groups.members();
        trees
    }

    /// Returns what must be in the values of a question for a yes.
    fn sign(&self, at: usize) -> Option<&'b Sign> {
        self.questions.get(self.plan.asks[at].question).weighed().sign.as_ref()
    }

    /// Returns whether the answer to a question, or what it needs, comes along with looking for
    /// those that make rules worth trying. `easy_from`: by slot.
    fn is_easy(&self, at: usize, easy_from: &[usize]) -> bool {
        let Some(Sign::Texts { texts, place, .. }) = self.sign(at) else { return false };
        let Some((first, second)) = self.plan.asks[at].at else { return false };
        let mut slots = [Some(first), second].into_iter().flatten();
        slots.all(|slot| {
            texts.iter().all(|text| draft::is_easy(text, *place, easy_from[slot as usize]))
        })
    }

    /// Files a question under its sign, with the rules that it makes worth trying.
    fn file(&mut self, at: usize) {
        let Some(sign) = self.sign(at) else { return };
        let meaning = match sign {
            Sign::Texts { meaning, .. } => Some(*meaning),
            Sign::Number(_) | Sign::Presence => None,
        };
        let rules = &self.rules_of[at];
        let Some((first, second)) = self.plan.asks[at].at else {
            return add(self.anywhere.get_or_insert_default(), sign, None, rules);
        };
        let ask = AskAt::try_from(at).unwrap_or(AskAt::MAX);
        for (slot, yes) in [(Some(first), Says::Yes), (second, Says::YesOtherwise)] {
            let Some(slot) = slot else { continue };
            let says = meaning.map(|meaning| match meaning {
                Meaning::Answer => yes,
                Meaning::Hint | Meaning::PlainHint => Says::Hint,
            });
            let said = says.map(|says| Said::new(ask, says));
            add(&mut self.drafts[slot as usize], sign, said, rules);
        }
        self.known[at] = match (meaning, second) {
            (Some(Meaning::Answer), None) => Known::Answered,
            (Some(Meaning::Answer), Some(_)) => Known::AnsweredTwice,
            (Some(Meaning::Hint), _) => Known::Hinted,
            (Some(Meaning::PlainHint), _) => Known::HintedInPlain,
            (None, _) => Known::Open,
        };
    }

    /// Puts what is cheapest to ask first.
    fn sort(&self, tree: &mut Tree<AskAt>) {
        match tree {
            Tree::Ask(_) => {}
            Tree::Not(inner) => self.sort(inner),
            Tree::All(terms) | Tree::Any(terms) => {
                terms.iter_mut().for_each(|term| self.sort(term));
                terms.sort_by_cached_key(|term| self.effort(term));
            }
        }
    }
}

fn add<'s>(draft: &mut Draft<'s>, sign: &'s Sign, said: Option<Said>, rules: &[RuleAt]) {
    match sign {
        Sign::Texts { texts, place, meaning } => {
            texts.iter().for_each(|text| draft.add_text(text, *place, said, rules));
            if *meaning == Meaning::PlainHint {
                draft.foreign.extend(rules);
            }
        }
        Sign::Number(number) => draft.add_number(*number, rules),
        Sign::Presence => draft.present.extend(rules),
    }
}

/// Answers a question about a field whose only value is known; none when another field has a say.
fn answer_for(question: &Question, value: &str) -> Option<bool> {
    match &question.test {
        Test::Field { .. } => None,
        Test::Exists(wanted) => Some(*wanted),
        Test::Null => Some(false),
        test => {
            let folded = fold(value);
            Some(test.holds_for(&Seen { value: Value::Text(value), folded: &folded }))
        }
    }
}

/// How long an answer takes, roughly.
pub(super) fn effort(test: &Test, anywhere: bool) -> u32 {
    let one = match test {
        Test::Exists(_) | Test::Null => 1,
        Test::Text { pattern, .. } => pattern.effort(),
        Test::Number { .. } | Test::Compare(..) => 4,
        Test::Cidr(_) | Test::Time { .. } => 12,
        Test::Field { .. } => 8,
        Test::Regex(_) => 200,
        Test::OneOf(_) => 20,
    };
    if anywhere { one * 20 } else { one }
}
