//! The ids that feeds give their indicators, packed: a UUID takes 17 bytes, a number 9, any other
//! text its length and 2.

/// Bytes of all ids.
const BYTES_MAX: usize = 1 << 30;
const ID_BYTES_MAX: usize = 200;
/// Ids that one entry of the index leads to.
const IDS_PER_STEP: u32 = 16;

/// What feeds put before the UUID of an id; the first byte of an encoded id tells which.
static PREFIXES: [&str; 3] = ["", "indicator--", "attribute--"];
const TEXT: u8 = 100;
const NUMBER: u8 = 101;

/// Ids by number, from 0.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ids {
    bytes: Vec<u8>,
    /// Where every sixteenth id begins.
    starts: Vec<u32>,
    count: u32,
}

impl Ids {
    /// Keeps an id and returns its number; none when it is empty, too long or too much.
    pub(crate) fn push(&mut self, id: &str) -> Option<u32> {
        if id.is_empty() || id.len() > ID_BYTES_MAX || self.bytes.len() > BYTES_MAX {
            return None;
        }
        if self.count.is_multiple_of(IDS_PER_STEP) {
            self.starts.push(u32::try_from(self.bytes.len()).ok()?);
        }
        encode(id, &mut self.bytes);
        self.count += 1;
        Some(self.count - 1)
    }

    /// Returns an id as it was.
    pub(crate) fn text(&self, number: u32) -> String {
        let mut rest = &self.bytes[self.starts[(number / IDS_PER_STEP) as usize] as usize..];
        for _ in 0..number % IDS_PER_STEP {
            rest = &rest[length(rest)..];
        }
        decode(rest)
    }

    /// Gives back what was taken in advance.
    pub(crate) fn shrink(&mut self) {
        self.bytes.shrink_to_fit();
        self.starts.shrink_to_fit();
    }

    /// Returns the bytes it takes.
    pub(crate) fn size_bytes(&self) -> usize {
        self.bytes.capacity() + self.starts.capacity() * size_of::<u32>()
    }
}

fn encode(id: &str, out: &mut Vec<u8>) {
    for (tag, prefix) in (0u8..).zip(PREFIXES) {
        if let Some(bytes) = id.strip_prefix(prefix).and_then(uuid_bytes) {
            out.push(tag);
            out.extend_from_slice(&bytes);
            return;
        }
    }
    let is_plain = !id.starts_with('0') && id.bytes().all(|byte| byte.is_ascii_digit());
    if let Some(number) = id.parse::<u64>().ok().filter(|_| is_plain) {
        out.push(NUMBER);
        out.extend_from_slice(&number.to_le_bytes());
        return;
    }
    out.push(TEXT);
    out.push(u8::try_from(id.len()).expect("longer ids are not kept"));
    out.extend_from_slice(id.as_bytes());
}

fn length(encoded: &[u8]) -> usize {
    match encoded[0] {
        NUMBER => 1 + size_of::<u64>(),
        TEXT => 2 + usize::from(encoded[1]),
        _ => 1 + size_of::<u128>(),
    }
}

fn decode(encoded: &[u8]) -> String {
    let rest = &encoded[1..];
    match encoded[0] {
        NUMBER => {
            let bytes = rest.first_chunk().copied().unwrap_or_default();
            u64::from_le_bytes(bytes).to_string()
        }
        TEXT => String::from_utf8_lossy(&rest[1..=usize::from(rest[0])]).into_owned(),
        tag => {
            let bytes: [u8; 16] = rest.first_chunk().copied().unwrap_or_default();
            let digits = format!("{:032x}", u128::from_be_bytes(bytes));
            let [a, b, c, d, e] = [0..8, 8..12, 12..16, 16..20, 20..32].map(|range| &digits[range]);
            format!("{}{a}-{b}-{c}-{d}-{e}", PREFIXES[usize::from(tag)])
        }
    }
}

/// Reads a UUID in lower case with its four dashes; only that can be written back the same.
fn uuid_bytes(text: &str) -> Option<[u8; 16]> {
    let bytes = text.as_bytes();
    let is_dash = |at: usize| matches!(at, 8 | 13 | 18 | 23);
    let fits = |(at, byte): (usize, &u8)| match byte {
        b'-' => is_dash(at),
        b'0'..=b'9' | b'a'..=b'f' => !is_dash(at),
        _ => false,
    };
    if bytes.len() != 36 || !bytes.iter().enumerate().all(fits) {
        return None;
    }
    super::value::bytes(text.replace('-', ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_come_back_as_they_were() {
        let ids = [
            "indicator--26ffb872-1dd9-446e-b6f5-d58527e5b5d2",
            "26ffb872-1dd9-446e-b6f5-d58527e5b5d2",
            "26FFB872-1dd9-446e-b6f5-d58527e5b5d2",
            "1932212",
            "007",
            "18446744073709551616",
            "Mã số 5",
            "indicator--x",
        ];
        let mut kept = Ids::default();
        for n in 0..100u32 {
            let id = ids[n as usize % ids.len()];
            assert_eq!(kept.push(id), Some(n));
        }
        assert_eq!((kept.push(""), kept.push(&"x".repeat(201))), (None, None));
        kept.shrink();
        for n in 0..100 {
            assert_eq!(kept.text(n), ids[n as usize % ids.len()], "{n}");
        }
    }
}
