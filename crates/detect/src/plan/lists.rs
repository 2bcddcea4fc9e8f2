//! Many short lists, end to end in one: no heap of small allocations, and neighbours stay neighbours.

/// Lists by number.
#[derive(Debug)]
pub(super) struct Lists<T> {
    items: Vec<T>,
    /// By list: where it ends.
    ends: Vec<u32>,
}

impl<T> Lists<T> {
    /// Returns the list of this number.
    pub(super) fn get(&self, number: u32) -> &[T] {
        let end = |number: u32| self.ends[number as usize] as usize;
        let start = number.checked_sub(1).map_or(0, end);
        &self.items[start..end(number)]
    }
}

impl<T> FromIterator<Vec<T>> for Lists<T> {
    fn from_iter<I: IntoIterator<Item = Vec<T>>>(lists: I) -> Self {
        let mut all = Self { items: Vec::new(), ends: Vec::new() };
        for list in lists {
            all.items.extend(list);
            // The texts of all rules are bounded far below 4 G.
            all.ends.push(u32::try_from(all.items.len()).unwrap_or(u32::MAX));
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_list_comes_back() {
        let lists = [vec![1, 2], vec![], vec![3], vec![]];
        let all: Lists<i32> = lists.clone().into_iter().collect();
        for (number, list) in (0..).zip(&lists) {
            assert_eq!(all.get(number), list, "{number}");
        }
    }
}
