//! Whether a key may be known: asked for many events at once, table by table.
//!
//! The filters of millions of indicators lie in no near cache. Asked one after the other, the
//! questions to one table wait for memory together; asked where they come up, each waits alone,
//! behind the reading of the next value.

use super::set::Indicators;

/// Questions that wait until they are answered: 64 KiB. One event may add many more, which its size
/// bounds; the room that they took is given back.
const WAITING_MAX: usize = 4_096;

/// Where a key is looked up. A network's key is the first 16 bits of an address.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Table {
    Md5,
    Imphash,
    Sha1,
    Sha256,
    V4,
    V6,
    Net4,
    Net6,
    Domain,
    Url,
    Email,
    File,
}

impl Table {
    const ALL: [Self; 12] = [
        Self::Md5,
        Self::Imphash,
        Self::Sha1,
        Self::Sha256,
        Self::V4,
        Self::V6,
        Self::Net4,
        Self::Net6,
        Self::Domain,
        Self::Url,
        Self::Email,
        Self::File,
    ];
}

impl Indicators {
    /// Returns false when the table surely holds nothing under this key.
    #[inline]
    pub(crate) fn may_hold(&self, table: Table, key: u64) -> bool {
        match table {
            Table::Md5 => self.md5.may_contain(key),
            Table::Imphash => self.imphash.may_contain(key),
            Table::Sha1 => self.sha1.may_contain(key),
            Table::Sha256 => self.sha256.may_contain(key),
            Table::V4 => self.v4.may_contain(key),
            Table::V6 => self.v6.may_contain(key),
            Table::Net4 => self.nets4.may_contain(key),
            Table::Net6 => self.nets6.may_contain(key),
            Table::Domain => self.domains.may_contain(key),
            Table::Url => self.urls.may_contain(key),
            Table::Email => self.emails.may_contain(key),
            Table::File => self.files.may_contain(key),
        }
    }
}

/// Questions that wait, by table, and the events that they are about.
#[derive(Clone, Debug, Default)]
pub(crate) struct Questions {
    waiting: [Vec<(u64, usize)>; Table::ALL.len()],
    count: usize,
}

impl Questions {
    /// Puts one down, about the event at this position of the batch.
    #[inline]
    pub(crate) fn put(&mut self, table: Table, key: u64, event: usize) {
        self.waiting[table as usize].push((key, event));
        self.count += 1;
    }

    /// Returns true when it is time to answer them.
    pub(crate) fn are_many(&self) -> bool {
        self.count >= WAITING_MAX
    }

    /// Answers them: appends the events of which some key may be known, each once, in order.
    pub(crate) fn answer(&mut self, set: &Indicators, events: &mut Vec<usize>) {
        for table in Table::ALL {
            let waiting = &mut self.waiting[table as usize];
            let known = waiting.drain(..).filter(|(key, _)| set.may_hold(table, *key));
            events.extend(known.map(|(_, event)| event));
            waiting.shrink_to(WAITING_MAX);
        }
        self.count = 0;
        events.sort_unstable();
        events.dedup();
    }
}
