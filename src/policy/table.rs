//! Which of a list of things are for a method: found once for a schema, by the method's number.

use std::collections::HashMap;
use std::sync::Arc;

use crate::schema::{Method, Selector};

/// Numbers of things, for every method.
#[derive(Debug, Default)]
pub(super) struct Table(Vec<Arc<[usize]>>);

impl Table {
    /// For these methods, of things with these selectors; a thing without any is for all of them.
    pub(super) fn new<'m>(
        methods: impl IntoIterator<Item = &'m Method>,
        things: &[&[Selector]],
    ) -> Self {
        let mut rows: Vec<Arc<[usize]>> = Vec::new();
        let mut made: HashMap<Vec<usize>, Arc<[usize]>> = HashMap::new();
        for method in methods {
            let fits = |selectors: &[Selector]| {
                selectors.is_empty()
                    || selectors
                        .iter()
                        .any(|one| one.selects(&method.service, &method.name))
            };
            let numbers: Vec<usize> = things
                .iter()
                .enumerate()
                .filter(|(_, selectors)| fits(selectors))
                .map(|(number, _)| number)
                .collect();
            let row = made
                .entry(numbers)
                .or_insert_with_key(|numbers| Arc::from(numbers.as_slice()));
            if rows.len() <= method.id {
                rows.resize_with(method.id + 1, || Arc::from([]));
            }
            if let Some(place) = rows.get_mut(method.id) {
                *place = Arc::clone(row);
            }
        }
        Self(rows)
    }

    /// Those for this method; none for one that was not there.
    pub(super) fn of(&self, method: &Method) -> &[usize] {
        self.0.get(method.id).map_or(&[], |row| row)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::fixtures::{method, selectors};

    #[test]
    fn a_method_has_what_selects_it_in_the_order_of_the_list() {
        let methods = [method(1, "a.v1.S", "Get"), method(3, "b.v1.T", "Put")];
        let all = [
            selectors(&["a.*"]),
            vec![],
            selectors(&["b.v1.T.Put", "a.v1.S.Get"]),
        ];
        let all: Vec<_> = all.iter().map(Vec::as_slice).collect();
        let table = Table::new(&methods, &all);
        assert_eq!(table.of(&methods[0]), [0, 1, 2]);
        assert_eq!(table.of(&methods[1]), [1, 2]);
        assert!(table.of(&method(2, "a.v1.S", "Get")).is_empty());
        assert!(table.of(&method(9, "a.v1.S", "Get")).is_empty());
    }
}
