//! Many numbers in little room.

/// How often numbers occurred: exact up to 255, else to within a 128th. It takes as much memory for a
/// billion numbers as for one.
#[derive(Clone)]
pub(super) struct Histogram {
    counts: Vec<u64>,
    count: u64,
    sum: u128,
    min: u64,
    max: u64,
}

/// Numbers of as many bits are told apart by the first of these after the highest.
const BITS: u32 = 7;
const BUCKETS: usize = ((64 - BITS as usize) << BITS) + (1 << BITS);

impl Default for Histogram {
    fn default() -> Self {
        Self { counts: vec![0; BUCKETS], count: 0, sum: 0, min: u64::MAX, max: 0 }
    }
}

impl Histogram {
    /// Counts a number.
    pub(super) fn record(&mut self, number: u64) {
        if let Some(bucket) = self.counts.get_mut(bucket(number)) {
            *bucket = bucket.saturating_add(1);
        }
        self.count = self.count.saturating_add(1);
        self.sum = self.sum.saturating_add(number.into());
        self.min = self.min.min(number);
        self.max = self.max.max(number);
    }

    /// Counts what another one has.
    pub(super) fn add(&mut self, other: &Self) {
        for (mine, theirs) in self.counts.iter_mut().zip(&other.counts) {
            *mine = mine.saturating_add(*theirs);
        }
        self.count = self.count.saturating_add(other.count);
        self.sum = self.sum.saturating_add(other.sum);
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
    }

    /// How many numbers there are.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// The least of them; zero of none.
    pub(super) fn min(&self) -> u64 {
        self.min.min(self.max)
    }

    /// The greatest of them.
    pub(super) fn max(&self) -> u64 {
        self.max
    }

    /// Their mean, rounded down.
    pub(super) fn mean(&self) -> u64 {
        let mean = self.sum.checked_div(self.count.into()).unwrap_or_default();
        u64::try_from(mean).unwrap_or(u64::MAX)
    }

    /// What `percent` of them are no greater than.
    pub(super) fn percentile(&self, percent: u64) -> u64 {
        let rank = u128::from(self.count).saturating_mul(percent.into()).div_ceil(100);
        let mut seen = 0_u128;
        for (index, count) in self.counts.iter().enumerate() {
            seen = seen.saturating_add((*count).into());
            if *count > 0 && seen >= rank {
                return greatest(index).clamp(self.min, self.max);
            }
        }
        self.max
    }
}

fn bucket(number: u64) -> usize {
    let shift = number.checked_ilog2().unwrap_or(0).saturating_sub(BITS);
    let index = (u64::from(shift) << BITS).saturating_add(number >> shift);
    usize::try_from(index).unwrap_or(usize::MAX)
}

/// The greatest number in a bucket.
fn greatest(bucket: usize) -> u64 {
    let shift = (bucket >> BITS).saturating_sub(1);
    let lead = bucket.saturating_sub(shift << BITS);
    let (lead, shift) = (u128::try_from(lead), u32::try_from(shift));
    let (lead, shift) = (lead.unwrap_or_default(), shift.unwrap_or_default());
    let next = lead.saturating_add(1).checked_shl(shift).unwrap_or(u128::MAX);
    u64::try_from(next.saturating_sub(1)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(numbers: impl IntoIterator<Item = u64>) -> Histogram {
        let mut histogram = Histogram::default();
        for number in numbers {
            histogram.record(number);
        }
        histogram
    }

    #[test]
    fn small_numbers_are_exact() {
        let hundred = of(1..=100);
        assert_eq!([50, 90, 99, 100].map(|percent| hundred.percentile(percent)), [50, 90, 99, 100]);
        assert_eq!(
            (hundred.min(), hundred.max(), hundred.mean(), hundred.count()),
            (1, 100, 50, 100)
        );
        assert_eq!([1, 50, 100].map(|percent| of([7]).percentile(percent)), [7, 7, 7]);
    }

    #[test]
    fn great_ones_are_told_apart_to_a_hundredth() {
        for exponent in 0..64 {
            for number in
                [1_u64 << exponent, (1_u64 << exponent).wrapping_mul(3), u64::MAX >> exponent]
            {
                let told = of([number, u64::MAX]).percentile(50);
                assert!(told >= number && told - number <= number / 128, "{number}: {told}");
                assert!(bucket(number) < BUCKETS, "{number}");
            }
        }
    }

    #[test]
    fn buckets_follow_one_another() {
        for index in 0..BUCKETS {
            assert_eq!(bucket(greatest(index)), index);
            let next = greatest(index).checked_add(1);
            assert!(next.is_none_or(|next| bucket(next) == index + 1), "{index}");
        }
    }

    #[test]
    fn halves_add_up() {
        let mut sum = of(1..=50);
        sum.add(&of(51..=100));
        assert_eq!((sum.percentile(50), sum.percentile(99), sum.count()), (50, 99, 100));
        sum.add(&Histogram::default());
        assert_eq!((sum.min(), sum.max()), (1, 100));
        assert_eq!((Histogram::default().min(), Histogram::default().percentile(50)), (0, 0));
    }
}
