//! One JSON object straight into the arena: every leaf under its dotted path, no tree in between.
//!
//! Paths are interned like any field name. Sources repeat themselves, so the path that followed
//! last time is tried before the table is asked.

use std::fmt;
use std::fmt::Write as _;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::paths::Paths;
use super::tree::{DEPTH_MAX, NAME_BYTES_MAX, NODES_MAX};
use crate::batch::{Value, Writer};
use crate::interned::NameId;

/// The longest dotted path. Each is kept once per table, whatever the input repeats.
const PATH_BYTES_MAX: usize = 1024;
/// Distinct names that JSON may give one batch.
const NAMES_MAX: usize = 65_536;

/// What stood at the front of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Read {
    /// An object, whose leaves are written now.
    Object,
    /// An object that may be a Windows record, whose names are not paths. What was written of it
    /// is of no use.
    MaybeRecord,
    /// Another value.
    Other,
}

/// Reads one value from the front of the text and returns it with the bytes that it took.
/// `records`: stop at what may be a Windows record.
pub(super) fn read(
    text: &str,
    records: bool,
    paths: &mut Paths,
    event: &mut Writer<'_>,
) -> Result<(Read, usize), serde_json::Error> {
    paths.begin();
    let mut reader = Reader {
        event,
        paths,
        path: String::new(),
        nodes_left: NODES_MAX,
        records,
        stopped: false,
    };
    let mut deserializer = serde_json::Deserializer::from_str(text);
    match (Below { reader: &mut reader, depth: 0 }).deserialize(&mut deserializer) {
        Ok(read) => {
            // Only a stream tells where the value before it ended.
            let used = deserializer.into_iter::<IgnoredAny>().byte_offset();
            Ok((read, used))
        }
        Err(_) if reader.stopped => Ok((Read::MaybeRecord, 0)),
        Err(error) => Err(error),
    }
}

struct Reader<'r, 'b> {
    event: &'r mut Writer<'b>,
    paths: &'r mut Paths,
    /// The path of what is being read, for anything below the root's own members.
    path: String,
    nodes_left: usize,
    records: bool,
    stopped: bool,
}

/// The value at `reader.path`.
struct Below<'s, 'r, 'b> {
    reader: &'s mut Reader<'r, 'b>,
    depth: usize,
}

/// A value whose path's number is known.
struct Leaf<'s, 'r, 'b> {
    reader: &'s mut Reader<'r, 'b>,
    name: NameId,
    depth: usize,
    /// Objects here stop the reading.
    record: bool,
}

impl Reader<'_, '_> {
    fn count<E: Error>(&mut self) -> Result<(), E> {
        let left = self.nodes_left.checked_sub(1);
        self.nodes_left =
            left.ok_or_else(|| E::custom(format_args!("more than {NODES_MAX} values")))?;
        Ok(())
    }

    fn name<E: Error>(&mut self, path: &str) -> Result<NameId, E> {
        let name = self.paths.name(path, self.event);
        if name.index() >= NAMES_MAX {
            return Err(E::custom(format_args!("more than {NAMES_MAX} field names")));
        }
        Ok(name)
    }
}

fn deeper<E: Error>(depth: usize) -> Result<usize, E> {
    if depth >= DEPTH_MAX {
        return Err(E::custom(format_args!("nested deeper than {DEPTH_MAX}")));
    }
    Ok(depth + 1)
}

/// The root.
impl<'de> DeserializeSeed<'de> for Below<'_, '_, '_> {
    type Value = Read;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Read, D::Error> {
        self.reader.count()?;
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Below<'_, '_, '_> {
    type Value = Read;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a json value")
    }

    fn visit_unit<E>(self) -> Result<Read, E> {
        Ok(Read::Other)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Read, E> {
        Ok(Read::Other)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Read, E> {
        Ok(Read::Other)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Read, E> {
        Ok(Read::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Read, E> {
        Ok(Read::Other)
    }

    fn visit_str<E>(self, _: &str) -> Result<Read, E> {
        Ok(Read::Other)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Read, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Read::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Read, A::Error> {
        members(self.reader, self.depth, &mut map)?;
        Ok(Read::Object)
    }
}

/// Reads the members of an object whose path is `reader.path`.
fn members<'de, A: MapAccess<'de>>(
    reader: &mut Reader<'_, '_>,
    depth: usize,
    map: &mut A,
) -> Result<(), A::Error> {
    let depth = deeper(depth)?;
    let end = reader.path.len();
    while let Some((name, record)) = map.next_key_seed(Key { reader })? {
        map.next_value_seed(Leaf { reader, name, depth, record })?;
        reader.path.truncate(end);
    }
    Ok(())
}

/// A member's name: puts it onto the path and returns the path's number, and whether an object
/// below would make a Windows record.
struct Key<'s, 'r, 'b> {
    reader: &'s mut Reader<'r, 'b>,
}

impl<'de> DeserializeSeed<'de> for Key<'_, '_, '_> {
    type Value = (NameId, bool);

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_, '_, '_> {
    type Value = (NameId, bool);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a member name")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
        if name.len() > NAME_BYTES_MAX {
            return Err(E::custom(format_args!("member name longer than {NAME_BYTES_MAX} bytes")));
        }
        let reader = self.reader;
        let root = reader.path.is_empty();
        if !root {
            reader.path.push('.');
        }
        reader.path.push_str(name);
        if reader.path.len() > PATH_BYTES_MAX {
            return Err(E::custom(format_args!("path longer than {PATH_BYTES_MAX} bytes")));
        }
        let path = std::mem::take(&mut reader.path);
        let id = reader.name(&path);
        reader.path = path;
        Ok((id?, root && reader.records && matches!(name, "Event" | "System")))
    }
}

impl<'de> DeserializeSeed<'de> for Leaf<'_, '_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        self.reader.count()?;
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Leaf<'_, '_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a json value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.reader.event.put(self.name, Value::Null);
        Ok(())
    }

    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        self.reader.event.put(self.name, Value::Bool(value));
        Ok(())
    }

    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        let mut digits = itoa::Buffer::new();
        self.reader.event.put(self.name, Value::Number(digits.format(value)));
        Ok(())
    }

    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        let mut digits = itoa::Buffer::new();
        self.reader.event.put(self.name, Value::Number(digits.format(value)));
        Ok(())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        // `{:?}` keeps the point of 1.0 and the exponent of 1e300, both valid JSON.
        let mut digits = String::new();
        write!(digits, "{value:?}").map_err(E::custom)?;
        self.reader.event.put(self.name, Value::Number(&digits));
        Ok(())
    }

    fn visit_str<E>(self, value: &str) -> Result<(), E> {
        self.reader.event.put(self.name, Value::Text(value));
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let Leaf { reader, name, depth, .. } = self;
        let depth = deeper(depth)?;
        while seq.next_element_seed(Leaf { reader, name, depth, record: false })?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        if self.record {
            self.reader.stopped = true;
            return Err(A::Error::custom("may be a windows record"));
        }
        members(self.reader, self.depth, &mut map)
    }
}
