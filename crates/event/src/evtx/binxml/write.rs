//! Programs run over their values: the fields of one event.

use super::instance::{Instance, Instances, Slot};
use super::program::{Constant, Empty, Op, Piece, Pieces, Program};
use super::time::filetime_us;
use super::value::{self, ARRAY, BINARY_XML, FILETIME, Items, NULL, Shown};
use super::{Budget, Flaw, NAME_COST, VALUES_MAX, text};
use crate::batch::{Entry, Span, Tag, Writer};
use crate::interned::{NameId, Names};
use crate::windows;

/// The fields of one event; the buffers are used over and over. All text stands in one buffer,
/// because checking and copying it once is far cheaper than value by value.
#[derive(Debug, Default)]
pub(crate) struct Fields {
    text: Vec<u8>,
    list: Vec<Entry>,
    t_event: Option<i64>,
}

impl Fields {
    /// Runs what was read of a record.
    pub(crate) fn run(
        &mut self,
        chunk: &[u8],
        instances: &Instances,
        outermost: usize,
        names: &mut Names,
        budget: &mut Budget,
    ) -> Result<(), Flaw> {
        self.text.clear();
        self.list.clear();
        self.t_event = None;
        let text_max = budget.left();
        let ran = Run { chunk, instances, names, budget, text_max, fields: self, mark: 0 }
            .instance(outermost);
        // Text that was made for nothing was made all the same.
        budget.spend_up_to(self.text.len());
        ran
    }

    /// Hands the fields over.
    pub(crate) fn write(&self, event: &mut Writer<'_>) {
        event.put_all(text::str(&self.text), &self.list);
        if let Some(us) = self.t_event {
            event.at(us);
        }
    }
}

struct Run<'a> {
    chunk: &'a [u8],
    instances: &'a Instances,
    names: &'a mut Names,
    budget: &'a mut Budget,
    text_max: usize,
    fields: &'a mut Fields,
    /// How many values there were when the element began.
    mark: usize,
}

impl<'a> Run<'a> {
    /// Runs a program. Instances nest no deeper than they were read.
    fn instance(&mut self, at: usize) -> Result<(), Flaw> {
        let instances = self.instances;
        let Instance { program, slots } = instances.list[at];
        let program = instances.program(program);
        let slots = &instances.slots[slots.0..slots.1];
        self.budget.spend(program.ops.len())?;
        let mut at = 0;
        while let Some(op) = program.ops.get(at) {
            at += match *op {
                Op::Unless { slot, skip } if is_null(slots, slot) => skip as usize,
                op => {
                    self.step(op, program, slots)?;
                    1
                }
            };
        }
        Ok(())
    }

    fn step(&mut self, op: Op, program: &'a Program, slots: &'a [Slot]) -> Result<(), Flaw> {
        match op {
            Op::Content { field, slot, empty } => {
                self.content(field, slots.get(usize::from(slot)), empty)
            }
            Op::Scalar { field, slot } => {
                self.scalar(field, slots.get(usize::from(slot)), Empty::Nothing)
            }
            Op::Constant { field, constant } => self.constant(field, constant, program),
            Op::Joined { field, pieces, empty } => {
                let start = self.fields.text.len();
                let shown = self.join(pieces, program, slots)?;
                self.put(field, shown, start, empty)
            }
            Op::Named { name, value } => self.named(name, value, program, slots),
            Op::Elements { slot } => {
                match slots.get(usize::from(slot)).and_then(|slot| slot.elements) {
                    Some(elements) => self.instance(elements),
                    None => Ok(()),
                }
            }
            Op::Mark => {
                self.mark = self.fields.list.len();
                Ok(())
            }
            Op::Empty { field, empty } => {
                self.put(field, Shown::Nothing, self.fields.text.len(), empty)
            }
            Op::Time(pieces) => self.time(pieces, program, slots),
            Op::Unless { .. } => Ok(()),
        }
    }

    fn content(&mut self, field: NameId, slot: Option<&Slot>, empty: Empty) -> Result<(), Flaw> {
        match slot {
            Some(Slot { elements: Some(elements), .. }) => self.instance(*elements),
            Some(slot) if slot.kind & ARRAY != 0 => self.items(field, slot, empty),
            slot => self.scalar(field, slot, empty),
        }
    }

    fn scalar(&mut self, field: NameId, slot: Option<&Slot>, empty: Empty) -> Result<(), Flaw> {
        let start = self.fields.text.len();
        let shown = match slot {
            Some(slot) => value::show(slot.kind, self.bytes(slot)?, &mut self.fields.text)?,
            None => Shown::Nothing,
        };
        self.put(field, shown, start, empty)
    }

    /// An array repeats its element: data become several values of one field, any other element
    /// is numbered like elements of one name beside each other.
    fn items(&mut self, field: NameId, slot: &Slot, empty: Empty) -> Result<(), Flaw> {
        let kind = slot.kind & !ARRAY;
        let bytes = self.bytes(slot)?;
        if Items::new(kind, bytes)?.nth(1).is_none() {
            return self.scalar(field, Some(slot), empty);
        }
        for (number, item) in Items::new(kind, bytes)?.enumerate() {
            let mut name = field;
            if number > 0 && empty != Empty::Text {
                let numbered = format!("{}_{number}", self.names.text(field));
                self.budget.spend(NAME_COST * numbered.len())?;
                name = self.names.intern(&numbered);
            }
            let start = self.fields.text.len();
            let shown = value::show(kind, item, &mut self.fields.text)?;
            self.put(name, shown, start, empty)?;
        }
        Ok(())
    }

    fn named(
        &mut self,
        name: Pieces,
        value: Pieces,
        program: &Program,
        slots: &[Slot],
    ) -> Result<(), Flaw> {
        let start = self.fields.text.len();
        self.join(name, program, slots)?;
        self.budget.spend(NAME_COST * (self.fields.text.len() - start))?;
        let name = match text::str(&self.fields.text[start..]) {
            "" => self.names.intern(windows::UNNAMED_DATA),
            name if name.len() > super::NAME_MAX => return Err(Flaw::LongName),
            name => self.names.intern(&windows::field_name(name)),
        };
        self.fields.text.truncate(start);
        let shown = self.join(value, program, slots)?;
        self.put(name, shown, start, Empty::Text)
    }

    fn constant(
        &mut self,
        field: NameId,
        constant: Constant,
        program: &Program,
    ) -> Result<(), Flaw> {
        let start = self.fields.text.len();
        self.fields.text.extend_from_slice(program.text(constant));
        self.put(field, constant.shown, start, Empty::Nothing)
    }

    /// Appends the text of all pieces. A single value among them keeps its kind.
    fn join(&mut self, pieces: Pieces, program: &Program, slots: &[Slot]) -> Result<Shown, Flaw> {
        let mut joined = Shown::Nothing;
        for piece in program.pieces(pieces) {
            let shown = match piece {
                Piece::Slot(slot) => match slots.get(usize::from(*slot)) {
                    Some(slot) => value::show(slot.kind, self.bytes(slot)?, &mut self.fields.text)?,
                    None => Shown::Nothing,
                },
                Piece::Constant(constant) => {
                    self.fields.text.extend_from_slice(program.text(*constant));
                    constant.shown
                }
            };
            joined = match (joined, shown) {
                (one, Shown::Nothing) | (Shown::Nothing, one) => one,
                _ => Shown::Text,
            };
            // Many places may show one long value.
            self.check_length()?;
        }
        Ok(joined)
    }

    fn time(&mut self, pieces: Pieces, program: &Program, slots: &[Slot]) -> Result<(), Flaw> {
        let start = self.fields.text.len();
        let shown = self.join(pieces, program, slots)?;
        if shown != Shown::Text {
            self.fields.text.truncate(start);
            return Ok(());
        }
        let told = match program.pieces(pieces) {
            [Piece::Slot(slot)] => {
                slots.get(usize::from(*slot)).and_then(|slot| self.filetime(slot))
            }
            _ => None,
        };
        let read = || crate::time::iso(text::str(&self.fields.text[start..]), 0);
        self.fields.t_event = told.or_else(read);
        self.put(NameId::TIME_CREATED, shown, start, Empty::Nothing)
    }

    fn filetime(&self, slot: &Slot) -> Option<i64> {
        let bytes = self.bytes(slot).ok().filter(|_| slot.kind == FILETIME)?;
        filetime_us(u64::from_le_bytes(*bytes.first_chunk()?))
    }

    /// Makes the text from `start` on a value.
    fn put(&mut self, name: NameId, shown: Shown, start: usize, empty: Empty) -> Result<(), Flaw> {
        let tag = match (shown, empty) {
            (Shown::Text, _) | (Shown::Nothing, Empty::Text) => Tag::Text,
            (Shown::Number, _) => Tag::Number,
            (Shown::Bool(true), _) => Tag::True,
            (Shown::Bool(false), _) => Tag::False,
            (Shown::Nothing, Empty::Nothing) => return Ok(()),
            (Shown::Nothing, Empty::NullUnlessMarked) if self.fields.list.len() > self.mark => {
                return Ok(());
            }
            (Shown::Nothing, _) => Tag::Null,
        };
        if self.fields.list.len() >= VALUES_MAX {
            return Err(Flaw::TooManyValues);
        }
        let value = Span { start, end: self.fields.text.len() };
        self.check_length()?;
        self.fields.list.push(Entry { name, value, tag });
        Ok(())
    }

    fn check_length(&self) -> Result<(), Flaw> {
        if self.fields.text.len() > self.text_max { Err(Flaw::Bomb) } else { Ok(()) }
    }

    fn bytes(&self, slot: &Slot) -> Result<&'a [u8], Flaw> {
        self.chunk.get(slot.place.start..slot.place.end).ok_or(Flaw::Cut)
    }
}

/// Whether the value that an element depends on is none at all.
fn is_null(slots: &[Slot], slot: u16) -> bool {
    slots.get(usize::from(slot)).is_some_and(|slot| {
        slot.kind == NULL || slot.kind == BINARY_XML && slot.place.start == slot.place.end
    })
}
