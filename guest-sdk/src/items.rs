//! A view of an indexed field: its elements, one at a time.

use core::iter::FusedIterator;
use core::marker::PhantomData;
use core::ops::Range;

use crate::raw::Place;
use crate::{Field, Result};

/// A view of one of several values that are told apart by an index.
pub(crate) trait Indexed {
    fn new(index: u32) -> Self;
}

/// Several values of one kind: an iterator over their views that knows its length.
#[derive(Clone, Debug)]
pub struct Items<T> {
    indices: Range<u32>,
    view: PhantomData<T>,
}

impl<T> Items<T> {
    pub(crate) fn of(field: Field) -> Result<Self> {
        let len = Place::of(field).all().count()?;
        // The host answers with an `i32`.
        Ok(Self { indices: 0..u32::try_from(len).unwrap_or(u32::MAX), view: PhantomData })
    }
}

#[allow(private_bounds, reason = "the views are made here and nowhere else")]
impl<T: Indexed> Iterator for Items<T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.indices.next().map(T::new)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.indices.end.saturating_sub(self.indices.start) as usize;
        (left, Some(left))
    }
}

impl<T: Indexed> ExactSizeIterator for Items<T> {}

impl<T: Indexed> FusedIterator for Items<T> {}
