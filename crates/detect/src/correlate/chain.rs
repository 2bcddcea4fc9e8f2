//! Rules seen in their order: is there a row of hits, each of a rule further down the list and none
//! earlier than the one before it, long enough and close enough together?
//!
//! For every rule and length it is enough to know the row that began last. So hits that are folded
//! away lose nothing for those that follow them. Hits of the same moment stand in any order.

/// No such row was seen.
const NEVER: i64 = i64::MIN;

/// The rows seen so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Chains {
    pub(crate) members: usize,
    /// How long a row must be.
    pub(crate) least: usize,
    /// By (last rule, length): when the row that began last began, µs.
    pub(crate) began: Vec<i64>,
}

impl Chains {
    /// Returns the state of nothing seen; `least` is at most `members`.
    pub(crate) fn new(members: usize, least: usize) -> Self {
        Self { members, least, began: vec![NEVER; members * least] }
    }

    fn began(&self, member: usize, length: usize) -> i64 {
        self.began[member * self.least + length - 1]
    }

    /// Adds hits of these rules; times never go back.
    pub(crate) fn add(&mut self, at: i64, rules: u32) {
        let (members, least) = (self.members, self.least);
        for member in (0..members).filter(|member| rules & (1 << member) != 0) {
            // Shorter rows could not grow long enough with the rules that are left.
            let shortest = least.saturating_sub(members - 1 - member).max(1);
            for length in shortest..=least.min(member + 1) {
                let row = match length {
                    1 => at,
                    _ => self.longest_before(member, length),
                };
                let cell = &mut self.began[member * least + length - 1];
                *cell = (*cell).max(row);
            }
        }
    }

    fn longest_before(&self, member: usize, length: usize) -> i64 {
        let last = (member - 1).min(self.members - self.least + length - 2);
        let before = (length - 2..=last).map(|other| self.began(other, length - 1));
        before.max().unwrap_or(NEVER)
    }

    /// Returns whether a long enough row began at `from` or later.
    pub(crate) fn hold(&self, from: i64) -> bool {
        let mut ends = (0..self.members).map(|member| self.began(member, self.least));
        ends.any(|began| began != NEVER && began >= from)
    }
}

/// Returns how long the longest row is.
pub(crate) fn longest(hits: impl Iterator<Item = u32>) -> u32 {
    let mut longest = [0_u32; u32::BITS as usize];
    for rules in hits {
        for member in (0..longest.len()).filter(|member| rules & (1 << member) != 0) {
            let before = longest[..member].iter().max().copied().unwrap_or(0);
            longest[member] = longest[member].max(before + 1);
        }
    }
    longest.into_iter().max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Tries every row.
    fn brute(hits: &[(i64, usize)], from: i64, least: usize, after: Option<(i64, usize)>) -> bool {
        least == 0
            || hits.iter().any(|(at, member)| {
                let follows = after.is_none_or(|(t, m)| *at >= t && *member > m);
                follows && *at >= from && brute(hits, from, least - 1, Some((*at, *member)))
            })
    }

    proptest! {
        #[test]
        fn rows_are_those_of_trying_everything(
            mut hits in prop::collection::vec((0_i64..8, 0_usize..4), 0..8),
            from in 0_i64..8,
            least in 1_usize..=4,
        ) {
            hits.sort_unstable();
            let mut chains = Chains::new(4, least);
            let mut moments: Vec<(i64, u32)> = Vec::new();
            for (at, member) in &hits {
                match moments.last_mut() {
                    Some((last, rules)) if last == at => *rules |= 1 << member,
                    _ => moments.push((*at, 1 << member)),
                }
            }
            moments.iter().for_each(|(at, rules)| chains.add(*at, *rules));
            prop_assert_eq!(chains.hold(from), brute(&hits, from, least, None));
            let longest = longest(moments.iter().map(|(_, rules)| *rules)) as usize;
            for least in 1..=4 {
                prop_assert_eq!(longest >= least, brute(&hits, i64::MIN, least, None));
            }
        }
    }
}
