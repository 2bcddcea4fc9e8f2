//! Compiled templates, kept from chunk to chunk and from file to file.
//!
//! Every chunk carries the templates of its records anew, at places of its own. One whose
//! [`Definition`] is the same has the same program.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::definition::{Definition, Key};
use super::program::{Program, Role};
use super::token::{Place, Tokens};
use super::{Budget, Flaw};
use crate::interned::Names;

/// What all kept templates may take, in bytes; a machine's own take a few hundred thousand.
const KEPT_BYTES_MAX: usize = 8 * 1024 * 1024;

/// The most definitions that are compared with one. They begin alike and differ in which of their
/// names stand elsewhere; real ones come in a handful.
const ALIKE_MAX: usize = 16;

#[derive(Debug)]
struct Template {
    program: Program,
    definition: Definition,
}

/// The templates kept.
#[derive(Debug, Default)]
pub(crate) struct Templates {
    kept: Vec<Template>,
    by_key: HashMap<(Key, Role), Vec<usize>, RandomState>,
    /// Those of this chunk: where they stand, for which role, and which they are.
    here: Vec<(usize, Role, usize)>,
    bytes: usize,
    /// The table that the programs' field numbers belong to.
    names: Option<u64>,
}

impl Templates {
    pub(crate) fn begin_chunk(&mut self, names: &Names) {
        self.here.clear();
        if self.bytes > KEPT_BYTES_MAX || self.names != Some(names.serial()) {
            *self = Self { names: Some(names.serial()), ..Self::default() };
        }
    }

    pub(crate) fn program(&self, at: usize) -> &Program {
        &self.kept[at].program
    }

    /// Returns the template at an offset of the chunk, if it was used there before in this role.
    pub(crate) fn here(&self, offset: usize, role: Role) -> Option<usize> {
        let is_here = |here: &&(usize, Role, usize)| here.0 == offset && here.1 == role;
        self.here.iter().find(is_here).map(|(_, _, at)| *at)
    }

    /// Returns the template at an offset of the chunk, if another chunk had the same somewhere.
    pub(crate) fn known(&self, chunk: &[u8], offset: usize, role: Role) -> Option<usize> {
        let alike = self.by_key.get(&(Key::at(chunk, offset)?, role))?;
        alike.iter().find(|at| self.kept[**at].definition.is_at(chunk, offset)).copied()
    }

    /// Notes that a template is used at an offset of this chunk. It costs the same whether it was
    /// known or not: what becomes of a chunk must not depend on what was read before it.
    pub(crate) fn use_here(
        &mut self,
        (offset, role): (usize, Role),
        at: usize,
        budget: &mut Budget,
    ) -> Result<(), Flaw> {
        budget.spend(self.kept[at].cost())?;
        self.here.push((offset, role, at));
        Ok(())
    }

    /// Keeps a template that was read at an offset of the chunk, its body at `body`.
    pub(crate) fn keep(
        &mut self,
        chunk: &[u8],
        (offset, role): (usize, Role),
        body: Place,
        tokens: &Tokens,
        program: Program,
        budget: &Budget,
    ) -> Result<usize, Flaw> {
        let definition = Definition::new(chunk, offset, body.end, &tokens.mentions)?;
        let key = Key::at(chunk, offset).ok_or(Flaw::Cut)?;
        let at = self.kept.len();
        let template = Template { program, definition };
        // One that nobody can pay for must not stay: a definition may name one long text many times.
        if template.cost() > budget.left() {
            return Err(Flaw::Bomb);
        }
        self.bytes += template.bytes();
        self.kept.push(template);
        let alike = self.by_key.entry((key, role)).or_default();
        if alike.len() < ALIKE_MAX {
            alike.push(at);
        }
        Ok(at)
    }
}

impl Template {
    fn cost(&self) -> usize {
        self.bytes() + self.program.cost()
    }

    fn bytes(&self) -> usize {
        size_of::<Self>() + self.program.bytes() + self.definition.bytes()
    }
}
