//! Field names by number: a batch writes each name once and compares numbers from then on.
//!
//! Which number a name has is the batch's own affair, except for the few names that every event is
//! asked for: those have the same number everywhere.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};

use foldhash::fast::RandomState;

/// Names that a batch keeps when it is cleared; beyond, it forgets them all. Real sources have a
/// few hundred; only made-up events have more.
const NAMES_KEPT_MAX: usize = 8_192;

static TABLES: AtomicU64 = AtomicU64::new(0);

/// A field name within one [`Names`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NameId(u32);

macro_rules! everywhere {
    ($($number:literal $constant:ident $name:literal)*) => {
        impl NameId {
            $(
                #[doc = concat!("`", $name, "`, in every table.")]
                pub const $constant: Self = Self($number);
            )*
            /// In the order of their numbers.
            const EVERYWHERE: &[&str] = &[$($name),*];
        }
    };
}

everywhere! {
    0 CHANNEL "Channel"
    1 EVENT_ID "EventID"
    2 PROVIDER_NAME "Provider_Name"
    3 COMPUTER "Computer"
    4 EVENT_RECORD_ID "EventRecordID"
    5 TIMESTAMP_ECS "@timestamp"
    6 TIME_CREATED "TimeCreated"
    7 SYSTEM_TIME "SystemTime"
    8 UTC_TIME "UtcTime"
    9 EVENT_TIME "EventTime"
    10 TIMESTAMP "timestamp"
    11 TIME "time"
    12 OPERATION_TYPE "OperationType"
    13 PROGRAM "program"
    14 EVENT_TYPE "event_type"
    15 EVENT "Event"
    16 SYSTEM "System"
    17 FLOW_ID "flow_id"
    18 IN_IFACE "in_iface"
    19 PCAP_CNT "pcap_cnt"
    20 STATS_UPTIME "stats.uptime"
}

impl NameId {
    /// Returns the number, from 0 without gaps: for tables beside [`Names`].
    pub const fn index(self) -> usize {
        self.0 as usize
    }

    /// Returns whether every table gives the name this number.
    pub(crate) fn is_everywhere(self) -> bool {
        self.index() < Self::EVERYWHERE.len()
    }
}

/// The field names of a batch.
#[derive(Debug)]
pub struct Names {
    ids: HashMap<Box<str>, NameId, RandomState>,
    texts: Vec<Box<str>>,
    serial: u64,
}

impl Default for Names {
    fn default() -> Self {
        let mut names = Self {
            ids: HashMap::default(),
            texts: Vec::new(),
            serial: TABLES.fetch_add(1, Ordering::Relaxed),
        };
        for name in NameId::EVERYWHERE {
            names.intern(name);
        }
        names
    }
}

impl Names {
    /// Returns a number that no other table of this process has. Numbers of one table never change
    /// their name; new ones are added at the end.
    pub fn serial(&self) -> u64 {
        self.serial
    }

    /// Returns how many names there are.
    pub fn len(&self) -> usize {
        self.texts.len()
    }

    /// Returns true when there is no name, which never happens: some are there from the start.
    pub fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    /// Returns the name. Panics when the number is another table's.
    pub fn text(&self, id: NameId) -> &str {
        &self.texts[id.index()]
    }

    /// Returns the number of a name that some event has used.
    pub fn get(&self, name: &str) -> Option<NameId> {
        self.ids.get(name).copied()
    }

    /// Returns the names from the given number on, in order.
    pub fn from(&self, first: usize) -> impl Iterator<Item = &str> {
        self.texts[first.min(self.texts.len())..].iter().map(|text| &**text)
    }

    /// Returns the number of a name, a new one if need be.
    pub(crate) fn intern(&mut self, name: &str) -> NameId {
        if let Some(id) = self.ids.get(name) {
            return *id;
        }
        // A name takes bytes of a batch, and a batch is far smaller than 4 G.
        let id = NameId(u32::try_from(self.texts.len()).unwrap_or(u32::MAX));
        self.ids.insert(name.into(), id);
        self.texts.push(name.into());
        id
    }

    /// Returns whether the table has grown beyond what is worth keeping.
    pub(crate) fn is_overgrown(&self) -> bool {
        self.texts.len() > NAMES_KEPT_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_names_have_their_number_everywhere() {
        let mut names = Names::default();
        assert_eq!(names.get("Channel"), Some(NameId::CHANNEL));
        assert_eq!(names.text(NameId::PROGRAM), "program");
        for (number, name) in NameId::EVERYWHERE.iter().enumerate() {
            assert_eq!(names.get(name).map(NameId::index), Some(number));
        }
        let own = names.intern("Own");
        assert_eq!((own, names.len()), (names.intern("Own"), NameId::EVERYWHERE.len() + 1));
        assert_ne!(names.serial(), Names::default().serial());
    }
}
