//! Labels, by CPEX's rules of case.

use super::SecurityExtension;

impl SecurityExtension {
    /// True if there is such a label, whatever its case.
    pub fn has_label(&self, label: &str) -> bool {
        let label = label.to_lowercase();
        self.labels.iter().any(|other| other.to_lowercase() == label)
    }
}
