//! Where the processes run: together on one CPU, or wherever the system puts them.

use std::io;

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// Where both processes of a row run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Placement {
    /// All threads of both processes on one CPU: what is left is work, and switching between the two.
    OneCpu,
    /// As the system likes.
    Unpinned,
}

impl Placement {
    /// Both, in the order of the table.
    pub(crate) const ALL: [Self; 2] = [Self::OneCpu, Self::Unpinned];

    /// For command lines and reports.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::OneCpu => "one-cpu",
            Self::Unpinned => "unpinned",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|placement| placement.name() == name)
    }

    /// Places the present thread, and with it every thread and process that comes of it.
    pub(crate) fn take(self) -> io::Result<()> {
        if self == Self::Unpinned {
            return Ok(());
        }
        let allowed = sched_getaffinity(None)?;
        // The last one: systems give the first of their CPUs the most to do.
        let last = (0..CpuSet::MAX_CPU).rev().find(|cpu| allowed.is_set(*cpu));
        let mut one = CpuSet::new();
        one.set(last.unwrap_or_default());
        Ok(sched_setaffinity(None, &one)?)
    }
}
