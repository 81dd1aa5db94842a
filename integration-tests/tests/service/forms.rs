//! The attribute on `impl` blocks: every form that `run` may have.

use std::io;
use std::sync::mpsc::{Sender, channel};
use std::thread;

use integration_tests::{LIMIT, within};
use spumoni::StopReason;
use spumoni::prelude::*;

use crate::{serve, serve_blocking};

/// A service type with one field, and its attribute.
macro_rules! form {
    ($flavour:tt, $type:ident, $name:tt, $($run:tt)*) => {
        struct $type(Sender<String>);

        #[service(flavour = $flavour, name = $name)]
        impl $type {
            $($run)*
        }
    };
}

/// Every form that `run` may have.
#[rustfmt::skip]
macro_rules! async_forms {
    ($module:ident, $flavour:tt) => {
        mod $module {
            use super::*;

            form!($flavour, A, "a", async fn run(self) { serve(&self.0, &Context::current()).await });
            form!($flavour, B, "b", async fn run(self, cx: Context) { serve(&self.0, &cx).await });
            form!($flavour, C, "c", async fn run(self, cx: &Context) { serve(&self.0, cx).await });
            form!($flavour, D, "d", async fn run(&self) { serve(&self.0, &Context::current()).await });
            form!($flavour, E, "e", async fn run(&self, cx: Context) { serve(&self.0, &cx).await });
            form!($flavour, F, "f", async fn run(&self, cx: &Context) { serve(&self.0, cx).await });
            form!($flavour, G, "g", async fn run(&mut self) { serve(&self.0, &Context::current()).await });
            form!($flavour, H, "h", async fn run(&mut self, cx: Context) { serve(&self.0, &cx).await });
            form!($flavour, I, "i", async fn run(&mut self, cx: &Context) { serve(&self.0, cx).await });
            form!($flavour, J, "j", async fn run(self) -> io::Result<()> { serve(&self.0, &Context::current()).await; Ok(()) });
            form!($flavour, K, "k", async fn run(self, cx: Context) -> anyhow::Result<()> { serve(&self.0, &cx).await; Ok(()) });
            form!($flavour, L, "l", async fn run(self, cx: &Context) -> io::Result<()> { serve(&self.0, cx).await; Ok(()) });
            form!($flavour, M, "m", async fn run(&self) -> anyhow::Result<()> { serve(&self.0, &Context::current()).await; Ok(()) });
            form!($flavour, N, "n", async fn run(&self, cx: Context) -> io::Result<()> { serve(&self.0, &cx).await; Ok(()) });
            form!($flavour, O, "o", async fn run(&self, cx: &Context) -> anyhow::Result<()> { serve(&self.0, cx).await; Ok(()) });
            form!($flavour, P, "p", async fn run(&mut self) -> io::Result<()> { serve(&self.0, &Context::current()).await; Ok(()) });
            form!($flavour, Q, "q", async fn run(&mut self, cx: Context) -> anyhow::Result<()> { serve(&self.0, &cx).await; Ok(()) });
            form!($flavour, R, "r", async fn run(&mut self, cx: &Context) -> io::Result<()> { serve(&self.0, cx).await; Ok(()) });

            all_forms!();
        }
    };
}

/// The same for blocking services.
#[rustfmt::skip]
macro_rules! blocking_forms {
    ($module:ident, $flavour:tt) => {
        mod $module {
            use super::*;

            form!($flavour, A, "a", fn run(self) { serve_blocking(&self.0, &Context::current()) });
            form!($flavour, B, "b", fn run(self, cx: Context) { serve_blocking(&self.0, &cx) });
            form!($flavour, C, "c", fn run(self, cx: &Context) { serve_blocking(&self.0, cx) });
            form!($flavour, D, "d", fn run(&self) { serve_blocking(&self.0, &Context::current()) });
            form!($flavour, E, "e", fn run(&self, cx: Context) { serve_blocking(&self.0, &cx) });
            form!($flavour, F, "f", fn run(&self, cx: &Context) { serve_blocking(&self.0, cx) });
            form!($flavour, G, "g", fn run(&mut self) { serve_blocking(&self.0, &Context::current()) });
            form!($flavour, H, "h", fn run(&mut self, cx: Context) { serve_blocking(&self.0, &cx) });
            form!($flavour, I, "i", fn run(&mut self, cx: &Context) { serve_blocking(&self.0, cx) });
            form!($flavour, J, "j", fn run(self) -> io::Result<()> { serve_blocking(&self.0, &Context::current()); Ok(()) });
            form!($flavour, K, "k", fn run(self, cx: Context) -> anyhow::Result<()> { serve_blocking(&self.0, &cx); Ok(()) });
            form!($flavour, L, "l", fn run(self, cx: &Context) -> io::Result<()> { serve_blocking(&self.0, cx); Ok(()) });
            form!($flavour, M, "m", fn run(&self) -> anyhow::Result<()> { serve_blocking(&self.0, &Context::current()); Ok(()) });
            form!($flavour, N, "n", fn run(&self, cx: Context) -> io::Result<()> { serve_blocking(&self.0, &cx); Ok(()) });
            form!($flavour, O, "o", fn run(&self, cx: &Context) -> anyhow::Result<()> { serve_blocking(&self.0, cx); Ok(()) });
            form!($flavour, P, "p", fn run(&mut self) -> io::Result<()> { serve_blocking(&self.0, &Context::current()); Ok(()) });
            form!($flavour, Q, "q", fn run(&mut self, cx: Context) -> anyhow::Result<()> { serve_blocking(&self.0, &cx); Ok(()) });
            form!($flavour, R, "r", fn run(&mut self, cx: &Context) -> io::Result<()> { serve_blocking(&self.0, cx); Ok(()) });

            all_forms!();
        }
    };
}

/// A function that adds one of each, and the test.
macro_rules! all_forms {
    () => {
        fn add_all(runner: &Handle, began: &Sender<String>) {
            all_forms!(@add runner, began, A B C D E F G H I J K L M N O P Q R);
        }

        #[test]
        fn every_form_of_run_begins_and_ends_when_asked() {
            within(LIMIT, || assert_all_forms(add_all));
        }
    };
    (@add $runner:ident, $began:ident, $($type:ident)+) => {
        $($runner.add($type($began.clone())).expect("taken");)+
    };
}

fn assert_all_forms(add_all: fn(&Handle, &Sender<String>)) {
    // A pool of one: each thread service has a thread of its own beside it.
    let runner =
        ServiceRunner::builder().signals(false).pool_size(1).build().expect("good settings");
    let (began, begin) = channel();
    add_all(&runner, &began);
    let handle = runner.handle();
    let running = thread::spawn(move || runner.run());
    let mut names: Vec<_> = begin.iter().take(18).collect();
    names.sort_unstable();
    assert_eq!(names.concat(), "abcdefghijklmnopqr");
    handle.stop();
    let report = running.join().expect("no panic");
    assert!(report.is_clean(), "{report}");
    assert!(matches!(report.reason(), StopReason::Requested { .. }), "{report}");
}

async_forms!(tokio_forms, "tokio");
async_forms!(smol_forms, "smol");
async_forms!(async_std_forms, "async-std");
blocking_forms!(thread_forms, "thread");
