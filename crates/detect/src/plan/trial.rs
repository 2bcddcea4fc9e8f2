//! One event against a plan: look at its values once, then try the few rules that are worth it.

use khien_event::{Event, Value};

use super::build::Plan;
use super::column::{Column, Findings};
use super::literal::{Answer, Says, Worth};
use super::question::Questions;
use super::recall::{Memory, Place, Recall, Recalled};
use super::steps::{Goal, HIT, Known, Step};
use super::{AskAt, RuleAt, Slot};
use crate::fields::FieldOf;
use crate::sigma::fold::fold_into;
use crate::sigma::matcher::{Seen, Test, stands};

/// Ends a chain of values.
const END: u32 = u32::MAX;

/// Buffers for one event after the other. What a stamp of an earlier event says does not count.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scratch {
    stamp: u32,
    /// Whether all values of the event are plain ASCII.
    ascii: bool,
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
    recall: Recall,
    /// What looking at one value found.
    found: Vec<Answer>,
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

/// Gathers what the columns find.
struct Gathered<'g> {
    plan: &'g Plan,
    stamp: u32,
    answers: &'g mut [u32],
    tried: &'g mut [u32],
    worth: &'g mut Vec<RuleAt>,
}

impl Gathered<'_> {
    fn worth(&mut self, rules: &[RuleAt]) {
        for rule in rules {
            let tried = &mut self.tried[*rule as usize];
            if *tried != self.stamp {
                *tried = self.stamp;
                self.worth.push(*rule);
            }
        }
    }
}

impl Findings for Gathered<'_> {
    fn answer(&mut self, answer: Answer) {
        let plan = self.plan;
        if answer.says != Says::Perhaps {
            let known = &mut self.answers[answer.ask as usize];
            let before = if *known >> 2 == self.stamp { *known } else { self.stamp << 2 };
            *known = before | answer.says as u32;
        }
        let Worth(first, end) = answer.worth;
        self.worth(&plan.worth[first as usize..end as usize]);
    }
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

    /// Switches the memory of values on or off, and forgets them.
    pub(crate) fn remember(&mut self, on: bool) {
        self.recall.switch(on);
    }

    /// Returns how well the memory of values served.
    pub(crate) fn recalled(&self) -> Recalled {
        self.recall.counts()
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
        let Self { stamp, heads, values, folded, answers, tried, worth, recall, found, .. } = self;
        let mut gathered = Gathered { plan, stamp: *stamp, answers, tried, worth };
        gathered.worth(&plan.always);
        let ascii = event.all_text().is_ascii();
        self.ascii = ascii;
        if let Some(column) = &plan.anywhere {
            look_anywhere(column, event, ascii, folded, &mut gathered);
        }
        for (entry, name) in (0..).zip(event.names()) {
            let slot = field_of.get(name).and_then(|field| plan.slots[field.index()]);
            let Some(slot) = slot else { continue };
            let head = &mut heads[slot as usize];
            let next = if head.0 == *stamp { head.1 } else { END };
            *head = (*stamp, values.len() as u32);
            let column = &plan.columns[slot as usize];
            let value = event.value(entry as usize);
            let text = value.as_text().filter(|text| ascii && !text.is_empty() && column.is_slow());
            let folded = if let Some(text) = text {
                gathered.worth(&column.present);
                let place = Place { plan: plan.serial, slot };
                look_or_recall(column, place, text, recall, found, &mut gathered);
                None
            } else {
                look_at(column, value, ascii, folded, &mut gathered)
            };
            values.push(Laid { entry, next, folded });
        }
    }
}

/// Looks at a value in plain ASCII, unless it is known what that finds.
fn look_or_recall(
    column: &Column,
    place: Place,
    text: &str,
    recall: &mut Recall,
    found: &mut Vec<Answer>,
    gathered: &mut Gathered<'_>,
) {
    match recall.of(place, text) {
        Memory::Answers(answers) => answers.iter().for_each(|answer| gathered.answer(*answer)),
        Memory::Nothing => column.look(text, true, gathered),
        Memory::Keep(hash) => {
            found.clear();
            column.look(text, true, found);
            found.iter().for_each(|answer| gathered.answer(*answer));
            recall.keep(hash, place, text, found);
        }
    }
}

/// Looks for keywords, which only ever make rules worth trying: plain ASCII can be taken as one
/// text.
fn look_anywhere(
    column: &Column,
    event: Event<'_>,
    ascii: bool,
    folded: &mut String,
    gathered: &mut Gathered<'_>,
) {
    if ascii && gathered.plan.anywhere_joins {
        let (text, gate) = (event.all_text(), &gathered.plan.anywhere_gate);
        if gate.as_ref().is_none_or(|gate| gate.lets_through(text, folded)) {
            column.look(text, true, gathered);
        }
        return;
    }
    for (_, value) in event.entries() {
        look_at(column, value, ascii, folded, gathered);
    }
}

/// Looks at a value; one that is not plain ASCII is folded for it, and the place returned.
/// `ascii`: the whole event is.
fn look_at(
    column: &Column,
    value: Value<'_>,
    ascii: bool,
    folded: &mut String,
    gathered: &mut Gathered<'_>,
) -> Option<(u32, u32)> {
    gathered.worth(&column.present);
    let text = value.as_text()?;
    if ascii || text.is_ascii() {
        column.look(text, true, gathered);
        return None;
    }
    gathered.worth(&column.foreign);
    let place = folded_at(text, folded);
    column.look(&folded[place.0 as usize..place.1 as usize], false, gathered);
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
            Known::HintedInAscii if said.is_none() && self.scratch.ascii => false,
            Known::Open | Known::Hinted | Known::HintedInAscii => {
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
