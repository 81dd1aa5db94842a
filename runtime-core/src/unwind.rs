//! Catches panics of user code and keeps what they said. The only `catch_unwind` of the crate.
//!
//! A panic's location and backtrace are known to the panic hook alone, so the first runner of a
//! process puts a hook in front of the one that is there. It only takes notes, and only while this
//! module runs user code; then it calls the hook that was there before, which prints as ever. A
//! program that replaces the hook later loses the location, not the text.

use std::any::Any;
use std::backtrace::{Backtrace, BacktraceStatus};
use std::cell::{Cell, RefCell};
use std::fmt;
use std::mem;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::sync::Once;

/// What a panic said: text, place, thread, and a backtrace where `RUST_BACKTRACE` asks for one.
#[derive(Clone, PartialEq, Eq)]
pub struct PanicInfo {
    text: String,
    location: Option<String>,
    thread: String,
    backtrace: Option<String>,
}

impl PanicInfo {
    /// The text of the panic; a fixed text if its value was no string.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// `file:line:column`, unless the program replaced the panic hook after its first runner.
    #[must_use]
    pub fn location(&self) -> Option<&str> {
        self.location.as_deref()
    }

    /// The name of the thread that panicked.
    #[must_use]
    pub fn thread(&self) -> &str {
        &self.thread
    }

    /// The backtrace, if `RUST_BACKTRACE` or `RUST_LIB_BACKTRACE` asked for one.
    #[must_use]
    pub fn backtrace(&self) -> Option<&str> {
        self.backtrace.as_deref()
    }
}

impl fmt::Display for PanicInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "panicked: {}", self.text)?;
        match &self.location {
            Some(location) => write!(f, " (at {location})"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for PanicInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PanicInfo")
            .field("text", &self.text)
            .field("location", &self.location)
            .field("thread", &self.thread)
            .finish_non_exhaustive()
    }
}

thread_local! {
    /// How many guards this thread is inside of. The hook takes notes only if there is one.
    static DEPTH: Cell<usize> = const { Cell::new(0) };
    static NOTE: RefCell<Option<Note>> = const { RefCell::new(None) };
}

struct Note {
    /// The text, by which a panic knows its note: one that is passed on without the hook has none.
    text: Option<String>,
    location: Option<String>,
    backtrace: Option<String>,
}

/// Puts our hook in front of the present one, once in the life of the process.
pub(crate) fn install_hook() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            take_note(info);
            before(info);
        }));
    });
}

fn take_note(info: &PanicHookInfo<'_>) {
    if DEPTH.try_with(Cell::get).unwrap_or(0) == 0 {
        return;
    }
    let backtrace = Backtrace::capture();
    let note = Note {
        text: info.payload_as_str().map(str::to_owned),
        location: info.location().map(ToString::to_string),
        backtrace: (backtrace.status() == BacktraceStatus::Captured).then(|| backtrace.to_string()),
    };
    let _ = NOTE.try_with(|slot| slot.replace(Some(note)));
}

/// Runs user code; a panic comes back as what it said.
///
/// The panic's value is dropped here, guarded like everything else of the user's.
pub(crate) fn guard<T>(run: impl FnOnce() -> T) -> Result<T, PanicInfo> {
    let enter = |by: isize| {
        let _ = DEPTH.try_with(|depth| depth.set(depth.get().wrapping_add_signed(by)));
    };
    enter(1);
    let result = panic::catch_unwind(AssertUnwindSafe(run));
    enter(-1);
    result.map_err(describe)
}

/// Drops a value of the user's; a panic in its destructor comes back instead of unwinding.
pub(crate) fn discard<T>(value: T) -> Result<(), PanicInfo> {
    if cfg!(planted = "unguarded-drop") {
        drop(value);
        return Ok(());
    }
    guard(move || drop(value))
}

#[cold]
fn describe(value: Box<dyn Any + Send>) -> PanicInfo {
    let text = if let Some(text) = value.downcast_ref::<&'static str>() {
        Some((*text).to_owned())
    } else {
        value.downcast_ref::<String>().cloned()
    };
    let note = NOTE.try_with(|slot| slot.take()).ok().flatten();
    let note = note.filter(|note| note.text == text);
    // A value whose own destructor panics: that second value is forgotten, or this could go on.
    if let Err(second) = panic::catch_unwind(AssertUnwindSafe(move || drop(value))) {
        mem::forget(second);
    }
    let _ = NOTE.try_with(|slot| slot.take());
    let (location, backtrace) = note.map_or((None, None), |note| (note.location, note.backtrace));
    let thread = std::thread::current().name().unwrap_or("unnamed").to_owned();
    let text = text.unwrap_or_else(|| "non-string panic payload".to_owned());
    PanicInfo { text, location, thread, backtrace }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_of_a_panic_is_kept_for_every_kind_of_value() {
        let text = |run: fn()| guard(run).unwrap_err().text;
        assert_eq!(text(|| panic!("literal")), "literal");
        assert_eq!(text(|| panic!("formatted {}", 7)), "formatted 7");
        assert_eq!(text(|| panic::panic_any(42)), "non-string panic payload");
    }

    #[test]
    fn a_panic_value_whose_destructor_panics_is_contained() {
        struct Bomb;
        impl Drop for Bomb {
            fn drop(&mut self) {
                panic!("second");
            }
        }
        let info = guard(|| panic::panic_any(Bomb)).unwrap_err();
        assert_eq!(info.text(), "non-string panic payload");
    }

    #[test]
    fn the_location_is_that_of_the_panic() {
        install_hook();
        let info = guard(|| panic!("here")).unwrap_err();
        let line = line!() - 1;
        assert!(info.location().unwrap().contains(&format!("unwind.rs:{line}")), "{info:?}");
    }
}
