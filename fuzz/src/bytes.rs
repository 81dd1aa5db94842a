//! What bytes stand for: values of the properties, one after the other. After the last byte all are zeros.

use std::cell::RefCell;
use std::fmt::Debug;
use std::time::Duration;

use proptest::strategy::Strategy;
use proptest::test_runner::TestCaseError;

use crate::graphs::NAMES;

thread_local! {
    /// What the properties that are called take their values from.
    static BYTES: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Bytes that are read.
pub(crate) struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Bytes(bytes)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    /// A number below the bound.
    pub(crate) fn below(&mut self, bound: u8) -> usize {
        usize::from(self.byte() % bound.max(1))
    }

    /// True once in so many times.
    pub(crate) fn once_in(&mut self, times: u8) -> bool {
        self.below(times) + 1 == usize::from(times)
    }

    fn long(&mut self) -> u64 {
        (0..8).fold(0, |long, _| long << 8 | u64::from(self.byte()))
    }
}

/// A value that bytes can stand for.
pub(crate) trait Decode {
    fn decode(bytes: &mut Bytes<'_>) -> Self;
}

/// Up to a zero; a few bytes are signs that are at a bound.
impl Decode for String {
    fn decode(bytes: &mut Bytes<'_>) -> Self {
        let mut text = Vec::new();
        while !bytes.is_empty() {
            match bytes.byte() {
                0 => break,
                1 => text.extend("\u{0}".bytes()),
                2 => text.extend("\u{85}".bytes()),
                3 => text.extend("🦀".bytes()),
                4 => text.extend("n".repeat(64).bytes()),
                other => text.push(other),
            }
        }
        String::from_utf8_lossy(&text).into_owned()
    }
}

impl Decode for Duration {
    fn decode(bytes: &mut Bytes<'_>) -> Self {
        match bytes.below(8) {
            0 => Duration::ZERO,
            1 => Duration::MAX,
            2 => Duration::from_nanos(1),
            3 => Duration::from_micros(bytes.long() % 100_000),
            4 => Duration::from_secs(i64::MAX as u64),
            5 => Duration::from_secs(3600),
            6 => Duration::from_millis(u64::from(bytes.byte())),
            _ => Duration::new(bytes.long(), 999_999_999),
        }
    }
}

/// A service: its name, the names that it is after, its phase.
impl Decode for Vec<(usize, Vec<usize>, i32)> {
    fn decode(bytes: &mut Bytes<'_>) -> Self {
        let mut services = Vec::new();
        while !bytes.is_empty() && services.len() < 12 {
            let shape = bytes.byte();
            let own = usize::from(shape) % (NAMES - 1);
            let after = (0..shape >> 6).map(|_| usize::from(bytes.byte()) % NAMES).collect();
            services.push((own, after, i32::from(shape >> 4 & 1)));
        }
        services
    }
}

macro_rules! tuples {
    ($(($($name:ident)+))+) => {
        $(impl<$($name: Decode),+> Decode for ($($name,)+) {
            fn decode(bytes: &mut Bytes<'_>) -> Self {
                ($($name::decode(bytes),)+)
            }
        })+
    };
}

tuples! { (A B) (A B C) (A B C D E) }

/// Lets a property take its values from these bytes.
pub(crate) fn with(bytes: &[u8], property: fn()) {
    BYTES.set(bytes.to_vec());
    property();
}

/// As the properties' own: holds one against the value that the bytes stand for, and not against those of its
/// strategy.
pub(crate) fn holds<S>(
    property: &'static str,
    _: S,
    check: fn(S::Value) -> Result<(), TestCaseError>,
) where
    S: Strategy<Value: Decode + Debug + Clone>,
{
    let value = BYTES.with_borrow(|bytes| S::Value::decode(&mut Bytes::new(bytes)));
    let shown = value.clone();
    if let Err(TestCaseError::Fail(why)) = check(value) {
        panic!("{property}: {why}: {shown:?}");
    }
}
