//! What is told of a completed count: of which group it is, and the number that met the condition.

use std::sync::Arc;

use super::criterion::Measured;
use super::sighting::values_of_key;

/// The group of a completed count, and what its condition was measured on.
#[derive(Clone, Debug, PartialEq)]
pub struct Completed {
    fields: Arc<[String]>,
    key: Box<str>,
    value: f64,
}

impl Completed {
    pub(crate) fn new(fields: &Arc<[String]>, key: &str, measured: Measured) -> Self {
        Self { fields: Arc::clone(fields), key: key.into(), value: measured.as_number() }
    }

    /// Returns the fields of `group-by` with their values, folded as they were compared; an empty
    /// one where the events lack the field. Nothing when they were too long to be kept.
    pub fn group(&self) -> Option<Vec<(&str, &str)>> {
        let values = values_of_key(&self.key, self.fields.len())?;
        Some(self.fields.iter().map(String::as_str).zip(values).collect())
    }

    /// Returns the number of events, values or rules, the sum, average or percentile that met the
    /// condition: of a growing one, as it was when the condition was first met.
    pub fn value(&self) -> f64 {
        self.value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_told_unless_it_was_too_long_to_be_kept() {
        let completed = |fields: &[&str], key: &str| {
            let fields: Vec<String> = fields.iter().map(|field| (*field).to_owned()).collect();
            Completed::new(&fields.into(), key, Measured { value: 1_000_000, over: 4 })
        };
        let two = completed(&["a", "b"], "x\u{1f}\u{1f}");
        assert_eq!((two.group(), two.value()), (Some(vec![("a", "x"), ("b", "")]), 0.25));
        assert_eq!(completed(&[], "").group(), Some(Vec::new()));
        assert_eq!(completed(&["a"], &"0f".repeat(32)).group(), None);
    }
}
