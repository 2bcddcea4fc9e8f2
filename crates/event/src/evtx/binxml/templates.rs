//! Compiled templates, kept from chunk to chunk and from file to file.
//!
//! Every chunk carries the templates of its records anew. One that stands at the same offset with
//! the same bytes, and whose names do too, has the same program.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::program::{Program, Role};
use super::token::{self, Place, Token};
use super::{Budget, Flaw};
use crate::interned::Names;

/// What all kept templates may take, in bytes; a machine's own take a few hundred thousand.
const KEPT_BYTES_MAX: usize = 8 * 1024 * 1024;

/// The offset of the next definition, which differs from chunk to chunk and means nothing here.
const NEXT_BYTES: usize = 4;

#[derive(Debug)]
struct Template {
    program: Program,
    /// The definition from its GUID to its end.
    definition: Box<[u8]>,
    /// Names outside of the definition: where they stand, and their bytes.
    names: Vec<(u32, Box<[u8]>)>,
}

/// The templates kept.
#[derive(Debug, Default)]
pub(crate) struct Templates {
    kept: Vec<Template>,
    by_place: HashMap<(usize, Role), Vec<usize>, RandomState>,
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

    /// Returns the template at an offset of the chunk, if another chunk had the same there.
    pub(crate) fn known(&self, chunk: &[u8], offset: usize, role: Role) -> Option<usize> {
        let candidates = self.by_place.get(&(offset, role))?;
        candidates.iter().find(|at| self.kept[**at].is_at(chunk, offset)).copied()
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
        tokens: &[Token],
        program: Program,
    ) -> Result<usize, Flaw> {
        let definition = chunk.get(offset + NEXT_BYTES..body.end).ok_or(Flaw::Cut)?.into();
        let mut names: Vec<u32> = tokens.iter().filter_map(|token| token.name()).collect();
        names.sort_unstable();
        names.dedup();
        let name = |at: u32| token::name_at(chunk, at).map(|name| (at, name.into()));
        let mut names = names.into_iter().map(name).collect::<Result<Vec<_>, Flaw>>()?;
        names.retain(|(at, name): &(u32, Box<[u8]>)| {
            let (start, end) = (*at as usize, token::name_end(*at, name));
            start < offset + NEXT_BYTES || body.end < end
        });
        let at = self.kept.len();
        let template = Template { program, definition, names };
        self.bytes += template.bytes();
        self.kept.push(template);
        self.by_place.entry((offset, role)).or_default().push(at);
        Ok(at)
    }
}

impl Template {
    fn is_at(&self, chunk: &[u8], offset: usize) -> bool {
        let definition = chunk.get(offset + NEXT_BYTES..);
        definition.is_some_and(|bytes| bytes.starts_with(&self.definition))
            && self.names.iter().all(|(at, name)| token::name_at(chunk, *at) == Ok(name))
    }

    fn cost(&self) -> usize {
        self.bytes() + self.program.cost()
    }

    fn bytes(&self) -> usize {
        let names: usize = self.names.iter().map(|(_, name)| size_of_val(name) + name.len()).sum();
        size_of::<Self>() + self.program.bytes() + self.definition.len() + names
    }
}
