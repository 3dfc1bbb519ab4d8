//! Compiled patterns and schemas of an instance, by number.

use alloc::vec::Vec;

use cpex_wasmi_abi::Status;

/// The most entries that an instance has at once.
pub(super) const MAX_ENTRIES: usize = 256;

/// Compiled things by number. One that is given back makes room for another.
#[derive(Clone)]
pub(super) struct Numbered<T> {
    entries: Vec<Option<Entry<T>>>,
    weight: usize,
}

#[derive(Clone)]
struct Entry<T> {
    value: T,
    weight: usize,
    uses: u32,
}

impl<T> Default for Numbered<T> {
    fn default() -> Self {
        Self { entries: Vec::new(), weight: 0 }
    }
}

impl<T> Numbered<T> {
    /// Adds an entry, if there is room for one of this weight.
    pub(super) fn add(&mut self, value: T, weight: usize, most: usize) -> Result<u32, Status> {
        let free = self.entries.iter().position(Option::is_none);
        let place = free.unwrap_or(self.entries.len());
        let total = self.weight.saturating_add(weight);
        if place >= MAX_ENTRIES || total > most {
            return Err(Status::QuotaExceeded);
        }
        let entry = Some(Entry { value, weight, uses: 1 });
        match self.entries.get_mut(place) {
            Some(free) => *free = entry,
            None => self.entries.push(entry),
        }
        self.weight = total;
        u32::try_from(place).map_err(|_| Status::QuotaExceeded)
    }

    /// The number of an entry that is there already, which is used once more.
    pub(super) fn reuse(&mut self, is: impl Fn(&T) -> bool) -> Option<u32> {
        let same = |entry: &Option<Entry<T>>| entry.as_ref().is_some_and(|entry| is(&entry.value));
        let place = self.entries.iter().position(same)?;
        let entry = self.entries.get_mut(place)?.as_mut()?;
        entry.uses = entry.uses.checked_add(1)?;
        u32::try_from(place).ok()
    }

    pub(super) fn get(&self, number: u32) -> Result<&T, Status> {
        let place = usize::try_from(number).map_err(|_| Status::Absent)?;
        let entry = self.entries.get(place).and_then(Option::as_ref);
        entry.map(|entry| &entry.value).ok_or(Status::Absent)
    }

    /// Gives an entry back, which goes with its last use.
    pub(super) fn release(&mut self, number: u32) -> Result<(), Status> {
        let place = usize::try_from(number).map_err(|_| Status::Absent)?;
        let slot = self.entries.get_mut(place).ok_or(Status::Absent)?;
        let entry = slot.as_mut().ok_or(Status::Absent)?;
        entry.uses = entry.uses.saturating_sub(1);
        if entry.uses == 0 {
            self.weight = self.weight.saturating_sub(entry.weight);
            *slot = None;
        }
        Ok(())
    }
}
