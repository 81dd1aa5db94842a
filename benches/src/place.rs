//! Where threads run: left to the kernel, or the caller on one core and the contestant on another.
//!
//! A thread inherits the cores of the thread that makes it. So a contestant is started by a thread
//! that stands on the contestant's core for that while, and all its threads stay there.

use std::str::FromStr;
use std::sync::OnceLock;

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use serde::{Deserialize, Serialize};

/// See the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Place {
    /// The kernel chooses.
    Free,
    /// The caller on the first core of the process, what it calls on the second.
    Pinned,
}

impl Place {
    /// Puts the calling thread where callers are.
    pub(crate) fn here(self) {
        self.settle(0);
    }

    /// Puts the calling thread, and the threads that it makes from now on, where contestants are.
    pub(crate) fn there(self) {
        self.settle(1);
    }

    fn settle(self, which: usize) {
        match self {
            Place::Free => {}
            Place::Pinned => {
                if let Some(core) = cores().get(which) {
                    let mut set = CpuSet::new();
                    set.set(*core);
                    let _ = sched_setaffinity(None, &set);
                }
            }
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Place::Free => "free",
            Place::Pinned => "pinned",
        }
    }
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "free" => Ok(Place::Free),
            "pinned" => Ok(Place::Pinned),
            other => Err(format!("`{other}` is neither `free` nor `pinned`")),
        }
    }
}

/// The cores that the process may use, as they were at the first question.
pub(crate) fn cores() -> &'static [usize] {
    static CORES: OnceLock<Vec<usize>> = OnceLock::new();
    CORES.get_or_init(|| {
        let Ok(set) = sched_getaffinity(None) else {
            return Vec::new();
        };
        (0..CpuSet::MAX_CPU).filter(|core| set.is_set(*core)).collect()
    })
}
