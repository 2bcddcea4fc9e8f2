//! The registry of units: the dated tree of the province and how to reach each of its units.
//!
//! Letters of different years address districts, communes and departments that came and went
//! (S0, S2, S4), and their hotlines changed; so units and contacts have dates, a dissolved unit
//! names its successor, and nothing is deleted.

pub mod store;

use khien_domain::fold::fold;
use khien_domain::unit::Unit;

/// Returns the folded text by which a unit is found: name and code, without marks.
pub fn search_key(unit: &Unit) -> String {
    fold(&format!("{} {}", unit.name, unit.code))
}
