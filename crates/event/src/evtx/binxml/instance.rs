//! Templates and the values that go into them: what one record consists of.

use super::cursor::Cursor;
use super::names::{Naming, Places};
use super::program::{Program, Role};
use super::templates::Templates;
use super::token::{self, InstanceHead, Kind, Place, Tokens};
use super::value::BINARY_XML;
use super::{Budget, Flaw, NESTING_MAX, compile};
use crate::buffer::Buffer;
use crate::interned::Names;

/// Compiling a byte costs more than writing one.
const COMPILE_COST: usize = 4;

/// A value of a template instance. There are many, so that it is small.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slot {
    pub(crate) kind: u8,
    start: u32,
    end: u32,
    /// The instance that holds the value's elements, if it is made of such.
    elements: Option<u32>,
}

impl Slot {
    fn new(kind: u8, place: Place) -> Self {
        // Offsets of a chunk are far smaller than 4 G.
        Self { kind, start: place.start as u32, end: place.end as u32, elements: None }
    }

    pub(crate) fn place(&self) -> Place {
        Place { start: self.start as usize, end: self.end as usize }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.start == self.end
    }

    pub(crate) fn elements(&self) -> Option<usize> {
        self.elements.map(|elements| elements as usize)
    }
}

/// Which program.
#[derive(Clone, Copy, Debug)]
pub(crate) enum ProgramId {
    /// A template's.
    Template(usize),
    /// That of elements which stand in the record itself.
    Loose(usize),
}

/// A program and its values.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Instance {
    pub(crate) program: ProgramId,
    /// In [`Instances::slots`].
    pub(crate) slots: (usize, usize),
}

/// What was read of one record, and the programs of its chunk. All buffers are used over and over.
#[derive(Debug)]
pub(crate) struct Instances {
    templates: Templates,
    loose: Vec<Program>,
    places: Places,
    tokens: Tokens,
    texts: Buffer,
    pub(crate) slots: Vec<Slot>,
    pub(crate) list: Vec<Instance>,
}

impl Instances {
    pub(crate) fn new() -> Self {
        Self {
            templates: Templates::default(),
            loose: Vec::new(),
            places: Places::new(),
            tokens: Tokens::default(),
            texts: Buffer::default(),
            slots: Vec::new(),
            list: Vec::new(),
        }
    }

    /// Forgets where things stood in the chunk before.
    pub(crate) fn begin_chunk(&mut self, names: &Names) {
        self.templates.begin_chunk(names);
        self.places.begin_chunk();
    }

    pub(crate) fn program(&self, id: ProgramId) -> &Program {
        match id {
            ProgramId::Template(at) => self.templates.program(at),
            ProgramId::Loose(at) => &self.loose[at],
        }
    }

    /// Reads the binary XML of a record and returns its outermost instance.
    pub(crate) fn read(
        &mut self,
        chunk: &[u8],
        place: Place,
        names: &mut Names,
        budget: &mut Budget,
    ) -> Result<usize, Flaw> {
        self.loose.clear();
        self.slots.clear();
        self.list.clear();
        let mut reading = Reading { chunk, instances: self, names, budget };
        let outermost = reading.fragment(place, Role::Record, 0)?;
        if !self.program(self.list[outermost].program).has_system {
            return Err(Flaw::NoSystem);
        }
        Ok(outermost)
    }
}

struct Reading<'a> {
    chunk: &'a [u8],
    instances: &'a mut Instances,
    names: &'a mut Names,
    budget: &'a mut Budget,
}

impl Reading<'_> {
    /// Reads a fragment: nearly always one instance of a template, rarely elements themselves.
    fn fragment(&mut self, place: Place, role: Role, depth: usize) -> Result<usize, Flaw> {
        if depth >= NESTING_MAX {
            return Err(Flaw::TooDeep);
        }
        let bytes = self.chunk.get(..place.end).ok_or(Flaw::Cut)?;
        let head = match bytes.get(place.start..) {
            Some([0x0f, _, _, _, 0x0c, ..]) => 5,
            Some([0x0c, ..]) => 1,
            _ => return self.elements(place, role, depth),
        };
        let mut cursor = Cursor::new(bytes, place.start + head);
        let before = (self.instances.slots.len(), self.instances.list.len());
        let instance = self.instance(&mut cursor, role, depth)?;
        if matches!(bytes.get(cursor.at()), None | Some(0)) {
            return Ok(instance);
        }
        // Something else stands beside the instance.
        self.instances.slots.truncate(before.0);
        self.instances.list.truncate(before.1);
        self.elements(place, role, depth)
    }

    /// Reads an instance of a template, whose token is read already.
    fn instance(
        &mut self,
        cursor: &mut Cursor<'_>,
        role: Role,
        depth: usize,
    ) -> Result<usize, Flaw> {
        let head = InstanceHead::read(cursor)?;
        let program = self.template(head.definition, role)?;
        let descriptors = cursor.take(head.descriptor_bytes()?)?;
        let first = self.instances.slots.len();
        let mut start = cursor.at();
        let mut nests = false;
        let slots = descriptors.as_chunks().0.iter().map(|[low, high, kind, _]| {
            let place =
                Place { start, end: start + usize::from(u16::from_le_bytes([*low, *high])) };
            start = place.end;
            nests |= *kind == BINARY_XML;
            Slot::new(*kind, place)
        });
        self.instances.slots.extend(slots);
        cursor.skip(start - cursor.at())?;
        self.nest(program, first, nests, depth)
    }

    /// Makes an instance of the slots from `first` on, with what is inside them.
    fn nest(
        &mut self,
        program: ProgramId,
        first: usize,
        nests: bool,
        depth: usize,
    ) -> Result<usize, Flaw> {
        let slots = (first, self.instances.slots.len());
        let nesting = if nests { slots.0..slots.1 } else { 0..0 };
        for at in nesting {
            let slot = self.instances.slots[at];
            if slot.kind != BINARY_XML || slot.is_empty() {
                continue;
            }
            let role = self.instances.program(program).nested.get(at - first).copied().flatten();
            if let Some(role) = role {
                let elements = self.fragment(slot.place(), role, depth + 1)?;
                self.instances.slots[at].elements = Some(elements as u32);
            }
        }
        self.instances.list.push(Instance { program, slots });
        Ok(self.instances.list.len() - 1)
    }

    /// Reads elements that stand in the record itself.
    fn elements(&mut self, place: Place, role: Role, depth: usize) -> Result<usize, Flaw> {
        self.budget.spend(COMPILE_COST * place.end.saturating_sub(place.start))?;
        let program = self.compile(place, role, Kind::Record)?;
        self.budget.spend(program.cost())?;
        self.instances.loose.push(program);
        let program = ProgramId::Loose(self.instances.loose.len() - 1);
        let first = self.instances.slots.len();
        let Instances { tokens, slots, .. } = &mut *self.instances;
        slots.extend(tokens.fragments.iter().map(|place| Slot::new(BINARY_XML, *place)));
        self.nest(program, first, true, depth)
    }

    /// Returns the program of the template defined at an offset.
    fn template(&mut self, offset: usize, role: Role) -> Result<ProgramId, Flaw> {
        if let Some(at) = self.instances.templates.here(offset, role) {
            return Ok(ProgramId::Template(at));
        }
        let body = token::definition_body(&mut Cursor::new(self.chunk, offset))?;
        self.budget.spend(COMPILE_COST * (body.end - body.start))?;
        let at = match self.instances.templates.known(self.chunk, offset, role) {
            Some(at) => at,
            None => {
                let program = self.compile(body, role, Kind::Template)?;
                let Instances { templates, tokens, .. } = &mut *self.instances;
                templates.keep(self.chunk, (offset, role), body, tokens, program, self.budget)?
            }
        };
        self.instances.templates.use_here((offset, role), at, self.budget)?;
        Ok(ProgramId::Template(at))
    }

    fn compile(&mut self, place: Place, role: Role, kind: Kind) -> Result<Program, Flaw> {
        let Instances { places, tokens, texts, .. } = &mut *self.instances;
        tokens.read(self.chunk, place, kind)?;
        let naming = Naming { places, names: self.names, bytes: 0 };
        compile::compile(self.chunk, &tokens.list, role, naming, texts)
    }
}
