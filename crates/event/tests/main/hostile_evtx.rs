//! Event logs made to hurt: each is one chunk whose records ask for far more than they hold. All of
//! them end at a named bound, with little text and in little time; what is sound beside them is read.

use khien_event::{Batch, Context, Format, ProblemKind, parse};

const FILE_HEADER_BYTES: usize = 4096;
const CHUNK_BYTES: usize = 64 * 1024;
const CHUNK_HEADER_BYTES: usize = 512;
const RECORD_HEADER_BYTES: usize = 24;
const NO_CHECKSUM: u32 = 4;
const NO_DEPENDENCY: u16 = 0xFFFF;

const STRING: u8 = 0x01;
const BINARY_XML: u8 = 0x21;

/// A text of a chunk may unfold to this many bytes, with some room for the fields' names.
const TEXT_BYTES_MAX: usize = 4 * 1024 * 1024 + CHUNK_BYTES;

/// A chunk being written; offsets in binary XML are its own.
struct Chunk {
    bytes: Vec<u8>,
    records: u64,
}

impl Chunk {
    fn new() -> Self {
        Self { bytes: vec![0; CHUNK_HEADER_BYTES], records: 0 }
    }

    fn u8(&mut self, values: &[u8]) -> &mut Self {
        self.bytes.extend_from_slice(values);
        self
    }

    fn u16(&mut self, value: u16) -> &mut Self {
        self.u8(&value.to_le_bytes())
    }

    fn u32(&mut self, value: usize) -> &mut Self {
        self.u8(&u32::try_from(value).unwrap().to_le_bytes())
    }

    fn utf16(&mut self, text: &str) -> &mut Self {
        for unit in text.encode_utf16() {
            self.u16(unit);
        }
        self
    }

    /// Writes a name where it is used.
    fn name(&mut self, name: &str) -> &mut Self {
        let at = self.bytes.len() + 4;
        self.u32(at).u32(0).u16(0).u16(name.len() as u16).utf16(name).u16(0)
    }

    /// Opens an element of a template.
    fn open(&mut self, name: &str) -> &mut Self {
        self.u8(&[0x01]).u16(NO_DEPENDENCY).u32(0).name(name).u8(&[0x02])
    }

    fn close(&mut self) -> &mut Self {
        self.u8(&[0x04])
    }

    fn slot(&mut self, slot: u16) -> &mut Self {
        self.u8(&[0x0d]).u16(slot).u8(&[STRING])
    }

    fn record(&mut self, xml: impl FnOnce(&mut Self)) -> &mut Self {
        let at = self.bytes.len();
        self.records += 1;
        let id = self.records.to_le_bytes();
        self.u8(b"**\0\0").u32(0).u8(&id).u8(&[0; 8]);
        assert_eq!(self.bytes.len(), at + RECORD_HEADER_BYTES);
        xml(self);
        let size = self.bytes.len() + 4 - at;
        self.u32(size);
        self.bytes[at + 4..at + 8].copy_from_slice(&(size as u32).to_le_bytes());
        self
    }

    /// Writes an instance with the template's definition in it; returns where that stands.
    fn define(&mut self, body: impl FnOnce(&mut Self)) -> usize {
        self.u8(&[0x0f, 1, 1, 0, 0x0c, 1]).u32(0);
        let definition = self.bytes.len() + 4;
        self.u32(definition).u32(0).u8(&[0; 16]).u32(0);
        let start = self.bytes.len();
        self.u8(&[0x0f, 1, 1, 0]);
        body(self);
        self.u8(&[0]);
        let size = self.bytes.len() - start;
        self.bytes[start - 4..start].copy_from_slice(&(size as u32).to_le_bytes());
        definition
    }

    /// Writes an instance of a template that is defined elsewhere.
    fn instance(&mut self, definition: usize) -> &mut Self {
        self.u8(&[0x0f, 1, 1, 0, 0x0c, 1]).u32(0).u32(definition)
    }

    fn values(&mut self, values: &[(u8, &[u8])]) -> &mut Self {
        self.u32(values.len());
        for (kind, bytes) in values {
            self.u16(bytes.len() as u16).u8(&[*kind, 0]);
        }
        for (_, bytes) in values {
            self.u8(bytes);
        }
        self
    }

    /// Opens `Event`, writes a `System` and opens `EventData`.
    fn event(&mut self) -> &mut Self {
        self.open("Event").open("System").open("EventID").u8(&[0x05, STRING]).u16(1).utf16("1");
        self.close().close().open("EventData")
    }

    fn file(&self) -> Vec<u8> {
        assert!(self.bytes.len() <= CHUNK_BYTES, "{}", self.bytes.len());
        let mut file = b"ElfFile\0".to_vec();
        file.resize(FILE_HEADER_BYTES, 0);
        file[120..124].copy_from_slice(&NO_CHECKSUM.to_le_bytes());
        let mut chunk = self.bytes.clone();
        chunk[..8].copy_from_slice(b"ElfChnk\0");
        chunk[24..32].copy_from_slice(&1u64.to_le_bytes());
        chunk[32..40].copy_from_slice(&self.records.to_le_bytes());
        chunk[44..48].copy_from_slice(&(self.bytes.len() as u32).to_le_bytes());
        chunk[48..52].copy_from_slice(&(self.bytes.len() as u32).to_le_bytes());
        chunk[120..124].copy_from_slice(&NO_CHECKSUM.to_le_bytes());
        chunk.resize(CHUNK_BYTES, 0);
        file.extend(chunk);
        file
    }

    /// Reads the chunk; returns how many events came of it, what their values are long, and what
    /// was wrong.
    fn read(&self) -> (usize, usize, Vec<ProblemKind>) {
        let mut batch = Batch::new();
        let problems = parse(Format::Evtx, &self.file(), &Context::received(0), &mut batch);
        let text = |event: khien_event::Event<'_>| -> usize {
            event.fields().filter_map(|(_, value)| value.as_text()).map(str::len).sum()
        };
        let text = batch.iter().map(text).sum();
        assert!(text <= TEXT_BYTES_MAX, "{text} bytes of text");
        (batch.len(), text, problems.into_iter().map(|problem| problem.kind).collect())
    }
}

fn sound(chunk: &mut Chunk) {
    chunk.define(|chunk| {
        chunk.event().open("A").slot(0).close().close().close();
    });
    chunk.values(&[(STRING, b"s\0o\0u\0n\0d\0")]);
}

#[test]
fn what_is_sound_is_read() {
    let (events, text, problems) = Chunk::new().record(sound).read();
    assert_eq!((events, text, problems), (1, "1sound".len(), vec![]));
}

#[test]
fn one_long_value_in_many_places_is_cut_off() {
    // 10,000 places for one value of 10,000 characters: 100 MB, if it were unfolded.
    let value = "x\0".repeat(10_000);
    let mut chunk = Chunk::new();
    chunk.record(|chunk| {
        chunk.define(|chunk| {
            chunk.event().open("A");
            for _ in 0..10_000 {
                chunk.slot(0);
            }
            chunk.close().close().close();
        });
        chunk.values(&[(STRING, value.as_bytes())]);
    });
    assert_eq!(chunk.read(), (0, 0, vec![ProblemKind::OverLimit]));
    // The chunk has spent what it may cost.
    assert_eq!(chunk.record(sound).read(), (0, 0, vec![ProblemKind::OverLimit; 2]));
}

#[test]
fn one_long_value_as_many_fields_is_cut_off() {
    let value = "x\0".repeat(10_000);
    let mut chunk = Chunk::new();
    chunk.record(|chunk| {
        chunk.define(|chunk| {
            chunk.event();
            for _ in 0..1000 {
                chunk.open("A").slot(0).close();
            }
            chunk.close().close();
        });
        chunk.values(&[(STRING, value.as_bytes())]);
    });
    assert_eq!(chunk.read(), (0, 0, vec![ProblemKind::OverLimit]));
}

#[test]
fn many_records_of_one_wide_template_end_at_the_chunks_bound() {
    let value = b"y\0".repeat(16);
    let mut chunk = Chunk::new();
    let mut definition = 0;
    chunk.record(|chunk| {
        definition = chunk.define(|chunk| {
            chunk.event();
            for _ in 0..800 {
                chunk.open("A").slot(0).close();
            }
            chunk.close().close();
        });
        chunk.values(&[(STRING, &value)]);
    });
    for _ in 0..400 {
        chunk.record(|chunk| {
            chunk.instance(definition).values(&[(STRING, &value)]);
        });
    }
    let (events, text, problems) = chunk.read();
    assert!((1..401).contains(&events), "{events} events of {text} bytes");
    assert!(problems.contains(&ProblemKind::OverLimit));
}

#[test]
fn elements_and_templates_nest_only_so_deep() {
    let mut elements = Chunk::new();
    elements.record(|chunk| {
        chunk.define(|chunk| {
            chunk.event();
            for _ in 0..200 {
                chunk.open("A");
            }
            for _ in 0..200 {
                chunk.close();
            }
            chunk.close().close();
        });
        chunk.values(&[]);
    });
    elements.record(sound);
    assert_eq!(elements.read(), (1, "1sound".len(), vec![ProblemKind::OverLimit]));

    // The value of a template is an instance of the same template, and so on.
    let mut templates = Chunk::new();
    let mut definition = 0;
    templates.record(|chunk| {
        definition = chunk.define(|chunk| {
            chunk.event().u8(&[0x0e]).u16(0).u8(&[BINARY_XML]).close().close();
        });
        chunk.values(&[(BINARY_XML, b"")]);
    });
    let mut value = Vec::new();
    for _ in 0..200 {
        let mut nested = Chunk { bytes: Vec::new(), records: 0 };
        nested.instance(definition).values(&[(BINARY_XML, &value)]);
        value = nested.bytes;
    }
    templates.record(|chunk| {
        chunk.u8(&value);
    });
    templates.record(sound);
    let (events, _, problems) = templates.read();
    assert_eq!((events, problems), (2, vec![ProblemKind::OverLimit]));
}

#[test]
fn counts_sizes_and_offsets_that_lie_cost_only_their_record() {
    type Lie = fn(&mut Chunk);
    let lies: [Lie; 7] = [
        // More values than the chunk has bytes.
        |chunk| {
            chunk.instance(CHUNK_HEADER_BYTES).u32(u32::MAX as usize);
        },
        // A template that begins at the end of the chunk, behind it, and in its own instance.
        |chunk| {
            chunk.instance(CHUNK_BYTES - 1).values(&[]);
        },
        |chunk| {
            chunk.instance(u32::MAX as usize).values(&[]);
        },
        |chunk| {
            chunk.instance(chunk.bytes.len()).values(&[]);
        },
        // A template longer than the chunk.
        |chunk| {
            let definition = chunk.define(|chunk| {
                chunk.event().close().close();
            });
            let size = definition + 20;
            chunk.bytes[size..size + 4].copy_from_slice(&u32::MAX.to_le_bytes());
            chunk.values(&[]);
        },
        // A name longer than the chunk, and one behind it.
        |chunk| {
            chunk.u8(&[0x01]).u32(0).u32(0);
            let at = chunk.bytes.len();
            chunk.bytes[at - 4..].copy_from_slice(&(at as u32).to_le_bytes());
            chunk.u32(0).u16(0).u16(0xFFFF);
        },
        |chunk| {
            chunk.u8(&[0x01]).u32(0).u32(u32::MAX as usize).u8(&[0x03]);
        },
    ];
    for (number, lie) in lies.into_iter().enumerate() {
        let (events, text, problems) = Chunk::new().record(lie).record(sound).read();
        assert_eq!((events, text, problems.len()), (1, "1sound".len(), 1), "lie {number}");
    }
}
