//! Programs run over their values: the fields of one event.

use super::instance::{Instance, Instances, Slot};
use super::program::{Constant, Empty, Op, Piece, Pieces, Program};
use super::time::filetime_us;
use super::value::{self, ARRAY, BINARY_XML, FILETIME, Items, NULL};
use super::{Budget, Flaw, NAME_COST, VALUES_MAX};
use crate::batch::{Span, Tag, Writer};
use crate::buffer::Buffer;
use crate::interned::NameId;
use crate::windows;

/// The text of one event's fields; used over and over. All of it stands in one buffer, because
/// checking and copying it once is far cheaper than value by value.
#[derive(Debug, Default)]
pub(crate) struct Fields {
    text: Buffer,
}

impl Fields {
    /// Writes what was read of a record. If that fails, the event is to be dropped.
    pub(crate) fn write(
        &mut self,
        chunk: &[u8],
        instances: &Instances,
        outermost: usize,
        event: &mut Writer<'_>,
        budget: &mut Budget,
    ) -> Result<(), Flaw> {
        let text = &mut self.text;
        text.clear();
        let text_max = budget.left();
        let mut run =
            Run { chunk, instances, event, budget, text_max, text, mark: 0, t_event: None };
        let ran = run.instance(outermost);
        let t_event = run.t_event;
        // Text that was made for nothing was made all the same.
        budget.spend_up_to(self.text.len());
        ran?;
        event.put_text(self.text.text(0));
        if let Some(us) = t_event {
            event.at(us);
        }
        Ok(())
    }
}

struct Run<'a, 'e> {
    chunk: &'a [u8],
    instances: &'a Instances,
    event: &'a mut Writer<'e>,
    budget: &'a mut Budget,
    text_max: usize,
    text: &'a mut Buffer,
    /// How many values there were when the element began.
    mark: usize,
    t_event: Option<i64>,
}

impl<'a> Run<'a, '_> {
    /// Runs a program. Instances nest no deeper than they were read.
    fn instance(&mut self, at: usize) -> Result<(), Flaw> {
        let instances = self.instances;
        let Instance { program, slots } = instances.list[at];
        let program = instances.program(program);
        let slots = &instances.slots[slots.0..slots.1];
        self.budget.spend(program.ops.len())?;
        let mut at = 0;
        while let Some(op) = program.ops.get(at) {
            at += 1;
            match *op {
                Op::Unless { slot, skip } if is_null(slots, slot) => at += skip as usize - 1,
                Op::Unless { .. } => {}
                Op::Content { field, slot, empty } => {
                    self.content(field, slots.get(usize::from(slot)), empty)?;
                }
                Op::Scalar { field, slot } => {
                    self.scalar(field, slots.get(usize::from(slot)), Empty::Nothing)?;
                }
                op => self.step(op, program, slots)?,
            }
        }
        Ok(())
    }

    /// Runs one of the rarer steps.
    fn step(&mut self, op: Op, program: &'a Program, slots: &'a [Slot]) -> Result<(), Flaw> {
        match op {
            Op::Constant { field, constant } => self.constant(field, constant, program),
            Op::Joined { field, pieces, empty } => {
                let start = self.text.len();
                let tag = self.join(pieces, program, slots)?;
                self.put(field, tag, start, empty)
            }
            Op::Named { name, value } => self.named(name, value, program, slots),
            Op::Elements { slot } => {
                match slots.get(usize::from(slot)).and_then(|slot| slot.elements()) {
                    Some(elements) => self.instance(elements),
                    None => Ok(()),
                }
            }
            Op::Mark => {
                self.mark = self.event.len();
                Ok(())
            }
            Op::Empty { field, empty } => self.put(field, None, self.text.len(), empty),
            Op::Time(pieces) => self.time(pieces, program, slots),
            Op::Unless { .. } | Op::Content { .. } | Op::Scalar { .. } => Ok(()),
        }
    }

    fn content(&mut self, field: NameId, slot: Option<&Slot>, empty: Empty) -> Result<(), Flaw> {
        match slot {
            Some(slot) if slot.kind & ARRAY != 0 => self.items(field, slot, empty),
            Some(slot) if slot.kind == BINARY_XML && slot.elements().is_some() => {
                slot.elements().map_or(Ok(()), |elements| self.instance(elements))
            }
            slot => self.scalar(field, slot, empty),
        }
    }

    fn scalar(&mut self, field: NameId, slot: Option<&Slot>, empty: Empty) -> Result<(), Flaw> {
        let start = self.text.len();
        let tag = self.show(slot)?;
        self.put(field, tag, start, empty)
    }

    /// Appends the text of a value and returns what it is.
    fn show(&mut self, slot: Option<&Slot>) -> Result<Option<Tag>, Flaw> {
        match slot {
            Some(slot) => value::show(slot.kind, self.bytes(slot)?, self.text),
            None => Ok(None),
        }
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
                let numbered = format!("{}_{number}", self.event.names().text(field));
                self.budget.spend(NAME_COST * numbered.len())?;
                name = self.event.name(&numbered);
            }
            let start = self.text.len();
            let tag = value::show(kind, item, self.text)?;
            self.put(name, tag, start, empty)?;
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
        let start = self.text.len();
        self.join(name, program, slots)?;
        self.budget.spend(NAME_COST * (self.text.len() - start))?;
        let name = match self.text.text(start) {
            "" => self.event.name(windows::UNNAMED_DATA),
            name if name.len() > super::NAME_MAX => return Err(Flaw::LongName),
            name => self.event.name(&windows::field_name(name)),
        };
        self.text.truncate(start);
        let tag = self.join(value, program, slots)?;
        self.put(name, tag, start, Empty::Text)
    }

    fn constant(
        &mut self,
        field: NameId,
        constant: Constant,
        program: &Program,
    ) -> Result<(), Flaw> {
        let start = self.text.len();
        self.text.push(program.text(constant));
        self.put(field, Some(constant.tag), start, Empty::Nothing)
    }

    /// Appends the text of all pieces. A single value among them keeps its kind.
    fn join(
        &mut self,
        pieces: Pieces,
        program: &Program,
        slots: &[Slot],
    ) -> Result<Option<Tag>, Flaw> {
        let mut joined = None;
        for piece in program.pieces(pieces) {
            let tag = match piece {
                Piece::Slot(slot) => self.show(slots.get(usize::from(*slot)))?,
                Piece::Constant(constant) => {
                    self.text.push(program.text(*constant));
                    Some(constant.tag)
                }
            };
            joined = match (joined, tag) {
                (one, None) | (None, one) => one,
                _ => Some(Tag::Text),
            };
            // Many places may show one long value.
            self.check_length()?;
        }
        Ok(joined)
    }

    fn time(&mut self, pieces: Pieces, program: &Program, slots: &[Slot]) -> Result<(), Flaw> {
        let start = self.text.len();
        let tag = self.join(pieces, program, slots)?;
        if tag != Some(Tag::Text) {
            self.text.truncate(start);
            return Ok(());
        }
        let told = match program.pieces(pieces) {
            [Piece::Slot(slot)] => {
                slots.get(usize::from(*slot)).and_then(|slot| self.filetime(slot))
            }
            _ => None,
        };
        let read = || crate::time::iso(self.text.text(start), 0);
        self.t_event = told.or_else(read);
        self.put(NameId::TIME_CREATED, tag, start, Empty::Nothing)
    }

    fn filetime(&self, slot: &Slot) -> Option<i64> {
        let bytes = self.bytes(slot).ok().filter(|_| slot.kind == FILETIME)?;
        filetime_us(u64::from_le_bytes(*bytes.first_chunk()?))
    }

    /// Makes the text from `start` on a value.
    fn put(
        &mut self,
        name: NameId,
        tag: Option<Tag>,
        start: usize,
        empty: Empty,
    ) -> Result<(), Flaw> {
        let tag = match (tag, empty) {
            (Some(tag), _) => tag,
            (None, Empty::Text) => Tag::Text,
            (None, Empty::Nothing) => return Ok(()),
            (None, Empty::NullUnlessMarked) if self.event.len() > self.mark => return Ok(()),
            (None, _) => Tag::Null,
        };
        if self.event.len() >= VALUES_MAX {
            return Err(Flaw::TooManyValues);
        }
        self.check_length()?;
        self.event.put_part(name, tag, Span { start, end: self.text.len() });
        Ok(())
    }

    fn check_length(&self) -> Result<(), Flaw> {
        if self.text.len() > self.text_max { Err(Flaw::Bomb) } else { Ok(()) }
    }

    fn bytes(&self, slot: &Slot) -> Result<&'a [u8], Flaw> {
        let place = slot.place();
        self.chunk.get(place.start..place.end).ok_or(Flaw::Cut)
    }
}

/// Whether the value that an element depends on is none at all.
fn is_null(slots: &[Slot], slot: u16) -> bool {
    slots
        .get(usize::from(slot))
        .is_some_and(|slot| slot.kind == NULL || slot.kind == BINARY_XML && slot.is_empty())
}
