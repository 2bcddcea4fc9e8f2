//! One event against a plan: look at its values once, then try the few rules that are worth it.

use khien_event::Event;

use super::build::Plan;
use super::column::Column;
use super::findings::Findings;
use super::literal::Says;
use super::question::Questions;
use super::steps::{Goal, HIT, Known, Step};
use super::{AskAt, RuleAt, Slot};
use crate::fields::FieldOf;
use crate::sigma::fold::{fold_into, is_plain};
use crate::sigma::matcher::{Seen, Test, stands};

/// Ends a chain of values.
const END: u32 = u32::MAX;

/// Buffers for one event after the other. What a stamp of an earlier event says does not count.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scratch {
    stamp: u32,
    /// Whether all values of the event are plain.
    plain: bool,
    /// By slot: (stamp, first of `values`).
    heads: Vec<(u32, u32)>,
    values: Vec<Laid>,
    folded: String,
    /// By question of the plan: stamp, times four, plus what [`Says`] says.
    answers: Vec<u32>,
    /// By rule of the plan: stamp of its last trial.
    tried: Vec<u32>,
    worth: Vec<RuleAt>,
    /// By rule of the set: how many events it was tried on since the beginning.
    tries: Vec<u64>,
    /// Every value, folded or not, for keywords.
    everything: Vec<Laid>,
}

/// A value of the event.
#[derive(Clone, Copy, Debug)]
struct Laid {
    /// Place in the event.
    entry: u32,
    /// The next value of the same field, or [`END`].
    next: u32,
    /// Where its folded text is, once it was needed.
    folded: Option<(u32, u32)>,
}

impl Scratch {
    /// Calls `hit` with the number of every rule that the event fulfils, in order.
    pub(crate) fn try_event(
        &mut self,
        plan: &Plan,
        event: Event<'_>,
        field_of: FieldOf<'_>,
        questions: &Questions,
        hit: &mut dyn FnMut(usize),
    ) {
        self.begin(plan);
        self.look(plan, event, field_of);
        if self.worth.is_empty() {
            return;
        }
        let mut worth = std::mem::take(&mut self.worth);
        worth.sort_unstable();
        for rule in &worth {
            let (number, first) = plan.rules[*rule as usize];
            grow(&mut self.tries, number + 1, 0);
            self.tries[number] += 1;
            if (Trial { plan, event, questions, scratch: self }).holds(first) {
                hit(number);
            }
        }
        worth.clear();
        self.worth = worth;
    }

    /// Returns how many events a rule was tried on: those that held a word which it cannot do
    /// without. Nearly all that matching a rule costs are its tries.
    pub(crate) fn tries(&self, rule: usize) -> u64 {
        self.tries.get(rule).copied().unwrap_or_default()
    }

    fn begin(&mut self, plan: &Plan) {
        self.stamp += 1;
        // A quarter of the numbers, because answers hold them times four.
        if self.stamp >= u32::MAX / 4 {
            self.stamp = 1;
            self.heads.fill((0, END));
            self.answers.fill(0);
            self.tried.fill(0);
        }
        grow(&mut self.heads, plan.columns.len(), (0, END));
        grow(&mut self.answers, plan.asks.len(), 0);
        grow(&mut self.tried, plan.rules.len(), 0);
        self.values.clear();
        self.everything.clear();
        self.folded.clear();
    }

    fn look(&mut self, plan: &Plan, event: Event<'_>, field_of: FieldOf<'_>) {
        let Self { stamp, heads, values, folded, answers, tried, worth, .. } = self;
        let mut findings = Findings { stamp: *stamp, answers, tried, worth };
        findings.worth(&plan.always);
        let plain = is_plain(event.all_text());
        self.plain = plain;
        look_anywhere(plan, event, plain, folded, &mut findings);
        for (entry, name) in (0..).zip(event.names()) {
            let slot = field_of.get(name).and_then(|field| plan.slots[field.index()]);
            let Some(slot) = slot else { continue };
            let head = &mut heads[slot as usize];
            let next = if head.0 == *stamp { head.1 } else { END };
            *head = (*stamp, values.len() as u32);
            let column = &plan.columns[slot as usize];
            let value = event.value(entry as usize);
            findings.worth(&column.present);
            let text = value.as_text();
            let place = text.and_then(|text| look_at(column, text, plain, folded, &mut findings));
            values.push(Laid { entry, next, folded: place });
        }
    }
}

/// Looks for keywords, which only ever make rules worth trying: in all values as one text, where
/// that misses nothing.
fn look_anywhere(
    plan: &Plan,
    event: Event<'_>,
    plain: bool,
    folded: &mut String,
    findings: &mut Findings<'_>,
) {
    let Some(column) = &plan.anywhere else { return };
    findings.worth(&column.present);
    let texts = event.entries().filter_map(|(_, value)| value.as_text());
    if !plan.anywhere_joins {
        for text in texts {
            look_at(column, text, plain, folded, findings);
        }
        return;
    }
    let whole = if plain {
        event.all_text()
    } else {
        findings.worth(&column.foreign);
        texts.for_each(|text| fold_into(text, folded));
        folded.as_str()
    };
    if plan.anywhere_gate.as_ref().is_none_or(|gate| gate.lets_through(whole)) {
        column.look(whole, plain, findings);
    }
    folded.clear();
}

/// Looks at a value; one that is not plain is folded for it, and the place returned. `plain`: all
/// values of the event are.
fn look_at(
    column: &Column,
    text: &str,
    plain: bool,
    folded: &mut String,
    findings: &mut Findings<'_>,
) -> Option<(u32, u32)> {
    if plain || is_plain(text) {
        column.look(text, true, findings);
        return None;
    }
    findings.worth(&column.foreign);
    let place = folded_at(text, folded);
    column.look(&folded[place.0 as usize..place.1 as usize], false, findings);
    Some(place)
}

fn folded_at(text: &str, folded: &mut String) -> (u32, u32) {
    let start = folded.len();
    fold_into(text, folded);
    // An event is bounded far below 4 G.
    (u32::try_from(start).unwrap_or(0), u32::try_from(folded.len()).unwrap_or(0))
}

fn grow<T: Clone>(list: &mut Vec<T>, len: usize, filler: T) {
    if list.len() < len {
        list.resize(len, filler);
    }
}

/// A rule being tried on an event.
struct Trial<'t> {
    plan: &'t Plan,
    event: Event<'t>,
    questions: &'t Questions,
    scratch: &'t mut Scratch,
}

impl Trial<'_> {
    fn holds(&mut self, first: Goal) -> bool {
        let mut goal = first;
        while let Some(step) = self.plan.steps.get(goal as usize) {
            goal = if self.answer(step) { step.yes } else { step.no };
        }
        goal == HIT
    }

    fn answer(&mut self, step: &Step) -> bool {
        let said = self.scratch.answers[step.ask as usize];
        let said = (said >> 2 == self.scratch.stamp).then_some(said & 3);
        match step.known {
            Known::Answered => said.is_some(),
            Known::AnsweredTwice => said.unwrap_or(0) & self.what_counts(step.ask) != 0,
            Known::Hinted if said.is_none() => false,
            Known::HintedInPlain if said.is_none() && self.scratch.plain => false,
            Known::Open | Known::Hinted | Known::HintedInPlain => {
                let said = said.filter(|said| *said != Says::Hint as u32);
                said.map_or_else(|| self.ask(step.ask), |said| said != 0)
            }
        }
    }

    fn ask(&mut self, ask: AskAt) -> bool {
        let asked = &self.plan.asks[ask as usize];
        let test = &self.questions.get(asked.question).test;
        let answer = match asked.at {
            None => self.anywhere(test),
            Some(place) => self.of_field(test, place, asked.other),
        };
        self.scratch.answers[ask as usize] = self.scratch.stamp << 2 | u32::from(answer);
        answer
    }

    /// Returns what must have been said of a question to two fields for a yes.
    fn what_counts(&self, ask: AskAt) -> u32 {
        match self.plan.asks[ask as usize].at {
            Some((first, _)) if self.head(first) == END => Says::YesOtherwise as u32,
            _ => Says::Yes as u32,
        }
    }

    fn of_field(
        &mut self,
        test: &Test,
        place: (Slot, Option<Slot>),
        other: Option<(Slot, Option<Slot>)>,
    ) -> bool {
        let first = self.first(place);
        match (test, other) {
            (Test::Exists(wanted), _) => (first != END) == *wanted,
            (Test::Null, _) => first == END || self.any(first, test),
            (Test::Field { place, cased, .. }, Some(other)) => {
                let against = self.first(other);
                self.fold_all(first);
                self.fold_all(against);
                self.chain(first).any(|seen| {
                    self.chain(against).any(|other| stands(&seen, &other, *place, *cased))
                })
            }
            _ => self.any(first, test),
        }
    }

    /// Returns the first value of a field; one without any leads to the second field.
    fn first(&self, (first, second): (Slot, Option<Slot>)) -> u32 {
        match self.head(first) {
            END => second.map_or(END, |second| self.head(second)),
            at => at,
        }
    }

    fn head(&self, slot: Slot) -> u32 {
        let (stamp, at) = self.scratch.heads[slot as usize];
        if stamp == self.scratch.stamp { at } else { END }
    }

    fn any(&mut self, first: u32, test: &Test) -> bool {
        if test.wants_folded() {
            self.fold_all(first);
        }
        self.chain(first).any(|seen| test.holds_for(&seen))
    }

    fn chain(&self, first: u32) -> impl Iterator<Item = Seen<'_>> {
        let mut at = first;
        std::iter::from_fn(move || {
            let laid = self.scratch.values.get(at as usize)?;
            at = laid.next;
            Some(self.seen(laid))
        })
    }

    fn seen(&self, laid: &Laid) -> Seen<'_> {
        let folded = laid
            .folded
            .map_or("", |(start, end)| &self.scratch.folded[start as usize..end as usize]);
        Seen { value: self.event.value(laid.entry as usize), folded }
    }

    fn fold_all(&mut self, first: u32) {
        let mut at = first;
        while let Some(laid) = self.scratch.values.get_mut(at as usize) {
            at = laid.next;
            if laid.folded.is_none() {
                let text = self.event.value(laid.entry as usize).as_text().unwrap_or_default();
                laid.folded = Some(folded_at(text, &mut self.scratch.folded));
            }
        }
    }

    /// Asks every value of the event, whether a rule asks for its field or not.
    fn anywhere(&mut self, test: &Test) -> bool {
        let Scratch { everything, folded, .. } = &mut *self.scratch;
        if everything.is_empty() {
            everything.extend((0..).zip(self.event.entries()).map(|(entry, (_, value))| {
                let text = value.as_text().unwrap_or_default();
                Laid { entry, next: END, folded: Some(folded_at(text, folded)) }
            }));
        }
        self.scratch.everything.iter().any(|laid| test.holds_for(&self.seen(laid)))
    }
}
